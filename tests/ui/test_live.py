"""What polls: a piece of a page that is drawn again until the work it shows has ended."""

from collections.abc import Callable

import pytest

from rare_event.errors import RareEventError
from rare_event.store.workspace import resolve_by
from rare_event.ui import live
from rare_event.ui.sign_in import own_workspace


class Rerun(BaseException):
    """The page is drawn again, as Streamlit's own exception says."""


@pytest.fixture
def draw(monkeypatch: pytest.MonkeyPatch) -> Callable[..., list[str]]:
    """Draw as a fragment does that was handed to the page with `before`; returns what happened."""

    def rerun() -> None:
        raise Rerun

    monkeypatch.setattr(live.st, "rerun", rerun)

    def drawn(before: set[str], now: list[str], started: str = "") -> list[str]:
        done = []

        def piece() -> None:
            done.append("drawn")
            now.extend([started] if started else [])

        try:
            live._draw(piece, lambda: now, frozenset(before))
        except Rerun:
            done.append("page again")
        return done

    return drawn


def test_nothing_but_the_piece_is_drawn_while_nothing_changes(draw: Callable[..., list[str]]) -> None:
    assert draw(set(), []) == ["drawn"]
    assert draw({"run"}, ["run"]) == ["drawn"]


def test_the_page_is_drawn_again_when_work_began_before_the_piece(draw: Callable[..., list[str]]) -> None:
    assert draw(set(), ["run"]) == ["page again"]


def test_the_page_is_drawn_again_when_the_piece_starts_work(draw: Callable[..., list[str]]) -> None:
    assert draw(set(), [], started="run") == ["drawn", "page again"]


def test_the_page_is_drawn_again_when_work_ends(draw: Callable[..., list[str]]) -> None:
    assert draw({"run"}, []) == ["page again"]
    assert draw({"first", "second"}, ["second"]) == ["page again"]


def test_nothing_is_drawn_any_more_once_nobody_is_signed_in(draw: Callable[..., list[str]]) -> None:
    """Streamlit keeps the pieces of the page before a sign-out, and draws one if it is asked to."""

    def nobody() -> None:
        raise RareEventError("Nobody is signed in on this page any more.")

    resolve_by(nobody)
    try:
        assert draw(set(), []) == draw({"run"}, ["run"]) == draw({"run"}, []) == []
    finally:
        resolve_by(own_workspace)
    assert draw(set(), []) == ["drawn"]
