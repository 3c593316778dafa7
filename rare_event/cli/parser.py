"""The parser and the entry point."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any, get_args

import rare_event
from rare_event.cli import commands
from rare_event.cli.options import CHOICES
from rare_event.config import (
    PRESETS,
    SPACE_MODELS,
    Activation,
    DesignSpace,
    RepresentationKind,
    SplitKind,
    TrainingWindow,
)
from rare_event.errors import RareEventError

USAGE = "The command line: `python -m rare_event check|run|backtest|leakage|map FILE`, `summary|export RUN`."
BAD_INPUT = 2
CODES = (
    "Exit codes: 0 done, or `check` found notes at most; 1 `check` found warnings; 2 the input or an option "
    "cannot be used; 3 `check` found problems; 130 stopped with Ctrl-C. run, backtest, leakage and map check "
    "the file first and stop at a problem; --accept goes past it."
)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line and return its exit code, one of `CODES`.

    Parameters
    ----------
    arguments
        Without the program's name; None takes those of the process.
    """
    options = make_parser().parse_args(arguments)
    try:
        return int(options.command(options))
    except RareEventError as error:
        sys.stderr.write(f"rare_event: {error}\n")
        return BAD_INPUT
    except KeyboardInterrupt:
        sys.stderr.write("rare_event: stopped.\n")
        return commands.INTERRUPTED


def make_parser() -> argparse.ArgumentParser:
    """Make the parser of all commands."""
    parser = argparse.ArgumentParser(prog="python -m rare_event", description=USAGE, epilog=CODES)
    parser.add_argument("--version", action="version", version=f"rare_event {rare_event.__version__}")
    subparsers = parser.add_subparsers(required=True)

    check = subparsers.add_parser("check", help="list the problems of a file", epilog=CODES)
    check.add_argument("file", type=Path, help="CSV or Parquet file")
    check.add_argument("--json", action="store_true", help="print one JSON object on standard output")
    check.set_defaults(command=commands.check_command)

    run = subparsers.add_parser("run", help="train on a file and judge the model")
    run.add_argument("file", type=Path, help="CSV or Parquet file")
    run.add_argument("--preset", choices=sorted(PRESETS), default="recommended")
    run.add_argument("--model", choices=CHOICES, help="model (default: the preset's)")
    run.add_argument("--split", choices=get_args(SplitKind))
    run.add_argument("--shift", type=int, help="rows before an event that become positive")
    run.add_argument("--lookback", type=int, help="rows in one window")
    run.add_argument("--representation", choices=get_args(RepresentationKind))
    run.add_argument("--epochs", type=int)
    _add_network_options(run)
    run.add_argument(
        "--threshold",
        type=float,
        help="use this threshold (default: the lowest with at most 2 false alarms a day on validation data)",
    )
    run.add_argument("--rule", help="how to choose the threshold: KIND=VALUE, for example fa-per-day=2")
    run.add_argument("--policy", help="alarm policy, for example k=2,n=3,cooldown=10,lead=20")
    run.add_argument("--ledger", type=Path, metavar="FILE", help="write the ledger of the test part as CSV")
    run.add_argument("--tensorboard", action="store_true", help="write TensorBoard logs into the run")
    run.add_argument("--seed", type=int)
    run.add_argument("--json", action="store_true", help="print one JSON object on standard output")
    run.add_argument("--force", action="store_true", help="replace an existing file")
    _add_accept(run)
    run.set_defaults(command=commands.run_command)

    backtest = subparsers.add_parser(
        "backtest", help="train on the past, fold by fold, and judge what came after"
    )
    backtest.add_argument("file", type=Path, help="CSV or Parquet file")
    backtest.add_argument("--preset", choices=sorted(PRESETS), default="recommended")
    backtest.add_argument(
        "--model",
        choices=CHOICES,
        nargs="+",
        help="models to compare (default: the preset's)",
    )
    backtest.add_argument("--lookback", type=int, help="rows in one window")
    _add_network_options(backtest)
    backtest.add_argument("--baselines", action="store_true", help="also compare with all baselines")
    backtest.add_argument("--folds", type=int, default=6)
    backtest.add_argument(
        "--window",
        choices=get_args(TrainingWindow),
        default="expanding",
        help="training window of a fold (default: %(default)s)",
    )
    backtest.add_argument("--seed", type=int, default=0)
    backtest.add_argument("--json", action="store_true", help="print one JSON object on standard output")
    _add_accept(backtest)
    backtest.set_defaults(command=commands.backtest_command)

    leakage = subparsers.add_parser(
        "leakage", help="judge one model under random rows, held-out stretches, the past, and a placebo"
    )
    leakage.add_argument("file", type=Path, help="CSV or Parquet file")
    leakage.add_argument("--preset", choices=sorted(PRESETS), default="recommended")
    leakage.add_argument("--model", choices=CHOICES, help="model (default: the preset's)")
    leakage.add_argument("--folds", type=int, default=6)
    leakage.add_argument("--seed", type=int, default=0)
    leakage.add_argument("--json", action="store_true", help="print one JSON object on standard output")
    _add_accept(leakage)
    leakage.set_defaults(command=commands.leakage_command)

    summary = subparsers.add_parser("summary", help="print the layers of a run's network")
    summary.add_argument("run", help="id that `run` prints")
    summary.set_defaults(command=commands.summary_command)

    export = subparsers.add_parser("export", help="write a run's network to a file")
    export.add_argument("run", help="id that `run` prints")
    export.add_argument("file", type=Path, help="output file, .keras or .onnx")
    export.add_argument("--force", action="store_true", help="replace an existing file")
    export.set_defaults(command=commands.export_command)

    space = DesignSpace()
    design_map = subparsers.add_parser(
        "map", help="try combinations of shifts, lookbacks, representations and models; resumable"
    )
    design_map.add_argument("file", type=Path, help="CSV or Parquet file")
    design_map.add_argument("--preset", choices=sorted(PRESETS), default="recommended")
    design_map.add_argument("--shifts", type=int, nargs="+", default=space.shifts)
    design_map.add_argument("--lookbacks", type=int, nargs="+", default=space.lookbacks)
    kinds = get_args(RepresentationKind)
    design_map.add_argument("--representations", choices=kinds, nargs="+", default=space.representations)
    design_map.add_argument("--models", choices=sorted(SPACE_MODELS), nargs="+", default=space.models)
    design_map.add_argument("--folds", type=int, default=space.folds)
    design_map.add_argument(
        "--random", type=int, metavar="N", help="try N random cells instead of the whole grid"
    )
    design_map.add_argument(
        "--seed", type=int, default=0, help="seed of --random and of training (default: %(default)s)"
    )
    design_map.add_argument("--epochs", type=int)
    design_map.add_argument("--jobs", type=int, help="cells trained at once (default: one per core)")
    design_map.add_argument("--json", action="store_true", help="print one JSON object on standard output")
    _add_accept(design_map)
    design_map.set_defaults(command=commands.map_command)

    bench = subparsers.add_parser("bench", help="measure speed and size against references")
    bench.add_argument("names", nargs="*", metavar="NAME", help="rows to measure (default: all)")
    bench.add_argument("--json", action="store_true", help="print one JSON object on standard output")
    bench.set_defaults(command=commands.bench_command)

    from rare_event.ui.serve import add_options

    app = subparsers.add_parser("app", help="serve the app")
    add_options(app)
    app.set_defaults(command=commands.app_command)
    return parser


def _add_accept(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--accept", action="store_true", help="train even if `check` finds problems")


def _add_network_options(parser: argparse.ArgumentParser) -> None:
    """Add the options of networks, each an option of its own name in `NETWORK_OPTIONS`."""
    parser.add_argument("--activation", choices=get_args(Activation), help="activation of the hidden layers")
    share: dict[str, Any] = {"type": float, "metavar": "SHARE"}
    parser.add_argument("--dropout", **share, help="share of values set to zero during training")
    parser.add_argument("--recurrent-dropout", **share, help="the same for the state of recurrent layers")
    parser.add_argument("--gaussian-dropout", **share, help="the same with Gaussian noise")
    parser.add_argument("--alpha-dropout", **share, help="the same for networks with --activation selu")
    parser.add_argument(
        "--input-noise", type=float, help="standard deviation of the noise added to the inputs"
    )
    parser.add_argument("--weight-decay", type=float, help="penalty on the squared weights")
