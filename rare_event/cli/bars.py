"""Progress on standard error."""

from __future__ import annotations

import sys
from typing import Any

from rare_event.text import duration


class CellBar:
    """A progress bar on standard error over the cells of a map."""

    def __init__(self, total: int) -> None:
        self._total = total

    def __enter__(self) -> CellBar:
        from tqdm import tqdm

        # The time left comes from cells of the same kind, not from the mean of all.
        form = "{n_fmt} of {total_fmt} cells |{bar}| {elapsed} {postfix}"
        self._bar = tqdm(total=self._total, file=sys.stderr, bar_format=form)
        return self

    def __exit__(self, *_: object) -> None:
        self._bar.close()

    def __call__(self, progress: Any) -> None:
        """Show how many cells are done."""
        self._bar.n = progress.done + progress.failed
        words = [f"{progress.running} running"]
        if progress.failed:
            words.append(f"{progress.failed} failed")
        if progress.seconds_left:
            words.append(f"about {duration(progress.seconds_left)} left")
        self._bar.set_postfix_str(", ".join(words))


class Bar:
    """A progress bar on standard error over the epochs of all folds."""

    def __enter__(self) -> Bar:
        from tqdm import tqdm

        self._bar = tqdm(unit="epoch", file=sys.stderr)
        self._begun: set[int] = set()
        return self

    def __exit__(self, *_: object) -> None:
        self._bar.close()

    def __call__(self, fold: int, folds: int, epoch: Any) -> None:
        """Show a finished epoch."""
        self._bar.update()
        if epoch.number == epoch.network == 1 and fold in self._begun:
            # The folds of the next model.
            self._begun.clear()
        self._begun.add(fold)
        where = f"fold {len(self._begun)} of {folds}, " if folds > 1 else ""
        if epoch.networks > 1:
            where += f"network {epoch.network} of {epoch.networks}, "
        self._bar.set_postfix_str(f"{where}validation loss {epoch.validation_loss:.4f}", refresh=False)
