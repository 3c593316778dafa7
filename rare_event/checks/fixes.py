"""Fixes: steps of a recipe that correct the columns of a file, or their roles."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
import pandas as pd

from rare_event.checks.effects import MOST, Effect, dropping, filling, leading
from rare_event.checks.findings import Finding, Fix
from rare_event.checks.order import one_row_of_each_time, sorted_rows, why_not_drop, why_not_sort
from rare_event.checks.sentinels import MOST_SENTINELS, sentinels
from rare_event.errors import TableError
from rare_event.prepare.assets import asset_column, asset_order
from rare_event.prepare.label_column import event_rows
from rare_event.prepare.notes import first_other_notation
from rare_event.prepare.schema import Schema
from rare_event.read.table import Reading
from rare_event.read.times import parse_times, time_formats
from rare_event.read.values import is_missing_word, mostly_numbers, shown, to_numbers


@dataclass(frozen=True)
class Recipe:
    """How the table of a run was made from its file, to read another file identically."""

    reading: Reading
    schema: Schema
    fixes: tuple[Fix | Finding, ...] = ()


def apply_recipe(raw: pd.DataFrame, recipe: Recipe) -> pd.DataFrame:
    """Correct the columns of another file as those of the recipe's file were corrected.

    Parameters
    ----------
    raw
        As in `RawTable.frame`, read as `recipe.reading` says.
    recipe
        The steps. Ranges of lines concern the recipe's own file and are left out; so is a step on a column
        that this file lacks.

    Returns
    -------
    DataFrame
        For `table.apply_schema` with `recipe.schema`.
    """
    for step in recipe.fixes:
        remedy = _remedy(step)
        if remedy.kind != "leave-out-lines" and (remedy.column is None or remedy.column in raw.columns):
            raw, _ = fix_again(raw, recipe.schema, remedy)
    return raw


def fix(raw: pd.DataFrame, schema: Schema, step: Fix | Finding) -> tuple[pd.DataFrame, Schema]:
    """Apply a fix, or the one of a finding, unless it would destroy data.

    Returns
    -------
    (DataFrame, Schema)
        For `table.apply_schema`.

    Raises
    ------
    TableError
        If it would change more than `effects.MOST` of the rows or cells, lose an event, overwrite
        numbers in another notation, or mix several machines; another decimal sign may change all cells of a
        column that are numbers with it.
    ValueError
        If the finding has no action.
    """
    remedy = _remedy(step)
    refused = effect_of(raw, schema, remedy).refused
    if refused is not None:
        what = "The file" if remedy.column is None else shown(remedy.column)
        raise TableError(f"{what} is not changed. {refused}. Correct the file and upload it again.")
    return fix_again(raw, schema, remedy)


def effect_of(raw: pd.DataFrame, schema: Schema, step: Fix | Finding) -> Effect:
    """Return what a fix would change, without applying it.

    Raises
    ------
    ValueError
        If the finding has no action.
    """
    remedy, n_rows = _remedy(step), len(raw)
    column = remedy.column
    if remedy.kind in ("leave-out-lines", "leave-out-dates"):
        return dropping(_kept_rows(raw, schema, remedy), event_rows(raw, schema))
    if column is None or remedy.kind in ("ignore", "category"):
        return Effect(n_rows)
    if remedy.kind == "sort-time":
        time = _times(raw, schema, column)
        moved = int((sorted_rows(time) != np.arange(n_rows)).sum())
        return Effect(n_rows, moved=moved, forbidden=why_not_sort(time))
    if remedy.kind == "drop-rows":
        effect = dropping(_kept(raw, schema, column), event_rows(raw, schema))
        return replace(
            effect,
            forbidden=why_not_drop(_times(raw, schema, column)) if column == schema.time else None,
        )
    if remedy.kind == "missing-value":
        marked = _marked(raw[column], remedy)
        clear = float(remedy.parameters[0]) in dict(sentinels(_finite(raw[column])))
        return Effect(n_rows, filled=int(marked.sum()), most=MOST_SENTINELS if clear else MOST)
    if remedy.kind == "decimal":
        return _of_decimal(raw[column], remedy)
    row = None if column in schema.categories else first_other_notation(raw[column])
    if row is not None:
        found = f"{shown(raw[column].iloc[row])} in line {raw.index[row]}"
        why = f"{found} is a number in another notation, which the fix would overwrite"
        return Effect(n_rows, forbidden=why)
    bad = _usable(raw, schema, column).isna().to_numpy()
    if schema.asset is None:
        return filling(bad)
    return Effect(n_rows, filled=int((bad & _carried(raw, schema, column).notna().to_numpy()).sum()))


def fix_again(raw: pd.DataFrame, schema: Schema, step: Fix | Finding) -> tuple[pd.DataFrame, Schema]:
    """Apply a fix again; `fix` has already checked that it destroys no data.

    Raises
    ------
    ValueError
        If the finding has no action.
    """
    remedy = _remedy(step)
    if remedy.kind in ("leave-out-lines", "leave-out-dates"):
        return raw[_kept_rows(raw, schema, remedy)], schema
    column = remedy.column
    if column is None:
        raise ValueError(f"The fix {remedy.kind!r} has no one-click fix without a column.")
    if remedy.kind == "ignore":
        return raw, _moved(schema, column, "ignored")
    if remedy.kind == "category":
        return raw, _moved(schema, column, "categories")
    if remedy.kind == "sort-time":
        return raw.iloc[sorted_rows(_times(raw, schema, column))], schema
    if remedy.kind == "missing-value":
        return raw.assign(**{column: raw[column].mask(_marked(raw[column], remedy))}), schema
    if remedy.kind == "decimal":
        numbers = _with_decimal(raw[column], remedy)
        return raw.assign(**{column: numbers}), _moved(schema, column, "sensors")
    if remedy.kind == "forward-fill":
        schema = schema if column in schema.categories else _moved(schema, column, "sensors")
        return raw.assign(**{column: _filled(raw, schema, column)}), schema
    return raw[_kept(raw, schema, column)], schema


def with_role_of(schema: Schema, other: Schema, column: str) -> Schema:
    """Give a column its role in another schema, unless it is the time or the label in either."""
    for role in ("sensors", "categories", "ignored"):
        if column in getattr(other, role) and column not in (schema.time, *schema.labels):
            return _moved(schema, column, role)
    return schema


def _remedy(step: Fix | Finding) -> Fix:
    remedy = step if isinstance(step, Fix) else step.remedy
    if remedy is None:
        what = step.what if isinstance(step, Finding) else ""
        raise ValueError(f"The finding {what!r} has no one-click fix.")
    return remedy


def _moved(schema: Schema, column: str, role: Literal["sensors", "categories", "ignored"]) -> Schema:
    """Give a column another role; a column that already has the role keeps its place."""
    if column in getattr(schema, role):
        return schema
    sensors, categories, ignored = (
        (*(c for c in getattr(schema, r) if c != column), *([column] if r == role else []))
        for r in ("sensors", "categories", "ignored")
    )
    return replace(schema, sensors=sensors, categories=categories, ignored=ignored)


def _usable(raw: pd.DataFrame, schema: Schema, column: str) -> pd.Series:
    """Return the column with NaN for its unusable values."""
    # A category that is now ignored still holds texts, which are not missing numbers.
    if column in schema.categories or not (column in schema.sensors or mostly_numbers(raw[column])):
        return raw[column]
    numbers = to_numbers(raw[column])
    return numbers.where(np.isfinite(numbers))


def _filled(raw: pd.DataFrame, schema: Schema, column: str) -> pd.Series:
    filled = _carried(raw, schema, column)
    # An infinite value at the start has no earlier value; it stays and is reported again.
    return filled.fillna(raw[column] if column in schema.categories else to_numbers(raw[column]))


def _carried(raw: pd.DataFrame, schema: Schema, column: str) -> pd.Series:
    """Carry usable values forward; those of one asset never to another."""
    usable = _usable(raw, schema, column)
    if schema.asset is None:
        return usable.ffill()
    asset = asset_column(raw[schema.asset]).cat.codes.to_numpy()
    order = asset_order(asset, None if schema.time is None else _times(raw, schema, schema.time))
    return usable.iloc[order].groupby(asset[order]).ffill().iloc[np.argsort(order)]


def _finite(column: pd.Series) -> np.ndarray:
    numbers = to_numbers(column).to_numpy()
    finite: np.ndarray = numbers[np.isfinite(numbers)]
    return finite


def _marked(column: pd.Series, remedy: Fix) -> np.ndarray:
    """Mark the cells that hold the number of a fix, as precisely as the column holds numbers."""
    numbers = to_numbers(column).to_numpy()
    marked: np.ndarray = numbers == numbers.dtype.type(float(remedy.parameters[0]))
    return marked


def _with_decimal(column: pd.Series, remedy: Fix) -> pd.Series:
    """Read texts as numbers with another decimal sign; other signs between digits group thousands."""
    if pd.api.types.is_numeric_dtype(column):
        return column
    decimal = str(remedy.parameters[0])
    texts = column.astype("str").str.replace(r"(?<=\d)['\u2019\s](?=\d)", "", regex=True).str.strip()
    texts = texts.str.replace("." if decimal == "," else ",", "", regex=False)
    return pd.to_numeric(texts.str.replace(decimal, ".", regex=False), errors="coerce")


def _of_decimal(column: pd.Series, remedy: Fix) -> Effect:
    """Return the effect of another decimal sign, which any number of cells may have."""
    before, after = to_numbers(column), _with_decimal(column, remedy)
    changed = (before != after) & ~(before.isna() & after.isna())
    if pd.api.types.is_numeric_dtype(column):
        return Effect(len(column), filled=int(changed.sum()))
    decimal, other = (",", r"\.") if remedy.parameters[0] == "," else (r"\.", ",")
    texts = column.astype("str").str.strip()
    # A sign that does not group three digits is no thousands separator: 0.25 would become 25.
    grouped = texts.str.fullmatch(rf"[+-]?[1-9]\d{{0,2}}(?:{other}\d{{3}})+(?:{decimal}\d*)?", na=False)
    unfit = after.isna() | (texts.str.contains(other, na=False) & ~grouped)
    unfit &= column.notna() & ~texts.map(is_missing_word, na_action="ignore").eq(True)
    forbidden = None
    if unfit.sum() > MOST * len(column):
        row = int(np.flatnonzero(unfit)[0])
        forbidden = (
            f"With this decimal mark, {unfit.sum():,} of {len(column):,} cells are not numbers (first: "
        )
        forbidden += f"{shown(column.iloc[row])} in line {column.index[row]})"
    return Effect(len(column), filled=int((changed | unfit).sum()), forbidden=forbidden, most=1.0)


def _kept_rows(raw: pd.DataFrame, schema: Schema, remedy: Fix) -> np.ndarray:
    """Mark the rows outside the ranges of a fix."""
    left_out = np.zeros(len(raw), dtype=bool)
    if remedy.kind == "leave-out-lines":
        lines, bounds = raw.index.to_numpy(), [int(p) for p in remedy.parameters]
        for first, last in zip(bounds[::2], bounds[1::2], strict=True):
            left_out |= (lines >= first) & (lines <= last)
    elif schema.time is not None:
        first_time, last_time = (pd.Timestamp(str(p)).to_datetime64() for p in remedy.parameters)
        time = _times(raw, schema, schema.time)
        left_out = (time >= first_time) & (time <= last_time)
    return ~left_out


def _kept(raw: pd.DataFrame, schema: Schema, column: str) -> np.ndarray:
    if column == schema.time or (column in schema.ignored and time_formats(raw[column])):
        return one_row_of_each_time(_times(raw, schema, column), event_rows(raw, schema))
    kept = np.ones(len(raw), dtype=bool)
    kept[: leading(_usable(raw, schema, column).isna().to_numpy())] = False
    return kept


def _times(raw: pd.DataFrame, schema: Schema, column: str) -> np.ndarray:
    """Parse the times, even if the column is no longer the time column."""
    found = schema.time_format if column == schema.time else next(iter(time_formats(raw[column])), None)
    return parse_times(raw[column], found).to_numpy()
