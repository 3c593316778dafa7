"""Which alarms the command `judge-alarms` is given, and how their file is read."""

from __future__ import annotations

import argparse
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from rare_event.errors import ConfigError

if TYPE_CHECKING:
    from rare_event.read.table import Reading

READING = ("time", "time_format", "member", "encoding")


def require_one_source(options: argparse.Namespace) -> None:
    """Refuse options that name no alarms, or more than one kind, or that do not go together.

    Raises
    ------
    ConfigError
        If they do.
    """
    if options.rule is not None and (options.alarms is not None or options.score is not None):
        other = "a list of alarms" if options.alarms is not None else "--score"
        raise ConfigError(
            f"--rule gives the alarms, so {other} cannot be used with it. Leave out one of them."
        )
    if options.rule is None and options.alarms is None and options.score is None:
        raise ConfigError(
            "No alarms are given. Name a file of alarms after the data, or use --rule or --score COLUMN."
        )
    if options.threshold is not None and options.score is None:
        raise ConfigError("--threshold is for a score. Add --score COLUMN, or leave it out.")
    if options.score is not None and options.threshold is None and options.run is None:
        raise ConfigError(
            "A score needs a threshold. Give --threshold, or --run RUN to choose it on the validation data "
            "of that run."
        )
    if options.threshold is not None and not np.isfinite(options.threshold):
        raise ConfigError(f"--threshold is {options.threshold}. Give a finite number.")
    given = [name for name in READING if getattr(options, f"alarms_{name}") is not None]
    if given and options.alarms is None:
        option = given[0].replace("_", "-")
        raise ConfigError(f"--alarms-{option} needs a file of alarms. Name it after the data.")
    if options.lead is not None and not 0 <= options.lead < np.inf:
        raise ConfigError(f"--lead is {options.lead:g}. Give minutes: 0 or more.")


def reading_of(options: argparse.Namespace) -> Reading:
    """Return how the file of alarms is read."""
    from rare_event.read.table import AS_FOUND

    changes: dict[str, Any] = {
        name: value for name in READING if (value := getattr(options, f"alarms_{name}")) is not None
    }
    if "time" in changes:
        changes["time"] = tuple(changes["time"])
    return replace(AS_FOUND, **changes)
