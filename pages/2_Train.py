"""Train: whether a model can see it coming."""

import streamlit as st

from rare_event.ui.frame import show_errors, start_page
from rare_event.ui.network import show_network, show_saved
from rare_event.ui.progress import show_run, show_runs
from rare_event.ui.settings import choose_config, first_rows
from rare_event.ui.state import get_state, need_dataset, update_state
from rare_event.ui.train import show_parts, show_shift, show_sizes, show_split, start_button

start_page("Train", "Can a model see it coming?")

with show_errors():
    dataset = need_dataset()
    places = first_rows()
    settings, preview = st.columns([2, 3], gap="large")
    with settings:
        parts = st.container()
        choice = choose_config(dataset, get_state().draft, places)
        config = choice.config
        update_state(draft=config)
        start_button(dataset, choice, places)
    with parts:
        show_parts(dataset, config)
    with preview:
        show_run(dataset)
        show_saved()
        show_network(dataset, config)
        show_split(dataset, config)
        show_sizes(dataset, config)
    show_shift(dataset, config)
    show_runs(dataset)
