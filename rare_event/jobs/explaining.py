"""Explain the alarms of a run, in a worker: networks need Keras."""

from __future__ import annotations

from rare_event.experiment.explain import Explanation, asked_of, explain
from rare_event.judge.ledger import ledger
from rare_event.judge.trailing import follow
from rare_event.prepare.prepared import prepare
from rare_event.store.bundle import open_folds
from rare_event.store.explained import save_explanations
from rare_event.store.records import Committed, Part
from rare_event.store.runs import Run, open_run


def explain_part(run: Run, part: Part, committed: Committed) -> list[Explanation]:
    """Explain the events and false alarms of a part at a committed threshold.

    Raises
    ------
    RunError
        If a file of the run is missing or damaged.
    """
    scores, config = run.scores(part), run.config()
    followed = scores
    if committed.trailing is not None:
        history = run.scores("validation") if part == "test" else None
        followed = follow(scores, committed.trailing, history)
    lines = ledger(followed.once(), committed.thresholds, committed.policy)
    asked = asked_of(lines, scores, followed, committed.thresholds)
    return explain(prepare(run.dataset().table(), config), config, open_folds(run), asked)


def explain_in_worker(run_id: str, part: Part) -> None:
    """Explain the alarms of a part at the committed threshold, and keep what is found with the run."""
    run = open_run(run_id)
    committed = run.committed()
    save_explanations(run, part, committed, explain_part(run, part, committed))
