"""A workspace with one of everything, the ways its files may be damaged, and what pages may say then."""

from __future__ import annotations

import io
import json
import re
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Executor, Future
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from streamlit.testing.v1 import AppTest

from rare_event.compare.companions import create_ablation, create_leakage
from rare_event.config import DesignSpace, SplitPlan
from rare_event.config.sensor_rule import parse_sensor_rule
from rare_event.experiment.leakage import PLACEBO, SPLITS, Reading
from rare_event.jobs.explaining import explain_in_worker
from rare_event.jobs.map_runner import run_map
from rare_event.jobs.scoring import score_in_worker
from rare_event.jobs.worker import execute_in_worker
from rare_event.store.alarm_lists import add_alarms, add_rule
from rare_event.store.datasets import add_dataset
from rare_event.store.digests import recorded
from rare_event.store.maps import create_map
from rare_event.store.marks import Mark, mark_alarm
from rare_event.store.records import About, Part, Purpose
from rare_event.store.runs import create_run, mark
from rare_event.store.scorings import create_scoring
from rare_event.store.seal import open_at_threshold
from tests.app.conftest import every_view
from tests.small import DENSE, PCA, small_frame

Damage = Callable[[Path], None]
MOST_SENTENCE = 300
SENTENCE = re.compile(
    r"cannot be read: the file is missing or damaged|was written by a newer version|is no longer here"
    r"|There is no (run|map|scoring)|is damaged"
)
PAGES = (
    "app.py",
    "pages/1_Data.py",
    "pages/2_Train.py",
    "pages/3_Threshold.py",
    "pages/4_Evaluate.py",
    "pages/5_Alarms.py",
    "pages/6_Compare.py",
    "pages/7_Score.py",
    "pages/Articles.py",
)


class Here(Executor):
    """Executes what is submitted at once, in this process."""

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        future: Future[Any] = Future()
        future.set_result(fn(*args, **kwargs))
        return future


def make_workspace() -> tuple[str, str]:
    """Fill the workspace, and return the digest of its dataset and the id of its run."""
    file = small_frame(1_200).to_csv(index=False).encode()
    dataset = add_dataset(file, "small.csv")
    run = create_run(dataset, replace(PCA, split=SplitPlan("rolling", folds=2)))
    other = create_run(dataset, replace(DENSE, split=SplitPlan("chronological")))
    baseline = create_run(dataset, run.config(), Purpose("baseline", run.id))
    made = [run, other, baseline, create_ablation(run)]
    for each in made:
        execute_in_worker(each.id)
        assert each.status().state == "done", each.status()
    leakage = create_leakage(run)
    with recorded(leakage.folder):
        # Its stretches are too short for invented events.
        leakage.save_leakage(dict.fromkeys([*SPLITS, PLACEBO], Reading(0.6, (0.5, 0.7), 400, 20, 10)))
    mark(leakage, "done")
    run.describe(About("Pump 7", "after the revision"))
    open_at_threshold(run)
    open_at_threshold(other)
    parts: tuple[Part, ...] = ("validation", "test")
    for part in parts:
        explain_in_worker(run.id, part)
    mark_alarm(run, Mark("2024-01-02T00:00", "false"))
    design_map = create_map(dataset, DesignSpace((2,), (1, 3), ("level",), ("pca",), folds=2))
    run_map(design_map, 1, open_worker=Here)
    add_rule(dataset.digest, parse_sensor_rule("s1 > 1"))
    add_alarms(dataset.digest, "log.csv", b"start,end\n2024-01-02 00:00,2024-01-02 00:10\n")
    scoring = create_scoring(run, [(io.BytesIO(file), "new.csv")])
    score_in_worker(scoring.id)
    assert scoring.status().state == "done", scoring.status()
    return dataset.digest, run.id


def missing(path: Path) -> None:
    path.unlink()


def emptied(path: Path) -> None:
    path.write_bytes(b"")


def cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def garbled(path: Path) -> None:
    content = bytearray(path.read_bytes())
    for place in np.random.default_rng(0).integers(0, len(content), 1 + len(content) // 200):
        content[place] ^= 0x55
    path.write_bytes(bytes(content))


def of(content: bytes) -> Damage:
    """Other content, the same for every file."""

    def damaged(path: Path) -> None:
        path.write_bytes(content)

    return damaged


def digit(path: Path) -> None:
    """One digit of a number is another."""
    content = path.read_bytes()
    found = [each.start() for each in re.finditer(rb"(?<=[ :,])[1-8](?=[.,\d\s])", content)]
    if not found:
        raise NotDone
    place = found[len(found) // 2]
    path.write_bytes(content[:place] + bytes([content[place] + 1]) + content[place + 1 :])


class NotDone(Exception):
    """A kind of damage that a file cannot have."""


def rewritten(change: Callable[[pd.DataFrame], pd.DataFrame]) -> Damage:
    """A Parquet file that holds other rows, and is as whole as before."""

    def damaged(path: Path) -> None:
        if path.suffix != ".parquet":
            raise NotDone
        change(pd.read_parquet(path)).to_parquet(path)

    return damaged


def all_nan(frame: pd.DataFrame) -> pd.DataFrame:
    numbers = frame.select_dtypes("number").columns
    return frame.assign(**{name: np.nan for name in numbers})


def arrays_of_zeros(path: Path) -> None:
    """An archive of arrays that holds other numbers."""
    if path.suffix != ".npz":
        raise NotDone
    with np.load(path, allow_pickle=False) as stored:
        arrays = {name: stored[name] for name in stored.files}
    zeros = {name: array * 0 for name, array in arrays.items() if array.dtype.kind == "f"}
    np.savez(path, allow_pickle=False, **(arrays | zeros))


def newer(path: Path) -> None:
    """A record with fields that no version before it knew."""
    if path.suffix != ".json":
        raise NotDone
    path.write_text(json.dumps({"version": 99, "what": json.loads(path.read_text())}))


DAMAGES: Mapping[str, Damage] = {
    "nothing": lambda _: None,
    "missing": missing,
    "emptied": emptied,
    "cut": cut,
    "garbled": garbled,
    "null": of(b"null"),
    "{}": of(b"{}"),
    "[]": of(b"[]"),
    "nested": of(b"[" * 200_000),
    "text": of("Grüße\n".encode("utf-16")),
    "another digit": digit,
    "half of the rows": rewritten(lambda frame: frame[: len(frame) // 2]),
    "rows twice": rewritten(lambda frame: pd.concat([frame, frame])),
    "all NaN": rewritten(all_nan),
    "zeros": arrays_of_zeros,
    "newer": newer,
}


def files_in(home: Path) -> list[str]:
    """What may be damaged: all but locks."""
    found = sorted(path for path in home.rglob("*") if path.is_file() and path.name[0] != ".")
    return [path.relative_to(home).as_posix() for path in found]


def seen(app: AppTest) -> tuple[str, ...]:
    """The words, the charts and the tables of a page."""
    words = [str(getattr(each, "value", "")) for each in [*app.main, *app.sidebar, *app.toast]]
    charts = [each.proto.spec for each in app.get("plotly_chart")]
    tables = [each.value.to_csv() for each in app.dataframe]
    return "\n".join(words).replace("\\", ""), *charts, *tables


def looks_at(app: AppTest, page: str) -> Iterator[AppTest]:
    """A page as it opens, and its other views."""
    if page == "pages/4_Evaluate.py":
        yield from every_view(app)
        return
    yield app
    if page == "pages/6_Compare.py" and any(each.key == "compare_view" for each in app.segmented_control):
        yield app.segmented_control(key="compare_view").set_value("Design space").run()
