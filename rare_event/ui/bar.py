"""The bar above every page: the dataset and the run in use, its split, and the jobs of this server."""

from __future__ import annotations

import html
from collections.abc import Callable, Mapping
from contextlib import suppress
from datetime import datetime

import streamlit as st

from rare_event.compare.titles import name_of_run, names_of, told_apart
from rare_event.config import SplitPlan
from rare_event.errors import RareEventError
from rare_event.jobs.queue import Job
from rare_event.store.datasets import Dataset, list_datasets
from rare_event.store.records import Status
from rare_event.store.runs import list_runs, open_run
from rare_event.store.scorings import Scoring
from rare_event.store.scorings import Status as ScoringStatus
from rare_event.store.workspace import home
from rare_event.text import plain, plural
from rare_event.ui.cache import jobs
from rare_event.ui.live import cancel_button, poll_until_ended
from rare_event.ui.place import in_place
from rare_event.ui.state import get_state, show_run_next, update_state

DATASET, RUN = "bar_dataset", "bar_run"
# The bar lies in the header, between the button that opens the sidebar and the menu. A name lies over the
# field that it stands for, which would cut off its end: it loses its middle, and is whole under the pointer.
BAR_STYLE = """
.stAppHeader { background: transparent; }
.stAppHeader, .stAppHeader :not(button, a) { pointer-events: none; }
.stAppHeader :is(button, a) { pointer-events: auto; }
[data-testid="stStatusWidget"] { position: fixed; top: 56px; right: 3rem; }
.stHorizontalBlock.st-key-bar { min-height: 44px; margin-bottom: -.2rem; overflow: visible; }
.stApp:has([data-testid="stExpandSidebarButton"]) .st-key-bar { padding-left: 1rem; }
.st-key-bar > div { flex: none; min-width: 0; }
.st-key-bar > div:has(> .st-key-bar_dataset_place) { flex: 3 1 0; max-width: 280px; }
.st-key-bar > div:has(> .st-key-bar_run_place) { flex: 4 1 0; max-width: 400px; }
.st-key-bar > div:has(> .st-key-bar_tray_place) { margin-left: auto; }
.st-key-bar_dataset_place, .st-key-bar_run_place { position: relative; gap: 0; }
.bar-name { position: absolute; left: .75rem; right: 2.2rem; top: 0; height: 40px; display: flex;
  align-items: center; pointer-events: none; white-space: pre; font-size: .875rem; }
.bar-name > span:first-child { overflow: hidden; text-overflow: ellipsis; }
.bar-whole { display: none; position: absolute; left: 0; top: 44px; max-width: 34rem; padding: .3rem .6rem;
  border-radius: .25rem; background: #26333F; color: #FFF; font-size: .875rem; white-space: normal;
  overflow-wrap: anywhere; width: max-content; z-index: 10; }
.stElementContainer:has(.bar-name) { position: absolute; inset: 0; pointer-events: none; z-index: 1; }
:is(.st-key-bar_dataset_place, .st-key-bar_run_place):hover .bar-whole { display: block; }
:is(.st-key-bar_dataset_place, .st-key-bar_run_place):focus-within .bar-name { display: none; }
:is(.st-key-bar_dataset_place, .st-key-bar_run_place):has(.bar-name):not(:focus-within) input {
  text-indent: -9999px; }
"""
# So much of the end of a name is always seen: names of exports differ there.
LONGEST_END = 9
# A tray of all baselines would be longer than the page.
MOST_JOBS = 12
# Every session polls the tray on every page: with twenty of them, a fifth of the server's time.
TRAY_SECONDS = 2.0


@in_place
def show_bar() -> None:
    """Show the dataset, the run and the jobs, each to be switched or cancelled from every page."""
    with st.container(key="bar", horizontal=True, wrap=False, vertical_alignment="center", gap="small"):
        datasets = list_datasets()
        if datasets:
            _choose_dataset(datasets)
        digest = get_state().digest
        if digest is not None:
            _choose_run(digest)
        with st.container(key="bar_tray_place", width=130):
            poll_until_ended(_tray, _pending, "bar_jobs", TRAY_SECONDS)


def _choose(
    label: str, names: Mapping[str, str], used: str | None, key: str, switch: Callable[[], None]
) -> None:
    """Let the user choose by name; what is in use may change elsewhere, so it decides, not the widget."""
    with st.container(key=f"{key}_place"):
        st.session_state[key] = used
        st.selectbox(
            label,
            list(names),
            format_func=names.__getitem__,
            key=key,
            on_change=switch,
            placeholder=f"No {label.lower()} open",
            label_visibility="collapsed",
        )
        if used is not None:
            st.html(written(names[used]))


def written(name: str) -> str:
    """Write a name as HTML in two parts, of which the first may lose its end, and as a whole."""
    first, last, whole = map(html.escape, (name[:-LONGEST_END], name[-LONGEST_END:], name))
    parts = f"<span>{first}</span><span>{last}</span>"
    return f'<div class="bar-name" aria-hidden="true">{parts}<span class="bar-whole">{whole}</span></div>'


def split_badge(plan: SplitPlan) -> tuple[str, bool]:
    """Name a split in the fewest words, and say whether its figures are too optimistic.

    Examples
    --------
    >>> split_badge(SplitPlan("rolling")), split_badge(SplitPlan("shuffled"))
    (('split by time', False), ('random split: optimistic', True))
    """
    words = {"stretch": "split by stretch", "asset": "split by machine"}.get(plan.kind, "split by time")
    return ("random split: optimistic", True) if plan.optimistic else (words, False)


def _choose_dataset(datasets: list[Dataset]) -> None:
    added = [datetime.fromisoformat(dataset.added) for dataset in datasets]
    names = told_apart([dataset.name for dataset in datasets], [{}] * len(datasets), added)
    named = dict(zip((dataset.digest for dataset in datasets), names, strict=True))
    digest = get_state().digest
    _choose("Dataset", named, digest if digest in named else None, DATASET, _switch_dataset)


def _switch_dataset() -> None:
    """Open another dataset with its latest finished run; the page stays."""
    digest = st.session_state[DATASET]
    if digest not in (None, get_state().digest):
        done = (run.id for run in list_runs(digest) if run.status().state == "done")
        update_state(digest=digest, run_id=next(done, None))


def _choose_run(digest: str) -> None:
    state = get_state()
    runs = [run for run in list_runs(digest) if run.status().state == "done"]
    # A run may be in use that no person asked for, such as a baseline.
    if state.run_id is not None and state.run_id not in [run.id for run in runs]:
        runs.insert(0, open_run(state.run_id))
    configs = {}
    for run in runs:
        # One with damaged settings cannot be used; the page that needs it says so.
        with suppress(RareEventError):
            configs[run.id] = run, run.config()
    if not configs:
        return
    named = dict(zip(configs, names_of(list(configs.values())), strict=True))
    used = state.run_id if state.run_id in configs else None
    _choose("Run", named, used, RUN, _switch_run)
    if used is not None:
        words, optimistic = split_badge(configs[used][1].split)
        st.badge(words, color="orange" if optimistic else "green")


def _switch_run() -> None:
    """Use another run; the page stays."""
    run_id = st.session_state[RUN]
    with suppress(RareEventError):
        if run_id not in (None, get_state().run_id):
            show_run_next(open_run(run_id))


def _pending() -> list[str]:
    return ["jobs"] if _own_pending()[0] else []


def _own_pending() -> tuple[list[tuple[int, Job]], int]:
    """Return the jobs of this workspace with their places in the queue, and how many others have.

    Of the jobs of others nothing but their number may be shown.
    """
    here, pending = home(), jobs().pending()
    own = [(place, job) for place, job in enumerate(pending, 1) if job.workspace == here]
    return own, len(pending) - len(own)


def _tray() -> None:
    pending, of_others = _own_pending()
    label = plural(len(pending), "job") if pending else "No jobs"
    icon = ":material/pending_actions:"
    with st.popover(label, key="bar_tray", disabled=not pending, icon=icon, width="stretch"):
        running = sum(job.status().state == "running" for _, job in pending)
        others = f"; {of_others:,} of other people" if of_others else ""
        st.caption(f"{running} running, {len(pending) - running} queued{others}")
        for place, job in pending[:MOST_JOBS]:
            _job(job, place)
        if (more := len(pending) - MOST_JOBS) > 0:
            st.caption(f"{more:,} more {'is' if more == 1 else 'are'} queued.")


def _job(job: Job, place: int) -> None:
    status = job.status()
    with st.container(horizontal=True, vertical_alignment="center"):
        cancel: Callable[..., None]
        if isinstance(job, Scoring):
            words, cancel = f"**Scoring** · {plain(job.name)}", jobs().cancel_scoring
        else:
            words = f"**{plain(name_of_run(job))}** · {plain(job.dataset().name)}"
            cancel = jobs().cancel
        if status.state == "running":
            st.progress(status.progress, f"{words} · {progress_in_words(status)}")
        else:
            st.markdown(f"{words} · queued, position {place}", width="stretch")
        cancel_button(job, "Cancel", f"bar_cancel_{job.id}", cancel)


def progress_in_words(status: Status | ScoringStatus) -> str:
    """Say how far a training or a scoring is, in few words."""
    if isinstance(status, ScoringStatus):
        return f"{status.progress:.0%} of the rows" if status.progress else "reading the file"
    if not status.epoch:
        return "starting"
    return f"{status.progress:.0%}, {status.time_left}"
