"""Questions to a worker outlive it: it may end with a run that was cancelled."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import CancelledError, Future
from concurrent.futures.process import BrokenProcessPool
from typing import TypeVar

from rare_event.errors import RareEventError

Answer = TypeVar("Answer")


def asked_again(ask: Callable[[], Future[Answer]], attempts: int) -> Future[Answer]:
    """Ask a worker, and the next one if it ends before it answers.

    Parameters
    ----------
    ask
        Sends the question.
    attempts
        How often at most: a question may be what ends its workers.

    Raises
    ------
    RareEventError
        If there is no worker to ask first. Later it is the answer's exception.
    """
    answer: Future[Answer] = Future()

    def send(left: int) -> None:
        ask().add_done_callback(lambda asked: answered(asked, left))

    def answered(asked: Future[Answer], left: int) -> None:
        error = CancelledError() if asked.cancelled() else asked.exception()
        if isinstance(error, BrokenProcessPool) and left:
            try:
                send(left - 1)
                return
            except RareEventError as none:
                error = none
        if error is None:
            answer.set_result(asked.result())
        else:
            answer.set_exception(error)

    send(attempts - 1)
    return answer
