"""How sensors go with one another: rank correlations, alike sensors next to each other."""

from __future__ import annotations

import numpy as np
import pandas as pd
from scipy.cluster.hierarchy import leaves_list, linkage
from scipy.spatial.distance import squareform

MOST_ROWS = 5000  # evenly spaced: the error of a correlation of unrelated rows is then 0.014
MOST_SENSORS = 500  # beyond it, the matrix of a file of thousands of sensors would fill the memory


def correlations(sensors: pd.DataFrame) -> pd.DataFrame:
    """Return the rank correlations (Spearman) of all pairs of sensors, in the order of a clustering.

    Parameters
    ----------
    sensors
        One column for each; may have missing values. Beyond 5,000 rows an even sample is used, beyond
        500 sensors the first 500.

    Returns
    -------
    DataFrame
        Square and symmetric, with names as index and columns; NaN where two sensors share fewer than
        three rows or one of them does not change.

    Examples
    --------
    >>> up = np.arange(9.0)
    >>> found = correlations(pd.DataFrame({"a": up, "b": up % 3, "c": -(up**3)}))
    >>> list(found), float(found.loc["a", "c"].round(2))
    (['b', 'c', 'a'], -1.0)
    """
    rows = np.linspace(0, len(sensors) - 1, min(len(sensors), MOST_ROWS)).astype(np.int64)
    some = sensors.iloc[rows, :MOST_SENSORS].replace([np.inf, -np.inf], np.nan)
    ranks = some.rank().to_numpy(float)
    known = np.isfinite(ranks)
    filled = np.where(known, ranks - len(rows) / 2, 0.0)
    found = pd.DataFrame(_pairwise(filled, known.astype(float)), some.columns, some.columns)
    order = _clustered(found.to_numpy())
    return found.iloc[order, order]


def strongest_pairs(found: pd.DataFrame, most: int) -> pd.DataFrame:
    """List the pairs of sensors with the strongest correlations, of either sign.

    Returns
    -------
    DataFrame
        Columns ``sensor``, ``other`` and ``correlation``, the strongest first.
    """
    one, other = np.triu_indices(len(found), 1)
    value = found.to_numpy()[one, other]
    order = np.argsort(-abs(value), kind="stable")[:most]  # NaN last
    order = order[np.isfinite(value[order])]
    names = found.index.to_numpy()
    return pd.DataFrame(
        {"sensor": names[one[order]], "other": names[other[order]], "correlation": value[order]}
    )


def _pairwise(filled: np.ndarray, known: np.ndarray) -> np.ndarray:
    """Correlate each pair over the rows that both have."""
    n = known.T @ known
    total, square = filled.T @ known, (filled**2).T @ known
    with np.errstate(invalid="ignore", divide="ignore"):
        covariance = filled.T @ filled - total * total.T / n
        spread = square - total**2 / n
        found = covariance / np.sqrt(spread * spread.T)
    # A sensor that does not change leaves a spread of rounding errors.
    unknown = (n < 3) | (spread <= 1e-9 * square) | (spread.T <= 1e-9 * square.T)
    return np.where(unknown, np.nan, np.clip(found, -1.0, 1.0))


def _clustered(found: np.ndarray) -> np.ndarray:
    """Order sensors so that those that go together, in either direction, are neighbours."""
    if len(found) < 3:
        return np.arange(len(found))
    distance = 1.0 - abs(np.nan_to_num(found))
    np.fill_diagonal(distance, 0.0)
    condensed = squareform(distance, checks=False)
    return np.asarray(leaves_list(linkage(condensed, "average", optimal_ordering=len(found) <= 100)))
