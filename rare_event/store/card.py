"""The model card: what a model was made of, what it is worth, and when not to trust it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from rare_event.config import name_of
from rare_event.config.labels import NAMES
from rare_event.experiment.facts import SensorRange
from rare_event.experiment.trained import Trained
from rare_event.store.runs import Run
from rare_event.store.seal import ever_opened
from rare_event.text import number, percent, plain, plural

CARD = "MODEL_CARD.md"
MOST_SENSORS = 100


def model_card(run: Run, trained: Trained) -> str:
    """Write the model card of a run in Markdown, for people of the plant."""
    config, facts, unit = trained.config, trained.facts, trained.time_unit
    dataset = run.dataset()
    shift = (
        f"The model was made to warn up to {unit.span(config.shift * facts.step)} before an event."
        if config.shift
        else "The model was made to detect an event while it lasts."
    )
    sensors, lookback = plural(len(trained.schema.sensors), "sensor"), plural(config.lookback, "row")
    # Without a clock, each row is one step.
    every = "" if unit.reason else f"every {unit.span(facts.step)}"
    level = number(trained.threshold, 6)
    if trained.rule.trailing:
        level += f" times {trained.rule.in_words(unit)}"
    learned = f"{plain(dataset.name)} ({plural(dataset.n_rows, 'row')}{f', one {every}' if every else ''})"
    return "\n".join(
        [
            f"# {plain(trained.name)}",
            "",
            f"{shift} It learned what is normal from {learned}.",
            "",
            "## What it does",
            "",
            f"- Model: {plain(NAMES.get(config.model.kind, name_of(config.name)))}.",
            *_average(len(config.detector.seeds)),
            f"- It looks at {sensors}, over {lookback} at a time, and gives each row a score.",
            "- The higher the score, the less normal the row.",
            f"- An alarm is raised when the score reaches {level}.",
            f"- How this threshold was chosen: {plain(trained.how)}.",
            *_watch(trained),
            f"- {_policy(trained)}",
            "",
            "## What it is worth",
            "",
            *_worth(run, trained),
            "",
            "## When not to trust it",
            "",
            *(f"- {sentence}" for sentence in when_not_to_trust(every)),
            "",
            "## What it was trained on",
            "",
            *_trained_on(run, trained),
            "",
            "## Sensors and their values in training",
            "",
            "| sensor | lowest | usual (5 to 95%) | highest |",
            "|---|---|---|---|",
            *map(_sensor, facts.ranges[:MOST_SENSORS]),
            "",
        ]
    )


def _average(networks: int) -> list[str]:
    said = f"- It is {networks} networks, trained from different seeds; their errors are averaged."
    return [said] if networks > 1 else []


def when_not_to_trust(every: str) -> list[str]:
    """Say what makes a model unfit, where rows come in such a step; empty without a clock."""
    return [
        "A sensor was replaced, recalibrated or given another unit: train again.",
        *([f"The rows no longer come {every}."] if every else []),
        "The machine makes a product, or runs in a way, that the training data do not cover.",
        "Scoring reports that the scores or the levels of sensors have moved since training.",
    ]


def _trained_on(run: Run, trained: Trained) -> Iterator[str]:
    for name, span in trained.facts.split.items():
        times = f"{plain(_time(span.first))} to {plain(_time(span.last))}"
        yield f"- {name.capitalize()}: {plural(span.rows, 'row')}, {times}."
    yield f"- Run {run.id}; digest of the file {run.dataset().digest}."
    yield f"- Versions: {', '.join(f'{name} {found}' for name, found in trained.facts.versions.items())}."


def _sensor(one: SensorRange) -> str:
    usual = f"{number(one.p5)} to {number(one.p95)}"
    return f"| {plain(one.name)} | {number(one.low)} | {usual} | {number(one.high)} |"


def _time(text: str) -> str:
    return text.split(".")[0].replace("T", " ")


def _watch(trained: Trained) -> Iterator[str]:
    """Name the watch level, if there is one."""
    if trained.watch is not None:
        level = number(trained.watch.last, 6)
        if trained.rule.trailing:
            level += f" times {trained.rule.in_words(trained.time_unit)}"
        yield f"- Watch level: an alarm of lower priority is raised when the score reaches {level}."
        yield f"- How the watch level was chosen: {plain(trained.watch.how(trained.time_unit))}."


def _policy(trained: Trained) -> str:
    policy, unit = trained.policy, trained.time_unit
    said = []
    if policy.n > 1:
        said.append(f"{policy.k} of {policy.n} scores in a row must reach it")
    if policy.mute:
        said.append(f"the first {plural(policy.mute, 'row')} after a restart raise none")
    if policy.end_share < 1:
        said.append(f"an alarm goes on until the scores fall below {percent(policy.end_share)} of it")
    if column := plain(policy.suppress_column):
        while_it_is = f"while {column} is {plain(' or '.join(policy.suppress_values))}"
        after = f"less than {unit.span(policy.suppress_after)} after {column} changes"
        when = [
            *([while_it_is] if policy.suppress_values else []),
            *([after] if policy.suppress_after else []),
        ]
        said.append(f"none is raised {' and '.join(when)}")
    if policy.stops:
        said.append(f"none is raised in {plural(len(policy.stops), 'known stop')}")
    if policy.shelved:
        said.append(f"none is raised in {plural(len(policy.shelved), 'time')} for which alarms are shelved")
    said.append(f"alarms less than {unit.span(policy.cooldown)} apart are one")
    said.append(f"an alarm that lasts is repeated every {unit.span(policy.repeat)}")
    text = "; ".join(said)
    return f"{text[0].upper()}{text[1:]}."


def _worth(run: Run, trained: Trained) -> list[str]:
    unit, lines = trained.time_unit, []
    if trained.promise is not None:
        labelled = replace(unit, labelled=bool(trained.schema.labels))
        lines.append(f"- The promise: {trained.promise.in_words(labelled)}")
    if trained.validation is None:
        lines.append("- The validation data give no figures.")
    else:
        counted = trained.validation.in_words(unit)
        lines.append(f"- On validation data, from which the threshold comes: {counted}.")
    if not ever_opened(run):
        lines.append("- The test data, which the model has never seen, have not been opened.")
        return lines
    summary = run.evaluation()
    caught, total = summary.events["caught"], summary.events["total"]
    rate = getattr(summary, unit.key("false_alarms_per_day"))
    alarms = "" if rate is None else f", {unit.alarms(number(rate))}"
    lines.append(
        f"- On test data, which it had never seen, at the threshold of the training: {caught} of "
        f"{plural(total, 'event')} caught{alarms}."
    )
    return lines
