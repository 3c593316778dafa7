"""The Python of the README runs as it stands there."""

import re
import shlex
from pathlib import Path

import pytest

from rare_event import sample_mill
from rare_event.cli.alarm_list import judge_alarms_command
from rare_event.cli.options import parse_settings
from rare_event.cli.parser import make_parser
from rare_event.config import AlarmPolicy, parse_sensor_rule
from rare_event.prepare.sample import SENSORS

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


def test_the_shell_names_what_the_sample_mill_has() -> None:
    (shell,) = re.findall(r"^```\n(python -m rare_event check .*?)^```", README, flags=re.M | re.S)
    table, parser = sample_mill(), make_parser()
    lines = [shlex.split(line) for line in shell.replace("\\\n", " ").splitlines()]
    options = [parser.parse_args(words[3:]) for words in lines]
    typed = [each.policy for each in options if getattr(each, "policy", None)]
    policies = [parse_settings(AlarmPolicy(), text, "The alarm policy has") for text in typed]
    columns = {policy.suppress_column for policy in policies} - {""}
    assert columns == {"grade"} <= set(table)
    named = {value for policy in policies for value in policy.suppress_values}
    assert named and named <= set(table["grade"])
    rules = [each.rule for each in options if each.command is judge_alarms_command and each.rule]
    sensor_rules = [parse_sensor_rule(text) for text in rules]
    assert [rule.sensor in SENSORS for rule in sensor_rules] == [True]
    values = table[sensor_rules[0].sensor]
    assert values.min() < sensor_rules[0].limit < values.max()


def test_new_rows_are_scored(capsys) -> None:
    known: dict[str, object] = {}
    exec(compile(SCORING[0], "README.md", "exec"), known)
    out = capsys.readouterr().out
    assert "rows scored" in out and "false alarm" in out and "Traceback" not in out
    scored, again = known["scored"], known["again"]
    assert scored.n_scored < again.n_scored  # type: ignore[attr-defined]
