"""Options of the command line, read into configs."""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from dataclasses import fields, replace
from math import prod
from pathlib import Path
from typing import Any, TypeVar, cast, get_args

from rare_event.config import (
    PRESETS,
    RECIPES,
    Activation,
    AlarmPolicy,
    Costs,
    DesignSpace,
    ExperimentConfig,
    ModelConfig,
    NetworkConfig,
    PCAModel,
    RecurrentOptions,
    Rule,
    RuleKind,
    SequenceConfig,
    SplitPlan,
    recipe,
)
from rare_event.config.labels import RULES
from rare_event.config.prepare import plain_time
from rare_event.errors import ConfigError

S = TypeVar("S", AlarmPolicy, Costs)
MODELS: dict[str, NetworkConfig | PCAModel] = {
    model.kind: model for model in (*(network() for network in get_args(NetworkConfig)), PCAModel())
}
# Over a single row an LSTM has nothing to remember; five rows are the article's lookback.
SEQUENCE_LOOKBACK = 5
# Options of the model itself, named as in its config.
NETWORK_OPTIONS = [
    *(field.name for field in fields(RecurrentOptions)),
    *("widths", "encoder", "decoder", "activity_l1"),
]
# Settings of the training, each an option of its own name.
TRAINING = ("epochs", "networks")
# Networks and PCA use the preset's inputs; every other model has its own.
CHOICES = sorted({*MODELS, *RECIPES})


def preset_of(options: argparse.Namespace) -> ExperimentConfig:
    """Return the preset that the options name, scaled as they say."""
    config = PRESETS[options.preset]
    per_asset = options.per_asset or config.representation.per_asset
    return replace(config, representation=replace(config.representation, per_asset=per_asset))


def configure(options: argparse.Namespace) -> ExperimentConfig:
    """Make the config that the options of `run` ask for.

    Raises
    ------
    ConfigError
        If an option is out of range.
    """
    config = preset_of(options)
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
    if options.train_from or options.train_until:
        changes["split"] = _with_dates(changes.get("split", config.split), options)
    if options.representation is not None:
        changes["representation"] = replace(config.representation, kind=options.representation)
    if training := {name: getattr(options, name) for name in TRAINING if getattr(options, name) is not None}:
        changes["training"] = replace(config.training, **training)
    if options.rule is not None:
        changes["rule"] = parse_rule(options.rule)
    if options.threshold is not None:
        changes["rule"] = Rule("fixed", options.threshold)
    if options.watch is not None:
        changes["watch"] = parse_rule(options.watch, "--watch")
    if options.costs is not None:
        changes |= _with_costs({"rule": config.rule, **changes}, options.costs)
    if options.policy is not None:
        changes["policy"] = parse_settings(AlarmPolicy(), options.policy, "The alarm policy has")
    return replace(config, **changes)


def _with_costs(changes: Mapping[str, Any], text: str) -> dict[str, Rule]:
    """Return the rules of least cost, that of the threshold and that of the watch level, with their costs."""
    rules = {name: changes[name] for name in ("rule", "watch") if name in changes}
    least = {name: rule for name, rule in rules.items() if rule.kind == "cost"}
    if not least:
        raise ConfigError("--costs needs a rule of least cost. Add --rule cost, or --watch cost.")
    costs = parse_settings(Costs(), text, "The costs have")
    return {name: replace(rule, costs=costs) for name, rule in least.items()}


def _with_dates(plan: SplitPlan, options: argparse.Namespace) -> SplitPlan:
    if plan.kind != "chronological":
        raise ConfigError(
            f"--train-from and --train-until need --split chronological, but the split is {plan.kind}. "
            "Change one of them."
        )
    times: dict[str, Any] = {
        name: plain_time(getattr(options, name))
        for name in ("train_from", "train_until")
        if getattr(options, name)
    }
    return replace(plan, **times)


def with_model(config: ExperimentConfig, name: str) -> ExperimentConfig:
    """Return a config with another model, and what that model needs."""
    if name == config.model.kind:
        return config
    if name not in MODELS:
        return recipe(name, config)
    lookback = config.lookback
    if isinstance(MODELS[name], SequenceConfig) and lookback == 1:
        lookback = SEQUENCE_LOOKBACK
    return replace(config.with_model(MODELS[name]), lookback=lookback)


def with_options(model: ModelConfig, options: Mapping[str, Any]) -> ModelConfig:
    """Return a model with some of its options changed.

    Raises
    ------
    ConfigError
        If the model has no such option, or its value is out of range.
    """
    given = {name: options[name] for name in NETWORK_OPTIONS if options.get(name) is not None}
    known = [name for name in NETWORK_OPTIONS if name in {field.name for field in fields(model)}]
    for name in given:
        if name not in known:
            option = f"--{name.replace('_', '-')}"
            has = f"It takes {', '.join(f'--{one}' for one in known)}" if known else "It is not a network"
            raise ConfigError(
                f"The model {model.kind} does not take {option}. {has.replace('_', '-')}. Leave out the "
                "option, or choose another model."
            )
    several = {name: tuple(value) for name, value in given.items() if isinstance(value, list)}
    return replace(model, **given | several)


def parse_rule(text: str, option: str = "--rule") -> Rule:
    """Read a rule.

    Parameters
    ----------
    text
        What was typed.
    option
        Where it was typed.

    Raises
    ------
    ConfigError
        If the kind is unknown, or the value is missing, no number, or one that the rule does not take.
    """
    kind, _, value = text.partition("=")
    if kind == "cost":
        if value:
            example = f"{option} cost --costs event=10000,false_alarm=200,saved=0.5"
            raise ConfigError(
                f"The rule cost takes no value, but got {value!r}. Give the costs like this: {example}."
            )
        return Rule("cost", 0.0)
    return Rule(cast(RuleKind, kind), number_of(value, kind) if kind in RULES else 0.0)


def parse_settings(default: S, text: str, have: str) -> S:
    """Read settings such as ``k=2,n=3``; those that are not named keep their default.

    Several values of one setting have ``|`` between them, as in ``suppress_values=clean|start``.

    Parameters
    ----------
    default
        The settings that are changed.
    text
        What was typed.
    have
        Start of the sentence about an unknown setting.

    Raises
    ------
    ConfigError
        If a setting is unknown or its value cannot be used.
    """
    kinds = {field.name: field.type for field in fields(default)}
    # Known stops are marked on the Alarms page; of new rows --shelve-until shelves the alarms.
    known = [field.name for field in fields(default) if field.name not in ("stops", "shelved")]
    settings: dict[str, Any] = {}
    for pair in text.split(","):
        name, _, value = pair.strip().partition("=")
        if name not in known:
            raise ConfigError(f"{have} no setting {name!r}. The settings are {', '.join(known)}.")
        if name in settings:
            raise ConfigError(f"{name} is set twice. Set it once.")
        if kinds[name] == "str":
            settings[name] = value
        elif str(kinds[name]).startswith("tuple"):
            settings[name] = tuple(part.strip() for part in value.split("|") if part.strip())
        else:
            settings[name] = number_of(value, name)
            if kinds[name] == "int" and settings[name].is_integer():
                settings[name] = int(settings[name])
    return replace(default, **settings)


def number_of(text: str, name: str) -> float:
    """Read a number.

    Raises
    ------
    ConfigError
        If it is no number.
    """
    try:
        return float(text)
    except ValueError as error:
        raise ConfigError(f"{name} is {text!r}. Give a number, for example {name}=2.") from error


def design_space(options: argparse.Namespace) -> DesignSpace:
    """Make the design space that the options of `map` ask for.

    Raises
    ------
    ConfigError
        If an option is out of range.
    """
    base = replace(preset_of(options), seed=options.seed)
    if options.epochs is not None:
        base = replace(base, training=replace(base.training, epochs=options.epochs))
    if options.jobs is not None and options.jobs < 1:
        raise ConfigError(f"--jobs is {options.jobs}. Choose 1 or more.")
    axes = (options.shifts, options.lookbacks, options.representations, options.models)
    n_grid = prod(map(len, axes))
    if options.random is not None and not 1 <= options.random <= n_grid:
        raise ConfigError(f"--random is {options.random:,}; choose 1 to {n_grid:,}.")
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


def add_file(parser: argparse.ArgumentParser) -> None:
    """Add the files of rows."""
    parser.add_argument(
        "file",
        type=Path,
        nargs="+",
        help="CSV, Parquet or Excel file, also zipped; several files are joined in time order",
    )


def add_json(parser: argparse.ArgumentParser) -> None:
    """Add the choice of JSON."""
    parser.add_argument("--json", action="store_true", help="print one JSON object on standard output")


def network_options(parser: argparse.ArgumentParser) -> None:
    """Add the options of networks, each an option of its own name in `NETWORK_OPTIONS`."""
    each: dict[str, Any] = {"type": int, "nargs": "+", "metavar": "UNITS"}
    parser.add_argument("--widths", **each, help="units of each hidden layer of a dense autoencoder")
    parser.add_argument("--encoder", **each, help="units of each encoder layer, which reads the window")
    parser.add_argument(
        "--decoder", **each, help="units of each decoder layer, which reconstructs the window"
    )
    activation: dict[str, Any] = {"choices": get_args(Activation)}
    parser.add_argument("--activation", **activation, help="activation of all hidden layers")
    parser.add_argument("--activations", nargs="+", **activation, help="activation of each hidden layer")
    parser.add_argument("--output-activation", **activation, help="activation of the output layer")
    parser.add_argument("--activity-l1", type=float, help="penalty on the outputs of the first dense layer")
    share: dict[str, Any] = {"type": float, "metavar": "SHARE"}
    parser.add_argument("--dropout", **share, help="share of values set to zero during training")
    parser.add_argument("--recurrent-dropout", **share, help="the same for the state of recurrent layers")
    parser.add_argument("--gaussian-dropout", **share, help="the same with Gaussian noise")
    parser.add_argument("--alpha-dropout", **share, help="the same for networks with --activation selu")
    parser.add_argument(
        "--input-noise", type=float, help="standard deviation of the noise added to the inputs"
    )
    parser.add_argument("--weight-decay", type=float, help="penalty on the squared weights")
