"""TensorBoard logs, read back by TensorBoard's own reader."""

import shlex
from pathlib import Path

import pytest
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
from tensorboard.util.tensor_util import make_ndarray

from rare_event.detect.tensorboard import TensorBoardLog, tensorboard_command, tensorboard_log
from rare_event.detect.training import Epoch


def losses(folder: Path) -> dict[int, float]:
    """Loss by epoch, as TensorBoard reads it."""
    events = EventAccumulator(str(folder))
    events.Reload()
    return {event.step: float(make_ndarray(event.tensor_proto)) for event in events.Tensors("epoch_loss")}


def test_losses_stand_under_the_names_of_keras(tmp_path) -> None:
    with tensorboard_log(tmp_path / "tensorboard") as log:
        for number in (1, 2, 3):
            log(0, 1, Epoch(number, 1 / number, 2 / number, 0.1))
    folder = tmp_path / "tensorboard"
    assert sorted(path.name for path in folder.iterdir()) == ["train", "validation"]
    assert losses(folder / "train") == pytest.approx({1: 1, 2: 1 / 2, 3: 1 / 3})
    assert losses(folder / "validation") == pytest.approx({1: 2, 2: 1, 3: 2 / 3})


def test_each_fold_has_a_folder_of_its_own(tmp_path) -> None:
    log = TensorBoardLog(tmp_path)
    log(0, 2, Epoch(1, 0.5, 0.6, 0.1))
    log(1, 2, Epoch(1, 0.7, 0.8, 0.1))
    log.close()
    assert losses(tmp_path / "fold 1" / "train") == pytest.approx({1: 0.5})
    assert losses(tmp_path / "fold 2" / "validation") == pytest.approx({1: 0.8})
    assert not (tmp_path / "train").exists()


def test_each_network_of_an_average_has_a_folder_of_its_own(tmp_path) -> None:
    log = TensorBoardLog(tmp_path)
    for network in (1, 2):
        log(0, 1, Epoch(1, 0.5 * network, 0.6, 0.1, network=network, networks=2))
    log.close()
    assert losses(tmp_path / "network 1" / "train") == pytest.approx({1: 0.5})
    assert losses(tmp_path / "network 2" / "train") == pytest.approx({1: 1.0})
    assert not (tmp_path / "train").exists()


def test_a_training_that_ends_early_leaves_what_it_reported(tmp_path) -> None:
    with pytest.raises(KeyError), tensorboard_log(tmp_path) as log:
        log(0, 1, Epoch(1, 0.5, 0.6, 0.1))
        raise KeyError
    assert losses(tmp_path / "train") == pytest.approx({1: 0.5})


def test_the_command_is_for_this_machine_and_one_argument_each() -> None:
    folder = Path("/data/a b; rm -rf c")
    words = shlex.split(tensorboard_command(folder))
    assert words == ["tensorboard", "--logdir", str(folder), "--host", "127.0.0.1"]
    assert "--bind_all" not in words
