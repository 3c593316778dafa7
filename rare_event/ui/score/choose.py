"""Which model scores: the run in use, or an imported one; its bundle, and how one is imported."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory

import streamlit as st

from rare_event.compare.titles import name_of_run
from rare_event.errors import RareEventError
from rare_event.jobs.scoring import write_bundle_in_worker
from rare_event.store.archive import archive_file, import_archive, imported_from, is_imported
from rare_event.store.bundle import require_trained
from rare_event.store.runs import Run, list_runs
from rare_event.text import moment, plain
from rare_event.ui.frame import in_place
from rare_event.ui.prepared_file import PreparedFile, offer_prepared
from rare_event.ui.state import get_state, need_run

CHOSEN, UPLOADS, SAID = "score_run", "score_bundles", "score_imported"
WANTED = "score_wanted"


@in_place
def choose_run() -> Run:
    """Let the user choose the model: the run in use, or one that came in a bundle.

    Raises
    ------
    Missing
        If no run is in use, and none was imported.
    RunError
        If an older version trained it.
    """
    imported = [run for run in list_runs() if is_imported(run)]
    run = _choose(imported) if imported else need_run()
    require_trained(run)
    levels = _threshold(run) + _watch(run)
    st.caption(f"Model: **{plain(name_of_run(run))}**, {plain(_origin(run))}; {levels}.")
    return run


def _choose(imported: list[Run]) -> Run:
    own = [need_run()] if get_state().run_id is not None else []
    runs = {run.id: run for run in (*own, *imported)}
    # What was just imported is chosen before the widget is drawn: afterwards it cannot be.
    if (wanted := st.session_state.pop(WANTED, None)) in runs:
        st.session_state[CHOSEN] = wanted
    if st.session_state.get(CHOSEN) not in runs:
        st.session_state[CHOSEN] = next(iter(runs))
    chosen: str = st.selectbox(
        "Model",
        list(runs),
        format_func=lambda run_id: f"{name_of_run(runs[run_id])}, {_origin(runs[run_id])}",
        key=CHOSEN,
    )
    return runs[chosen]


def _origin(run: Run) -> str:
    origin = imported_from(run)
    name = run.dataset().name
    return f"trained on {name}" if origin is None else f"imported {moment(origin.time)}, trained on {name}"


def _threshold(run: Run) -> str:
    committed, policy = run.committed(), run.committed().policy
    if committed.trailing:
        return "alarm where the score reaches a threshold that follows recent scores"
    if policy.n == 1:
        return f"alarm at a score of {committed.last:.4g} or more"
    return f"alarm when {policy.k} of the last {policy.n} scores are {committed.last:.4g} or more"


def _watch(run: Run) -> str:
    committed = run.committed()
    if committed.watch is None:
        return ""
    of = " times the trailing quantile" if committed.trailing else ""
    return f"; watch level at {committed.watch.last:.4g}{of}"


@in_place
def show_bundles(run: Run | None) -> None:
    """Offer the bundle of a run, and let the user import one."""
    with st.expander("Move a model: bundles"):
        if run is not None:
            st.markdown(
                "A **bundle** is one file with the model, its threshold and a description, without the data. "
                "Import it on another computer to score new rows there."
            )
            with st.container(horizontal=True, vertical_alignment="center"):
                offer_prepared(
                    PreparedFile(
                        archive_file(run),
                        write_bundle_in_worker,
                        run.id,
                        "Prepare the bundle",
                        "Download bundle",
                        "The bundle",
                        "score_bundle",
                    )
                )
        _import()


def _import() -> None:
    uploads = st.session_state.setdefault(UPLOADS, 0)
    file = st.file_uploader("Import a bundle", type="zip", key=f"score_import_{uploads}")
    if file is not None:
        # A new uploader after each file: the server drops the bytes.
        st.session_state[UPLOADS] = uploads + 1
        try:
            with TemporaryDirectory() as folder:
                path = Path(folder) / Path(file.name).name
                path.write_bytes(file.getvalue())
                run = import_archive(path)
        except RareEventError as error:
            st.session_state[SAID] = ("error", str(error))
        else:
            st.session_state[WANTED] = run.id
            st.session_state[SAID] = (
                "success",
                f"{name_of_run(run)} was imported. Choose it above as the model to score with.",
            )
        st.rerun()
    kind, said = st.session_state.get(SAID, ("", ""))
    if kind:
        (st.error if kind == "error" else st.success)(plain(said))
