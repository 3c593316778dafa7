"""A training whose loss grew has not learned."""

import numpy as np
import pandas as pd
import pytest

from rare_event.experiment.convergence import failure_to_learn


def history(*folds: list[float]) -> pd.DataFrame:
    rows = [(k, epoch, loss) for k, fold in enumerate(folds) for epoch, loss in enumerate(fold, start=1)]
    return pd.DataFrame(rows, columns=["fold", "epoch", "loss"])


@pytest.mark.parametrize("fine", [history(), history([0.9]), history([0.9, 1.2, 0.4]), history([0.9, 0.9])])
def test_a_loss_that_fell_in_the_end_is_fine(fine: pd.DataFrame) -> None:
    assert failure_to_learn(fine) == ""


def test_a_loss_that_grew_is_named_with_its_folds() -> None:
    alone = failure_to_learn(history([0.5, 0.3, 0.75]))
    assert alone.startswith("The training loss grew from 0.5 to 0.75: the network has not learned.")
    several = failure_to_learn(history([0.5, 0.3], [0.5, 40.0], [1.0, 2.0]))
    assert several.startswith(
        "The network has not learned in 2 of 3 folds: the training loss of fold 2 grew "
    )
    assert "grew from 0.5 to 40. Choose" in several and "fold" not in alone


def test_a_loss_that_is_no_number_is_named() -> None:
    assert "is no longer a number" in failure_to_learn(history([0.5, np.nan]))
    assert "is no longer a number" in failure_to_learn(history([0.5, np.inf]))
    assert failure_to_learn(history([0.5, np.nan, 0.4])) == ""
