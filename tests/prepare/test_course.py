"""The average course of a sensor before an event, where its values or the rows are missing."""

import numpy as np

from rare_event.prepare.preview import course_before_events
from rare_event.prepare.stretches import Events

STRETCH = np.array([0, 0, 0, 0, 1, 1])


def events_at(row: int, stretch: int) -> Events:
    return Events(*(np.array([value]) for value in (row, float(row), stretch, 1)))


def test_a_course_is_of_the_rows_of_the_event_stretch() -> None:
    course = course_before_events(np.arange(6.0), STRETCH, events_at(3, 0), 5)
    assert course.offset.tolist() == [-3, -2, -1] and course.mean.tolist() == [0, 1, 2]
    assert course.n_events == 1


def test_a_sensor_without_values_is_not_an_event_without_rows() -> None:
    missing = course_before_events(np.full(6, np.nan), STRETCH, events_at(3, 0), 5)
    assert missing.offset.tolist() == [-3, -2, -1] and np.isnan(missing.mean).all()
    assert missing.n_events == 0
    # The event is the first row of its stretch.
    none = course_before_events(np.arange(6.0), STRETCH, events_at(4, 1), 5)
    assert not len(none.offset) and not len(none.mean) and none.n_events == 0
