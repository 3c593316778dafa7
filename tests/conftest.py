"""Fixtures of all tests, and the switch by which no test may be skipped."""

import os
import signal
from collections.abc import Generator, Iterator
from pathlib import Path

import pytest
from hypothesis import settings

from rare_event.prepare.sample import write_sample
from rare_event.prepare.table import Table, read_table
from tests.small import small_frame

MILL_CSV = "RARE_EVENT_MILL_CSV"
NO_SKIPS = "RARE_EVENT_NO_SKIPS"
HOME = "RARE_EVENT_HOME"

# No test is timed: under load an example takes any time. The rest is the profile that hypothesis chose.
settings.register_profile("untimed", settings(), deadline=None)
settings.load_profile("untimed")
# A shell's background job ignores Ctrl-C, and so would every process that a test starts and interrupts.
signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(scope="session", autouse=True)
def _no_test_writes_to_the_users_workspace(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(HOME, str(tmp_path_factory.mktemp("home")))
        # The app would write its logs to the standard error of the tests.
        patch.setenv("RARE_EVENT_LOG", "off")
        yield


@pytest.fixture
def workspace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty workspace of the test's own."""
    monkeypatch.setenv(HOME, str(tmp_path))
    return tmp_path


@pytest.fixture(scope="session")
def mill_csv() -> Path:
    """The real mill's CSV, which is not part of the repository."""
    name = os.environ.get(MILL_CSV)
    if not name:
        pytest.skip(f"{MILL_CSV} is not set: this test needs the real mill's CSV.")
    path = Path(name)
    assert path.is_file(), f"{MILL_CSV} names {path}, which is no file."
    return path


@pytest.fixture(scope="session")
def mill_table(mill_csv: Path) -> Table:
    return read_table(mill_csv)


@pytest.fixture(scope="session")
def sample_csv(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_sample(tmp_path_factory.mktemp("sample") / "sample-mill.csv")


@pytest.fixture(scope="session")
def sample_table(sample_csv: Path) -> Table:
    return read_table(sample_csv)


def _refuse(report: pytest.TestReport | pytest.CollectReport) -> None:
    """Turn a skip into a failure where nothing may be skipped; an expected failure is no skip."""
    if report.skipped and not hasattr(report, "wasxfail") and os.environ.get(NO_SKIPS):
        reason = report.longrepr[-1] if isinstance(report.longrepr, tuple) else report.longrepr
        report.outcome = "failed"
        report.longrepr = f"Skipped, though {NO_SKIPS} is set and nothing may be. {reason}"


# Both hooks run where the test runs, in a worker process too, so that the failure is reported and
# counted like any other. Outermost, so that they see what other plugins made of the outcome.
@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_makereport() -> Generator[None, pytest.TestReport, pytest.TestReport]:
    report = yield
    _refuse(report)
    return report


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_make_collect_report() -> Generator[None, pytest.CollectReport, pytest.CollectReport]:
    report = yield
    _refuse(report)
    return report


@pytest.fixture(scope="session")
def small_csv() -> bytes:
    return small_frame().to_csv(index=False).encode()
