"""Text for display: escaped names, rounded numbers, durations and counts."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import datetime

_MARKDOWN = re.compile(r"([\\`*_{}\[\]()#+\-!|~<>$:.&])")


def plain(text: object) -> str:
    """Escape text from a file, so that Streamlit does not read it as Markdown or HTML."""
    return _MARKDOWN.sub(r"\\\1", str(text))


def printable(text: str) -> str:
    r"""Write a name in one line, without what a terminal would obey or nobody would see.

    Examples
    --------
    >>> printable("mill\x1b[2J.csv")
    'mill�[2J.csv'
    """
    return "".join(sign if sign.isprintable() else "\ufffd" for sign in text)


def number(value: float | None, digits: int = 3) -> str:
    """Write a figure with this many significant digits; a dash for None and NaN.

    Examples
    --------
    >>> number(12.34), number(999.7), number(0.00012), number(None)
    ('12.3', '1,000', '0.00012', '–')
    """
    if value is None or value != value:
        return "–"
    # Rounding may lead to one digit more, which would be written as a power of ten.
    rounded = float(f"{value:.{digits}g}")
    return f"{value:,.{digits}g}" if abs(rounded) < 10**digits else f"{value:,.0f}"


def percent(share: float) -> str:
    """Write a share as a percentage without rounding what a person chose.

    Examples
    --------
    >>> percent(0.5), percent(0.995), percent(0.125)
    ('50%', '99.5%', '12.5%')
    """
    return f"{100 * share:.4g}%"


def auc_in_words(auc: float | None, interval: tuple[float, float] | None) -> str:
    """Write an AUC with its 95% interval and the AUC of chance; either may be None."""
    if auc is None:
        return "not defined: one class only"
    between = "" if interval is None else f"95% interval {interval[0]:.2f} to {interval[1]:.2f}, "
    return f"{auc:.2f} ({between}chance 0.5)"


def capital(words: str) -> str:
    """Begin words with a capital letter."""
    return words[:1].upper() + words[1:]


def moment(iso: str) -> str:
    """Write an ISO 8601 time in UTC for people.

    Examples
    --------
    >>> moment("2026-11-28T01:54:07+00:00")
    '28 Nov 2026, 01:54 UTC'
    """
    return f"{datetime.fromisoformat(iso):%-d %b %Y, %H:%M} UTC"


def share(part: float, whole: float) -> str:
    """Write a share as a percentage; a dash if the whole is 0."""
    return f"{part / whole:.2%}" if whole else "–"


def duration(seconds: float | None) -> str:
    """Write a duration in seconds, minutes or hours; a dash for None.

    Examples
    --------
    >>> duration(42), duration(600), duration(7200), duration(9000), duration(None)
    ('42 s', '10 min', '2 h', '2.5 h', '–')
    """
    if seconds is None:
        return "–"
    if seconds < 90:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 5400 else f"{number(seconds / 3600, 2)} h"


def plural(count: int, one: str) -> str:
    """Write a count with its noun; an s makes the plural of `one`."""
    return f"{count:,} {one}" if count == 1 else f"{count:,} {one}s"


def times(count: int) -> str:
    """Write how often something happened: once, or a number of times."""
    return "once" if count == 1 else f"{count:,} times"


def listed(words: Sequence[str], most: int = 5) -> str:
    """Write the first words of a list, and how many more there are.

    Examples
    --------
    >>> listed(["a", "b", "c"], 2)
    'a, b and 1 more'
    """
    more = f" and {len(words) - most:,} more" if len(words) > most else ""
    return ", ".join(words[:most]) + more


def ordinal(place: int) -> str:
    """Write a place in a ranking.

    Examples
    --------
    >>> ordinal(1), ordinal(10), ordinal(12), ordinal(23), ordinal(111)
    ('1st', '10th', '12th', '23rd', '111th')
    """
    teen = place // 10 % 10 == 1
    return f"{place:,}{'th' if teen else {1: 'st', 2: 'nd', 3: 'rd'}.get(place % 10, 'th')}"


def counted(figure: str, many: str) -> str:
    """Write a figure with its noun, given in the plural with an s.

    Examples
    --------
    >>> counted("1", "rows"), counted("1.0", "rows"), counted("0", "rows")
    ('1 row', '1.0 rows', '0 rows')
    """
    return f"{figure} {many.removesuffix('s') if figure == '1' else many}"
