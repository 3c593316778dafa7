"""Alarms that are not ours, from a list, a rule on one sensor or a score, judged on the windows of a run."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from rare_event.clock import TimeUnit
from rare_event.config import AlarmPolicy, ExperimentConfig, Rule, SensorRule
from rare_event.errors import ConfigError, DataError
from rare_event.experiment.counted import SEVERAL_LINES, Counted
from rare_event.experiment.folds import make_scores
from rare_event.experiment.suppressing import require_suppression
from rare_event.judge.alarm_list import JudgedAlarms, alarm_ledger, judge_alarms
from rare_event.judge.alarms import alarm_level
from rare_event.judge.chance import OFFSETS
from rare_event.judge.evaluation import call, false_alarms_in_words
from rare_event.judge.rules import choose_on
from rare_event.judge.scores import Scores
from rare_event.prepare.alarm_file import AlarmList
from rare_event.prepare.alarm_rows import AlarmRows, alarm_rows, rule_rows
from rare_event.prepare.features import Derived
from rare_event.prepare.labels import curve_shift
from rare_event.prepare.prepared import Prepared
from rare_event.prepare.stretches import find_events, running_minutes
from rare_event.prepare.table import Table
from rare_event.text import number, plural


@dataclass(frozen=True, eq=False)
class Today:
    """Alarms from elsewhere, judged.

    Parameters
    ----------
    name
        Of the list, the rule or the score, as shown.
    judged
        What the alarms are worth.
    ledger
        As returned by `alarm_ledger`; of a list also `alarm`, the name of the alarm, if it has names, and
        `line`, its line in the list.
    counted
        Alarms of a list; None for a rule or a score.
    scores
        Of a score: its windows, which also rank; None for fixed alarms.
    thresholds
        Of a score: that of each fold.
    unscored
        Of a score: judged rows without one.
    """

    name: str
    judged: JudgedAlarms
    ledger: pd.DataFrame
    counted: Counted | None = None
    scores: Scores | None = None
    thresholds: Mapping[int, float] | None = None
    unscored: int = 0


def every_row(table: Table, lead: float | None = None, shift: int = ExperimentConfig().shift) -> Scores:
    """Return all rows of a table as windows without a score; those of events only if they are the positives.

    Parameters
    ----------
    table
        With a label.
    lead
        Minutes before an event in which rows are positive, at least a step; 0: the rows of the event are.
        None: `shift` rows.
    shift
        Rows before an event that are positive, without a lead.

    Raises
    ------
    DataError
        If the table has no label.
    """
    require_label(table)
    if lead is not None:
        # A clock in fractions of a minute is not exact.
        shift = min(int(lead / table.step + 1e-6), table.n_rows - 1)
    clock, stretch, asset = table.clock, table.stretch, table.asset
    shifted = curve_shift(table.label, shift, stretch)
    kept, every = shifted.rows, np.arange(len(shifted.rows))
    events = find_events(clock, table.label, stretch)
    nothing = np.empty((len(kept), 0), np.float32)
    prepared = Prepared(
        row=kept,
        clock=clock[kept],
        stretch=stretch[kept],
        y=shifted.y,
        derived=Derived(nothing, (), np.zeros(len(kept), int), np.ones(len(kept), bool), {}),
        ends=every,
        folds=[],
        events=events if asset is None else replace(events, asset=asset[events.row]),
        step=table.step,
        minutes=running_minutes(clock, stretch, table.step)[kept],
        time_unit=table.time_unit,
        asset=None if asset is None else asset[kept],
        assets=table.assets,
    )
    return make_scores(prepared, ExperimentConfig(shift=shift), 0, every, every, np.zeros(len(kept)))


def require_lead(lead: float | None, step: float, unit: TimeUnit) -> None:
    """Refuse a lead window that holds no row: every alarm would count as false.

    Raises
    ------
    ConfigError
        If it holds none; 0 is the event itself.
    """
    if lead and lead < step:
        raise ConfigError(
            f"The lead window is {unit.span(lead)}, but rows are {unit.span(step)} apart: no alarm could "
            f"count for an event. Choose at least {unit.span(step)}."
        )


def require_label(table: Table) -> None:
    """Refuse a table without a label.

    Raises
    ------
    DataError
        If it has none.
    """
    if table.schema.label is None:
        raise DataError(
            "The file has no label, so nothing says which alarms are false. Name the column that marks "
            "events."
        )


def judge_list(
    table: Table, alarms: AlarmList, windows: Scores, policy: AlarmPolicy, offsets: int = OFFSETS
) -> Today:
    """Judge a list of alarms.

    Parameters
    ----------
    table
        The rows in which the alarms stand.
    alarms
        The list.
    windows
        Windows of the table on which they are judged.
    policy
        The alarm policy; its k, n and mute play no part.
    offsets
        As in `judge_alarms`.

    Raises
    ------
    TableError
        If the list does not fit the table.
    """
    require_label(table)
    require_suppression(table, policy)
    found = alarm_rows(table, alarms)
    judged = judge_alarms(windows, found.alarmed[windows.row], policy, offsets)
    lines = alarm_ledger(judged, asset_of_event(table))
    alarm = np.where(lines["row"].isna(), -1, found.alarm[lines["row"].fillna(0).to_numpy(np.int64)])
    known = alarm >= 0
    if alarms.names:
        lines["alarm"] = ["" if number < 0 else alarms.names[number] for number in alarm]
    lines["line"] = pd.array([pd.NA] * len(lines), dtype="Int64")
    if known.any():
        lines.loc[known, "line"] = alarms.listed.frame.index.to_numpy()[alarm[known]]
    return Today(alarms.name, judged, lines, _count(table, alarms, found, windows))


def judge_rule(
    table: Table, rule: SensorRule, windows: Scores, policy: AlarmPolicy, offsets: int = OFFSETS
) -> Today:
    """Judge a rule on one sensor; parameters and errors as in `judge_list`."""
    require_label(table)
    require_suppression(table, policy)
    judged = judge_alarms(windows, rule_rows(table, rule)[windows.row], policy, offsets)
    return Today(rule.in_words, judged, alarm_ledger(judged, asset_of_event(table)))


def judge_score(
    table: Table,
    name: str,
    values: np.ndarray,
    parts: tuple[Scores, Scores],
    policy: AlarmPolicy,
    chosen: Rule | float,
    offsets: int = OFFSETS,
) -> Today:
    """Judge a score of another tool at a threshold.

    Parameters
    ----------
    table
        The rows.
    name
        Of the score.
    values
        Higher is less normal, shape (n_rows,). A row without one is never alarmed.
    parts
        The windows on which a rule chooses a threshold for each fold, and those on which it is judged.
    policy
        The alarm policy.
    chosen
        The threshold, or how that of each fold is chosen; not by a trailing rule.
    offsets
        As in `judge_alarms`.

    Raises
    ------
    DataError
        If no window has a value, or the rule cannot choose.
    """
    require_label(table)
    require_suppression(table, policy)
    validation, test = (_with_values(part, values, name) for part in parts)
    folds, missing = np.unique(test.fold).tolist(), np.isnan(values[test.row])
    if isinstance(chosen, Rule):
        thresholds = {fold: choose_on(validation.of_fold(fold), policy, chosen) for fold in folds}
    else:
        # A column of single precision holds no 4.1: the threshold is rounded as its values were.
        precise = np.issubdtype(values.dtype, np.floating)
        thresholds = dict.fromkeys(folds, float(values.dtype.type(chosen)) if precise else chosen)
    called = np.where(missing, 0.0, call(test, thresholds, policy).y_score)
    alarmed = alarm_level(called, test, policy, -np.inf) >= 1
    judged = judge_alarms(test, alarmed, policy, offsets)
    lines, n_missing = alarm_ledger(judged, asset_of_event(table)), int(missing.sum())
    return Today(name, judged, lines, scores=test, thresholds=thresholds, unscored=n_missing)


def _with_values(windows: Scores, values: np.ndarray, name: str) -> Scores:
    mine = values[windows.row].astype(float)
    known = ~np.isnan(mine)
    if np.isinf(mine).any():
        row = int(windows.row[np.isinf(mine)][0])
        raise DataError(f"The score {name!r} is infinite in row {row:,}. Correct the file.")
    if not known.any():
        raise DataError(f"The score {name!r} has no value in the judged rows. Choose another column.")
    # Below all others: it is reached last.
    lowest = np.nextafter(mine[known].min(), -np.inf)
    return windows.with_score(np.where(known, mine, lowest))


def asset_of_event(table: Table) -> tuple[str, ...]:
    """Return the machine of each event of a table; empty for one machine."""
    if table.asset is None:
        return ()
    events = find_events(table.clock, table.label, table.stretch)
    return tuple(table.assets[number] for number in table.asset[events.row].tolist())


def _count(table: Table, alarms: AlarmList, found: AlarmRows, windows: Scores) -> Counted:
    judged = np.zeros(table.n_rows, bool)
    judged[windows.row] = True
    counted = found.stands_in(judged)
    rest = ~(counted | found.outside | found.stopped | found.elsewhere)
    inside = rest & found.stands_in(table.label == 1) & ~found.stands_in(table.label != 1)
    return Counted(
        len(alarms),
        int(counted.sum()),
        outside=int(found.outside.sum()),
        stopped=int(found.stopped.sum()),
        elsewhere=int(found.elsewhere.sum()),
        during=int(inside.sum()),
        unjudged=int((rest & ~inside).sum()),
        repeated=int(found.repeated.sum()),
        open_ended=alarms.open_ended,
        header="".join(remark.what for remark in alarms.listed.remarks if remark.fact == SEVERAL_LINES),
    )


def sentence_of(today: Today) -> str:
    """Say in one sentence what alarms catch, and whether chance would catch as many."""
    figures, chance = today.judged.evaluation, today.judged.chance
    events, name = plural(figures.n_events, "event"), f"“{today.name}”"
    rate = false_alarms_in_words(figures.false_alarms, figures.days, figures.time_unit)
    if not figures.n_events:
        return f"{name} gives {rate}. There is no event in the judged rows."
    if not figures.alarms:
        return f"{name} gives no alarm in the judged rows, so it catches 0 of {events}."
    caught = f"{name} catches {figures.caught:,} of {events} at {rate}"
    if figures.always_on:
        return (
            f"{caught}, but an alarm is on in {figures.standing:.0%} of the rows, so an alarm "
            "before an event means little."
        )
    as_against = {
        "more": "That is more than chance would catch",
        "fewer": "That is fewer than chance would catch",
        "as many": "Chance could catch as many",
    }[today.judged.against_chance]
    return f"{caught}. {as_against} ({number(chance.low)} to {number(chance.high)})."
