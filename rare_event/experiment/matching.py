"""How a new table differs from the one that was trained on, and the table as the model takes it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from difflib import SequenceMatcher

import numpy as np
import pandas as pd

from rare_event.checks.fixes import apply_recipe
from rare_event.errors import TableError
from rare_event.experiment.differences import Mismatch, value_differences
from rare_event.experiment.trained import Trained
from rare_event.prepare.schema import Schema
from rare_event.prepare.table import Table, apply_schema
from rare_event.read.table import Remark
from rare_event.read.values import first_intruder, shown, text_of, to_numbers
from rare_event.text import plural

# Names that agree in so many of their letters and digits are taken for the same column.
ALIKE = 0.8


@dataclass(frozen=True, eq=False)
class Matched:
    """A new file as the model takes it.

    Parameters
    ----------
    table
        Its table; None where a finding blocks.
    findings
        How it differs.
    """

    table: Table | None
    findings: tuple[Mismatch, ...]

    def ready(self) -> Table:
        """Return the table.

        Raises
        ------
        TableError
            If a finding blocks.
        """
        refuse(self.findings)
        if self.table is None:
            raise ValueError("without a finding that blocks there is a table")
        return self.table


def refuse(findings: Sequence[Mismatch]) -> None:
    """Raise a TableError with the findings that block, if there are any."""
    blocking = [one for one in findings if one.blocks]
    if blocking:
        sentences = dict.fromkeys(sentence for one in blocking for sentence in (one.what, one.fix))
        raise TableError(" ".join(sentences), " ".join(one.option for one in blocking if one.option))


def match(
    trained: Trained,
    raw: pd.DataFrame,
    mapping: Mapping[str, str] | None = None,
    *,
    name: str,
    digest: str = "",
    remarks: tuple[Remark, ...] = (),
) -> Matched:
    """Bring a new file into the form of the table that was trained on, or say why it cannot be.

    Parameters
    ----------
    trained
        The model.
    raw
        Columns of the file, as in `RawTable.frame`.
    mapping
        Names of columns of the file, and what each was called in training.
    name, digest
        Of the file.
    remarks
        What was found while reading.

    Raises
    ------
    TableError
        If the mapping names what is not there, or the file cannot be made a table.
    """
    raw = renamed(trained, raw, mapping or {})
    found = [*_columns(trained, raw), *_texts(trained, raw)]
    schema, label = _schema(trained, raw)
    found += label
    if any(one.blocks for one in found):
        return Matched(None, tuple(found))
    corrected = apply_recipe(raw, trained.recipe)
    table = apply_schema(corrected, schema, name=name, digest=digest, remarks=remarks, events_needed=False)
    return Matched(fitted(trained, table), (*found, *value_differences(trained, table)))


def mismatches(trained: Trained, table: Table) -> list[Mismatch]:
    """Find how a table differs from the one that was trained on."""
    found = list(_columns(trained, table.frame))
    if any(one.blocks for one in found):
        return found
    return [*found, *value_differences(trained, table)]


def fitted(trained: Trained, table: Table) -> Table:
    """Return a table with the columns that the model takes, as precise as in training.

    Parameters
    ----------
    trained
        The model.
    table
        A table without findings that block.
    """
    known = trained.schema
    label = known.label if known.label is not None and known.label in table.frame else None
    if table.schema.label is None:
        label = None
    schema = replace(
        known, label=label, also=known.also if label else (), categories=trained.categories, ignored=()
    )
    columns: dict[str, pd.Series] = {}
    for column, role in schema.roles():
        if column in table.frame and not (role == "label" and column != label):
            columns[column] = table.frame[column]
    for sensor in trained.facts.ranges:
        wanted = np.float64 if sensor.precise else np.float32
        values = columns[sensor.name]
        if not pd.api.types.is_numeric_dtype(values):
            values = to_numbers(values.astype("str"))
        columns[sensor.name] = values.astype(wanted)
    return replace(table, schema=schema, frame=pd.DataFrame(columns, copy=False))


def _needed(trained: Trained) -> list[str]:
    """Columns that scoring cannot do without."""
    known = trained.schema
    others = [column for column in (known.time, known.asset) if column is not None]
    if trained.time_unit.reason and known.time in others:
        others.remove(known.time or "")
    return [*others, *known.sensors, *trained.categories]


def renamed(trained: Trained, raw: pd.DataFrame, mapping: Mapping[str, str]) -> pd.DataFrame:
    """Give columns of a file the names they had in training, as a mapping says.

    Raises
    ------
    TableError
        If the mapping names what is not there.
    """
    known = {column for column, _ in trained.schema.roles()}
    for new, old in mapping.items():
        if new not in raw.columns:
            raise TableError(
                f"Column {shown(new)} is mapped to {shown(old)}, but the file has no column {shown(new)}."
            )
        if old not in known:
            raise TableError(
                f"Column {shown(new)} is mapped to {shown(old)}, but the model has no column {shown(old)}."
            )
        if old in raw.columns and old not in mapping:
            raise TableError(
                f"Column {shown(new)} is mapped to {shown(old)}, but the file has a column "
                f"{shown(old)} too. Remove one of them from the file."
            )
    if len(set(mapping.values())) < len(mapping):
        double = next(old for old in mapping.values() if list(mapping.values()).count(old) > 1)
        raise TableError(f"Two columns are mapped to {shown(double)}. Choose one.")
    return raw.rename(columns=dict(mapping))


def _columns(trained: Trained, frame: pd.DataFrame) -> Iterator[Mismatch]:
    """Find missing, renamed and new columns."""
    known = {column for column, _ in trained.schema.roles()}
    missing = [column for column in _needed(trained) if column not in frame.columns]
    new = [column for column in frame.columns if column not in known]
    alike = suggestions(missing, new)
    for column in missing:
        if column in alike:
            yield Mismatch(
                "renamed",
                column,
                f"Column {shown(column)} is missing; {shown(alike[column])} looks like it.",
                f"Confirm that {shown(alike[column])} is {shown(column)}, or add the column to the file.",
                True,
                alike[column],
            )
        else:
            yield Mismatch(
                "missing",
                column,
                f"Column {shown(column)} is missing, and the model needs it.",
                "Add it to the file, or say which column it is.",
                True,
            )
    for column in new:
        if column not in alike.values():
            yield Mismatch(
                "new",
                column,
                f"Column {shown(column)} is new; the model does not use it.",
                "No action is needed.",
            )


def suggestions(missing: Sequence[str], new: Sequence[str]) -> dict[str, str]:
    """Suggest which new column each missing one may be: names that agree but for units and signs.

    Examples
    --------
    >>> suggestions(["temp_1", "speed"], ["Temp 1 [°C]", "note"])
    {'temp_1': 'Temp 1 [°C]'}
    """
    pairs = [
        (SequenceMatcher(None, _letters(old), _letters(other)).ratio(), old, other)
        for old in missing
        for other in new
        # Another number is another sensor.
        if re.findall(r"\d+", _letters(old)) == re.findall(r"\d+", _letters(other))
    ]
    found: dict[str, str] = {}
    for ratio, old, other in sorted(pairs, key=lambda pair: -pair[0]):
        if ratio >= ALIKE and old not in found and other not in found.values():
            found[old] = other
    return found


def _letters(name: str) -> str:
    without_unit = re.sub(r"\[[^]]*\]|\([^)]*\)", "", name)
    return re.sub(r"[\W_]+", "", without_unit.casefold()) or name


def _texts(trained: Trained, raw: pd.DataFrame) -> Iterator[Mismatch]:
    """Find sensors that hold other things than numbers."""
    for sensor in trained.schema.sensors:
        if sensor not in raw.columns:
            continue
        row = first_intruder(raw[sensor])
        if row is not None:
            yield Mismatch(
                "text",
                sensor,
                f"Column {shown(sensor)} holds {shown(raw[sensor].iloc[row])} in line {raw.index[row]}, "
                "which is not a number.",
                "Correct the file.",
                True,
            )


def _schema(trained: Trained, raw: pd.DataFrame) -> tuple[Schema, list[Mismatch]]:
    """Return the roles for a new file, without a label that it lacks or that means something else."""
    known = trained.schema
    schema = replace(known, categories=trained.categories, ignored=())
    if schema.time is not None and schema.time not in raw.columns and trained.time_unit.reason:
        schema = replace(schema, time=None)
    if known.label is None:
        return schema, []
    there = [label for label in known.labels if label in raw.columns]
    if len(there) < len(known.labels):
        lacks = next(label for label in known.labels if label not in raw.columns)
        found = Mismatch(
            "label",
            lacks,
            f"There is no label {shown(lacks)}, so events caught are not counted.",
            "No action is needed to score the file.",
        )
        return replace(schema, label=None, also=()), [found]
    for label in there:
        if why := _other_label(raw[label], known):
            found = Mismatch(
                "label",
                label,
                f"The label {shown(label)} {why}, so it is not used.",
                "Write it as in training to count the events that are caught.",
            )
            return replace(schema, label=None, also=()), [found]
    return schema, []


def _other_label(column: pd.Series, schema: Schema) -> str:
    """Say why the values of a label do not mean what they meant; empty if they do."""
    if column.isna().any() and schema.blank == "refused":
        return f"is empty in {plural(int(column.isna().sum()), 'row')}"
    words = dict.fromkeys(map(text_of, column.dropna().unique()))
    said = {*schema.event_values, *schema.left_out_values, *schema.normal_values}
    unsaid = [value for value in words if value not in said]
    # One value of which nothing was said is the normal one, if it looks like the others.
    numbers = all(_is_number(value) for value in schema.event_values)
    strange = [value for value in unsaid if _is_number(value) != numbers]
    if len(unsaid) + bool(schema.normal_values) > 1 or strange:
        return f"holds {shown((strange or unsaid)[0])}, which it did not in training"
    return ""


def _is_number(text: str) -> bool:
    return re.fullmatch(r"[-+]?\d+(\.\d+)?", text) is not None
