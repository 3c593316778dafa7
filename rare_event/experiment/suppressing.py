"""Whether a table has the column and the values by which an alarm policy suppresses alarms."""

from __future__ import annotations

from rare_event.config import AlarmPolicy
from rare_event.errors import ConfigError
from rare_event.prepare.table import Table
from rare_event.read.values import shown
from rare_event.text import listed

# Values and columns that are named.
MOST_NAMED = 5
ROLES = {
    "time": "the time",
    "label": "the label",
    "asset": "the machine",
    "sensor": "a sensor",
    "ignored": "not used",
}

# The others cannot be spared: a file without its label or its time says less.
MAY_CHANGE = ("sensor", "ignored")


def require_suppression(table: Table, policy: AlarmPolicy) -> None:
    """Refuse a policy that suppresses alarms by what a table does not have.

    New rows are not asked: a value that does not occur in them suppresses nothing there.

    Parameters
    ----------
    table
        The table that is trained on, or judged.
    policy
        The alarm policy.

    Raises
    ------
    ConfigError
        If the column is no category column of the table, or no row has one of the values.
    """
    if why := unsuppressible(table, policy):
        raise ConfigError(why)


def unsuppressible(table: Table, policy: AlarmPolicy) -> str:
    """Say why a policy cannot suppress alarms on a table; empty if it can, or suppresses none."""
    column, schema = policy.suppress_column, table.schema
    if not column:
        return ""
    categories = schema.categories
    if column not in categories:
        known = [shown(name) for name in categories]
        role = dict(schema.roles()).get(column)
        choose = f"Choose one of its category columns ({listed(known, MOST_NAMED)})" if known else ""
        if role is None:
            choose = choose or "Choose another file, or suppress nothing: it has no category column"
            return _refused(column, f"{table.name} has no such column. {choose}.")
        is_a = f"it is {ROLES[role]} in {table.name}, not a category column"
        if role not in MAY_CHANGE:
            choose = choose or "Suppress nothing: the file has no category column"
            return _refused(column, f"{is_a}. {choose}.")
        choose = f"{choose}, or give" if choose else "Give"
        return _refused(column, f"{is_a}. {choose} it the role category.")
    found = table.frame[column].astype(str).unique().tolist()
    missing = [value for value in policy.suppress_values if value not in found]
    if not missing:
        return ""
    # What differs in its letters only is most likely what is meant.
    meant = {value.strip().casefold() for value in missing}
    found.sort(key=lambda value: (value.strip().casefold() not in meant, value))
    these, it = ("this value", "it") if len(missing) == 1 else ("these values", "them")
    return (
        f"Alarms cannot be suppressed while {shown(column)} is {' or '.join(map(shown, missing))}: no row of "
        f"{table.name} has {these}. The values of {shown(column)} are "
        f"{listed([shown(value) for value in found], MOST_NAMED)}. Choose from these, or leave {it} out."
    )


def _refused(column: str, why: str) -> str:
    return f"Alarms cannot be suppressed by the column {shown(column)}: {why}"


def unapplied(policy: AlarmPolicy, alarms: str, model: bool) -> str:
    """Say that fixed alarms are judged without the suppression of a policy; empty where it has none.

    Parameters
    ----------
    policy
        The alarm policy.
    alarms
        What gives the alarms: ``list`` or ``rule``.
    model
        Whether they are compared with a model, which is judged with suppression.
    """
    if not (policy.suppresses or policy.shelved):
        return ""
    rows = "alarms also count in rows in which the alarm policy suppresses alarms"
    compared = " The model of the run is judged with suppression." if model else ""
    return f"Suppression is not applied to this {alarms}: its {rows}.{compared}"
