"""Every file of every folder of a workspace damaged in every way, and read by all that reads it."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.store.test_damage import OF, damage_all
from tests.store.test_damage import whole as whole


@pytest.mark.timeout(7_200)
def test_every_damage(whole: Path, tmp_path: Path, subtests: pytest.Subtests) -> None:
    folders = [folder for kind in OF for folder in sorted((whole / kind).iterdir())]
    tried, told = damage_all(whole, tmp_path, folders, subtests)
    assert tried > 1_000 and told > 600
