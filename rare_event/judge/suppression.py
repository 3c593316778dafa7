"""What is said of suppressed windows: how many there are, and which events nothing can warn of."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

import numpy as np

from rare_event.config import AlarmPolicy
from rare_event.judge.scores import Scores
from rare_event.text import plural


@dataclass(frozen=True)
class Suppression:
    """Windows in which the policy suppresses alarms.

    Parameters
    ----------
    windows
        How many.
    share
        Their share of the running time.
    events
        Events whose whole lead window is suppressed; they count as missed.
    what
        What is done to the alarms: ``suppressed``, ``shelved`` or both.

    Examples
    --------
    >>> Suppression(1200, 0.081, 1).in_words.partition(". ")[0]
    'Alarms are suppressed in 1,200 rows, 8.1% of the running time'
    """

    windows: int
    share: float
    events: int
    what: str = "suppressed"

    @property
    def in_words(self) -> str:
        """Say how much is suppressed, and which events that hides."""
        rows, share = plural(self.windows, "row"), f"{self.share:.1%}"
        said = f"Alarms are {self.what} in {rows}, {share} of the running time."
        if not self.events:
            return said
        has, counts = ("has its", "counts") if self.events == 1 else ("have their", "count")
        events = f"{plural(self.events, 'event')} {has} whole lead window {self.what} and {counts} as missed."
        return f"{said} {events}"


@dataclass(frozen=True)
class Tally:
    """Windows of rows that arrive in pieces: how many are suppressed or shelved so far.

    Parameters
    ----------
    rows, minutes
        Suppressed or shelved windows, and their running time.
    shelved
        Those of them that are shelved.
    running
        Running time of all windows.
    last
        Whether the last row is a window, and whether it is a suppressed one: its running time lasts until
        the next row of its stretch.
    """

    rows: int = 0
    minutes: float = 0.0
    shelved: int = 0
    running: float = 0.0
    last: tuple[bool, bool] = (False, False)

    def later(self, minutes: float) -> Tally:
        """Return it with more running time of the last row."""
        scored, silent = self.last
        return replace(self, minutes=self.minutes + minutes * silent, running=self.running + minutes * scored)

    def more(
        self, minutes: np.ndarray, silent: np.ndarray | None, shelved: np.ndarray, scored_last: bool
    ) -> Tally:
        """Return it with more windows.

        Parameters
        ----------
        minutes, silent, shelved
            Running time of each, whether it is suppressed or shelved (None: none is), and whether it is
            shelved, shape (n,).
        scored_last
            Whether the last row is one of them.
        """
        mask = np.zeros(len(minutes), bool) if silent is None else silent
        return Tally(
            self.rows + int(mask.sum()),
            self.minutes + float(minutes[mask].sum()),
            self.shelved + int(shelved.sum()),
            self.running + float(minutes.sum()),
            (scored_last, scored_last and bool(mask[-1])),
        )


def tallied_in_words(tallies: Iterable[Tally], suppresses: bool, shelves: bool) -> str:
    """Say what is suppressed or shelved in the rows of all machines so far; empty where nothing is.

    The rows may come without a label, so nothing is said of events.

    Parameters
    ----------
    tallies
        Of the machines.
    suppresses, shelves
        Whether the alarm policy suppresses any alarms, and whether any are shelved now.
    """
    every = list(tallies)
    shelved = sum(one.shelved for one in every)
    shelves = shelves or shelved > 0
    if not (suppresses or shelves) or not any(one.running for one in every):
        return ""
    minutes, running = sum(one.minutes for one in every), sum(one.running for one in every)
    rows = sum(one.rows for one in every)
    said = Suppression(rows, minutes / running, 0, _what(suppresses, shelves)).in_words
    return said + _of_these(shelved, suppresses, shelves)


def suppression(scores: Scores, policy: AlarmPolicy) -> Suppression | None:
    """Count what a policy suppresses and shelves, together; None where it does neither.

    Parameters
    ----------
    scores
        Scored windows.
    policy
        The alarm policy.
    """
    silent = scores.suppressed(policy)
    if silent is None:
        return None
    near = scores.in_lead_window(policy) & (scores.event >= 0)
    hidden = set(scores.event[near & silent].tolist()) - set(scores.event[near & ~silent].tolist())
    total = float(scores.running.sum())
    share = float(scores.running[silent].sum()) / total if total else 0.0
    n_hidden = len(hidden & set(scores.total_events.tolist()))
    return Suppression(int(silent.sum()), share, n_hidden, _what(policy.suppresses, bool(policy.shelved)))


def _what(suppresses: bool, shelves: bool) -> str:
    both = {"suppressed": suppresses, "shelved": shelves}
    return " or ".join(word for word, done in both.items() if done)


def suppressed_in_words(scores: Scores, policy: AlarmPolicy) -> str:
    """Say what a policy suppresses, and how much of it is shelved; empty where it does neither."""
    found = suppression(scores, policy)
    if found is None:
        return ""
    shelved = int(scores.shelved(policy).sum())
    return found.in_words + _of_these(shelved, policy.suppresses, bool(policy.shelved))


def _of_these(shelved: int, suppresses: bool, shelves: bool) -> str:
    if not (suppresses and shelves):
        return ""
    return f" In {shelved:,} of these rows, they are shelved."


def hears_nothing(scores: Scores, policy: AlarmPolicy) -> Scores:
    """Take the scores of suppressed windows away: without suppression the policy then hears the same.

    Their score is then below every threshold: for windows of which later ones need to know no more.
    """
    silent = scores.suppressed(policy)
    return scores if silent is None else scores.with_score(np.where(silent, -np.inf, scores.y_score))
