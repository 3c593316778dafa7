"""The command line: `python -m rare_event run|backtest|leakage|map FILE`, `summary|export RUN`, `bench`."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Mapping, Sequence
from dataclasses import fields, replace
from pathlib import Path
from typing import Any, cast, get_args

from rare_event.config import (
    PRESETS,
    RECIPES,
    SPACE_MODELS,
    Activation,
    AlarmPolicy,
    DesignSpace,
    ExperimentConfig,
    ModelConfig,
    NetworkConfig,
    PCAModel,
    RecurrentOptions,
    RepresentationKind,
    Rule,
    RuleKind,
    SequenceConfig,
    SplitKind,
    TrainingWindow,
    baselines,
    recipe,
)
from rare_event.errors import ConfigError, RareEventError

MODELS: dict[str, NetworkConfig | PCAModel] = {
    model.kind: model for model in (*(network() for network in get_args(NetworkConfig)), PCAModel())
}
# Over a single row an LSTM has nothing to remember; five rows are the article's lookback.
SEQUENCE_LOOKBACK = 5
BAD_INPUT = 2
# As a shell counts a program that Ctrl-C ended.
INTERRUPTED = 130
# Of the model itself; the names are those of its config.
NETWORK_OPTIONS = [field.name for field in fields(RecurrentOptions)]
# Networks and PCA take the preset's inputs; any other model comes with those that suit it.
CHOICES = sorted({*MODELS, *RECIPES})


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line and return its exit code: 0, or 2 for input that cannot be used.

    Parameters
    ----------
    arguments
        Without the program's name; None takes those of the process.
    """
    options = _parser().parse_args(arguments)
    try:
        return int(options.command(options))
    except RareEventError as error:
        sys.stderr.write(f"rare_event: {error}\n")
        return BAD_INPUT


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m rare_event", description=__doc__)
    commands = parser.add_subparsers(required=True)

    run = commands.add_parser("run", help="train on a file and judge the model")
    run.add_argument("file", type=Path, help="CSV or Parquet file")
    run.add_argument("--preset", choices=sorted(PRESETS), default="recommended")
    run.add_argument("--model", choices=CHOICES, help="another model than the preset's")
    run.add_argument("--split", choices=get_args(SplitKind))
    run.add_argument("--shift", type=int, help="rows before an event that become positive")
    run.add_argument("--lookback", type=int, help="rows in one window")
    run.add_argument("--representation", choices=get_args(RepresentationKind))
    run.add_argument("--epochs", type=int)
    _add_network_options(run)
    run.add_argument(
        "--threshold", type=float, help="instead of: at most 2 false alarms a day on validation data"
    )
    run.add_argument("--rule", help="how to choose the threshold: KIND=VALUE, for example fa-per-day=2")
    run.add_argument("--policy", help="alarm policy, for example k=2,n=3,cooldown=10,lead=20")
    run.add_argument("--ledger", type=Path, metavar="FILE", help="write the ledger of the test part as CSV")
    run.add_argument("--tensorboard", action="store_true", help="write TensorBoard logs into the run")
    run.add_argument("--seed", type=int)
    run.add_argument("--json", action="store_true", help="print one JSON object on standard output")
    run.set_defaults(command=_run)

    backtest = commands.add_parser(
        "backtest", help="train on the past, fold by fold, and judge what came after"
    )
    backtest.add_argument("file", type=Path, help="CSV or Parquet file")
    backtest.add_argument("--preset", choices=sorted(PRESETS), default="recommended")
    backtest.add_argument(
        "--model",
        choices=CHOICES,
        nargs="+",
        help="models to compare, otherwise as the preset",
    )
    backtest.add_argument("--lookback", type=int, help="rows in one window")
    _add_network_options(backtest)
    backtest.add_argument("--baselines", action="store_true", help="compare with all baselines as well")
    backtest.add_argument("--folds", type=int, default=6)
    backtest.add_argument(
        "--window", choices=get_args(TrainingWindow), default="expanding", help="what a fold is trained on"
    )
    backtest.add_argument("--seed", type=int, default=0)
    backtest.add_argument("--json", action="store_true", help="print one JSON object on standard output")
    backtest.set_defaults(command=_backtest)

    leakage = commands.add_parser(
        "leakage", help="judge one model under random rows, held-out stretches, the past, and a placebo"
    )
    leakage.add_argument("file", type=Path, help="CSV or Parquet file")
    leakage.add_argument("--preset", choices=sorted(PRESETS), default="recommended")
    leakage.add_argument("--model", choices=CHOICES, help="another model than the preset's")
    leakage.add_argument("--folds", type=int, default=6)
    leakage.add_argument("--seed", type=int, default=0)
    leakage.add_argument("--json", action="store_true", help="print one JSON object on standard output")
    leakage.set_defaults(command=_leakage)

    summary = commands.add_parser("summary", help="print the layers of a run's network")
    summary.add_argument("run", help="its id, as `run` prints it")
    summary.set_defaults(command=_summary)

    export = commands.add_parser("export", help="write a run's network as a file of its own")
    export.add_argument("run", help="its id, as `run` prints it")
    export.add_argument("file", type=Path, help="ends with .keras, or with .onnx")
    export.set_defaults(command=_export)

    space = DesignSpace()
    design_map = commands.add_parser(
        "map", help="try shifts, lookbacks, representations and models one with another; resumes"
    )
    design_map.add_argument("file", type=Path, help="CSV or Parquet file")
    design_map.add_argument("--preset", choices=sorted(PRESETS), default="recommended")
    design_map.add_argument("--shifts", type=int, nargs="+", default=space.shifts)
    design_map.add_argument("--lookbacks", type=int, nargs="+", default=space.lookbacks)
    kinds = get_args(RepresentationKind)
    design_map.add_argument("--representations", choices=kinds, nargs="+", default=space.representations)
    design_map.add_argument("--models", choices=sorted(SPACE_MODELS), nargs="+", default=space.models)
    design_map.add_argument("--folds", type=int, default=space.folds)
    design_map.add_argument("--random", type=int, metavar="N", help="draw N cells instead of the whole grid")
    design_map.add_argument("--seed", type=int, default=0, help="of that draw, and of training")
    design_map.add_argument("--epochs", type=int)
    design_map.add_argument("--jobs", type=int, help="cells side by side; one for each core without")
    design_map.add_argument("--json", action="store_true", help="print one JSON object on standard output")
    design_map.set_defaults(command=_map)

    bench = commands.add_parser("bench", help="measure speed and size against references, in one sitting")
    bench.add_argument("names", nargs="*", metavar="NAME", help="rows to measure; all without")
    bench.add_argument("--json", action="store_true", help="print one JSON object on standard output")
    bench.set_defaults(command=_bench)
    return parser


def _add_network_options(parser: argparse.ArgumentParser) -> None:
    """Add the options of networks, each an option of its own name in `NETWORK_OPTIONS`."""
    parser.add_argument("--activation", choices=get_args(Activation), help="of a network's hidden layers")
    share: dict[str, Any] = {"type": float, "metavar": "SHARE"}
    parser.add_argument("--dropout", **share, help="set to zero at random while a network is trained")
    parser.add_argument("--recurrent-dropout", **share, help="the same of what recurrent layers remember")
    parser.add_argument("--gaussian-dropout", **share, help="the same by Gaussian noise")
    parser.add_argument("--alpha-dropout", **share, help="the same for networks with --activation selu")
    parser.add_argument("--input-noise", type=float, help="standard deviation of noise on a network's inputs")
    parser.add_argument("--weight-decay", type=float, help="penalty on a network's squared weights")


def configure(options: argparse.Namespace) -> ExperimentConfig:
    """Make the config that the options of `run` ask for.

    Parameters
    ----------
    options
        Parsed; an option that was not given leaves the preset's setting.

    Raises
    ------
    ConfigError
        If an option is out of range.
    """
    config = PRESETS[options.preset]
    changes: dict[str, Any] = {
        name: getattr(options, name)
        for name in ("shift", "lookback", "seed")
        if getattr(options, name) is not None
    }
    if options.model is not None:
        config = with_model(config, options.model)
    config = replace(config, model=with_options(config.model, vars(options)))
    if options.split is not None:
        changes["split"] = replace(config.split, kind=options.split)
    if options.representation is not None:
        changes["representation"] = replace(config.representation, kind=options.representation)
    if options.epochs is not None:
        changes["training"] = replace(config.training, epochs=options.epochs)
    if options.rule is not None:
        changes["rule"] = parse_rule(options.rule)
    if options.threshold is not None:
        changes["rule"] = Rule("fixed", options.threshold)
    if options.policy is not None:
        changes["policy"] = parse_policy(options.policy)
    return replace(config, **changes)


def with_model(config: ExperimentConfig, name: str) -> ExperimentConfig:
    """Return a config with another model, and what that model needs.

    Parameters
    ----------
    config
        A preset.
    name
        Of `CHOICES`.
    """
    if name == config.model.kind:
        return config
    if name not in MODELS:
        return recipe(name, config)
    lookback = config.lookback
    if isinstance(MODELS[name], SequenceConfig) and lookback == 1:
        lookback = SEQUENCE_LOOKBACK
    return replace(config, model=MODELS[name], lookback=lookback)


def with_options(model: ModelConfig, options: Mapping[str, Any]) -> ModelConfig:
    """Return a model with other options of its own.

    Parameters
    ----------
    model
        Of a config.
    options
        By name; those not in `NETWORK_OPTIONS`, and those that are None, are left as they are.

    Raises
    ------
    ConfigError
        If the model has no such option, or its value is out of range.
    """
    given = {name: options[name] for name in NETWORK_OPTIONS if options.get(name) is not None}
    known = [name for name in NETWORK_OPTIONS if name in {field.name for field in fields(model)}]
    for name in given:
        if name not in known:
            has = ", ".join(known) if known else "none, since it is no network"
            raise ConfigError(
                f"The model {model.kind!r} has no option {name}. Of the options of networks it has {has}; "
                "leave the option out, or choose another model."
            )
    return replace(model, **given)


def parse_rule(text: str) -> Rule:
    """Read a rule.

    Parameters
    ----------
    text
        A kind and its value, for example ``fa-per-day=2``; ``cost`` needs no value.

    Raises
    ------
    ConfigError
        If the kind is unknown or the value is no number.
    """
    kind, _, value = text.partition("=")
    return Rule(cast(RuleKind, kind), number_of(value, kind) if value else 0.0)


def parse_policy(text: str) -> AlarmPolicy:
    """Read an alarm policy.

    Parameters
    ----------
    text
        Settings of `AlarmPolicy`, for example ``k=2,n=3,cooldown=10,lead=20``.

    Raises
    ------
    ConfigError
        If a setting is unknown or its value cannot be used.
    """
    whole = {field.name for field in fields(AlarmPolicy) if field.type == "int"}
    known = [field.name for field in fields(AlarmPolicy)]
    settings: dict[str, Any] = {}
    for pair in text.split(","):
        name, _, value = pair.strip().partition("=")
        if name not in known:
            raise ConfigError(f"The alarm policy has no setting {name!r}; it has {', '.join(known)}.")
        settings[name] = number_of(value, name)
        if name in whole and settings[name].is_integer():
            settings[name] = int(settings[name])
    return AlarmPolicy(**settings)


def number_of(text: str, name: str) -> float:
    """Read a number.

    Parameters
    ----------
    text, name
        The text, and what it is the value of.

    Raises
    ------
    ConfigError
        If it is no number.
    """
    try:
        return float(text)
    except ValueError as error:
        raise ConfigError(f"{name} is {text!r}; give a number, for example {name}=2.") from error


def _run(options: argparse.Namespace) -> int:
    from rare_event.detect.tensorboard import tensorboard_command
    from rare_event.jobs.worker import execute
    from rare_event.store.datasets import add_dataset
    from rare_event.store.exports import spreadsheet_safe
    from rare_event.store.runs import create_run
    from rare_event.store.workspace import write

    config = configure(options)
    dataset = add_dataset(options.file, options.file.name)
    run = create_run(dataset, config)
    if options.tensorboard:
        run.request_tensorboard()
    with _Bar() as bar:
        result = execute(run, bar)
    if options.ledger is not None:
        write(options.ledger, lambda path: spreadsheet_safe(result.ledger()).to_csv(path, index=False))
    figures = run.evaluation()
    # What is printed has been seen.
    run.look()
    if options.tensorboard:
        figures["tensorboard"] = tensorboard_command(run.tensorboard)
    sys.stdout.write(json.dumps(figures, indent=1) + "\n" if options.json else _describe(figures))
    return 0


def _backtest(options: argparse.Namespace) -> int:
    from rare_event.experiment.backtest import backtest, describe
    from rare_event.prepare.table import read_table

    table = read_table(options.file)
    base = replace(PRESETS[options.preset], seed=options.seed)
    base = replace(base, split=replace(base.split, window=options.window))
    configs = [replace(with_model(base, name), name=name) for name in options.model or ()] or [base]
    configs = [replace(config, model=with_options(config.model, vars(options))) for config in configs]
    if options.lookback is not None:
        configs = [replace(config, lookback=options.lookback) for config in configs]
    if options.baselines:
        configs += [other for other in baselines(base) if other not in configs]
    with _Bar() as bar:
        rows = backtest(table, configs, options.folds, bar)
    if options.json:
        figures = {"models": [row.to_dict() for row in rows], "n_compared": len(rows)}
        sys.stdout.write(json.dumps(figures, indent=1) + "\n")
    else:
        sys.stdout.write(describe(rows))
    return 0


def _leakage(options: argparse.Namespace) -> int:
    from rare_event.experiment.leakage import describe, leakage, to_dict
    from rare_event.prepare.table import read_table

    table = read_table(options.file)
    config = replace(PRESETS[options.preset], seed=options.seed)
    if options.model is not None:
        config = with_model(config, options.model)
    config = replace(config, split=replace(config.split, folds=options.folds))
    with _Bar() as bar:
        readings = leakage(table, config, bar)
    sys.stdout.write(json.dumps(to_dict(readings), indent=1) + "\n" if options.json else describe(readings))
    return 0


def _summary(options: argparse.Namespace) -> int:
    from rare_event.jobs.export import network_summary
    from rare_event.store.runs import open_run

    sys.stdout.write(network_summary(open_run(options.run)))
    return 0


def _export(options: argparse.Namespace) -> int:
    from rare_event.jobs.export import export_network
    from rare_event.store.runs import open_run

    export_network(open_run(options.run), options.file)
    return 0


def _map(options: argparse.Namespace) -> int:
    from rare_event.compare.map_overview import describe, look_at, overview
    from rare_event.jobs.map_runner import find_or_create, run_map
    from rare_event.store.datasets import add_dataset

    space = design_space(options)
    design_map = find_or_create(add_dataset(options.file, options.file.name), space)
    design_map.withdraw_cancel()
    try:
        with _CellBar(len(space)) as bar:
            run_map(design_map, options.jobs, bar)
    except KeyboardInterrupt:
        sys.stderr.write("rare_event: stopped. The same command goes on with the cells that are left.\n")
        return INTERRUPTED
    seen = overview(design_map)
    # What is printed has been seen.
    look_at(seen)
    sys.stdout.write(json.dumps(seen.to_dict(), indent=1) + "\n" if options.json else describe(seen))
    return 0


def design_space(options: argparse.Namespace) -> DesignSpace:
    """Make the design space that the options of `map` ask for.

    Parameters
    ----------
    options
        Parsed.

    Raises
    ------
    ConfigError
        If an option is out of range.
    """
    base = replace(PRESETS[options.preset], seed=options.seed)
    if options.epochs is not None:
        base = replace(base, training=replace(base.training, epochs=options.epochs))
    if options.jobs is not None and options.jobs < 1:
        raise ConfigError(f"--jobs is {options.jobs}; choose 1 or more.")
    return DesignSpace(
        shifts=tuple(options.shifts),
        lookbacks=tuple(options.lookbacks),
        representations=tuple(options.representations),
        models=tuple(options.models),
        sample=options.random,
        seed=options.seed,
        folds=options.folds,
        base=base,
    )


class _CellBar:
    """A progress bar on standard error over the cells of a map."""

    def __init__(self, total: int) -> None:
        self._total = total

    def __enter__(self) -> _CellBar:
        from tqdm import tqdm

        # The time left is told by what cells of the same kind took, not by the mean of all.
        form = "{n_fmt} of {total_fmt} cells |{bar}| {elapsed} {postfix}"
        self._bar = tqdm(total=self._total, file=sys.stderr, bar_format=form)
        return self

    def __exit__(self, *_: object) -> None:
        self._bar.close()

    def __call__(self, progress: Any) -> None:
        self._bar.n = progress.done + progress.failed
        words = [f"{progress.running} running"]
        if progress.failed:
            words.append(f"{progress.failed} failed")
        if progress.seconds_left is not None:
            words.append(f"about {progress.seconds_left / 60:.0f} min left")
        self._bar.set_postfix_str(", ".join(words))


class _Bar:
    """A progress bar on standard error over the epochs of all folds."""

    def __enter__(self) -> _Bar:
        from tqdm import tqdm

        self._bar = tqdm(unit="epoch", file=sys.stderr)
        return self

    def __exit__(self, *_: object) -> None:
        self._bar.close()

    def __call__(self, fold: int, folds: int, epoch: Any) -> None:
        self._bar.update()
        where = f"fold {fold + 1} of {folds}, " if folds > 1 else ""
        self._bar.set_postfix_str(f"{where}validation loss {epoch.validation_loss:.4f}", refresh=False)


def _describe(figures: dict[str, Any]) -> str:
    """Say what a run came to, for people."""
    events, test, lead = figures["events"], figures["test"], figures["median_lead_minutes"]
    optimistic = " (random split: optimistic)" if figures["split"] == "random" else ""
    auc = "not defined (one class only)" if test["auc"] is None else f"{test['auc']:.3f}"
    if test["interval"] is not None:
        auc += " ({:.2f} to {:.2f}, chance 0.5)".format(*test["interval"])
    median_lead = "" if lead is None else f", median lead {lead:g} minutes"
    rows = ", ".join(f"{name} {count:,}" for name, count in figures["confusion"].items())
    return (
        f"{figures['preset']} on {figures['n_rows']:,} rows of {figures['n_sensors']} sensors, "
        f"{figures['split']} split{optimistic}\n"
        f"test: AUC {auc}, {test['n']:,} windows, {test['n_positive']:,} positive\n"
        f"events caught: {events['caught']} of {events['total']}, "
        f"{figures['false_alarms_per_day']:.1f} false alarms per day{median_lead}\n"
        f"rows: {rows}\n"
        f"run {figures['run']}\n"
    ) + (f"logs: {figures['tensorboard']}\n" if "tensorboard" in figures else "")


def _bench(options: argparse.Namespace) -> int:
    from rare_event.bench import describe, measure

    rows = measure(options.names)
    sys.stdout.write(json.dumps(rows, indent=1) + "\n" if options.json else describe(rows))
    return 0


if __name__ == "__main__":
    sys.exit(main())
