"""What is recorded of a job that its worker could not record itself."""

from __future__ import annotations

from concurrent.futures.process import BrokenProcessPool

from loky import process_executor

from rare_event.errors import RareEventError
from rare_event.jobs.turns import Job
from rare_event.jobs.worker import unexpected
from rare_event.logs import log
from rare_event.store.runs import Run, mark
from rare_event.store.scorings import Status as ScoringStatus

APP_ENDED = "The app was stopped while it trained this run. Train the run again."


def fail(job: Job, message: str) -> None:
    """Record that a job failed."""
    if isinstance(job, Run):
        mark(job, "failed", message)
    else:
        job.write_status(ScoringStatus("failed", message))


def record(job: Job, error: BaseException) -> None:
    """Record an error of a worker that could not record it itself."""
    status = job.written_status() if isinstance(job, Run) else job.status()
    if status.ended:
        # The worker wrote the outcome before it died or raised.
        return
    if isinstance(error, process_executor.ShutdownExecutorError) and status.state == "queued":
        # It had not begun: it is taken up when the app starts again.
        return
    if isinstance(error, RareEventError):
        fail(job, str(error))
    elif isinstance(job, Run) and isinstance(error, process_executor.ShutdownExecutorError):
        mark(job, "interrupted", APP_ENDED)
        log("ended", run=job.id, state="interrupted")
    elif isinstance(job, Run) and isinstance(error, BrokenProcessPool):
        mark(job, "interrupted", "The training process ended unexpectedly. Train the run again.")
        log("ended", run=job.id, state="interrupted")
    elif isinstance(job, Run):
        fail(job, unexpected(error))
    elif status.state == "queued":
        fail(job, "Scoring cannot be started. Restart the app, then score the file again.")
