"""The leakage meter: the same rows under three splits, and a placebo."""

import json
from dataclasses import replace

import numpy as np
import pytest

from rare_event.cli.parser import main
from rare_event.config import RECOMMENDED, PCAModel, Representation
from rare_event.experiment import leakage as module
from rare_event.experiment.leakage import Reading, describe, in_words, leakage

LEVELS = replace(
    RECOMMENDED,
    name="levels",
    model=PCAModel(),
    representation=Representation("level", "standard", clip=None),
    split=replace(RECOMMENDED.split, folds=4),
)


@pytest.fixture(scope="module")
def judged(sample_table):
    """Readings on the sample mill, and the scores they were read off."""
    read, seen = module.read, []

    def reading(test):
        seen.append(test)
        return read(test)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "read", reading)
        progress = []
        readings = leakage(sample_table, LEVELS, lambda *step: progress.append(step))
    return readings, seen, progress


def test_three_splits_are_judged_on_the_same_rows(judged) -> None:
    readings, (random, stretch, past, placebo), _ = judged
    assert list(readings) == ["random", "stretch", "past", "placebo"]
    for other in (stretch, past):
        assert (random.row == other.row).all() and (random.y_true == other.y_true).all()
    assert not np.array_equal(random.y_score, past.y_score)
    assert readings["random"].n_events == readings["past"].n_events > 20
    assert placebo.n_positive > 0 and not np.array_equal(placebo.row, past.row)


def test_every_reading_has_an_interval_around_it(judged) -> None:
    for reading in judged[0].values():
        assert reading.interval[0] < reading.auc < reading.interval[1]
        assert 0 < reading.n_positive < reading.n


def test_progress_counts_the_folds_of_all_trainings_together(judged) -> None:
    steps = [(fold, folds) for fold, folds, _ in judged[2]]
    assert steps == [(number, 16) for number in range(16)]


def of(auc, low, high) -> Reading:
    return Reading(auc, (low, high), 1000, 20, 10)


def test_a_leak_is_told_in_plain_words() -> None:
    leak = {"random": of(0.65, 0.6, 0.7), "stretch": of(0.45, 0.4, 0.5), "past": of(0.42, 0.36, 0.48)}
    sentence = in_words({**leak, "placebo": of(0.6, 0.55, 0.65)})
    assert "random rows: AUC 0.65;" in sentence and "the past only: 0.42" in sentence
    assert "rows next to the test rows" in sentence and "never happened" in sentence
    assert "never happened" not in in_words({**leak, "placebo": of(0.52, 0.45, 0.6)})


def test_no_leak_is_claimed_where_intervals_overlap_or_the_past_is_better() -> None:
    level = of(0.5, 0.45, 0.55)
    for past in (of(0.6, 0.55, 0.68), of(0.8, 0.75, 0.85)):
        sentence = in_words({"random": of(0.65, 0.6, 0.7), "stretch": level, "past": past, "placebo": level})
        assert "no sign of a leak" in sentence and "next to" not in sentence


def test_without_an_interval_nothing_is_claimed_either_way() -> None:
    level, higher = of(0.5, 0.45, 0.55), Reading(0.65, None, 1000, 20, 10)
    sentence = in_words({"random": higher, "stretch": level, "past": level, "placebo": level})
    assert "too few data to tell" in sentence and "no sign of a leak" not in sentence
    assert "next to" not in sentence


def test_one_class_only_is_said_not_shown_as_a_number() -> None:
    none = Reading(None, None, 100, 0, 0)
    readings = {name: none for name in ("random", "stretch", "past", "placebo")}
    assert "cannot be compared" in in_words(readings)
    assert "None" not in describe(readings)
    lines = describe(readings).splitlines()[:4]
    assert all(line.endswith("  AUC –, 0 events") for line in lines)
    assert ["optimistic" in line for line in lines] == [True, False, False, True]


def test_the_command_line_prints_one_object(sample_csv, capsys) -> None:
    command = ["leakage", str(sample_csv), "--model", "squares", "--folds", "3", "--json"]
    assert main(command) == 0
    figures = json.loads(capsys.readouterr().out)
    worse = [f for f in figures.pop("findings") if f["grade"] != "note"]
    # Nothing is wrong with the sample, but a part of each split holds few events.
    assert {f["code"] for f in worse} == {"RE205"} and figures.pop("settings") == []
    assert any(f["what"].startswith("Rolling split by time. The validation part") for f in worse)
    assert set(figures) == {"random", "stretch", "past", "placebo"}
    assert all({"auc", "interval"} <= set(reading) for reading in figures.values())
    low, high = figures["random"]["interval"]
    assert low < figures["random"]["auc"] < high
