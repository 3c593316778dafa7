"""Pieces of the Compare page: which runs are compared, what comes of it, and the figures."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import replace

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from rare_event.compare.leaderboard import leaderboard, shared_leaderboard
from rare_event.compare.today import TodayRow
from rare_event.compare.verdict import verdict
from rare_event.compare.windows import Comparable, comparable
from rare_event.errors import RareEventError
from rare_event.judge.standing import Row
from rare_event.judge.unknown import Unknown
from rare_event.plots.leaderboard import board_data
from rare_event.store.archive import is_imported
from rare_event.store.datasets import Dataset
from rare_event.store.runs import Run, list_runs, open_run
from rare_event.store.seal import open_once
from rare_event.text import plain, plural
from rare_event.ui.compare.baselines import show_baselines
from rare_event.ui.compare.chart import board_chart
from rare_event.ui.compare.overlay import shared_scores_of, tick, ticked_runs
from rare_event.ui.compare.table import KINDS_HELP, show_table
from rare_event.ui.compare.today import add_alarm_list
from rare_event.ui.forms import choose_lead
from rare_event.ui.frame import in_place
from rare_event.ui.kept import kept
from rare_event.ui.links import EVALUATE, NEXT, link_to
from rare_event.ui.state import Missing, get_state, update_state

VIEWS = ("Runs", "Design space")
KINDS = ("run", "baseline", "supervised", "trivial")

# Ids of runs, each with the number of looks at its test data: what a leaderboard depends on.
Looked = tuple[tuple[str, int], ...]


def choose_view() -> str:
    """Let the user choose between the runs and the design space; returns one of `VIEWS`."""
    view: str = st.segmented_control(
        "View",
        VIEWS,
        default=VIEWS[0],
        key="compare_view",
        label_visibility="collapsed",
        required=True,
        persist_state="session",
    )
    return view


@in_place
def choose_windows(dataset: Dataset, place: DeltaGenerator) -> Comparable:
    """Let the user choose the windows on which runs were judged; only such runs can be compared.

    Parameters
    ----------
    dataset
        The dataset of the runs.
    place
        Where the choice is; remarks on it are where the caller stands.

    Raises
    ------
    Missing
        If no run was judged yet.
    """
    done = _finished(dataset)
    options = {each.windows: each for each in _comparable(_looked(done))}
    if not options:
        raise Missing(
            f"{_not_comparable(len(done))} Train a model first."
            if done
            else "No run on this dataset has finished yet. Train a model first.",
            "pages/2_Train.py",
            "Go to Train",
        )
    names = list(options)
    mine = [windows for windows, each in options.items() if get_state().run_id in each]
    default = (mine or names)[0]
    chosen = options[
        place.selectbox(
            "Judged on",
            names,
            names.index(default),
            format_func=lambda windows: options[windows].label,
            # A choice holds until another run is in use that was judged on others.
            key=f"compare_windows_{default}",
            help="Runs can be compared only on the same test windows, so normally only with the same split, "
            "shift and lookback. To compare different lookbacks, choose an entry that lists several "
            "lookbacks: its runs are judged on the windows that all of them score.",
            persist_state="session",
            width=475,
        )
    ]
    asked_for = sum(run.purpose().role == "run" for run in done)
    left_out = asked_for - sum(len(each.asked_for) for each in options.values() if not each.shared)
    if left_out:
        st.caption(
            f"{_not_comparable(left_out)} Train {'it' if left_out == 1 else 'them'} again to compare "
            f"{'it' if left_out == 1 else 'them'}."
        )
    if chosen.optimistic:
        st.warning(
            "Random split: optimistic. Rows next to each test row are in the training data; "
            "compare models on a split by time."
        )
    return chosen


def _not_comparable(count: int) -> str:
    """Say that runs cannot be compared, and why."""
    them, their = ("it", "its") if count == 1 else ("them", "their")
    return (
        f"{plural(count, 'run')} cannot be compared: an older version of this program trained {them}, or "
        f"{their} records are damaged."
    )


def _finished(dataset: Dataset) -> list[Run]:
    """List the finished runs and baselines; say how many came without the scores that are compared."""
    # The cells of a design-space map are compared among themselves.
    runs = [run for run in list_runs(dataset.digest, role=None) if run.purpose().role in ("run", "baseline")]
    done = [run for run in runs if run.status().state == "done"]
    if imported := sum(map(is_imported, done)):
        came = "1 run came in a bundle" if imported == 1 else f"{imported:,} runs came in bundles"
        st.caption(f"{came} without scores, so {'it is' if imported == 1 else 'they are'} not compared here.")
    return [run for run in done if not is_imported(run)]


def _looked(runs: Iterable[Run]) -> Looked:
    """Count the looks at each run; a run whose record of them is damaged is left out."""
    looked = []
    for run in runs:
        with suppress(RareEventError):
            looked.append((run.id, len(run.looks())))
    return tuple(looked)


@kept(max_entries=16)
def _comparable(looked: Looked) -> list[Comparable]:
    return comparable([open_run(run_id) for run_id, _ in looked])


@in_place
def show_baselines_of_run(chosen: Comparable) -> None:
    """Show the progress of the baselines: of the run in use, or else of the latest; none without a label.

    Runs on shared windows are compared without baselines.
    """
    if chosen.shared:
        for scores in list(shared_scores_of(chosen.shown).values())[:1]:
            windows = f"{plural(len(scores), 'test window')} that all of these runs score"
            st.caption(
                f"Judged on the {windows} ({scores.n_positive:,} positive). Baselines are not shown here: "
                "a baseline can only be compared with runs of the same lookback."
            )
        return
    if not open_run(chosen.asked_for[0]).dataset().schema.labels:
        return
    in_use = get_state().run_id
    show_baselines(open_run(in_use if in_use in chosen.asked_for else chosen.asked_for[0]))


@in_place
def open_board(chosen: Comparable) -> tuple[Row, ...]:
    """Return the leaderboard of the runs whose test data are open, and let the user open the others."""
    if chosen.sealed:
        _offer_to_open(chosen)
    looked = _looked(map(open_run, chosen.shown))
    board = _shared_board(looked) if chosen.shared else _board(looked, chosen.windows)
    if chosen.shown and not board:
        st.error("The figures of these runs are missing or damaged. Train them again.")
    return board


@kept(max_entries=16, show_spinner="Comparing …")
def _board(looked: Looked, windows: str) -> tuple[Row, ...]:
    return leaderboard([open_run(run_id) for run_id, _ in looked], windows)


@kept(max_entries=16, show_spinner="Judging the runs on the windows that all of them score …")
def _shared_board(looked: Looked) -> tuple[Row, ...]:
    return shared_leaderboard([open_run(run_id) for run_id, _ in looked])


def _offer_to_open(chosen: Comparable) -> None:
    sealed = [open_run(run_id) for run_id in chosen.sealed]
    one = len(sealed) == 1
    with st.container(border=True, horizontal=True, vertical_alignment="center"):
        is_sealed = f"{plural(len(sealed), 'run')} {'is' if one else 'are'} still sealed"
        if chosen.shown:
            words = f"**{is_sealed}** and not shown."
        else:
            words = (
                f"**{is_sealed}**: no test data have been opened yet, so no figures are shown. Comparing "
                "counts as a look: if you choose a model here, these data can no longer judge it fairly."
            )
        st.markdown(words, width="stretch")
        these = "this run" if one else f"these {len(sealed)} runs"
        label = f"Open the test data of {these} (one look{'' if one else ' each'})"
        if st.button(label, key="compare_open_sealed", icon=":material/lock_open:"):
            for run in sealed:
                open_once(run)
            st.rerun()


@in_place
def show_alarms_only(board: Sequence[Row], labelled: bool) -> None:
    """Show what is known of models on windows without events: how often each would have sounded.

    Parameters
    ----------
    board
        The leaderboard.
    labelled
        Whether the file has an event column.
    """
    unit = replace(board[0].judgement.time_unit, labelled=labelled)
    why, known = (
        Unknown("test", labelled).why,
        f"You can still compare how well each model stays within its budget of {unit.false_alarms}.",
    )
    st.info(f"{why} Models cannot be ranked. {known}")
    if unit.why:
        st.caption(unit.why)
    models = [row for row in board if row.kind != "trivial"]
    show_table([replace(row, judgement=replace(row.judgement, time_unit=unit)) for row in models])


def show_headline(board: Sequence[Row], dataset: Dataset) -> list[str]:
    """Say in one sentence which model is best, and return the other sentences of the verdict."""
    headline, caution, *sentences = verdict(board, own_run(board))
    st.header(plain(headline), anchor=False)
    # Next to the shorter line, the link takes no row of its own.
    with st.container(horizontal=True, vertical_alignment="center"):
        st.caption(plain(caution), width="stretch")
        add_alarm_list(dataset)
        if run_id := own_run(board):
            link_to(EVALUATE, "Evaluate your run", "compare_own", run=run_id, icon=NEXT)
    return sentences


def show_verdict(board: Sequence[Row], sentences: Sequence[str]) -> None:
    """Say in words what was found, and how far that can be trusted."""
    if sentences:
        st.header("What the figures mean", anchor=False)
        st.markdown("\n".join(f"- {plain(sentence)}" for sentence in sentences))
    if why := board[0].judgement.time_unit.why:
        st.caption(why)


def own_run(board: Sequence[Row]) -> str:
    """Return the id of the run in use; empty if it is not on the board."""
    run_id = get_state().run_id or ""
    return run_id if any(row.run == run_id for row in board) else ""


def choose_lead_of(board: Sequence[Row]) -> float:
    """Let the user choose the lead window in which alarms count."""
    judgement = board[0].judgement
    return choose_lead("compare_lead", judgement.lead_windows, judgement.time_unit)


def choose_rows(board: Sequence[Row]) -> list[Row]:
    """Let the user choose which rows are shown."""
    with st.popover("Filter", icon=":material/filter_list:"):
        kinds = st.pills(
            "Show",
            KINDS,
            selection_mode="multi",
            default=KINDS,
            key="compare_kinds",
            help=KINDS_HELP,
            persist_state="session",
        )
        text = st.text_input(
            "Name contains", key="compare_text", placeholder="any name", persist_state="session"
        )
    wanted = (text or "").casefold()
    return [row for row in board if row.kind in kinds and wanted in row.name.casefold()]


def use(run_id: str) -> None:
    """Use a run from now on."""
    update_state(run_id=run_id)


def show_chart(
    shown: Sequence[Row], board: Sequence[Row], windows: str, lead: float, today: Sequence[TodayRow] = ()
) -> None:
    """Draw the leaderboard, in which runs are ticked and a better one is taken into use.

    Parameters
    ----------
    shown
        Rows of the leaderboard, at least one.
    board
        All of its rows.
    windows
        Digest of the windows they were judged on.
    lead
        Lead window in minutes.
    today
        Alarm lists and rules on the same windows.
    """
    own = own_run(board)
    listed = [(row.stored.name, row.today.judged) for row in today]
    data = board_data(shown, lead, own, ticked_runs(board, windows, own), listed)
    board_chart(data, "compare_board", lambda runs: tick(windows, runs), use)
