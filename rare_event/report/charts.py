"""The charts of a judged part: its scores over time, its curves, its folds."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from rare_event.clock import TimeUnit
from rare_event.config import ExperimentConfig
from rare_event.config.labels import ScoreLabel
from rare_event.judge.evaluation import Evaluation
from rare_event.judge.scores import Scores
from rare_event.judge.thresholds import OperatingPoints
from rare_event.plots.curves import precision_recall_figure, roc_figure, threshold_figure
from rare_event.plots.errors import error_figure
from rare_event.plots.matrix import confusion_figure
from rare_event.plots.rates import alarm_rate_figure, time_in_alarm_figure
from rare_event.plots.timeline import folds_figure
from rare_event.plots.tracks import machines_of
from rare_event.prepare.prepared import Prepared
from rare_event.prepare.table import Table
from rare_event.store.records import Committed, Part
from rare_event.text import capital

TRAILING_UNIT = "multiples of the trailing quantile"


def score_label_of(config: ExperimentConfig, committed: Committed, trailing: bool) -> ScoreLabel:
    """Name a run's score and its unit; a trailing threshold is a multiple of the trailing quantile."""
    label = config.score_label(len(committed.thresholds))
    return replace(label, unit=TRAILING_UNIT) if trailing else label


def scores_figure(
    scores: Scores,
    committed: Committed,
    table: Table,
    *,
    part: Part,
    following: np.ndarray | None,
    score: ScoreLabel,
    unit: TimeUnit,
) -> go.Figure:
    """Draw the score of every window of a part; the arguments are those of `error_figure`."""
    return error_figure(
        scores,
        committed.middle,
        when=None if table.time_unit.reason else table.when[scores.row],
        part=capital(part),
        following=following,
        score=score,
        labelled=unit.labelled,
        folds=committed.n_thresholds,
    )


def curves(
    figures: Evaluation, points: OperatingPoints, committed: Committed, score: ScoreLabel, part: Part
) -> dict[str, go.Figure]:
    """Draw the confusion matrix, the ROC curve, precision and recall of a part with events."""
    threshold, folds, name = committed.middle, committed.n_thresholds, capital(part)
    return {
        "matrix": confusion_figure(figures.tn, figures.fp, figures.fn, figures.tp, part=name),
        "roc": roc_figure(points, threshold, part=name, auc=figures.auc, folds=folds),
        "precision_recall": precision_recall_figure(
            points,
            threshold,
            part=name,
            average_precision=figures.average_precision,
            base_rate=figures.n_positive / figures.n,
            folds=folds,
        ),
        "threshold": threshold_figure(points, threshold, part=name, score=score, folds=folds),
    }


def rates(
    points: OperatingPoints, committed: Committed, score: ScoreLabel, unit: TimeUnit, part: Part
) -> dict[str, go.Figure]:
    """Draw the alarms over the threshold, of a part where no event can be judged."""
    return {
        key: make(
            points,
            committed.middle,
            part=capital(part),
            unit=unit,
            score=score,
            folds=committed.n_thresholds,
        )
        for key, make in (("rate", alarm_rate_figure), ("in_alarm", time_in_alarm_figure))
    }


def caught_figure(table: Table, prepared: Prepared, lines: pd.DataFrame) -> go.Figure:
    """Draw the folds over time with the events of a ledger that each caught."""
    events = lines[lines["kind"] == "event"]
    number, caught = events["event"].to_numpy(int), events["caught"].to_numpy(bool)
    row, when = prepared.events.row[number], table.when
    last = np.searchsorted(prepared.row, row, side="right") - 1
    machines = machines_of(prepared, number)
    return folds_figure(when[prepared.row], prepared.folds, when[row], caught, last, machines)
