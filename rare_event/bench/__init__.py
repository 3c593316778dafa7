"""The bench: speed and memory against references measured in the same run, and how often promises hold.

Each row of `ROWS` measures our code and a reference; no figure is stored.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from rare_event.bench.averages import averages
from rare_event.bench.cluster import cluster, cluster_score
from rare_event.bench.command_line import start
from rare_event.bench.explorer import explorer_frame
from rare_event.bench.first_minute import first_chart, first_model
from rare_event.bench.load import many_sessions
from rare_event.bench.long_files import large
from rare_event.bench.machine import machine_in_words, this_machine
from rare_event.bench.many import train_many
from rare_event.bench.pages import answers, page_switch
from rare_event.bench.promise import promise
from rare_event.bench.reading import ingest
from rare_event.bench.scoring import score, score_large
from rare_event.bench.stages import backtest, operating_points, prepare
from rare_event.bench.timing import Row
from rare_event.bench.training import train_dense, train_dropout, train_lookback, train_lstm, train_memory
from rare_event.errors import ConfigError

__all__ = ["HEADER", "QUICK", "ROWS", "describe", "machine_in_words", "measure", "names_of", "this_machine"]

ROWS: dict[str, Callable[[], Row]] = {
    "train-dense": train_dense,
    "train-dropout": train_dropout,
    "train-lstm": train_lstm,
    "train-lookback": train_lookback,
    "train-many": train_many,
    "prepare": prepare,
    "operating-points": operating_points,
    "explorer-frame": explorer_frame,
    "train-memory": train_memory,
    "start": start,
    "score": score,
    "score-large": score_large,
    "backtest": backtest,
    "large": large,
    "ingest": ingest,
    "first-chart": first_chart,
    "first-model": first_model,
    "page-switch": page_switch,
    "answers": answers,
    "load": many_sessions,
    "cluster": cluster,
    "cluster-score": cluster_score,
    "promise": promise,
    "averages": averages,
}


# Measured only when they are named: many rows, people, workers and plants take as long as all others.
ONLY_NAMED = ("score-large", "load", "cluster", "cluster-score", "promise", "averages")
# Those that a change of the training or the judging moves first.
QUICK = ("train-dense", "prepare", "operating-points", "explorer-frame", "start", "backtest")
HEADER = f"{'':18}{'ours':>12}{'reference':>14}{'ratio':>9}  reference is\n"


def names_of(names: Sequence[str], quick: bool = False) -> list[str]:
    """Return the rows to measure: those named, or the quick ones, or all that need not be named.

    Raises
    ------
    ConfigError
        If a name is unknown, or rows are named and the quick ones asked for.
    """
    unknown = [name for name in names if name not in ROWS]
    if unknown:
        raise ConfigError(f"There is no benchmark {unknown[0]!r}. The benchmarks are {', '.join(ROWS)}.")
    if quick and names:
        raise ConfigError("--quick chooses the benchmarks itself. Leave out their names, or --quick.")
    return list(names or (QUICK if quick else [name for name in ROWS if name not in ONLY_NAMED]))


def measure(names: Sequence[str]) -> Iterator[tuple[str, Row]]:
    """Measure rows of the bench one after the other, and yield each with its name when it is known."""
    for name in names:
        yield name, ROWS[name]()


def describe(name: str, figures: Row) -> str:
    """Format a row as lines of the table under `HEADER`."""
    ours, reference = (_figure(figures[side], figures.get("unit")) for side in ("ours", "reference"))
    said = [f"{name:18}{ours:>12}{reference:>14}{figures['ratio']:>9.2f}  {figures['reference_is']}"]
    return "".join(f"{line}\n" for line in [*said, *(f"  {note}" for note in figures.get("notes", ()))])


def _figure(value: float, unit: str | None) -> str:
    if unit == "bytes":
        return f"{value / 1e6:.0f} MB"
    return f"{value:.1%}" if unit == "share" else f"{value:.4g} s"
