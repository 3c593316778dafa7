"""The same as tests/read/test_round_trip.py, of more files; run by `make proof`, not by `make test`."""

import os

import pytest

from tests.read.round_trip import outcomes

FILES = int(os.environ.get("RARE_EVENT_PROOF_FILES", "5000"))


@pytest.mark.timeout(3600)
def test_thousands_of_random_tables_are_read_as_written_or_asked_about() -> None:
    counts, wrong = outcomes(range(1_000_000, 1_000_000 + FILES))
    assert not wrong
    assert counts["read"] >= 0.8 * FILES
