"""Networks of a backtest or an average, trained side by side in threads of one process.

An epoch is one compiled program that TensorFlow runs in its own threads, without Python; alone, it keeps
about one core busy. Networks share their programs, and each has the same bits as if it were trained alone.
Each is called a fold here, since those of an average are told in the same way.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from queue import SimpleQueue
from threading import Event
from typing import TypeVar

from rare_event.detect.training import Epoch, OnEpoch
from rare_event.errors import Cancelled

Trained = TypeVar("Trained")


def run_in_threads(
    train: Callable[[int, OnEpoch], Trained],
    order: Sequence[int],
    threads: int,
    on_progress: Callable[[int, int, Epoch], None],
) -> list[Trained]:
    """Train folds at once, and tell their epochs in this thread, one fold after the other.

    Parameters
    ----------
    train
        Trains the fold of a number; calls its second argument after every epoch.
    order
        The numbers of the folds, from 0, in the order in which they begin and are told. With the longest
        first, no thread is left alone with a long one at the end (Graham 1969).
    threads
        Folds trained at once.
    on_progress
        Called with the number of the fold, how many there are, and the epoch. What it raises stops all
        threads after their current epoch.

    Returns
    -------
    list
        What `train` returned for each fold, by number.
    """
    stop = Event()
    epochs: dict[int, SimpleQueue[Epoch | None]] = {number: SimpleQueue() for number in order}

    def train_there(number: int) -> Trained:
        def on_epoch(epoch: Epoch) -> None:
            epochs[number].put(epoch)
            if stop.is_set():
                raise Cancelled("The experiment ended before this fold did.")

        try:
            return train(number, on_epoch)
        finally:
            epochs[number].put(None)

    with ThreadPoolExecutor(threads, thread_name_prefix="fold") as pool:
        trained = {number: pool.submit(train_there, number) for number in order}
        try:
            for number in order:
                # They begin in this order, so the next to be told is under way, or over.
                for epoch in iter(epochs[number].get, None):
                    on_progress(number, len(order), epoch)
                trained[number].result()
        finally:
            stop.set()
            pool.shutdown(wait=False, cancel_futures=True)
    return [trained[number].result() for number in sorted(order)]
