"""Preparation, counting, scoring and the backtest, each against a plain implementation."""

from __future__ import annotations

import numpy as np

from rare_event.bench.data import MILL_ROWS, N_SENSORS, correlated_rows, synthetic_scores
from rare_event.bench.timing import Row, in_turn, row, seconds
from rare_event.bench.training import Pace, train
from rare_event.config import ARTICLE_DENSE, ARTICLE_LSTM, AlarmPolicy


def prepare() -> Row:
    """Time curve shift, windows and scaling of data of the mill's size against loops over rows."""
    from sklearn.preprocessing import StandardScaler

    from rare_event.prepare.features import FittedRepresentation, derive
    from rare_event.prepare.labels import curve_shift
    from rare_event.prepare.windows import article_window_ends, gather

    X = correlated_rows(18_398)
    label = np.zeros(len(X), np.int8)
    label[100::150] = 1
    scaler, shift, lookback = StandardScaler().fit(X), 2, 5
    center, scale = scaler.mean_.astype(np.float32), scaler.scale_.astype(np.float32)
    names = tuple(map(str, range(N_SENSORS)))
    levels = ARTICLE_LSTM.representation
    fitted = FittedRepresentation(levels, names, center, scale, {})

    def ours() -> np.ndarray:
        shifted = curve_shift(label, shift)
        derived = derive(X, np.zeros(len(X), np.int64), levels, names)
        scaled = fitted.transform(derived.take(shifted.rows))
        return gather(scaled, article_window_ends(len(scaled), lookback), lookback)

    def reference() -> np.ndarray:
        y = label.copy()
        for i in np.flatnonzero(label).tolist():
            for j in range(max(0, i - shift), i):
                y[j] = 1
        rows = [row for row in range(len(label)) if label[row] == 0]
        kept = X[rows]
        blocks = []
        for i in range(len(kept) - lookback - 1):
            block = []
            for j in range(1, lookback + 1):
                block.append(kept[i + j + 1, :])
            blocks.append(block)
        windows = np.array(blocks)
        for number, window in enumerate(windows):
            windows[number] = scaler.transform(window)
        return windows

    if not np.allclose(ours(), reference(), atol=1e-5):
        raise AssertionError("The vectorised preparation differs from the loops.")
    return row(
        *in_turn(ours, reference, 3), "the articles' code: loops over rows, each window scaled separately"
    )


def operating_points() -> Row:
    """Time all operating points of 1,000,000 rows, with events and alarms, against one argsort."""
    from rare_event.judge.thresholds import operating_points as count

    scores = synthetic_scores(1_000_000)

    def ours() -> object:
        return count(scores, AlarmPolicy())

    def reference() -> object:
        return np.argsort(scores.y_score)

    ours(), reference()
    return row(*in_turn(ours, reference, 7), "numpy.argsort of the scores")


def backtest() -> Row:
    """Time a backtest of the recommended model over 6 folds, from the table to the judgement.

    The table is a sample mill as long as the real one. The reference is one training of the dense
    article's settings, timed as in `train`.
    """
    from rare_event.config import RECOMMENDED
    from rare_event.experiment.backtest import backtest as run_backtest
    from rare_event.prepare.sample import sample_mill
    from rare_event.prepare.table import read_table

    table = read_table(sample_mill(MILL_ROWS).to_csv(index=False).encode())
    reference = float(train(ARTICLE_DENSE)["reference"])
    ours = seconds(lambda: run_backtest(table, [RECOMMENDED]))
    return row(ours, reference, f"one model.fit of the dense article's settings, {Pace.epochs} epochs")
