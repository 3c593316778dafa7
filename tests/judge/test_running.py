"""Alarms as rows arrive: in any pieces the alarms of one, each with why it ended."""

from dataclasses import replace

import numpy as np
import pytest

from rare_event.config import AlarmPolicy
from rare_event.judge.alarms import alarms
from rare_event.judge.endings import AGAIN, NORMAL, OPEN, SUPPRESSED
from rare_event.judge.running import Alarm, following, hear, kept_windows
from rare_event.judge.scores import Scores
from tests import naive
from tests.small import one_stretch


def test_an_alarm_that_was_counted_again_ends_when_the_next_one_begins() -> None:
    # Rows 2 minutes apart, counted again each 4 minutes. The alarm of row 0 stands until minute 6, and is
    # counted again in row 2, at minute 4. Row 4, at minute 8, begins another.
    scores, policy = one_stretch(9, 0, 0, 0, 9), AlarmPolicy(cooldown=6.0, repeat=4.0)
    listed, on = hear(scores.where(scores.row < 0), scores, 5.0, policy, None, current=0)
    assert [alarm.first_row for alarm in listed] == [0, 2, 4]
    assert [alarm.ended for alarm in listed] == [AGAIN, NORMAL, OPEN]
    assert on.tolist() == [True, True, True, False, True]


def test_an_alarm_that_suppression_ends_says_so() -> None:
    # Of the rows after each alarm, the first has no score to compare after row 0, and one below after row 3.
    scores, policy = one_stretch(9, -np.inf, 9, 9, 0), AlarmPolicy(cooldown=1.0)
    listed, _ = hear(scores.where(scores.row < 0), scores, 5.0, policy, None, current=0)
    assert [alarm.first_row for alarm in listed] == [0, 2, 3]
    assert [alarm.ended for alarm in listed] == [SUPPRESSED, NORMAL, NORMAL]


def in_pieces(
    scores: Scores, edges: list[int], threshold: float, policy: AlarmPolicy
) -> tuple[list[Alarm], list[int]]:
    """Hear the windows piece by piece, as a follower does; the windows kept, and the alarms."""
    ended: list[Alarm] = []
    kept = scores.where(np.zeros(len(scores), bool))
    standing: Alarm | None = None
    sizes: list[int] = []
    for begin, end in zip(edges, edges[1:], strict=False):
        part = scores.where((np.arange(len(scores)) >= begin) & (np.arange(len(scores)) < end))
        if not len(part):
            continue
        current = int(part.stretch[-1])
        listed, _ = hear(kept, part, threshold, policy, standing, current)
        kept = kept_windows(following(kept, part), threshold, policy, current)
        sizes.append(len(kept))
        ended += [alarm for alarm in listed if alarm.ended]
        standing = listed[-1] if listed and not listed[-1].ended else None
    return [*ended, *([standing] if standing else [])], sizes


@pytest.mark.parametrize("share", [1.0, 0.9, 0.4, 0.1])
@pytest.mark.parametrize("seed", range(25))
def test_any_pieces_are_heard_as_one(seed: int, share: float) -> None:
    rng = np.random.default_rng([22, seed])
    scores = naive.random_scores(rng, 110, ties=int(rng.choice([3, 12])), restarts=0.02)
    scores = replace(scores, event=scores.event * 0 - 1, to_event=np.full(len(scores), np.inf))
    policy = replace(naive.random_policy(rng), end_share=share)
    threshold = float(rng.choice(scores.y_score))
    edges = [0, *np.sort(rng.integers(0, len(scores), int(rng.integers(1, 60)))).tolist(), len(scores)]
    found, _ = in_pieces(scores, edges, threshold, policy)
    wanted = alarms(scores, threshold, policy)
    for name in ("first_row", "last_row", "rows", "peak"):
        assert [getattr(alarm, name) for alarm in found] == wanted[name].tolist(), (name, policy, threshold)


def test_what_is_kept_ends_where_the_past_no_longer_matters() -> None:
    # Between the levels nobody knows without the past whether an alarm is on; a score below both tells.
    scores = one_stretch(*[10.0] + 500 * [7.0] + [0.0] + 500 * [0.0])
    policy = AlarmPolicy(cooldown=4.0, repeat=6.0, end_share=0.5)
    _, sizes = in_pieces(scores, list(range(0, len(scores) + 1, 10)), 10.0, policy)
    assert max(sizes) > 480 and sizes[-1] < 20
