"""A session of the app without a browser: Streamlit's messages over a websocket, as a browser sends them."""

from __future__ import annotations

import asyncio
import json
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from time import perf_counter
from typing import TYPE_CHECKING, Any
from urllib.request import Request, urlopen

from rare_event.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Sequence

    from streamlit.proto.ForwardMsg_pb2 import ForwardMsg

# A page that takes longer counts as an error.
LONGEST_WAIT = 60.0  # seconds
POLL = 0.02  # seconds
CLOSED = "The app has closed the connection."
LARGEST_MESSAGE = 1 << 30  # bytes


@dataclass(frozen=True)
class Drawn:
    """An element of the page: its id if it is a widget, its fragment, and what an error or a warning says."""

    id: str
    fragment: str
    says: str
    warns: str


@dataclass(frozen=True)
class Awaited:
    """An answer that is waited for: of the whole page, or of one fragment.

    With `whole` a fragment that is asked for answers only with a warning: otherwise the page is run again.
    """

    page: str
    fragment: str
    whole: bool
    done: asyncio.Future[float]


class Session:
    """One analyst: what is drawn, what polls, and the errors that were shown.

    Parameters
    ----------
    socket
        A connection to the app's stream of messages.
    """

    def __init__(self, socket: Any) -> None:
        self._socket = socket
        # The page that is asked for, and that of the run that was begun last.
        self._query = self._page = self._begun = ""
        self._pages: dict[str, str] = {}
        self._widgets: dict[str, tuple[str, str]] = {}
        # What the browser keeps of large elements, so that they are not sent twice.
        self._kept: dict[str, Drawn] = {}
        self._polls: dict[str, asyncio.Task[None]] = {}
        # The fragments of the run that was begun last, if it was since the last message to the app.
        self._current: tuple[str, ...] | None = None
        self._awaited: Awaited | None = None
        self.errors: list[str] = []
        # Shown since the last message to the app.
        self.warning = ""
        self.bytes_received = 0

    async def open(self, page: str, query: str) -> float:
        """Open a page by its address, and return the seconds until it is whole."""
        self._query = query
        seconds = await self._send(page_name=page)
        # A page that was asked for by its name is begun under that of the app.
        self._page = self._pages[page]
        return seconds

    async def switch(self, page: str) -> float:
        """Follow the link to a page, and return the seconds until it is whole."""
        self._stop_polls()
        self._query = ""
        self._page = self._pages[page]
        return await self._send(page=self._page)

    @property
    def answered(self) -> bool:
        """Whether what was sent last has its answer."""
        return self._awaited is not None and self._awaited.done.done()

    def has(self, key: str) -> bool:
        """Whether a widget of this key is drawn."""
        return key in self._widgets

    async def press(self, key: str) -> float:
        """Press the button of a key, and return the seconds until the page is whole, or has a warning."""
        widget, fragment = await self._widget(key)
        return await self._send(widget=(widget, "trigger_value", True), fragment=fragment, whole=True)

    async def choose(self, key: str, value: bool) -> float:
        """Set the checkbox or toggle of a key, and return the seconds until the page is whole."""
        widget, fragment = await self._widget(key)
        return await self._send(widget=(widget, "bool_value", value), fragment=fragment)

    async def release(self, key: str, event: str, value: float) -> float:
        """Send what a component of ours sends, and return the seconds until its fragment is drawn."""
        widget, fragment = await self._widget(key)
        events = json.dumps([{"event": event, "value": value}])
        trigger = (f"$$STREAMLIT_INTERNAL_KEY_{widget}__events", "json_trigger_value", events)
        return await self._send(widget=trigger, fragment=fragment)

    async def _widget(self, key: str) -> tuple[str, str]:
        """Wait for a widget as a person would: a page that is drawn again has none for a moment."""
        ends = perf_counter() + LONGEST_WAIT
        while key not in self._widgets:
            if perf_counter() > ends:
                raise ConfigError(f"The page of the bench has no widget {key!r}. Errors: {self.errors[-3:]}")
            await asyncio.sleep(POLL)
        return self._widgets[key]

    async def listen(self) -> None:
        """Receive messages until the connection is closed."""
        from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
        from websockets.exceptions import ConnectionClosed

        with suppress(ConnectionClosed):
            async for data in self._socket:
                self.bytes_received += len(data)
                message = ForwardMsg()
                message.ParseFromString(data)
                self._receive(message)
        self._stop_polls()
        if self._awaited is not None and not self._awaited.done.done():
            self._awaited.done.set_exception(ConnectionResetError(CLOSED))

    async def _send(
        self,
        page: str = "",
        page_name: str = "",
        widget: tuple[str, str, Any] | None = None,
        fragment: str = "",
        whole: bool = False,
    ) -> float:
        """Ask for a rerun and wait for it; see `Awaited`."""
        self._awaited = Awaited(page, fragment, whole, asyncio.get_running_loop().create_future())
        self._current, self.warning = None, ""
        began = perf_counter()
        await self._socket.send(self._request(page, page_name, widget, fragment))
        try:
            return await asyncio.wait_for(self._awaited.done, LONGEST_WAIT) - began
        except (TimeoutError, ConnectionResetError) as error:
            self.errors.append(str(error) or f"No answer within {LONGEST_WAIT:.0f} seconds.")
            return perf_counter() - began

    def _request(
        self,
        page: str = "",
        page_name: str = "",
        widget: tuple[str, str, Any] | None = None,
        fragment: str = "",
        poll: bool = False,
    ) -> bytes:
        from streamlit.proto.BackMsg_pb2 import BackMsg

        message = BackMsg()
        asked = message.rerun_script
        asked.query_string, asked.page_name = self._query, page_name
        asked.page_script_hash = "" if page_name else page or self._page
        asked.fragment_id, asked.is_auto_rerun = fragment, poll
        asked.cached_message_hashes.extend(self._kept)
        asked.context_info.timezone, asked.context_info.locale = "UTC", "en-GB"
        if widget is not None:
            state = asked.widget_states.widgets.add()
            state.id = widget[0]
            setattr(state, widget[1], widget[2])
        return bytes(message.SerializeToString())

    def _receive(self, message: ForwardMsg) -> None:
        kind = message.WhichOneof("type")
        if kind == "new_session":
            self._begin(message)
        elif kind == "navigation":
            self._list(message.navigation.app_pages)
        elif kind == "page_info_changed":
            self._query = message.page_info_changed.query_string
        elif kind in ("delta", "ref_hash"):
            self._draw(message)
        elif kind == "auto_rerun":
            self._poll(message.auto_rerun)
        elif kind == "stop_auto_rerun":
            self._stop_polls(message.stop_auto_rerun.fragment_ids)
        elif kind == "script_finished":
            self._finish(message)

    def _list(self, pages: Any) -> None:
        self._pages |= {page.url_pathname or page.page_name: page.page_script_hash for page in pages}

    def _begin(self, message: ForwardMsg) -> None:
        begun = message.new_session
        self._list(begun.app_pages)
        self._begun = begun.page_script_hash
        fragments = message.metadata.run.fragment_ids
        # Where a poll begins before the end of a run was sent, that message is dropped, or says "early".
        if fragments and self._current is not None and self._is_awaited(self._current):
            self._answer()
        self._current = tuple(fragments)
        if not fragments:
            self._widgets.clear()
            self._stop_polls()

    def _draw(self, message: ForwardMsg) -> None:
        drawn = self._kept.get(message.ref_hash) if message.ref_hash else _drawn(message)
        if drawn is None:
            return
        if message.metadata.cacheable:
            self._kept[message.hash] = drawn
        if drawn.says:
            self.errors.append(drawn.says)
        self.warning = drawn.warns or self.warning
        if drawn.id:
            self._widgets[drawn.id.split("-", 2)[-1]] = drawn.id, drawn.fragment

    def _finish(self, message: ForwardMsg) -> None:
        finished = message.script_finished
        if finished == message.FINISHED_WITH_COMPILE_ERROR:
            self.errors.append("The page cannot be compiled.")
        if finished != message.FINISHED_EARLY_FOR_RERUN and self._is_awaited(
            message.metadata.run.fragment_ids
        ):
            self._answer()

    def _is_awaited(self, fragments: Sequence[str]) -> bool:
        """Whether a run of these fragments, or of the whole page if there are none, answers what was sent."""
        awaited = self._awaited
        if awaited is None:
            return False
        if not fragments:
            return awaited.page in ("", self._begun)
        return awaited.fragment in fragments and (not awaited.whole or bool(self.warning))

    def _answer(self) -> None:
        if self._awaited is not None and not self.answered:
            self._awaited.done.set_result(perf_counter())

    def _poll(self, asked: Any) -> None:
        async def ask() -> None:
            while True:
                await asyncio.sleep(asked.interval)
                await self._socket.send(self._request(fragment=asked.fragment_id, poll=True))

        self._stop_polls([asked.fragment_id])
        self._polls[asked.fragment_id] = asyncio.create_task(ask())

    def _stop_polls(self, fragments: Any = None) -> None:
        for fragment in list(self._polls if fragments is None else fragments):
            if task := self._polls.pop(fragment, None):
                task.cancel()


def _drawn(message: ForwardMsg) -> Drawn | None:
    if message.delta.WhichOneof("type") != "new_element":
        return None
    element = message.delta.new_element
    kind = element.WhichOneof("type") or ""
    of_kind: Any = getattr(element, kind, None)
    says = warns = ""
    if kind == "exception":
        says = f"{of_kind.type}: {of_kind.message}"
    elif kind == "alert" and of_kind.format == of_kind.ERROR:
        says = of_kind.body
    elif kind == "alert" and of_kind.format == of_kind.WARNING:
        warns = of_kind.body
    return Drawn(str(getattr(of_kind, "id", "")), message.delta.fragment_id, says, warns)


def _cookie_of(address: str) -> str:
    """Ask for the page as a browser does, and return the cookie that keeps it with one serving process."""
    with urlopen(Request(address, headers={"Accept": "text/html"}), timeout=LONGEST_WAIT) as answer:
        return str(answer.headers.get("Set-Cookie", "")).partition(";")[0]


@asynccontextmanager
async def connected(address: str) -> AsyncIterator[Session]:
    """Open a session of the app at an address such as `http://127.0.0.1:8501`.

    Raises
    ------
    ConfigError
        If the app does not accept it.
    """
    from websockets.asyncio.client import connect
    from websockets.exceptions import InvalidHandshake

    stream = f"{address.replace('http', 'ws', 1)}/_stcore/stream"
    try:
        kept = {"Cookie": await asyncio.to_thread(_cookie_of, address)}
        socket = await connect(stream, max_size=LARGEST_MESSAGE, compression=None, additional_headers=kept)
    except (OSError, InvalidHandshake) as error:
        raise ConfigError(f"The app at {address} accepts no session: {error}") from error
    session = Session(socket)
    listening = asyncio.create_task(session.listen())
    try:
        yield session
    finally:
        await socket.close()
        await listening
