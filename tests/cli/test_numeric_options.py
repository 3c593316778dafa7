"""No number on the command line ends in a traceback or a runaway, whichever option the parser lists.

The command lines name a file that is too short to train on, and a run that is not here: what is in bounds
ends there.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from rare_event.cli import doctor
from rare_event.cli.doctor import a_port
from rare_event.cli.installation import Check
from rare_event.cli.parser import main, make_parser
from rare_event.config import AlarmPolicy, Costs, Rule
from rare_event.config.labels import RULES
from rare_event.errors import ConfigError, DataError, RareEventError
from rare_event.judge.rules import choose_on
from rare_event.judge.thresholds import operating_points
from rare_event.store.runs import list_runs
from rare_event.ui import serve as serving
from tests.small import one_stretch, small_frame

VALUES = ("nan", "inf", "-inf", "-1", "0", "1e308", "1e-308", "1" + "0" * 30, str(2**63), "", "some")
NO_RUN = "20200101-000000-000000"
LONGEST = 400  # of a sentence that may name an option
# What `check` says of a short file, and `doctor` of a port, is no refusal.
CODES = {"check": {0, 1, 2, 3}, "doctor": {0, 1, 2}}


def commands() -> dict[str, argparse.ArgumentParser]:
    parser = make_parser()
    (found,) = (action for action in parser._actions if isinstance(action, argparse._SubParsersAction))
    return dict(found.choices)


def numeric() -> Iterator[tuple[str, str, str]]:
    """Each command with each option that takes a number, and how it is written."""
    for command, parser in commands().items():
        for action in parser._actions:
            if action.type in (int, float, a_port):
                yield command, action.option_strings[-1], "{}"
            for kind, option in ((AlarmPolicy, "--policy"), (Costs, "--costs")):
                if option in action.option_strings:
                    numbers = [field.name for field in fields(kind) if field.type in ("int", "float")]
                    yield from ((command, option, f"{name}={{}}") for name in numbers)
            if action.option_strings in (["--rule"], ["--watch"]) and command == "run":
                yield from ((command, action.option_strings[0], f"{kind}={{}}") for kind in RULES)
    yield from (
        ("judge-alarms", "--rule", f"s1 > {text}") for text in ("{}", "4 for {} rows", "4 for {} min")
    )


CASES = [*numeric()]


def arguments(command: str, option: str, tiny: Path) -> list[str]:
    """The least that a command needs, of things that stop it later; and the model that takes the option."""
    line = [command]
    for action in commands()[command]._actions:
        given = str(tiny) if action.type is Path else NO_RUN
        if not action.option_strings:
            line.append(given)
        elif action.required:
            line += [action.option_strings[0], str(tiny.parent)]
    models = {"--encoder": "lstm", "--decoder": "lstm", "--recurrent-dropout": "lstm", "--costs": "pca"}
    if command in ("run", "backtest"):
        line += ["--model", models.get(option, "dense")]
    return [*line, "--rule", "cost"] if option == "--costs" else line


@pytest.fixture
def tiny(workspace: Path) -> Path:
    path = workspace / "tiny.csv"
    small_frame(12).assign(y=[0] * 11 + [1]).to_csv(path, index=False)
    return path


@pytest.mark.parametrize(("command", "option", "written"), CASES, ids=map(" ".join, CASES))
def test_a_number_is_used_or_refused_in_a_sentence(
    command: str,
    option: str,
    written: str,
    tiny: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    def stop(port: int, address: str, workspace: Path | None, servers: int) -> None:
        serving.serve_options(port, address)
        serving.require_servers(servers)
        raise ConfigError("Nothing is served in a test. Choose another one.")

    monkeypatch.setattr(serving, "serve", stop)
    monkeypatch.setattr(doctor, "check_packages", lambda: [])
    monkeypatch.setattr(doctor, "check_training", lambda _: Check("training", True, "ok"))
    for value in VALUES:
        try:
            code = main([*arguments(command, option, tiny), f"{option}={written.format(value)}"])
        except SystemExit as ended:  # argparse
            code = int(ended.code or 0)
        out, err = capsys.readouterr()
        assert code in CODES.get(command, {2}), (value, out, err)
        if code == 2:
            last = err.strip().splitlines()[-1]
            assert "error: " in last or last.startswith("rare_event: "), (value, err)
            assert len(last) < LONGEST and "Traceback" not in err
    assert not list_runs() and sorted(tiny.parent.glob("*.csv")) == [tiny]


def test_the_parser_lists_the_options_that_take_numbers() -> None:
    listed = {(command, option) for command, option, _ in CASES}
    assert {
        ("run", "--input-noise"),
        ("map", "--jobs"),
        ("follow", "--interval"),
        ("app", "--port"),
    } <= listed
    assert not {("run", "--model"), ("check", "--time")} & listed


SCORES = one_stretch(*np.random.default_rng(0).normal(size=60))
ODD = [*map(float, ("0", "1e-308", "1e-6", "1e-3", "0.5", "1", "3", "1e3", "1e6", "1e30", "1e308"))]


@pytest.mark.parametrize("kind", RULES)
def test_what_a_rule_accepts_its_arithmetic_bears(kind: str) -> None:
    refused = 0
    for value in ODD:
        try:
            rule = Rule(kind, value)  # type: ignore[arg-type]
            assert not np.isnan(choose_on(SCORES, AlarmPolicy(), rule))
        except RareEventError as error:
            refused += 1
            assert isinstance(error, ConfigError | DataError) and len(str(error)) < LONGEST
    assert refused < len(ODD) or kind not in ("fixed", "fa-per-day")


@pytest.mark.parametrize(
    "name", [field.name for field in fields(AlarmPolicy) if field.type in ("int", "float")]
)
def test_what_a_policy_accepts_its_arithmetic_bears(name: str) -> None:
    refused = 0
    for value in ODD:
        changed: Any = {name: int(value) if value.is_integer() else value}
        try:
            points = operating_points(SCORES, replace(AlarmPolicy(), **changed))
        except ConfigError:
            refused += 1
            continue
        assert np.isfinite(points.days) and (points.fp >= 0).all() and len(points) > 0
    assert 0 < refused < len(ODD)
