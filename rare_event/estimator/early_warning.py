"""The early warning as an outlier detector of scikit-learn."""

from __future__ import annotations

import os
from dataclasses import dataclass, replace
from typing import Any, Literal, Self

import numpy as np
from sklearn.base import BaseEstimator, OutlierMixin
from sklearn.metrics import roc_auc_score
from sklearn.utils import ClassifierTags
from sklearn.utils.validation import check_is_fitted, column_or_1d, validate_data

from rare_event.config import (
    AlarmPolicy,
    ExperimentConfig,
    ModelConfig,
    Representation,
    Rule,
    Score,
    Training,
    require,
)
from rare_event.config.base import finite
from rare_event.detect.scoring import score as score_windows
from rare_event.errors import DataError
from rare_event.estimator.rows import Rows, as_value_errors, lacking_history, rows_of
from rare_event.estimator.settings import experiment_of
from rare_event.experiment.folds import make_scores, run_fold
from rare_event.experiment.run import check_lead
from rare_event.experiment.suppressing import require_suppression
from rare_event.judge.alarms import alarm_level
from rare_event.prepare.features import history_rows
from rare_event.prepare.prepared import Prepared, label_and_window, require_windows
from rare_event.prepare.split import hold_out_last

# The score of rows that cannot be scored: scores are 0 or less, so no scored row reaches it.
UNSCORED = 1.0


@dataclass(frozen=True, eq=False)
class _Scored:
    """Windows of an array that are scored: their rows in the prepared table, scores and alarm levels."""

    rows: Rows
    prepared: Prepared
    ends: np.ndarray
    y_score: np.ndarray
    level: np.ndarray

    def restored(self, values: np.ndarray, fill: float) -> np.ndarray:
        return self.rows.restored(values, self.prepared.row[self.ends], fill)


class EarlyWarning(OutlierMixin, BaseEstimator):  # type: ignore[misc, unused-ignore]
    """Early warning of rare events: learns normal rows, and alarms where a window looks less normal.

    Signs are those of scikit-learn's outlier detectors, the opposite of the scores elsewhere in this package:
    a **lower** `score_samples` is less normal, `decision_function` is below 0 and `predict` is -1 where a row
    is alarmed, and 1 elsewhere. `threshold_` is in the package's sense: a row alarms when its score, which is
    minus `score_samples`, is at least the threshold. No probability is offered: events are too rare for one
    that could be trusted.

    The rows are in the order of time. `y` is the raw event label of each row, not the shifted one: the
    estimator shifts it. Rows of events are not trained on, and the `shift` rows before them only if the model
    learns from events. Without `y` all rows count as normal. The last rows choose the threshold.

    `groups` names the stretch or the machine of each row: no window and no difference leaves a group.
    Within a group, a stretch ends after the events of `y`. The index of a pandas frame counts too: times give
    the clock, and a gap ends a stretch; whole numbers end one where rows are left out. Without times, minutes
    are rows and a day is 1,000 rows, in `rule` and `policy`. `predict` and the scores do not know the events
    of new rows: give them groups or an index, or their windows cross the stops.

    Rows that cannot be scored get no guessed score: the first rows of each group, which lack the `lookback`
    or what the representation looks back on, and windows with a missing value. They are never alarmed, and
    `is_scored` names them. Their score is 1, which no scored row has since scores are 0 or less, or NaN, as
    `unscored` says.

    Parameters
    ----------
    shift
        Number of rows before an event that are positive. 0 detects events while they last.
    lookback
        Number of rows in a window.
    model
        Kind of the model, such as ``"dense"``, ``"pca"``, ``"lstm"`` or ``"logistic"``, or its settings, such
        as ``PCAModel(components=4)``.
    representation
        Kind of the inputs, such as ``"level"`` or ``"difference"``, or a `Representation`.
    training
        A `Training`; None: the default one. Only networks use it; several networks to average are
        refused for another model.
    window_score
        A `Score`: how the errors of a window become its score. None: the mean of the 5 largest.
    rule
        A `Rule`: how the threshold is chosen. None: at most 2 false alarms a day, or per 1,000 rows.
    policy
        An `AlarmPolicy`: when scores become an alarm. None: the default one.
    validation_share
        Share of the rows, the last ones, that the threshold is chosen on and a network stops by.
    unscored
        Score of rows that cannot be scored: ``"normal"``, above all others, or ``"nan"``.
    random_state
        Seed of the training: a number, a generator, or None for a new one at each fit.

    Attributes
    ----------
    threshold_
        A row is alarmed when minus its `score_samples` is at least this.
    offset_
        Just above minus the threshold: `decision_function` is `score_samples` less this.
    detector_, representation_
        What was fitted.
    history_
        Epochs of the training, one network after the other.
    validation_scores_
        `Scores` of the validation part, for `operating_points`; their `row` counts group by group.

    Examples
    --------
    >>> from rare_event import sample_mill
    >>> frame = sample_mill(1000)
    >>> X, y = frame.set_index("time").select_dtypes(float), frame["break"]
    >>> warning = EarlyWarning(model="pca").fit(X, y)
    >>> sorted(set(warning.predict(X).tolist())), warning.is_scored(X)[:3].tolist()
    ([-1, 1], [False, False, False])
    """

    def __init__(
        self,
        shift: int = 2,
        lookback: int = 5,
        model: str | ModelConfig = "dense",
        *,
        representation: str | Representation = "difference",
        training: Training | None = None,
        window_score: Score | None = None,
        rule: Rule | None = None,
        policy: AlarmPolicy | None = None,
        validation_share: float = 0.15,
        unscored: Literal["normal", "nan"] = "normal",
        random_state: Any = 0,
    ) -> None:
        self.shift = shift
        self.lookback = lookback
        self.model = model
        self.representation = representation
        self.training = training
        self.window_score = window_score
        self.rule = rule
        self.policy = policy
        self.validation_share = validation_share
        self.unscored = unscored
        self.random_state = random_state

    def fit(self, X: Any, y: Any = None, groups: Any = None) -> Self:
        """Fit the representation and the model, and choose the threshold on the last rows.

        Parameters
        ----------
        X
            Sensor values, shape (n_rows, n_sensors). NaN is a missing value.
        y
            1 or True in rows of events, 0 or False elsewhere, shape (n_rows,); None: no events are known.
        groups
            Stretch or machine of each row, shape (n_rows,); None: one.

        Raises
        ------
        ValueError
            If a setting cannot work, or the data are too few for it.
        """
        index = getattr(X, "index", None)
        values = validate_data(
            self, X, dtype=[np.float64, np.float32], ensure_all_finite="allow-nan", ensure_min_samples=2
        )
        with as_value_errors():
            config = self._config()
            rows = rows_of(values, index, y, groups)
            require_suppression(rows.table, config.policy)
            check_lead(config, rows.table.step, rows.table.time_unit)
            prepared = label_and_window(rows.table, config)
            require_windows(prepared, config.lookback)
            place = rows.place[prepared.row]
            purge = config.lookback + config.shift
            fold = hold_out_last(place, prepared.asset, self.validation_share, purge)
            result, _ = run_fold(replace(prepared, folds=[fold]), config, 0, threads=os.cpu_count() or 1)
        self.threshold_ = result.threshold
        # Just below the threshold, because scikit-learn alarms below 0 and we alarm at the threshold.
        self.offset_ = -float(np.nextafter(result.threshold, -np.inf))
        self.detector_: Any = result.detector
        self.representation_ = result.representation
        self.history_, self.validation_scores_ = result.history, result.validation
        self._fitted_config = config
        return self

    def score_samples(self, X: Any, groups: Any = None) -> np.ndarray:
        """Return how normal each row looks, shape (n_rows,): lower is less normal, see the class.

        Parameters
        ----------
        X
            Sensor values, shape (n_rows, n_sensors).
        groups
            As in `fit`.
        """
        scored = self._scored(X, None, groups)
        return scored.restored(-scored.y_score, self._fill)

    def decision_function(self, X: Any, groups: Any = None) -> np.ndarray:
        """Return `score_samples` less `offset_`, shape (n_rows,): below 0 where a row is alarmed.

        Where the policy is k of n windows, the k-th lowest of the last n stands for the score.

        Parameters
        ----------
        X
            Sensor values, shape (n_rows, n_sensors).
        groups
            As in `fit`.
        """
        scored = self._scored(X, None, groups)
        # Rows that the policy mutes can no more alarm than rows without a score.
        level = np.where(np.isneginf(scored.level), -self._fill, scored.level)
        decision: np.ndarray = scored.restored(-level, self._fill) - self.offset_
        return decision

    def predict(self, X: Any, groups: Any = None) -> np.ndarray:
        """Return -1 where a row is alarmed and 1 elsewhere, shape (n_rows,).

        Parameters
        ----------
        X
            Sensor values, shape (n_rows, n_sensors).
        groups
            As in `fit`.
        """
        scored = self._scored(X, None, groups)
        alarmed = scored.restored(scored.level >= self.threshold_, 0) == 1
        return np.where(alarmed, -1, 1)

    def fit_predict(self, X: Any, y: Any = None, groups: Any = None) -> np.ndarray:
        """Fit, and predict the same rows; see `fit` and `predict`."""
        return self.fit(X, y, groups).predict(X, groups)

    def is_scored(self, X: Any, groups: Any = None) -> np.ndarray:
        """Return which rows have a score, bool of shape (n_rows,).

        Parameters
        ----------
        X
            Sensor values, shape (n_rows, n_sensors).
        groups
            As in `fit`.
        """
        scored = self._scored(X, None, groups)
        known: np.ndarray = scored.restored(np.ones(len(scored.ends)), 0) == 1
        return known

    def score(self, X: Any, y: Any = None, groups: Any = None, sample_weight: Any = None) -> float:
        """Return the ROC AUC of the positive rows against the normal ones.

        The labels are shifted, so the `shift` rows before each event are positive and the events' own rows
        are left out, and stretches end after events. Rows without a score count as never alarmed, so that a
        longer lookback is judged on the same rows as a shorter one; a backtest leaves them out, and its AUC
        can be higher for that.

        Parameters
        ----------
        X
            Sensor values, shape (n_rows, n_sensors).
        y
            1 or True in rows of events, 0 or False elsewhere, shape (n_rows,).
        groups
            As in `fit`.
        sample_weight
            Weight of each row, shape (n_rows,); None: all alike.

        Raises
        ------
        ValueError
            If `y` is missing, or the rows are all positive or all normal.
        """
        with as_value_errors():
            if y is None:
                raise DataError("The rows can be judged only with their events: give y.")
            scored = self._scored(X, y, groups)
            labels = scored.prepared.y
            if not 0 < labels.sum() < len(labels):
                raise DataError(
                    f"Of {len(labels):,} rows without those of events, {int(labels.sum()):,} are positive: "
                    "ROC AUC needs both kinds. Judge on more rows, for example with fewer folds."
                )
            y_score = np.full(len(labels), -UNSCORED)
            y_score[scored.ends] = scored.y_score
            weight = None
            if sample_weight is not None:
                weight = column_or_1d(sample_weight)[scored.rows.order[scored.prepared.row]]
            return float(roc_auc_score(labels, y_score, sample_weight=weight))

    def __sklearn_tags__(self) -> Any:
        """Describe the estimator to scikit-learn: NaN is allowed, labels are 0 and 1."""
        tags = super().__sklearn_tags__()
        tags.input_tags.allow_nan = True
        tags.classifier_tags = ClassifierTags(multi_class=False)
        return tags

    @property
    def _fill(self) -> float:
        return float("nan") if self.unscored == "nan" else UNSCORED

    def _config(self) -> ExperimentConfig:
        settings = self.get_params(deep=False)
        share, unscored = settings.pop("validation_share"), settings.pop("unscored")
        require(finite(share) and 0 < share < 1, f"validation_share is {share!r}; choose between 0 and 1.")
        require(unscored in ("normal", "nan"), f"unscored is {unscored!r}; choose normal or nan.")
        return experiment_of(**settings)

    def _scored(self, X: Any, y: Any, groups: Any) -> _Scored:
        # A fit that failed has set the number of features already.
        check_is_fitted(self, "threshold_")
        index = getattr(X, "index", None)
        values = validate_data(
            self, X, reset=False, dtype=[np.float64, np.float32], ensure_all_finite="allow-nan"
        )
        config = self._fitted_config
        with as_value_errors():
            rows = rows_of(values, index, y, groups)
            # Without labels no row is an event's, and none is left out.
            blind = replace(config, shift=0, policy=AlarmPolicy())
            prepared = label_and_window(rows.table, blind if y is None else config)
            needed = config.lookback - 1 + history_rows(config.representation)
            lacking = lacking_history(prepared, rows.table, needed)
            ends = prepared.ends[~lacking[prepared.ends]]
            inputs = self.representation_.transform(prepared.derived)
            y_score = score_windows(self.detector_, inputs, ends, config.score)
            scores = make_scores(prepared, config, 0, ends, ends, y_score)
        level = alarm_level(y_score, scores, config.policy, -np.inf) if len(ends) else y_score
        return _Scored(rows, prepared, ends, y_score, level)
