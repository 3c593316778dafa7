"""No score depends on rows after it: cut the table, and all that was known before is what it was.

Labels do look ahead, as they must: they are not compared. Models and scales are fitted once, on rows before
the first cut.
"""

from collections.abc import Callable
from dataclasses import replace
from functools import cache
from typing import get_args

import numpy as np
import pandas as pd
import pytest

from rare_event.checks.findings import Fix
from rare_event.checks.fixes import fix
from rare_event.config import AlarmPolicy, Representation, RepresentationKind, Rule, SplitPlan
from rare_event.detect.scoring import score
from rare_event.experiment.result import FoldResult, Result
from rare_event.experiment.run import run_experiment
from rare_event.judge.alarms import alarm_level
from rare_event.judge.trailing import follow, trailing_threshold
from rare_event.prepare import features
from rare_event.prepare.prepared import label_and_window
from rare_event.prepare.schema import guess_schema
from rare_event.prepare.table import Table, read_table
from tests.small import PCA, small_frame

KINDS = get_args(RepresentationKind)
# Within a stretch, at its first and last rows, at an event and behind it.
CUTS = (481, 500, 530, 531, 532, 577, 599)
TRAILING = Rule("trailing-quantile", 0.9, days=0.1)


@cache
def table() -> Table:
    frame = small_frame()
    frame["grade"] = np.where(np.arange(len(frame)) // 37 % 2, "A", "B")
    return read_table(frame.to_csv(index=False).encode())


def head_of(whole: Table, n_rows: int) -> Table:
    return replace(whole, frame=whole.frame.iloc[:n_rows], lines=whole.lines[:n_rows])


@cache
def trained(kind: RepresentationKind) -> Result:
    inputs = Representation(kind, one_hot=kind != "forecast")
    return run_experiment(
        table(), replace(PCA, representation=inputs, lookback=5, split=SplitPlan("chronological"))
    )


def scored(rows: Table, result: Result) -> tuple[np.ndarray, np.ndarray]:
    """Rows of the windows of a table, and their scores by the model that was trained on all of it."""
    fold: FoldResult = result.folds[0]
    prepared = label_and_window(rows, result.config)
    assert fold.detector is not None
    X = fold.representation.transform(prepared.derived)
    return prepared.row[prepared.ends], score(fold.detector, X, prepared.ends, result.config.score)


def depends_on_later_rows(result: Result) -> list[int]:
    """Cuts before which a score is another one than in the whole table."""
    row, whole = scored(table(), result)
    found = []
    for cut in CUTS:
        same, again = scored(head_of(table(), cut), result)
        before = row < cut
        assert before.sum() > 300
        if same.tolist() != row[before].tolist() or again.tolist() != whole[before].tolist():
            found.append(cut)
    return found


@pytest.mark.parametrize("kind", KINDS)
def test_no_score_depends_on_rows_after_it(kind) -> None:
    result = trained(kind)
    # What the model was fitted on ends before the first cut.
    assert result.prepared.row[result.prepared.folds[0].validation].max() < CUTS[0]
    assert depends_on_later_rows(result) == []


def ahead(theirs: Callable[..., np.ndarray]) -> Callable[..., np.ndarray]:
    """A change that is one row too early: the fault that this module is there to find."""
    return lambda values, *more: np.roll(theirs(values, *more), -1, axis=0)


def test_a_leak_is_found(monkeypatch) -> None:
    result = trained("difference")
    monkeypatch.setattr(features, "change", ahead(features.change))
    # Where the last rows before a cut are of an event or begin a stretch, there is nothing to see.
    assert {481, 500, 577} <= set(depends_on_later_rows(result))


@pytest.mark.parametrize("policy", [AlarmPolicy(), AlarmPolicy(k=2, n=4), AlarmPolicy(end_share=0.5, mute=3)])
def test_no_threshold_and_no_alarm_depends_on_windows_after_it(policy) -> None:
    scores = trained("difference").test
    limit, level = trailing_threshold(scores, TRAILING), alarm_level(scores.y_score, scores, policy, -1.0)
    followed = follow(scores, TRAILING).y_score
    # The first hour has the first limit there is, which is only known at its end.
    for n in np.linspace(40, len(scores) - 1, 7).astype(int).tolist():
        first = scores.where(np.arange(len(scores)) < n)
        assert trailing_threshold(first, TRAILING).tolist() == limit[:n].tolist()
        assert follow(first, TRAILING).y_score.tolist() == followed[:n].tolist()
        assert alarm_level(first.y_score, first, policy, -1.0).tolist() == level[:n].tolist()


@pytest.mark.parametrize("step", [Fix("forward-fill", "s1"), Fix("missing-value", "s1", (9.0,))])
def test_no_fix_of_a_cell_depends_on_rows_after_it(step) -> None:
    raw = small_frame()
    raw.loc[raw.index % 37 == 3, "s1"] = np.nan
    raw.loc[raw.index % 41 == 4, "s1"] = 9.0
    schema = guess_schema(raw)
    whole, _ = fix(raw, schema, step)
    assert not whole["s1"].equals(raw["s1"]), "the fix does something"
    for cut in CUTS:
        first, _ = fix(raw.iloc[:cut], schema, step)
        pd.testing.assert_frame_equal(first, whole.iloc[:cut])
