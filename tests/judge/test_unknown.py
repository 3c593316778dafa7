"""What a part cannot tell of events, in words."""

import pytest

from rare_event.clock import NO_TIME, TimeUnit
from rare_event.config import Rule
from rare_event.judge.unknown import Unknown


@pytest.mark.parametrize("labelled", [True, False])
def test_the_reason_is_named(labelled) -> None:
    unknown = Unknown("validation", labelled)
    assert ("no event column" in unknown.why) is not labelled
    assert ("validation" in unknown.why) is labelled
    assert unknown.short in ("no events to judge in the validation data", "no event column")
    assert "caught" not in unknown.why and unknown.why.endswith(".")


def test_without_a_label_no_alarm_is_called_false() -> None:
    for unit in (TimeUnit(labelled=False), TimeUnit(NO_TIME.reason, labelled=False)):
        assert Rule().in_words(unit) == f"at most 2 alarms {unit.a_day}"
        assert "alse" not in unit.reword("False alarms a day and 2 false alarms of normal windows")
    assert Rule().in_words(TimeUnit(machines=True)) == "at most 2 false alarms per machine-day"
