"""Any bytes are read, asked about, or refused in a sentence: few here, many in tests/proof."""

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.mutations import changed_files, odd_tables
from tests.untrusted import files, read_any

few = settings(max_examples=60, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])


@few
@given(st.one_of(st.binary(max_size=400), st.text(max_size=300).map(lambda text: text.encode("utf-8"))))
def test_any_bytes(content: bytes) -> None:
    assert (seen := read_any(content)) is None or seen.digest


@few
@given(changed_files())
def test_a_valid_file_with_changes(content: bytes) -> None:
    assert (seen := read_any(content)) is None or seen.digest


@few
@given(odd_tables())
def test_a_table_of_odd_cells(content: bytes) -> None:
    seen = read_any(content)
    assert seen is not None and (seen.raw is not None or seen.refused or seen.questions)


def test_what_is_changed_can_be_read_without_the_changes() -> None:
    for name, content in files().items():
        seen = read_any(content)
        assert seen is not None and not seen.refused and seen.raw is not None, (name, seen)
