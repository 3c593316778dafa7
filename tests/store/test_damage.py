"""Every file of a workspace, damaged in every way: what is read then is what was written, or a sentence."""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Callable, Iterator, Mapping
from dataclasses import fields, is_dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from rare_event.errors import RareEventError, RunError
from rare_event.store.alarm_lists import damaged_alarms, list_alarms
from rare_event.store.bundle import open_folds, open_trained
from rare_event.store.datasets import list_datasets, open_dataset
from rare_event.store.explained import explanations
from rare_event.store.maps import open_map
from rare_event.store.marks import marks_of
from rare_event.store.originals import original
from rare_event.store.runs import list_runs, open_run
from rare_event.store.scored import FILES
from rare_event.store.scorings import open_scoring
from rare_event.store.workspace import scratch_home
from tests.damages import DAMAGES, MOST_SENTENCE, NotDone, files_in, make_workspace

Read = Mapping[str, Callable[[], object]]
# What is as good without the file: a name that a person gave, and what is computed again.
DISPENSABLE = {"about", "explained validation", "explained test"}


@pytest.fixture(scope="session")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    home = tmp_path_factory.mktemp("whole")
    with scratch_home(home):
        make_workspace()
    return home


def of_run(run_id: str) -> Read:
    run = open_run(run_id)
    committed = run.committed() if run.has("threshold.json") and run.purpose().role != "leakage" else None
    read: dict[str, Callable[[], object]] = {
        "config": run.config,
        "dataset": run.dataset,
        "purpose": run.purpose,
        "about": run.about,
        "status": run.written_status,
        "history": run.history,
        "looks": run.looks,
    }
    if run.purpose().role == "leakage":
        return read | {"leakage": run.leakage}
    if run.purpose().role == "ablation":
        return read | {"ablation": run.ablation}
    assert committed is not None
    return read | {
        "scores": lambda: (run.scores("validation"), run.scores("test")),
        "contributions": lambda: (run.contributions("validation"), run.contributions("test")),
        "committed": run.committed,
        "evaluation": run.evaluation,
        "judged": run.judged,
        "layers": run.layers,
        "marks": lambda: marks_of(run),
        "explained validation": lambda: explanations(run, "validation", committed),
        "explained test": lambda: explanations(run, "test", committed),
        "model": lambda: open_trained(run),
        "models of folds": lambda: open_folds(run),
    }


def of_dataset(digest: str) -> Read:
    return {
        "record": lambda: open_dataset(digest),
        "rows": lambda: open_dataset(digest).raw(),
        "upload": lambda: upload(digest),
        "alarm lists": lambda: alarm_lists(digest),
    }


def alarm_lists(digest: str) -> list[object]:
    for sentence in damaged_alarms(digest):
        raise RunError(sentence)
    return [one.name if one.rule else one.alarms() for one in list_alarms(digest)]


def upload(digest: str) -> bytes:
    with original(open_dataset(digest)) as path:
        assert isinstance(path, Path)
        return path.read_bytes()


def of_map(map_id: str) -> Read:
    made = open_map(map_id)
    return {
        "space": made.space,
        "dataset": made.dataset,
        "state": made.state,
        "cells": lambda: {number: run.id for number, run in made.cells().items()},
        "windows": made.windows,
    }


def of_scoring(scoring_id: str) -> Read:
    scoring = open_scoring(scoring_id)
    return {
        "request": scoring.request,
        "status": scoring.status,
        "findings": scoring.findings,
        "summary": scoring.summary,
        "rows": scoring.frame,
        "alarms": scoring.alarms,
        "watch": scoring.watch,
        "windows": scoring.windows,
        "files": lambda: [scoring.file(name) for name in FILES],
    }


OF: Mapping[str, Callable[[str], Read]] = {
    "datasets": of_dataset,
    "runs": of_run,
    "maps": of_map,
    "scorings": of_scoring,
}


def fingerprint(value: object) -> str:
    return hashlib.sha256("".join(parts(value)).encode()).hexdigest()


def parts(value: Any) -> Iterator[str]:
    if is_dataclass(value) and not isinstance(value, type):
        yield type(value).__name__
        for field in fields(value):
            yield from parts(getattr(value, field.name))
    elif isinstance(value, pd.DataFrame | pd.Series):
        yield value.to_csv()
    elif isinstance(value, np.ndarray):
        yield f"{value.dtype} {value.shape} {value.tolist()}"
    elif isinstance(value, Mapping):
        for key, each in value.items():
            yield repr(key)
            yield from parts(each)
    elif isinstance(value, list | tuple):
        for each in value:
            yield from parts(each)
    elif hasattr(value, "get_weights"):
        # A network's name counts those that this process has opened.
        yield from parts(value.get_weights())
    elif callable(value):
        # A function holds nothing that was read, and its name holds its place in memory.
        yield type(value).__name__
    elif hasattr(value, "__dict__"):
        yield from parts(vars(value))
    else:
        yield repr(value)


def outcome(read: Callable[[], object]) -> str:
    try:
        return fingerprint(read())
    except RareEventError as error:
        return f"! {error}"


def test_damage(whole: Path, tmp_path: Path, subtests: pytest.Subtests) -> None:
    """One folder of each kind, for each of its files; `make proof` takes all folders."""
    folders = [sorted((whole / kind).iterdir())[0] for kind in OF]
    tried, told = damage_all(whole, tmp_path, folders, subtests)
    assert tried > 300 and told > 200


def damage_all(
    whole: Path, tmp_path: Path, folders: list[Path], subtests: pytest.Subtests
) -> tuple[int, int]:
    """Damage each file of some folders in every way; return how often, and how many sentences followed."""
    tried = told = 0
    for folder in folders:
        kind, owner = folder.parent.name, folder.name
        copy = others(whole, folder, tmp_path / owner[:22])
        with scratch_home(copy):
            before = {what: outcome(read) for what, read in OF[kind](owner).items()}
            again = {what: outcome(read) for what, read in OF[kind](owner).items()}
        assert before == again and not [each for each in before.values() if each.startswith("!")]
        for name in files_in(folder):
            for how, damage in DAMAGES.items():
                target = copy / kind / owner
                shutil.copytree(folder, target, dirs_exist_ok=True)
                with subtests.test(f"{kind} {name}: {how}"):
                    # A rule is its record: without it there is no rule.
                    is_rule = name.startswith("alarms/") and not (target / name).with_suffix(".zst").exists()
                    if is_rule and how == "missing":
                        continue
                    try:
                        damage(target / name)
                    except NotDone:
                        continue
                    tried += 1
                    with scratch_home(copy):
                        said = different(kind, owner, name, before)
                        # Listing what is there never fails.
                        list_runs(role=None)
                        list_datasets()
                    told += len(said)
                    for what, sentence in said.items():
                        check(what, sentence, owner)
                shutil.rmtree(target)
    return tried, told


def others(whole: Path, folder: Path, copy: Path) -> Path:
    """A workspace that shares all folders but one with another."""
    for each in whole.glob("*/*"):
        target = copy / each.relative_to(whole)
        target.parent.mkdir(parents=True, exist_ok=True)
        if each == folder:
            shutil.copytree(each, target)
        else:
            target.symlink_to(each)
    return copy


def different(kind: str, owner: str, name: str, before: Mapping[str, str]) -> Mapping[str, str]:
    """What is read in another way than before, and how."""
    # The model has the name that a person gave its run.
    given = ["model"] if name == "about.json" else []
    try:
        read = OF[kind](owner)
    except RareEventError as error:
        return {"": f"! {error}"}
    after = {what: outcome(each) for what, each in read.items() if what not in (*DISPENSABLE, *given)}
    return {what: each for what, each in after.items() if each != before[what]}


def check(what: str, said: str, owner: str) -> None:
    """A sentence, short enough to be read, that names what is damaged."""
    assert said[0] == "!", f"{what}: other figures without a word"
    assert len(said) <= MOST_SENTENCE, said
    assert owner[:12] in said or "small.csv" in said or "log.csv" in said, said
