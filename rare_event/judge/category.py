"""A category column, such as the grade, as the judge needs it: its value in each window, and since when."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd


@dataclass(frozen=True)
class Category:
    """A category column; arrays have shape (n,).

    Parameters
    ----------
    code
        Number of each window's value in `names`; -1 where it has none.
    names
        The values, as text.
    since
        Minutes since the value changed; infinite where no change is known.

    Examples
    --------
    >>> grade = Category.of_text(np.array(["a", "a", "b", "b"]), np.array([np.inf, np.inf, 0.0, 2.0]))
    >>> grade.suppressed(("a",), 0.0).tolist(), grade.suppressed((), 2.0).tolist()
    ([True, True, False, False], [False, False, True, False])
    """

    code: np.ndarray
    names: tuple[str, ...]
    since: np.ndarray

    @classmethod
    def of_text(cls, values: np.ndarray, since: np.ndarray) -> Category:
        """Make a category of the text of each window."""
        code, names = pd.factorize(np.asarray(values, object), sort=True)
        return cls(code.astype(np.int32), tuple(map(str, names)), np.asarray(since, float))

    @property
    def text(self) -> np.ndarray:
        """Value of each window; None where it has none."""
        text: np.ndarray = np.array([*self.names, None], object)[self.code]
        return text

    def where(self, mask: np.ndarray) -> Category:
        """Return the windows of a mask."""
        return Category(self.code[mask], self.names, self.since[mask])

    def suppressed(self, values: Sequence[str], after: float) -> np.ndarray:
        """Return which windows have one of some values, or come less than `after` minutes after a change."""
        # A window without a value has none of them: it takes the last place.
        wanted = np.array([*(name in values for name in self.names), False])
        suppressed: np.ndarray = wanted[self.code] | ((self.since >= 0) & (self.since < after))
        return suppressed
