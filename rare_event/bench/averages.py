"""What an average of networks gains over one: single seeds against averages, on the mill and the sample."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from statistics import mean, stdev
from typing import TYPE_CHECKING, Any

from rare_event.bench.promise import MILL_CSV
from rare_event.bench.timing import Row, row
from rare_event.config import RECOMMENDED, ExperimentConfig

if TYPE_CHECKING:
    from rare_event.experiment.result import Summary
    from rare_event.prepare.table import Table

FOLDS = 6


@dataclass(frozen=True)
class Pace:
    """How many networks are compared.

    Parameters
    ----------
    seeds
        Single networks, from as many seeds.
    size
        Networks in each average; the averages share those of the single ones.
    config
        The settings of all, in which only the seed and the number of networks change.
    """

    seeds: int = 10
    size: int = 5
    config: ExperimentConfig = RECOMMENDED


def averages(pace: Pace | None = None) -> Row:
    """Compare the backtest of single networks with that of averages, by the mean AUC of the folds."""
    pace = pace or Pace()
    notes, found = [], dict[str, Any]()
    for name, table in _tables():
        if table is None:
            notes.append(f"{name}: not measured, because {MILL_CSV} is not set")
            continue
        found[name] = {
            kind: [_backtest(table, pace.config, seed, size) for seed in range(0, pace.seeds, size)]
            for kind, size in (("single", 1), ("average", pace.size))
        }
        notes += [f"{name}, {kind}: {_in_words(figures)}" for kind, figures in found[name].items()]
    last = list(found.values())[-1]
    ours, reference = (mean(each["auc"] for each in last[kind]) for kind in ("average", "single"))
    said = f"one network, in the mean over {pace.seeds} seeds; averages of {pace.size}"
    return row(ours, reference, said, unit="share", notes=notes, **found)


def _tables() -> Iterator[tuple[str, Table | None]]:
    from rare_event.prepare.sample import sample_mill
    from rare_event.prepare.table import read_table

    yield "sample mill", read_table(sample_mill().to_csv(index=False).encode())
    path = os.environ.get(MILL_CSV)
    yield "real mill", read_table(Path(path)) if path else None


def _backtest(table: Table, config: ExperimentConfig, seed: int, networks: int) -> dict[str, Any]:
    from rare_event.experiment.backtest import over_folds
    from rare_event.experiment.result import summarise
    from rare_event.experiment.run import run_experiment

    config = replace(config, seed=seed, training=replace(config.training, networks=networks))
    summary = summarise(run_experiment(table, over_folds([config], FOLDS)[0]))
    return {"seed": seed, "auc": _auc(summary), "caught": summary.events["caught"]} | {
        "events": summary.events["total"],
        "false_alarms": summary.false_alarms_per_day,
        "promised": summary.promise and summary.promise.rate,
        "promised_share": summary.promise and summary.promise.share,
        "answer": summary.promise_answer,
    }


def _auc(summary: Summary) -> float:
    return mean(fold.auc for fold in summary.folds if fold.auc is not None)


def _in_words(figures: list[dict[str, Any]]) -> str:
    auc, caught = ([each[name] for each in figures] for name in ("auc", "caught"))
    spread = f" (standard deviation {stdev(auc):.4f})" if len(auc) > 1 else ""
    alarms = mean(each["false_alarms"] for each in figures)
    bounds = [f"{each['promised']:.3g}" for each in figures if each["promised"] is not None]
    answers = [str(each["answer"]) for each in figures]
    said = ", ".join(f"{answer} {answers.count(answer)}" for answer in dict.fromkeys(answers))
    return (
        f"AUC of the folds {mean(auc):.4f}{spread}; caught {', '.join(map(str, caught))} of "
        f"{figures[0]['events']} at {alarms:.2g} false alarms a day in the mean; promised at most "
        f"{', '.join(bounds) or 'nothing'} a day; the test parts say: {said}"
    )
