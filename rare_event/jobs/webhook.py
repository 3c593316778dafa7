"""Alarms delivered to a webhook: in order, until it takes them, and never in the way of scoring."""

from __future__ import annotations

import json
import threading
import urllib.error
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from rare_event.errors import ConfigError
from rare_event.store.followed import ALARMS, read_sent, write_sent

TIMEOUT = 10.0
FIRST_WAIT, LONGEST_WAIT = 1.0, 60.0


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    """A redirected POST would arrive as a GET without its alarm."""

    def redirect_request(self, *_: Any, **__: Any) -> None:
        return None


def check_url(url: str) -> str:
    """Return the address of a webhook.

    Raises
    ------
    ConfigError
        If it is none.
    """
    try:
        parts = urlsplit(url)
        good = parts.scheme in ("http", "https") and bool(parts.hostname) and (parts.port or 1) > 0
    except ValueError:
        good = False
    if not good or any(sign.isspace() for sign in url):
        raise ConfigError(f"{url!r} is not the address of a webhook. Write it as https://HOST/PATH.")
    return url


def post(url: str, line: bytes, timeout: float = TIMEOUT) -> None:
    """Send one alarm.

    Raises
    ------
    OSError
        If it does not answer in time, or answers anything but 2xx.
    """
    headers = {"Content-Type": "application/json", "Idempotency-Key": str(json.loads(line)["id"])}
    request = urllib.request.Request(url, line, headers, method="POST")
    with urllib.request.build_opener(_NoRedirect).open(request, timeout=timeout) as answer:
        answer.read(1024)


class Webhook:
    """A thread that sends the committed lines of the alarms, one after another.

    The lines themselves are the queue: what was delivered is a length of the log. It is written after the
    answer, so a line whose answer was lost is sent again, with the same id.

    Parameters
    ----------
    folder
        Of the follower.
    url
        Where alarms are posted.
    tell
        Takes a sentence for people.
    timeout, wait, longest
        Seconds for an answer; until the first repetition, doubled each time; and at most.
    """

    def __init__(
        self,
        folder: Path,
        url: str,
        tell: Callable[[str], None],
        *,
        timeout: float = TIMEOUT,
        wait: float = FIRST_WAIT,
        longest: float = LONGEST_WAIT,
    ) -> None:
        self._folder, self._url, self._tell = folder, check_url(url), tell
        self._timeout, self._wait, self._longest = timeout, wait, longest
        self._changed = threading.Condition()
        self._committed, self._sent, self._failing, self._stop = 0, read_sent(folder), False, False
        self._at_once = False
        self._thread = threading.Thread(target=self._run, name="webhook", daemon=True)
        self._thread.start()

    def offer(self, committed: int) -> None:
        """Say how many bytes of the alarms may be sent; returns at once."""
        with self._changed:
            self._committed = committed
            self._changed.notify_all()

    def settle(self) -> bool:
        """Try at once, and wait until all is delivered or an attempt has failed; return whether all is."""
        with self._changed:
            self._failing, self._at_once = False, True
            self._changed.notify_all()
            self._changed.wait_for(lambda: self._failing or self._sent >= self._committed)
            return self._sent >= self._committed

    def stop(self) -> None:
        """Send nothing more."""
        with self._changed:
            self._stop = True
            self._changed.notify_all()

    def _run(self) -> None:
        wait = self._wait
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._stop or self._sent < self._committed)
                if self._stop:
                    return
                begin, end, self._at_once = self._sent, self._committed, False
            try:
                line = _line(self._folder / ALARMS, begin, end)
                post(self._url, line, self._timeout)
            # What an odd server sends may fail in many ways, and none may end the deliveries.
            except Exception as error:
                self._said_failing(error, wait)
                with self._changed:
                    self._changed.wait_for(lambda: self._stop or self._at_once, timeout=wait)
                wait = min(2 * wait, self._longest)
                continue
            wait = self._wait
            self._delivered(begin + len(line))

    def _delivered(self, length: int) -> None:
        try:
            write_sent(self._folder, length)
        except OSError as error:
            self._tell(
                f"The delivery of an alarm cannot be recorded: {error.strerror}. The alarm may be sent again."
            )
        with self._changed:
            self._sent, self._failing = length, False
            self._changed.notify_all()

    def _said_failing(self, error: Exception, wait: float) -> None:
        why = f"it answers {error.code}" if isinstance(error, urllib.error.HTTPError) else str(error)
        self._tell(f"The webhook accepts no alarm: {why}. Alarms are kept; next attempt in {wait:g} s.")
        with self._changed:
            self._failing = True
            self._changed.notify_all()


def _line(path: Path, begin: int, end: int) -> bytes:
    with path.open("rb") as file:
        file.seek(begin)
        return file.readline(end - begin)
