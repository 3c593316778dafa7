"""What `make audit` says: of packages that were not looked up, never that nothing was found."""

import importlib.util
from pathlib import Path
from typing import Any

import pytest

SCRIPT = Path(__file__).parents[1] / ".ci" / "audit.py"
SOUND = {"name": "tqdm", "version": "4.70.0", "vulns": []}
FAULTY = {
    "name": "jinja2",
    "version": "3.1.0",
    "vulns": [{"id": "PYSEC-1", "fix_versions": ["3.1.6"]}, {"id": "PYSEC-2", "fix_versions": []}],
}
SKIPPED = {"name": "loky", "skip_reason": "Dependency not found on PyPI"}
NOTHING_FOUND = "No vulnerability is known"
UNREACHED = "could not be reached for "


@pytest.fixture(scope="module")
def audit() -> Any:
    spec = importlib.util.spec_from_file_location("audit", SCRIPT)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize(
    ("packages", "unreached"),
    [
        ([], "any package"),
        ([SKIPPED], "1 of 1 packages"),
        ([SOUND, SKIPPED], "1 of 2 packages"),
        ([FAULTY, SKIPPED], "1 of 2 packages"),
    ],
)
def test_what_was_not_looked_up_is_unknown(audit: Any, packages: list[Any], unreached: str) -> None:
    code, words = audit.verdict(packages)
    assert code == audit.UNKNOWN
    assert f"{UNREACHED}{unreached}" in words
    assert NOTHING_FOUND not in words
    assert ("PYSEC-1" in words) == (FAULTY in packages)


def test_what_was_found_is_named_with_what_mends_it(audit: Any) -> None:
    code, words = audit.verdict([SOUND, FAULTY])
    assert code == audit.FOUND != audit.UNKNOWN
    assert words.splitlines() == [
        "jinja2 3.1.0: PYSEC-1, mended in 3.1.6",
        "jinja2 3.1.0: PYSEC-2, not mended yet",
    ]
    assert "tqdm" not in words


def test_only_where_all_were_looked_up_is_nothing_found(audit: Any) -> None:
    code, words = audit.verdict([SOUND, SOUND])
    assert code == 0
    assert words.startswith(NOTHING_FOUND)
    assert UNREACHED not in words
