"""How the app answers many analysts at once while a training runs: sessions without a browser, one server.

A session walks through the pages of one finished run: it switches pages, moves and commits a threshold and
opens the test data, with a second of thinking between its actions.
"""

from __future__ import annotations

import asyncio
import random
from collections import defaultdict
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, field, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from time import monotonic

import numpy as np
import psutil

from rare_event.bench.browser import serve_app
from rare_event.bench.pages import trained
from rare_event.bench.session import Session, connected
from rare_event.bench.timing import Row, row
from rare_event.config import DenseModel, ExperimentConfig, SplitPlan
from rare_event.errors import ConfigError
from rare_event.store.runs import Run, create_run, list_runs
from rare_event.store.workspace import scratch_home

SESSIONS, SERVERS = (1, 5, 20), 2
# Walks of each session, sessions whose memory is looked at, and presses of Train at once.
WALKS, VISITORS, PRESSES = 3, 200, 10
VISITORS_AT_ONCE = 4
THINKING = 1.0  # seconds
TARGETS = {"switch": 1.0, "commit": 0.5, "opened": 2.0}  # seconds, 95th percentile of most sessions
NAMES = {
    "switch": "page switch",
    "release": "threshold moved",
    "commit": "commit",
    "told": "told of another commit",
    "opened": "test data opened",
}
# What a visitor looks at.
VISITED = ("Data", "Threshold")
PAGES = ("Data", "Train", "Threshold", "Evaluate", "Alarms", "Compare")
# So many times the committed threshold, drawn evenly: each session then has figures of its own.
THRESHOLDS = (0.95, 1.6)
# Until a training begins, or has ended.
LONGEST = 120.0  # seconds
POLL = 0.1  # seconds


@dataclass
class Taken:
    """Seconds of each kind of action, of each page, and the errors that were shown."""

    actions: dict[str, list[float]] = field(default_factory=lambda: defaultdict(list))
    pages: dict[str, list[float]] = field(default_factory=lambda: defaultdict(list))
    errors: list[str] = field(default_factory=list)


def many_sessions() -> Row:
    """Time the actions of 1, 5 and 20 sessions at once, on two serving processes while a model is trained.

    The figure is the 95th percentile of a page switch with the most sessions, against one session alone.
    The memory is that of both before and after 200 short sessions.
    """
    with TemporaryDirectory() as folder:
        home = Path(folder) / "home"
        query = trained(home)
        with scratch_home(home):
            finished = list_runs()[0]
            training = create_run(finished.dataset(), _endless())
            with serve_app(home, SERVERS) as address:
                return asyncio.run(_measured(address, query, finished, training))


async def _measured(address: str, query: str, finished: Run, training: Run) -> Row:
    servers, walk = _servers(address), Walk(finished, finished.committed().middle)
    async with AsyncExitStack() as stack:
        # Each process takes up waiting runs with its first page.
        for _ in range(SERVERS):
            first = await stack.enter_async_context(connected(address))
            await first.open("Data", query)
            await _until(lambda: training.status().epoch > 0)
            await walk.once(first, Taken())
    taken = {n: await _sessions(address, query, walk, n) for n in SESSIONS}
    before = _memory(servers)
    visitors = await _visitors(address, query)
    after = _memory(servers)
    places = await _presses(address, query)
    trains = training.status().state == "running"
    return _row(taken, (before, after), visitors, places, trains)


def _row(
    taken: Mapping[int, Taken], memory: tuple[int, int], visitors: Taken, places: list[str], trains: bool
) -> Row:
    counts = {
        n: {
            name: {"p50": _quantile(times, 0.5), "p95": _quantile(times, 0.95), "n": len(times)}
            for name, times in of.actions.items()
        }
        for n, of in taken.items()
    }
    most, one = max(counts), min(counts)
    errors = {n: of.errors for n, of in taken.items()} | {"visitors": visitors.errors}
    pages = {name: _quantile(times, 0.95) for name, times in taken[most].pages.items()}
    said = [
        f"{n} {'session' if n == 1 else 'sessions'}: "
        + ", ".join(f"{NAMES[name]} {it['p50']:.2f} / {it['p95']:.2f} s" for name, it in of.items())
        + f" (p50 / p95), {len(errors[n])} errors"
        for n, of in counts.items()
    ]
    grown = f"({memory[1] / memory[0] - 1:+.0%}), {len(visitors.errors)} errors"
    waiting = f"{places.count('running')} running, {places.count('queued')} queued"
    said += [
        f"pages with {most} sessions, p95: " + ", ".join(f"{name} {it:.2f} s" for name, it in pages.items()),
        f"{SERVERS} servers {memory[0] / 1e6:.0f} MB, {memory[1] / 1e6:.0f} MB after {VISITORS} more {grown}",
        f"{PRESSES} presses of Train at once, during {'a' if trains else 'no'} training: {waiting}",
    ]
    return row(
        counts[most]["switch"]["p95"],
        counts[one]["switch"]["p95"],
        f"page switch of one session; {most} sessions think {THINKING:g} s each time, a training runs",
        sessions=counts,
        pages=pages,
        errors=errors,
        memory={"before": memory[0], "after": memory[1]},
        presses=places,
        targets=TARGETS,
        notes=said,
    )


def _quantile(times: list[float], share: float) -> float:
    return float(np.quantile(times, share))


async def _sessions(address: str, query: str, walk: Walk, n_sessions: int) -> Taken:
    """Let sessions walk at once, none in step with another."""
    taken = Taken()

    async def act(number: int) -> None:
        async with connected(address) as session:
            await asyncio.sleep(THINKING * number / n_sessions)
            await session.open("Data", query)
            for _ in range(WALKS):
                await walk.once(session, taken)
            taken.errors += session.errors

    await asyncio.gather(*(act(number) for number in range(n_sessions)))
    return taken


@dataclass(frozen=True)
class Walk:
    """The way of a session through the pages of a run, whose threshold was `threshold` at first."""

    run: Run
    threshold: float

    async def once(self, session: Session, taken: Taken) -> None:
        """Walk through the pages once."""
        for page in PAGES:
            await self._act(session.switch(page), taken, "switch", page)
            if page == "Threshold":
                tried = self.threshold * random.uniform(*THRESHOLDS)
                key = f"threshold_explorer_{self.run.id}"
                await self._act(session.release(key, "released", tried), taken, "release")
                await self._act(session.press("threshold_commit"), taken, "commit")
                # Another session has committed meanwhile: the second press replaces that.
                while session.warning:
                    taken.actions["told"].append(taken.actions["commit"].pop())
                    await self._act(session.press("threshold_commit"), taken, "commit")
            # Another session may have opened them at this threshold.
            if page == "Evaluate" and session.has("evaluate_open"):
                await self._act(session.press("evaluate_open"), taken, "opened")

    async def _act(self, action: Awaitable[float], taken: Taken, name: str, page: str = "") -> None:
        seconds = await action
        taken.actions[name].append(seconds)
        if page:
            taken.pages[page].append(seconds)
        await asyncio.sleep(THINKING)


async def _visitors(address: str, query: str) -> Taken:
    """Open the app in many sessions, a few at once, each of which looks at two pages and leaves."""
    taken, waiting = Taken(), iter(range(VISITORS))

    async def visit() -> None:
        for _ in waiting:
            async with connected(address) as session:
                await session.open("Data", query)
                for page in VISITED:
                    await session.switch(page)
                taken.errors.extend(session.errors)

    await asyncio.gather(*(visit() for _ in range(VISITORS_AT_ONCE)))
    return taken


async def _presses(address: str, query: str) -> list[str]:
    """Press Train in several sessions at once, and return the states of all runs that have not ended."""
    async with AsyncExitStack() as stack:
        sessions = [await stack.enter_async_context(connected(address)) for _ in range(PRESSES)]
        for session in sessions:
            await session.open("Train", query)
            await session.choose("train_baselines", False)
        await asyncio.gather(*(session.press("train_start") for session in sessions))
        return [status.state for run in list_runs(role=None) if not (status := run.status()).ended]


def _servers(address: str) -> list[psutil.Process]:
    """Return the process that serves an address, and those that it serves by.

    Raises
    ------
    ConfigError
        If none of ours does.
    """
    port = int(address.rpartition(":")[2])
    for process in psutil.Process().children():
        if port in _ports(process):
            return [process, *(each for each in process.children() if _ports(each))]
    raise ConfigError(f"No process of this bench serves {address}.")


def _ports(process: psutil.Process) -> list[int]:
    return [it.laddr.port for it in process.net_connections() if it.status == "LISTEN"]


def _memory(processes: Sequence[psutil.Process]) -> int:
    return sum(process.memory_info().rss for process in processes)


async def _until(holds: Callable[[], bool]) -> None:
    ends = monotonic() + LONGEST
    while not holds():
        if monotonic() > ends:
            raise ConfigError(f"The training of the bench has not begun within {LONGEST:.0f} s.")
        await asyncio.sleep(POLL)


def _endless() -> ExperimentConfig:
    """Return settings of a training that outlasts the bench."""
    config = ExperimentConfig(model=DenseModel(), split=SplitPlan("chronological"))
    return replace(config, training=replace(config.training, epochs=100_000, patience=None))
