"""Whether the installation works: its packages, the port, the workspace, and a short training."""

from __future__ import annotations

import os
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import tomllib
import urllib.request
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from importlib import metadata
from pathlib import Path

import rare_event
from rare_event.errors import RareEventError

LOCAL = "127.0.0.1"
LEAST_FREE = 1e9  # bytes
PROBE_SECONDS = 300
HEALTH_SECONDS = 5
GB = 1e9
EXTRA = re.compile(r"extra == ['\"](?P<extra>[\w-]+)['\"]")
NAME = re.compile(r"[A-Za-z0-9._-]+")
# In a process of its own: a package built for another processor ends the process that imports it.
PROBE = """
import importlib, sys
for name in sys.argv[1:]:
    sys.stdout.write(f"begin {name}\\n")
    sys.stdout.flush()
    try:
        importlib.import_module(name)
    except BaseException as error:
        sys.stdout.write(f"failed {name} {type(error).__name__}\\n")
    else:
        sys.stdout.write(f"good {name}\\n")
    sys.stdout.flush()
"""


@dataclass(frozen=True)
class Check:
    """What a check of the installation found.

    Parameters
    ----------
    name
        What was checked.
    ok
        Whether it is as it should be.
    what
        What was found and, if it is not, what to do.
    """

    name: str
    ok: bool
    what: str = ""

    @property
    def line(self) -> str:
        """The check in one line."""
        if self.ok:
            return f"{self.name}: ok" + (f", {self.what}" if self.what else "")
        return f"{self.name}: {self.what}"


def check_packages() -> Iterator[Check]:
    """Check Python, and that every package can be imported that is needed, or installed for an extra."""
    yield Check("Python", True, sys.version.split()[0])
    yield Check("rare_event", True, rare_event.__version__)
    installed = {}
    for package, extra in dict(_requirements()).items():
        try:
            installed[package] = metadata.version(package)
        except metadata.PackageNotFoundError:
            if extra:
                yield Check(package, True, f"not installed; needed only for the extra [{extra}]")
            else:
                yield Check(package, False, f'It is not installed. Run "pip install {package}".')
    modules = {package: _module_of(package) for package in installed}
    failed = _import_all(list(modules.values()))
    for package, version in installed.items():
        why = failed.get(modules[package])
        again = f'Run "pip install --force-reinstall {package}=={version}".'
        said = version if why is None else f"Version {version} cannot be imported ({why}). {again}"
        yield Check(package, why is None, said)


def _requirements() -> Iterator[tuple[str, str]]:
    """Yield each package with the extra that it belongs to; empty for one that is always needed."""
    try:
        lines = metadata.requires("rare_event") or []
    except metadata.PackageNotFoundError:
        # A checkout that was not installed.
        project = tomllib.loads((Path(rare_event.__file__).parents[1] / "pyproject.toml").read_text())[
            "project"
        ]
        lines = list(project["dependencies"])
        extras = project["optional-dependencies"]
        lines += [f'{line}; extra == "{extra}"' for extra, those in extras.items() for line in those]
    needed: dict[str, str] = {}
    for line in lines:
        package, extra = NAME.match(line), EXTRA.search(line)
        if package is not None:
            # One that is always needed may be named again by an extra.
            needed.setdefault(package[0], "" if extra is None else extra["extra"])
    yield from needed.items()


def _module_of(package: str) -> str:
    """Return the name under which a package is imported."""
    plain = package.lower().replace("-", "_")
    files = metadata.files(package) or []
    tops = {path.parts[0] for path in files if len(path.parts) == 2 and path.name == "__init__.py"}
    public = sorted(name for name in tops if not name.startswith("_"))
    return plain if plain in tops or not public else public[0]


def _import_all(modules: Sequence[str]) -> dict[str, str]:
    """Import modules in another process; return why each could not be that failed."""
    failed: dict[str, str] = {}
    rest = list(modules)
    while rest:
        try:
            done = subprocess.run(
                [sys.executable, "-c", PROBE, *rest], capture_output=True, text=True, timeout=PROBE_SECONDS
            )
            out, how = done.stdout, f"Python ended with code {done.returncode}"
        except subprocess.TimeoutExpired as late:
            out = late.stdout.decode() if isinstance(late.stdout, bytes) else (late.stdout or "")
            how = f"not done after {PROBE_SECONDS} s"
        words = [line.split() for line in out.splitlines() if len(line.split()) > 1]
        failed |= {word[1]: word[2] for word in words if word[0] == "failed"}
        tried = [word[1] for word in words if word[0] == "begin"]
        ended = {word[1] for word in words if word[0] in ("good", "failed")}
        if not tried:
            return failed | dict.fromkeys(rest, how)
        failed |= {module: how for module in tried if module not in ended}
        rest = [module for module in rest if module not in tried]
    return failed


def check_port(port: int) -> Check:
    """Check that the app can listen on a port of this computer, or listens there already."""
    name = f"port {port}"
    with socket.socket() as tried:
        if os.name != "nt":  # there it would share a port that is taken
            tried.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            tried.bind((LOCAL, port))
            return Check(name, True, "free")
        except (OSError, OverflowError) as error:
            why = str(error)
    try:
        with urllib.request.urlopen(
            f"http://{LOCAL}:{port}/_stcore/health", timeout=HEALTH_SECONDS
        ) as answer:
            if answer.read(10) == b"ok":
                return Check(name, True, "an app answers there")
    except (OSError, ValueError):
        pass
    return Check(name, False, f"It cannot be used ({why}). Start the app with another --port.")


def check_workspace_disk(workspace: Path) -> Check:
    """Check that the workspace can be written and has room."""
    there = next(folder for folder in (workspace, *workspace.absolute().parents) if folder.exists())
    try:
        with tempfile.TemporaryFile(dir=there) as file:
            file.write(b"rare_event")
        free = shutil.disk_usage(there).free
    except OSError as error:
        why = f"{workspace} cannot be written to ({error.strerror})."
        advice = "Allow writing there, or set the environment variable RARE_EVENT_HOME to another folder."
        return Check("workspace folder", False, f"{why} {advice}")
    if free < LEAST_FREE:
        room = (
            f"{workspace} has {free / GB:.1f} GB of free space. A run needs up to {LEAST_FREE / GB:.0f} GB."
        )
        return Check("workspace folder", False, f"{room} Free some space there.")
    return Check("workspace folder", True, f"{workspace}, {free / GB:,.0f} GB free")


def check_training(with_network: bool) -> Check:
    """Train two epochs of the recommended model on the sample mill; without TensorFlow, a PCA."""
    from rare_event.config import RECOMMENDED, PCAModel, Training
    from rare_event.jobs.worker import execute
    from rare_event.prepare.sample import write_sample
    from rare_event.store.datasets import add_dataset
    from rare_event.store.runs import create_run
    from rare_event.store.workspace import scratch_home

    short = replace(RECOMMENDED, training=Training(epochs=2, patience=None))
    config = short if with_network else replace(RECOMMENDED, name="custom", model=PCAModel())
    try:
        with tempfile.TemporaryDirectory(prefix="rare-event-") as folder, scratch_home(Path(folder)):
            dataset = add_dataset(write_sample(Path(folder) / "sample-mill.csv"), "sample-mill.csv")
            result = execute(create_run(dataset, config))
    except RareEventError as error:
        return Check("training", False, str(error))
    # Whatever a broken installation raises is told, not raised.
    except Exception as error:
        why = f"A short training failed ({type(error).__name__}: {str(error)[:200]})."
        return Check("training", False, f"{why} Install the packages again.")
    said = "two epochs" if with_network else "a PCA; without TensorFlow there are no neural networks"
    return Check("training", True, f"{said} on the sample mill, {sum(result.seconds.values()):.1f} s")
