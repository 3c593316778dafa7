"""Losses as TensorBoard logs, with the folders and names that Keras uses."""

from __future__ import annotations

import shlex
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from rare_event.detect.layers import import_keras
from rare_event.detect.training import Epoch


class TensorBoardLog:
    """Writes losses into folders `train` and `validation`, a pair for each fold and network of several."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._writers: dict[tuple[int, int], Any] = {}

    def __call__(self, fold: int, folds: int, epoch: Epoch) -> None:
        """Write the losses of an epoch."""
        key = fold, epoch.network
        if key not in self._writers:
            where = self.folder / f"fold {fold + 1}" if folds > 1 else self.folder
            if epoch.networks > 1:
                where /= f"network {epoch.network}"
            writer = import_keras().callbacks.TensorBoard(where, write_graph=False)
            # It only reads the optimizer of a model, and the compiled epoch has none.
            writer.set_model(SimpleNamespace(optimizer=None))
            self._writers[key] = writer
        losses = {"loss": epoch.loss, "val_loss": epoch.validation_loss}
        self._writers[key].on_epoch_end(epoch.number, losses)

    def close(self) -> None:
        """Flush the writers."""
        for writer in self._writers.values():
            writer.on_train_end()


@contextmanager
def tensorboard_log(folder: Path) -> Iterator[TensorBoardLog]:
    """Open a log, and close it even if the training fails."""
    log = TensorBoardLog(folder)
    try:
        yield log
    finally:
        log.close()


def tensorboard_command(folder: Path) -> str:
    """Return the shell command that serves logs to this machine only."""
    return f"tensorboard --logdir {shlex.quote(str(folder))} --host 127.0.0.1"
