"""Whose turn it is: of several people each is served after the others, and background work comes last."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from rare_event.store.runs import Run
from rare_event.store.scorings import Scoring

# What one worker executes after the other.
Job = Run | Scoring


@dataclass(frozen=True)
class Waiting:
    """A job that waits.

    Parameters
    ----------
    job
        The run or scoring.
    asker
        Who asked for it: a name for each session.
    background
        Whether what people ask for comes first.
    attempts
        How often a worker died before it began.
    """

    job: Job
    asker: str = ""
    background: bool = False
    attempts: int = 0


def in_turn(waiting: Sequence[Waiting], turns: Mapping[str, int]) -> Iterator[Waiting]:
    """Yield what waits in the order of its execution.

    Of what people asked for, the first of whoever was not served for longest is next.

    Parameters
    ----------
    waiting
        In the order in which it was asked for.
    turns
        When each was served last; see `served`.
    """
    left = list(waiting)
    while left:
        asked = [each for each in left if not each.background] or left
        turn = min(asked, key=lambda each: turns.get(each.asker, 0))
        left.remove(turn)
        turns = served(turns, turn)
        yield turn


def served(turns: Mapping[str, int], turn: Waiting) -> Mapping[str, int]:
    """Return who was served when, after one more turn."""
    return {**turns, turn.asker: max(turns.values(), default=0) + 1}
