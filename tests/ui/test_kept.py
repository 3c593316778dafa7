"""What the server keeps is kept for each workspace by itself."""

import ast
from pathlib import Path

import pytest
import streamlit as st

from rare_event.store.workspace import workspace as working_in
from rare_event.ui.kept import kept

ROOT = Path(__file__).resolve().parents[2]
# Their keys hold all that they are computed from, and no name that somebody gave.
OF_NO_WORKSPACE = {"jobs", "_asked", "_figure_of"}

computed: list[tuple[str, int]] = []


@kept(4)
def _value(run_id: str, shift: int, _dataset: object) -> object:
    computed.append((run_id, shift))
    return object()


@pytest.fixture(autouse=True)
def _nothing_is_kept():
    st.cache_resource.clear()
    computed.clear()
    yield
    st.cache_resource.clear()


def test_one_id_is_another_run_in_another_workspace(workspace) -> None:
    with working_in(workspace / "ana"):
        anas = _value("run", 1, object())
        assert _value("run", 1, object()) is anas, "what begins with _ is no part of the key"
        assert computed == [("run", 1)]
    with working_in(workspace / "ben"):
        bens = _value("run", 1, object())
    assert bens is not anas
    with working_in(workspace / "ana"):
        assert _value("run", 1, object()) is anas and _value("run", 2, object()) is not anas


def test_all_is_forgotten_at_once(workspace) -> None:
    before = _value("run", 1, None)
    _value.clear()
    assert _value("run", 1, None) is not before and computed == [("run", 1)] * 2


def kept_by_streamlit(path: Path) -> set[str]:
    """The functions of a module whose values Streamlit keeps for all workspaces together."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.FunctionDef):
            decorators = [ast.unparse(each) for each in node.decorator_list]
            if any("cache_resource" in each or "cache_data" in each for each in decorators):
                found.add(node.name)
    return found


def test_nothing_of_a_run_or_a_file_is_kept_for_all_together() -> None:
    files = [*ROOT.glob("rare_event/ui/**/*.py"), *ROOT.glob("pages/*.py"), ROOT / "app.py"]
    assert {name for path in files for name in kept_by_streamlit(path)} == OF_NO_WORKSPACE
    assert not any("cache_data" in path.read_text(encoding="utf-8") for path in files)
