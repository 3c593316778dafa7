"""The judgement that is kept with a run, and the one place that reads the layout of older versions."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from rare_event.clock import TimeUnit
from rare_event.judge.judgement import Judgement

# Older versions named the counts of each kind of threshold, and their rates, like this.
OLDER = {
    "past": ("caught", "fa_per_day_achieved"),
    "trailing": ("caught_trailing", "fa_per_day_trailing"),
    "hindsight": ("caught_at_best", ""),
}


@dataclass(frozen=True)
class Judged:
    """The judgement of a run, and of two scores that need no model on the same windows."""

    model: Judgement
    trivial: tuple[Judgement, ...] = ()

    @classmethod
    def __get_pydantic_core_schema__(cls, source: Any, handler: Any) -> Any:
        """Let pydantic also read the layout of older versions."""
        from pydantic_core import core_schema

        return core_schema.no_info_before_validator_function(_upgraded, handler(source))


def _upgraded(record: Any) -> Any:
    if not isinstance(record, dict) or "model" in record:
        return record
    try:
        trivial = [_model(row) for row in record.get("trivial", ())]
        return {"model": _model(record), "trivial": trivial}
    except (AttributeError, IndexError) as error:
        raise ValueError("This is the judgement of no version.") from error


def _model(record: dict[str, Any]) -> dict[str, Any]:
    """Lay the figures of an older version out as a `Judgement`."""
    unit, events = TimeUnit(record.get("clock", "")), record["events"]
    counts = []
    leads = sorted(map(float, events["caught"]))
    for threshold, (caught, rate) in OLDER.items():
        # Rates were kept for the narrower lead window only.
        of_budget = record.get(unit.key(rate), {})
        rates = {(leads[0], float(budget)): each for budget, each in of_budget.items()}
        for lead, by_budget in events[caught].items():
            for budget, n in by_budget.items():
                at = float(lead), float(budget)
                counts.append(
                    {"threshold": threshold, "lead": at[0], "budget": at[1], "caught": n}
                    | {"false_alarms_per_day": rates.get(at)}
                )
    kept = ("name", "windows", "fold_auc", "interval", "auc_draws", "pooled_auc", "average_precision")
    return {name: record[name] for name in kept} | {
        "lead_windows": leads,
        "base_rate": record["base_rate"],
        "n_events": events["total"],
        "counts": counts,
        "time_unit": {"reason": unit.reason},
    }
