"""A training whose loss grew has not learned."""

import numpy as np
import pandas as pd
import pytest

from rare_event.experiment.convergence import failure_to_learn


def history(*folds: list[float]) -> pd.DataFrame:
    rows = [(k, 1, epoch, loss) for k, fold in enumerate(folds) for epoch, loss in enumerate(fold, start=1)]
    return pd.DataFrame(rows, columns=["fold", "network", "epoch", "loss"])


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


def test_networks_of_an_average_are_told_apart() -> None:
    first, second = (
        history([0.5, 0.3], [0.5, 0.75]).assign(fold=fold, network=[1, 1, 2, 2]) for fold in (0, 1)
    )
    alone = failure_to_learn(first)
    assert alone.startswith(
        "1 of 2 networks has not learned: the training loss of network 2 grew from 0.5 to 0.75. Choose"
    )
    both = failure_to_learn(pd.concat([first.assign(loss=[0.5, 0.3, 0.4, 0.2]), second]))
    assert both.startswith("1 of 4 networks has not learned: the training loss of network 2 of fold 2 grew ")
    assert "in 1 of" not in alone + both
    grown = failure_to_learn(pd.concat([second, second.assign(fold=0)]))
    assert grown.startswith("2 of 4 networks have not learned: the training loss of network 2 of fold 1 ")


def test_a_loss_that_is_no_number_is_named() -> None:
    assert "is no longer a number" in failure_to_learn(history([0.5, np.nan]))
    assert "is no longer a number" in failure_to_learn(history([0.5, np.inf]))
    assert failure_to_learn(history([0.5, np.nan, 0.4])) == ""
