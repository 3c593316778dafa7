"""What the split, the alarm policy and the rule cannot do on these data, found before anything is trained."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from dataclasses import replace

import numpy as np

from rare_event.checks.findings import Finding
from rare_event.checks.label import check_split
from rare_event.config import AlarmPolicy, ExperimentConfig
from rare_event.errors import RareEventError
from rare_event.experiment.bottleneck import check_bottleneck, has_bottleneck
from rare_event.experiment.folds import events_by_fold, make_scores
from rare_event.experiment.run import apart
from rare_event.experiment.suppressing import unsuppressible
from rare_event.judge.alarms import event_ledger
from rare_event.judge.scores import Scores
from rare_event.prepare.prepared import Prepared
from rare_event.prepare.table import Table
from rare_event.read.values import shown
from rare_event.text import capital, counted, listed, number, plural

# Events of more rows than this, or than this many times the shift, are states that last.
LONG_EVENT, TIMES_THE_SHIFT = 10, 5
MANY_EVENT_ROWS = 0.05


def before_training(
    table: Table, configs: Iterable[ExperimentConfig], prepare: Callable[[ExperimentConfig], Prepared]
) -> tuple[list[Finding], list[str]]:
    """Find what the splits and the settings of trainings cannot do on a table.

    Parameters
    ----------
    table
        The table that is to be trained on.
    configs
        The settings of the trainings.
    prepare
        Prepares the table for one of them.

    Returns
    -------
    findings, sentences
        Of `check_split`, and of `unsuppressible`, `check_policy` and `check_bottleneck`, each once. Settings
        for which the table cannot be prepared have none: their training fails for that reason.
    """
    # A model and its window change neither the split of the rows nor what an alarm is.
    distinct: dict[tuple[object, ...], ExperimentConfig] = {}
    networks: dict[tuple[object, ...], ExperimentConfig] = {}
    for config in configs:
        inputs = config.representation
        distinct.setdefault((config.split, config.shift, config.policy, config.rule, inputs), config)
        if has_bottleneck(config.model):
            networks.setdefault((config.model, config.lookback, inputs), config)
    plans = {config.split: config for config in reversed(distinct.values())}
    findings: list[Finding] = []
    sentences: list[str] = []
    label = table.schema.label or ""
    for plan, config in reversed(plans.items()) if label else ():
        with suppress(RareEventError):
            of = f"{capital(table.time_unit.reword(plan.in_words()))}. " if len(plans) > 1 else ""
            found = check_split(label, events_by_fold(prepare(config), config.shift))
            findings += [replace(each, what=of + each.what) for each in found]
    for config in distinct.values():
        if why := unsuppressible(table, config.policy):
            sentences.append(why)
            continue
        with suppress(RareEventError):
            sentences += check_policy(prepare(config), config)
    for config in networks.values():
        with suppress(RareEventError):
            sentences += check_bottleneck(prepare(config), config)
    return findings, list(dict.fromkeys(sentences))


def check_policy(prepared: Prepared, config: ExperimentConfig) -> list[str]:
    """Say what no model can do with these settings on these data, and what to change.

    Parameters
    ----------
    prepared
        The data under the config.
    config
        Its shift, alarm policy and rule are checked.

    Returns
    -------
    list of str
        Sentences; none where nothing is wrong.
    """
    every = np.arange(len(prepared.row))
    perfect = make_scores(prepared, config, 0, every, prepared.ends, prepared.y[prepared.ends].astype(float))
    found = [*_lead(prepared, config), *_never_caught(perfect, config), *_merged(perfect, config)]
    return [*found, *_budget(prepared, config), *_lasting(prepared, config), *_scales(prepared, config)]


def _lead(prepared: Prepared, config: ExperimentConfig) -> Iterator[str]:
    lead, unit = config.policy.lead, prepared.time_unit
    covered = config.shift * prepared.step
    if lead is None or lead >= covered:
        return
    if lead < prepared.step:
        yield (
            f"The lead window is {unit.count(number(lead))}, but {apart(prepared.step, unit)}, so no alarm "
            "can count for an event. Leave it empty to use the length of the shift, "
            f"{unit.count(number(covered))}."
        )
    else:
        yield (
            f"The lead window of {unit.count(number(lead))} is shorter than the shift, which covers "
            f"{unit.count(number(covered))}: alarms in the first positive rows count as false. Leave it "
            "empty, or choose a shorter shift."
        )


def _never_caught(perfect: Scores, config: ExperimentConfig) -> Iterator[str]:
    """Name the settings under which even a perfect score misses events."""
    policy, unit = config.policy, perfect.time_unit
    if policy.lead is not None and policy.lead < perfect.step:
        return
    best = _caught(perfect, replace(policy.unsuppressed(), k=1, n=1, mute=0, min_lead=0.0))
    caught = _caught(perfect, policy)
    if caught == best:
        return
    most = f"Even a perfect score would catch only {caught:,} of {plural(best, 'event')}."
    if _caught(perfect, replace(policy, min_lead=0.0)) > caught:
        few, more = "some events follow a restart sooner than that", ""
        if policy.min_lead > perfect.lead:
            few = f"the shift marks only {unit.count(number(perfect.lead))} before an event"
            more = ", or a longer shift"
        yield (
            f"The minimum useful lead is {unit.count(number(policy.min_lead))}, but {few}. {most} Choose a "
            f"shorter minimum lead{more}."
        )
    if _caught(perfect, replace(policy, k=1, n=1)) > caught:
        few, more = "some events are shorter than that", ""
        if 0 < config.shift < policy.k:
            few = f"the shift makes only {plural(config.shift, 'row')} before an event positive"
            more = ", or a longer shift"
        elif config.shift:
            few = "some events follow a restart so soon that fewer windows come before them"
        yield f"An alarm needs {policy.k} of {policy.n} windows, but {few}. {most} Choose a smaller k{more}."
    if _caught(perfect, policy.unsuppressed()) > caught:
        yield (f"Alarms are suppressed where some events could be warned of. {most} Suppress fewer rows.")
    if _caught(perfect, replace(policy, mute=0)) > caught:
        yield (
            f"Alarms are muted in the first {plural(policy.mute, 'row')} after a restart, and some events "
            f"follow a restart that closely. {most} Choose fewer rows."
        )


def _caught(perfect: Scores, policy: AlarmPolicy) -> int:
    return int(event_ledger(perfect, 1.0, policy)["caught"].sum())


def _merged(perfect: Scores, config: ExperimentConfig) -> Iterator[str]:
    """Say that an alarm anywhere before an event merges with the one that counts for it."""
    before = (perfect.event >= 0) & ~perfect.in_lead_window(config.policy)
    if not before.any():
        return
    minutes = np.bincount(perfect.event[before], weights=perfect.running[before])
    middle = float(np.median(minutes[np.unique(perfect.event[before])]))
    cooldown, unit = config.policy.cooldown, perfect.time_unit
    if middle < cooldown:
        yield (
            f"The cooldown of {unit.span(cooldown)} is longer than the running time before most events "
            f"(median {unit.span(middle)}). A false alarm in that time and the alarm that catches the event "
            "count as one alarm, so most false alarms are not counted. Choose a shorter cooldown."
        )


def _budget(prepared: Prepared, config: ExperimentConfig) -> Iterator[str]:
    """Say that the budget allows an alarm in every row, or none at all on validation data."""
    rule, unit = config.rule, prepared.time_unit
    if rule.kind != "fa-per-day":
        return
    most = unit.period / prepared.step
    if rule.value >= most and config.policy.cooldown <= prepared.step:
        every = "" if unit.reason else f"rows are {unit.span(prepared.step)} apart, so "
        yield (
            f"A budget of {unit.alarms(number(rule.value))} sets no limit: {every}an alarm in every row is "
            f"{number(most)} {unit.a_day}. The "
            "threshold is then the lowest that alarms at most half of the rows. Choose fewer than "
            f"{number(most)} {unit.a_day}."
        )
    validation = [prepared.ends[np.isin(prepared.ends, fold.validation)] for fold in prepared.folds]
    # Where events are detected while they last, their rows are no running time.
    running = prepared.minutes if config.shift else np.where(prepared.y == 1, 0.0, prepared.minutes)
    shortest = min(float(running[ends].sum()) for ends in validation)
    if 0 < rule.value * shortest / unit.period < 1:
        part = "The validation part" if len(validation) == 1 else "The shortest validation part"
        yield (
            f"{part} has only {unit.running(shortest / unit.period)}, so a budget of "
            f"{unit.alarms(number(rule.value))} does not allow even one there. The rate on later "
            "data can be much higher. Use more data, or choose the threshold by a quantile."
        )


def _scales(prepared: Prepared, config: ExperimentConfig) -> Iterator[str]:
    """Name the machines that are tested without a scale of their own."""
    asset = prepared.asset
    if not config.representation.per_asset or asset is None:
        return
    if config.split.kind == "asset":
        yield (
            "Each machine is tested with the scale of all training machines: in a split by machine, it has "
            "no training rows of its own."
        )
        return
    folds: dict[str, int] = {}
    for fold in prepared.folds:
        train = fold.train[np.isin(fold.train, prepared.ends)]
        own = prepared.derived.own_scale(train[prepared.y[train] == 0])
        tested = (prepared.assets[number] for number in np.unique(asset[fold.test]).tolist())
        for name in set(tested) - set(own):
            folds[name] = folds.get(name, 0) + 1
    if folds:
        named = [shown(name) for name in prepared.assets if name in folds]
        who, their = f"Machine {named[0]} has", "its"
        if len(named) > 1:
            who, their = f"{len(named):,} machines ({listed(named)}) have", "their"
        up_to = "up to " if len(set(folds.values())) > 1 else ""
        n_folds = len(prepared.folds)
        where = f" in {up_to}{max(folds.values())} of {n_folds} folds" if n_folds > 1 else ""
        yield (
            f"{who} too few normal training rows for {their} own scale{where}. The scale of all training "
            "machines is used instead."
        )


def _lasting(prepared: Prepared, config: ExperimentConfig) -> Iterator[str]:
    """Suggest to detect events that last, and by which inputs."""
    length = prepared.events.length
    if not len(length):
        return
    kind = config.representation.kind
    if not config.shift and kind == "difference" and np.median(length) > LONG_EVENT:
        yield (
            f"Events are long: {number(float(np.median(length)))} rows (median). Differences show when an "
            "event begins and ends, but look normal in between. To find an event while it lasts, use levels."
        )
    if not config.shift:
        return
    middle, rows = float(np.median(length)), int(length.sum())
    share = rows / (rows + len(prepared.row))
    long = middle > max(LONG_EVENT, TIMES_THE_SHIFT * config.shift)
    if long or share > MANY_EVENT_ROWS:
        what = f"Events are long: {counted(number(middle), 'rows')} (median)"
        yield (
            f"{what if long else f'{share:.0%} of all rows belong to events'}. These rows are left out when "
            "the model warns before events. To find events while they last, detect during them (shift 0)."
        )
