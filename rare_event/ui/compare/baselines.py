"""Baselines of a run: how many are trained, and the buttons that train or stop them."""

from __future__ import annotations

from dataclasses import dataclass

import streamlit as st

from rare_event.compare.companions import baselines_of, create_baselines
from rare_event.compare.titles import title_of
from rare_event.config import baselines
from rare_event.store.records import State
from rare_event.store.runs import Run, list_runs, open_run
from rare_event.text import plain, plural
from rare_event.ui.cache import jobs
from rare_event.ui.kept import kept
from rare_event.ui.limits import show_limits
from rare_event.ui.live import poll_until_ended


@dataclass(frozen=True)
class Progress:
    """How far the baselines of a run are.

    Parameters
    ----------
    wanted, done
        Number of all, and of those trained.
    running
        Those being trained.
    waiting
        Those that wait.
    failed
        Name and reason of those that failed and were not trained since.
    """

    wanted: int
    done: int
    running: tuple[Run, ...]
    waiting: tuple[Run, ...]
    failed: tuple[tuple[str, str], ...]

    @property
    def missing(self) -> int:
        """Number of those that nobody trains."""
        return self.wanted - self.done - len(self.running) - len(self.waiting)

    @property
    def unfinished(self) -> list[str]:
        """Ids of those that are being trained, or wait."""
        return [run.id for run in (*self.running, *self.waiting)]


def progress_of(run: Run) -> Progress:
    """Read how far the baselines of a run are.

    Raises
    ------
    RareEventError
        If the settings of a run on the same dataset cannot be read.
    """
    others = list_runs(run.dataset().digest, role=None)
    return _progress(run.id, tuple((other.id, other.status().state) for other in others))


# Reading the settings of all runs would make every poll slow; they never change.
@kept(max_entries=16)
def _progress(run_id: str, states: tuple[tuple[str, State], ...]) -> Progress:
    run = open_run(run_id)
    wanted, found = baselines(run.config()), baselines_of(run)
    now = {name: other.status().state for name, other in found.items()}
    failed: dict[str, tuple[str, str]] = {}
    for other in (open_run(run_id) for run_id, state in states if state == "failed"):
        config = other.config()
        if config in wanted and config.name not in found:
            failed.setdefault(config.name, (title_of(config), other.status().message))
    return Progress(
        len(wanted),
        sum(state == "done" for state in now.values()),
        tuple(found[name] for name, state in now.items() if state == "running"),
        tuple(found[name] for name, state in now.items() if state == "queued"),
        tuple(failed.values()),
    )


def show_baselines(run: Run) -> None:
    """Show how far the baselines of a run are, live while any is being trained."""
    poll_until_ended(lambda: _show_progress(run), lambda: progress_of(run).unfinished, "compare_baselines")


def _show_progress(run: Run) -> None:
    progress = progress_of(run)
    if progress.missing:
        show_limits(run.dataset(), [run.config()], small=True)
    with st.container(horizontal=True, vertical_alignment="center"):
        show_count(progress)
        _buttons(run, progress)
    for name, reason in progress.failed:
        st.caption(f":material/error: {plain(name)} failed. {plain(reason)}")


def show_count(progress: Progress) -> None:
    """Show how many baselines are trained, and which one is being trained now."""
    words = f"{progress.done} of {plural(progress.wanted, 'baseline')} trained"
    if progress.running:
        words += f"; running now: {', '.join(title_of(other.config()) for other in progress.running)}"
    if progress.waiting:
        words += f"; {len(progress.waiting)} waiting"
    if progress.unfinished:
        st.progress(progress.done / progress.wanted, plain(words), width="stretch")
    else:
        st.caption(plain(f"{words}."), width="stretch")


def _buttons(run: Run, progress: Progress) -> None:
    ours = "They are trained in the background, one at a time. Your own runs take priority."
    if progress.missing and st.button(
        "Train the missing baselines", key="compare_train_baselines", help=ours
    ):
        jobs().submit_background(create_baselines(run))
        st.rerun()
    waiting = [other for other in progress.waiting if other.purpose().role == "baseline"]
    if waiting and st.button("Cancel waiting baselines", key="compare_cancel_baselines"):
        for other in waiting:
            jobs().cancel(other)
        st.rerun()
