"""What the explorer is handed: the same keys and types on both sides."""

import re
from pathlib import Path
from typing import Any, get_type_hints, is_typeddict

import numpy as np
import pytest

from rare_event.bench.data import synthetic_scores
from rare_event.config import AlarmPolicy, Costs
from rare_event.config.labels import RECONSTRUCTION
from rare_event.judge.explorer import event_levels, explorer_columns
from rare_event.plots import explorer
from rare_event.plots.explorer import ExplorerData, explorer_data

SCRIPT = (Path(explorer.__file__).parents[1] / "ui/threshold_explorer/explorer.js").read_text("utf-8")
HANDED = {
    name: value
    for name, value in vars(explorer).items()
    if is_typeddict(value) and value.__module__ == explorer.__name__
}
IN_SCRIPT = {"float": "number", "int": "number", "str": "string", "bool": "boolean"}


def in_script(hint: str) -> str:
    """The type as JSDoc writes it."""
    if hint.endswith(" | None"):
        return f"{in_script(hint.removesuffix(' | None'))} | null"
    if listed := re.fullmatch(r"list\[(.*)\]", hint):
        entry = in_script(listed.group(1))
        return f"({entry})[]" if "|" in entry else f"{entry}[]"
    if choices := re.fullmatch(r"Literal\[(.*)\]", hint):
        return choices.group(1).replace(", ", " | ").replace("'", '"')
    return IN_SCRIPT.get(hint, hint)


@pytest.mark.parametrize("name", HANDED)
def test_the_script_knows_exactly_what_it_is_handed(name: str) -> None:
    (typedef,) = re.findall(rf"@typedef {{object}} {name}\n((?: \* @property .*\n)+)", SCRIPT)
    known = {key: kind for kind, key in re.findall(r"@property {(.*)} (\w+)", typedef)}
    hints = {key: hint.__forward_arg__ for key, hint in HANDED[name].__annotations__.items()}
    assert known == {key: in_script(hint) for key, hint in hints.items()}


def test_the_script_is_checked_against_them() -> None:
    assert SCRIPT.startswith("// @ts-check\n")
    assert "@param {{ data: ExplorerData, " in SCRIPT
    assert not re.search(r"@ts-(ignore|nocheck|expect-error)|\{any\}|\{\*\}", SCRIPT)


def test_what_is_handed_over_has_these_keys_at_every_depth() -> None:
    scores, policy = synthetic_scores(5_000), AlarmPolicy(lead=60.0)
    data = explorer_data(
        explorer_columns(scores, policy, (1.0,)),
        scores,
        event_levels(scores, policy),
        1.0,
        part="Validation",
        label=RECONSTRUCTION,
        costs=Costs(),
    )

    def agree(found: object, wanted: object) -> None:
        if is_typeddict(wanted):
            hints = get_type_hints(wanted)
            assert isinstance(found, dict) and found.keys() == hints.keys()
            for key, hint in hints.items():
                agree(found[key], hint)

    agree(data, ExplorerData)
    assert (data["score"], data["unit"]) == (RECONSTRUCTION.name, RECONSTRUCTION.unit)
    assert "`Threshold on the ${data.score} (${data.unit})`" in SCRIPT and '"Threshold"' not in SCRIPT
    lengths = {len(values) for values in dict[str, Any](data["columns"]).values()}
    assert len(lengths) == 1 and np.all(np.diff(data["columns"]["threshold"]) > 0)
    assert not any(np.isnan(value) for value in data["columns"]["median_lead"] if value is not None)
