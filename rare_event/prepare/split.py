"""Splits: folds of training, validation and test rows."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from rare_event.config import SplitPlan
from rare_event.config.labels import SPLITS
from rare_event.errors import DataError
from rare_event.prepare.assets import asset_rows
from rare_event.text import plural

# Share of the rows for testing, and of the others for validation, as in the articles.
HOLD_OUT = 0.2
# Share of the past for validation in a rolling split: its last rows.
ROLLING_VALIDATION = 0.15


@dataclass(frozen=True)
class Fold:
    """Row positions of the three parts, each rising except in a random or shuffled split."""

    train: np.ndarray
    validation: np.ndarray
    test: np.ndarray


def split(
    plan: SplitPlan,
    stretch: np.ndarray,
    ends: np.ndarray,
    purge: int,
    clock: np.ndarray | None = None,
    asset: np.ndarray | None = None,
    when: np.ndarray | None = None,
) -> list[Fold]:
    """Divide the rows into folds.

    Parameters
    ----------
    plan
        The settings of the split.
    stretch
        Stretch id of each row, shape (n_rows,).
    ends
        Last rows of the windows, from which random and shuffled splits draw.
    purge
        Rows removed from the end of a part that another part follows in time (lookback + shift), so
        that no window or label is in both; with assets, from the end of each. Test rows are never
        removed: they are the same for every lookback.
    clock, asset
        Minutes and number of each row's asset, shape (n_rows,), the latter never falling. With assets, splits
        by time cut all of them at the same times. None takes the rows for one machine, in time order.
    when
        Times of the rows, datetime64 of shape (n_rows,), for a plan with training dates; numbers or None if
        the file has no readable time.

    Raises
    ------
    DataError
        If a part would be empty, or training dates are asked of a file without times.
    """
    n_rows = len(stretch)
    line = _line(n_rows, clock, asset)
    plans = {
        "random": lambda: _random(plan, ends),
        "shuffled": lambda: _shuffled(plan, ends),
        "stretch": lambda: _by_stretch(plan, stretch),
        "chronological": lambda: _chronological(line, purge, _training_dates(plan, when)),
        "rolling": lambda: _rolling(plan, line, purge),
        "asset": lambda: _by_asset(line, clock, purge),
    }
    folds = plans[plan.kind]()
    for number, fold in enumerate(folds, 1):
        for part, word in (("train", "training"), ("validation", "validation"), ("test", "test")):
            if not len(getattr(fold, part)):
                of = f" of fold {number} of {len(folds)}" if len(folds) > 1 else ""
                fewer = "fewer folds, " if len(folds) > 1 and plan.kind != "asset" else ""
                raise DataError(
                    f"The {SPLITS[plan.kind]} leaves no rows for the {word} part{of}: there are too few rows "
                    f"({n_rows:,}). Use {fewer}a shorter lookback or shift, or more data."
                )
    return folds


def hold_out_last(place: np.ndarray, asset: np.ndarray | None, share: float, purge: int) -> Fold:
    """Hold out the last rows in time for validation; all others are for training and none for testing.

    Parameters
    ----------
    place
        Time of each row, or its number, shape (n_rows,).
    asset
        Number of each row's asset, shape (n_rows,); None for one machine.
    share
        Share of the rows for validation.
    purge
        Rows of an asset removed from the end of its training rows where its validation rows follow.

    Raises
    ------
    DataError
        If a part would be empty.

    Examples
    --------
    >>> hold_out_last(np.arange(8), None, share=0.25, purge=2).train.tolist()
    [0, 1, 2, 3]
    """
    rank = np.searchsorted(np.sort(place), place)
    late = rank >= round((1 - share) * len(place))
    validation = np.flatnonzero(late)
    train = purged(np.flatnonzero(~late), validation, asset, len(place), purge)
    for part, word in ((train, "train on"), (validation, "choose the threshold on")):
        if not len(part):
            raise DataError(
                f"No rows are left to {word}: of {plural(len(place), 'row')}, the last {len(validation):,} "
                f"choose the threshold, and {plural(purge, 'row')} before them are left out. Use more rows, "
                "another share of them, or a shorter lookback or shift."
            )
    return Fold(train, validation, np.empty(0, np.int64))


def purged(
    rows: np.ndarray, others: np.ndarray, asset: np.ndarray | None, n_rows: int, purge: int
) -> np.ndarray:
    """Remove the rows that lie within `purge` rows of other rows of their asset, before or after.

    Parameters
    ----------
    rows, others
        Positions, such as those of training and test rows.
    asset
        Number of each row's asset, in any order, shape (n_rows,); None for one machine.
    n_rows
        Number of all rows.
    purge
        Number of rows.

    Examples
    --------
    >>> purged(np.array([0, 1, 2, 5, 6]), np.array([3, 4]), None, n_rows=7, purge=1).tolist()
    [0, 1, 6]
    """
    whole = np.zeros(n_rows, np.int64) if asset is None else asset
    order = np.argsort(whole, kind="stable")
    index, of = np.arange(n_rows), whole[order]
    marked = np.zeros(n_rows, bool)
    marked[others] = True
    marked = marked[order]
    behind = np.maximum.accumulate(np.where(marked, index, -1))
    ahead = np.minimum.accumulate(np.where(marked, index, n_rows)[::-1])[::-1]
    near = np.zeros(n_rows, bool)
    for other, there in ((behind, behind >= 0), (ahead, ahead < n_rows)):
        same = there & (of[np.clip(other, 0, max(n_rows - 1, 0))] == of)
        near[order] |= same & (np.abs(other - index) <= purge)
    kept: np.ndarray = rows[~near[rows]]
    return kept


def _random(plan: SplitPlan, ends: np.ndarray) -> list[Fold]:
    from sklearn.model_selection import train_test_split

    if len(ends) < 5:
        raise DataError(f"Too few windows for a random split: {len(ends)}. Use more data.")
    rest, test = train_test_split(ends, test_size=HOLD_OUT, random_state=plan.seed)
    return [_nested(rest, test, plan.seed)]


def _shuffled(plan: SplitPlan, ends: np.ndarray) -> list[Fold]:
    from sklearn.model_selection import KFold

    if len(ends) < max(4, plan.folds):
        raise DataError(
            f"Too few windows to split at random into {plan.folds} folds: {len(ends)}. Use fewer folds, or "
            "more data."
        )
    folds = KFold(plan.folds, shuffle=True, random_state=plan.seed).split(ends)
    return [_nested(ends[rest], ends[test], plan.seed) for rest, test in folds]


def _nested(rest: np.ndarray, test: np.ndarray, seed: int) -> Fold:
    from sklearn.model_selection import train_test_split

    train, validation = train_test_split(rest, test_size=HOLD_OUT, random_state=seed)
    return Fold(train, validation, test)


def _by_stretch(plan: SplitPlan, stretch: np.ndarray) -> list[Fold]:
    from sklearn.model_selection import GroupKFold, GroupShuffleSplit

    n_stretches = len(np.unique(stretch))
    # Two folds of three stretches could leave one to both train and validate on.
    if n_stretches < max(plan.folds + 1, 4):
        raise DataError(
            f"The file has {n_stretches} {'stretch' if n_stretches == 1 else 'stretches'}, too few to hold "
            f"out {plan.folds} groups. Use fewer folds, or a split by time."
        )
    rows = np.arange(len(stretch))
    folds = []
    for rest, test in GroupKFold(plan.folds, shuffle=True, random_state=plan.seed).split(
        rows, groups=stretch
    ):
        inner = GroupShuffleSplit(1, test_size=HOLD_OUT, random_state=plan.seed)
        train, validation = next(inner.split(rest, groups=stretch[rest]))
        folds.append(Fold(rest[train], rest[validation], test))
    return folds


@dataclass(frozen=True)
class _Line:
    """Rows on one line of time, on which parts are cut: positions `of` the rows of each asset, rising.

    The place of a row is its position or, with assets, how many rows of any asset are earlier.
    """

    place: np.ndarray
    of: list[np.ndarray]

    def part(self, first: float, last: float, purge: int = 0) -> np.ndarray:
        """Rows from place `first` to before `last`, without the last `purge` of each asset."""
        inside = (self.place >= first) & (self.place < last)
        kept = [rows[inside[rows]] for rows in self.of]
        return np.concatenate([rows[: max(0, len(rows) - purge)] for rows in kept])


def _line(n_rows: int, clock: np.ndarray | None, asset: np.ndarray | None) -> _Line:
    rows = np.arange(n_rows)
    if clock is None or asset is None:
        return _Line(rows, [rows])
    # Rows of one time have one place, so no cut runs between them.
    place = np.searchsorted(np.sort(clock), clock)
    return _Line(place, [rows[part] for part in asset_rows(asset)])


def _by_asset(line: _Line, clock: np.ndarray | None, purge: int) -> list[Fold]:
    """Test on each asset in turn; the others are cut at one time into training and validation."""
    if clock is None or len(line.of) < 2:
        raise DataError(
            "The split by asset needs at least two assets. Give the column that names the "
            "machine of each row the role “asset”, or choose another split."
        )
    folds = []
    for number, test in enumerate(line.of):
        others = [rows for other, rows in enumerate(line.of) if other != number]
        end = np.sort(clock[np.concatenate(others)])[round((1 - HOLD_OUT) * sum(map(len, others)))]
        early = [rows[clock[rows] < end] for rows in others]
        train = np.concatenate([rows[: max(0, len(rows) - purge)] for rows in early])
        folds.append(Fold(train, np.concatenate([rows[clock[rows] >= end] for rows in others]), test))
    return folds


def _in_time(line: _Line, begin: int, train_end: int, validation_end: int, end: int, purge: int) -> Fold:
    return Fold(
        line.part(begin, train_end, purge),
        line.part(train_end, validation_end, purge),
        line.part(validation_end, end),
    )


def _training_dates(plan: SplitPlan, when: np.ndarray | None) -> tuple[int, int | None]:
    """Return the places of the first training row and of the first row after; None: as the shares say."""
    if not plan.dates:
        return 0, None
    if when is None or when.dtype.kind != "M":
        raise DataError(
            "The training rows are chosen by time, but this file has no readable time. Leave out the "
            "training dates, or give a column the role time."
        )
    places = {"from": 0, "until": len(when)}
    for word, text in plan.dates:
        places[word] = int((when < np.datetime64(text)).sum())
    until = places["until"] if plan.train_until is not None else None
    if places["from"] >= places["until"] or until == len(when):
        limits = " ".join(f"{word} {text}" for word, text in plan.dates)
        first, last = (str(end.astype("datetime64[s]")).replace("T", " ") for end in (when.min(), when.max()))
        left = "no rows to train on" if places["from"] >= places["until"] else "no rows to test on"
        raise DataError(
            f"Training {limits} leaves {left}: this file covers {first} to {last}. Choose times between "
            "these two."
        )
    return places["from"], until


def _chronological(line: _Line, purge: int, dates: tuple[int, int | None]) -> list[Fold]:
    end = len(line.place)
    begin, train_end = dates
    if train_end is None:
        train_end = begin + round((end - begin) * (1 - HOLD_OUT) ** 2)
        validation_end = begin + round((end - begin) * (1 - HOLD_OUT))
    else:
        # The later rows are divided as without training dates: 16 to 20.
        validation_end = train_end + round((end - train_end) * (1 - HOLD_OUT) / (2 - HOLD_OUT))
    return [_in_time(line, begin, train_end, validation_end, end, purge)]


def _rolling(plan: SplitPlan, line: _Line, purge: int) -> list[Fold]:
    n_rows = len(line.place)
    bounds = np.linspace(n_rows * (1 - plan.test_share), n_rows, plan.folds + 1).round().astype(int)
    return [
        # A trailing window is as long as the past of the first fold: older rows are left out of training.
        _in_time(
            line,
            0 if plan.window == "expanding" else int(start - bounds[0]),
            round(start * (1 - ROLLING_VALIDATION)),
            int(start),
            int(end),
            purge,
        )
        for start, end in zip(bounds[:-1], bounds[1:], strict=True)
    ]
