"""Folds trained at once in threads: what is told and returned is as if they were trained one by one."""

from threading import Event, current_thread, main_thread

import numpy as np
import pytest

from rare_event.config import DenseModel, Training
from rare_event.detect.models import build
from rare_event.detect.programs import epoch_programs, forget_programs
from rare_event.detect.training import Epoch, train_autoencoder
from rare_event.errors import Cancelled, DataError
from rare_event.experiment.threads import run_in_threads


def epoch(number: int) -> Epoch:
    return Epoch(number, 1 / number, 2 / number, float(number))


def training(lengths, begun=None):
    """Make a function that trains for as many epochs as the fold's entry says."""

    def train(number, on_epoch):
        if begun is not None:
            begun.append((number, current_thread() is main_thread()))
        for each in range(1, lengths[number] + 1):
            on_epoch(epoch(each))
        return f"fold {number}"

    return train


@pytest.mark.parametrize("threads", [2, 3, 9])
def test_epochs_are_told_in_the_order_of_the_folds_by_the_thread_that_waits(threads) -> None:
    lengths, told = [3, 1, 4, 1, 5], []
    begun: list[tuple[int, bool]] = []

    def on_progress(fold, folds, each):
        assert current_thread() is main_thread()
        told.append((fold, folds, each.number))

    found = run_in_threads(training(lengths, begun), 5, threads, on_progress)
    assert found == [f"fold {number}" for number in range(5)]
    assert told == [(fold, 5, number) for fold in range(5) for number in range(1, lengths[fold] + 1)]
    assert sorted(number for number, _ in begun) == list(range(5)), "none is trained twice"


def test_the_other_threads_begin_with_the_last_fold_and_this_one_with_the_first() -> None:
    places: dict[int, bool] = {}
    both = {0: Event(), 3: Event()}

    def train(number, on_epoch):
        places[number] = current_thread() is main_thread()
        if number in both:
            # Each waits for the other: they are trained at the same time, or never.
            both[number].set()
            assert all(event.wait(60) for event in both.values())
        on_epoch(epoch(1))
        return number

    assert run_in_threads(train, 4, 2, lambda *_: None) == [0, 1, 2, 3]
    assert places[0] and not places[3]


def test_what_progress_raises_stops_the_others_after_their_epoch() -> None:
    at_work, ended, epochs_elsewhere, begun = Event(), Event(), [], []

    def train(number, on_epoch):
        begun.append(number)
        if current_thread() is main_thread():
            assert at_work.wait(60)
            on_epoch(epoch(1))
            raise AssertionError("the training went on after progress had raised")
        while True:  # until it is stopped
            at_work.set()
            assert ended.wait(60)
            epochs_elsewhere.append(number)
            on_epoch(epoch(1))
            epochs_elsewhere.append("went on")

    def refuse(*_: object) -> None:
        raise Cancelled("Enough.")

    class Stop(Event):
        """Tells the training elsewhere that the stop has been asked for."""

        def set(self) -> None:
            super().set()
            ended.set()

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("rare_event.experiment.threads.Event", Stop)
        with pytest.raises(Cancelled, match="Enough"):
            run_in_threads(train, 3, 2, refuse)
    assert begun == [0, 2] or begun == [2, 0], "fold 1 never begins"
    assert epochs_elsewhere == [2]


def test_the_error_of_the_first_fold_that_fails_is_raised() -> None:
    told = []

    def train(number, on_epoch):
        on_epoch(epoch(1))
        if number:
            raise DataError(f"Fold {number} cannot be trained.")
        return number

    with pytest.raises(DataError, match="Fold 1 cannot"):
        run_in_threads(train, 3, 2, lambda fold, *_: told.append(fold))
    assert told == [0, 1], "nothing is told of the folds after it"


def test_networks_of_one_shape_share_one_compiled_program_and_come_to_what_they_do_alone() -> None:
    X = np.random.default_rng(4).normal(size=(300, 5)).astype(np.float32)
    settings = Training(epochs=3, batch_size=32, patience=None, keep="last")

    def train(number, on_epoch):
        model = build(DenseModel(widths=(4, 2, 4), dropout=0.2), 1, 5, 32, seed=number)
        ends = np.arange(100 + 40 * number)
        train_autoencoder(model, X, ends, np.arange(250, 300), settings, number, on_epoch)
        return np.concatenate([weights.ravel() for weights in model.get_weights()])

    forget_programs()
    at_once = run_in_threads(train, 4, 4, lambda *_: None)
    assert (epoch_programs.cache_info().misses, epoch_programs.cache_info().hits) == (1, 3)
    alone = [train(number, lambda _: None) for number in range(4)]
    assert [each.tobytes() for each in at_once] == [each.tobytes() for each in alone]
    assert len({each.tobytes() for each in alone}) == 4
