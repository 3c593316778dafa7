"""Leaderboard: runs and baselines that were judged on the same windows, best first."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Any, Literal

import numpy as np
import pandas as pd

from rare_event.clock import TimeUnit
from rare_event.compare.titles import names_of
from rare_event.config import RECIPES, BlendModel, ExperimentConfig, ModelConfig, Rule, SupervisedConfig
from rare_event.errors import RareEventError
from rare_event.judge.comparison import groups
from rare_event.judge.judgement import BUDGETS
from rare_event.store.runs import Run

Kind = Literal["run", "baseline", "supervised", "trivial"]
TRIVIAL = {"chance": "Chance: the score rolled in time", "since-restart": "Time since the last restart"}
CHANCE = TRIVIAL["chance"]
COUNTS = {"caught": "caught", "trailing": "caught_trailing", "best": "caught_at_best"}
RATES = {"achieved": "fa_per_day_achieved", "achieved_trailing": "fa_per_day_trailing"}
# What a judgement must hold to be compared.
NEEDED = {"windows", "fold_auc", "mean_fold_auc", "interval", "average_precision", "base_rate", "auc_draws"}
NEEDED |= {"events", *RATES.values()}


def columns(leads: tuple[float, ...]) -> list[str]:
    """Name the columns of a leaderboard in their order.

    Parameters
    ----------
    leads
        Minutes before an event in which alarms were counted, the narrower window first.
    """
    at = [f"{budget:g}_{lead:g}" for lead in leads for budget in BUDGETS]
    return [
        *("run", "name", "kind", "split", "folds", "group", "mean_fold_auc", "auc_low", "auc_high"),
        *("average_precision", "base_rate", "events"),
        *(f"caught_{each}" for each in at),
        *(f"achieved_{budget:g}" for budget in BUDGETS),
        *("train_seconds", "looks"),
        *(f"trailing_{each}" for each in at),
        *(f"achieved_trailing_{budget:g}" for budget in BUDGETS),
        *(f"best_{each}" for each in at),
        *("lead", "wider_lead", "clock"),
    ]


def leads_of(board: pd.DataFrame) -> tuple[float, float]:
    """Return the two lead windows of a leaderboard in minutes, the narrower first.

    Parameters
    ----------
    board
        As of `leaderboard`, at least one row.
    """
    return float(board["lead"].iloc[0]), float(board["wider_lead"].iloc[0])


def time_unit_of(board: pd.DataFrame) -> TimeUnit:
    """Return the unit of a leaderboard's lead windows and rates."""
    return TimeUnit(str(board["clock"].iloc[0]))


def leaderboard(runs: Sequence[Run], windows: str) -> pd.DataFrame:
    """Lay the judgements of runs out, one row each, the best mean fold AUC first.

    Parameters
    ----------
    runs
        Finished ones; those never judged, judged on other windows, or damaged are left out.
    windows
        Digest of the windows, as of `rare_event.judge.judgement.windows_digest`.

    Returns
    -------
    pandas.DataFrame
        `run` (id; empty in trivial rows), `name` (never twice the same), `kind`, `split`, `folds`,
        `group` (from 1: models of one group cannot be told apart), `mean_fold_auc` with `auc_low` and
        `auc_high`, `average_precision`, `base_rate`, `events`, `caught_B_L` and `trailing_B_L` (events
        caught at B false alarms a day with a lead window of L minutes, by thresholds of the past),
        `best_B_L` (the same in hindsight), `achieved_B` and `achieved_trailing_B` (false alarms a day
        that came of it, at the first lead window), `train_seconds`, `looks`, `lead` and `wider_lead`
        (the lead windows in minutes), `clock` (why rows stand for time, 1,000 for a day; or empty).
    """
    rows: list[dict[str, Any]] = []
    draws: list[np.ndarray] = []
    trivial: dict[str, Mapping[str, Any]] = {}
    shown: list[tuple[Run, ExperimentConfig]] = []
    for run in runs:
        with suppress(RareEventError):
            figures = judged(run)
            if figures is None or figures["windows"] != windows:
                continue
            config = run.config()
            about = _about(run, config)
            shown.append((run, config))
            rows.append(about | _figures(figures))
            draws.append(np.array(figures["auc_draws"], float))
            # Rows without a model are much the same for every run: those of the first stand for all.
            for row in figures.get("trivial", ()):
                trivial.setdefault(row["name"], row)
    for row, name in zip(rows, names_of(shown), strict=True):
        row["name"] = name
    for name, its in trivial.items():
        rows.append({"run": "", "name": TRIVIAL.get(name, name), "kind": "trivial"} | _figures(its))
        draws.append(np.array(its["auc_draws"], float))
    leads = (rows[0]["lead"], rows[0]["wider_lead"]) if rows else ()
    return _ranked(pd.DataFrame(rows, columns=columns(leads)), draws)


def judged(run: Run) -> dict[str, Any] | None:
    """Read the judgement of a run; None where it has none that can be compared."""
    with suppress(RareEventError):
        figures = run.judgement()
        return figures if figures is not None and figures.keys() >= NEEDED else None
    return None


def _about(run: Run, config: ExperimentConfig) -> dict[str, Any]:
    return {
        "run": run.id,
        "kind": kind_of(run, config),
        "split": config.split.kind,
        "train_seconds": run.evaluation().seconds.get("train"),
        "looks": len(run.looks()),
    }


def _figures(figures: Mapping[str, Any]) -> dict[str, Any]:
    low, high = figures["interval"] or (np.nan, np.nan)
    events = figures["events"]
    row = {name: figures[name] for name in ("mean_fold_auc", "average_precision", "base_rate")}
    row |= {"auc_low": low, "auc_high": high, "events": events["total"], "folds": len(figures["fold_auc"])}
    row["lead"], row["wider_lead"] = map(float, events["caught"])
    for name, count in COUNTS.items():
        row |= {f"{name}_{b}_{lead}": n for lead, by in events[count].items() for b, n in by.items()}
    row["clock"] = figures.get("clock", "")
    for name, rate in RATES.items():
        *_, rates = TimeUnit(row["clock"]).entry(rate, None)
        row |= {f"{name}_{budget:g}": figures[rates][f"{budget:g}"] for budget in BUDGETS}
    return row


def _ranked(board: pd.DataFrame, draws: Sequence[np.ndarray]) -> pd.DataFrame:
    """Sort by the mean fold AUC and number the groups that cannot be told apart."""
    board = board.astype(
        {"mean_fold_auc": float, "auc_low": float, "auc_high": float, "average_precision": float}
        | {"train_seconds": float, "looks": "Int64"}
    )
    board = board.sort_values("mean_fold_auc", ascending=False, kind="stable")
    resamples = max((len(each) for each in draws), default=0) or 1
    # Draws that are missing, or of another number, tell nothing.
    paired = np.full((len(draws), resamples), np.nan)
    for row, each in enumerate(draws):
        if len(each) == resamples:
            paired[row] = each
    ranked = int(board["mean_fold_auc"].notna().sum())
    group = groups(paired[board.index[:ranked]])
    # A model without a defined AUC is like no other.
    alone = group.max(initial=0) + 1 + np.arange(len(board) - ranked)
    return board.assign(group=np.append(group, alone).astype(int)).reset_index(drop=True)


def kind_of(run: Run, config: ExperimentConfig) -> Kind:
    """Tell what kind of row a run is."""
    if learns_from_events(config.model):
        return "supervised"
    return "baseline" if run.purpose().role == "baseline" else "run"


def learns_from_events(model: ModelConfig) -> bool:
    """Whether a model, or one of those it joins, is trained on past events."""
    if isinstance(model, BlendModel):
        return any(learns_from_events(RECIPES[name].model) for name in model.members)
    return isinstance(model, SupervisedConfig)


def nearest_budget(rule: Rule) -> float:
    """Return the budget of `BUDGETS` that a rule aims at; the middle one where it has no budget."""
    wanted = rule.value if rule.kind == "fa-per-day" else BUDGETS[1]
    return min(BUDGETS, key=lambda budget: abs(budget - wanted))


def beats_baselines(board: pd.DataFrame, run_id: str, budget: float) -> str | None:
    """Say whether a run catches more events than any baseline at the same false alarms a day.

    Thresholds of the past come to different false alarms for each model, so all thresholds are read
    off the test rows here: only then do the models pay the same.

    Parameters
    ----------
    board
        As of `leaderboard`.
    run_id
        The run.
    budget
        Of `BUDGETS`.

    Returns
    -------
    str or None
        Markdown; None where there is no baseline, or the run is not on the board.
    """
    rows = board.to_dict("records")
    mine = [row for row in rows if row["run"] == run_id]
    others = [row for row in rows if row["run"] != run_id and row["kind"] != "run"]
    if not mine or not others:
        return None
    column = f"best_{budget:g}_{leads_of(board)[0]:g}"
    best = max(others, key=lambda row: row[column])
    most = int(best[column])
    at = f"At {budget:g} false alarms {time_unit_of(board).a_day} for all alike"
    caught = f"{mine[0][column]} of {mine[0]['events']} events"
    if mine[0][column] > most:
        return (
            f"{at}, this model catches {caught}, more than any of {len(others)} baselines ({most} at most)."
        )
    level = ", though their AUC cannot be told apart" if best["group"] == mine[0]["group"] else ""
    return (
        f"**This model does not beat the baselines.** {at}, it catches {caught}, and "
        f"“{best['name']}”, one of {len(others)}, catches {most}{level}."
    )
