"""What holds of every baseline: repeatable, finite, saved without loss, and blind to what it must not see."""

from dataclasses import replace
from zipfile import BadZipFile

import numpy as np
import pytest

from rare_event.config import BlendModel, DenseModel, PCAModel, SupervisedConfig, UnsupervisedConfig
from rare_event.detect import detector as detector_module
from rare_event.detect.baselines import BASELINES, detector_class
from rare_event.detect.detector import fit_detector, load_detector
from rare_event.detect.interface import Reconstructor
from rare_event.detect.pca import PCADetector, T2Detector
from rare_event.detect.scoring import score
from rare_event.detect.training import Epoch
from rare_event.errors import DataError
from tests.detect.conftest import BASELINE, LABELLED, RECONSTRUCTING

TRAIN, VALIDATION, ENDS = np.arange(5, 200), np.arange(210, 300), np.arange(5, 300)
# A detector scores no rows it has stored, and draws nothing: these are the same with any seed.
DRAWN = ("isolation-forest", "forest", "svm")


def scores(config, X, y, ends=ENDS, train=TRAIN):
    return score(fit_detector(config, X, y, train, VALIDATION)[0], X, ends, config.score)


def test_every_kind_of_settings_has_its_detector() -> None:
    kinds = {settings().kind for settings in (UnsupervisedConfig | SupervisedConfig).__args__}
    assert kinds | {"pca-t2"} == set(BASELINES) == set(BASELINE)
    assert detector_class(PCAModel()) is PCADetector
    assert detector_class(PCAModel(statistic="t2")) is T2Detector
    for other in (DenseModel(), BlendModel()):
        with pytest.raises(ValueError, match=f"{other.kind} is not a baseline"):
            detector_class(other)
    with pytest.raises(ValueError, match="blend is not a baseline"):
        scores(replace(BASELINE["pca"], model=BlendModel()), np.zeros((300, 2), np.float32), np.zeros(300))


def test_scores_are_finite_and_not_negative_and_logarithms_can_be_taken(baseline, X) -> None:
    config, detector, _ = baseline
    far = np.concatenate([X, X * 1e4, X * 0])
    found = score(detector, far, np.arange(5, len(far)), config.score)
    assert found.dtype == np.float64 and found.shape == (895,)
    assert np.isfinite(found).all() and (found >= 0).all()
    assert np.median(found[:295]) > 0
    assert len(np.unique(found)) > 10
    assert np.isfinite(np.log(found / np.median(found[:295]), where=found > 0, out=np.zeros(895))).all()


def test_only_some_tell_which_sensor(baseline) -> None:
    config, detector, _ = baseline
    name = next(name for name, other in BASELINE.items() if other is config)
    assert isinstance(detector, Reconstructor) == (name in RECONSTRUCTING)
    assert hasattr(detector, "window_scores") != (name in RECONSTRUCTING)


def test_two_fits_with_one_seed_are_equal_to_the_bit(baseline, X, y) -> None:
    config, detector, _ = baseline
    expected = score(detector, X, ENDS, config.score)
    np.random.seed(1)
    again = scores(config, X, y)
    drawn = np.random.random()
    assert again.tobytes() == expected.tobytes()
    # No draw comes from the generator that others share. (scikit-learn takes one for this machine's
    # probabilities, which it does not have.)
    np.random.seed(1)
    assert drawn == np.random.random() or config.model.kind == "one-class-svm"
    other = scores(replace(config, seed=4), X, y)
    assert (other.tobytes() != expected.tobytes()) == (config.model.kind in DRAWN)


def test_the_order_and_number_of_windows_do_not_matter(baseline, X) -> None:
    config, detector, _ = baseline
    expected = score(detector, X, ENDS, config.score)
    np.testing.assert_allclose(score(detector, X, ENDS[::-1], config.score), expected[::-1], rtol=1e-6)
    np.testing.assert_allclose(score(detector, X, ENDS[40:41], config.score), expected[40:41], rtol=1e-6)
    assert score(detector, X, ENDS[:0], config.score).shape == (0,)


def test_what_was_saved_scores_alike(baseline, X, tmp_path) -> None:
    config, detector, _ = baseline
    detector.save(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == [detector.FILE]
    again = load_detector(config.model, tmp_path)
    assert type(again) is type(detector) and again is not detector
    expected = score(detector, X, ENDS, config.score)
    assert score(again, X, ENDS, config.score).tobytes() == expected.tobytes()


@pytest.mark.parametrize("share", [0.0, 0.3, 0.95])
def test_a_damaged_file_is_an_error_the_bundle_knows(baseline, tmp_path, share) -> None:
    config, detector, _ = baseline
    detector.save(tmp_path)
    path = tmp_path / detector.FILE
    path.write_bytes(path.read_bytes()[: int(share * path.stat().st_size)])
    with pytest.raises((ValueError, EOFError, KeyError, BadZipFile)) as caught:
        load_detector(config.model, tmp_path)
    path.unlink()
    with pytest.raises(FileNotFoundError):
        load_detector(config.model, tmp_path)
    assert "Untrusted" not in str(caught.value)


def test_one_epoch_is_told(baseline, X, y) -> None:
    config, detector, history = baseline
    told: list[Epoch] = []
    fit_detector(config, X, y, TRAIN, VALIDATION, told.append)
    assert [epoch.number for epoch in told] == [epoch.number for epoch in history] == [1]
    normal = [ends[y[ends] == 0] for ends in (TRAIN, VALIDATION)]
    losses = [score(detector, X, ends, config.score).mean() for ends in normal]
    np.testing.assert_allclose([history[0].loss, history[0].validation_loss], losses)
    everything = score(detector, X, TRAIN, config.score).mean()
    assert history[0].loss != pytest.approx(everything) and history[0].seconds > 0


def test_losses_are_of_a_bounded_number_of_windows(X, y, monkeypatch) -> None:
    config = BASELINE["squares"]
    monkeypatch.setattr(detector_module, "LOSS_WINDOWS", 3)
    _, (epoch,) = fit_detector(config, X, y * 0, np.arange(1, 12), np.array([], int))
    assert epoch.loss == pytest.approx(np.square(X[[1, 6, 11]], dtype=float).mean())
    assert epoch.validation_loss == 0


def test_only_training_windows_are_learned_from(baseline, X, y) -> None:
    config, detector, _ = baseline
    expected = score(detector, X, TRAIN, config.score)
    spoilt = X.copy()
    spoilt[200:] = 9
    flipped = y.copy()
    flipped[200:] = 1 - flipped[200:]
    found = scores(config, spoilt, flipped, TRAIN)
    assert found.tobytes() == expected.tobytes()
    if config.model.kind != "squares":
        # Seen by every second row, that a thinned or undersampled fit does not miss.
        spoilt[5:200:2] *= -3
        assert not np.allclose(scores(config, spoilt, flipped, TRAIN + 0, TRAIN), expected)


def test_positive_windows_are_seen_by_those_alone_that_learn_from_them(baseline, X, y) -> None:
    config, detector, _ = baseline
    lookback = 2 if config.model.kind == "pca" else 1
    apart = TRAIN[(y[TRAIN] == 0) & (y[TRAIN - lookback + 1] == 0)]
    spoilt = X.copy()
    positive = TRAIN[(y[TRAIN] == 1) & ~np.isin(TRAIN, apart - lookback + 1)]
    spoilt[positive] = np.random.default_rng(0).permutation(X[positive], axis=1) * -1
    train = np.union1d(apart, positive)
    before, after = (scores(config, values, y, apart, train) for values in (X, spoilt))
    supervised = config.model.kind in LABELLED
    assert np.allclose(before, after) != supervised


@pytest.mark.parametrize("name", BASELINE)
@pytest.mark.parametrize("n", [0, 1])
def test_too_few_normal_windows_are_a_sentence(X, y, name, n) -> None:
    train = np.concatenate([TRAIN[y[TRAIN] == 1], TRAIN[y[TRAIN] == 0][:n]])
    with pytest.raises(
        DataError, match=f"has {n} normal windows?, but this model .* needs at least 2. Use a"
    ):
        scores(BASELINE[name], X, y, train=train)
    two = np.concatenate([TRAIN[y[TRAIN] == 1], TRAIN[y[TRAIN] == 0][:2]])
    assert np.isfinite(scores(BASELINE[name], X, y, train=two)).all()


@pytest.mark.parametrize("name", BASELINE)
def test_no_event_in_the_past_is_a_sentence_where_events_are_needed(X, y, name) -> None:
    normal = TRAIN[y[TRAIN] == 0]
    if name not in LABELLED:
        assert np.isfinite(scores(BASELINE[name], X, y, train=normal)).all()
        return
    with pytest.raises(
        DataError, match=f"has {len(normal):,} windows, none of them positive, but this model .* learns from"
    ):
        scores(BASELINE[name], X, y, train=normal)
    one = np.append(normal, TRAIN[y[TRAIN] == 1][0])
    assert np.isfinite(scores(BASELINE[name], X, y, train=one)).all()


@pytest.mark.parametrize("name", BASELINE)
def test_inputs_without_any_change_still_give_scores(y, name) -> None:
    flat = np.ones((300, 3), np.float32)
    found = scores(BASELINE[name], flat, y)
    assert np.isfinite(found).all() and (found >= 0).all()
    assert len(np.unique(found)) == 1
