"""A rule on one sensor, such as ``x12 > 4.1 for 3 rows``: what many plants have as their alarm today."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal, cast

from rare_event.config.base import Settings, require
from rare_event.errors import ConfigError

Sign = Literal[">", ">=", "<", "<="]
EXAMPLE = "x12 > 4.1 for 3 rows"
MOST_ROWS = 10_000
# A name without quotes holds no space, no quote and no sign; in quotes, a quote is written twice.
_PLAIN = re.compile(r"[^\s\"'<>=]+")
_RULE = re.compile(
    r"""\s*(?: "(?P<double>(?:[^"]|"")+)" | '(?P<single>(?:[^']|'')+)' | (?P<plain>[^\s"'<>=]+) )
    \s*(?P<sign>>=|<=|>|<)\s*(?P<limit>[^\s<>=]+)
    (?:\s+for\s+(?P<rows>\d+)\s+rows?)?\s*""",
    re.VERBOSE,
)
_NUMBER = re.compile(r"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?")


@dataclass(frozen=True)
class SensorRule(Settings):
    """An alarm in every row in which a sensor is beyond a limit, and was in the rows before it.

    Parameters
    ----------
    sensor
        Its name in the file.
    sign
        How its value is compared with the limit.
    limit
        A finite number.
    rows
        A row is alarmed if the condition holds in this many rows of its stretch, the row itself the last.

    Examples
    --------
    >>> parse_sensor_rule("x12 > 4.1 for 3 rows")
    SensorRule(sensor='x12', sign='>', limit=4.1, rows=3)
    >>> parse_sensor_rule("'Flow, pump 3'<=-2").in_words
    '"Flow, pump 3" <= -2'
    """

    sensor: str
    sign: Sign
    limit: float
    rows: int = 1

    def __post_init__(self) -> None:
        super().__post_init__()
        require(bool(self.sensor.strip()), f"The rule names no sensor. Write it like this: {EXAMPLE}.")
        require(
            1 <= self.rows <= MOST_ROWS,
            f"The rule asks for {self.rows} rows in a row; choose 1 to {MOST_ROWS:,}.",
        )

    @property
    def in_words(self) -> str:
        """The rule as it is typed."""
        name = self.sensor
        if not _PLAIN.fullmatch(name):
            doubled = name.replace('"', '""')
            name = f'"{doubled}"'
        limit = repr(float(self.limit)).removesuffix(".0")
        rows = f" for {self.rows} rows" if self.rows > 1 else ""
        return f"{name} {self.sign} {limit}{rows}"


def parse_sensor_rule(text: str) -> SensorRule:
    """Read a rule: a name, quoted if it has spaces or signs; ``>``, ``>=``, ``<`` or ``<=``; a number; rows.

    Raises
    ------
    ConfigError
        If it is no such rule.
    """
    shown = repr(text if len(text) <= 80 else f"{text[:80]}…")
    found = _RULE.fullmatch(text)
    if found is None:
        joined = re.search(r"\s(and|or)\s", text, re.IGNORECASE)
        why = "has more than one condition" if joined else "is not valid"
        what = f"The rule {shown} {why}" if text.strip() else "The rule is empty"
        raise ConfigError(
            f"{what}. Write a sensor, one of > >= < <=, a number and, if you like, a "
            f"number of rows: {EXAMPLE}. If a name has spaces, put it in quotes."
        )
    limit = found["limit"]
    if not _NUMBER.fullmatch(limit):
        comma = " with a decimal point" if "," in limit else ""
        raise ConfigError(
            f"The limit of the rule {shown} is {limit!r}, which is not a number. Write a number{comma}, as "
            f"in {EXAMPLE}."
        )
    if found["double"] is not None:
        sensor = found["double"].replace('""', '"')
    elif found["single"] is not None:
        sensor = found["single"].replace("''", "'")
    else:
        sensor = found["plain"]
    return SensorRule(sensor, cast(Sign, found["sign"]), float(limit), int(found["rows"] or 1))
