"""The lines behind each result: a run, its threshold, its test, a backtest, a scoring, an alarm list."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from rare_event.code.lines import (
    assign,
    evaluation,
    explanations,
    named_file,
    policy,
    promise,
    reading,
    script,
    threshold,
    training,
)
from rare_event.code.literal import Call, Name
from rare_event.compare.companions import over_folds
from rare_event.config import SplitKind
from rare_event.errors import RunError
from rare_event.read.table import AS_FOUND
from rare_event.store.alarm_lists import StoredAlarms
from rare_event.store.archive import is_imported
from rare_event.store.datasets import Dataset
from rare_event.store.records import Committed, Part
from rare_event.store.runs import Run, open_run
from rare_event.store.scorings import Scoring


def code_of_run(run: Run) -> str:
    """Write all lines of a run: its test, the leakage meter, or the ablation.

    Raises
    ------
    RunError
        If it is not finished, or as in `code_of_training`.
    """
    if (state := run.status().state) != "done":
        raise RunError(f"Run {run.id} is not finished ({state}). Choose a run that is done.")
    written = {"leakage": code_of_leakage, "ablation": code_of_ablation}
    return written.get(run.purpose().role, code_of_test)(run)


def code_of_training(run: Run) -> str:
    """Write the lines that train a run again, up to its figures.

    Raises
    ------
    RunError
        If the run was imported, so that its data are elsewhere, or its records are damaged.
    """
    summary = "summary = summarise(result)\nprint(summary)"
    return script(*_trained(run), summary)


def code_of_threshold(run: Run, committed: Committed) -> str:
    """Write the lines to the figures of a threshold on validation data.

    Parameters
    ----------
    run
        A finished run.
    committed
        What is committed, or would be.

    Raises
    ------
    RunError
        As `code_of_training`.
    """
    trailing = _trailing(committed)
    watched = committed.watch is not None
    parts = evaluation("validation", trailing, watched), promise(trailing)
    return script(*_trained(run), _threshold(run, committed), *parts)


def code_of_test(run: Run) -> str:
    """Write the lines to the figures of the committed threshold on validation and test data.

    Raises
    ------
    RunError
        As `code_of_training`.
    """
    committed = run.committed()
    watched = committed.watch is not None
    parts = [evaluation(part, _trailing(committed), watched) for part in ("validation", "test")]
    ledger = [] if _changed(run, committed) else ["print(result.ledger())"]
    kept = [promise(_trailing(committed)), "print(check_promise(promise, on_test).in_words)"]
    return script(*_trained(run), _threshold(run, committed), *parts, *kept, *ledger)


def code_of_explanations(run: Run, part: Part) -> str:
    """Write the lines to the sensors behind the alarms of a part at the committed threshold.

    Raises
    ------
    RunError
        As `code_of_training`.
    """
    committed = run.committed()
    lines = explanations(part, _trailing(committed))
    # Only alarms of the warning level are explained.
    return script(*_trained(run), _threshold(run, replace(committed, watch=None)), lines)


def code_of_backtest(run: Run, kind: SplitKind) -> str:
    """Write the lines of the backtest of a run's model.

    Parameters
    ----------
    run
        A finished run: the backtest, or one that is to be tested.
    kind
        Whether it tests on later rows, or on one machine after the other.

    Raises
    ------
    RunError
        As `code_of_training`.
    """
    config = over_folds(run.config(), kind)
    named = {} if kind == "rolling" else {"kind": kind}
    call = Call("backtest", (Name("table"), [Name("config")]), {"folds": config.split.folds, **named})
    lines = [
        assign("config", config),
        "# The model, then chance and the time since the last restart.",
        assign("judgements", call),
        "print(judgements[0])",
    ]
    return script(reading(_dataset(run)), "\n".join(lines))


def code_of_leakage(run: Run) -> str:
    """Write the lines of the leakage meter of a run.

    Raises
    ------
    RunError
        As `code_of_training`.
    """
    lines = [assign("config", run.config()), "readings = leakage(table, config)", "print(readings)"]
    return script(reading(_dataset(run)), "\n".join(lines))


def code_of_ablation(run: Run) -> str:
    """Write the lines that leave out each group of a run's inputs.

    Raises
    ------
    RunError
        As `code_of_training`.
    """
    config = run.config()
    call = Call("ablation", (Name("table"), Name("config")), {"folds": config.split.folds})
    lines = [assign("config", config), assign("found", call), "print(found)"]
    return script(reading(_dataset(run)), "\n".join(lines))


def code_of_scoring(scoring: Scoring) -> str:
    """Write the lines that score a file again.

    Raises
    ------
    RunError
        If another threshold has been committed since, or a record is damaged.
    """
    request = scoring.request()
    committed, figures = open_run(request.run).committed(), scoring.summary()
    scored_at = figures["threshold"], figures.get("watch", {}).get("threshold")
    if (committed.last, None if committed.watch is None else committed.watch.last) != scored_at:
        raise RunError(
            "Another threshold has been committed since this file was scored, so its alarms cannot be "
            "reproduced. Score the file again."
        )
    named: dict[str, Any] = {"mapping": dict(request.mapping)} if request.mapping else {}
    if request.history:
        named["history"] = Name("history")
    shelved = "" if request.shelve_until is None else f', shelve_until="{request.shelve_until}"'
    new = Call("read_new", (Name("trained"), Name("file"), scoring.name), named)
    lines = [
        "# The model in this workspace; open_bundle(path) opens that of a bundle.",
        assign("trained", Name(f'open_trained(open_run("{request.run}"))')),
        assign("incoming", new),
        f"scored = score(trained, incoming.matched.ready(), incoming.history{shelved})",
        "print(scored.alarms)",
        *(["print(scored.watch)"] if committed.watch is not None else []),
    ]
    place = f"# Where the new rows are.\n{named_file(request.names)}"
    if request.history:
        place += f"\n# The rows before them.\n{named_file(request.history, 'history')}"
    return script(place, "\n".join(lines))


def code_of_alarms(run: Run, stored: StoredAlarms, lead: float, shared: bool = False) -> str:
    """Write the lines that judge an alarm list or a rule on the test windows of a run.

    Parameters
    ----------
    run
        The run.
    stored
        The list or rule.
    lead
        Minutes before an event in which an alarm counts.
    shared
        Whether they are judged on windows that several runs share.

    Raises
    ------
    RunError
        If they are, or as in `code_of_training`.
    """
    if shared:
        raise RunError(
            "These alarms are judged on windows that several runs share, which a few lines cannot choose. "
            "Choose the windows of one setting under “Judged on” to see the lines."
        )
    if stored.rule is not None:
        alarms = assign("rule", stored.rule)
        judged = "today = judge_rule(table, rule, windows, policy)"
    else:
        said = {} if stored.reading == AS_FOUND else {"said": stored.reading}
        alarms = f"# Where the alarms are.\nlisted = {stored.name!r}\n" + assign(
            "alarms", Call("read_alarms", (Name("listed"), stored.name), said)
        )
        judged = "today = judge_list(table, alarms, windows, policy)"
    lines = [
        "# The test windows of the run; their scores play no part.",
        "windows = result.test.once()",
        policy(run.config().policy.with_lead(lead)),
        judged,
        "print(today.judged.evaluation)",
    ]
    return script(*_trained(run), alarms, "\n".join(lines))


def _trained(run: Run) -> tuple[str, str]:
    return reading(_dataset(run)), training(run.config())


def _threshold(run: Run, committed: Committed) -> str:
    return threshold(committed, _chosen(run), run.time_unit())


def _chosen(run: Run) -> dict[int, float]:
    """Return the thresholds that the training chose."""
    return {number: fold.threshold for number, fold in enumerate(run.evaluation().folds)}


def _changed(run: Run, committed: Committed) -> bool:
    """Whether what is committed is other than what the training chose."""
    suggested = run.evaluation()
    same = (committed.rule, committed.policy) == (suggested.rule, suggested.policy)
    return committed.thresholds != _chosen(run) or not same


def _trailing(committed: Committed) -> bool:
    return committed.trailing is not None


def _dataset(run: Run) -> Dataset:
    if is_imported(run):
        raise RunError(
            "This model came in a bundle without its data, so its training cannot be repeated here. Its "
            "lines are shown in the workspace where it was trained."
        )
    return run.dataset()
