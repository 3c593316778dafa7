"""The commands: each takes parsed options and returns an exit code."""

from __future__ import annotations

import argparse
import json
import sys
from dataclasses import replace
from typing import TYPE_CHECKING

from rare_event.cli.bars import Bar, CellBar
from rare_event.cli.findings import lines, plain, stop_on_problems
from rare_event.cli.options import configure, design_space, preset_of, with_model, with_options
from rare_event.cli.output import check_output, refuse_one_output
from rare_event.cli.reading import corrections_of, inputs_of, name_of_files, source_of, stored, write_schema
from rare_event.config import RATES, baselines
from rare_event.errors import NoEventError
from rare_event.text import plural

if TYPE_CHECKING:
    from rare_event.clock import TimeUnit
    from rare_event.config import ExperimentConfig
    from rare_event.experiment.result import Summary

# The exit code that shells give a program ended by Ctrl-C.
INTERRUPTED = 130
# Figures that only a label gives; without one they are null in JSON.
OF_LABELS = ("confusion", "events", "n_positive", "false_alarms", "median_lead_minutes")
CHECK_CODES = {"good": 0, "note": 0, "warning": 1, "problem": 3}


def run_command(options: argparse.Namespace) -> int:
    """Train on a file and print the results."""
    from rare_event.detect.tensorboard import tensorboard_command
    from rare_event.experiment.own_alarms import alarms_of
    from rare_event.jobs.spread import cluster_folds
    from rare_event.jobs.worker import execute
    from rare_event.judge.unknown import Unknown
    from rare_event.prepare.prepared import Preparations
    from rare_event.report.lines import alarms_of as without_events
    from rare_event.store.exports import spreadsheet_safe
    from rare_event.store.runs import create_run
    from rare_event.store.seal import open_at_threshold
    from rare_event.store.serial import to_plain
    from rare_event.store.workspace import write

    refuse_one_output(options.ledger, options.alarms)
    for path in filter(None, (options.ledger, options.alarms)):
        check_output(path, options.force, inputs_of(options))
    config, folds_by = configure(options), cluster_folds()
    dataset, table = stored(options)
    asked = [config.rule if options.rule else None, config.watch if options.watch else None]
    rule = next((each for each in asked if each is not None and each.kind in RATES), None)
    prepared = Preparations(table)
    found = stop_on_problems(table, options.accept, [config], rule, prepared)
    run = create_run(replace(dataset, accepted=found.accepted), config)
    if options.tensorboard:
        run.request_tensorboard()
    with Bar() as bar:
        result = execute(run, bar, folds_by=folds_by, prepared=prepared)
    if options.ledger is not None:
        lines = result.ledger()
        if not dataset.schema.labels:
            lines = without_events(lines, Unknown("test", labelled=False))
        write(options.ledger, lambda path: spreadsheet_safe(lines).to_csv(path, index=False))
    if options.alarms is not None:
        listed = alarms_of(table, result)
        write(options.alarms, lambda path: spreadsheet_safe(listed).to_csv(path, index=False))
    summary = run.evaluation()
    # What is printed has been seen.
    open_at_threshold(run)
    logs = tensorboard_command(run.tensorboard) if options.tensorboard else ""
    if options.json:
        figures = to_plain(summary) | found.plain() | ({"tensorboard": logs} if logs else {})
        figures |= dict.fromkeys(() if dataset.schema.labels else OF_LABELS)
        sys.stdout.write(json.dumps(figures, indent=1) + "\n")
    else:
        describe = _describe if dataset.schema.labels else _describe_unlabelled
        sys.stdout.write(describe(config, summary) + (f"logs: {logs}\n" if logs else ""))
    return 0


def backtest_command(options: argparse.Namespace) -> int:
    """Compare models on the data after their training and print the results."""
    from rare_event.cli.figures import figures_of
    from rare_event.experiment.backtest import backtest, describe, over_folds
    from rare_event.jobs.spread import cluster_folds
    from rare_event.prepare.prepared import Preparations
    from rare_event.prepare.table import read_table

    folds_by = cluster_folds()
    table = read_table(source_of(options), said=corrections_of(options))
    base = replace(preset_of(options), seed=options.seed)
    base = replace(base, split=replace(base.split, window=options.window))
    configs = [replace(with_model(base, name), name=name) for name in options.model or ()] or [base]
    configs = [replace(config, model=with_options(config.model, vars(options))) for config in configs]
    if options.lookback is not None:
        configs = [replace(config, lookback=options.lookback) for config in configs]
    asked_for = list(configs)
    if options.baselines:
        configs += [other for other in baselines(base) if other not in configs]
    left_out: dict[str, str] = {}

    def leave_out(config: ExperimentConfig, error: NoEventError) -> None:
        if config in asked_for:
            raise error
        left_out[config.name] = str(error)

    judged, prepared = over_folds(configs, options.folds, options.split), Preparations(table)
    found = stop_on_problems(table, options.accept, judged, prepared=prepared)
    with Bar() as bar:
        rows = backtest(table, configs, options.folds, bar, options.split, leave_out, folds_by, prepared)
    if options.json:
        figures = {"models": [figures_of(row) for row in rows], "n_compared": len(rows), **found.plain()}
        figures["left_out"] = left_out
        sys.stdout.write(json.dumps(figures, indent=1) + "\n")
    else:
        sys.stdout.write(describe(rows, options.split, left_out))
    return 0


def leakage_command(options: argparse.Namespace) -> int:
    """Judge one model under different splits and print the results."""
    from rare_event.experiment.leakage import Reading, describe, leakage, readings_of
    from rare_event.jobs.spread import cluster_folds
    from rare_event.prepare.table import read_table
    from rare_event.store.serial import to_plain

    folds_by = cluster_folds()
    table = read_table(source_of(options), said=corrections_of(options))
    config = replace(preset_of(options), seed=options.seed)
    if options.model is not None:
        config = with_model(config, options.model)
    config = replace(config, split=replace(config.split, folds=options.folds))
    found = stop_on_problems(table, options.accept, readings_of(config))
    with Bar() as bar:
        readings = leakage(table, config, bar, folds_by)
    if options.json:
        figures = to_plain(readings, dict[str, Reading]) | found.plain()
        sys.stdout.write(json.dumps(figures, indent=1) + "\n")
    else:
        sys.stdout.write(describe(readings))
    return 0


def ablation_command(options: argparse.Namespace) -> int:
    """Judge one model without each group of its inputs and print the results."""
    from rare_event.experiment.ablation import ablation, judged_as
    from rare_event.experiment.ablation_words import describe, in_words
    from rare_event.jobs.spread import cluster_folds
    from rare_event.prepare.table import read_table
    from rare_event.store.serial import to_plain

    folds_by = cluster_folds()
    table = read_table(source_of(options), said=corrections_of(options))
    config = replace(preset_of(options), seed=options.seed)
    if options.model is not None:
        config = with_model(config, options.model)
    if options.lookback is not None:
        config = replace(config, lookback=options.lookback)
    found = stop_on_problems(table, options.accept, [judged_as(config, options.folds)])
    with Bar() as bar:
        measured = ablation(table, config, options.folds, options.without, bar, folds_by)
    if options.json:
        figures = to_plain(measured) | {"sentence": in_words(measured)} | found.plain()
        sys.stdout.write(json.dumps(figures, indent=1) + "\n")
    else:
        sys.stdout.write(describe(measured))
    return 0


def summary_command(options: argparse.Namespace) -> int:
    """Print the layers of a run's network."""
    from rare_event.jobs.export import network_summary
    from rare_event.store.runs import open_run

    sys.stdout.write(network_summary(open_run(options.run)))
    return 0


def code_command(options: argparse.Namespace) -> int:
    """Print the Python lines that reproduce a run."""
    from rare_event.code.show import code_of_run
    from rare_event.store.runs import open_run

    sys.stdout.write(f"{code_of_run(open_run(options.run))}\n")
    return 0


def export_command(options: argparse.Namespace) -> int:
    """Write a run's network to a file."""
    from rare_event.jobs.export import export_network
    from rare_event.store.runs import open_run

    check_output(options.file, options.force)
    export_network(open_run(options.run), options.file)
    return 0


def map_command(options: argparse.Namespace) -> int:
    """Train the cells of a design space and print the results."""
    from rare_event.cli.figures import figures_of_map
    from rare_event.compare.map_overview import describe, look_at, overview
    from rare_event.jobs.map_runner import find_or_create, run_map

    space = design_space(options)
    dataset, table = stored(options)
    found = stop_on_problems(table, options.accept, space.cells)
    design_map = find_or_create(replace(dataset, accepted=found.accepted), space)
    design_map.withdraw_cancel()
    try:
        with CellBar(len(space)) as bar:
            run_map(design_map, options.jobs, bar)
    except KeyboardInterrupt:
        sys.stderr.write("rare_event: stopped. Run the same command again to train the remaining cells.\n")
        return INTERRUPTED
    seen = overview(design_map)
    # What is printed has been seen.
    look_at(seen)
    if options.json:
        sys.stdout.write(json.dumps(figures_of_map(seen) | found.plain(), indent=1) + "\n")
    else:
        sys.stdout.write(describe(seen))
    return 0


def _describe(config: ExperimentConfig, summary: Summary) -> str:
    """Describe the results of a run."""
    from rare_event.compare.titles import title_of
    from rare_event.judge.evaluation import false_alarms_in_words

    events, test, unit = summary.events, summary.test, summary.time_unit
    auc = "not defined (one class only)" if test.auc is None else f"{test.auc:.3f}"
    if test.interval is not None:
        auc += f" (95% interval {test.interval[0]:.2f} to {test.interval[1]:.2f}, chance 0.5)"
    kind = "delay" if summary.during else "lead"
    median = getattr(summary, unit.key(f"median_{kind}_minutes"))
    median_lead = "" if median is None else f", median {kind} {unit.span(median)}"
    why = "".join(
        f"{sentence}\n" for sentence in (unit.why, summary.always_on, summary.suppressed) if sentence
    )
    running = getattr(summary, unit.key("running_minutes")) or 0.0
    false_alarms = false_alarms_in_words(summary.false_alarms or 0, running / unit.period, unit)
    rows = ", ".join(f"{name} {count:,}" for name, count in summary.confusion.items())
    return (
        f"{title_of(config)}; {plural(summary.n_rows, 'row')}, {plural(summary.n_sensors, 'sensor')}, "
        f"{unit.reword(config.split.in_words())}\n"
        f"test: AUC {auc}, {test.n:,} windows, {test.n_positive:,} positive\n"
        f"events caught: {events['caught']} of {events['total']}, "
        f"{false_alarms}{median_lead}\n"
        f"{why}"
        f"{_promise(summary, unit)}"
        f"{_watch(summary, unit)}"
        f"rows: {rows}\n"
        f"run {summary.run}\n"
    )


def _promise(summary: Summary, unit: TimeUnit) -> str:
    """Say what validation data promised, and whether the test data keep it."""
    if summary.promise is None or summary.promise_check is None:
        return ""
    return f"promise: {summary.promise.in_words(unit)}\non test data: {summary.promise_check.in_words}\n"


def _watch(summary: Summary, unit: TimeUnit) -> str:
    """Say what the watch level does on test data, or why there is none."""
    return "" if summary.watch is None else f"watch level: {unit.reword(summary.watch.what)}\n"


def _describe_unlabelled(config: ExperimentConfig, summary: Summary) -> str:
    """Describe a run on a file without a label: nothing says which alarms are false."""
    from rare_event.compare.titles import title_of
    from rare_event.judge.evaluation import false_alarms_in_words

    unit = summary.time_unit
    running = getattr(summary, unit.key("running_minutes")) or 0.0
    alarms = false_alarms_in_words(summary.false_alarms or 0, running / unit.period, unit)
    suppressed = f"{summary.suppressed}\n" if summary.suppressed else ""
    return (
        f"{title_of(config)}; {plural(summary.n_rows, 'row')}, {plural(summary.n_sensors, 'sensor')}, "
        f"{unit.reword(config.split.in_words())}\n"
        f"test: {summary.test.n:,} windows, {alarms.replace('false alarm', 'alarm')}\n"
        f"{suppressed}"
        f"{_promise(summary, replace(unit, labelled=False))}"
        f"{_watch(summary, replace(unit, labelled=False))}"
        "The file has no label: events caught, false alarms, AUC, precision and recall cannot be known.\n"
        f"run {summary.run}\n"
    )


def bench_command(options: argparse.Namespace) -> int:
    """Print the machine, and speed and size against references, each row when it is measured."""
    from rare_event.bench import HEADER, describe, machine_in_words, measure, names_of, this_machine

    names, machine = names_of(options.names, options.quick), this_machine()
    if options.json:
        told = {"machine": machine, "rows": dict(measure(names))}
        sys.stdout.write(json.dumps(told, indent=1) + "\n")
        return 0
    sys.stdout.write(f"{machine_in_words(machine)}\n{HEADER}")
    sys.stdout.flush()
    for name, figures in measure(names):
        sys.stdout.write(describe(name, figures))
        sys.stdout.flush()
    return 0


def check_command(options: argparse.Namespace) -> int:
    """Print the findings of a file; 0 is clean or notes only, 1 warnings, 3 problems."""
    from rare_event.checks.check import check
    from rare_event.prepare.corrections import OpenQuestion
    from rare_event.store.preview import preview
    from rare_event.store.serial import to_plain

    if options.write_schema is not None:
        check_output(options.write_schema, options.force, inputs_of(options))
    seen = preview(source_of(options), name_of_files(options), corrections_of(options))
    try:
        complete, table = seen.complete, seen.parts()[2]
    except OpenQuestion as question:
        if options.json:
            asked = [to_plain(each) for each in question.questions]
            sys.stdout.write(json.dumps({"findings": [], "questions": asked}, indent=1) + "\n")
        raise
    findings = check(table)
    if options.write_schema is not None:
        write_schema(options.write_schema, complete)
    if options.json:
        sys.stdout.write(json.dumps(plain(findings) | to_plain(complete), indent=1) + "\n")
    else:
        sys.stdout.write(lines(findings) or "No problems found.\n")
    return max((CHECK_CODES[found.grade] for found in findings), default=0)


def app_command(options: argparse.Namespace) -> int:
    """Serve the app until it is stopped."""
    from rare_event.ui.serve import serve

    serve(options.port, options.address, options.workspace, options.servers)
    return 0
