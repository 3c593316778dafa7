"""The form that corrects how a file is read and what its columns mean."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import streamlit as st

from rare_event.prepare.corrections import Corrections
from rare_event.prepare.join import FILE
from rare_event.prepare.labelling import values_of
from rare_event.store.preview import Preview
from rare_event.ui.data.upload import Pending
from rare_event.ui.place import drawer

SEPARATORS = {",": "comma", ";": "semicolon", "\t": "tab", "|": "bar", " ": "space"}
DECIMALS = {".": "point", ",": "comma"}
THOUSANDS = {"": "none", ",": "comma", ".": "point", " ": "space", "'": "apostrophe"}
LAYOUTS = {"wide": "one column per sensor", "long": "one row per tag and time"}
# With another of these the file has other columns, and earlier roles no longer fit.
SHAPE = ("member", "encoding", "separator", "header", "units", "layout")


def correct(upload: Pending, seen: Preview) -> Corrections | None:
    """Show the form; return all corrections when it is submitted.

    Parameters
    ----------
    upload
        The file and what was said of it.
    seen
        How it is read with that.
    """
    said = upload.corrections
    # Each state of the corrections has fields of its own: they start from what was said or found.
    fields = Fields(f"{upload.key}_{hash(said) & 0xFFFFFFFF:x}", said, seen)
    opening = f"data_correcting_{upload.key}_{bool(seen.refused)}"
    place = drawer("Correct how the file is read", opening, expanded=bool(seen.refused))
    if place is None:
        return None
    with place, st.form("data_correct"):
        reading = fields.reading()
        roles = (
            {}
            if seen.raw is None
            else fields.roles(labelled=bool(upload.events), several=len(upload.files) > 1)
        )
        if not st.form_submit_button("Read it again", icon=":material/refresh:"):
            return None
    time = {name: roles.pop(name) for name in ("time", "time_format") if name in roles}
    shaped = any(name in SHAPE for name in reading)
    corrected = replace(said, reading=replace(said.reading, **reading, **time), **roles)
    return replace(corrected, schema=None) if shaped else corrected


class Fields:
    """Widgets that start from what was said or found; each gives only what was changed."""

    def __init__(self, key: str, said: Corrections, seen: Preview) -> None:
        self.key, self.said, self.seen = key, said, seen
        self.found = said.reading if seen.raw is None else seen.raw.reading
        self.changes: dict[str, Any] = {}

    def _key(self, name: str) -> str:
        return f"data_correct_{name}_{self.key}"

    def _keep(self, name: str, value: Any, before: Any) -> None:
        if value != before:
            self.changes[name] = value

    def _of(self, name: str) -> Any:
        said = getattr(self.said.reading, name)
        return getattr(self.found, name) if said is None else said

    def _choose(self, place: Any, name: str, label: str, words: dict[str, str], before: Any) -> None:
        options = [*words, *([before] if before is not None and before not in words else [])]
        value = place.selectbox(
            label,
            options,
            index=None if before is None else options.index(before),
            format_func=lambda option: words.get(option, option),
            placeholder="detected",
            key=self._key(name),
        )
        self._keep(name, value, before)

    def _line(self, place: Any, name: str, label: str) -> None:
        before = self._of(name)
        value = place.number_input(
            label, min_value=0, value=before, step=1, placeholder="detected", key=self._key(name)
        )
        self._keep(name, value, before)

    def _columns(
        self, place: Any, name: str, label: str, options: Sequence[str], before: Sequence[str]
    ) -> None:
        listed = list(dict.fromkeys([*options, *before]))
        value = place.multiselect(label, listed, default=list(before), key=self._key(name))
        self._keep(name, tuple(value), tuple(before))

    def _text(self, place: Any, name: str, label: str, help_text: str = "") -> None:
        before = self._of(name)
        value = place.text_input(
            label, value=before or "", placeholder="detected", key=self._key(name), help=help_text or None
        )
        self._keep(name, value.strip() or None, before)

    def reading(self) -> dict[str, Any]:
        """Show the fields of `Reading` that concern the whole file, and return those that were changed."""
        self.changes = {}
        first, second, third, fourth = st.columns(4)
        self._choose(first, "separator", "Separator", SEPARATORS, self._of("separator"))
        self._choose(second, "decimal", "Decimal mark", DECIMALS, self._of("decimal"))
        self._choose(third, "thousands", "Thousands separator", THOUSANDS, self._of("thousands"))
        self._choose(fourth, "layout", "Layout", LAYOUTS, self._of("layout"))
        self._line(first, "header", "Header line")
        self._line(second, "units", "Units line")
        self._text(third, "encoding", "Encoding", "For example utf-8 or cp1252.")
        self._text(fourth, "member", "Sheet, or file in the zip")
        return self.changes

    def roles(self, *, labelled: bool, several: bool) -> dict[str, Any]:
        """Show the roles of the columns, and return those that were changed.

        Parameters
        ----------
        labelled
            Whether a second file gives the label, so that no column is chosen.
        several
            Whether several files are joined.
        """
        self.changes = {}
        assert self.seen.raw is not None
        said, schema, frame = self.said, self.seen.schema, self.seen.raw.frame
        names = list(frame.columns)
        left, right = st.columns(2)
        time = said.reading.time
        if time is None:
            time = () if schema is None or schema.time is None else (schema.time,)
        self._columns(left, "time", "Time", names, time)
        self._text_of_time(right)
        if not labelled:
            self._label(left, right)
        unused = () if schema is None else schema.ignored
        used = [name for name in names if name not in unused]
        self._columns(left, "ignore", "Columns to ignore", used, said.ignore)
        asset = said.assets or (None if schema is None else schema.asset)
        machines = dict(zip(names, names, strict=True))
        # A column of this name goes before.
        machines = {FILE: "each file is one machine", **machines} if several else machines
        self._choose(right, "assets", "Machine column", machines, asset)
        return self._consistent()

    def _label(self, left: Any, right: Any) -> None:
        assert self.seen.raw is not None
        said, schema, frame = self.said, self.seen.schema, self.seen.raw.frame
        labels = said.label or (() if schema is None else schema.labels)
        self._columns(left, "label", "Label", list(frame.columns), labels)
        values = values_of(frame, [label for label in labels if label in frame.columns])
        events = said.event or (() if schema is None or not labels else schema.event_values)
        left_out = said.leave_out or (() if schema is None else schema.left_out_values)
        self._columns(right, "event", "Values that mark an event", values, events)
        self._columns(right, "leave_out", "Leave out rows with these values", values, left_out)

    def _text_of_time(self, place: Any) -> None:
        said, schema = self.said.reading.time_format, self.seen.schema
        before = said or (None if schema is None else schema.time_format)
        value = place.text_input(
            "Time format",
            value=before or "",
            placeholder="detected",
            key=self._key("time_format"),
            help="%d is the day, %m the month, %Y the year, %H the hour, %M the minute, %S the second: for "
            "example %d.%m.%Y %H:%M:%S. Or epoch ms: milliseconds since 1970.",
        )
        self._keep("time_format", value.strip() or None, before)

    def _consistent(self) -> dict[str, Any]:
        """Forget what was said of another time column or label."""
        changes = self.changes
        if "time" in changes:
            changes.setdefault("time_format", None)
        if "label" in changes:
            changes["no_label"] = not changes["label"]
            changes = {"event": (), "leave_out": (), "blank": None, **changes}
        if {"event", "leave_out"} & set(changes):
            changes["normal"] = ()
        return changes
