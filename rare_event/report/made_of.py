"""The sections that say what a run was made of: data, split, model, limits, and the lines that repeat it."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pandas as pd

from rare_event.checks.check import findings_in, outcomes
from rare_event.checks.findings import Finding, Fix, Outcome
from rare_event.code.show import code_of_test, code_of_threshold
from rare_event.compare.companions import leakage_of
from rare_event.compare.setting_words import setting_in_words, value_in_words
from rare_event.compare.titles import settings_of, title_of
from rare_event.errors import RareEventError
from rare_event.experiment.convergence import failure_to_learn
from rare_event.experiment.folds import part_sizes
from rare_event.experiment.leakage import in_words
from rare_event.experiment.policy import before_training
from rare_event.plots.network import shape_in_words
from rare_event.plots.timeline import split_figure
from rare_event.plots.tracks import machines_of
from rare_event.plots.training import loss_figure
from rare_event.read.values import shown
from rare_event.report.charts import caught_figure
from rare_event.report.document import Block, Chart, Code, Grid, Items, Pairs, Said, Section, items, small
from rare_event.report.judged import JudgedRun
from rare_event.report.words import OPTIMISTIC
from rare_event.store.bundle import FACTS
from rare_event.store.card import when_not_to_trust
from rare_event.text import capital, duration, listed, plural

MOST_FINDINGS, MOST_LAYERS = 40, 40
MOST_NAMES = 5
INTERVALS = "The 95% intervals come from resampling these data. They do not cover a plant that changes."
REPEAT = (
    "The first command writes the Python lines below to a file; the second one trains the model again and "
    "prints the main figures above. Change only the file paths in it, if necessary."
)
REPEAT_SEALED = (
    "These Python lines train the model again and print the main figures above. Change only the file paths, "
    "if necessary."
)


def made_of(judged: JudgedRun) -> list[Section]:
    """Write what a run was made of."""
    return [
        Section("Data and their checks", list(_data(judged))),
        Section("Split", list(_split(judged))),
        Section("Model", list(_model(judged))),
        Section("Limits", list(_limits(judged))),
        Section("How to repeat it", list(_repeat(judged))),
    ]


def _data(judged: JudgedRun) -> Iterator[Block]:
    dataset, table, unit = judged.run.dataset(), judged.table, judged.unit
    schema = table.schema
    columns = [plural(len(schema.sensors), "sensor")]
    if schema.categories:
        many = len(schema.categories)
        columns.append("1 category" if many == 1 else f"{many} categories")
    if schema.ignored:
        columns.append(f"{plural(len(schema.ignored), 'column')} left out")
    yield Said(f"{dataset.name}: {plural(table.n_rows, 'row')}, {', '.join(columns)}.")
    if table.time is not None and not unit.reason:
        first, last = map(_time, (table.time.min(), table.time.max()))
        yield Said(f"From {first} to {last}, one row every {unit.span(judged.prepared.step)}.")
    if unit.why:
        yield Said(unit.why)
    if schema.label is None:
        yield Said("The file has no event column.")
    else:
        marked = " and ".join(map(shown, schema.labels))
        source = f", from the file {dataset.events}" if dataset.events else ""
        yield Said(f"{capital(plural(len(judged.prepared.events), 'event'))}, marked in {marked}{source}.")
    if dataset.files:
        yield Said(f"Files: {listed(dataset.files, MOST_NAMES)}.")
    if fixes := [_step(fix) for fix in dataset.fixes]:
        yield Said("Corrected before training:")
        yield from items(fixes)
    yield from _checks(outcomes(table), dataset.accepted)
    yield from small(f"SHA-256 of the upload: {dataset.digest}")


def _step(step: Fix | Finding) -> str:
    return step.in_words if isinstance(step, Fix) else step.step_in_words or step.what


def _checks(every: list[Outcome], accepted: tuple[str, ...]) -> Iterator[Block]:
    found = findings_in(every)
    passed = sum(outcome.result == "passed" for outcome in every)
    apply = sum(outcome.result != "not applicable" for outcome in every)
    said = f"Checks: {passed} of {apply} that apply to this file passed."
    if accepted:
        said += f" Accepted for this run despite problems: {', '.join(accepted)}."
    yield Said(said)
    if not found:
        return
    rows = [[one.grade, one.code, f"{one.where} {one.what}", one.fix] for one in found[:MOST_FINDINGS]]
    yield Grid(["grade", "check", "what was found", "what to do"], rows)
    if len(found) > MOST_FINDINGS:
        yield from small(f"The worst {MOST_FINDINGS} of {len(found):,} findings. The Data page shows all.")


def _split(judged: JudgedRun) -> Iterator[Block]:
    config, prepared, unit = judged.config, judged.prepared, judged.unit
    yield Said(f"{capital(unit.reword(config.split.in_words()))}.")
    sizes = part_sizes(prepared, config.shift)
    if not unit.labelled:
        sizes = sizes[["windows"]]
    spans = _spans(judged)
    rows = [
        [str(name), *(f"{count:,}" for count in line), *spans[str(name)]]
        for name, line in zip(sizes.index, sizes.to_numpy().tolist(), strict=True)
    ]
    right = frozenset(range(1, 1 + len(sizes.columns)))
    yield Grid(["part", *sizes.columns, "first row", "last row"], rows, right)
    if len(prepared.folds) > 1:
        yield from small(f"Over {len(prepared.folds)} folds: a row may serve several of them.")
    when = judged.table.when
    if len(prepared.folds) > 1 and not judged.sealed and not judged.unknown:
        yield Chart(caught_figure(judged.table, prepared, judged.lines))
        return
    events = when[prepared.events.row]
    yield Chart(split_figure(when[prepared.row], prepared.folds, events, machines_of(prepared)))


def _spans(judged: JudgedRun) -> dict[str, list[str]]:
    """Write the first and the last row of each part, by their times where there are any."""
    prepared, table, spans = judged.prepared, judged.table, {}
    for name in ("train", "validation", "test"):
        rows = prepared.row[np.concatenate([getattr(fold, name) for fold in prepared.folds])]
        ends = [rows.min(), rows.max()] if len(rows) else []
        if table.time is not None and not judged.unit.reason:
            times = table.time[rows]
            said = [_time(times.min()), _time(times.max())]
        else:
            said = [f"row {row:,}" for row in ends]
        spans["training" if name == "train" else name] = said
    return spans


def _time(time: np.datetime64) -> str:
    return f"{pd.Timestamp(time):%-d %b %Y %H:%M}"


def _model(judged: JudgedRun) -> Iterator[Block]:
    config, summary, unit = judged.config, judged.run.evaluation(), judged.unit
    yield Said(f"{title_of(config)}.")
    if config.shift:
        ahead = unit.span(config.shift * judged.prepared.step)
        yield Said(f"It was made to warn up to {ahead} before an event.")
    else:
        yield Said("It was made to detect an event while it lasts.")
    yield Said(
        f"It looks at {plural(summary.n_sensors, 'sensor')}, over {plural(config.lookback, 'row')} at a "
        f"time. Training took {duration(summary.seconds.get('train'))}."
    )
    history = judged.run.history()
    if failure := failure_to_learn(history):
        yield Said(failure, "warning")
    if len(history) and config.model.kind != "pca":
        yield Chart(loss_figure(history))
    if layers := judged.run.layers():
        first = layers[:MOST_LAYERS]
        rows = [[layer.kind, shape_in_words(layer), f"{layer.parameters:,}"] for layer in first]
        yield Grid(["layer", "output for one window", "parameters"], rows, frozenset({1, 2}))
        if (networks := len(config.detector.seeds)) > 1:
            yield from small(f"Each of the {networks} networks has these layers; their errors are averaged.")
        if len(layers) > MOST_LAYERS:
            yield from small(f"The first {MOST_LAYERS} of {len(layers)} layers.")
    yield Pairs(
        [
            (setting_in_words(key), unit.reword(value_in_words(key, value)))
            for key, value in settings_of(config).items()
            if key != "name"
        ]
    )


def _limits(judged: JudgedRun) -> Iterator[Block]:
    config, unit = judged.config, judged.unit
    if config.split.optimistic:
        yield Said(f"Too optimistic: {OPTIMISTIC}", "warning")
    findings, sentences = before_training(judged.table, [config], lambda _: judged.prepared)
    said = [f"{found.what} {found.fix}" for found in findings] + sentences
    if judged.unknown:
        said.append(judged.unknown.why)
    if not judged.sealed:
        said.append(INTERVALS)
        meter = leakage_of(judged.run)
        if meter is not None and meter.status().state == "done":
            said.append(in_words(meter.leakage()))
    yield from items(said)
    every = "" if unit.reason else f"every {unit.span(judged.prepared.step)}"
    yield Said("Do not trust the alarms when one of these happens:")
    yield Items(when_not_to_trust(every))


def _repeat(judged: JudgedRun) -> Iterator[Block]:
    run = judged.run
    yield Said("This command writes this report again:")
    yield Code(f"rare-event report {run.id} --out report.html")
    try:
        lines = code_of_threshold(run, judged.committed) if judged.sealed else code_of_test(run)
    except RareEventError as why:
        yield Said(str(why))
        return
    yield Said(REPEAT_SEALED if judged.sealed else REPEAT)
    if not judged.sealed:
        yield Code(f"rare-event code {run.id} > repeat.py\npython repeat.py")
    yield Code(lines)
    facts = FACTS.read_or(run, None)
    if facts is not None:
        versions = ", ".join(f"{name} {found}" for name, found in facts.versions.items())
        yield from small(f"Versions: {versions}.")
