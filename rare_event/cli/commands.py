"""The commands: each takes parsed options and returns an exit code."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from rare_event.cli.bars import Bar, CellBar
from rare_event.cli.options import configure, design_space, with_model, with_options
from rare_event.cli.output import check_output
from rare_event.clock import TimeUnit
from rare_event.config import PRESETS, SplitPlan, baselines
from rare_event.errors import DataError

if TYPE_CHECKING:
    from rare_event.checks.findings import Finding
    from rare_event.experiment.result import Summary
    from rare_event.prepare.table import Table

# The exit code that shells give a program ended by Ctrl-C.
INTERRUPTED = 130
CHECK_CODES = {"good": 0, "note": 0, "warning": 1, "problem": 3}


def run_command(options: argparse.Namespace) -> int:
    """Train on a file and print the results."""
    from rare_event.compare.titles import title_of
    from rare_event.detect.tensorboard import tensorboard_command
    from rare_event.jobs.worker import execute
    from rare_event.store.datasets import add_dataset
    from rare_event.store.exports import spreadsheet_safe
    from rare_event.store.runs import create_run
    from rare_event.store.seal import open_at_threshold
    from rare_event.store.serial import to_plain
    from rare_event.store.workspace import write

    if options.ledger is not None:
        check_output(options.ledger, options.force, [options.file])
    config = configure(options)
    dataset = add_dataset(options.file, options.file.name)
    findings = stop_on_problems(dataset.table(), options.accept)
    run = create_run(dataset, config)
    if options.tensorboard:
        run.request_tensorboard()
    with Bar() as bar:
        result = execute(run, bar)
    if options.ledger is not None:
        write(options.ledger, lambda path: spreadsheet_safe(result.ledger()).to_csv(path, index=False))
    summary = run.evaluation()
    # What is printed has been seen.
    open_at_threshold(run)
    logs = tensorboard_command(run.tensorboard) if options.tensorboard else ""
    if options.json:
        figures = to_plain(summary) | findings | ({"tensorboard": logs} if logs else {})
        sys.stdout.write(json.dumps(figures, indent=1) + "\n")
    else:
        sys.stdout.write(_describe(title_of(config), summary) + (f"logs: {logs}\n" if logs else ""))
    return 0


def backtest_command(options: argparse.Namespace) -> int:
    """Compare models on the data after their training and print the results."""
    from rare_event.cli.figures import figures_of
    from rare_event.experiment.backtest import backtest, describe
    from rare_event.prepare.table import read_table

    table = read_table(options.file)
    findings = stop_on_problems(table, options.accept)
    base = replace(PRESETS[options.preset], seed=options.seed)
    base = replace(base, split=replace(base.split, window=options.window))
    configs = [replace(with_model(base, name), name=name) for name in options.model or ()] or [base]
    configs = [replace(config, model=with_options(config.model, vars(options))) for config in configs]
    if options.lookback is not None:
        configs = [replace(config, lookback=options.lookback) for config in configs]
    if options.baselines:
        configs += [other for other in baselines(base) if other not in configs]
    with Bar() as bar:
        rows = backtest(table, configs, options.folds, bar)
    if options.json:
        figures = {"models": [figures_of(row) for row in rows], "n_compared": len(rows), **findings}
        sys.stdout.write(json.dumps(figures, indent=1) + "\n")
    else:
        sys.stdout.write(describe(rows))
    return 0


def leakage_command(options: argparse.Namespace) -> int:
    """Judge one model under different splits and print the results."""
    from rare_event.experiment.leakage import Reading, describe, leakage
    from rare_event.prepare.table import read_table
    from rare_event.store.serial import to_plain

    table = read_table(options.file)
    findings = stop_on_problems(table, options.accept)
    config = replace(PRESETS[options.preset], seed=options.seed)
    if options.model is not None:
        config = with_model(config, options.model)
    config = replace(config, split=replace(config.split, folds=options.folds))
    with Bar() as bar:
        readings = leakage(table, config, bar)
    if options.json:
        figures = to_plain(readings, dict[str, Reading]) | findings
        sys.stdout.write(json.dumps(figures, indent=1) + "\n")
    else:
        sys.stdout.write(describe(readings))
    return 0


def summary_command(options: argparse.Namespace) -> int:
    """Print the layers of a run's network."""
    from rare_event.jobs.export import network_summary
    from rare_event.store.runs import open_run

    sys.stdout.write(network_summary(open_run(options.run)))
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
    from rare_event.store.datasets import add_dataset

    space = design_space(options)
    dataset = add_dataset(options.file, options.file.name)
    findings = stop_on_problems(dataset.table(), options.accept)
    design_map = find_or_create(dataset, space)
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
        sys.stdout.write(json.dumps(figures_of_map(seen) | findings, indent=1) + "\n")
    else:
        sys.stdout.write(describe(seen))
    return 0


def _describe(title: str, summary: Summary) -> str:
    """Describe the results of a run."""
    events, test, unit = summary.events, summary.test, TimeUnit(summary.clock)
    auc = "not defined (one class only)" if test.auc is None else f"{test.auc:.3f}"
    if test.interval is not None:
        auc += f" ({test.interval[0]:.2f} to {test.interval[1]:.2f}, chance 0.5)"
    median = getattr(summary, unit.key("median_lead_minutes"))
    median_lead = "" if median is None else f", median lead {median:g} {unit.name}"
    why = f"{unit.why}\n" if unit.why else ""
    rows = ", ".join(f"{name} {count:,}" for name, count in summary.confusion.items())
    return (
        f"{title}; {summary.n_rows:,} rows of {summary.n_sensors} sensors, "
        f"{SplitPlan(summary.split).in_words()}\n"
        f"test: AUC {auc}, {test.n:,} windows, {test.n_positive:,} positive\n"
        f"events caught: {events['caught']} of {events['total']}, "
        f"{getattr(summary, unit.key('false_alarms_per_day')):.1f} false alarms {unit.per_day}{median_lead}\n"
        f"{why}"
        f"rows: {rows}\n"
        f"run {summary.run}\n"
    )


def bench_command(options: argparse.Namespace) -> int:
    """Print speed and size against references."""
    from rare_event.bench import describe, measure

    rows = measure(options.names)
    sys.stdout.write(json.dumps(rows, indent=1) + "\n" if options.json else describe(rows))
    return 0


def check_command(options: argparse.Namespace) -> int:
    """Print the findings of a file; 0 is clean or notes only, 1 warnings, 3 problems."""
    from rare_event.checks.check import check
    from rare_event.prepare.table import read_table

    findings = check(read_table(options.file))
    if options.json:
        sys.stdout.write(json.dumps(_plain(findings), indent=1) + "\n")
    else:
        sys.stdout.write(_lines(findings) or "No problems found.\n")
    return max((CHECK_CODES[found.grade] for found in findings), default=0)


def stop_on_problems(table: Table, accept: bool) -> dict[str, Any]:
    """Print the findings of a table on standard error and return them; stop on a problem not accepted.

    Raises
    ------
    DataError
        If there is a problem that is not accepted.
    """
    from rare_event.checks.check import check

    findings = check(table)
    sys.stderr.write(_lines(findings))
    if not accept and any(found.grade == "problem" for found in findings):
        raise DataError(
            "Nothing was trained, because the file has the problems above. Correct the file, or add "
            "--accept to train on it as it is."
        )
    return _plain(findings)


def _plain(findings: Sequence[Finding]) -> dict[str, Any]:
    keys = ("grade", "column", "what", "fix")
    return {"findings": [{key: getattr(found, key) for key in keys} for found in findings]}


def _lines(findings: Sequence[Finding]) -> str:
    return "".join(f"{found.grade}: {found.where} {found.what} {found.fix}\n" for found in findings)


def app_command(options: argparse.Namespace) -> int:
    """Serve the app until it is stopped."""
    from rare_event.ui.serve import serve

    serve(options.port, options.address, options.workspace)
    return 0
