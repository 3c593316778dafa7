"""The page of the checks lists each of them, and is current."""

from docs.make_checks import PAGE, checks_page
from rare_event.checks.check import CHECKS


def test_the_page_of_the_checks_is_current() -> None:
    assert PAGE.read_text() == checks_page(), "run python -m docs.make_checks"


def test_each_check_has_its_words_and_an_example_there() -> None:
    page = checks_page()
    for check in CHECKS:
        entry = page.split(f"### {check.code}: {check.title}\n")[1].split("\n### ")[0]
        assert check.why in entry and check.remedy in entry and entry.count("\n| ") >= 2
    assert page.count("\n### RE") == len(CHECKS)
    assert "Traceback" not in page and "None" not in page
