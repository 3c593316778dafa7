"""Choosing the data: a new file, a stored dataset or the sample."""

from __future__ import annotations

import streamlit as st

from rare_event.store.datasets import Dataset, list_datasets
from rare_event.text import plural
from rare_event.ui.data.upload import leave, receive
from rare_event.ui.frame import in_place
from rare_event.ui.state import get_state, open_sample, update_state

UPLOADS = "data_uploads"


@in_place
def choose_data() -> None:
    """Let the user upload a file, open the sample or choose a stored dataset."""
    left, right = st.columns([3, 2], vertical_alignment="bottom")
    uploads = st.session_state.setdefault(UPLOADS, 0)
    files = left.file_uploader(
        "Upload a file: CSV, text, Excel or Parquet, also zipped or gzipped",
        accept_multiple_files=True,
        help="Several files with the same columns are joined in time order.",
        key=f"data_upload_{uploads}",
    )
    if files:
        # A new uploader after each file: the server drops the bytes, which are on the disk then.
        st.session_state[UPLOADS] = uploads + 1
        if (dataset := receive([(file, file.name) for file in files])) is not None:
            _use(dataset)
        st.rerun()
    stored = {dataset.digest: dataset for dataset in list_datasets()}
    if stored:
        digests, opened = list(stored), get_state().digest
        chosen = right.selectbox(
            "Or open a stored dataset",
            digests,
            index=digests.index(opened) if opened in stored else None,
            format_func=lambda digest: f"{stored[digest].name} ({plural(stored[digest].n_rows, 'row')})",
            placeholder="Choose",
            key=f"data_stored_{opened}",
        )
        if chosen is not None and chosen != opened:
            _use(stored[chosen])
    elif right.button("Open the sample mill", key="data_sample", icon=":material/factory:"):
        _use(open_sample())


def _use(dataset: Dataset) -> None:
    leave()
    update_state(digest=dataset.digest, run_id=None)
    st.rerun()
