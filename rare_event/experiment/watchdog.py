"""Worker processes end with the process that started them, even if that one was killed."""

from __future__ import annotations

import os
import threading
from contextlib import suppress

import psutil


def end_with(pid: int) -> None:
    """End this process as soon as another one has ended.

    Parameters
    ----------
    pid
        Of the process that started this one. The caller passes it: a parent that is gone already
        would be another process by now.
    """
    threading.Thread(target=_end_after, args=(pid,), name=f"watch {pid}", daemon=True).start()


def _end_after(pid: int) -> None:
    with suppress(psutil.NoSuchProcess):
        psutil.Process(pid).wait()
    # The status of a run that is being trained stays "running", and readers see that its process is gone.
    os._exit(1)
