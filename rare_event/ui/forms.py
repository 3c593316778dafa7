"""Forms whose help texts are the configs' own docstrings, so that each is written once."""

from __future__ import annotations

import inspect
import re
from functools import cache


@cache
def help_of(config: type, field: str) -> str:
    """Return what a config's docstring says of a field.

    Parameters
    ----------
    config
        A dataclass with a numpydoc "Parameters" section.
    field
        Name of one of its fields.

    Raises
    ------
    KeyError
        If the docstring says nothing of it.
    """
    text = (inspect.getdoc(config) or "").split("Parameters\n----------\n")[-1]
    for names, words in re.findall(
        r"^(\S[^\n]*)\n((?:[ ]{4}[^\n]*\n?|\n(?=[ ]{4}))+)", text, flags=re.MULTILINE
    ):
        if field in [name.strip() for name in names.split(",")]:
            return " ".join(words.split()).replace("``", "*")
    raise KeyError(f"{config.__name__} does not document {field}")
