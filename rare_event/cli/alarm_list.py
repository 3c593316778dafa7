"""The command `judge-alarms`: what alarms of another source are worth, and whether a model beats them."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from rare_event.cli.alarm_source import reading_of, require_one_source
from rare_event.cli.options import parse_settings
from rare_event.cli.output import check_output
from rare_event.cli.reading import corrections_of, inputs_of, source_of
from rare_event.config import AlarmPolicy, Rule, parse_sensor_rule
from rare_event.errors import ConfigError
from rare_event.text import number, plural

if TYPE_CHECKING:
    from rare_event.experiment.alarm_list import Today
    from rare_event.judge.same_rate import SameRate
    from rare_event.judge.scores import Scores
    from rare_event.prepare.table import Table
    from rare_event.store.runs import Run

NAMES = {
    "caught": "events caught",
    "false_alarms_per_day": "false alarms per day",
    "median_lead": "median lead",
    "precision": "precision of rows",
    "recall": "recall of rows",
}


@dataclass(frozen=True, eq=False)
class Judged:
    """The windows of the command and how alarms are counted there.

    Parameters
    ----------
    table
        The rows.
    windows
        Those on which alarms are judged.
    policy
        The alarm policy.
    run
        The run whose test windows they are; None for all rows of the file.
    """

    table: Table
    windows: Scores
    policy: AlarmPolicy
    run: Run | None


def judge_alarms_command(options: argparse.Namespace) -> int:
    """Judge alarms that are not ours and print what they are worth."""
    from rare_event.compare.titles import name_of_run
    from rare_event.judge.same_rate import at_same_rate
    from rare_event.store.exports import spreadsheet_safe
    from rare_event.store.seal import open_once
    from rare_event.store.workspace import write

    require_one_source(options)
    if options.ledger is not None:
        check_output(options.ledger, options.force, _inputs(options))
    place = _place(options)
    today = _judged(options, place)
    against = None
    if place.run is not None:
        # What is printed of the run's model has been seen.
        open_once(place.run)
        against = at_same_rate(place.windows, place.policy, today.judged)
    lines = with_times(today.ledger, place.table)
    if options.ledger is not None:
        write(options.ledger, lambda path: spreadsheet_safe(lines).to_csv(path, index=False))
    if options.json:
        sys.stdout.write(json.dumps(figures_of(today, against, lines, place), indent=1) + "\n")
    else:
        name = "" if place.run is None else f"“{name_of_run(place.run)}”"
        sys.stdout.write(describe(today, against, name))
        sys.stdout.write(f"{said}\n" if (said := _unapplied(today, place)) else "")
        if options.ledger is None:
            sys.stdout.write(_in_columns(lines))
    return 0


def _unapplied(today: Today, place: Judged) -> str:
    """Say that suppression is not applied to a list or a rule; to the alarms of a score it is."""
    from rare_event.experiment.suppressing import unapplied

    if today.scores is not None:
        return ""
    return unapplied(place.policy, "rule" if today.counted is None else "list", place.run is not None)


def _in_columns(lines: pd.DataFrame) -> str:
    """Write a ledger as text."""
    shown = lines.astype(object).where(lines.notna(), "–")
    return f"\nledger\n{shown.to_string(index=False)}\n" if len(lines) else ""


def _inputs(options: argparse.Namespace) -> list[Path]:
    return [*inputs_of(options), *([options.alarms] if options.alarms else [])]


def _place(options: argparse.Namespace) -> Judged:
    """Return the windows that the options name: those of a run's test part, or all rows of the file."""
    from rare_event.experiment.alarm_list import every_row, require_lead
    from rare_event.prepare.table import read_table

    typed = None
    if options.policy is not None:
        typed = parse_settings(AlarmPolicy(), options.policy, "The alarm policy has")
        if typed.lead is not None and options.lead is not None:
            raise ConfigError("--lead and --policy both give the lead window. Leave out one of them.")
    if options.run is not None:
        return _of_run(options, typed)
    table = read_table(source_of(options), said=corrections_of(options))
    policy = typed or AlarmPolicy()
    lead = policy.lead if options.lead is None else options.lead
    require_lead(lead, table.step, table.time_unit)
    windows = every_row(table, lead)
    return Judged(table, windows, policy if lead is None else policy.with_lead(lead), None)


def _of_run(options: argparse.Namespace, typed: AlarmPolicy | None) -> Judged:
    from rare_event.experiment.alarm_list import require_label, require_lead
    from rare_event.prepare.corrections import NO_CORRECTIONS
    from rare_event.read.raw import digest_of
    from rare_event.store.runs import open_run

    run = open_run(options.run)
    dataset = run.dataset()
    if corrections_of(options) != NO_CORRECTIONS:
        raise ConfigError(
            "With --run the file is read as the run read it. Leave out the options that say how it is read."
        )
    if digest_of(source_of(options)) != dataset.digest:
        raise ConfigError(
            f"Run {run.id} was trained on another file, {dataset.name}. Give that file, or leave out --run "
            "to judge the alarms on all rows of this one."
        )
    if run.status().state != "done":
        raise ConfigError(f"Run {run.id} has not finished. Name a finished run.")
    table = dataset.table()
    require_label(table)
    policy = typed or run.committed().policy
    windows = run.scores("test").once()
    lead = options.lead
    if lead is None and policy.lead is None:
        lead = windows.lead
    require_lead(lead, windows.step, windows.time_unit)
    return Judged(table, windows, policy if lead is None else policy.with_lead(lead), run)


def _judged(options: argparse.Namespace, place: Judged) -> Today:
    from rare_event.experiment.alarm_list import judge_list, judge_rule, judge_score
    from rare_event.prepare.alarm_file import read_alarms

    table, windows, policy = place.table, place.windows, place.policy
    if options.rule is not None:
        return judge_rule(table, parse_sensor_rule(options.rule), windows, policy)
    if options.score is None:
        alarms = read_alarms(options.alarms, options.alarms.name, reading_of(options))
        return judge_list(table, alarms, windows, policy)
    values = _values(options, table)
    if options.threshold is not None or place.run is None:
        return judge_score(table, options.score, values, (windows, windows), policy, options.threshold)
    # A threshold set by hand, or one that follows the scores, has the unit of the run's own score.
    rule = place.run.committed().rule
    rule = Rule() if rule.trailing or rule.kind == "fixed" else rule
    validation = place.run.scores("validation")
    return judge_score(table, options.score, values, (validation, windows), policy, rule)


def _values(options: argparse.Namespace, table: Table) -> np.ndarray:
    from rare_event.prepare.alarm_rows import sensor_column
    from rare_event.prepare.alarm_scores import read_scores

    if options.alarms is None:
        return sensor_column(table, options.score)
    return read_scores(options.alarms, options.alarms.name, options.score, reading_of(options), table)


def with_times(lines: pd.DataFrame, table: Table) -> pd.DataFrame:
    """Add the time of the first alarm of each line of a ledger, where the table has times."""
    if table.time is None:
        return lines
    known = lines["row"].notna().to_numpy()
    times = np.full(len(lines), np.datetime64("NaT"), "datetime64[ns]")
    times[known] = table.time[lines.loc[known, "row"].to_numpy(np.int64)]
    return lines.assign(time=times)


def describe(today: Today, against: SameRate | None, model: str = "") -> str:
    """Describe what alarms are worth: a sentence, their figures with intervals, and chance.

    Parameters
    ----------
    today
        The alarms, judged.
    against
        The comparison with a model, if there is one.
    model
        Name of the model, as shown.
    """
    from rare_event.experiment.alarm_list import sentence_of

    judged, figures = today.judged, today.judged.evaluation
    unit, rows = figures.time_unit, judged.intervals
    found = sentence_of(today)
    verdict = [found]
    if against is not None:
        verdict = [f"{against.in_words(model, f'“{today.name}”')} {against.limits}", found]
    values = {
        "caught": (figures.caught, f" of {figures.n_events:,}"),
        "false_alarms_per_day": (figures.rate, ""),
        "median_lead": (figures.median_lead, ""),
        "precision": (figures.precision, ""),
        "recall": (figures.recall, ""),
    }
    lines = []
    for name, (value, of) in values.items():
        word = (
            unit.reword(NAMES[name]).replace("lead", "delay") if figures.during else unit.reword(NAMES[name])
        )
        low, high = (float(rows[end][name]) for end in ("low", "high"))
        written = unit.span if name == "median_lead" else number
        between = "" if np.isnan(low) or np.isnan(high) else f" ({written(low)} to {written(high)})"
        lines.append(f"{word}: {'–' if value is None else f'{written(value)}{of}'}{between}")
    if figures.rate is not None:
        kept = [budget for budget, within in _kept(figures.rate).items() if within]
        lines[1] += (
            f"; within a budget of {' or '.join(kept)}" if kept else "; above the budgets of 1, 2 and 5"
        )
    chance = judged.chance
    lines[0] += f", by chance {number(chance.mean)} ({number(chance.low)} to {number(chance.high)})"
    total = f"{plural(figures.alarms, 'alarm')} in {unit.running(figures.days)}"
    return (
        "\n".join(
            [
                *verdict,
                *_about(today),
                *filter(None, [unit.why]),
                f"{total}, {figures.false_alarms:,} of them false; in brackets: the 95% interval",
                *lines,
            ]
        )
        + "\n"
    )


def _about(today: Today) -> Iterator[str]:
    """Say which alarms of a list count, and which rows have no score."""
    judged, figures = today.judged, today.judged.evaluation
    if today.counted is not None:
        yield from today.counted.in_words()
        if figures.alarms > today.counted.counted:
            every = figures.time_unit.count(number(judged.policy.repeat))
            yield f"An alarm that stands over a stop, or longer than {every}, counts again."
    if today.unscored:
        yield f"{plural(today.unscored, 'judged row')} without a score, and so without an alarm."


def figures_of(today: Today, against: SameRate | None, lines: pd.DataFrame, place: Judged) -> dict[str, Any]:
    """Return what alarms are worth as plain data; figures that are not defined are null."""
    from rare_event.experiment.alarm_list import sentence_of
    from rare_event.judge.judgement import windows_digest
    from rare_event.store.serial import to_plain

    judged, figures = today.judged, today.judged.evaluation
    unit = figures.time_unit
    between = {
        name: None if low != low or high != high else [low, high]
        for name, low, high in judged.intervals.astype(float).itertuples()
    }
    return {
        "alarms_of": today.name,
        "sentence": sentence_of(today),
        "listed": None if today.counted is None else to_plain(today.counted),
        "run": None if place.run is None else place.run.id,
        "windows": windows_digest(judged.windows),
        "n_windows": figures.n,
        "policy": to_plain(judged.policy),
        "suppression": _unapplied(today, place) or None,
        "events": {
            "caught": figures.caught,
            "total": figures.n_events,
            "interval": between["caught"],
            "by_chance": to_plain(judged.chance),
        },
        "alarms": figures.alarms,
        "false_alarms": figures.false_alarms,
        **unit.entry("false_alarms_per_day", figures.rate),
        **unit.entry("false_alarms_per_day_interval", between["false_alarms_per_day"]),
        "within_budget": None if figures.rate is None else _kept(figures.rate),
        **unit.entry("median_lead_minutes", figures.median_lead),
        "precision": figures.precision,
        "recall": figures.recall,
        "precision_interval": between["precision"],
        "recall_interval": between["recall"],
        "confusion": {name: getattr(figures, name) for name in ("tn", "fp", "fn", "tp")},
        **unit.entry("running_minutes", round(figures.days * unit.period, 6)),
        "always_on": figures.always_on,
        "load": judged.load.plain(),
        "thresholds": None if today.thresholds is None else list(today.thresholds.values()),
        "unscored": today.unscored,
        "same_rate": None if against is None else _plain(against),
        "ledger": json.loads(lines.to_json(orient="records", date_format="iso")),
        **unit.about(),
    }


def _kept(rate: float) -> dict[str, bool]:
    """Say which budgets of false alarms a day a rate keeps."""
    from rare_event.judge.judgement import BUDGETS

    return {f"{budget:g}": rate <= budget for budget in BUDGETS}


def _plain(against: SameRate) -> dict[str, Any]:
    from rare_event.store.serial import to_plain

    told = {"answer": against.answer, "p_value": against.p_value, "needed": against.needed}
    return {**told, **to_plain(against, type(against))}
