"""Every line and column of a table spoilt in turn. Long: run by `make proof`, not by `make test`.

Each line and column is spoilt in each way, in one of the dialects: the dialects take turns.
"""

from collections import Counter

import pytest

from rare_event.read import encoding
from tests.read.spoilt import DIALECTS, NAMES, SPOILS, outcome, outcomes_among, spoilt, table

DIALECTS_IN_TURN = list(DIALECTS)


@pytest.mark.timeout(0)
@pytest.mark.parametrize("dialect", DIALECTS)
@pytest.mark.parametrize("how", SPOILS)
def test_each_line_and_column(dialect: str, how: str) -> None:
    written, found = table(dialect), Counter[str]()
    for line in range(len(written.lines)):
        turn = (DIALECTS_IN_TURN.index(dialect) - line) % len(DIALECTS_IN_TURN)
        for column in range(turn, len(NAMES), len(DIALECTS_IN_TURN)):
            found.update(outcome(written, line, text) for text in spoilt(written, line, column, how))
    assert set(found) <= {"left out", "repaired", "refused"}, found
    assert found["left out"] + found["repaired"] >= 0.95 * found.total()


@pytest.mark.timeout(0)
def test_a_spoilt_line_among_20_000_and_at_the_seams_of_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(encoding, "BLOCK_BYTES", 3000)
    assert outcomes_among(20_000, (1, 61, 62, 63, 9_999, 20_000)) == {"left out"}
