"""The Python of the README runs as it stands there."""

import re
from pathlib import Path

import pytest

from rare_event import sample_mill

README = (Path(__file__).parents[1] / "README.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"^```python\n(.*?)^```", README, flags=re.MULTILINE | re.DOTALL)


def test_the_readme_shows_the_path_and_the_estimator() -> None:
    path, estimator = BLOCKS
    assert "run_experiment(table, config)" in path and "EarlyWarning(" in estimator
    assert "EarlyWarning" not in path


@pytest.mark.parametrize("block", BLOCKS, ids=["path", "estimator"])
def test_a_block_runs(block, tmp_path, monkeypatch, capsys) -> None:
    sample_mill(2000).to_csv(tmp_path / "mill.csv", index=False)
    monkeypatch.chdir(tmp_path)
    exec(compile(block, "README.md", "exec"), {})
    printed = capsys.readouterr().out
    assert ("lookback" in printed and "DatetimeIndex" in printed) == ("EarlyWarning" in block)
    assert ("false_alarms_per_day" in printed) == ("operating_points" in block)
    assert "nan" not in printed.splitlines()[0]
    assert [path.name for path in tmp_path.iterdir()] == ["mill.csv"]
