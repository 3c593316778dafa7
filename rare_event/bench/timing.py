"""How a row of the bench is timed and laid out."""

from __future__ import annotations

from collections.abc import Callable
from statistics import median
from time import perf_counter
from typing import Any

Row = dict[str, Any]

TURNS = 5


def seconds(action: Callable[[], object]) -> float:
    """Wall time of one call."""
    began = perf_counter()
    action()
    return perf_counter() - began


def in_turn(ours: Callable[[], object], reference: Callable[[], object], turns: int) -> tuple[float, float]:
    """Median wall times of two actions that take turns, in seconds."""
    times = [(seconds(ours), seconds(reference)) for _ in range(turns)]
    return median(t[0] for t in times), median(t[1] for t in times)


def row(ours: float, reference: float, reference_is: str, **more: Any) -> Row:
    """Make a row of the bench.

    Parameters
    ----------
    ours, reference
        Seconds or bytes.
    reference_is
        What the reference is.
    **more
        Further figures.
    """
    return {
        "ours": ours,
        "reference": reference,
        "ratio": reference / ours,
        "reference_is": reference_is,
        **more,
    }
