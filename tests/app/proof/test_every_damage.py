"""Every file of a workspace damaged in every way, and every page opened after each."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from rare_event.jobs.explaining import explain_in_worker
from rare_event.store.runs import Part
from tests.app.test_damage import damaged as damaged
from tests.app.test_damage import different_without_a_word, everything, files_of
from tests.app.test_damage import whole as whole
from tests.damages import DAMAGES, NotDone

PARTS: tuple[Part, ...] = ("validation", "test")


@pytest.mark.timeout(14_400)
@pytest.mark.parametrize("how", [how for how in DAMAGES if how != "nothing"])
def test_every_damage_is_told_on_every_page(
    how: str,
    whole: tuple[Path, str, str],
    damaged: Callable[[str, str], None],
    open_page: Callable[..., AppTest],
    subtests: pytest.Subtests,
) -> None:
    home, dataset, run = whole
    damaged(f"runs/{run}/about.json", "nothing")
    before, tried = everything(open_page, dataset, run), 0
    for name in files_of(home, dataset, run):
        # A rule is its record: without it there is no rule.
        if "/alarms/" in name and how == "missing" and not (home / name).with_suffix(".zst").exists():
            continue
        with subtests.test(f"{name}: {how}"):
            try:
                damaged(name, how)
            except NotDone:
                continue
            tried += 1
            if Path(name).name.startswith("explained-"):
                # The page has asked for it again, and a worker has answered.
                for part in PARTS:
                    explain_in_worker(run, part)
            assert different_without_a_word(before, everything(open_page, dataset, run)) == []
    assert tried
