"""`run --watch` and what `score` and `bundle` make of it."""

import json
from dataclasses import replace

import pandas as pd
import pytest

from rare_event.cli.options import configure
from rare_event.cli.parser import main, make_parser
from rare_event.config import Costs, ExperimentConfig, Rule
from rare_event.errors import ConfigError
from rare_event.experiment.score import score
from rare_event.jobs.worker import execute
from rare_event.store.archive import import_archive, open_bundle, save_archive
from rare_event.store.bundle import open_trained
from rare_event.store.card import model_card
from rare_event.store.datasets import add_dataset
from rare_event.store.incoming import read_new
from rare_event.store.records import Committed
from rare_event.store.runs import COMMITTED, create_run, open_run
from rare_event.store.scored import ALARMS_CSV, SCORES_CSV, WATCH_CSV
from tests.records import as_older_version
from tests.small import PCA, small_frame

RUN = ["--model", "pca", "--rule", "quantile=0.9"]


@pytest.fixture
def run(workspace, small_csv):
    config = replace(PCA, rule=Rule("quantile", 0.9), watch=Rule("quantile", 0.7))
    run = create_run(add_dataset(small_csv, "small.csv"), config)
    execute(run)
    return run


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "new.csv"
    small_frame(300).assign(time=lambda f: f["time"] + pd.Timedelta(days=30)).to_csv(path, index=False)
    return path


@pytest.fixture
def table(tmp_path, small_csv):
    path = tmp_path / "small.csv"
    path.write_bytes(small_csv)
    return str(path)


def test_a_run_with_a_watch_level_has_the_figures_of_one_without(workspace, table, capsys) -> None:
    assert main(["run", table, *RUN, "--json", "--accept", "RE304"]) == 0
    alone = json.loads(capsys.readouterr().out)
    assert main(["run", table, *RUN, "--json", "--watch", "quantile=0.7", "--accept", "RE304"]) == 0
    both = json.loads(capsys.readouterr().out)
    watch = both.pop("watch")
    for name in ("run", "seconds"):
        assert both.pop(name) != alone.pop(name)
    assert both == alone and "watch" not in alone
    assert watch["rule"]["value"] == 0.7 and watch["threshold"] < both["threshold"]
    assert watch["figures"]["false_alarms"] > both["false_alarms"]
    assert watch["figures"]["only_watch"] == watch["figures"]["caught"] - both["events"]["caught"]


def test_a_run_says_what_the_watch_level_does_or_why_there_is_none(workspace, table, capsys) -> None:
    assert main(["run", table, *RUN, "--watch", "quantile=0.7"]) == 0
    text = capsys.readouterr().out
    assert "\nwatch level: " in text and "the 0.7 quantile of the scores on validation data" in text
    assert main(["run", table, *RUN, "--watch", "fixed=1e9"]) == 0
    refused = capsys.readouterr().out
    assert "watch level: The watch level (" in refused and "would lie above the warning level" in refused
    assert "Choose a lower value" in refused and "more false alarms" not in refused
    assert main(["run", table, *RUN, "--watch", "quantile=0.95"]) == 2
    told = capsys.readouterr()
    assert "above the warning level" in told.err and not told.out
    assert main(["run", table, *RUN]) == 0
    assert "watch" not in capsys.readouterr().out


def test_a_watch_level_of_least_cost_names_its_own_option_and_takes_the_costs(table, capsys) -> None:
    assert main(["run", table, "--watch", "cost=3"]) == 2
    told = capsys.readouterr()
    assert "'3'. Give the costs like this: --watch cost --costs event=" in told.err
    assert "--rule" not in told.err and not told.out
    assert main(["run", table, "--rule", "cost=3"]) == 2
    assert "--rule cost --costs event=" in capsys.readouterr().err

    def settings(*more: str) -> ExperimentConfig:
        return configure(make_parser().parse_args(["run", table, "--costs", "event=7", *more]))

    config = settings("--watch", "cost")
    assert config.watch == Rule("cost", 0.0, costs=Costs(event=7.0))
    assert config.rule.costs == Costs(), "the warning level has another rule"
    both = settings("--watch", "cost", "--rule", "cost")
    assert both.watch == both.rule == Rule("cost", 0.0, costs=Costs(event=7.0))
    assert settings("--watch", "fa-per-day=6", "--rule", "cost").watch == Rule("fa-per-day", 6.0)
    with pytest.raises(ConfigError, match="Add --rule cost, or --watch cost"):
        settings("--watch", "fa-per-day=6")


def test_score_writes_a_further_file_and_leaves_the_others_as_they_are(run, file, tmp_path, capsys) -> None:
    assert main(["score", run.id, str(file), "--out", str(tmp_path / "both"), "--json"]) == 0
    figures = json.loads(capsys.readouterr().out)
    committed = run.committed()
    run.commit(replace(committed, watch=None))
    assert main(["score", run.id, str(file), "--out", str(tmp_path / "alone")]) == 0
    assert "watch" not in capsys.readouterr().out
    assert not (tmp_path / "alone" / WATCH_CSV).exists()
    for name in (ALARMS_CSV, SCORES_CSV):
        assert (tmp_path / "both" / name).read_bytes() == (tmp_path / "alone" / name).read_bytes()
    listed = pd.read_csv(tmp_path / "both" / WATCH_CSV)
    watch = figures["watch"]
    assert watch["alarms"] == len(listed) > figures["alarms"]
    assert watch["reached_warning"] == listed["reached_warning"].notna().sum() > 0
    assert watch["threshold"] == committed.watch.last
    run.commit(committed)
    assert main(["score", run.id, str(file), "--out", str(tmp_path / "alone"), "--force"]) == 0
    assert f"At the watch level: {len(listed)} alarms" in capsys.readouterr().out


def test_a_bundle_carries_it_and_its_card_names_it(run, file, tmp_path) -> None:
    here = score(open_trained(run), read_new(open_trained(run), file, "new.csv").matched.ready())
    save_archive(run, tmp_path / "run.zip")
    there = open_bundle(tmp_path / "run.zip")
    assert there.watch == run.committed().watch
    again = score(there, read_new(there, file, "new.csv").matched.ready())
    assert again.watch is not None and here.watch is not None
    pd.testing.assert_frame_equal(again.watch, here.watch, check_exact=True)
    imported = import_archive(tmp_path / "run.zip")
    assert open_trained(imported).watch == there.watch
    assert "Watch level: an alarm of lower priority" in model_card(run, there)
    assert "Watch level" not in model_card(run, replace(there, watch=None))


def test_a_run_of_an_older_version_has_none(run) -> None:
    as_older_version(run.folder)
    for name in (COMMITTED.file, "config.json", "evaluation.json"):
        said = json.loads((run.folder / name).read_text())
        del said["watch"]
        (run.folder / name).write_text(json.dumps(said))
    older = open_run(run.id)
    assert older.committed().watch is None and older.config().watch is None
    assert older.evaluation().watch is None and open_trained(older).watch is None
    assert isinstance(older.committed(), Committed)
