"""The command `map`: one JSON object, a table for people, and the same command again."""

import json

import pytest

from rare_event.cli.commands import INTERRUPTED
from rare_event.cli.parser import main
from rare_event.jobs import map_runner as design_map
from rare_event.store.maps import list_maps
from rare_event.store.runs import list_runs, open_run
from tests.small import small_frame

TINY = ["--shifts", "2", "--lookbacks", "1", "5", "--representations", "difference", "--models", "pca"]
TINY += ["--folds", "3", "--jobs", "1"]


@pytest.fixture
def csv(workspace, tmp_path):
    path = tmp_path / "small.csv"
    small_frame().to_csv(path, index=False)
    return str(path)


def test_a_map_and_the_same_command_again(csv, capsys, monkeypatch) -> None:
    assert main(["map", csv, *TINY, "--json"]) == 0
    out, err = capsys.readouterr()
    told = json.loads(out)
    assert "2 of 2 cells" in err and "Traceback" not in err
    assert told["n_compared"] == 2 and len(told["cells"]) == 2
    for cell in told["cells"]:
        assert set(cell) >= {
            "setting",
            "mean_fold_auc",
            "interval",
            "fold_auc",
            "average_precision",
            "caught",
        }
        assert cell["setting"]["shift"] == 2 and len(cell["fold_auc"]) == 3
        assert set(cell["caught"]) == {"4", "20"} and set(cell["caught"]["4"]) == {"1", "2", "5"}
        run = open_run(cell["run"])
        assert run.purpose().role == "cell" and len(run.looks()) == 1
    assert told["best"]["mean_fold_auc"] == max(cell["mean_fold_auc"] for cell in told["cells"])
    assert "Best of 2 settings" in told["nested"]["auc"]["sentence"]
    assert "at most 4 min before an event" in told["judged_on"]["label"]

    def never(*_: object) -> None:
        raise AssertionError("A cell was computed again.")

    monkeypatch.setattr(design_map._Work, "_submit", never)
    assert main(["map", csv, *TINY]) == 0
    out, _ = capsys.readouterr()
    assert "PCA on differences, lookback 5, shift 2" in out and "expect about that on new data" in out
    assert len(list_maps()) == 1 and len(list_runs(role="cell")) == 2


def test_ctrl_c_leaves_a_map_that_goes_on(csv, capsys, monkeypatch) -> None:
    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(design_map._Work, "_begin", interrupted)
        assert main(["map", csv, *TINY]) == INTERRUPTED
    out, err = capsys.readouterr()
    assert not out and "Run the same command again" in err and "Traceback" not in err
    (made,) = list_maps()
    assert made.state().state == "cancelled" and made.cells() == {}
    assert main(["map", csv, *TINY, "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["map"] == made.id and made.state().state == "done"


@pytest.mark.parametrize(
    ("options", "named"),
    [
        (["--shifts", "0"], "shifts holds 0"),
        (["--lookbacks", "3", "3"], "lookbacks holds 3 twice"),
        (["--random", "55"], "--random is 55; choose 1 to 54."),
        (["--jobs", "0"], "--jobs is 0"),
        (["--lookbacks", "500", "--models", "pca"], "No window of 500 rows fits"),
    ],
)
def test_what_cannot_be_mapped_is_a_sentence(csv, capsys, options, named) -> None:
    assert main(["map", csv, *options]) == 2
    out, err = capsys.readouterr()
    assert named in err and "Traceback" not in err and not out
    assert list_runs(role="cell") == []
