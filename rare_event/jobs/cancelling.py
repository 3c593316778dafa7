"""A cancelled training ends within a second, also while its network is compiled or an epoch is long.

It is asked to end after the current epoch. Where that takes longer, its worker process ends with it; the
queue then starts another one.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from rare_event.logs import log
from rare_event.store.runs import Run, mark

CANCELLED = "The run was cancelled."
# Seconds between two looks at the request, and those that the training then has to end by itself.
LOOK, PATIENCE = 0.25, 0.5

_may_end = threading.Event()


def allow_to_end() -> None:
    """Say that this process executes nothing but one run at a time, so it may end in the middle of one."""
    _may_end.set()


@contextmanager
def ended_when_cancelled(run: Run) -> Iterator[None]:
    """Within the context, end this process if the run is cancelled and its training does not end by itself.

    Nothing happens in a process that has not said that it may end.
    """
    if not _may_end.is_set():
        yield
        return
    over, deciding = threading.Event(), threading.Lock()

    def watch() -> None:
        while not over.wait(LOOK):
            if not run.cancel_requested or over.wait(PATIENCE):
                continue
            with deciding:
                if not over.is_set():
                    log("ended", run=run.id, state="cancelled")
                    try:
                        mark(run, "cancelled", CANCELLED)
                    finally:
                        # At once, before an epoch that ends now writes another status.
                        os._exit(1)

    threading.Thread(target=watch, name=f"cancelling {run.id}", daemon=True).start()
    try:
        yield
    finally:
        # Whoever comes first records how the training ended.
        with deciding:
            over.set()
