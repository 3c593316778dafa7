"""A CSV as blocks of text columns: one is parsed while the columns convert the one before."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass

import pyarrow as pa
import pyarrow.csv as pa_csv

from rare_event.errors import TableError
from rare_event.read.between import block_read
from rare_event.read.dialect import unwrapped
from rare_event.read.encoding import Encoding, utf8_blocks
from rare_event.read.ledger import Ledger
from rare_event.read.limits import LONGEST_LINE, MB
from rare_event.read.lines import Scan, scan
from rare_event.read.shape import Shape
from rare_event.read.source import Opened

N_CORES = 2


@dataclass(frozen=True)
class Csv:
    """A CSV whose structure is known.

    Parameters
    ----------
    opened
        The file.
    encoding
        Of its text.
    shape
        What a line of the table looks like.
    wrapped
        Whether whole lines are in quotation marks.
    n_lines
        Lines of the file above the data.
    first
        Number of the first line of data, as in a spreadsheet.
    left_out
        Number and reason of the lines right above it that do not fit.
    name
        Name of the file for error messages.
    """

    opened: Opened
    encoding: Encoding
    shape: Shape
    wrapped: bool
    n_lines: int
    first: int
    left_out: tuple[tuple[int, str], ...]
    name: str

    @property
    def separator(self) -> str:
        """The separator that a cell may hold by mistake; empty for a workbook, where none divides them."""
        return "" if self.opened.typed else self.shape.separator.decode()

    def ledger(self) -> Ledger:
        """Return an empty ledger of its lines."""
        return Ledger(self.name, self.separator, self.first, left_out=list(self.left_out))

    def blocks(self, ledger: Ledger, only: Sequence[int] = ()) -> Iterator[list[pa.Array]]:
        """Yield the columns at the positions `only`, or all, block by block, as texts."""
        parsed = self._parsed(ledger, only)
        with ThreadPoolExecutor(1) as pool:
            ahead: Future[list[pa.Array] | None] = pool.submit(next, parsed, None)
            while (block := ahead.result()) is not None:
                ahead = pool.submit(next, parsed, None)
                yield block

    def _parsed(self, ledger: Ledger, only: Sequence[int]) -> Iterator[list[pa.Array]]:
        blocks = utf8_blocks(self.opened, self.encoding)
        blocks = _without_lines(unwrapped(blocks) if self.wrapped else blocks, self.n_lines)
        held, following = b"", next(blocks, None)
        while following is not None:
            block, following = held + following, next(blocks, None)
            final = following is None
            found, columns = self._scanned(block, final, only)
            held = found.rest
            if len(held) > LONGEST_LINE:
                raise TableError(
                    f"Line {ledger.line} of {self.name} is longer than {LONGEST_LINE // MB} MB. "
                    "This is not a table. Choose another file."
                )
            ledger.add(found)
            if columns:
                yield columns

    def _scanned(self, block: bytes, final: bool, only: Sequence[int]) -> tuple[Scan, list[pa.Array]]:
        cut = final and self.encoding.cut
        found = scan(block, self.shape, final, cut, trusting=True)
        try:
            return found, _parse(found.clean, self.shape, only)
        except pa.ArrowInvalid:  # a line of another width
            found = scan(block, self.shape, final, cut)
            return found, _parse(found.clean, self.shape, only)


def convert(blocks: Iterator[list[pa.Array]], adds: Sequence[Callable[[pa.Array], None]]) -> None:
    """Hand each column of each block to the function that converts it, several columns at a time."""
    with ThreadPoolExecutor(N_CORES) as pool:
        for block in blocks:
            parts = [range(start, len(block), N_CORES) for start in range(N_CORES)]
            tasks = [pool.submit(_convert_some, block, adds, part) for part in parts]
            for task in tasks:
                task.result()
            block_read()


def _convert_some(
    block: list[pa.Array], adds: Sequence[Callable[[pa.Array], None]], positions: range
) -> None:
    for position in positions:
        adds[position](block[position])


def _without_lines(blocks: Iterator[bytes], n_lines: int) -> Iterator[bytes]:
    """Skip the lines above the data."""
    for block in blocks:
        start = 0
        while n_lines and (found := block.find(b"\n", start)) >= 0:
            start, n_lines = found + 1, n_lines - 1
        if not n_lines and start < len(block):
            yield block[start:]


def _parse(clean: bytes, shape: Shape, only: Sequence[int]) -> list[pa.Array]:
    if not clean:
        return []
    positions = [str(position) for position in range(shape.width)]
    quoted = b'"' in clean
    table = pa_csv.read_csv(
        pa.BufferReader(clean),
        pa_csv.ReadOptions(use_threads=False, block_size=len(clean) + 1, column_names=positions),
        pa_csv.ParseOptions(
            delimiter=shape.separator.decode(),
            quote_char='"' if quoted else False,
            newlines_in_values=quoted,
            ignore_empty_lines=False,
        ),
        pa_csv.ConvertOptions(
            column_types=dict.fromkeys(positions, pa.string()),
            strings_can_be_null=True,
            null_values=[""],
            check_utf8=False,  # `find_encoding` has
            include_columns=[str(position) for position in only],
        ),
    )
    return [
        column.combine_chunks() if column.num_chunks != 1 else column.chunk(0) for column in table.columns
    ]
