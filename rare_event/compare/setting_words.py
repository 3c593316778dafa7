"""The words for settings: in the names of runs, and in the table of the settings that differ."""

from __future__ import annotations

from rare_event.config import RECIPES, name_of
from rare_event.config.labels import NAMES

# Settings whose name in the config says little alone.
SETTINGS = {
    "article_mode": "windows across stops",
    "split test_share": "test share",
    "split train_from": "training from",
    "split train_until": "training until",
    "split folds": "folds",
    "representation clip": "clip at",
    "representation lag": "lag of the difference",
    "representation trailing": "rows in the trailing mean",
    "representation one_hot": "categories as 0/1 columns",
    "representation per_asset": "each machine scaled separately",
    "model tied": "tied weights",
    "model widths": "layers",
    "score steps": "rows in the score",
    "score top_k": "sensors in the score",
    "training patience": "patience",
    "training keep": "weights kept",
    "training networks": "networks averaged",
    "policy k": "windows for an alarm",
    "policy n": "windows looked back for an alarm",
    "policy cooldown": "cooldown",
    "policy lead": "lead window",
    "policy min_lead": "minimum useful lead",
    "policy mute": "rows without alarms after a restart",
    "policy repeat": "repeat of an alarm",
    "policy end_share": "share of the threshold at which an alarm ends",
    "policy suppress_column": "column that suppresses alarms",
    "policy suppress_values": "values that suppress alarms",
    "policy suppress_after": "minutes without alarms after a change",
    "policy stops": "known stops without alarms",
    "policy shelved": "times with shelved alarms",
    "rule value": "target of the rule",
    "rule days": "recent scores for the trailing quantile (days, or thousands of rows)",
    "watch": "watch level",
    "costs event": "cost of an event",
    "costs false_alarm": "cost of a false alarm",
    "costs saved": "share of the cost saved",
}
# What an empty setting means.
EMPTY = {
    "split train_from": "the first row",
    "split train_until": "the share of the split",
    "representation clip": "no clipping",
    "score top_k": "all",
    "training patience": "never stop early",
    "policy lead": "equal to the label shift",
    "policy suppress_column": "none",
    "policy suppress_values": "none",
    "policy stops": "none",
    "policy shelved": "none",
    "watch": "no watch level",
    "model activations": "the same in all layers",
}


def setting_in_words(key: str) -> str:
    """Name a setting.

    Examples
    --------
    >>> setting_in_words("policy k"), setting_in_words("training batch_size")
    ('windows for an alarm', 'training batch size')
    """
    return SETTINGS.get(key, key.replace("_", " "))


def value_in_words(key: str, value: object) -> str:
    """Write the value of a setting as a form shows it.

    Examples
    --------
    >>> value_in_words("score top_k", None), value_in_words("model widths", (32, 16))
    ('all', '32, 16')
    >>> value_in_words("split kind", "rolling"), value_in_words("model tied", False)
    ('rolling split by time', 'no')
    """
    if value is None or value == ():
        return EMPTY.get(key, "none")
    if isinstance(value, tuple):
        return ", ".join(name_of(each) if each in RECIPES else value_in_words(key, each) for each in value)
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return f"{value:g}"
    return NAMES.get(value, value) if isinstance(value, str) else str(value)


def in_words(key: str, value: object) -> str:
    """Write a setting with its value, as part of a name.

    Examples
    --------
    >>> in_words("split kind", "rolling"), in_words("article_mode", False), in_words("seed", 3)
    ('rolling split by time', 'no windows across stops', 'seed 3')
    >>> in_words("model widths", (8, 2)), in_words("representation clip", None)
    ('layers 8-2', 'no clipping')
    """
    name = setting_in_words(key)
    if isinstance(value, bool):
        return name if value else f"no {name}"
    if isinstance(value, tuple) and value:
        return f"{name} {'-'.join(value_in_words(key, each) for each in value)}"
    said = value_in_words(key, value)
    alone = key.endswith("kind") or said.startswith("no ")
    return said if alone else f"{name} {said}"
