"""Names of columns: cleaned of what no eye sees, and made distinct where two look alike."""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Iterable, Sequence

from rare_event.errors import TableError
from rare_event.read.table import Remark
from rare_event.read.values import separator_shown, shown
from rare_event.text import listed

# Letters that nobody tells from Latin ones: Cyrillic, Greek, and the two signs for micro.
_LOOKS_LIKE = str.maketrans(
    "АВЕКМНОРСТУХІЅЈаеорсухіѕјΑΒΕΖΗΙΚΜΝΟΡΤΥΧονµ", "ABEKMHOPCTYXISJaeopcyxisjABEZHIKMNOPTYXovμ"
)


def clean_name(name: str) -> str:
    r"""Take line breaks, control characters and characters without width out of a name.

    Examples
    --------
    >>> [clean_name(name) for name in ("Temperature\n[°C]", "a\u200b", " a ", "\x1b[31mred")]
    ['Temperature [°C]', 'a', ' a ', '[31mred']
    """
    name = re.sub(r"[ \t]*[\r\n\v\f\x85\u2028\u2029]+[ \t]*", " ", name).replace("\t", " ")
    return "".join(sign for sign in name if unicodedata.category(sign) not in ("Cc", "Cf", "Cs"))


def require_names(written: Sequence[str], name: str) -> None:
    """Reject names that are repeated in the file `name`; names without a sign are none."""
    counts = Counter(column for column in written if column.strip())
    repeated = [column for column, count in counts.items() if count > 1]
    if repeated:
        raise TableError(
            f"{name} has several columns with the same name: {listed([*map(shown, repeated)])}. Rename or "
            "delete all but one of each."
        )


def find_names(named: Iterable[str], columns: Sequence[str]) -> tuple[str, ...]:
    """Return names as the file writes them, which may be with spaces around them.

    Raises
    ------
    TableError
        If the file does not have one; it names those that it has.
    """
    written = {
        **dict(zip(map(str.strip, columns), columns, strict=True)),
        **dict(zip(columns, columns, strict=True)),
    }
    found = [written.get(name, written.get(name.strip())) for name in named]
    for name, column in zip(named, found, strict=True):
        if column is None:
            has = listed([*map(shown, columns)], 10)
            raise TableError(f"The file has no column {shown(name)}. It has {has}. Name one of them.")
    return tuple(filter(None, found))


def distinct_names(names: Sequence[str]) -> tuple[tuple[str, ...], list[Remark]]:
    """Rename columns whose names differ from others only in what no eye sees; tell of look-alikes."""
    first: dict[str, int] = {}
    looks: dict[str, int] = {}
    distinct, remarks, taken = list(names), [], set(names)
    for position, column in enumerate(names):
        key = " ".join(unicodedata.normalize("NFC", column).split())
        other = looks.setdefault(key.translate(_LOOKS_LIKE), position)
        if key in first:
            new = f"{key} (column {position + 1})"
            while new in taken:
                new += "_"
            distinct[position] = new
            taken.add(new)
            what = f"The names of columns {first[key] + 1} and {position + 1} look alike: both are "
            what += f"{shown(key)}, apart from spaces or invisible characters. "
            what += f"Column {position + 1} is called {shown(new)}."
            remarks.append(Remark("warning", new, what, "names alike"))
            continue
        first[key] = position
        if other != position:
            what = (
                f"The names of columns {other + 1} and {position + 1} look alike, {shown(names[other])} and "
            )
            what += (
                f"{shown(column)}, but have letters of different alphabets. They are two columns. Check that "
            )
            what += "each is the one you mean."
            remarks.append(Remark("warning", column, what, "names alike"))
    return tuple(distinct), remarks


def without_separators(
    names: Sequence[str], separator: str, line: int
) -> tuple[tuple[str, ...], list[Remark]]:
    """Take stray separators off the ends of names, and name the one name that holds one inside."""
    plain, remarks = tuple(name.strip(separator) if name.strip() else name for name in names), []
    inside = [name for name in plain if separator in name]
    for name, new in zip(names, plain, strict=True):
        if name != new or inside == [new]:
            what = f"The name {shown(name)} in line {line} holds the separator {separator_shown(separator)} "
            what += f"and is read as {shown(new)}." if name != new else "and is kept as it is."
            remarks.append(Remark("note", new, what, "separator in a name", 1, (line,)))
    return plain, remarks


def filled_names(names: Sequence[str]) -> tuple[tuple[str, ...], tuple[int, ...]]:
    """Name columns without a name by their position; the names, and those positions."""
    blank = tuple(position for position, name in enumerate(names) if not name.strip())
    taken, filled = set(names), list(names)
    for position in blank:
        new = f"column_{position + 1}"
        while new in taken:
            new += "_"
        filled[position] = new
    return tuple(filled), blank
