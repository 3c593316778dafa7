"""What the names and values of a label say."""

from __future__ import annotations

import re
from typing import Literal

LABEL_WORDS = frozenset(
    ["label", "target", "class", "break", "event", "fault", "failure", "anomaly", "alarm", "trip", "defect"]
)
LABEL_WORDS |= {"attack", "anomalies", "outlier", "breakdown"}
# German, French, Spanish and Italian.
LABEL_WORDS |= {"abriss", "ausfall", "bruch", "fehler", "störung", "stoerung", "anomalie", "defaut", "défaut"}
LABEL_WORDS |= {"panne", "rupture", "averia", "avería", "falla", "fallo", "rotura", "guasto", "rottura"}
# Names that can mean nothing else.
PLAIN_LABELS = frozenset(["y", "label", "target"])
EVENT_WORDS = LABEL_WORDS - {"label", "target", "class"} | {
    *(
        "broken",
        "faulty",
        "fail",
        "failed",
        "failing",
        "anomalous",
        "abnormal",
        "tripped",
        "bad",
        "defective",
    ),
    *("error", "attacked", "incident", "true", "yes", "nok", "ng", "ja", "wahr", "oui", "vrai"),
}
NORMAL_WORDS = frozenset(
    ["normal", "ok", "okay", "good", "run", "running", "healthy", "regular", "benign", "false", "no", "none"]
    + ["nein", "falsch", "non", "faux", "normalbetrieb", "normale"]
)
# With one of them a state is on its way back, also from an event that it names.
RECOVERY_WORDS = frozenset(
    ["recovering", "recovery", "wiederanfahren", "redémarrage", "redemarrage", "rearranque", "riavvio"]
)
# Neither a normal row nor an event: the plant is on its way back, or nobody knows.
BETWEEN_WORDS = RECOVERY_WORDS | frozenset(
    ["unknown", "undefined", "uncertain", "maintenance", "startup", "shutdown", "transition", "transient"]
    + ["invalid", "excluded", "ignore", "warmup", "idle", "nan", "null", "anfahren", "wartung", "unbekannt"]
    + ["démarrage", "demarrage", "entretien", "inconnu", "arranque", "mantenimiento", "desconocido"]
    + ["avviamento", "manutenzione", "sconosciuto"]
)
NEGATIONS = frozenset(["no", "not", "non", "without"])

Meaning = Literal["event", "normal", "between"]

_GROUPS: dict[Meaning, frozenset[str]] = {
    "event": EVENT_WORDS,
    "normal": NORMAL_WORDS,
    "between": BETWEEN_WORDS,
}
_WHOLE: dict[str, Meaning] = {"0": "normal", "1": "event", "-1": "event", "y": "event", "n": "normal"}
_OPPOSITE: dict[Meaning, Meaning] = {"event": "normal", "normal": "event"}
# "1:No Attack -1:Attack" or "(0 = ok, 1 = trip)" in the name of a column.
_KEY = re.compile(r"(?<![\w.])([+-]?\d+|[A-Za-z]+)\s*[:=]\s*")


def words_of(text: str) -> list[str]:
    """Split a name or value into its words, in lower case.

    Examples
    --------
    >>> words_of("Sheet_Break (No. 2)")
    ['sheet', 'break', 'no', '2']
    """
    return re.findall(r"[^\W_]+", text.casefold())


def resembles_label(name: str) -> bool:
    """Whether a column is named like a label, for example "y" or "sheet_break"."""
    return name.strip().casefold() == "y" or any(
        word in LABEL_WORDS or word.removesuffix("s") in LABEL_WORDS for word in words_of(name)
    )


def denies(name: str) -> bool:
    """Whether a column is named for the absence of events, for example "no_fault"."""
    return bool(NEGATIONS & set(words_of(name.partition("(")[0])))


def meaning(value: str) -> Meaning | None:
    """Return what a label value says by itself; None if it says nothing.

    Examples
    --------
    >>> [meaning(value) for value in ("1", "No Attack", "A ttack", "NORMAL", "Recovering after a fault", "B")]
    ['event', 'normal', 'event', 'normal', 'between', None]
    """
    text = value.strip().casefold()
    if text in _WHOLE:
        return _WHOLE[text]
    words = words_of(text)
    if len(words) > 1 and words[0] in NEGATIONS:
        said_without = meaning(" ".join(words[1:]))
        return None if said_without is None else _OPPOSITE.get(said_without)
    if RECOVERY_WORDS & set(words):
        return "between"
    said = _said(words) or _said(["".join(words)])
    return next(iter(said)) if len(said) == 1 else None


def meanings_in(name: str) -> dict[str, Meaning]:
    """Return what the name of a column says about its values.

    Examples
    --------
    >>> meanings_in("Attack LABLE (1:No Attack -1:Attack)")
    {'1': 'normal', '-1': 'event'}
    """
    pieces = _KEY.split(name)[1:]
    found = {
        key: meaning(words.strip(" ,;/()[]")) for key, words in zip(pieces[::2], pieces[1::2], strict=True)
    }
    return {key: said for key, said in found.items() if said is not None}


def _said(words: list[str]) -> set[Meaning]:
    return {kind for kind, group in _GROUPS.items() if group & set(words)}
