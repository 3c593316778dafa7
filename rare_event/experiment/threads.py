"""Folds of a network, trained side by side in threads of one process.

An epoch is one compiled program that TensorFlow runs in its own threads, without Python; alone, it keeps
about one core busy. The folds share their programs, and each has the same bits as if it were trained alone.
"""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from queue import SimpleQueue
from threading import Event
from typing import TypeVar

from rare_event.detect.training import Epoch, OnEpoch
from rare_event.errors import Cancelled

Trained = TypeVar("Trained")


def run_in_threads(
    train: Callable[[int, OnEpoch], Trained],
    n_folds: int,
    threads: int,
    on_progress: Callable[[int, int, Epoch], None],
) -> list[Trained]:
    """Train folds at once, and tell their epochs in the order in which folds are trained one by one.

    This thread trains folds from the first, the others from the last, which usually trains longest.

    Parameters
    ----------
    train
        Trains the fold of a number; calls its second argument after every epoch.
    n_folds
        Number of folds.
    threads
        Folds trained at once, at least 2.
    on_progress
        Called in this thread, as in `run_experiment`. What it raises stops the other threads after their
        current epoch.

    Returns
    -------
    list
        What `train` returned for each fold.
    """
    stop = Event()
    epochs: list[SimpleQueue[Epoch | None]] = [SimpleQueue() for _ in range(n_folds)]

    def train_elsewhere(number: int) -> Trained:
        def on_epoch(epoch: Epoch) -> None:
            epochs[number].put(epoch)
            if stop.is_set():
                raise Cancelled("The experiment ended before this fold did.")

        try:
            return train(number, on_epoch)
        finally:
            epochs[number].put(None)

    trained: list[Trained] = []
    with ThreadPoolExecutor(threads - 1, thread_name_prefix="fold") as others:
        waiting = {number: others.submit(train_elsewhere, number) for number in reversed(range(n_folds))}
        try:
            for number in range(n_folds):

                def told(epoch: Epoch, number: int = number) -> None:
                    on_progress(number, n_folds, epoch)

                if waiting[number].cancel():
                    trained.append(train(number, told))
                    continue
                for epoch in iter(epochs[number].get, None):
                    told(epoch)
                trained.append(waiting[number].result())
        finally:
            stop.set()
            others.shutdown(wait=False, cancel_futures=True)
    return trained
