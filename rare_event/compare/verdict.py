"""The result of a leaderboard in words for readers who know no machine learning."""

from __future__ import annotations

from collections.abc import Sequence

from rare_event.clock import TimeUnit
from rare_event.compare.companions import baselines_of
from rare_event.compare.leaderboard import CHANCE, beats_baselines, leaderboard, nearest_budget
from rare_event.config import SplitKind
from rare_event.judge.judgement import Count
from rare_event.judge.standing import Row
from rare_event.store.runs import Run
from rare_event.text import number, ordinal, plural

BUDGET = 2.0
# Longer lists of names are cut.
MOST_NAMES = 4
SPLIT_WORDS: dict[SplitKind, str] = {
    "rolling": "{folds}, each with models trained only on what came before it",
    "chronological": "the last part of the file, after all training data",
    "stretch": "{folds} of whole stretches that were not in the training data",
    "random": "rows picked at random, whose neighbours are in the training data",
    "shuffled": "{folds} of rows picked at random, whose neighbours are in the training data",
    "asset": "{folds}, each with one machine that was not in the training data; these held "
    "data of other machines from the same hours",
}


def verdict(board: Sequence[Row], own: str = "") -> list[str]:
    """Say which model is best, what it caught, and how little that may mean; the headline first.

    Parameters
    ----------
    board
        The leaderboard.
    own
        Id of the run in use, whose place is named if it is on the board.
    """
    models = [row for row in board if row.kind != "trivial"]
    best = models[0]
    if best.judgement.mean_fold_auc is None:
        return [
            "The model cannot be ranked."
            if len(models) == 1
            else f"The {len(models)} models cannot be ranked.",
            "Part of the test data has no events, or no normal rows.",
        ]
    ahead = board[0] if board[0].kind == "trivial" else None
    tied = [row for row in board if row.group == best.group and row is not best]
    return [
        f"{_headline(best, ahead, tied, len(models))}{_place(models, own)}",
        _optimism(len(models), best.judgement.n_events),
        _caught(best),
        *_most_caught(models),
        _ranking(best),
        *_ties(tied, ahead),
        *(_chance(row) for row in board if row.name == CHANCE),
    ]


def _without_model(row: Row) -> str:
    """Remind the reader that a yardstick is no model; chance needs no such words."""
    return "" if row.name == CHANCE else ", which needs no model"


def _headline(best: Row, ahead: Row | None, tied: Sequence[Row], n_models: int) -> str:
    name = f"{_quoted(best)}, AUC {best.judgement.mean_fold_auc:.2f}"
    if ahead is not None:
        return f"No model beats {_quoted(ahead)}{_without_model(ahead)}. Best model: {name}."
    trivial = [row for row in tied if row.kind == "trivial"]
    if trivial:
        other = _quoted(trivial[-1])
        return f"Best: {name}, but statistically tied with {other}{_without_model(trivial[-1])}."
    if n_models == 1:
        return f"{name}: the only model judged here so far."
    if tied:
        return f"Best: {name}; {plural(len(tied), 'other')} statistically tied."
    return f"Best: {name}, clearly better than all others."


def _place(models: Sequence[Row], own: str) -> str:
    """Say which place the run in use has among the models; nothing where there is nothing to compare."""
    place = next((number for number, row in enumerate(models, 1) if own and row.run == own), None)
    if place is None or len(models) == 1:
        return ""
    if place == 1:
        return " Your run ranks first."
    row = models[place - 1]
    if row.judgement.mean_fold_auc is None:
        return " Your run cannot be ranked."
    of = f"{ordinal(place)} of {len(models)}"
    tied = row.group == models[0].group
    return f" Your run is {of}{', statistically tied with the best' if tied else ''}."


def _caught(row: Row) -> str:
    judgement = row.judgement
    unit, (near, far) = judgement.time_unit, judgement.lead_windows
    count, wider = judgement.count("past", BUDGET), judgement.count("past", BUDGET, far)
    when, also = "during the event", ""
    if near:
        when = f"in the {unit.span(near)} before the event"
        counting = f"ounting alarms in the {unit.span(far)} before an event, the model would have caught"
        also = (
            f"C{counting} {wider.caught}. " if wider.caught > count.caught else f"Even c{counting} no more. "
        )
    split, folds = row.split or "rolling", plural(len(judgement.fold_auc), "fold")
    past = "past data" if split in ("rolling", "chronological") else "other data"
    return (
        f"With thresholds chosen on {past} to allow {unit.alarms(f'{BUDGET:g}')}, {_quoted(row)} would have "
        f"caught {count.caught} of {plural(judgement.n_events, 'event')} with an alarm {when}. "
        f"{_actual(count, unit)} {also}"
        f"This was judged on {unit.reword(SPLIT_WORDS[split]).format(folds=folds)}."
    )


def _most_caught(models: Sequence[Row]) -> list[str]:
    """Name the models that caught the most, where the first is not among them."""
    caught = [row.judgement.count("past", BUDGET).caught for row in models]
    if max(caught) == caught[0]:
        return []
    most = [row for row, number in zip(models, caught, strict=True) if number == max(caught)]
    judgement, unit = most[0].judgement, most[0].judgement.time_unit
    count = judgement.count("past", BUDGET)
    events = f"{count.caught} of {judgement.n_events:,}"
    when = f"in the {unit.span(count.lead)} before an event" if count.lead else "during an event"
    rate = _at(count, unit) if len(most) == 1 else " each"
    return [f"Counting only alarms {when}, {_names(most)} would have caught the most: {events}{rate}."]


def _ranking(row: Row) -> str:
    between = ""
    if row.judgement.interval is not None:
        between = " (95% interval {:.0%} to {:.0%})".format(*row.judgement.interval)
    when = "just before" if row.judgement.lead_windows[0] else "during"
    return (
        f"Models are ranked by the AUC. Take one moment {when} an event and one normal moment: the best "
        f"model scores the first higher in {row.judgement.mean_fold_auc:.0%} of such pairs{between}; "
        "guessing gives 50%."
    )


def _ties(tied: Sequence[Row], ahead: Row | None) -> list[str]:
    others = [row for row in tied if row is not ahead]
    if not others:
        return []
    return [f"These data show no clear difference between the best model and {_names(others)}."]


def _optimism(n_models: int, n_events: int) -> str:
    if n_models == 1:
        return "Train the baselines to see whether it beats simpler models."
    same = "the same event" if n_events == 1 else f"the same {n_events:,} events"
    return f"{n_models} models were compared on {same}, so the best of them looks better than it is."


def _chance(row: Row) -> str:
    count = row.judgement.count("past", BUDGET)
    return (
        f"By chance alone (scores shifted to unrelated times), alarms would have caught {count.caught} of "
        f"{row.judgement.n_events:,}{_at(count, row.judgement.time_unit)}."
    )


def _actual(count: Count, unit: TimeUnit) -> str:
    """Write the actual rate as a sentence; a short time bears none."""
    if count.false_alarms_per_day is None:
        return (
            "Its actual rate of false alarms is unknown: the running time is too short, or the run is from "
            "an older version."
        )
    return f"The actual rate was {unit.alarms(number(count.false_alarms_per_day, 2))}."


def _at(count: Count, unit: TimeUnit) -> str:
    """Write the actual rate after a number of events, where there is one."""
    rate = count.false_alarms_per_day
    return "" if rate is None else f", at {unit.alarms(number(rate, 2))}"


def _names(rows: Sequence[Row]) -> str:
    names, more = list(map(_quoted, rows[:MOST_NAMES])), len(rows) - MOST_NAMES
    listed = [*names, *([f"{more} more"] if more > 0 else [])]
    return " and ".join(filter(None, [", ".join(listed[:-1]), listed[-1]]))


def _quoted(row: Row) -> str:
    return f"“{row.name}”"


def verdict_on_baselines(run: Run) -> str | None:
    """Compare a run with its baselines at its own budget, with thresholds set on earlier data.

    Returns
    -------
    str or None
        Markdown; None while there is nothing to compare with.
    """
    judged = run.judged()
    done = [other for other in baselines_of(run).values() if other.status().state == "done"]
    if judged is None or not done:
        return None
    board = leaderboard([run, *done], judged.model.windows)
    return beats_baselines(board, run.id, nearest_budget(run.config().rule))
