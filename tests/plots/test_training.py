"""The loss by epoch."""

import numpy as np
import pandas as pd
import pytest

from rare_event.plots.training import loss_figure
from tests.plots.examples import names, texts, trace


def history(n=5, best=3, scale=1.0):
    """Validation loss is lowest at epoch `best`."""
    epoch = np.arange(1, n + 1)
    return pd.DataFrame(
        {"epoch": epoch, "loss": scale / epoch, "validation_loss": scale * (1 + abs(epoch - best))}
    )


def test_both_losses_and_the_best_epoch():
    figure = loss_figure(history())

    assert names(figure) == ["loss", "validation loss", "best epoch"]
    assert list(trace(figure, "best epoch").x) == [3]
    assert list(trace(figure, "best epoch").y) == [1.0]
    assert not texts(figure)


def test_before_the_first_epoch():
    figure = loss_figure(pd.DataFrame(columns=["epoch", "loss", "validation_loss"]))

    assert texts(figure) == ["No epoch has finished yet."]
    assert not figure.data


@pytest.mark.parametrize(("column", "argument"), [("fold", {}), ("part", {"fold_column": "part"})])
def test_folds_are_separate_lines_with_one_legend_entry(column, argument):
    rows = pd.concat([history(best=2).assign(**{column: 0}), history(best=4).assign(**{column: 1})])

    figure = loss_figure(rows, **argument)

    assert names(figure).count("loss") == 2
    shown = [t.name for t in figure.data if t.showlegend is not False]
    assert sorted(shown) == ["best epoch of each fold", "loss", "validation loss"]
    assert list(trace(figure, "best epoch").x) == [2, 4]


def test_networks_of_an_average_are_separate_lines():
    history = pd.DataFrame(
        {"fold": 0, "network": [1, 1, 2, 2], "epoch": [1, 2, 1, 2], "loss": [4, 2, 3, 1.0]}
    ).assign(validation_loss=lambda frame: frame["loss"] + 1)
    figure = loss_figure(history)
    lines = [list(trace.y) for trace in figure.data if trace.name == "loss"]
    assert lines == [[4, 2], [3, 1]], "no line joins the end of one network and the start of the next"
    best = next(trace for trace in figure.data if trace.name == "best epoch of each network")
    assert list(best.y) == [3, 2]
    told = [trace.hovertemplate for trace in figure.data if trace.name == "loss"]
    assert [words.split(":")[0] for words in told] == ["network 1, epoch %{x}", "network 2, epoch %{x}"]
    both = loss_figure(pd.concat([history, history.assign(fold=1)])).data
    assert both[-2].hovertemplate.startswith("fold 2, network 2, epoch ")
    assert loss_figure(history[:2]).data[0].hovertemplate.startswith("epoch "), "one is not numbered"


def test_a_wide_range_is_drawn_on_a_logarithmic_axis():
    assert loss_figure(history().assign(loss=[100, 10, 1, 0.1, 0.01])).layout.yaxis.type == "log"
    assert loss_figure(history().assign(loss=[2, 1.9, 1.8, 1.7, 1.6])).layout.yaxis.type != "log"
    # A loss of 0 cannot be drawn on a logarithmic axis and must not vanish.
    assert loss_figure(history().assign(loss=[100, 10, 1, 0.1, 0])).layout.yaxis.type != "log"


def test_a_loss_that_is_not_a_number_is_left_out():
    rows = history().assign(loss=[1, np.nan, np.inf, 1, 1], validation_loss=[np.nan] * 5)

    figure = loss_figure(rows)

    assert names(figure) == ["loss"]
    assert list(trace(figure, "loss").x) == [1, 4, 5]


def test_the_first_epoch_alone_is_a_marker():
    assert trace(loss_figure(history(1)), "loss").mode == "markers"


def test_a_long_training_is_thinned_out():
    figure = loss_figure(pd.concat([history(20_000).assign(fold=k) for k in range(3)]))

    assert sum(len(t.x) for t in figure.data if t.name == "loss") <= 5000
