"""Read a Parquet file: numbers, texts and times as stored, within a bound of memory."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from rare_event.errors import TableError
from rare_event.read.between import block_read
from rare_event.read.columns import Cells, Growing
from rare_event.read.containers import bound_of
from rare_event.read.limits import CELL_BYTES, LONGEST_CELL, MB, TEXT_COPIES, Room, require_columns, too_large
from rare_event.read.names import clean_name, distinct_names, filled_names, require_names
from rare_event.read.notation import settle
from rare_event.read.source import Source, open_source
from rare_event.read.table import LINE, RawTable, Reading, Remark
from rare_event.read.values import shown, to_float32

BATCH_ROWS = 1 << 16
_CALENDAR = (np.datetime64("0001-01-02"), np.datetime64("9999-12-30"))


def read_parquet(source: Source, name: str, said: Reading) -> RawTable:
    """Read a Parquet file into columns of numbers, texts and times; its first row is line 1.

    Raises
    ------
    TableError
        If it is damaged, holds other types, or unpacks to too much.
    """
    try:
        with open_source(source) as file:
            return _Reader(file, name, bound_of(source)).read(said)
    except (pa.ArrowException, OSError, OverflowError, UnicodeDecodeError) as error:
        raise TableError(f"{name} is a damaged Parquet file. Write or copy it again.") from error


class _Reader:
    """One Parquet file, its columns, and the bytes of text that may still be unpacked."""

    def __init__(self, file: Any, name: str, bound: int) -> None:
        schema = pq.read_schema(file)
        self.name, self.bound, self.text_left = name, bound, 0
        written = schema.names
        require_columns(len(written), name)
        cleaned = [clean_name(column) for column in written]
        require_names(written, name)
        self.names, self.remarks = distinct_names(filled_names(cleaned)[0])
        self.kinds = [
            self._kind(field.type, column) for field, column in zip(schema, self.names, strict=True)
        ]
        # Texts stay in a dictionary until their size is known.
        texts = [f.name for f, kind in zip(schema, self.kinds, strict=True) if kind == "text"]
        file.seek(0)
        self.parquet = pq.ParquetFile(file, read_dictionary=texts)
        self._require_room()

    def _require_room(self) -> None:
        """Refuse what the footer says is too much: constant columns take no bytes in the file."""
        data, room = self.parquet.metadata, Room(self.name)
        unpacked = sum(data.row_group(group).total_byte_size for group in range(data.num_row_groups))
        needed = data.num_rows * sum(CELL_BYTES[kind] for kind in self.kinds)
        room.require(needed + unpacked, data.num_rows, len(self.kinds))
        if max(needed // 2, unpacked) > self.bound:
            raise too_large(self.name, self.bound)
        self.text_left = min(self.bound, room.bytes - needed) // TEXT_COPIES

    def read(self, said: Reading) -> RawTable:
        n_rows = self.parquet.metadata.num_rows
        numbers = {position: Growing() for position in range(len(self.names))}
        times: dict[int, list[pa.Array]] = {}
        texts: dict[int, Cells] = {}
        row = 0
        for block in self.parquet.iter_batches(batch_size=BATCH_ROWS):
            for position, column in enumerate(block.columns):
                column.validate(full=True)
                values = self._values(column, position, row)
                if isinstance(values, np.ndarray):
                    numbers[position].add(to_float32(values), n_rows)
                elif pa.types.is_timestamp(values.type):
                    times.setdefault(position, []).append(values)
                else:
                    cells = texts.setdefault(position, Cells(self.names[position], ".", set(), keep=True))
                    cells.add(values, n_rows)
            row += len(block)
            block_read()
        lines = pd.RangeIndex(1, 1 + n_rows, name=LINE)
        settled = settle(list(texts.values()), lines, said, separator="", quoted=True)
        columns = {position: numbers[position].series() for position in range(len(self.names))}
        columns |= {position: pa.chunked_array(blocks).to_pandas() for position, blocks in times.items()}
        columns |= dict(zip(texts, settled.columns, strict=True))
        frame = pd.DataFrame({n: columns[position] for position, n in enumerate(self.names)}, copy=False)
        remarks = (*self.remarks, *settled.remarks)
        return RawTable(frame.set_index(lines), said, remarks, settled.questions, settled.written)

    def _kind(self, kind: pa.DataType, column: str) -> str:
        if pa.types.is_dictionary(kind):
            return self._kind(kind.value_type, column)
        if pa.types.is_string(kind) or pa.types.is_large_string(kind) or pa.types.is_string_view(kind):
            return "text"
        if pa.types.is_boolean(kind):
            return "truth"
        if pa.types.is_timestamp(kind) or pa.types.is_date(kind):
            if getattr(kind, "tz", None) and not _is_zone(kind.tz):
                what = f"The time zone {shown(kind.tz)} of column {shown(column)} is not known. "
                what += "Its times are read as UTC."
                self.remarks.append(Remark("warning", column, what, "unknown zone"))
                return "time in UTC"
            return "time"
        if (
            pa.types.is_integer(kind)
            or pa.types.is_floating(kind)
            or pa.types.is_decimal(kind)
            or pa.types.is_null(kind)
        ):
            return "number"
        kind_shown = shown(kind).strip("'")
        raise TableError(
            f"Column {shown(column)} of {self.name} has values of a kind that cannot be read ({kind_shown}): "
            "only numbers, text, true or false, and times with a date can. Remove the column, or store it as "
            "text."
        )

    def _values(self, column: pa.Array, position: int, row: int) -> np.ndarray | pa.Array:
        """Return a block of a column that begins in a row."""
        kind = self.kinds[position]
        if kind == "text":
            return self._texts(column, position, row)
        if pa.types.is_dictionary(column.type):
            column = column.dictionary_decode()
        if kind == "truth":
            return pc.if_else(column, "True", "False")
        if kind == "number":
            return column.cast(pa.float64(), safe=False).to_numpy(zero_copy_only=False)
        unit = column.type.unit if pa.types.is_timestamp(column.type) else "ms"
        if kind == "time in UTC" or pa.types.is_date(column.type):
            column = column.cast(pa.timestamp(unit))
        self._require_years(column, position, row)
        return column

    def _require_years(self, times: pa.Array, position: int, row: int) -> None:
        """Refuse times that no calendar shows, as a damaged or wrong unit gives them."""
        if times.type.unit == "ns":  # which ends in the year 2262
            return
        first, last = (
            int(day.astype(f"datetime64[{times.type.unit}]").astype(np.int64)) for day in _CALENDAR
        )
        counted = times.cast(pa.int64())
        odd = pc.or_(pc.less(counted, first), pc.greater(counted, last))
        if pc.any(odd).as_py():
            where = self._place(position, row + pc.index(odd, True).as_py())
            raise TableError(
                f"{where} holds a time outside the years 1 to 9999. Correct it, or remove the column."
            )

    def _place(self, position: int, row: int) -> str:
        return f"Column {shown(self.names[position])} of {self.name}, in line {row + 1:,},"

    def _texts(self, column: pa.Array, position: int, row: int) -> pa.Array:
        """Return texts whose lengths are known to be bearable before they leave their dictionary."""
        packed = pa.types.is_dictionary(column.type)
        held = column.dictionary if packed else column
        lengths = pc.binary_length(held.cast(pa.large_string()))
        lengths = lengths.take(column.indices) if packed else lengths
        self.text_left -= pc.sum(lengths).as_py() or 0
        longest = pc.max(lengths).as_py() or 0
        if longest > LONGEST_CELL:
            where = self._place(position, row + pc.index(lengths, longest).as_py())
            raise TableError(
                f"{where} holds a text of {longest / MB:,.1f} MB. A cell has at most "
                f"{LONGEST_CELL // MB} MB. Remove the column."
            )
        if self.text_left < 0:
            raise too_large(self.name, self.bound)
        return (column.dictionary_decode() if packed else column).cast(pa.string())


def _is_zone(zone: str) -> bool:
    try:
        pd.Timestamp(0, tz=zone)
    except (KeyError, ValueError, TypeError, OSError):
        return False
    return True
