"""The class balance."""

import pytest

from rare_event.plots.balance import balance_figure
from tests.plots.examples import trace


def test_the_mill():
    figure = balance_figure(18_274, 124)

    # 124 of 18,398 rows are 0.674%, one in 148.4.
    assert figure.layout.title.text == "Class balance: 1 row in 148 is an event row"
    assert trace(figure, "event").name == "event: 124 rows, 0.67%"
    assert trace(figure, "normal").x[0] + trace(figure, "event").x[0] == pytest.approx(100)


@pytest.mark.parametrize(
    ("n_normal", "n_event", "words"),
    [
        (10, 0, "no event rows"),
        (0, 0, "no rows"),
        (1, 3, "3 of 4 rows are event rows"),
        (0, 3, "3 of 3 rows are event rows"),
        (1, 1, "1 row in 2 is an event row"),
    ],
)
def test_odd_balances(n_normal, n_event, words):
    figure = balance_figure(n_normal, n_event)

    assert figure.layout.title.text == f"Class balance: {words}"
    # The outline that keeps few events visible must not draw events that are not there.
    assert (trace(figure, "event").marker.line.width > 0) == (n_event > 0)
