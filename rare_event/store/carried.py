"""The next rows of a machine that is followed, and the few earlier rows that fixes look back on."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np
import pandas as pd

from rare_event.checks.findings import Finding, Fix
from rare_event.checks.fixes import Recipe, apply_recipe
from rare_event.experiment.matching import Matched, renamed
from rare_event.experiment.trained import Trained
from rare_event.prepare.table import Table
from rare_event.read.raw import digest_of
from rare_event.read.values import to_numbers
from rare_event.store.incoming import after, read_as_trained, rows_of_table


def next_rows(
    trained: Trained, content: bytes, name: str, before: pd.DataFrame, mapping: Mapping[str, str]
) -> tuple[Matched, pd.DataFrame, int]:
    """Read the next rows.

    Parameters
    ----------
    trained
        The model.
    content, name
        Of the file.
    before
        The rows that were kept of earlier files, in the names of training.
    mapping
        Names of columns of the file, and what each was called in training.

    Returns
    -------
    matched
        The new rows as the model takes them, without a last row that is repeated.
    before
        The rows to keep for those that follow.
    first
        Line of the first row.

    Raises
    ------
    TableError
        If the file cannot be read.
    """
    raw = read_as_trained(trained, content, name)
    mapping = {new: old for new, old in mapping.items() if new in raw.frame}
    first = raw.frame.index[0] if len(raw.frame) else 0
    incoming = after(trained, raw, before, mapping, name=name, digest=digest_of(content))
    matched = incoming.matched
    if matched.table is None:
        return matched, before, first
    if incoming.history is not None:
        matched = replace(matched, table=_without_repeat(matched.table, incoming.history))
    whole = pd.concat([before, renamed(trained, raw.frame, mapping)], ignore_index=True)
    return matched, kept_rows_of(whole, trained.recipe), first


def kept_rows_of(raw: pd.DataFrame, recipe: Recipe) -> pd.DataFrame:
    """Keep the rows that fixes of later rows look back on: the last, and the last usable of each column.

    Parameters
    ----------
    raw
        Columns of the rows so far, with their numbers as index.
    recipe
        How the training file was corrected.
    """
    steps = [step.remedy if isinstance(step, Finding) else step for step in recipe.fixes]
    filled = {step.column for step in steps if isinstance(step, Fix) and step.kind == "forward-fill"}
    others = tuple(step for step in steps if isinstance(step, Fix) and step.kind != "forward-fill")
    corrected = apply_recipe(raw, replace(recipe, fixes=others))
    asset = recipe.schema.asset
    machines = [corrected] if asset is None else [rows for _, rows in corrected.groupby(asset, sort=False)]
    kept: set[int] = set()
    for rows in machines:
        if not len(rows):
            continue
        kept.add(rows.index[-1])
        for column in filled & set(rows.columns):
            values = rows[column]
            usable = values.notna() if column in recipe.schema.categories else np.isfinite(to_numbers(values))
            kept |= set(rows.index[usable.to_numpy()][-1:])
    some = raw.loc[sorted(kept)].reset_index(drop=True)
    for name in list(some):
        if some[name].dtype == object:
            # Numbers in one file and texts in the next are kept as texts.
            some[name] = some[name].astype("str").where(some[name].notna())
    return some


def _without_repeat(table: Table, history: Table) -> Table:
    """Leave out the first row of each machine if it is the last one of the file before."""
    if table.time is None or not table.n_rows or not history.n_rows:
        return table
    asset = table.schema.asset
    by = [""] * table.n_rows if asset is None else table.frame[asset].astype(str).tolist()
    old = [""] * history.n_rows if asset is None else history.frame[asset].astype(str).tolist()
    last = dict(zip(old, range(len(old)), strict=True))
    first = dict(zip(reversed(by), range(len(by) - 1, -1, -1), strict=True))
    keep = np.ones(table.n_rows, bool)
    columns = [column for column in table.frame if column in history.frame]
    for machine, row in first.items():
        if machine in last:
            new, earlier = (
                side.frame[columns].iloc[at] for side, at in ((table, row), (history, last[machine]))
            )
            same = (new == earlier) | (new.isna() & earlier.isna())
            keep[row] = not (table.time[row] == history.time[last[machine]] and bool(same.all()))  # type: ignore[index]
    return table if keep.all() else rows_of_table(table, keep)
