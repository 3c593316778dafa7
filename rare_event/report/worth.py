"""The sections that say what a run is worth: verdict, threshold, promise, ledger, baselines, load, drift."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pandas as pd

from rare_event.compare.verdict import verdict_on_baselines
from rare_event.judge.kept import check_promise
from rare_event.judge.load import load_at
from rare_event.judge.suppression import suppressed_in_words
from rare_event.report import charts
from rare_event.report.charts import TRAILING_UNIT
from rare_event.report.document import (
    Block,
    Chart,
    Grid,
    Items,
    Measure,
    Measures,
    Said,
    Section,
    from_markdown,
    small,
)
from rare_event.report.judged import JudgedRun
from rare_event.report.lines import machines_table, marked_in_words
from rare_event.report.verdict import (
    alarm_figures,
    alarms_in_words,
    intervals_in_words,
    plant_figures,
    verdict,
)
from rare_event.report.words import (
    NOT_COMPARED,
    STILL_KNOWN,
    below_figures,
    goal_in_words,
    load_basis,
    looks_in_words,
    promised_in_words,
    threshold_in_words,
)
from rare_event.store.seal import changed_after_a_look
from rare_event.text import number, times

# More would bury the rest of the report on paper.
MOST_LINES = 200
# So that the chart stays on the first page, with the verdict.
FIRST_HEIGHT = 430
# Three of these fill a page.
CURVE_HEIGHT, DAYS_HEIGHT = 310, 330
HEADINGS = {
    "kind": "kind",
    "asset": "machine",
    "event": "event",
    "caught": "caught",
    "mark": "mark",
    "first_alarm": "first alarm",
    "lead": "lead (minutes)",
    "delay": "delay (minutes)",
    "ended": "why it ended",
    "peak": "highest score",
    "row": "at row",
    "sensors": "top sensors",
}
IN_ROWS = {"first_alarm": "first alarm (row)", "lead": "lead (rows)", "delay": "delay (rows)"}
NUMBERS = {"event", "first_alarm", "lead", "delay", "peak", "row"}
SEALED = (
    "The test data are sealed. All figures here are of the validation data, on which the threshold was "
    "chosen, so they are too optimistic. Open the test data on the Evaluate page for an honest judgement."
)


def worth(judged: JudgedRun) -> list[Section]:
    """Write what a run is worth, the verdict first."""
    part = judged.part
    sections = [
        Section("Verdict", list(_verdict(judged))),
        Section("Threshold", list(_threshold(judged))),
        Section("Promise", list(_promise(judged))),
        Section(f"Ledger of the {part} data", list(_ledger(judged))),
        Section("Operator load", list(_load(judged))),
    ]
    if not judged.sealed:
        if not judged.unknown:
            sections.append(Section("Baselines", list(_baselines(judged))))
        sections.append(Section("Drift", list(_drift(judged))))
    return [*sections, Section("Curves", list(_curves(judged)))]


def _verdict(judged: JudgedRun) -> Iterator[Block]:
    figures, unknown, unit = judged.figures, judged.unknown, judged.unit
    if judged.sealed:
        yield Said(f"{_opened_before(judged)}{SEALED}", "warning")
    else:
        looks = judged.run.looks()
        yield Said(looks_in_words(looks), "warning" if changed_after_a_look(looks) else "small")
    alarms_only = unknown is not None or (judged.sealed and not figures.n_events)
    sentence = alarms_in_words(figures, unit) if alarms_only else verdict(figures)
    yield Said(from_markdown(f"On validation data: {sentence}" if judged.sealed else sentence), "headline")
    if unknown:
        yield Said(unknown.why if judged.sealed else f"{unknown.why} {STILL_KNOWN}")
    below = {}
    if judged.intervals is not None:
        below = intervals_in_words(judged.intervals, unit, figures.during)
    listed = alarm_figures(figures, unit) if alarms_only else plant_figures(figures)
    yield Measures([Measure(label, value, below.get(label, ""), why or "") for label, value, why in listed])
    if below:
        yield from small(below_figures(bool(unknown)))
    if not judged.sealed:
        check = check_promise(judged.promise, figures, unit)
        yield Said(f"{check.headline} {check.answers}".strip())
    figure = charts.scores_figure(
        judged.followed,
        judged.committed,
        judged.table,
        part=judged.part,
        following=judged.following,
        score=judged.score_label(judged.committed.rule.trailing),
        unit=unit,
    )
    yield Chart(figure.update_layout(height=FIRST_HEIGHT))


def _opened_before(judged: JudgedRun) -> str:
    looks = judged.run.looks()
    if not looks:
        return ""
    return f"Opened {times(len(looks))}; the threshold or the alarm policy has changed since. "


def _threshold(judged: JudgedRun) -> Iterator[Block]:
    committed, unit = judged.committed, judged.unit
    yield Said(
        threshold_in_words(committed, judged.figures, judged.followed.lead, unit, bool(judged.unknown))
    )
    if suppressed := suppressed_in_words(judged.followed.once(), committed.policy):
        yield Said(suppressed)
    if judged.watch:
        yield Said(judged.watch)
    trailing = committed.trailing is not None
    if committed.n_thresholds == 1:
        level = number(committed.middle, 6)
        of = f"{level} times the trailing quantile of the scores" if trailing else f"a score of {level}"
        yield Said(f"An alarm is raised at {of}.")
        return
    rows = [[str(fold + 1), number(value, 6)] for fold, value in sorted(committed.thresholds.items())]
    yield Grid(["fold", f"threshold ({TRAILING_UNIT})" if trailing else "threshold"], rows, frozenset({0, 1}))


def _promise(judged: JudgedRun) -> Iterator[Block]:
    promise, rule, unit = judged.promise, judged.committed.rule, judged.unit
    if judged.sealed:
        yield Said(promise.in_words(unit))
        yield from small(goal_in_words(promise, rule, unit))
        return
    first, *more = promised_in_words(promise, judged.figures, rule, unit)
    yield Said(first)
    yield from small(*more)


def _ledger(judged: JudgedRun) -> Iterator[Block]:
    lines, unit = judged.readable_lines.drop(columns="fold"), judged.unit
    yield from small(marked_in_words(lines, unit))
    if lines.empty:
        yield Said("No event and no alarm." if judged.unknown is None else "No alarm.")
        return
    names = HEADINGS | (IN_ROWS if unit.reason else {})
    shown = lines.head(MOST_LINES)
    columns = list(map(str, shown))
    records: list[dict[str, Any]] = shown.to_dict("records")  # type: ignore[assignment]
    rows = [[_cell(name, line, in_rows=bool(unit.reason)) for name in columns] for line in records]
    right = frozenset(at for at, name in enumerate(columns) if name in NUMBERS)
    yield Grid([names[name] for name in columns], rows, right, wide=True)
    if len(lines) > MOST_LINES:
        yield from small(
            f"The first {MOST_LINES} of {len(lines):,} lines, events before {unit.false_alarms}. All of "
            "them can be downloaded on the Evaluate page."
        )
    if judged.followed.asset is not None:
        table = machines_table(judged.lines, judged.followed, unit, judged.unknown)
        *counts, days = names_of = list(map(str, table))
        cells = [[*(str(line[name]) for name in counts), f"{line[days]:.2f}"] for _, line in table.iterrows()]
        yield Said("Machine by machine")
        yield Grid(names_of, cells, frozenset(range(1, len(names_of))))


def _cell(name: str, line: dict[str, Any], in_rows: bool) -> str:
    """Write a cell of the ledger."""
    value = line[name]
    if name == "caught":
        return ("yes" if value else "no") if line["kind"] == "event" else "–"
    if pd.isna(value) or value == "":
        return "–"
    if isinstance(value, pd.Timestamp):
        return f"{value:%-d %b %H:%M}"
    if name in ("lead", "delay", "first_alarm"):
        return f"{value:,.0f}" if in_rows else f"{value:,.1f}"
    if name == "peak":
        return f"{value:.3g}"
    return f"{value:,}" if name == "row" else str(value)


def _load(judged: JudgedRun) -> Iterator[Block]:
    committed = judged.committed
    load = load_at(judged.followed, committed.thresholds, committed.policy)
    yield Said(load.in_words())
    if load.time_unit.reason:
        return
    frame = load.to_frame()
    rows = [[cell or "–" for cell in row] for row in frame.to_numpy().tolist()]
    names = {"target": "target for one operator", "within": "within target"}
    yield Grid([names.get(name, name) for name in map(str, frame)], rows, frozenset({1}))
    yield from small(f"On the {judged.part} data. {load_basis(load.time_unit)}")


def _baselines(judged: JudgedRun) -> Iterator[Block]:
    sentence = verdict_on_baselines(judged.run)
    yield Said(NOT_COMPARED if sentence is None else from_markdown(sentence))


def _drift(judged: JudgedRun) -> Iterator[Block]:
    drift = judged.drift
    warnings, tested = drift.regime()
    if said := drift.by_day_in_words():
        yield Said(said)
    for sentence in warnings:
        yield Said(sentence, "warning")
    yield from small(*tested)
    if changes := drift.changes_in_words():
        yield Items(changes)
    yield from small(drift.unmeasured_in_words())
    for key, figure in drift.figures().items():
        # The sensors need several rows of a legend.
        yield Chart(figure if key == "carriers" else figure.update_layout(height=DAYS_HEIGHT))


def _curves(judged: JudgedRun) -> Iterator[Block]:
    committed = judged.committed
    score = judged.score_label(committed.trailing is not None)
    if judged.unknown:
        drawn = charts.rates(judged.points, committed, score, judged.unit, judged.part)
    else:
        drawn = charts.curves(judged.figures, judged.points, committed, score, judged.part)
    for figure in drawn.values():
        yield Chart(figure.update_layout(height=min(figure.layout.height, CURVE_HEIGHT)))
