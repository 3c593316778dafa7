"""The regime test on the Evaluate page: since when the threshold is not valid, and what can be done."""

from __future__ import annotations

from dataclasses import replace

import pandas as pd
import streamlit as st

from rare_event.clock import TimeUnit
from rare_event.config import SplitPlan
from rare_event.config.prepare import plain_time
from rare_event.judge.regime import Regime
from rare_event.judge.regime_words import moments
from rare_event.report.drift import Drift
from rare_event.store.runs import Run
from rare_event.text import plain
from rare_event.ui.frame import in_place
from rare_event.ui.links import NEXT, link_to
from rare_event.ui.state import fill_form, get_state

TRAIN = "pages/2_Train.py"
THRESHOLD = "pages/3_Threshold.py"


def show_regime(run: Run, drift: Drift) -> None:
    """Say since when the threshold of a judged run is not valid, with what can be done about it."""
    warnings, tested = drift.regime()
    for sentence in warnings:
        st.warning(plain(sentence))
    _offer_remedies(run, drift.found, drift.start, drift.unit)
    st.caption(plain(" ".join(tested)))


@in_place
def _offer_remedies(run: Run, found: Regime, start: pd.Timestamp | None, unit: TimeUnit) -> None:
    """Offer a threshold that follows the scores, and a training on the rows since the change."""
    standing = [change for change in found.changes if change.until is None]
    if not standing:
        return
    since = standing[-1].since
    with st.container(horizontal=True, vertical_alignment="center"):
        if run.committed().trailing is None:
            link_to(THRESHOLD, "Use a trailing threshold", "regime_trailing", run=run, icon=NEXT)
        if start is None or unit.reason:
            return
        plan = SplitPlan("chronological", train_from=plain_time(str(start + pd.Timedelta(minutes=since))))
        if get_state().draft.split == plan:
            link_to(TRAIN, "Go to Train: the dates are set", "regime_train", icon=NEXT, main=True)
            return
        st.button(
            f"Train on rows from {moments(start, unit)(since)}",
            key="regime_retrain",
            help="Fills in the Train page with the settings of this run, to train on rows from this time on.",
            on_click=fill_form,
            args=(replace(run.config(), split=plan),),
        )
