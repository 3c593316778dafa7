"""Any bytes as a record or a bundle are a result or a sentence, and leave nothing behind."""

import io
import json
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from rare_event.config import PRESETS
from rare_event.errors import RunError
from rare_event.store.archive import import_archive
from rare_event.store.serial import dump
from tests.mutations import Splice, changed, splices
from tests.untrusted import RECORDS, bundled, import_any, inside, load_any, members_of, write_bundles

FAST = [HealthCheck.too_slow, HealthCheck.function_scoped_fixture]
few = settings(max_examples=60, suppress_health_check=FAST)
JSON = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=8)),
    lambda inner: st.one_of(
        st.lists(inner, max_size=4), st.dictionaries(st.text(max_size=8), inner, max_size=4)
    ),
    max_leaves=12,
)


@pytest.fixture(scope="module")
def bundles(tmp_path_factory: pytest.TempPathFactory) -> Iterator[list[Path]]:
    home = tmp_path_factory.mktemp("bundles")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("RARE_EVENT_HOME", str(home))
        yield [*write_bundles(home).values()]


@few
@given(st.sampled_from(RECORDS), st.binary(max_size=300))
def test_any_bytes_as_a_record(
    tmp_path_factory: pytest.TempPathFactory, kind: object, content: bytes
) -> None:
    load_any(content, kind, tmp_path_factory.getbasetemp())


@few
@given(st.sampled_from(RECORDS), JSON)
def test_any_json_as_a_record(tmp_path_factory: pytest.TempPathFactory, kind: object, value: object) -> None:
    load_any(json.dumps(value).encode(), kind, tmp_path_factory.getbasetemp())


@few
@given(st.sampled_from(sorted(PRESETS)), splices())
def test_a_record_with_changes(
    tmp_path_factory: pytest.TempPathFactory, name: str, changes: list[Splice]
) -> None:
    content = changed(dump(PRESETS[name]).encode(), changes)
    load_any(content, type(PRESETS[name]), tmp_path_factory.getbasetemp())


@pytest.mark.parametrize("depth", [10, 200, 5_000, 200_000])
@pytest.mark.parametrize("kind", RECORDS, ids=str)
def test_a_record_nested_however_deep(tmp_path: Path, kind: object, depth: int) -> None:
    for left, right in (("[", "]"), ('{"a":', "}")):
        load_any((left * depth + "1" + right * depth).encode(), kind, tmp_path)
        load_any((left * depth).encode(), kind, tmp_path)


@few
@given(st.data(), splices())
def test_a_bundle_with_changes(
    bundles: list[Path], tmp_path_factory: pytest.TempPathFactory, data: st.DataObject, changes: list[Splice]
) -> None:
    """The manifest agrees with the changed file, or the bundle is changed as it is."""
    path = data.draw(st.sampled_from(bundles))
    target = tmp_path_factory.getbasetemp() / "changed.zip"
    if data.draw(st.booleans()):
        target.write_bytes(changed(path.read_bytes(), changes))
    else:
        held = members_of(path)
        name, member = data.draw(st.sampled_from(sorted(held))), data.draw(st.integers(0, 20))
        bundled(target, path, {name: inside(held[name], lambda one: changed(one, changes), member)})
    import_any(target)


def test_what_is_changed_can_be_imported_without_the_changes(bundles: list[Path], tmp_path: Path) -> None:
    for path in bundles:
        bundled(tmp_path / "same.zip", path, {})
        assert import_any(tmp_path / "same.zip") is not None and import_archive(path).id


@pytest.mark.parametrize(
    "header", [b"{'descr': '<f8', 'shape': (3,", b"{'descr': '<f8'\n (", b"\xff", b"", b"1"]
)
def test_an_array_with_a_damaged_header_is_refused(
    bundles: list[Path], tmp_path: Path, header: bytes
) -> None:
    array = b"\x93NUMPY\x01\x00" + len(header).to_bytes(2, "little") + header
    (path, *_), out = bundles, io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr("clock.npy", array)
    name = next(name for name in members_of(path) if name.endswith(".npz"))
    bundled(tmp_path / "changed.zip", path, {name: out.getvalue()})
    with pytest.raises(RunError, match=f"{name} in changed.zip is damaged"):
        import_archive(tmp_path / "changed.zip")
    assert import_any(tmp_path / "changed.zip") is None


def test_a_long_list_of_files_is_not_read(bundles: list[Path], tmp_path: Path) -> None:
    many = io.BytesIO()
    with zipfile.ZipFile(many, "w") as archive:
        for number in range(5_001):
            archive.writestr(f"a{number}", b"")
    path = tmp_path / "many.zip"
    path.write_bytes(many.getvalue())
    with pytest.raises(RunError, match="many.zip holds very many files. A bundle holds at most 100"):
        import_archive(path)
    name = next(name for name in members_of(bundles[0]) if name.endswith(".npz"))
    bundled(path, bundles[0], {name: many.getvalue()})
    with pytest.raises(RunError, match=f"{name} in many.zip holds very many files"):
        import_archive(path)
    assert import_any(path) is None
