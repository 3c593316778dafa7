"""Folds trained at once in threads: what is told and returned is as if they were trained one by one."""

from threading import Event, current_thread, main_thread

import numpy as np
import pytest

from rare_event.config import DenseModel, Training
from rare_event.detect.models import build
from rare_event.detect.programs import epoch_programs, forget_programs
from rare_event.detect.threads import run_in_threads
from rare_event.detect.training import Epoch, train_autoencoder
from rare_event.errors import Cancelled, DataError


def epoch(number: int) -> Epoch:
    return Epoch(number, 1 / number, 2 / number, float(number))


def training(lengths, begun=None):
    """Make a function that trains for as many epochs as the fold's entry says."""

    def train(number, on_epoch):
        if begun is not None:
            begun.append(number)
        assert current_thread() is not main_thread()
        for each in range(1, lengths[number] + 1):
            on_epoch(epoch(each))
        return f"fold {number}"

    return train


@pytest.mark.parametrize("threads", [1, 2, 3, 9])
@pytest.mark.parametrize("order", [(0, 1, 2, 3, 4), (2, 4, 0, 3, 1)])
def test_epochs_are_told_fold_by_fold_in_the_order_wanted_by_the_thread_that_waits(threads, order) -> None:
    lengths, told = [3, 1, 4, 1, 5], []
    begun: list[int] = []

    def on_progress(fold, folds, each):
        assert current_thread() is main_thread()
        told.append((fold, folds, each.number))

    found = run_in_threads(training(lengths, begun), order, threads, on_progress)
    assert found == [f"fold {number}" for number in range(5)], "what is returned is by number"
    assert told == [(fold, 5, number) for fold in order for number in range(1, lengths[fold] + 1)]
    assert sorted(begun) == list(range(5)), "none is trained twice"
    assert threads > 1 or tuple(begun) == order


def test_the_next_begins_as_soon_as_a_thread_is_free() -> None:
    """The longest holds one thread while the other trains all the rest."""
    last_is_there, begun = Event(), []

    def train(number, on_epoch):
        begun.append(number)
        if number == 3:
            assert last_is_there.wait(60), "the others waited for the longest"
        if number == 0:
            last_is_there.set()
        on_epoch(epoch(1))
        return number

    assert run_in_threads(train, [3, 2, 1, 0], 2, lambda *_: None) == [0, 1, 2, 3]
    assert set(begun[:2]) == {3, 2} and begun[2:] == [1, 0]


def test_what_progress_raises_stops_all_after_their_epoch() -> None:
    at_work, ended, went_on, begun = Event(), Event(), [], []

    def train(number, on_epoch):
        begun.append(number)
        if number == 2:
            assert at_work.wait(60)
            on_epoch(epoch(1))
        else:
            at_work.set()
        assert ended.wait(60)
        on_epoch(epoch(2))
        went_on.append(number)

    def refuse(*_: object) -> None:
        raise Cancelled("Enough.")

    class Stop(Event):
        """Tells the trainings that the stop has been asked for."""

        def set(self) -> None:
            super().set()
            ended.set()

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("rare_event.detect.threads.Event", Stop)
        with pytest.raises(Cancelled, match="Enough"):
            run_in_threads(train, [2, 1, 0], 2, refuse)
    assert sorted(begun) == [1, 2], "fold 0 never begins"
    assert went_on == []


def test_the_error_of_the_first_fold_that_fails_is_raised() -> None:
    told = []

    def train(number, on_epoch):
        on_epoch(epoch(1))
        if number < 2:
            raise DataError(f"Fold {number} cannot be trained.")
        return number

    with pytest.raises(DataError, match="Fold 1 cannot"):
        run_in_threads(train, [2, 1, 0], 2, lambda fold, *_: told.append(fold))
    assert told == [2, 1], "nothing is told of the folds after it"


def test_networks_of_one_shape_share_one_compiled_program_and_come_to_what_they_do_alone() -> None:
    X = np.random.default_rng(4).normal(size=(300, 5)).astype(np.float32)
    settings = Training(epochs=3, batch_size=32, patience=None, keep="last")

    def train(number, on_epoch):
        model = build(DenseModel(widths=(4, 2, 4), dropout=0.2), 1, 5, 32, seed=number)
        ends = np.arange(100 + 40 * number)
        train_autoencoder(model, X, ends, np.arange(250, 300), settings, number, on_epoch)
        return np.concatenate([weights.ravel() for weights in model.get_weights()])

    forget_programs()
    at_once = run_in_threads(train, [3, 2, 1, 0], 4, lambda *_: None)
    assert (epoch_programs.cache_info().misses, epoch_programs.cache_info().hits) == (1, 3)
    alone = [train(number, lambda _: None) for number in range(4)]
    assert [each.tobytes() for each in at_once] == [each.tobytes() for each in alone]
    assert len({each.tobytes() for each in alone}) == 4
