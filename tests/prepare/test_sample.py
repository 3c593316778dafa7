"""The sample mill: its shape, its truth, what the checks find in it, and by which inputs a break is seen.

What the product's own models reach on it: tests/proof/test_sample_mill.py.
"""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from sklearn.decomposition import PCA
from sklearn.metrics import roc_auc_score
from sklearn.model_selection import KFold

from rare_event.checks.check import check
from rare_event.errors import ConfigError
from rare_event.prepare.sample import (
    DEAD,
    DRIFTING,
    GRADES,
    LOOPS,
    PRECURSORS,
    SENSORS,
    TRIAL,
    sample_mill,
    write_sample,
)
from rare_event.prepare.table import Table

Split = tuple[np.ndarray, np.ndarray]
Scale = Callable[[np.ndarray, np.ndarray], np.ndarray]
SEEDS = (7, 1, 2, 3)
COMPONENTS = 12


@pytest.fixture(scope="module")
def table() -> pd.DataFrame:
    return sample_mill()


def test_columns_and_values(table: pd.DataFrame) -> None:
    assert list(table) == ["time", "break", *SENSORS, DEAD, "grade", "valve_open"]
    assert len(table) == 12_000
    assert not table.isna().any().any()
    assert set(table["break"]) == set(table["valve_open"]) == {0, 1}
    assert set(table["grade"]) == {*GRADES, TRIAL}
    assert set(PRECURSORS) < set(SENSORS) and DRIFTING not in PRECURSORS
    assert not table[DEAD].any()


@pytest.mark.parametrize("seed", range(20))
def test_breaks_are_rare_and_never_two_in_a_row(seed: int) -> None:
    table = sample_mill(seed=seed)
    rows = np.flatnonzero(table["break"])
    assert 0.004 <= len(rows) / len(table) <= 0.012
    assert np.diff(rows).min() >= 2
    assert (table[list(SENSORS)] > 0).all(axis=None)  # no drift makes a flow or a pressure negative


def test_most_breaks_are_followed_by_a_gap(table: pd.DataFrame) -> None:
    minutes = table["time"].diff().dt.total_seconds() / 60
    after_break = table["break"].shift(fill_value=0) == 1
    assert minutes.min() == 2
    assert 0.7 < (minutes[after_break] > 6).mean() < 0.95
    assert 2 <= (minutes[~after_break] > 6).sum() <= 4  # 3 other stops and the long one
    assert minutes.idxmax() == 7200  # 60% of 12,000 rows
    assert minutes.max() == 3 * 24 * 60 + 2  # no row of three days, so the next one comes 2 minutes later


def test_one_seed_gives_one_table() -> None:
    pd.testing.assert_frame_equal(sample_mill(2000, seed=3), sample_mill(2000, seed=3))
    assert not sample_mill(2000, seed=3).equals(sample_mill(2000, seed=4))


def test_too_few_rows_are_refused() -> None:
    assert len(sample_mill(500)) == 500
    with pytest.raises(ConfigError, match="asked for 499 rows; it needs at least 500"):
        sample_mill(499)


def test_only_precursors_change_before_breaks(table: pd.DataFrame) -> None:
    change = table[list(SENSORS)].diff().abs()
    rows = np.flatnonzero(table["break"])
    before = np.zeros(len(table), dtype=bool)
    for k in (1, 2):
        before[rows - k] = True
    restart = (table["time"].diff() != pd.Timedelta("2min")) | (table["break"] == 1)
    restart |= table["break"].shift(fill_value=0) == 1
    ratio = change[before & ~restart].mean() / change[~before & ~restart].mean()
    others = [name for name in SENSORS if name not in PRECURSORS]
    assert (ratio[list(PRECURSORS)] > 1.8).all()
    assert ratio[others].between(0.7, 1.3).all()


def test_most_movement_from_row_to_row_is_shared(table: pd.DataFrame) -> None:
    change = table[list(SENSORS)].diff()[1:].to_numpy()
    change = robust(change, change)
    shared = 4 + len(LOOPS)  # slow factors and control loops
    assert PCA(shared).fit(change).explained_variance_ratio_.sum() > 0.7
    alone = np.random.default_rng(0).permuted(change, axis=0)
    assert PCA(shared).fit(alone).explained_variance_ratio_.sum() < 0.4


def test_the_checks_name_the_drift_the_stop_the_dead_sensor_and_the_trial(sample_table: Table) -> None:
    found = {(each.code, each.column): each for each in check(sample_table)}
    assert set(found) == {("RE106", "time"), ("RE312", DRIFTING), ("RE404", "grade"), ("RE501", DEAD)}
    assert "the longest lasts 4,322 minutes" in found["RE106", "time"].what
    assert TRIAL in found["RE404", "grade"].what
    assert {each.grade for each in found.values()} == {"note"}


def test_csv_is_written_whole_and_reads_back(tmp_path: Path, table: pd.DataFrame) -> None:
    path = write_sample(tmp_path / "new folder" / "mill.csv")
    assert write_sample(path) == path  # a second writer replaces it
    assert [p.name for p in path.parent.iterdir()] == ["mill.csv"]
    assert 2e6 < path.stat().st_size < 4e6
    read = pd.read_csv(path, parse_dates=["time"], date_format="%Y-%m-%dT%H:%M:%S")
    pd.testing.assert_frame_equal(read, table, check_dtype=False)


def test_interrupted_writing_leaves_the_old_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "mill.csv"
    path.write_text("old")

    def disk_full(self: pd.DataFrame, target: Path, **kwargs: object) -> None:
        target.write_text("half")
        raise OSError("No space left on device")

    monkeypatch.setattr(pd.DataFrame, "to_csv", disk_full)
    with pytest.raises(OSError, match="No space left"):
        write_sample(path)
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


# What follows is the whole method once more, naively: two rows before each break are positive, and
# the score is the squared error of reconstruction from principal components of normal rows.


def model_inputs(table: pd.DataFrame) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Levels, differences and y of the rows that are not breaks."""
    label = table["break"].to_numpy()
    restart = (table["time"].diff() > pd.Timedelta("6min")).to_numpy() | (np.roll(label, 1) == 1)
    y = np.zeros(len(table), dtype=int)
    for row in np.flatnonzero(label):
        for k in (1, 2):
            if not restart[row - k + 1 : row + 1].any():
                y[row - k] = 1
    level = table[list(SENSORS)].to_numpy()
    difference = np.diff(level, axis=0, prepend=level[:1])
    difference[restart] = 0
    normal_running = label == 0
    return level[normal_running], difference[normal_running], y[normal_running]


def standard(normal: np.ndarray, x: np.ndarray) -> np.ndarray:
    scaled: np.ndarray = (x - normal.mean(axis=0)) / normal.std(axis=0)
    return scaled


def robust(normal: np.ndarray, x: np.ndarray) -> np.ndarray:
    low, middle, high = np.percentile(normal, [5, 50, 95], axis=0)
    scaled: np.ndarray = np.clip((x - middle) / (high - low), -5, 5)
    return scaled


def auc(x: np.ndarray, y: np.ndarray, train: np.ndarray, test: np.ndarray, scale: Scale = standard) -> float:
    normal = x[train][y[train] == 0]
    pca = PCA(COMPONENTS, svd_solver="full").fit(scale(normal, normal))
    scaled = scale(normal, x[test])
    error = ((scaled - pca.inverse_transform(pca.transform(scaled))) ** 2).mean(axis=1)
    return float(roc_auc_score(y[test], error))


def squares_auc(x: np.ndarray, y: np.ndarray, train: np.ndarray, test: np.ndarray) -> float:
    scaled = robust(x[train][y[train] == 0], x[test])
    return float(roc_auc_score(y[test], (scaled**2).mean(axis=1)))


def rolling(n: int) -> list[Split]:
    edges = np.linspace(0.4 * n, n, 7).astype(int)
    return [(np.arange(a), np.arange(a, b)) for a, b in zip(edges, edges[1:], strict=False)]


def test_differences_see_breaks_levels_and_plain_squares_do_not_and_a_random_split_is_optimistic() -> None:
    """Measured for the default seed: 0.82, 0.55, 0.72 and 0.62; other seeds spread by 0.05."""
    figures = []
    for seed in SEEDS:
        level, difference, y = model_inputs(sample_mill(seed=seed))
        folds, random = rolling(len(y)), list(KFold(5, shuffle=True, random_state=0).split(level))
        figures.append(
            (
                np.mean([auc(difference, y, *fold, scale=robust) for fold in folds]),
                np.mean([auc(level, y, *fold) for fold in folds]),
                np.mean([squares_auc(difference, y, *fold) for fold in folds]),
                np.mean([auc(level, y, *fold) for fold in random]),
            )
        )
    default = figures[0]
    for differences, levels, squares, levels_random in (default, np.mean(figures, axis=0)):
        assert 0.78 < differences < 0.90  # three in ten breaks are silent: no model reaches more
        assert levels < 0.58
        assert squares < differences - 0.06
        assert levels_random > levels + 0.04
