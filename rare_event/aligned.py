"""Arrays that begin where TensorFlow wants them to, so that it can use them as they are."""

from __future__ import annotations

import numpy as np

# Of Eigen, the library of TensorFlow's operations, with the widest vectors of today's processors.
BYTES = 64


def empty(rows: int, columns: int) -> np.ndarray:
    """Return an array that is `aligned` and not filled yet, float32 of shape (rows, columns).

    Memory that is never written to takes no place.

    Examples
    --------
    >>> aligned(empty(3, 5)), empty(3, 5).shape
    (True, (3, 5))
    """
    size = rows * columns
    more = np.empty(size + BYTES // 4, np.float32)
    start = -more.ctypes.data % BYTES // 4
    return more[start : start + size].reshape(rows, columns)


def aligned(values: np.ndarray) -> bool:
    """Tell whether TensorFlow can use an array as it is: by address, order in memory and right to write."""
    return values.ctypes.data % BYTES == 0 and values.flags.c_contiguous and values.flags.writeable
