"""Alarms: why it rang, one alarm or event at a time."""

import streamlit as st

from rare_event.code.show import code_of_explanations
from rare_event.ui.alarms.course import show_courses, show_score
from rare_event.ui.alarms.marking import show_marked, show_marking
from rare_event.ui.alarms.page import (
    choose_alarm,
    choose_part,
    show_errors_of,
    show_limits_of,
    show_sensors,
    show_sentence,
)
from rare_event.ui.alarms.similar import show_similar
from rare_event.ui.alarms.why import find_explanation
from rare_event.ui.code import show_code
from rare_event.ui.frame import show_errors, start_page
from rare_event.ui.state import need_judged_run

start_page("Alarms", "Why did it ring?")

with show_errors():
    run = need_judged_run()
    part = choose_part(run)
    show_limits_of(run, part)
    chosen = choose_alarm(run, part)
    if chosen is None:
        st.stop()
    sentence = st.container()
    with st.container(key="alarms_panels"):
        left, right = st.columns([3, 2])
    with right, show_errors():
        found = find_explanation(run, chosen.item)
    with sentence:
        show_sentence(run, chosen.item, found)
    with left:
        show_score(run, chosen.item)
        show_courses(run, chosen.item, found)
    with right:
        if found is not None:
            show_sensors(found)
        show_marking(run, chosen)
        show_marked(run, chosen)
        if found is not None:
            show_errors_of(found)
    if found is not None and found.moved:
        show_similar(run, chosen, found)
    show_code("alarms_code", lambda: code_of_explanations(run, part))
