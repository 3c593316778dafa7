"""Overview of a design-space map: its cells side by side, the best, and what picking the best is worth."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Literal

import numpy as np
import pandas as pd

from rare_event.clock import MINUTES, TimeUnit
from rare_event.compare.map_cells import Cell, read_cells
from rare_event.judge.align import Figures
from rare_event.judge.judgement import BUDGETS
from rare_event.judge.scores import OLDER_LEAD, ROUNDING, WIDER, Scores
from rare_event.judge.selection import Nested, level_with, nested
from rare_event.store.maps import DesignMap
from rare_event.store.seal import open_once
from rare_event.text import plural


@dataclass(frozen=True)
class Measure:
    """What cells are compared by.

    Parameters
    ----------
    kind
        ``auc``: mean fold AUC. ``caught``: events caught at a budget.
    budget, lead
        Of ``caught``: false alarms a day, and minutes.
    """

    kind: Literal["auc", "caught"] = "auc"
    budget: float = BUDGETS[1]
    lead: float = OLDER_LEAD

    def of(self, figures: Figures) -> tuple[float | None, float | None, float | None]:
        """Return the figure and the ends of its 95% interval; None where not defined."""
        if self.kind == "auc":
            low, high = figures.interval or (None, None)
            return figures.mean_fold_auc, low, high
        count = figures.count(self.budget, self.lead)
        return count.caught, count.low, count.high

    def by_fold(self, figures: Figures) -> list[float]:
        """Return the figure of each fold; not a number where there is none."""
        if self.kind == "auc":
            return [np.nan if auc is None else auc for auc in figures.fold_auc]
        return [float(caught) for caught in figures.count(self.budget, self.lead).by_fold]


@dataclass(frozen=True)
class Overview:
    """The present state of a map: all its cells, done or not, and the windows that they are judged on.

    There are no windows before the first cell began.
    """

    map_id: str
    cells: Sequence[Cell]
    windows: Scores | None

    @cached_property
    def judged(self) -> list[Cell]:
        """The cells that are done."""
        return [cell for cell in self.cells if cell.figures is not None]

    @property
    def n_compared(self) -> int:
        """Number of settings compared."""
        return len(self.judged)

    @property
    def lead_windows(self) -> tuple[float, float]:
        """Minutes before an event in which alarms are counted, the narrower first."""
        return (OLDER_LEAD, WIDER * OLDER_LEAD) if self.windows is None else self.windows.lead_windows

    @property
    def time_unit(self) -> TimeUnit:
        """Unit of the lead windows and budgets."""
        return MINUTES if self.windows is None else self.windows.time_unit

    @cached_property
    def lead(self) -> float:
        """Minutes before an event in which a window is positive."""
        if self.windows is None or not self.windows.n_positive:
            return self.lead_windows[0]
        widest = float(self.windows.to_event[self.windows.y_true == 1].max())
        return next((lead for lead in self.lead_windows if widest <= lead + ROUNDING), widest)

    def nested(self, measure: Measure) -> Nested | None:
        """Pick on the past, fold by fold; None while there is nothing to pick."""
        if not self.judged:
            return None
        return nested(np.array([measure.by_fold(each) for each in self._figures]))

    @property
    def _figures(self) -> list[Figures]:
        return [cell.figures for cell in self.judged if cell.figures is not None]

    @cached_property
    def best(self) -> Cell | None:
        """The cell with the highest mean fold AUC; None while none has one."""
        known = [cell for cell in self.judged if _auc(cell) is not None]
        return max(known, key=lambda cell: _auc(cell) or 0.0, default=None)

    @cached_property
    def tied(self) -> set[int]:
        """Numbers of the cells that are statistically tied with the best, itself included."""
        if self.best is None:
            return set()
        draws = np.array([each.mean_draws for each in self._figures])
        apart = level_with(draws, self.judged.index(self.best))
        return {cell.number for cell, same in zip(self.judged, apart, strict=True) if same}

    @property
    def marked(self) -> str:
        """What is marked: the best, and how many others are statistically tied with it."""
        others = len(self.tied) - 1
        return (
            f"the best and {plural(others, 'other')} statistically tied with it" if others > 0 else "the best"
        )

    def frame(self) -> pd.DataFrame:
        """Lay the cells out, one row each, in the order of the space, with all their figures."""
        return pd.DataFrame([self._row(cell) for cell in self.cells])

    def _row(self, cell: Cell) -> dict[str, object]:
        row: dict[str, object] = {
            "cell": cell.number,
            **cell.setting,
            "state": cell.state,
            "message": cell.status.message if cell.status else "",
            "run": cell.run.id if cell.run else "",
            "seconds": cell.seconds,
        }
        if (figures := cell.figures) is None:
            return row
        low, high = figures.interval or (None, None)
        row |= {
            "AUC": figures.mean_fold_auc,
            "AUC from": low,
            "AUC to": high,
            "tied with the best": cell.number in self.tied,
            "AP": figures.average_precision,
        }
        row |= {f"AUC of fold {fold}": auc for fold, auc in enumerate(figures.fold_auc, 1)}
        for count in figures.counts:
            at = f"at {count.budget:g} {self.time_unit.a_day}, {self._ahead(count.lead)}"
            row |= {f"caught {at}": count.caught, f"caught from {at}": count.low}
            row |= {f"caught to {at}": count.high, f"caught by chance {at}": count.by_chance}
        return row

    def _ahead(self, lead: float) -> str:
        return self.time_unit.span(lead) if lead else "during the event"

    def sentence(self, measure: Measure) -> str:
        """Say what the best is worth, and what picking it is."""
        told = self.nested(measure)
        if told is None or self.n_compared < 2:
            return "Too few settings or folds with events to estimate how well the best would do."
        later = len(told.picks)
        if measure.kind == "auc":
            every, best, picked, middle = (
                f"{each:.2f}"
                for each in (told.best_of_all_folds, told.best_figure, told.nested_figure, told.middle_figure)
            )
            every, verb, of, of_later = f"AUC {every}", "scored", "", ""
        else:
            # Figures of the folds are their means; people count events.
            every = f"{told.best_of_all_folds * (later + 1):.0f}"
            best, picked, middle = (
                f"{each * later:.0f}" for each in (told.best_figure, told.nested_figure, told.middle_figure)
            )
            verb, of = "caught", f" of {plural(self._events(later + 1), 'event')}"
            of_later = f" of {self._events(later)}"
        folds, last = ("both folds", "second") if later == 1 else (f"all {later + 1} folds", f"last {later}")
        if later + 1 < len(self._figures[0].fold_auc):
            folds = f"the {later + 1} folds in which every setting has a figure"
        return (
            f"Best of {self.n_compared} settings: {every}{of} over {folds}, {best}{of_later} "
            f"over the {last}. A setting chosen on earlier folds only would have "
            f"{verb} {picked} there; expect about that on new data. The median setting {verb} {middle}."
        )

    def _events(self, last: int) -> int:
        """Count the events of the last folds, those included that no window can see."""
        if self.windows is None:
            return 0
        folds = np.unique(self.windows.fold)
        if last >= len(folds):
            return len(self.windows.total_events)
        mine = (self.windows.fold >= folds[-last]) & (self.windows.event >= 0)
        # Events are numbered in the order of time, as folds are.
        first = self.windows.event[mine].min(initial=np.iinfo(np.int64).max)
        return int((self.windows.total_events >= first).sum())


def _auc(cell: Cell) -> float | None:
    return cell.figures.mean_fold_auc if cell.figures else None


def overview(design_map: DesignMap) -> Overview:
    """Read the present state of a map."""
    return Overview(design_map.id, read_cells(design_map), design_map.windows())


def look_at(seen: Overview) -> None:
    """Note that the test data of the cells were seen."""
    for cell in seen.judged:
        if cell.run is not None:
            open_once(cell.run)


def describe(seen: Overview) -> str:
    """Lay a map out for people, the best mean fold AUC first."""
    windows, unit = seen.windows, seen.time_unit
    head = f"caught at 2 {unit.a_day}"
    wide = max(24, len(head) + 2)
    about = (
        ""
        if windows is None
        else f"All cells are judged on the same {len(windows):,} windows; {windows.n_positive:,} are "
        f"positive: {positive_in_words(seen)} "
        f"({plural(len(windows.total_events), 'event')})\n"
    )
    lines = [
        *filter(None, [unit.why]),
        f"{'setting':48}{'mean fold AUC':>22}{head:>{wide}}{'seconds':>9}",
    ]
    ranked = sorted(seen.cells, key=lambda cell: _auc(cell) or 0.0, reverse=True)
    for cell in ranked:
        name = cell.title
        if cell.figures is None:
            lines.append(f"{name:48}{cell.state:>22}  {cell.status.message if cell.status else ''}".rstrip())
            continue
        auc, between = cell.figures.mean_fold_auc, cell.figures.interval
        told = "–" if auc is None else f"{auc:.3f}"
        told += "" if between is None else f" ({between[0]:.2f} to {between[1]:.2f})"
        count = cell.figures.count(BUDGETS[1], seen.lead_windows[0])
        caught = f"{count.caught}" + ("" if count.low is None else f" ({count.low:.0f} to {count.high:.0f})")
        same = "*" if cell.number in seen.tied else " "
        lines.append(f"{name:48}{told:>21}{same}{caught:>{wide}}{cell.seconds or 0:>9.0f}")
    notes = [f"* {seen.marked}."]
    if (rolled := by_chance(seen, Measure("caught", lead=seen.lead_windows[0]))) is not None:
        notes.append(
            f"Chance: AUC 0.5; {rolled:.1f} events caught. Thresholds are chosen on the same windows, at the "
            "same false alarm rate for every cell: the figures are upper bounds."
        )
    notes.append(seen.sentence(Measure()))
    return about + "\n".join([*lines, *notes]) + "\n"


def positive_in_words(seen: Overview) -> str:
    """Say which windows of a map are positive."""
    return f"at most {seen.time_unit.span(seen.lead)} before an event" if seen.lead else "during an event"


def by_chance(seen: Overview, measure: Measure) -> float | None:
    """Return the events that the scores catch when they are shifted in time, as a mean over the cells."""
    counts = [
        cell.figures.count(measure.budget, measure.lead).by_chance for cell in seen.judged if cell.figures
    ]
    return float(np.mean(counts)) if counts else None
