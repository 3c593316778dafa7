"""A trained model that goes to work: everything that scoring new rows needs, in memory."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

import numpy as np

from rare_event.checks.fixes import Recipe
from rare_event.clock import TimeUnit
from rare_event.config import AlarmPolicy, BlendModel, ExperimentConfig, NetworkConfig, Rule
from rare_event.detect.interface import Detector
from rare_event.errors import RunError
from rare_event.experiment.facts import Facts, facts_of, member_config
from rare_event.experiment.result import FoldResult, Result
from rare_event.judge.evaluation import evaluate, false_alarms_in_words
from rare_event.judge.exact import exact_count, exact_share
from rare_event.judge.promise import Promise
from rare_event.judge.scores import Scores
from rare_event.judge.trailing import follow
from rare_event.judge.watch import Watch
from rare_event.prepare.features import FittedRepresentation
from rare_event.prepare.schema import Schema
from rare_event.prepare.table import Table
from rare_event.text import plural


@dataclass(frozen=True, eq=False, repr=False)
class Part:
    """A fitted model: the whole of a run, or a member of a blend.

    Parameters
    ----------
    config
        Its settings.
    representation, detector
        None for a blend.
    unit
        What the scores of the detector are divided by.
    reference
        Scores of normal validation windows, in that unit: what a blend by the more alarming model
        compares with; empty elsewhere.
    members
        Parts of a blend, by name.
    """

    config: ExperimentConfig
    representation: FittedRepresentation | None = None
    detector: Detector | None = None
    unit: float = 1.0
    reference: np.ndarray = field(default_factory=lambda: np.empty(0))
    members: Mapping[str, Part] = field(default_factory=dict)

    def leaves(self) -> Iterator[Part]:
        """Yield the parts that have a detector."""
        if not self.members:
            yield self
        for member in self.members.values():
            yield from member.leaves()

    @property
    def joins_by_rank(self) -> bool:
        """Whether it is a blend by the more alarming model, which needs references."""
        return isinstance(self.config.model, BlendModel) and self.config.model.join == "either"


@dataclass(frozen=True)
class Counted:
    """What was counted on some data at the committed threshold.

    Parameters
    ----------
    caught, n_events
        Events.
    false_alarms, days
        False alarms, and the running time in days, or thousands of rows.
    """

    caught: int
    n_events: int
    false_alarms: int
    days: float

    @property
    def share(self) -> tuple[float, float]:
        """95% interval of the share of events caught; 0 to 1 without events."""
        if not self.n_events:
            return 0.0, 1.0
        low, high = exact_share(self.caught, self.n_events)
        return float(low), float(high)

    @property
    def rate(self) -> tuple[float, float]:
        """95% interval of the false alarms a day."""
        if not self.days:
            return 0.0, float("inf")
        low, high = exact_count(self.false_alarms)
        return float(low) / self.days, float(high) / self.days

    def in_words(self, unit: TimeUnit) -> str:
        """Write the figures in a line.

        Examples
        --------
        >>> Counted(3, 12, 9, 6.0).in_words(TimeUnit())
        '3 of 12 events caught, 1.5 false alarms a day'
        """
        caught = f"{self.caught} of {plural(self.n_events, 'event')} caught, " if self.n_events else ""
        return caught + false_alarms_in_words(self.false_alarms, self.days, unit)


@dataclass(frozen=True, eq=False, repr=False)
class Past:
    """Scores before the rows to score, for a threshold that follows them; arrays have shape (n,).

    Parameters
    ----------
    clock
        Minutes on the clock of the training table, or numbers of rows.
    machine
        Names of the machines; empty texts for one.
    y_score
        The scores.
    whole
        Whether all scores of the validation part are there; a bundle has only those that are looked back on.
    """

    clock: np.ndarray
    machine: np.ndarray
    y_score: np.ndarray
    whole: bool = True


@dataclass(frozen=True, eq=False, repr=False)
class Trained:
    """A trained model with its threshold and alarm policy: that of the last fold.

    Parameters
    ----------
    name
        Of the run, for people.
    source
        Id of the run.
    config, recipe
        The settings, and how the table was made from its file.
    facts
        Of the table that was trained on.
    part
        The fitted model.
    threshold, rule, policy
        As they were committed.
    how
        How the threshold was chosen, in words.
    past
        Scores of the last fold's validation and test parts.
    validation
        What was counted on validation data; None where the run does not say.
    promise
        What was promised when the threshold was committed; None where the run does not say.
    watch
        The watch level that was committed with it; None without one.
    shelved_until
        Minute of the clock before which new rows raise no alarm; None: alarms are not shelved.
    """

    name: str
    source: str
    config: ExperimentConfig
    recipe: Recipe
    facts: Facts
    part: Part
    threshold: float
    rule: Rule
    policy: AlarmPolicy
    how: str
    past: Past
    validation: Counted | None = None
    promise: Promise | None = None
    watch: Watch | None = None
    shelved_until: float | None = None

    @property
    def schema(self) -> Schema:
        """Roles of the columns of the training table."""
        return self.recipe.schema

    @property
    def time_unit(self) -> TimeUnit:
        """Unit of time of all figures."""
        return self.facts.time_unit

    @property
    def uses_networks(self) -> bool:
        """Whether scoring needs TensorFlow."""
        return any(isinstance(part.config.model, NetworkConfig) for part in self.part.leaves())

    @property
    def categories(self) -> tuple[str, ...]:
        """Category columns that new rows must have: all where they are inputs, else one that suppresses."""
        if any(part.config.representation.one_hot for part in self.part.leaves()):
            return self.schema.categories
        return (self.policy.suppress_column,) if self.policy.suppress_column else ()


def references(
    fold: FoldResult, config: ExperimentConfig, path: str = ""
) -> Iterator[tuple[str, np.ndarray]]:
    """Yield the references that a blend compares the scores of its members with, by their paths."""
    model = config.model
    for name, member in fold.members.items():
        where = f"{path}/{name}".lstrip("/")
        if isinstance(model, BlendModel) and model.join == "either":
            yield where, member.validation.y_score[member.validation.y_true == 0]
        yield from references(member, member_config(config, name), where)


def part_of(fold: FoldResult, config: ExperimentConfig, reference: np.ndarray | None = None) -> Part:
    """Return the fitted model of a fold.

    Raises
    ------
    RunError
        If another process trained it, which kept its model.
    """
    members = {}
    for name, member in fold.members.items():
        known = member.validation.y_score[member.validation.y_true == 0]
        members[name] = part_of(member, member_config(config, name), known)
    if not members and fold.detector is None:
        raise RunError("The model of this fold was not kept. Use that of the last fold.")
    return Part(
        config,
        None if members else fold.representation,
        None if members else fold.detector,
        fold.unit,
        np.empty(0) if reference is None else reference,
        members,
    )


def past_of(parts: list[Scores]) -> Past:
    """Return scores of validation and test parts as the past of new rows, in the order of their rows."""
    row = np.concatenate([part.row for part in parts])
    order = np.argsort(row, kind="stable")
    names = [part.asset_names(np.arange(len(part))) or [""] * len(part) for part in parts]
    machine = np.array([name for some in names for name in some], dtype=np.str_)
    clock = np.concatenate([part.clock for part in parts])
    y_score = np.concatenate([part.y_score for part in parts])
    return Past(clock[order], machine[order], y_score[order])


def counted_on(
    validation: Scores, thresholds: Mapping[int, float], rule: Rule, policy: AlarmPolicy
) -> Counted | None:
    """Return what is counted on the validation parts at thresholds; None without windows."""
    if not len(validation):
        return None
    seen = evaluate(follow(validation, rule).once(), thresholds, policy)
    return Counted(seen.caught, seen.n_events, seen.false_alarms, seen.days)


def input_names(part: Part) -> tuple[str, ...]:
    """Names of the inputs that contributions speak of: of the first model."""
    representation = next(part.leaves()).representation
    return () if representation is None else representation.names


def trained_of(table: Table, result: Result) -> Trained:
    """Make the model of an experiment ready for new rows, without a run on disk.

    Parameters
    ----------
    table
        The table that was trained on.
    result
        The finished experiment.
    """
    from rare_event.read.table import AS_FOUND

    last = result.folds[-1]
    return Trained(
        result.config.name,
        "",
        result.config,
        Recipe(AS_FOUND, table.schema),
        facts_of(table, result),
        part_of(last, result.config),
        last.threshold,
        result.config.rule,
        result.policy,
        f"{result.config.rule.in_words(result.prepared.time_unit)} on validation data",
        past_of([last.validation, last.test]),
        counted_on(result.validation, result.thresholds, result.config.rule, result.policy),
        result.promise(),
        result.watched[0],
    )
