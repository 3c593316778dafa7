"""An ablation in words: what the AUC falls to without what, and what needs no sensor."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from rare_event.experiment.ablation import Ablation, Alone, Without
from rare_event.text import capital, listed, plural

CHANCE = 0.5
MOST_NAMES = 4
# Beyond it, an interval that ends next to 0 is written as it is.
MOST_DIGITS = 4
ALONE = {"clock": "the time since the last restart", "missing": "which values are missing"}


def title_of(each: Without | Alone, most: int = MOST_NAMES) -> str:
    """Name what is left out, or what is left alone.

    Examples
    --------
    >>> title_of(Without("sensors", ("x5", "x15", "x48"), 0.58, 0.08, 0.03, 0.12), most=2)
    'x5, x15 and 1 more'
    >>> title_of(Alone("clock", 0.53, None, 1000, 78))
    'Time since the last restart, alone'
    """
    if isinstance(each, Alone):
        return f"{capital(ALONE[each.kind].removeprefix('the '))}, alone"
    names = listed(each.inputs, most)
    if 1 < len(each.inputs) <= most:
        names = " and ".join([", ".join(each.inputs[:-1]), each.inputs[-1]])
    return f"categories {names}" if each.kind == "categories" else names


def in_words(found: Ablation) -> str:
    """Say in plain words what the model reads."""
    return " ".join(filter(None, [_level(found), _largest(found), _better(found), _alone(found.alone)]))


def _level(found: Ablation) -> str:
    """Warn of a model that has little to lose; nothing where it is better than chance."""
    if found.interval is None or found.interval[0] > CHANCE:
        return ""
    low, high = found.interval
    return (
        f"With all inputs the AUC is {found.auc:.2f} (95% interval {low:.2f} to {high:.2f}), which is not "
        "clearly better than chance, so there is little to lose."
    )


def _largest(found: Ablation) -> str:
    """Name what costs most to leave out, and how many others cost something."""
    costly = [each for each in found.without if each.low > 0]
    if not costly:
        return _nothing_costly(found.without)
    first = costly[0]
    digits = _digits(first.low, first.high)
    figures = _difference(first.fall, first.low, first.high)
    sentence = (
        f"Without {title_of(first)} the AUC falls from {found.auc:.{digits}f} to {first.auc:.{digits}f}: "
        f"by {figures}."
    )
    if len(costly) > 1:
        sentence += f" It also falls without {_quoted(costly[1:])}."
    ahead = [each for each in found.without if each.fall > first.fall]
    if ahead:
        sentence += f" Without {title_of(ahead[0])} the fall is larger, but may be due to chance."
    if len(found.without) > 1:
        sentence += (
            f" {len(found.without)} groups were tried; by chance alone, about 1 in 20 shows a difference."
        )
    return sentence


def _nothing_costly(without: Sequence[Without]) -> str:
    first, what = without[0], "fall" if any(each.seen for each in without) else "difference"
    figures = _difference(first.fall, first.low, first.high)
    if len(without) == 1:
        return f"No {what} can be seen without {title_of(first)}: the AUC falls by {figures}."
    return (
        f"No {what} can be seen without any of the {len(without)} groups of inputs. The largest fall of the "
        f"AUC, without {title_of(first)}, is {figures}."
    )


def _better(found: Ablation) -> str:
    better = [each for each in reversed(found.without) if each.high < 0]
    if not better:
        return ""
    first = better[0]
    figures = _difference(-first.fall, -first.high, -first.low)
    return (
        f"Without {title_of(first)} the AUC rises by {figures}: ignore these inputs in a new run and see "
        "whether later data agree."
    )


def _alone(alone: Sequence[Alone]) -> str:
    told = []
    for each in alone:
        if each.auc is None:
            told.append(f"{ALONE[each.kind]} alone cannot be judged")
            continue
        between = "" if each.interval is None else " ({:.2f} to {:.2f})".format(*each.interval)
        told.append(f"{ALONE[each.kind]} alone reaches {each.auc:.2f}{between}")
    return f"{capital('; '.join(told))}." if told else ""


def _quoted(some: Sequence[Without]) -> str:
    more = f"; and without {plural(len(some) - 2, 'more group')}" if len(some) > 2 else ""
    return "; without ".join(map(title_of, some[:2])) + more


def _digits(low: float, high: float) -> int:
    """Digits with which an interval that leaves 0 out does not read as if it began there."""
    nearest = min(abs(low), abs(high))
    if low <= 0 <= high or not nearest:
        return 2
    return int(np.clip(np.ceil(-np.log10(nearest)), 2, MOST_DIGITS))


def _difference(value: float, low: float, high: float) -> str:
    digits = _digits(low, high)
    # Adding 0 makes -0.0 a plain 0.
    shown = [f"{round(number, digits) + 0.0:.{digits}f}" for number in (value, low, high)]
    return f"{shown[0]} (95% interval {shown[1]} to {shown[2]})"


def describe(found: Ablation) -> str:
    """Write an ablation as a text table."""
    every: list[Without | Alone] = [*found.without, *found.alone]
    width = 2 + max(len(title_of(each)) for each in every)
    about = (
        f"{found.folds} folds, each trained on the rows before it; {plural(found.n_events, 'event')}, "
        f"{found.n:,} windows, {found.n_positive:,} of them positive"
    )
    lines = [
        about,
        f"{'without':{width}}{'mean fold AUC':>22}{'fall (95% interval)':>28}",
        f"{'nothing':{width}}{_auc(found.auc, found.interval):>22}",
    ]
    for each in found.without:
        # Adding 0 makes -0.0 a plain 0.
        fall, low, high = (f"{round(value, 3) + 0.0:.3f}" for value in (each.fall, each.low, each.high))
        seen = "" if each.seen else "  no difference can be seen"
        between = f"{fall} ({low} to {high})"
        lines.append(f"{title_of(each):{width}}{each.auc:>22.3f}{between:>28}{seen}")
    lines += [f"{title_of(each):{width}}{_auc(each.auc, each.interval):>22}" for each in found.alone]
    return "\n".join([*lines, in_words(found)]) + "\n"


def _auc(auc: float | None, interval: tuple[float, float] | None) -> str:
    if auc is None:
        return "–"
    return f"{auc:.3f}" + ("" if interval is None else f" ({interval[0]:.2f} to {interval[1]:.2f})")
