"""Whether the loss of a training fell, as it must for a network to have learned."""

from __future__ import annotations

import numpy as np
import pandas as pd

from rare_event.text import number, plural


def failure_to_learn(history: pd.DataFrame) -> str:
    """Say in which folds the training loss grew or was no number; empty if it fell in all.

    Parameters
    ----------
    history
        One row per epoch in the order of training, with the columns ``fold`` and ``loss``.
    """
    if not len(history):
        return ""
    losses = [fold["loss"].to_numpy(float) for _, fold in history.groupby("fold", sort=True)]
    # A loss that is no number is not less either.
    grew = [k for k, loss in enumerate(losses) if not loss[-1] <= loss[0]]
    if not grew:
        return ""
    first, last = losses[grew[0]][[0, -1]]
    what = f"grew from {number(first)} to {number(last)}" if np.isfinite(last) else "is no longer a number"
    said = f"The training loss {what}: the network has not learned"
    if len(losses) > 1:
        said = f"The network has not learned in {len(grew)} of {plural(len(losses), 'fold')}: "
        said += f"the training loss of fold {grew[0] + 1} {what}"
    return f"{said}. Choose a lower learning rate."
