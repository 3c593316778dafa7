"""Figures in a row."""

from typing import Any

import pytest

from rare_event.ui import metrics
from rare_event.ui.metrics import NARROW, WIDTH, show_metrics


@pytest.mark.parametrize(("value", "width"), [("1,234", NARROW), ("99,999", NARROW), ("762,000", WIDTH)])
def test_a_long_figure_has_room(monkeypatch: pytest.MonkeyPatch, value: str, width: int) -> None:
    shown: list[tuple[Any, Any]] = []
    monkeypatch.setattr(
        metrics.st, "metric", lambda label, value, **options: shown.append((value, options["width"]))
    )
    show_metrics(iter([("Parameters", "5,146", None), ("Training windows", value, None)]), narrow=True)
    assert shown == [("5,146", width), (value, width)], "all of a line are alike, and none is left out"
