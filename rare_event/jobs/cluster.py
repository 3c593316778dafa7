"""The connection to a Dask cluster, where `RARE_EVENT_SCHEDULER` names its scheduler.

Workers that could give other figures than this machine are refused.
"""

from __future__ import annotations

import hashlib
import os
import threading
from collections.abc import Callable, Mapping
from contextlib import suppress
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import TYPE_CHECKING, Any

from threadpoolctl import threadpool_limits

import rare_event
from rare_event.errors import ConfigError, RareEventError, RunError

if TYPE_CHECKING:
    from distributed import Client, WorkerPlugin

VARIABLE = "RARE_EVENT_SCHEDULER"
SECONDS_TO_CONNECT = 10
# What the last bits of a score depend on, besides our own code.
PACKAGES = ("numpy", "pandas", "scipy", "scikit-learn", "pyarrow", "tensorflow", "keras")
# Packages that must agree for messages to be understood.
PROTOCOL = ("distributed", "dask", "cloudpickle")
# One thread per worker, since there is one worker per core. TensorFlow reads them once, when it is imported.
ENVIRONMENT = dict.fromkeys(
    ("TF_NUM_INTRAOP_THREADS", "TF_NUM_INTEROP_THREADS", "OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"), "1"
)
# TensorFlow's start-up messages would interrupt the progress bar.
ENVIRONMENT |= {"TF_CPP_MIN_LOG_LEVEL": "3"}

Identity = Mapping[str, str]


def scheduler() -> str:
    """Return the address of the scheduler; empty where work stays on this machine."""
    return os.environ.get(VARIABLE, "").strip()


@cache
def identity() -> Identity:
    """Return the versions of our code and of the packages that the bits of a result depend on."""
    folder, code = Path(rare_event.__file__).parent, hashlib.sha256()
    for path in sorted(folder.rglob("*.py")):
        code.update(path.relative_to(folder).as_posix().encode() + b"\0" + path.read_bytes())
    found = {"rare_event": f"{rare_event.__version__} ({code.hexdigest()[:8]})"}
    for name in PACKAGES:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            found[name] = "none"
    return found


def refuse_other(expected: Identity, found: Identity, where: str) -> None:
    """Refuse a worker whose results could differ.

    Raises
    ------
    RunError
        If a version is another than here.
    """
    for name, wanted in expected.items():
        has = found.get(name, "none")
        if has != wanted:
            found_there = "no" if has == "none" else f"version {has} of"
            raise RunError(
                f"{where} has {found_there} {name}, but this machine has {wanted}: the versions must match. "
                "Install the same version on both, then restart it."
            )


_lock = threading.Lock()
_clients: dict[str, Client] = {}


def connect() -> Client:
    """Return this process' connection to the cluster, with workers that have been checked.

    Raises
    ------
    ConfigError
        If the address is none, or Dask is not installed.
    RunError
        If the scheduler cannot be reached, or it or a worker cannot be used.
    """
    address = scheduler()
    with _lock:
        client = _clients.get(address)
        if client is None or client.status != "running":
            if client is not None:
                del _clients[address]
                with suppress(Exception):
                    client.close()
            client = _clients[address] = _connected(address)
        return client


def reached() -> bool:
    """Whether this process is connected to the cluster, without waiting; if not, it is tried meanwhile."""
    client = _clients.get(scheduler())
    if client is not None and client.status == "running":
        return True
    if not _lock.locked():
        threading.Thread(target=_try_to_connect, name="connection to the cluster", daemon=True).start()
    return False


def _try_to_connect() -> None:
    # Whoever needs the cluster says why it cannot be reached.
    with suppress(RareEventError):
        connect()


def _connected(address: str) -> Client:
    try:
        import dask
        from distributed import Client
    except ImportError as error:
        raise ConfigError(
            f"{VARIABLE} is set, but Dask is not installed. Install it with pip install -r "
            f"requirements-cluster.txt, or unset {VARIABLE} to work on this machine."
        ) from error
    if not address.startswith(("tcp://", "tls://")):
        raise ConfigError(
            f"{VARIABLE} is {address!r}. Write it as tcp://HOST:PORT, as dask scheduler prints it."
        )
    # A model that is sent to the workers is large on purpose.
    dask.config.set({"distributed.admin.large-graph-warning-threshold": "1 GB"})
    try:
        client = _closed_by_itself(Client)(
            address, timeout=SECONDS_TO_CONNECT, set_as_default=False, name="rare_event"
        )
    except (OSError, ValueError) as error:
        raise RunError(
            f"The scheduler at {address} cannot be reached. Start it with dask scheduler, check the address, "
            f"or unset {VARIABLE} to work on this machine."
        ) from error
    try:
        _check(client, address)
        client.register_plugin(_one_thread())
    except BaseException:
        client.close()
        raise
    return client


def _closed_by_itself(kind: type[Client]) -> type[Client]:
    """Return the client that closes, and ends its thread, where it cannot connect.

    Dask leaves that to the garbage collector, which may run in a thread that holds the lock of Dask's event
    loops: closing then waits for that lock for ever, and with it each later client.
    """

    class ClosedByItself(kind):  # type: ignore[misc, valid-type, unused-ignore]
        def start(self, **keywords: Any) -> None:
            try:
                super().start(**keywords)
            except BaseException:
                with suppress(Exception):
                    self.close()
                self._loop_runner.stop()
                raise

    return ClosedByItself


def _one_thread() -> WorkerPlugin:
    """Return what limits a worker to one thread, also one that joins later, before a model reaches it."""
    from distributed import WorkerPlugin

    # Inside a function it travels as code, and asks nothing of a worker that has yet to be checked.
    class OneThread(WorkerPlugin):
        name = "rare_event on one thread"

        def setup(self, worker: Any) -> None:
            os.environ.update(ENVIRONMENT)

    return OneThread()


def _check(client: Client, address: str) -> None:
    """Refuse a scheduler or a worker that cannot be used."""
    versions: Any = client.get_versions()
    here = versions["client"]["packages"]
    others = {f"The scheduler at {address}": versions["scheduler"]}
    others |= {f"The worker at {worker}": found for worker, found in versions["workers"].items()}
    for where, found in others.items():
        refuse_other({name: here[name] for name in PROTOCOL}, found["packages"], where)
    workers = client.scheduler_info(n_workers=-1)["workers"]
    if not workers:
        raise RunError(
            f"The scheduler at {address} has no workers. Start one with dask worker {address} --nthreads 1."
        )
    for worker, about in workers.items():
        if about["nthreads"] != 1:
            raise RunError(
                f"The worker at {worker} has {about['nthreads']} threads, and two trainings in one process "
                "disturb each other. Start it with --nthreads 1."
            )
    for worker, found in client.run(identity, on_error="return").items():
        if isinstance(found, BaseException):
            raise RunError(
                f"The worker at {worker} cannot use rare_event ({found}). Install it there, then start the "
                "worker again."
            )
        refuse_other(identity(), found, f"The worker at {worker}")


def n_cluster_workers() -> int:
    """Return how many workers the cluster has."""
    return max(1, len(connect().scheduler_info(n_workers=-1)["workers"]))


def perform(expected: Identity, task: Callable[..., Any], *arguments: Any) -> Any:
    """Run a task in a worker, which may have joined after the others were checked."""
    from distributed import get_worker

    refuse_other(expected, identity(), f"The worker at {get_worker().address}")
    with threadpool_limits(1):
        return task(*arguments)
