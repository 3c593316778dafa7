"""What alarms on new rows were worth: counted where a label tells, against what was promised."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from rare_event.experiment.folds import make_scores
from rare_event.experiment.stream import NO_HISTORY, Block
from rare_event.experiment.trained import Counted, Trained, input_names
from rare_event.judge.evaluation import Evaluation, evaluate, false_alarms_in_words
from rare_event.judge.kept import Check, check_promise
from rare_event.judge.ledger import ledger
from rare_event.judge.running import windows_of
from rare_event.judge.scores import Scores
from rare_event.prepare.features import Derived
from rare_event.prepare.grades import Grade
from rare_event.prepare.labels import Shifted, curve_shift
from rare_event.prepare.prepared import Prepared
from rare_event.prepare.stretches import Events, find_events, running_minutes
from rare_event.prepare.table import Table
from rare_event.text import number, plural


@dataclass(frozen=True, eq=False)
class Worth:
    """Figures of new rows with a label at the committed threshold.

    Parameters
    ----------
    evaluation
        As of a test part.
    given
        Events caught and false alarms, with intervals.
    ledger
        As of a test part.
    """

    evaluation: Evaluation
    given: Counted
    ledger: pd.DataFrame

    @property
    def in_words(self) -> str:
        """The figures with their intervals in one sentence."""
        unit, given = self.evaluation.time_unit, self.given
        said = []
        if given.n_events:
            low, high = (round(100 * end) for end in given.share)
            caught = f"{given.caught} of {plural(given.n_events, 'event')} caught"
            said.append(f"{caught} (95% interval {low} to {high}%)")
        else:
            said.append("no event in this file")
        if given.days < 1:
            said.append(false_alarms_in_words(given.false_alarms, given.days, unit))
        else:
            low_rate, high_rate = given.rate
            rate = unit.alarms(number(given.false_alarms / given.days))
            said.append(
                f"{plural(given.false_alarms, 'false alarm')} in {unit.running(given.days)}: {rate} "
                f"(95% interval {number(low_rate)} to {number(high_rate)})"
            )
        return "; ".join(said) + "."


def scores_of(
    trained: Trained, table: Table, clock: np.ndarray, blocks: Sequence[Block]
) -> tuple[Scores, np.ndarray]:
    """Join scored rows with their labels and events, and return what is compared with the threshold.

    Parameters
    ----------
    trained
        The model.
    table
        The rows; without a label all are normal.
    clock
        Their times, shape (n_rows,).
    blocks
        Their outcomes, in their order.

    Returns
    -------
    tuple
        The scored windows; and their levels, shape (n_windows,).
    """
    y_score, level, why = (
        np.concatenate([getattr(block, name) for block in blocks]) for name in ("y_score", "level", "why")
    )
    stretch = _stretches(table, blocks)
    shifted = _shifted(trained, table, stretch)
    kept, facts = shifted.rows, trained.facts
    if not len(kept):
        none = np.empty(0)
        empty = none.astype(np.int64)
        return windows_of(empty, none, empty, none, facts.step, trained.time_unit), none
    ends = np.flatnonzero(np.isfinite(y_score[kept]))
    asset = table.asset
    prepared = Prepared(
        row=kept,
        clock=clock[kept],
        stretch=stretch[kept],
        y=shifted.y,
        derived=Derived(np.empty((len(kept), 0), np.float32), (), kept, kept >= 0, {}),
        ends=ends,
        folds=[],
        events=_events(table, clock, stretch),
        step=facts.step,
        minutes=running_minutes(clock, stretch, facts.step)[kept],
        time_unit=trained.time_unit,
        asset=None if asset is None else asset[kept],
        assets=table.assets,
        grades=_grades(trained, blocks, kept),
    )
    # Events that only rows without a history could have seen are not missed.
    part = np.flatnonzero(why[kept] != NO_HISTORY)
    scores = make_scores(prepared, trained.config, 0, part, ends, y_score[kept][ends])
    return scores, level[kept][ends]


def _grades(trained: Trained, blocks: Sequence[Block], kept: np.ndarray) -> dict[str, Grade]:
    """Return the column that suppresses alarms, of the kept rows of all blocks."""
    known = [block.grade for block in blocks if block.grade is not None]
    if not known:
        return {}
    values, since = (
        np.concatenate([getattr(grade, name) for grade in known]) for name in ("values", "since")
    )
    return {trained.policy.suppress_column: Grade(values, since).take(kept)}


def _stretches(table: Table, blocks: Sequence[Block]) -> np.ndarray:
    """Return the number of each row's stretch, of all machines together."""
    stretch = np.concatenate([block.stretch for block in blocks])
    other = np.diff(stretch, prepend=stretch[:1]) != 0
    if table.asset is not None:
        other |= np.diff(table.asset, prepend=table.asset[:1]) != 0
    return np.cumsum(other)


def _events(table: Table, clock: np.ndarray, stretch: np.ndarray) -> Events:
    events, asset = find_events(clock, table.label, stretch), table.asset
    if asset is None:
        return events
    return Events(events.row, events.clock, events.stretch, events.length, asset[events.row])


def _shifted(trained: Trained, table: Table, stretch: np.ndarray) -> Shifted:
    """Label the rows before events, as in training; a file may be shorter than the shift."""
    shift, n_rows = trained.config.shift, table.n_rows
    group = table.asset if trained.config.article_mode else stretch
    more = np.zeros(shift + 1, np.int64)
    label = np.concatenate([table.label, more])
    padded = None if group is None else np.concatenate([group, more + group[-1] + 1])
    shifted = curve_shift(label, shift, padded)
    own = shifted.rows < n_rows
    return Shifted(shifted.rows[own], shifted.y[own])


def worth_of(
    trained: Trained, table: Table, scores: Scores, level: np.ndarray, blocks: Sequence[Block]
) -> Worth:
    """Count events caught and false alarms at the committed threshold.

    Parameters
    ----------
    trained
        The model.
    table
        The rows, with their label.
    scores, level
        As returned by `scores_of`.
    blocks
        The results of the rows, in their order.
    """
    followed = scores.with_score(level)
    seen = evaluate(followed, {0: trained.threshold}, trained.policy)
    # Contributions are in the order of the scored rows, their numbers count all files.
    noted = pd.concat([block.contributions for block in blocks], ignore_index=True)
    noted = noted.assign(row=scores.row, fold=0)
    of_event: Sequence[str] = ()
    if table.asset is not None:
        events = _events(table, np.arange(table.n_rows, dtype=float), _stretches(table, blocks))
        of_event = [table.assets[machine] for machine in table.asset[events.row]]
    lines = ledger(followed, trained.threshold, trained.policy, noted, input_names(trained.part), of_event)
    given = Counted(seen.caught, seen.n_events, seen.false_alarms, seen.days)
    return Worth(seen, given, lines)


def check_of(trained: Trained, scores: Scores, level: np.ndarray, worth: Worth | None) -> Check | None:
    """Compare new rows with what was promised; None where the run does not say what that was.

    Parameters
    ----------
    trained
        The model, with its promise.
    scores, level
        As returned by `scores_of`.
    worth
        What the alarms were worth; None where nothing says when events were. Then all alarms are counted.
    """
    if trained.promise is None:
        return None
    if worth is None:
        given = evaluate(scores.with_score(level), {0: trained.threshold}, trained.policy)
    else:
        given = worth.evaluation
    unit = replace(trained.time_unit, labelled=bool(trained.schema.labels))
    return check_promise(trained.promise, given, unit, labelled=worth is not None)
