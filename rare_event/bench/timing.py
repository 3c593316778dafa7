"""Timing and format of the bench's rows."""

from __future__ import annotations

import resource
from collections.abc import Callable
from pathlib import Path
from statistics import median
from time import perf_counter
from typing import Any

Row = dict[str, Any]

TURNS = 5


def seconds(action: Callable[[], object]) -> float:
    """Return the wall time of a call."""
    began = perf_counter()
    action()
    return perf_counter() - began


def in_turn(ours: Callable[[], object], reference: Callable[[], object], turns: int) -> tuple[float, float]:
    """Return the median wall times of two alternating actions, in seconds."""
    times = [(seconds(ours), seconds(reference)) for _ in range(turns)]
    return median(t[0] for t in times), median(t[1] for t in times)


def row(ours: float, reference: float, reference_is: str, **more: Any) -> Row:
    """Return a row of the bench from two figures in seconds or bytes, and any further figures."""
    return {
        "ours": ours,
        "reference": reference,
        "ratio": reference / ours,
        "reference_is": reference_is,
        **more,
    }


def peak_bytes() -> int:
    """Return the peak resident memory of this process, in bytes."""
    status = Path("/proc/self/status")
    if status.exists():
        # On Linux, getrusage would include the parent's size at the time of the fork.
        return int(status.read_text().split("VmHWM:")[1].split()[0]) * 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
