"""TensorFlow's start-up lines: nobody sees them, and nothing else is lost."""

import os
import subprocess
import sys
from pathlib import Path

IMPORT = "from rare_event.detect.layers import import_keras; import_keras()"


def imported(
    after: str = "", folder: Path | None = None, shell: str = ""
) -> subprocess.CompletedProcess[str]:
    path = {} if folder is None else {"PYTHONPATH": str(folder)}
    command = [sys.executable, "-c", IMPORT + after]
    if shell:
        command = ["sh", "-c", f'exec "$@" {shell}', "sh", *command]
    return subprocess.run(command, capture_output=True, text=True, env={**os.environ, **path}, check=False)


def test_nothing_is_written_while_keras_loads_and_all_that_comes_later() -> None:
    done = imported("; import os; os.write(2, b'later')")
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "later")


def test_what_was_written_before_a_failure_is_told(tmp_path) -> None:
    (tmp_path / "keras.py").write_text(
        "import os\nos.write(2, b'a library is broken\\n')\nraise OSError('no')\n"
    )
    done = imported(folder=tmp_path)
    assert (
        done.returncode == 1 and done.stderr.startswith("a library is broken\n") and "OSError" in done.stderr
    )


def test_it_loads_without_a_standard_error() -> None:
    assert imported("; print(1)", shell="2>&-").stdout == "1\n"


def test_threads_that_need_keras_at_once_leave_standard_error_in_place(tmp_path) -> None:
    """Each would take what another has put in its place for the original, and put that back last."""
    (tmp_path / "keras.py").write_text("sum(range(1_000_000))\n")
    code = """
import os, sys
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from rare_event.detect import layers
layers.own_layers = lambda: None
together = Barrier(4)

def load(_):
    together.wait(60)
    layers.import_keras()

with ThreadPoolExecutor(4) as threads:
    for _ in range(20):
        sys.modules.pop("keras", None)
        list(threads.map(load, range(4)))
os.write(2, b"all is said")
"""
    environment = {**os.environ, "PYTHONPATH": str(tmp_path)}
    command = [sys.executable, "-c", code]
    done = subprocess.run(command, capture_output=True, text=True, env=environment, check=False)
    assert (done.returncode, done.stderr) == (0, "all is said")
