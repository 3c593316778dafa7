"""The parser and the entry point."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import get_args

import rare_event
from rare_event.cli import commands
from rare_event.cli.alarm_list import judge_alarms_command
from rare_event.cli.doctor import DOCTOR, doctor_options
from rare_event.cli.gate import GATE, gate_options
from rare_event.cli.keeping import DELETE, delete_options, list_options
from rare_event.cli.new_rows import FOLLOW, bundle_options, follow_options, import_options, score_options
from rare_event.cli.options import CHOICES, add_file, add_json, network_options
from rare_event.cli.pipes import quietly
from rare_event.cli.reading import reading_options
from rare_event.cli.report import REPORT, report_options
from rare_event.cli.terminal import plain_output
from rare_event.config import (
    PRESETS,
    SPACE_MODELS,
    DesignSpace,
    RepresentationKind,
    SplitKind,
    TrainingWindow,
)
from rare_event.config.labels import RULES
from rare_event.errors import RareEventError
from rare_event.logs import OFF, ON, set_up

USAGE = (
    "The command line: `python -m rare_event check|run|backtest|leakage|ablation|map FILE`, "
    "`judge-alarms FILE ALARMS`, `score RUN FILE`, `follow RUN --watch DIR`, "
    "`gate RUN_NEW RUN_OLD`, `report RUN --out FILE`, `summary|code|export|bundle RUN`, `import BUNDLE`, "
    "`list`, `delete run|dataset|map ID`, `doctor`, `bench`, `app`."
)
BAD_INPUT = 2
RULE_HELP = (
    "how to choose the threshold: KIND=VALUE, for example fa-per-day=2, or promise-per-day=6 for the lowest "
    f"that can promise this; kinds: {', '.join(RULES)}"
)
CODES = (
    "Exit codes: 0 done, or `check` found notes at most; 1 `check` found warnings, `doctor` a fault, or "
    "`gate` a worse run; 2 the input or an option cannot be used, or a question about the file is open; 3 "
    "`check` found problems; 74 the output cannot be written; 130 stopped with Ctrl-C; 141 nobody reads the "
    "output. run, backtest, leakage, ablation and map check the file first and stop at a problem; --accept "
    "CODE accepts it."
)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line and return its exit code, one of `CODES`."""
    return quietly(lambda: _ended(arguments))


@plain_output()
def _ended(arguments: Sequence[str] | None) -> int:
    options = make_parser().parse_args(arguments)
    try:
        set_up(options.log)
        return int(options.command(options))
    except RareEventError as error:
        sys.stderr.write(f"rare_event: {error.on_command_line}\n")
        return BAD_INPUT
    except KeyboardInterrupt:
        sys.stderr.write("rare_event: stopped.\n")
        return commands.INTERRUPTED


def make_parser() -> argparse.ArgumentParser:
    """Make the parser of all commands."""
    parser = argparse.ArgumentParser(prog="python -m rare_event", description=USAGE, epilog=CODES)
    parser.add_argument("--version", action="version", version=f"rare_event {rare_event.__version__}")
    parser.add_argument(
        "--log", choices=(ON, OFF), help="write a line to standard error for each phase of a job"
    )
    add = parser.add_subparsers(required=True).add_parser
    reads = [reading_options()]
    _check(add("check", help="list the problems of a file", epilog=CODES, parents=reads))
    _run(add("run", help="train on a file and judge the model", parents=reads))
    _backtest(add("backtest", help="train on the past and test on what follows, fold by fold", parents=reads))
    leakage = "judge one model with random, stretch and time splits, and on invented events"
    _leakage(add("leakage", help=leakage, parents=reads))
    without = "train one model again without each group of its inputs, to see what it reads"
    _ablation(add("ablation", help=without, parents=reads))
    alarms = "judge alarms of another source: a list, a rule on one sensor, or a score"
    _judge_alarms(add("judge-alarms", help=alarms, parents=reads))
    score_options(add("score", help="score new rows with a trained model, and list the alarms"))
    follow_options(add("follow", help="score files as they arrive in a folder", epilog=FOLLOW))
    gate_options(add("gate", help="stop a new run that is worse than the old", epilog=GATE))
    bundle_options(add("bundle", help="write a run to one file, to score new rows elsewhere"))
    import_options(add("import", help="bring a bundle into this workspace"))
    _summary(add("summary", help="print the layers of a run's network"))
    _code(add("code", help="print the Python lines that reproduce a run"))
    report_options(add("report", help="write a run to one HTML page for the shift meeting", epilog=REPORT))
    _export(add("export", help="write a run's network to a file"))
    combinations = "try combinations of shifts, lookbacks, representations and models; resumable"
    _map(add("map", help=combinations, parents=reads))
    list_options(add("list", help="list the datasets, runs and maps of the workspace"))
    delete_options(add("delete", help="delete runs, datasets or maps of the workspace", epilog=DELETE))
    doctor_options(add("doctor", help="check the installation and the workspace", epilog=DOCTOR))
    _bench(add("bench", help="measure speed and size against references"))
    _app(add("app", help="serve the app"))
    return parser


def _check(parser: argparse.ArgumentParser) -> None:
    add_file(parser)
    add_json(parser)
    parser.add_argument(
        "--write-schema", type=Path, metavar="FILE", help="save how the file was read, for use with --schema"
    )
    parser.add_argument("--force", action="store_true", help="replace an existing file")
    parser.set_defaults(command=commands.check_command)


def _run(parser: argparse.ArgumentParser) -> None:
    _add_file_and_preset(parser)
    parser.add_argument("--model", choices=CHOICES, help="model (default: the preset's)")
    parser.add_argument("--split", choices=get_args(SplitKind), help="split (default: the preset's)")
    parser.add_argument("--train-from", metavar="TIME", help="do not use rows before this time")
    parser.add_argument(
        "--train-until",
        metavar="TIME",
        help='train on rows before this time, such as "2024-05-01 06:00"; later rows validate and test',
    )
    parser.add_argument(
        "--shift",
        type=int,
        help="number of rows before an event that become positive; 0 detects events while they last",
    )
    parser.add_argument("--lookback", type=int, help="rows in one window")
    parser.add_argument(
        "--representation", choices=get_args(RepresentationKind), help="what the model sees of the sensors"
    )
    parser.add_argument("--epochs", type=int, help="maximum epochs")
    parser.add_argument(
        "--networks", type=int, help="networks trained from different seeds, whose errors are averaged"
    )
    network_options(parser)
    threshold = parser.add_mutually_exclusive_group()
    threshold.add_argument(
        "--threshold",
        type=float,
        help="use this threshold (default: the lowest with at most 2 false alarms a day on validation data)",
    )
    threshold.add_argument("--rule", help=RULE_HELP)
    parser.add_argument(
        "--costs", help="costs for the rule cost, for example event=10000,false_alarm=200,saved=0.5"
    )
    parser.add_argument(
        "--watch",
        metavar="RULE",
        help="also a watch level, a second, lower threshold: its rule like --rule, for example fa-per-day=6",
    )
    parser.add_argument("--policy", help="alarm policy, for example k=2,n=3,cooldown=10,lead=20")
    parser.add_argument(
        "--ledger", type=Path, metavar="FILE", help="write the ledger of the test part to a CSV file"
    )
    parser.add_argument(
        "--alarms", type=Path, metavar="FILE", help="write the alarms of the test part, for `judge-alarms`"
    )
    parser.add_argument("--tensorboard", action="store_true", help="write TensorBoard logs into the run")
    parser.add_argument("--seed", type=int)
    add_json(parser)
    parser.add_argument("--force", action="store_true", help="replace an existing file")
    _add_accept(parser)
    parser.set_defaults(command=commands.run_command)


def _backtest(parser: argparse.ArgumentParser) -> None:
    _add_file_and_preset(parser)
    parser.add_argument(
        "--model",
        choices=CHOICES,
        nargs="+",
        help="models to compare (default: the preset's)",
    )
    parser.add_argument("--lookback", type=int, help="rows in one window")
    network_options(parser)
    parser.add_argument("--baselines", action="store_true", help="also compare with all baselines")
    parser.add_argument("--folds", type=int, default=6)
    parser.add_argument(
        "--split",
        choices=("rolling", "asset"),
        default="rolling",
        help="rolling: train on the past; asset: test on each machine in turn (default: %(default)s)",
    )
    parser.add_argument(
        "--window",
        choices=get_args(TrainingWindow),
        default="expanding",
        help="training rows of a fold: the whole past, or a window that slides (default: %(default)s)",
    )
    parser.add_argument("--seed", type=int, default=0)
    add_json(parser)
    _add_accept(parser)
    parser.set_defaults(command=commands.backtest_command)


def _leakage(parser: argparse.ArgumentParser) -> None:
    _add_file_and_preset(parser)
    parser.add_argument("--model", choices=CHOICES, help="model (default: the preset's)")
    parser.add_argument("--folds", type=int, default=6)
    parser.add_argument("--seed", type=int, default=0)
    add_json(parser)
    _add_accept(parser)
    parser.set_defaults(command=commands.leakage_command)


def _ablation(parser: argparse.ArgumentParser) -> None:
    _add_file_and_preset(parser)
    parser.add_argument("--model", choices=CHOICES, help="model (default: the preset's)")
    parser.add_argument("--lookback", type=int, help="rows in one window")
    parser.add_argument(
        "--without", nargs="+", default=(), metavar="SENSOR", help="also leave out these sensors together"
    )
    parser.add_argument("--folds", type=int, default=6)
    parser.add_argument("--seed", type=int, default=0)
    add_json(parser)
    _add_accept(parser)
    parser.set_defaults(command=commands.ablation_command)


def _judge_alarms(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("file", type=Path, nargs=1, metavar="FILE", help="the data, as for `run`")
    parser.add_argument(
        "alarms",
        type=Path,
        nargs="?",
        metavar="ALARMS",
        help="list of alarms: one line for each, with its start and, if known, its end and name; with "
        "--score, the file that holds the score",
    )
    parser.add_argument("--rule", metavar="RULE", help='a rule on one sensor, such as "x12 > 4.1 for 3 rows"')
    parser.add_argument("--score", metavar="COL", help="column of a score, in ALARMS or in the data")
    parser.add_argument(
        "--threshold",
        type=float,
        help="threshold of the score (default: chosen on the validation data of --run, by its rule, or for 2 "
        "false alarms a day)",
    )
    parser.add_argument(
        "--run",
        metavar="RUN",
        help="judge on the test windows of this run, by its alarm policy, and compare with its model; this "
        "opens its test data (default: judge on all rows)",
    )
    parser.add_argument(
        "--lead",
        type=float,
        metavar="MINUTES",
        help="how long before an event an alarm counts; 0: during the event (default: that of --run, else "
        "2 rows)",
    )
    parser.add_argument("--policy", help="alarm policy, as for `run` (default: that of --run)")
    parser.add_argument("--ledger", type=Path, metavar="FILE", help="write the ledger to a CSV file")
    parser.add_argument("--force", action="store_true", help="replace an existing file")
    add_json(parser)
    add = parser.add_argument_group("how the list of alarms is read").add_argument
    add("--alarms-time", nargs="+", metavar="COL", help="start column, or start column and end column")
    add("--alarms-time-format", metavar="FORMAT", help="like --time-format, for the list")
    add("--alarms-member", "--alarms-sheet", metavar="NAME", help="like --member, for the list")
    add("--alarms-encoding", metavar="NAME", help="like --encoding, for the list")
    parser.set_defaults(command=judge_alarms_command)


def _summary(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("run", help="id that `run` prints")
    parser.set_defaults(command=commands.summary_command)


def _code(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("run", help="id that `run` prints")
    parser.set_defaults(command=commands.code_command)


def _export(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("run", help="id that `run` prints")
    parser.add_argument("file", type=Path, help="output file, .keras or .onnx")
    parser.add_argument("--force", action="store_true", help="replace an existing file")
    parser.set_defaults(command=commands.export_command)


def _map(parser: argparse.ArgumentParser) -> None:
    space = DesignSpace()
    _add_file_and_preset(parser)
    parser.add_argument("--shifts", type=int, nargs="+", default=space.shifts)
    parser.add_argument("--lookbacks", type=int, nargs="+", default=space.lookbacks)
    kinds = get_args(RepresentationKind)
    parser.add_argument("--representations", choices=kinds, nargs="+", default=space.representations)
    parser.add_argument("--models", choices=sorted(SPACE_MODELS), nargs="+", default=space.models)
    parser.add_argument("--folds", type=int, default=space.folds)
    parser.add_argument(
        "--random", type=int, metavar="N", help="try N random cells instead of the whole grid"
    )
    parser.add_argument(
        "--seed", type=int, default=0, help="seed of --random and of training (default: %(default)s)"
    )
    parser.add_argument("--epochs", type=int)
    parser.add_argument("--jobs", type=int, help="cells trained at once (default: one per core)")
    add_json(parser)
    _add_accept(parser)
    parser.set_defaults(command=commands.map_command)


def _bench(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "names",
        nargs="*",
        metavar="NAME",
        help="benchmarks to run (default: all but score-large, load, cluster, cluster-score, promise and "
        "averages)",
    )
    parser.add_argument("--quick", action="store_true", help="only some, which take minutes together")
    add_json(parser)
    parser.set_defaults(command=commands.bench_command)


def _app(parser: argparse.ArgumentParser) -> None:
    from rare_event.ui.serve import add_options

    add_options(parser)
    parser.set_defaults(command=commands.app_command)


def _add_file_and_preset(parser: argparse.ArgumentParser) -> None:
    add_file(parser)
    parser.add_argument("--preset", choices=sorted(PRESETS), default="recommended")
    parser.add_argument(
        "--per-asset", action="store_true", help="scale each machine by its own normal training rows"
    )


def _add_accept(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--accept", nargs="*", metavar="CODE", help="train despite problems with these codes, such as RE102"
    )
