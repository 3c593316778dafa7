"""Columns of a frame, filled block by block."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
import pyarrow as pa

from rare_event.read.values import to_float32


class Growing:
    """One column of numbers, filled block by block.

    Memory is allocated once, for the expected rows: joining many small blocks at the end takes it twice.
    """

    def __init__(self) -> None:
        self.data = np.empty(0, dtype=np.float32)
        self.filled = 0

    def add(self, values: np.ndarray, expected: int) -> None:
        """Append `values`; `expected` is the estimated total number of rows."""
        end = self.filled + len(values)
        kind = np.promote_types(self.data.dtype, values.dtype)
        if end > len(self.data) or kind != self.data.dtype:
            longer = np.empty(max(end, expected, len(self.data)), dtype=kind)
            longer[: self.filled] = self.data[: self.filled]
            self.data = longer
        self.data[self.filled : end] = values
        self.filled = end

    def series(self) -> pd.Series:
        """Return the column, as float32 where that is precise enough."""
        return pd.Series(to_float32(self.data[: self.filled]), copy=False)


def frame(
    names: Sequence[str], numbers: dict[int, Growing], others: dict[int, list[pa.Array]]
) -> pd.DataFrame:
    """Build a frame from columns by position: numbers, and blocks of texts or times."""
    columns: dict[str, pd.Series] = {}
    for position, name in enumerate(names):
        blocks = others.pop(position, None)
        columns[name] = pa.chunked_array(blocks).to_pandas() if blocks else numbers.pop(position).series()
    return pd.DataFrame(columns, copy=False)
