"""Links between pages: the one way in which the app goes from a page to another.

`st.switch_page` is not used. The browser learns of it only when the new page begins; a poll that it asks
for in the meantime still names the old page, and its answer empties the app. It leaves a page by a link
with its polls stopped.
"""

from __future__ import annotations

import streamlit as st

from rare_event.store.datasets import Dataset
from rare_event.store.runs import Run

EVALUATE = "pages/4_Evaluate.py"
NEXT = ":material/arrow_forward:"
LINK_STYLE = """
[class*="st-key-main_link_"] [data-testid="stPageLink-NavLink"],
[class*="st-key-plain_link_"] [data-testid="stPageLink-NavLink"] {
  border-radius: .25rem; padding: .25rem .75rem; min-height: 2.5rem; margin: 0; justify-content: center; }
[class*="st-key-plain_link_"] [data-testid="stPageLink-NavLink"] { border: 1px solid #7F8B96; }
[class*="st-key-main_link_"] [data-testid="stPageLink-NavLink"] { background: light-dark(#0072B2, #56B4E9); }
[class*="st-key-main_link_"] [data-testid="stPageLink-NavLink"]:hover {
  background: light-dark(#005A8E, #7FC6F0); }
[class*="st-key-main_link_"] [data-testid="stPageLink-NavLink"] * {
  color: light-dark(#FFF, #050D14); }
"""


def link_to(
    page: str,
    label: str,
    key: str,
    *,
    dataset: Dataset | str | None = None,
    run: Run | str | None = None,
    icon: str | None = None,
    main: bool = False,
    disabled: bool = False,
) -> None:
    """Draw a link to a page that looks like a button.

    Parameters
    ----------
    page, label, key
        File of the page, what the link says, and its key.
    dataset, run
        What the page opens, or its digest or id; by default, what is in use.
    icon
        In front of the label.
    main
        Whether it is the main action of its page.
    disabled
        Whether it can be followed.
    """
    if disabled:
        # A link that leads nowhere would be read out as one that does.
        st.button(label, key=f"{key}_disabled", icon=icon, disabled=True)
        return
    named = {
        "dataset": dataset.digest if isinstance(dataset, Dataset) else dataset,
        "run": run.id if isinstance(run, Run) else run,
    }
    with st.container(key=f"{'main' if main else 'plain'}_link_{key}", width="content"):
        st.page_link(
            page,
            label=label,
            icon=icon,
            query_params={name: value for name, value in named.items() if value},
        )
