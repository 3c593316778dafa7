"""The judgement of a run as older versions kept it."""

import json
from pathlib import Path
from typing import Any

import pytest

from rare_event.clock import NO_TIME
from rare_event.errors import RunError
from rare_event.store.judged import Judged
from rare_event.store.serial import load

OLDER: dict[str, Any] = {
    "name": "dense",
    "windows": "0123456789abcdef",
    "fold_auc": [0.6, None],
    "mean_fold_auc": 0.6,
    "interval": [0.5, 0.7],
    "pooled_auc": 0.61,
    "average_precision": 0.03,
    "base_rate": 0.01,
    "events": {
        "total": 78,
        "caught_at_best": {"4": {"2": 7}, "20": {"2": 9}},
        "caught": {"4": {"2": 5}, "20": {"2": 6}},
        "caught_trailing": {"4": {"2": 4}, "20": {"2": 8}},
    },
    "fa_per_day_achieved": {"2": 3.5},
    "fa_per_day_trailing": {"2": 2.5},
    "auc_draws": [0.5, None],
}


def read(record: dict[str, object], folder: Path) -> Judged:
    path = folder / "judgement.json"
    path.write_text(json.dumps(record))
    return load(Judged, path, "judgement", "run 1")


def test_the_older_layout_is_read_with_every_figure(tmp_path: Path) -> None:
    judged = read({**OLDER, "trivial": [{**OLDER, "name": "chance"}]}, tmp_path)
    model = judged.model
    assert (model.name, model.lead_windows, model.n_events) == ("dense", (4.0, 20.0), 78)
    assert model.mean_fold_auc == 0.6 and model.interval == (0.5, 0.7)
    assert model.auc_draws.tolist() == pytest.approx([0.5, float("nan")], nan_ok=True)
    found = {
        (kind, lead): model.count(kind, 2.0, lead).caught
        for kind in ("past", "trailing", "hindsight")
        for lead in (4.0, 20.0)
    }
    assert list(found.values()) == [5, 6, 4, 8, 7, 9]
    assert model.count("past", 2.0).false_alarms_per_day == 3.5
    assert model.count("trailing", 2.0).false_alarms_per_day == 2.5
    # Rates that older versions did not keep are not invented.
    assert model.count("past", 2.0, 20.0).false_alarms_per_day is None
    assert model.count("hindsight", 2.0).false_alarms_per_day is None
    assert [row.name for row in judged.trivial] == ["chance"]


def test_the_older_layout_of_a_file_without_a_clock(tmp_path: Path) -> None:
    rows = {"fa_per_day_achieved": None, "fa_per_1000_rows_achieved": {"2": 1.5}, "clock": NO_TIME.reason}
    model = read({**OLDER, **rows}, tmp_path).model
    assert model.time_unit == NO_TIME
    assert model.count("past", 2.0).false_alarms_per_day == 1.5


@pytest.mark.parametrize(
    "damage",
    [
        {"events": []},
        {"events": {**OLDER["events"], "caught": {"4": [1], "20": [2]}}},
        {"events": {**OLDER["events"], "caught": {}}},
        {"fa_per_day_achieved": [1]},
        {"trivial": 5},
        {"clock": 3},
    ],
)
def test_a_layout_of_no_version_is_refused_with_a_sentence(damage: dict[str, object], tmp_path: Path) -> None:
    with pytest.raises(RunError, match="judgement of run 1 cannot be read: the file is missing or damaged"):
        read({**OLDER, **damage}, tmp_path)


@pytest.mark.parametrize("gone", ["events", "windows", "auc_draws"])
def test_half_a_record_is_refused_with_a_sentence(gone: str, tmp_path: Path) -> None:
    half = {name: value for name, value in OLDER.items() if name != gone}
    with pytest.raises(RunError, match="judgement of run 1 cannot be read: the file is missing or damaged"):
        read(half, tmp_path)
