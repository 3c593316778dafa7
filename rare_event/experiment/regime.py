"""The regime test on new rows: against the validation scores that a trained model keeps."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pandas as pd

from rare_event.clock import MS_PER_MINUTE
from rare_event.experiment.stream import Block
from rare_event.experiment.trained import Trained, input_names
from rare_event.judge.regime import Regime, regime
from rare_event.judge.regime_words import change_in_words, moments
from rare_event.judge.scores import Scores
from rare_event.prepare.table import Table

REMEDY = "Train again on rows since then, or use a trailing threshold."
OLDER = "an older version trained the model and did not keep which of its scores are validation data."

BUNDLED = (
    "Whether normal rows still score as they did cannot be tested: the model comes from a bundle, which has "
    "no validation scores. Score the rows where the model was trained to test it."
)


def regime_of_new(
    trained: Trained, table: Table, scores: Scores, blocks: Sequence[Block]
) -> tuple[Regime, str]:
    """Test whether new rows still score as normal validation rows did, and say what was found.

    Parameters
    ----------
    trained
        The model.
    table
        The rows; without a label all are taken for normal.
    scores
        Their scored windows.
    blocks
        The outcomes of the rows, in their order, with the shares of the sensors.

    Returns
    -------
    tuple
        What was found; and since when the threshold is not valid, empty if it is, as far as is known.
    """
    if not trained.past.whole:
        return Regime((), 0, (BUNDLED,), None), ""
    references = references_of_past(trained)
    if references is None:
        return Regime((), 0, (OLDER,), None), ""
    found = regime(references, scores)
    # The shares of a million rows are only put together where they are asked for.
    if found.changes:
        found = regime(references, scores, _contributions(blocks), input_names(trained.part))
    return found, _in_words(trained, found, table.schema.label is not None)


def references_of_past(trained: Trained) -> dict[tuple[int, str], np.ndarray] | None:
    """Return the kept scores of validation rows by machine; None where they cannot be told from the others.

    Where validation and test rows alternate in time, both stand for the time of training. The few positive
    rows among them hardly move a median.
    """
    past, config, split = trained.past, trained.config, trained.facts.split
    validation = np.ones(len(past.y_score), bool)
    if config.split.kind in ("chronological", "rolling"):
        if "validation" not in split:
            return None
        if trained.facts.origin is not None:
            last = np.datetime64(split["validation"].last, "ms") - trained.facts.origin.astype(
                "datetime64[ms]"
            )
            # A part of a millisecond is lost above.
            validation = past.clock <= (last.astype(np.int64) + 1) / MS_PER_MINUTE
        elif trained.facts.steps:
            return None
        else:
            validation = np.arange(len(past.y_score)) < split["validation"].rows
    names = np.unique(past.machine[validation]).tolist()
    return {(0, name): past.y_score[validation & (past.machine == name)] for name in names}


def _contributions(blocks: Sequence[Block]) -> pd.DataFrame:
    """Join the shares of the sensors, with the row of the new table that each window ends in."""
    parts, first = [], 0
    for block in blocks:
        scored = first + np.flatnonzero(np.isfinite(block.y_score))
        parts.append(block.contributions.assign(row=scored, fold=0))
        first += len(block.y_score)
    return pd.concat(parts, ignore_index=True)


def _in_words(trained: Trained, found: Regime, labelled: bool) -> str:
    """Say since when the threshold is not valid, and what to do."""
    if not found.changes:
        return ""
    origin, trailing = trained.facts.origin, trained.rule.trailing
    unit = replace(trained.time_unit, labelled=labelled)
    when = moments(None if origin is None else pd.Timestamp(origin), unit)
    said = [change_in_words(change, when, unit, trailing) for change in found.changes]
    stands = any(change.until is None for change in found.changes)
    return " ".join([*said, *([REMEDY] if stands and not trailing else [])])
