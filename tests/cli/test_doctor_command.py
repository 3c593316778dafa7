"""The command `doctor`: the installation line by line, the workspace, and what is repaired."""

import http.server
import json
import shutil
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from rare_event.cli import doctor, installation
from rare_event.cli.installation import (
    Check,
    check_packages,
    check_port,
    check_training,
    check_workspace_disk,
)
from rare_event.cli.parser import main
from rare_event.errors import DataError
from rare_event.jobs import worker
from rare_event.store.datasets import add_dataset, list_datasets
from rare_event.store.originals import folder_of
from rare_event.store.repair import SET_ASIDE
from rare_event.store.runs import Run, create_run, list_runs, mark
from rare_event.store.users import note_user, workspace_of
from rare_event.store.workspace import scratch_home
from rare_event.store.workspace import workspace as working_in
from tests.small import PCA


@pytest.fixture
def sound(monkeypatch: pytest.MonkeyPatch) -> None:
    """An installation that is known to be sound."""
    monkeypatch.setattr(doctor, "_checks", lambda port: iter([Check("port", True, str(port))]))


@pytest.fixture
def run(workspace: Path, small_csv: bytes) -> Run:
    run = create_run(add_dataset(small_csv, "mill.csv"), PCA)
    mark(run, "cancelled")
    return run


def test_a_sound_installation_says_ok_in_each_line(workspace: Path, capsys) -> None:
    with free_port() as port:
        assert main(["doctor", "--port", str(port)]) == 0
    out, err = capsys.readouterr()
    lines = out.splitlines()
    assert all(": ok" in line for line in lines) and err == ""
    for name in ("Python", "rare_event", "numpy", "streamlit", "tensorflow", "training", "workspace folder"):
        assert any(line.startswith(f"{name}: ok, ") for line in lines), name
    assert (
        "two epochs on the sample mill" in out and lines[-1] == "workspace: ok, all that is in it can be read"
    )
    assert list(workspace.iterdir()) == [], "the training leaves nothing in the workspace"


def test_damage_is_listed_and_repaired(sound: None, run: Run, workspace: Path, capsys) -> None:
    (run.folder / "config.json").write_text("[")
    assert main(["doctor"]) == 1
    out = capsys.readouterr().out
    assert f"run {run.id}, config.json: " in out and "run `doctor --repair`" in out
    assert list_runs() == [run] and not (workspace / SET_ASIDE).exists(), "without --repair nothing changes"
    assert main(["doctor", "--repair"]) == 0
    out = capsys.readouterr().out
    assert f"run {run.id}, config.json: " in out and f"runs/{run.id}: moved to {SET_ASIDE}/" in out
    assert list_runs() == [] and len(list_datasets()) == 1
    assert main(["doctor"]) == 0
    assert capsys.readouterr().out.endswith("workspace: ok, all that is in it can be read\n")


def test_json_is_one_object_with_all_that_was_found_and_done(sound: None, run: Run, capsys) -> None:
    (run.folder / "config.json").write_text("[")
    queued = create_run(run.dataset(), PCA)
    (Path(run.folder.parents[1]) / "datasets" / run.dataset().digest / "dataset.json").write_text("{")
    assert main(["doctor", "--json", "--repair", "--port", "9"]) == 1
    report = json.loads(capsys.readouterr().out)
    assert report["ok"] is False and report["installation"] == [{"name": "port", "ok": True, "what": "9"}]
    assert [(each["kind"], each["file"]) for each in report["damages"]] == [
        ("dataset", "dataset.json"),
        ("run", "config.json"),
    ]
    assert len(report["done"]) == 1 and run.id in report["done"][0]
    assert len(report["left"]) == 1 and f"run {queued.id} has not ended" in report["left"][0]
    assert queued.folder.is_dir() and not run.folder.exists()


def test_a_fault_of_the_installation_is_a_sentence(
    workspace: Path, monkeypatch: pytest.MonkeyPatch, capsys
) -> None:
    broken = [Check("numpy", False, "It is not installed.")]
    monkeypatch.setattr(doctor, "check_packages", lambda: iter(broken))
    monkeypatch.setattr(doctor, "check_training", lambda _: pytest.fail("tried without numpy"))
    with free_port() as port:
        assert main(["doctor", "--port", str(port)]) == 1
    out = capsys.readouterr().out
    assert out.startswith("numpy: It is not installed.\n") and "training: Not tried" in out


@contextmanager
def free_port() -> Iterator[int]:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    yield port


class Healthy(http.server.BaseHTTPRequestHandler):
    """Answers as the app does."""

    def do_GET(self) -> None:
        self.send_response(200)
        self.end_headers()
        self.wfile.write(b"ok")

    def log_message(self, *_: object) -> None:
        """Say nothing."""


def test_a_port_is_free_or_the_app_or_taken() -> None:
    with free_port() as port:
        assert check_port(port) == Check(f"port {port}", True, "free")
    with http.server.HTTPServer(("127.0.0.1", 0), Healthy) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        assert check_port(server.server_port).what == "an app answers there"
        server.shutdown()
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        taken = check_port(other.getsockname()[1])
    assert not taken.ok and "Start the app with another --port." in taken.what
    assert not check_port(70_000).ok and not check_port(-1).ok


def test_a_package_that_fails_is_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "ends_python.py").write_text("import os\nos._exit(132)\n")
    (tmp_path / "raises.py").write_text("raise OSError('no library')\n")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    failed = installation._import_all(["json", "raises", "ends_python", "csv", "no_such_module"])
    assert failed == {
        "raises": "OSError",
        "ends_python": "Python ended with code 132",
        "no_such_module": "ModuleNotFoundError",
    }
    needs = [("no-such-package", ""), ("no-such-extra", "networks"), ("numpy", "")]
    monkeypatch.setattr(installation, "_requirements", lambda: iter(needs))
    found = {check.name: check for check in check_packages()}
    assert (
        not found["no-such-package"].ok
        and 'Run "pip install no-such-package"' in found["no-such-package"].what
    )
    assert found["no-such-extra"].ok and "needed only for the extra [networks]" in found["no-such-extra"].what
    assert found["numpy"].ok


def test_a_folder_that_cannot_be_written_or_is_full_is_a_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    new = tmp_path / "not" / "yet"
    assert check_workspace_disk(new).ok and not new.exists()
    monkeypatch.setattr(shutil, "disk_usage", lambda _: shutil._ntuple_diskusage(10, 9, 1))
    assert "0.0 GB of free space" in check_workspace_disk(new).what

    def refused(**_: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(installation.tempfile, "TemporaryFile", refused)
    check = check_workspace_disk(new)
    assert not check.ok and "cannot be written to (Permission denied)." in check.what


@pytest.mark.parametrize(
    ("error", "said"),
    [(DataError("Too few rows."), "Too few rows."), (OSError("no library"), "OSError: no library")],
)
def test_a_training_that_fails_is_a_sentence(
    monkeypatch: pytest.MonkeyPatch, workspace: Path, error: Exception, said: str
) -> None:
    def fail(*_: object) -> None:
        raise error

    monkeypatch.setattr(worker, "execute", fail)
    check = check_training(with_network=False)
    assert not check.ok and said in check.what and list(workspace.iterdir()) == []


def test_without_tensorflow_a_pca_is_trained(workspace: Path) -> None:
    check = check_training(with_network=False)
    assert check.ok and check.what.startswith("a PCA; without TensorFlow")


def test_workspaces_of_people_are_named_and_checked_by_themselves(
    sound: None, run: Run, workspace: Path, small_csv: bytes, capsys
) -> None:
    ana = workspace_of("https://id.example", "1")
    note_user(ana, "Ana", "ana@plant.example")
    with working_in(ana):
        add_dataset(small_csv, "anas.csv")
        (folder_of(list_datasets()[0].digest) / "dataset.json").write_text("{")
    assert main(["doctor"]) == 0
    out = capsys.readouterr().out
    assert "people who sign in: 1." in out and f"{ana}  Ana, ana@plant.example" in out and "{" not in out
    assert main(["doctor", "--json"]) == 0
    assert [each["id"] for each in json.loads(capsys.readouterr().out)["people"]] == [ana.name]
    with scratch_home(ana):
        assert main(["doctor"]) == 1
    assert "dataset.json" in capsys.readouterr().out
