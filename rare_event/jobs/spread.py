"""What is sent to a Dask cluster: folds, pieces of rows to score, runs and cells.

Dask moves the work, repeats what a lost worker had begun, and forgets what nobody waits for any more.
"""

from __future__ import annotations

import threading
import uuid
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import CancelledError, Executor, Future
from contextlib import contextmanager, suppress
from functools import partial
from pathlib import Path
from queue import SimpleQueue
from typing import TYPE_CHECKING, Any

from rare_event.config import ExperimentConfig
from rare_event.errors import RunError
from rare_event.experiment.folds import RunFolds, Trained, run_fold
from rare_event.experiment.pieces import Piece, ScorePieces, Windows, score_here, score_piece
from rare_event.experiment.result import OnProgress
from rare_event.experiment.trained import Part
from rare_event.jobs.cluster import connect, identity, n_cluster_workers, perform, scheduler
from rare_event.prepare.prepared import Prepared
from rare_event.store.processes import Owner, on_behalf_of, owner
from rare_event.store.workspace import HOME_VARIABLE, root, write_text

if TYPE_CHECKING:
    from distributed import Client

# Pieces sent ahead for each worker, so that none waits for the next one.
AHEAD = 2
# Data that are lost with a worker are sent again so many times.
ATTEMPTS = 5
GONE = (
    "The connection to the cluster was lost, or its workers ended. Start the scheduler and the workers, then "
    "try again."
)
DIED = (
    "Several workers of the cluster ended while they worked on the same part. They may need more memory; "
    "start them, then try again."
)
# Names the workspace, so that a worker can tell whether it sees the same one.
MARK = "cluster-workspace"


def cluster_folds() -> RunFolds | None:
    """Return what runs the folds of an experiment on the cluster; None without a cluster."""
    if not scheduler():
        return None
    client = connect()

    def run_folds(prepared: Prepared, config: ExperimentConfig, on_progress: OnProgress) -> list[Trained]:
        n_folds = len(prepared.folds)
        trained = list(in_order(client, _run_fold, prepared, [(config, n) for n in range(n_folds)]))
        for number, (result, _) in enumerate(trained):
            for epoch in result.history:
                on_progress(number, n_folds, epoch)
        return trained

    return run_folds


def _run_fold(prepared: Prepared, which: tuple[ExperimentConfig, int]) -> Trained:
    return run_fold(prepared, *which)


def cluster_pieces(part: Part) -> ScorePieces:
    """Return what scores pieces of rows with a model: the cluster, or this process without one.

    The workers get the model at once, and compile it while the rows are read.
    """
    if not scheduler():
        return score_here
    client = connect()
    shared = Shared(client, part)
    sending = threading.Thread(target=shared.try_to_send, name="model to the cluster", daemon=True)
    sending.start()

    def score_pieces(wanted: Part, pieces: Iterable[Piece]) -> Iterator[Windows]:
        sending.join()
        what = shared if wanted is part else wanted
        return in_order(client, score_piece, what, pieces, AHEAD * n_cluster_workers())

    return score_pieces


def in_order(
    client: Client,
    task: Callable[[Any, Any], Any],
    shared: Any,
    items: Iterable[Any],
    ahead: int | None = None,
) -> Iterator[Any]:
    """Apply a task to items on the cluster, and yield each result once, in the order of the items.

    What was sent to a worker and is lost with it is sent again: tasks give the same bits wherever they run.

    Parameters
    ----------
    client
        The connection.
    task
        Takes `shared` and an item.
    shared
        What all tasks need; each worker gets it once. A `Shared` may have been sent before.
    items
        One for each task.
    ahead
        Most items that are sent before their turn; None sends all.

    Raises
    ------
    RunError
        If the cluster is gone, or the task ended several workers.
    """
    work = _Work(client, task, shared)
    waiting: deque[tuple[Any, Any]] = deque()
    try:
        for item in items:
            waiting.append((item, work.start(item)))
            if ahead is not None and len(waiting) >= ahead:
                yield work.finished(*waiting.popleft())
        while waiting:
            yield work.finished(*waiting.popleft())
    finally:
        # What nobody waits for must not start later.
        if client.status == "running":
            with suppress(Exception):
                client.cancel([future for _, future in waiting])


class Shared:
    """What all tasks need: sent to every worker once, and again if it is lost."""

    def __init__(self, client: Client, what: Any) -> None:
        self._client, self._what = client, what
        self._sent: Any = None

    def sent(self) -> Any:
        """Return where it is on the cluster."""
        if self._sent is None or self._sent.status != "finished":
            # In a list: a list or dict itself would be taken apart.
            [self._sent] = self._client.scatter([self._what], broadcast=True, hash=False)
        return self._sent

    def try_to_send(self) -> None:
        """Send it early; if that fails, the first task tries again and says why."""
        with suppress(Exception):
            self.sent()


class _Work:
    def __init__(self, client: Client, task: Callable[[Any, Any], Any], shared: Any) -> None:
        self._client, self._task = client, task
        self._shared = shared if isinstance(shared, Shared) else Shared(client, shared)

    def start(self, item: Any) -> Any:
        """Send an item, and what all tasks need if no worker has it."""
        return self._tried(lambda: self._sent(item))

    def finished(self, item: Any, future: Any) -> Any:
        """Wait for the result of an item; start it again if its data were lost."""
        futures = [future]

        def result() -> Any:
            if not futures:
                futures.append(self._sent(item))
            return futures.pop().result()

        return self._tried(result)

    def _sent(self, item: Any) -> Any:
        shared = self._shared.sent()
        [sent] = self._client.scatter([item], hash=False)
        return self._client.submit(perform, identity(), self._task, shared, sent, pure=False)

    def _tried(self, action: Callable[[], Any]) -> Any:
        """Try again while a worker that ended takes data along, or cannot be sent any."""
        for _ in range(ATTEMPTS):
            try:
                with explained():
                    return action()
            except Exception as error:
                if self._client.status != "running":
                    break
                if not isinstance(error.__cause__, CancelledError | OSError):
                    raise
        raise RunError(GONE)


@contextmanager
def explained() -> Iterator[None]:
    """Turn the end of workers or of the scheduler into a sentence."""
    from distributed import KilledWorker

    try:
        yield
    except KilledWorker as error:
        raise RunError(DIED) from error
    except (CancelledError, OSError) as error:
        raise RunError(GONE) from error


class ClusterExecutor(Executor):
    """Executes tasks on the workspace in workers that share its folder.

    A process that ends takes its tasks along: the run that one executes is its own, wherever it is executed.
    Whoever submits a task does not wait for the connection: a thread makes it and sends tasks in their order.
    """

    def __init__(self) -> None:
        self._tasks: SimpleQueue[tuple[Future[Any], Callable[[], Any]] | None] = SimpleQueue()
        self._sent: set[Future[Any]] = set()
        # A process that exits does not wait for a scheduler that does not answer.
        threading.Thread(target=self._send, args=(owner(),), name="to the cluster", daemon=True).start()

    def submit(self, task: Callable[..., Any], /, *arguments: Any, **named: Any) -> Future[Any]:
        """Submit a task; its future fails with a sentence if the cluster cannot be used, or loses it."""
        outer: Future[Any] = Future()
        self._tasks.put((outer, partial(task, *arguments, **named)))
        return outer

    def _send(self, responsible: Owner) -> None:
        for outer, work in iter(self._tasks.get, None):
            if outer.cancelled():
                outer.set_running_or_notify_cancel()
                continue
            try:
                cluster = connect().get_executor(pure=False)
                inner = cluster.submit(perform, identity(), in_workspace, _mark(), responsible, work)
            except BaseException as error:
                if outer.set_running_or_notify_cancel():
                    outer.set_exception(error)
            else:
                self._pass_on(inner, outer)

    def _pass_on(self, inner: Future[Any], outer: Future[Any]) -> None:
        """Pass the outcome of a task out, and its cancellation in."""

        def ended(done: Future[Any]) -> None:
            self._sent.discard(done)
            if not outer.set_running_or_notify_cancel():
                return
            try:
                with explained():
                    outer.set_result(done.result())
            except BaseException as error:
                outer.set_exception(error)

        self._sent.add(inner)
        inner.add_done_callback(ended)
        outer.add_done_callback(lambda done: inner.cancel() if done.cancelled() else None)

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        """Cancel what has not ended."""
        self._tasks.put(None)
        for inner in list(self._sent):
            inner.cancel()


def _mark() -> str:
    """Return the name of this workspace, which its folder holds."""
    path = root() / MARK
    if not path.is_file():
        write_text(path, uuid.uuid4().hex)
    return path.read_text(encoding="utf-8")


def in_workspace(workspace: str, responsible: Owner, task: Callable[[], Any]) -> Any:
    """Run a task of a process that waits for it elsewhere, in the same workspace.

    Raises
    ------
    RunError
        If this worker has another workspace.
    """
    path: Path = root() / MARK
    if not path.is_file() or path.read_text(encoding="utf-8") != workspace:
        raise RunError(
            f"A worker does not see the workspace: its folder is {root()}. Share the folder of the workspace "
            f"with all workers, and start each with {HOME_VARIABLE} set to it."
        )
    with on_behalf_of(responsible):
        return task()
