"""Whether the narrowest part of a network suits the number of its inputs, found before training."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TypeGuard

from rare_event.config import ExperimentConfig
from rare_event.config.networks import AttentionModel, DenseModel, VAEModel, VectorModel
from rare_event.prepare.prepared import Prepared
from rare_event.text import plural

# The articles keep 59 sensors in 16 numbers. A change in one of more than ten inputs per number is a small
# part of what that number encodes.
MOST_INPUTS_EACH = 10


def has_bottleneck(model: object) -> TypeGuard[DenseModel | VAEModel | VectorModel | AttentionModel]:
    """Whether a model encodes a window as few numbers; convolutions shorten it instead."""
    return isinstance(model, DenseModel | VAEModel | VectorModel | AttentionModel)


def n_inputs(prepared: Prepared) -> int:
    """Count the inputs of a model in each row; a category has one for each of its values."""
    derived = prepared.derived
    return int(derived.values.shape[1]) + sum(len(set(each.tolist())) for each in derived.grades.values())


def check_bottleneck(prepared: Prepared, config: ExperimentConfig) -> Iterator[str]:
    """Say where a network can copy its input, or merges many inputs into each of its numbers."""
    if not has_bottleneck(config.model):
        return
    inputs, width = n_inputs(prepared), config.model.bottleneck
    values = inputs * config.lookback
    if width >= values > 1:
        yield (
            f"The narrowest part of the network has {plural(width, 'unit')}, and a window holds only "
            f"{values:,} numbers: the network can copy its input, so its score says little. Choose at most "
            f"{plural(values // 2, 'unit')} there."
        )
    elif inputs > MOST_INPUTS_EACH * width:
        yield (
            f"The narrowest part of the network has {plural(width, 'unit')} for {inputs:,} inputs, so it may "
            f"miss a change in a few sensors. Choose at least {-(-inputs // MOST_INPUTS_EACH):,} units "
            "there, or leave out sensors that repeat others."
        )
