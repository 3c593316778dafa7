"""Whether the loss of a training fell, as it must for a network to have learned."""

from __future__ import annotations

import numpy as np
import pandas as pd

from rare_event.text import number, plural


def failure_to_learn(history: pd.DataFrame) -> str:
    """Say in which folds or networks the training loss grew or was no number; empty if it fell in all.

    Parameters
    ----------
    history
        One row per epoch in the order of training, with the columns ``fold``, ``network`` and ``loss``.
    """
    if not len(history):
        return ""
    trainings = [one for _, one in history.groupby(["fold", "network"], sort=True)]
    # A loss that is no number is not less either.
    grew = [one for one in trainings if not one["loss"].iloc[-1] <= one["loss"].iloc[0]]
    if not grew:
        return ""
    fold, network = grew[0][["fold", "network"]].iloc[0]
    first, last = grew[0]["loss"].iloc[[0, -1]].astype(float)
    what = f"grew from {number(first)} to {number(last)}" if np.isfinite(last) else "is no longer a number"
    said = f"The training loss {what}: the network has not learned"
    if history["network"].nunique() > 1:
        where = f"network {network}" + (f" of fold {fold + 1}" if history["fold"].nunique() > 1 else "")
        has = "has" if len(grew) == 1 else "have"
        said = f"{len(grew)} of {plural(len(trainings), 'network')} {has} not learned: "
        said += f"the training loss of {where} {what}"
    elif len(trainings) > 1:
        said = f"The network has not learned in {len(grew)} of {plural(len(trainings), 'fold')}: "
        said += f"the training loss of fold {fold + 1} {what}"
    return f"{said}. Choose a lower learning rate."
