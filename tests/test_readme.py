"""The Python of the README runs as it stands there."""

import re
from pathlib import Path

import pytest

from rare_event import sample_mill

README = (Path(__file__).parents[1] / "README.md").read_text(encoding="utf-8")


def blocks(text: str) -> list[str]:
    return re.findall(r"^```python\n(.*?)^```", text, flags=re.MULTILINE | re.DOTALL)


def section(heading: str) -> str:
    (mine,) = [part for part in re.split(r"^## ", README, flags=re.M) if part.startswith(f"{heading}\n")]
    return mine


SCORING = blocks(section("Score new rows"))
OTHERS = [block for block in blocks(README) if block not in SCORING]


def test_the_readme_shows_the_path_the_estimator_and_scoring() -> None:
    path, estimator = OTHERS
    assert "run_experiment(table, config)" in path and "EarlyWarning(" in estimator
    assert "EarlyWarning" not in path and len(SCORING) == 1


@pytest.mark.parametrize("block", OTHERS, ids=["path", "estimator"])
def test_a_block_runs(block, tmp_path, monkeypatch, capsys) -> None:
    sample_mill(2000).to_csv(tmp_path / "mill.csv", index=False)
    monkeypatch.chdir(tmp_path)
    exec(compile(block, "README.md", "exec"), {})
    printed = capsys.readouterr().out
    assert ("lookback" in printed and "DatetimeIndex" in printed) == ("EarlyWarning" in block)
    assert ("false_alarms_per_day" in printed) == ("operating_points" in block)
    assert "nan" not in printed.splitlines()[0]
    assert [path.name for path in tmp_path.iterdir()] == ["mill.csv"]


def test_new_rows_are_scored(capsys) -> None:
    known: dict[str, object] = {}
    exec(compile(SCORING[0], "README.md", "exec"), known)
    out = capsys.readouterr().out
    assert "rows scored" in out and "false alarm" in out and "Traceback" not in out
    scored, again = known["scored"], known["again"]
    assert scored.n_scored < again.n_scored  # type: ignore[attr-defined]
