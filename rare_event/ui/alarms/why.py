"""The sensors of the chosen alarm: found by a worker for all alarms of a part, then kept with the run."""

from __future__ import annotations

from concurrent.futures import Future

import streamlit as st

from rare_event.experiment.explain import MOST_EXPLAINED, Explanation
from rare_event.jobs.explaining import explain_in_worker
from rare_event.store.records import Part
from rare_event.store.runs import Run
from rare_event.text import plain
from rare_event.ui.alarms.items import Item, found_of
from rare_event.ui.alarms.page import visible_parts
from rare_event.ui.cache import jobs
from rare_event.ui.live import poll_until_ended

ASKED = "alarms_asked"


def find_explanation(run: Run, item: Item) -> Explanation | None:
    """Return the explanation of an alarm; a worker is asked for all of the visible data and followed."""
    missing = [part for part in visible_parts(run) if found_of(run, part) is None]
    if missing:
        poll_until_ended(lambda: _follow(run, missing), lambda: _waiting(run, missing), "alarms_why")
    found = found_of(run, item.part)
    if found is None:
        return None
    if item.row is not None and (item.row, item.fold) not in found:
        st.caption(
            f"Only the first {MOST_EXPLAINED:,} alarms and events of a part are explained. Raise the "
            "threshold to have fewer."
        )
    return found.get((item.row, item.fold))


def _answers() -> dict[tuple[object, ...], Future[None]]:
    answers: dict[tuple[object, ...], Future[None]] = st.session_state.setdefault(ASKED, {})
    return answers


def _key(run: Run, part: Part) -> tuple[object, ...]:
    committed = run.committed()
    return run.id, part, tuple(committed.thresholds.items()), committed.policy


def _waiting(run: Run, parts: list[Part]) -> list[str]:
    answers = [_answers().get(_key(run, part)) for part in parts]
    return [
        f"{run.id}-{part}"
        for part, answer in zip(parts, answers, strict=True)
        if answer is None or not answer.done()
    ]


def _follow(run: Run, parts: list[Part]) -> None:
    waits, failed = False, dict[str, list[Part]]()
    for part in parts:
        answer = _answers().get(_key(run, part))
        if answer is None:
            answer = _answers()[_key(run, part)] = jobs().ask(explain_in_worker, run.id, part)
        waits |= not answer.done()
        if answer.done() and (error := answer.exception()):
            failed.setdefault(str(error), []).append(part)
    for reason, without in failed.items():
        said = f"It cannot be determined which sensors moved in the {' and '.join(without)} data. {reason}"
        st.warning(plain(said))
    if waits:
        st.caption("Finding the sensors that moved. If a model is being trained, that takes priority.")
