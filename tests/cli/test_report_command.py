"""The command `report`: one file, or a sentence and nothing written."""

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from rare_event.cli.parser import BAD_INPUT, main
from rare_event.jobs.worker import execute
from rare_event.report.page import report_html
from rare_event.store.datasets import add_dataset
from rare_event.store.records import Status
from rare_event.store.runs import Run, create_run, list_runs, mark
from tests.small import PCA, small_frame


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    home = tmp_path_factory.mktemp("kept")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("RARE_EVENT_HOME", str(home))
        execute(create_run(add_dataset(small_frame(1200).to_csv(index=False).encode(), "rows.csv"), PCA))
    yield home


@pytest.fixture
def run(kept: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    shutil.copytree(kept, tmp_path / "home")
    monkeypatch.setenv("RARE_EVENT_HOME", str(tmp_path / "home"))
    return list_runs()[0]


def without_time(html: str) -> str:
    """The report without the minute in which it was made."""
    begin = html.index("Report of ")
    return html[:begin] + html[html.index("UTC", begin) :]


def test_it_writes_the_report_and_says_how_large_it_is(run: Run, tmp_path: Path, capsys) -> None:
    out = tmp_path / "report.html"
    assert main(["report", run.id, "--out", str(out)]) == 0
    printed = capsys.readouterr()
    assert printed.out == f"{out}: {out.stat().st_size / 1e6:.1f} MB\n" and printed.err == ""
    assert without_time(out.read_text("utf-8")) == without_time(report_html(run))
    assert run.looks() == [] and sorted(path.name for path in tmp_path.iterdir()) == ["home", "report.html"]


def test_it_replaces_no_file_or_link_unless_forced(run: Run, tmp_path: Path, capsys) -> None:
    out, other = tmp_path / "report.html", tmp_path / "link.html"
    out.write_text("mine")
    other.symlink_to(out)
    for path, why in ((out, "already exists"), (other, "is a link")):
        assert main(["report", run.id, "--out", str(path)]) == BAD_INPUT
        assert why in capsys.readouterr().err and out.read_text() == "mine"
    assert main(["report", run.id, "--out", str(out), "--force"]) == 0
    assert out.read_text("utf-8").startswith("<!doctype html>")


def test_it_never_replaces_what_it_is_made_of_or_a_device(run: Run, tmp_path: Path, capsys) -> None:
    made_of = [*run.folder.iterdir(), *(run.folder.parents[1] / "datasets").rglob("*.parquet")]
    assert len(made_of) > 5
    for path in made_of:
        before = path.read_bytes()
        assert main(["report", run.id, "--out", str(path), "--force"]) == BAD_INPUT
        assert "is the input file" in capsys.readouterr().err and path.read_bytes() == before
    for path, why in (
        (Path(os.devnull), "device"),
        (tmp_path, "is a folder"),
        (tmp_path / "no" / "r", "exist"),
        (tmp_path / "r.pdf", "r.pdf does not end in .html"),
    ):
        assert main(["report", run.id, "--out", str(path), "--force"]) == BAD_INPUT
        assert why in capsys.readouterr().err
    assert not (tmp_path / "r.pdf").exists()


@pytest.mark.parametrize("state", ["queued", "failed", "cancelled", "interrupted"])
def test_a_run_without_a_result_is_a_sentence(run: Run, tmp_path: Path, capsys, state) -> None:
    mark(run, state)
    assert main(["report", run.id, "--out", str(tmp_path / "report.html")]) == BAD_INPUT
    printed = capsys.readouterr()
    assert f"rare_event: Run {run.id} " in printed.err and state in printed.err and not printed.out
    assert not (tmp_path / "report.html").exists()
    assert run.written_status() != Status("done")


def test_a_damaged_file_keeps_an_older_report(run: Run, tmp_path: Path, capsys) -> None:
    out = tmp_path / "report.html"
    out.write_text("older")
    (run.folder / "scores.parquet").write_bytes(b"PAR1")
    assert main(["report", run.id, "--out", str(out), "--force"]) == BAD_INPUT
    assert "cannot be read" in capsys.readouterr().err and out.read_text() == "older"


def test_an_unknown_run_is_a_sentence(run: Run, tmp_path: Path, capsys) -> None:
    for name in ("20200101-000000-000000", "../../etc", ""):
        assert main(["report", name, "--out", str(tmp_path / "report.html")]) == BAD_INPUT
        assert "There is no run" in capsys.readouterr().err
    assert not (tmp_path / "report.html").exists()
