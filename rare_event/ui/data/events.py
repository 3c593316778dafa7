"""A second file, which gives the label of an upload: the times of its events."""

from __future__ import annotations

import streamlit as st

from rare_event.store.uploads import forget_upload, keep_upload
from rare_event.text import plain
from rare_event.ui.data.upload import Pending, look_at

UPLOADS = "data_events_uploads"


def choose_events(upload: Pending) -> None:
    """Let the user give the times of events in a second file, or remove that file.

    Raises
    ------
    RunError
        If the workspace cannot be written.
    """
    with st.expander("Event times in a second file", expanded=bool(upload.events)):
        if upload.events:
            st.markdown(f"**{plain(upload.events_name)}** gives the label.")
            if st.button("Remove it", key="data_events_remove", icon=":material/delete:"):
                if upload.events not in dict(upload.files):
                    forget_upload(upload.events)
                look_at(upload.with_events("", ""))
            return
        uploads = st.session_state.setdefault(UPLOADS, 0)
        file = st.file_uploader(
            "Upload the times of events, or their starts and ends",
            help="The row at or just after each time becomes an event row; with starts and ends, "
            "so do all rows between.",
            key=f"data_events_{uploads}",
        )
        if file is not None:
            # As in `choose_data`: the server drops the bytes.
            st.session_state[UPLOADS] = uploads + 1
            look_at(upload.with_events(keep_upload(file), file.name))
