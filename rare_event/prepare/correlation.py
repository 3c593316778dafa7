"""How sensors go with one another: rank correlations, alike sensors next to each other."""

from __future__ import annotations

from collections.abc import Sequence
from functools import reduce

import numpy as np
import pandas as pd
import scipy

MOST_ROWS = 5000  # evenly spaced: the error of a correlation of unrelated rows is then 0.014
MOST_GROUPS = 12
ALIKE = 0.7  # from here on, two sensors share half of their variance
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
    found = _rank_correlations(sensors)
    order = _clustered(found.to_numpy())
    return found.iloc[order, order]


def sensor_groups(readings: Sequence[pd.DataFrame], most: int = MOST_GROUPS) -> list[tuple[str, ...]]:
    """Group sensors so that all of a group are correlated, in either direction (complete linkage).

    Parameters
    ----------
    readings
        What is read of the sensors, such as values and changes: one frame for each, with one column for each
        sensor. Two sensors are as close as their strongest absolute correlation in any of them.
    most
        Maximum number of groups. Within it, a group ends where an absolute correlation is below 0.7.

    Returns
    -------
    list of tuple
        Every sensor once, in the order of the columns. Sensors that do not change are one group; so are
        those beyond the first 500, which are not correlated.

    Examples
    --------
    >>> up = np.arange(9.0)
    >>> sensor_groups([pd.DataFrame({"a": up, "b": up % 3, "c": -(up**3)})])
    [('a', 'c'), ('b',)]
    """
    names = [str(name) for name in readings[0].columns]
    found = reduce(np.fmax, (abs(_rank_correlations(reading).to_numpy()) for reading in readings))
    number = np.full(len(names), len(names))
    changing = np.flatnonzero(np.isfinite(np.diag(found)))
    still = np.flatnonzero(np.isnan(np.diag(found)))
    number[still] = 0
    others = (len(still) > 0) + (len(found) < len(names))
    number[changing] = _cut(found[np.ix_(changing, changing)], max(most - others, 1))
    groups: dict[int, list[str]] = {}
    for name, of in zip(names, number.tolist(), strict=True):
        groups.setdefault(of, []).append(name)
    return [tuple(group) for group in groups.values()]


def _cut(found: np.ndarray, most: int) -> np.ndarray:
    """Return the number of each sensor's group, from 1, by absolute correlations (n_sensors, n_sensors)."""
    if len(found) < 2:
        return np.ones(len(found), int)
    tree = scipy.cluster.hierarchy.linkage(_distances(found), "complete")
    number = scipy.cluster.hierarchy.fcluster(tree, 1.0 - ALIKE, "distance")
    return np.asarray(
        number if number.max() <= most else scipy.cluster.hierarchy.fcluster(tree, most, "maxclust")
    )


def _distances(found: np.ndarray) -> np.ndarray:
    """Turn correlations into distances for a clustering; what is unknown is far apart."""
    distance = 1.0 - abs(np.nan_to_num(found))
    np.fill_diagonal(distance, 0.0)
    return np.asarray(scipy.spatial.distance.squareform(distance, checks=False))


def _rank_correlations(sensors: pd.DataFrame) -> pd.DataFrame:
    rows = np.linspace(0, len(sensors) - 1, min(len(sensors), MOST_ROWS)).astype(np.int64)
    some = sensors.iloc[rows, :MOST_SENSORS].replace([np.inf, -np.inf], np.nan)
    ranks = some.rank().to_numpy(float)
    known = np.isfinite(ranks)
    filled = np.where(known, ranks - len(rows) / 2, 0.0)
    return pd.DataFrame(_pairwise(filled, known.astype(float)), some.columns, some.columns)


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
    tree = scipy.cluster.hierarchy.linkage(_distances(found), "average", optimal_ordering=len(found) <= 100)
    return np.asarray(scipy.cluster.hierarchy.leaves_list(tree))
