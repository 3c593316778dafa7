"""What is kept of the training rows can be written, however large a value is."""

import numpy as np

from rare_event.experiment.facts import facts_of
from rare_event.experiment.run import run_experiment
from rare_event.prepare.table import read_table
from rare_event.store.serial import dump
from tests.small import PCA, small_frame


def test_the_deviation_of_a_sensor_with_one_huge_value_is_a_number() -> None:
    frame = small_frame()
    plain = read_table(frame.to_csv(index=False).encode())
    frame.loc[7, "s1"] = 1e300
    huge = read_table(frame.to_csv(index=False).encode())
    levels = [facts_of(table, run_experiment(table, PCA)).levels[""] for table in (plain, huge)]
    # Only the sensor with the value differs, and its figures are those of numbers scaled by hand.
    assert np.array_equal(np.array(levels[0].mean)[[0, 2, 3]], np.array(levels[1].mean)[[0, 2, 3]])
    deviation = levels[1].deviation[1]
    assert deviation is not None and np.isfinite(deviation) and 1e298 < deviation < 1e300
    assert "inf" not in dump(levels[1]).lower()
