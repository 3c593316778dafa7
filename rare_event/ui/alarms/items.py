"""The alarms and events of a part, in the order of time, as the page lists them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from rare_event.clock import TimeUnit
from rare_event.config import AlarmPolicy, Rule
from rare_event.experiment.explain import Explanation
from rare_event.judge.ledger import alarm_spans
from rare_event.prepare.table import Table
from rare_event.store.explained import explanations
from rare_event.store.marks import Mark
from rare_event.store.records import Committed, Part
from rare_event.store.runs import Run, open_run
from rare_event.ui.cache import followed_of, ledger_of, prepared_of, unknown_of
from rare_event.ui.kept import kept
from rare_event.ui.marks import marks_on_clock


@dataclass(frozen=True)
class Item:
    """An alarm or an event.

    Parameters
    ----------
    part
        Of the data.
    event
        Number of the event; None for an alarm without one.
    caught
        Whether the event was caught.
    begins, ends
        Minutes on the clock from the first to the last row of its alarm that count, for an event those in its
        lead window; of an event without an alarm, its own time.
    since
        Minutes at which the alarm began, which may be before the lead window.
    at
        Minutes at which it is marked: the time of the event, or the beginning of the alarm.
    lead
        Minutes from the alarm to the event, or from the event to the alarm where events last; NaN without.
    row, fold
        Of the highest score; None where no window sees the event.
    asset
        Its machine; empty for one.
    """

    part: Part
    event: int | None
    caught: bool
    begins: float
    ends: float
    since: float
    at: float
    lead: float
    row: int | None
    fold: int | None
    asset: str

    def is_same(self, other: Item) -> bool:
        """Whether both are one event or overlap: folds share rows, so two models may tell of one alarm."""
        if self.asset != other.asset or (self.event is None) != (other.event is None):
            return False
        if self.event is not None:
            return self.event == other.event
        return self.begins <= max(other.ends, other.begins) and other.begins <= max(self.ends, self.begins)

    @property
    def rang(self) -> bool:
        """Whether an alarm sounded."""
        return self.event is None or self.caught

    @property
    def what(self) -> str:
        """What it is called: an alarm, or an event that none caught."""
        return "alarm" if self.rang else "event"


def items_of(run: Run, part: Part) -> list[Item]:
    """Return the alarms and events of a part at the committed threshold, in the order of time."""
    committed = run.committed()
    thresholds = tuple(sorted(committed.thresholds.items()))
    return _items(run.id, part, committed.policy, committed.trailing, thresholds, committed)


@kept(max_entries=8)
def _items(
    run_id: str,
    part: Part,
    policy: AlarmPolicy,
    trailing: Rule | None,
    thresholds: tuple[tuple[int, float], ...],
    _committed: Committed,
) -> list[Item]:
    run = open_run(run_id)
    lines = ledger_of(run_id, part, _committed)
    found = alarm_spans(followed_of(run_id, part, trailing), dict(thresholds), policy)
    # As arrays: a selection from the frame for each line took most of the time.
    spans = {str(name): column.to_numpy() for name, column in found.items()}
    known = unknown_of(run, part) is None
    event_clock = prepared_of(run.dataset(), run.config()).events.clock
    items = [
        _item(part, line, spans, event_clock) for line in lines.to_dict("records") if known or _is_alarm(line)
    ]
    return sorted(items, key=lambda item: (item.begins, item.asset))


def _is_alarm(line: dict[Any, Any]) -> bool:
    return bool(line["kind"] != "event")


def _item(part: Part, line: dict[Any, Any], spans: Mapping[str, np.ndarray], event_clock: np.ndarray) -> Item:
    asset = str(line.get("asset", ""))
    mine = np.ones(len(spans["start"]), bool) if "asset" not in spans else spans["asset"] == asset
    event = None if _is_alarm(line) else int(line["event"])
    first = float(line["first_alarm"])
    if event is None:
        sounded = mine & (spans["start"] == first) & spans["false"].astype(bool)
        at = first
    else:
        sounded = mine & (spans["event"] == event)
        at = float(event_clock[event])
    begins = first if np.isfinite(first) else at
    since = ends = begins
    if sounded.any() and np.isfinite(first):
        since, ends = float(spans["start"][sounded].min()), float(spans["end"][sounded].max())
    seen = not pd.isna(line["row"])
    lead = line["delay"] if "delay" in line else line["lead"]
    return Item(
        part,
        event,
        bool(line["caught"]),
        begins,
        max(begins, ends),
        min(begins, since),
        at,
        float(lead),
        int(line["row"]) if seen else None,
        int(line["fold"]) if seen else None,
        asset,
    )


def explanation_of(run: Run, item: Item) -> Explanation | None:
    """Return the explanation of an item; None while it is not found."""
    found = found_of(run, item.part)
    return None if found is None else found.get((item.row, item.fold))


def found_of(run: Run, part: Part) -> dict[tuple[int | None, int | None], Explanation] | None:
    """Return the explanations of a part by row and fold; None while they are not found."""
    found = explanations(run, part, run.committed())
    return None if found is None else {(each.row, each.fold): each for each in found}


def time_in_words(minutes: float, table: Table, unit: TimeUnit) -> str:
    """Write a time of the clock for people."""
    if unit.reason:
        return f"row {minutes:,.0f}"
    if table.start is None:
        return f"minute {minutes:,.0f}"
    return f"{pd.Timestamp(table.start) + pd.Timedelta(minutes, unit='min'):%-d %b %Y, %H:%M}"


def when_in_words(minutes: float, table: Table, unit: TimeUnit, day: float | None = None) -> str:
    """Write a time within a sentence, with its date unless that is the one of another time, `day`."""
    said = time_in_words(minutes, table, unit)
    if unit.reason or table.start is None:
        return f"at {said}"
    date, time = said.split(", ")
    same = day is not None and time_in_words(day, table, unit).startswith(f"{date},")
    return f"at {time}" if same else f"on {said}"


def marks_of_items(run: Run, items: Sequence[Item]) -> list[Mark | None]:
    """Return the mark of each item, from this run or another of the same upload."""
    if not items:
        return []
    begins, assets = [item.at for item in items], [item.asset for item in items]
    return marks_on_clock(run, items[0].part, run.committed(), begins, assets)
