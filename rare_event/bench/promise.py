"""How often promises hold: on simulated plants, without and with drift, and on the mill's folds."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rare_event.bench.plants import PLANTS, Plant, scores_of_plant
from rare_event.bench.timing import Row, row
from rare_event.config import RECOMMENDED, AlarmPolicy, Costs, PCAModel, Rule, SplitPlan
from rare_event.text import plural

if TYPE_CHECKING:
    import pandas as pd

    from rare_event.judge.scores import Scores
    from rare_event.judge.thresholds import OperatingPoints

# Validation parts of each kind of plant: 300 in all.
REPEATS = 50
# Stretches from which the true rates of a plant are counted.
LONG = 4000
# By so much all scores rise after validation; 1 is no drift.
DRIFTS = (1.0, 1.2, 1.5)
# A rule that limits alarms, one by the bound itself, and two that pick what looks best.
RULES = (
    Rule("fa-per-day", 2.0),
    Rule("promise-per-day", 8.0),
    Rule("cost", 0.0, costs=Costs(10_000.0, 1000.0)),
    Rule("f-beta", 0.5),
)
MILL_CSV = "RARE_EVENT_MILL_CSV"
POLICY = AlarmPolicy()


def promise() -> Row:
    """Count how often a promise holds, for the rule with which it holds least often."""
    from rare_event.judge.bounds import CONFIDENCE

    found = simulate()
    n_plants = len(PLANTS) * REPEATS
    notes = [f"{n_plants} simulated plants; each threshold is chosen on the data that its promise comes from"]
    holds = {}
    for drift in DRIFTS:
        some = found[found["drift"] == drift]
        holds[f"{drift:g}"] = shares = held_by_rule(some)
        name = "without drift" if drift == 1 else f"scores {drift:g} times higher afterwards"
        said = ", ".join(f"{kind} {share:.1%}" for kind, share in shares.items())
        notes.append(f"{name}: holds with {said}; new data say: {_answers(some['answer'])}")
    more: dict[str, Any] = {}
    if path := os.environ.get(MILL_CSV):
        mill = on_the_mill(Path(path))
        more["mill"] = mill.to_dict("records")
        notes.append(
            f"real mill, {plural(mill['fold'].nunique(), 'fold')} by each rule: the false alarms of the test "
            f"part keep to the bound in {mill['within'].sum()} of {len(mill)}; "
            f"the test parts say: {_answers(mill['answer'])}"
        )
    else:
        notes.append(f"real mill: not measured, because {MILL_CSV} is not set")
    worst = min(holds["1"].values())
    return row(worst, CONFIDENCE, "the confidence promised", unit="share", holds=holds, notes=notes, **more)


def simulate(
    plants: Sequence[Plant] = PLANTS, repeats: int = REPEATS, folds: int = 1, answers: bool = True
) -> pd.DataFrame:
    """Choose thresholds on simulated validation data, and see whether what they promise is true.

    Parameters
    ----------
    plants
        The kinds of plants.
    repeats
        Validation parts of each.
    folds
        Parts of the validation data; with several, each has a threshold of its own.
    answers
        Whether each promise is also checked on new data.

    Returns
    -------
    pandas.DataFrame
        One row for each validation part, rule and drift: `plant`, `rule`, `drift`, `promised` (the bound on
        false alarms; missing if nothing is), `share` (that on events), `holds` (whether both are true, as
        promising nothing is), and `answer` of the check on as many new stretches.
    """
    import pandas as pd

    rows: list[dict[str, Any]] = []
    for plant in plants:
        truth = _truth(plant)
        for seed in range(repeats):
            rows += _rows(plant, truth, seed, folds, answers)
    return pd.DataFrame(rows)


def _truth(plant: Plant) -> OperatingPoints:
    from rare_event.judge.thresholds import operating_points

    return operating_points(scores_of_plant(plant, LONG, seed=10**6), POLICY)


def _rows(
    plant: Plant, truth: OperatingPoints, seed: int, folds: int, answers: bool
) -> Iterator[dict[str, Any]]:
    from rare_event.judge.bounds import dispersion
    from rare_event.judge.evaluation import evaluate
    from rare_event.judge.kept import check_promise
    from rare_event.judge.promise import promise_of

    validation = scores_of_plant(plant, plant.n_stretches, seed, folds)
    test = scores_of_plant(plant, plant.n_stretches, seed + 10**5)
    spread = dispersion(validation, POLICY)
    for kind, thresholds in _chosen(validation).items():
        promised = promise_of(validation, thresholds, POLICY, spread)
        for drift in DRIFTS:
            alarms, share = _true_rates(truth, validation, thresholds, drift)
            most, answer = promised.rate, None
            if answers:
                risen = test.with_score(test.y_score * drift)
                answer = check_promise(promised, evaluate(risen, {0: thresholds[0]}, POLICY)).answer
            yield {
                "plant": plant.name,
                "rule": kind,
                "drift": drift,
                "promised": most,
                "share": promised.share,
                "holds": most is None or bool(alarms <= most and share >= promised.share),
                "answer": answer,
            }


def _chosen(validation: Scores, policy: AlarmPolicy = POLICY) -> dict[str, dict[int, float]]:
    """Choose the threshold of each fold by each rule; without those by which no threshold can be chosen."""
    from rare_event.errors import DataError
    from rare_event.judge.bounds import dispersion
    from rare_event.judge.rules import choose
    from rare_event.judge.thresholds import operating_points

    known = {
        fold: (operating_points(part, policy), dispersion(part, policy))
        for fold, part in validation.by_fold().items()
    }
    chosen: dict[str, dict[int, float]] = {}
    for rule in RULES:
        with suppress(DataError):
            chosen[rule.kind] = {fold: choose(at, rule, spread) for fold, (at, spread) in known.items()}

    return chosen


def _true_rates(
    truth: OperatingPoints, validation: Scores, thresholds: dict[int, float], drift: float
) -> tuple[float, float]:
    """Return the true rate of false alarms and the true share of events caught, over all folds."""
    alarms = share = 0.0
    for fold, part in validation.by_fold().items():
        at = truth.at(thresholds[fold] / drift)
        if at < len(truth):
            n_events = len(set(part.event[part.event >= 0].tolist()))
            alarms += part.days / validation.days * float(truth.false_alarms_per_day[at])
            share += n_events / len(validation.total_events) * truth.caught[at] / truth.n_events
    return alarms, share


def held_by_rule(found: pd.DataFrame) -> dict[str, float]:
    """Return the share of promises that hold, by rule."""
    shares = found.groupby("rule", sort=False)["holds"].mean()
    return {str(kind): float(share) for kind, share in shares.items()}


def _answers(answers: Iterable[str]) -> str:
    counts = Counter(answers)
    of = ("kept", "too early to tell", "broken")
    return ", ".join(f"{answer} {counts[answer] / max(counts.total(), 1):.0%}" for answer in of)


def on_the_mill(path: Path) -> pd.DataFrame:
    """Check what each rolling fold of the real mill promises on its own test part.

    Returns
    -------
    pandas.DataFrame
        One row for each fold and rule: `fold`, `rule`, `promised`, `share`, `given` (false alarms a day of
        the test part), `caught`, `events`, `within` (whether this rate keeps to the bound)
        and `answer` of the check.
    """
    import pandas as pd

    from rare_event.experiment.run import run_experiment
    from rare_event.judge.evaluation import evaluate
    from rare_event.judge.kept import check_promise
    from rare_event.judge.promise import promise_of
    from rare_event.prepare.table import read_table

    config = replace(RECOMMENDED, split=SplitPlan("rolling"), model=PCAModel())
    result, rows = run_experiment(read_table(path), config), []
    for number, fold in enumerate(result.folds):
        for kind, thresholds in _chosen(fold.validation, result.policy).items():
            promised = promise_of(fold.validation, thresholds, result.policy)
            given = evaluate(fold.test, thresholds, result.policy)
            most = promised.rate
            rows.append(
                {
                    "fold": number,
                    "rule": kind,
                    "promised": most,
                    "share": promised.share,
                    "given": given.false_alarms_per_day,
                    "caught": given.caught,
                    "events": given.n_events,
                    "within": most is None or given.false_alarms_per_day <= most,
                    "answer": check_promise(promised, given).answer,
                }
            )
    return pd.DataFrame(rows)
