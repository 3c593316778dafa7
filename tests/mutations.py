"""Strategies of hypothesis for what comes from outside: any bytes, valid files with changes, odd tables."""

from __future__ import annotations

from collections.abc import Sequence

from hypothesis import strategies as st

from tests.untrusted import files, inside, spliced

Splice = tuple[float, int, bytes]
# What ends cells, lines, quotations and texts, and what begins numbers, formulas and files.
PIECES = [
    *(b",", b";", b"\t", b"|", b'"', b"\n", b"\r", b"\r\n", b"\x00", b"\xff", b"\xc3", b"\xef\xbb\xbf"),
    *(b"1e999", b"-", b"nan", b"2024-02-30", b"23:59:60", b"#", b"=1+1", b"PK\x03\x04", b"PAR1", b"\x1f\x8b"),
    *(b"\xff\xff\xff\xff", b"\x7f\xff\xff\xff", b"\xed\xa0\x80", b"<c r='XFD1048576'>"),
]
CELLS = st.one_of(
    st.sampled_from(
        ["0", "1", "", "1.5", "1,5", "-", "NaN", "inf", "1e308", "OK", '"', '""', "a\nb", "#", "=1"]
    ),
    st.sampled_from(
        ["2024-01-01 00:00", "01.02.2024", "12/31/99 11:59 PM", "1704067200", "20240101", "24:00"]
    ),
    st.floats(width=32).map(str),
    st.text(max_size=6),
)


def splices() -> st.SearchStrategy[list[Splice]]:
    """A few places, each with bytes removed and others put there."""
    added = st.one_of(st.sampled_from(PIECES), st.binary(max_size=12))
    return st.lists(st.tuples(st.floats(0, 1), st.integers(0, 40), added), min_size=1, max_size=4)


def changed(content: bytes, changes: Sequence[Splice]) -> bytes:
    """Make all changes."""
    for place, removed, added in changes:
        content = spliced(content, place, removed, added)
    return content


@st.composite
def changed_files(draw: st.DrawFn) -> bytes:
    """Draw one of `files` with changes, within an archive so that its checksums agree, or anywhere."""
    content, changes = draw(st.sampled_from([*files().values()])), draw(splices())
    if draw(st.booleans()):
        return inside(content, lambda held: changed(held, changes), draw(st.integers(0, 20)))
    return changed(content, changes)


@st.composite
def odd_tables(draw: st.DrawFn) -> bytes:
    """Draw a table of odd cells, with a separator, a line break and an encoding."""
    width = draw(st.integers(1, 6))
    rows = draw(st.lists(st.lists(CELLS, min_size=width, max_size=width), max_size=12))
    rows *= draw(st.sampled_from([1, 1, 8]))
    names = draw(st.lists(st.one_of(st.text(max_size=8), st.sampled_from(["time", "y", "x1"])), max_size=7))
    separator = draw(st.sampled_from([",", ";", "\t", "|", ", "]))
    text = draw(st.sampled_from(["\n", "\r\n", "\r"])).join(separator.join(row) for row in [names, *rows])
    return text.encode(draw(st.sampled_from(["utf-8", "utf-16", "cp1252", "utf-8-sig"])), "replace")
