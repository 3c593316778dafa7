"""Results of rows that do not depend on the rows computed with them, to the last bit.

A matrix product sums in another order for a few rows than for many, for the last rows of a matrix, and with
several threads. A row scored today in a file of a million rows must not differ from the same row scored
tomorrow in a file of ten.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from threadpoolctl import threadpool_limits

# The last rows of a product go through another routine: these rows are computed and thrown away. Together
# they fill one block of scikit-learn's neighbour search, which cuts its products at 256 rows.
GUARD = 32
SIZE = 256 - GUARD


def in_batches(compute: Callable[[np.ndarray], np.ndarray], rows: np.ndarray) -> np.ndarray:
    """Compute results in batches of one size and on one thread, the last filled with its last row.

    Parameters
    ----------
    compute
        From an array of rows to one result for each.
    rows
        What it is computed from, shape (n_rows, ...).

    Returns
    -------
    numpy.ndarray
        The results, n_rows of them.

    Examples
    --------
    >>> in_batches(lambda rows: rows + len(rows), np.array([1, 2]))
    array([257, 258])
    """
    if not len(rows):
        return compute(rows)
    place, results = np.arange(SIZE + GUARD), []
    with threadpool_limits(1):
        for start in range(0, len(rows), SIZE):
            some = rows[start : start + SIZE]
            filled = some[np.minimum(place, len(some) - 1)]
            results.append(compute(filled)[: len(some)])
    return np.concatenate(results)
