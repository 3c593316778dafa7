"""The same as tests/read/test_any_file.py and tests/store/test_any_record.py, of many more inputs."""

import os
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.mutations import Splice, changed, changed_files, odd_tables, splices
from tests.untrusted import bundled, import_any, inside, members_of, read_any, write_bundles

EXAMPLES = int(os.environ.get("RARE_EVENT_PROOF_FILES", "5000"))
many = settings(max_examples=EXAMPLES, suppress_health_check=[*HealthCheck])


@pytest.mark.timeout(7200)
@many
@given(st.one_of(st.binary(max_size=4000), changed_files(), odd_tables()))
def test_thousands_of_files_are_read_or_refused_in_a_sentence(content: bytes) -> None:
    assert (seen := read_any(content)) is None or seen.digest


@pytest.fixture(scope="module")
def bundles(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    return [*write_bundles(tmp_path_factory.mktemp("bundles")).values()]


@pytest.mark.timeout(7200)
@many
@given(st.data(), splices())
def test_thousands_of_bundles_are_imported_or_refused_in_a_sentence(
    bundles: list[Path], tmp_path_factory: pytest.TempPathFactory, data: st.DataObject, changes: list[Splice]
) -> None:
    path = data.draw(st.sampled_from(bundles))
    target = tmp_path_factory.getbasetemp() / "changed.zip"
    held = members_of(path)
    name, member = data.draw(st.sampled_from(sorted(held))), data.draw(st.integers(0, 20))
    bundled(target, path, {name: inside(held[name], lambda one: changed(one, changes), member)})
    run = import_any(target)
    assert run is None or run.folder.is_dir()
