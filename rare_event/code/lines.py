"""The blocks of the lines: reading a file as it was read, training as a run was trained, imports."""

from __future__ import annotations

import ast
from collections.abc import Mapping
from typing import Any

import rare_event
from rare_event import config as settings
from rare_event.checks.findings import Finding, Fix
from rare_event.clock import TimeUnit
from rare_event.code.literal import Call, Name, literal
from rare_event.config import AlarmPolicy, ExperimentConfig
from rare_event.errors import RunError
from rare_event.prepare.corrections import Corrections
from rare_event.read.table import AS_FOUND
from rare_event.store.datasets import Dataset
from rare_event.store.records import Committed

FILE = "file"


def script(*blocks: str) -> str:
    """Join blocks, with an import of each public name in them at the top.

    Examples
    --------
    >>> print(script('table = read_table("mill.csv")', "print(check(table))"))
    from rare_event import check, read_table
    <BLANKLINE>
    table = read_table("mill.csv")
    <BLANKLINE>
    print(check(table))
    """
    body = "\n\n".join(filter(None, blocks))
    used = {node.id for node in ast.walk(ast.parse(body)) if isinstance(node, ast.Name)}
    public = used & {*rare_event.__all__}
    others = used & {*settings.__all__} - public
    imports = [_import("rare_event", public), _import("rare_event.config", others)]
    return "\n\n".join(["\n".join(filter(None, imports)), body])


def _import(module: str, names: set[str]) -> str:
    if not names:
        return ""
    line = f"from {module} import {', '.join(sorted(names, key=str.lower))}"
    # As a call, the names break into lines where they are too many.
    return line if len(line) <= 96 else literal(Call(f"from {module} import ", _names(names)))


def _names(names: set[str]) -> tuple[Name, ...]:
    return tuple(Name(name) for name in sorted(names, key=str.lower))


def assign(name: str, value: Any) -> str:
    """Write an assignment."""
    return f"{name} = {literal(value, 0, len(name) + 3)}"


def named_file(names: tuple[str, ...], name: str = FILE, events: str = "") -> str:
    """Write the assignment of the file or files that the lines read.

    Parameters
    ----------
    names
        Of the files.
    name
        Of the variable.
    events
        Name of the file of events; empty without one.
    """
    if len(names) == 1 and not events:
        return assign(name, names[0])
    named: dict[str, Any] = {"parts": names, "names": names}
    named |= {"events": events, "events_name": events} if events else {}
    return assign(name, Call("Files", (), named))


def reading(dataset: Dataset) -> str:
    """Write how the table of a dataset is made from its file.

    Raises
    ------
    RunError
        If an older version corrected it in a way that is no longer known.
    """
    said, fixes = _said(dataset), tuple(_step(step, dataset) for step in dataset.fixes)
    function = "read_corrected" if fixes else "read_table"
    named: dict[str, Any] = {"said": said} if said != Corrections() else {}
    call = Call(function, (Name(FILE), *([fixes] if fixes else [])), {**named, "schema": dataset.schema})
    place = "# Where the data are, as they were uploaded."
    several = named_file(dataset.files or (dataset.name,), FILE, dataset.events)
    return f"{place}\n{several}\n{assign('table', call)}"


def _said(dataset: Dataset) -> Corrections:
    said = Corrections(dataset.reading, events=dataset.events_reading)
    if len(dataset.files) < 2 and not dataset.events:
        return said
    # How files are joined depends on the machine of each row, and on what they need not share.
    first = dataset.first_schema or dataset.schema
    return Corrections(
        dataset.reading or AS_FOUND,
        ignore=first.ignored,
        assets=first.asset,
        events=dataset.events_reading,
    )


def _step(step: Fix | Finding, dataset: Dataset) -> Fix:
    remedy = step if isinstance(step, Fix) else step.remedy
    if remedy is None:
        raise RunError(
            f"{dataset.name} was corrected by an older version in a way that cannot be written as code."
        )
    return remedy


def training(config: ExperimentConfig) -> str:
    """Write the settings of a run and its training on the table."""
    return f"{assign('config', config)}\nresult = run_experiment(table, config)"


def threshold(committed: Committed, trained: Mapping[int, float], unit: TimeUnit) -> str:
    """Write a threshold and an alarm policy.

    Parameters
    ----------
    committed
        The threshold of each fold, its rule and its policy.
    trained
        The thresholds that the training chose; where they are the same, they are taken from its result.
    unit
        Of time, in the words on how it was chosen.
    """
    same = committed.thresholds == trained
    lines = [
        f"# Threshold of each fold: {committed.in_words(unit)}.",
        assign("thresholds", Name("result.thresholds") if same else dict(committed.thresholds)),
        policy(committed.policy),
    ]
    if committed.trailing:
        lines.append(assign("rule", committed.rule))
    if committed.watch is not None:
        lines += [
            f"# Watch level of each fold: {committed.watch.how(unit)}.",
            assign("watch", dict(committed.watch.thresholds)),
        ]
    return "\n".join(lines)


def policy(alarms: AlarmPolicy) -> str:
    """Write an alarm policy."""
    return assign("policy", alarms)


def evaluation(part: str, trailing: bool, watched: bool = False) -> str:
    """Write the evaluation of a part at the thresholds; each row counts once, though folds may overlap.

    Parameters
    ----------
    part
        ``validation`` or ``test``.
    trailing
        Whether the threshold follows the scores.
    watched
        Whether there is a watch level, which is evaluated too.
    """
    scores = f"result.{part}"
    if trailing:
        history = ", result.validation" if part == "test" else ""
        scores = f"follow({scores}, rule{history})"
    lines = f"on_{part} = evaluate({scores}.once(), thresholds, policy)\nprint(on_{part})"
    return lines + (f"\nprint(evaluate({scores}.once(), watch, policy))" if watched else "")


def promise(trailing: bool) -> str:
    """Write what validation data promise at the thresholds; `trailing` is whether they follow the scores."""
    scores = "follow(result.validation, rule)" if trailing else "result.validation"
    return f"promise = promise_of({scores}.once(), thresholds, policy)\nprint(promise.in_words())"


def explanations(part: str, trailing: bool) -> str:
    """Write the sensors behind the alarms of a part; see `evaluation`."""
    rule = ", rule" if trailing else ""
    return (
        f'explained = explain_alarms(result, "{part}", thresholds, policy{rule})\n'
        "for explanation in explained:\n    print(explanation)"
    )
