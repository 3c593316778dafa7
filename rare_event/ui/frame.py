"""The frame of every page: the bar, the title and the steps in the sidebar."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import streamlit as st

import rare_event
from rare_event.compare.titles import name_of_run
from rare_event.errors import RareEventError
from rare_event.store.archive import is_imported
from rare_event.store.datasets import open_dataset
from rare_event.store.runs import ABOUT, Run, open_run
from rare_event.store.seal import is_open
from rare_event.text import capital, plain, plural, times
from rare_event.ui.bar import BAR_STYLE, show_bar
from rare_event.ui.cache import auc_of, jobs, unknown_of
from rare_event.ui.links import LINK_STYLE
from rare_event.ui.place import in_place as in_place
from rare_event.ui.place import show_errors as show_errors
from rare_event.ui.sign_in import require_own_origin, require_sign_in, show_signed_in
from rare_event.ui.state import follow_address, get_state, update_state, use_watched, write_address

OPEN_PAGE = "frame_open_page"
ORIGINS = {"committed": "✓", "suggested": "Suggested:", "given": "Not committed:"}
# The default leaves 96 pixels above the title: on a small screen, a row of figures. The bar takes half of
# them. Columns of figures that would become too narrow to read go below each other. White does not read on
# the primary colour of the dark theme.
STYLE = """
.stMainBlockContainer { padding: .4rem 3rem 2rem; }
.stMainBlockContainer h1 { padding: 0; }
.stMainBlockContainer > .stVerticalBlock { gap: .7rem; }
[kind="primary"] :is(p, span) { color: light-dark(#FFF, #050D14); }
.stHorizontalBlock[class*="st-key-home_line_"] { min-height: 42px; overflow: visible; }
.st-key-data_panels .stColumn, .st-key-alarms_panels .stColumn { min-width: 300px; }
.st-key-data_panels .stColumn:first-child { min-width: 355px; }
"""


@dataclass(frozen=True)
class Step:
    """A page in the sidebar."""

    page: str
    label: str
    needs: str = ""

    @property
    def numbered(self) -> str:
        """The label with the number of its page; the home page has none."""
        number, _, name = Path(self.page).stem.partition("_")
        return f"{number} · {self.label}" if name else self.label


STEPS = (
    Step("app.py", "Home"),
    Step("pages/1_Data.py", "Data"),
    Step("pages/2_Train.py", "Train", "dataset"),
    Step("pages/3_Threshold.py", "Threshold", "run"),
    Step("pages/4_Evaluate.py", "Evaluate", "run"),
    Step("pages/5_Alarms.py", "Alarms", "run"),
    Step("pages/6_Compare.py", "Compare", "dataset"),
    Step("pages/7_Score.py", "Score"),
    Step("pages/Articles.py", "The articles", "dataset"),
)


def start_page(title: str, question: str) -> None:
    """Set up a page: browser title, sign-in, sidebar, bar, heading."""
    st.set_page_config(page_title=f"{title} · rare_event", page_icon="📉", layout="wide")
    st.html(f"<style>{STYLE}{BAR_STYLE}{LINK_STYLE}</style>")
    require_own_origin()
    require_sign_in()
    jobs()
    # First: what forgets a deleted run also writes the address.
    with show_errors():
        follow_address()
    # Somebody may sign out while the page is drawn.
    with show_errors():
        _forget_deleted()
        _use_watched(title)
        write_address()
        _sidebar()
        show_bar()
    st.title(title)
    st.caption(question)


def _forget_deleted() -> None:
    """Stop using a dataset or run that was deleted or damaged meanwhile."""
    state = get_state()
    try:
        if state.digest:
            open_dataset(state.digest)
        for run_id in filter(None, (state.run_id, state.watched)):
            open_run(run_id).status()
    except RareEventError as error:
        if _has_its_data_elsewhere(state.run_id):
            update_state(digest=None, run_id=state.run_id)
            return
        update_state(digest=None, run_id=None)
        st.toast(plain(error))


def _has_its_data_elsewhere(run_id: str | None) -> bool:
    """Whether a run is here that came without its dataset, which is no reason to forget it."""
    with suppress(RareEventError):
        return run_id is not None and is_imported(run := open_run(run_id)) and run.status().state == "done"
    return False


def _use_watched(title: str) -> None:
    """Use a watched run once it is done, unless the user is working on another one."""
    arrived = st.session_state.get(OPEN_PAGE) != title
    st.session_state[OPEN_PAGE] = title
    if arrived or title == "Train" or get_state().run_id is None:
        use_watched()


def _sidebar() -> None:
    state = get_state()
    figures, damage = _figures()
    ready = {"": True, "dataset": state.digest is not None, "run": "Train" in figures}
    with st.sidebar:
        st.markdown("**rare_event**")
        for step in STEPS:
            st.page_link(step.page, label=step.numbered, disabled=not ready[step.needs])
            if step.label in figures:
                st.caption(plain(figures[step.label]))
        if damage:
            st.caption(f":material/warning: {plain(damage)}")
        show_signed_in()
        st.caption(plain(f"rare_event {rare_event.__version__}"))


def _figures() -> tuple[dict[str, str], str]:
    """Return one figure for each step that has one, with a tick where it is done; and what is damaged."""
    state, figures = get_state(), dict[str, str]()
    if state.digest:
        dataset = open_dataset(state.digest)
        figures["Data"] = f"✓ {dataset.name}: {plural(dataset.n_rows, 'row')}"
    try:
        if state.run_id:
            run = open_run(state.run_id)
            for step, figure in _figures_of(run):
                figures[step] = figure
            # The run is as good without its name, but the name was a person's work.
            ABOUT.read_or(run, None)
    except RareEventError as error:
        return figures, str(error)
    return figures, ""


def _figures_of(run: Run) -> Iterator[tuple[str, str]]:
    if run.status().state != "done":
        return
    config, summary = run.config(), run.evaluation()
    split = summary.time_unit.reword(config.split.in_words())
    yield "Train", f"✓ {name_of_run(run)}, {split}, {auc_of(run)}"
    if is_imported(run):
        # Its scores are elsewhere.
        return
    committed = run.committed()
    yield "Threshold", f"{ORIGINS[committed.origin]} {committed.in_words(run.time_unit())}"
    if looks := len(run.looks()):
        unknown, total = unknown_of(run, "test"), plural(summary.events["total"], "event")
        events = unknown.short if unknown else total
        opened = f"test data opened {times(looks)}, {events}"
        yield "Evaluate", f"✓ {opened}" if is_open(run) else capital(f"{opened}; now sealed again")
