"""The bench: speed and size against references, measured in turn in the same run.

Each row of `ROWS` returns what ours and the reference took; nothing here is a stored figure.
Comparisons run in a process of their own, so that one row's memory is not another's.
"""

from __future__ import annotations

import json
import resource
import shutil
import subprocess
import sys
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from statistics import median
from time import perf_counter
from typing import Any, cast

import numpy as np

from rare_event.config import ARTICLE_DENSE, ARTICLE_LSTM, AlarmPolicy, ExperimentConfig, LSTMModel, Training
from rare_event.errors import ConfigError

Row = dict[str, Any]

# The articles' setting: rows, sensors and epochs of the mill, on synthetic values, so that the
# bench needs no data that may not be passed on.
N_ROWS, N_SENSORS, EPOCHS = 14_400, 59, 200
MILL_ROWS = 18_398
TURNS = 5
EPOCHS_A_TURN = 4
MOVES = 120
EXPLORER = Path(__file__).parent / "ui" / "threshold_explorer"
CHROMIUM_ARGUMENTS = [
    "--headless=new",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--no-first-run",
]


def seconds(action: Callable[[], object]) -> float:
    """Wall time of one call.

    Parameters
    ----------
    action
        What to time.
    """
    began = perf_counter()
    action()
    return perf_counter() - began


def in_turn(ours: Callable[[], object], reference: Callable[[], object], turns: int) -> tuple[float, float]:
    """Median wall times of two actions that take turns, in seconds.

    Parameters
    ----------
    ours, reference
        The actions, warm.
    turns
        How often each is called.
    """
    times = [(seconds(ours), seconds(reference)) for _ in range(turns)]
    return median(t[0] for t in times), median(t[1] for t in times)


def row(ours: float, reference: float, reference_is: str, **more: Any) -> Row:
    """Make a row of the bench.

    Parameters
    ----------
    ours, reference
        Seconds or bytes.
    reference_is
        What the reference is.
    **more
        Further figures.
    """
    return {
        "ours": ours,
        "reference": reference,
        "ratio": reference / ours,
        "reference_is": reference_is,
        **more,
    }


def correlated_rows(n_rows: int = N_ROWS, n_sensors: int = N_SENSORS, seed: int = 0) -> np.ndarray:
    """Standardised rows of low rank with noise, float32, shape (n_rows, n_sensors).

    Parameters
    ----------
    n_rows, n_sensors, seed
        Size and seed.
    """
    random = np.random.default_rng(seed)
    factors = random.normal(size=(n_rows, 12)) @ random.normal(size=(12, n_sensors))
    values = factors + 0.5 * random.normal(size=factors.shape)
    return (values / values.std(axis=0)).astype(np.float32)


def train(config: ExperimentConfig) -> Row:
    """Time 200 epochs by the compiled epoch and by `model.fit` of the same model.

    Either is its first call plus 199 warm epochs. A turn is several epochs in a row, as in a training:
    the first after another's turn is slower for everybody. An LSTM is also fitted as the
    article's code builds it: Keras does not unroll a layer unless told to. Building a model is counted
    for nobody.

    Parameters
    ----------
    config
        Model, lookback and training.
    """
    from rare_event.detect.detector import build_network
    from rare_event.detect.training import forget_programs

    X, ends = correlated_rows(N_ROWS), np.arange(config.lookback - 1, N_ROWS)
    train_ends, held_out = np.split(ends, [round(0.8 * len(ends))])
    model = build_network(config, N_SENSORS)
    actions = [_compiled(config, X, train_ends, held_out), _fitted(config, model, X, train_ends, held_out)]
    if isinstance(config.model, LSTMModel):
        rolled = model.__class__.from_config(_rolled(model.get_config()))
        actions.append(_fitted(config, rolled, X, train_ends, held_out))
    forget_programs()
    first = [seconds(action) for action in actions]
    warm: list[list[tuple[float, float]]] = [[] for _ in actions]
    for _ in range(TURNS):
        for action, epochs in zip(actions, warm, strict=True):
            epochs.extend(_timed(action) for _ in range(EPOCHS_A_TURN))
    epoch = [median(spent for spent, _ in epochs) for epochs in warm]
    # Later the order of the windows, which either draws, decides when a loss leaves its plateau.
    losses = [epochs[EPOCHS_A_TURN - 1][1] for epochs in warm[:2]]
    ours, reference, *articles = [a + (EPOCHS - 1) * b for a, b in zip(first, epoch, strict=True)]
    again = _compiled(config, correlated_rows(N_ROWS, seed=1), train_ends[:-100], held_out[:-50])
    return row(
        ours,
        reference,
        "model.fit of the same model on materialised windows",
        first_call=first[:2],
        warm_epoch=epoch[:2],
        validation_loss_after_equal_epochs=losses,
        second_training_starts_in=seconds(again),
        **({"articles_layers": {"reference": articles[0], "ratio": articles[0] / ours}} if articles else {}),
    )


def _timed(epoch: Callable[[], float]) -> tuple[float, float]:
    """Return the wall time of an epoch, and its validation loss."""
    began = perf_counter()
    loss = epoch()
    return perf_counter() - began, loss


def _compiled(
    config: ExperimentConfig, X: np.ndarray, train_ends: np.ndarray, held_out: np.ndarray
) -> Callable[[], float]:
    """Prepare a training by the compiled epoch: each call is an epoch, the first compiles."""
    from rare_event.detect.detector import build_network
    from rare_event.detect.training import compile_epoch

    model, random = build_network(config, N_SENSORS), np.random.default_rng(0)
    under_way: list[Any] = []

    def epoch() -> float:
        if not under_way:
            under_way.extend(compile_epoch(model, X, held_out, len(train_ends), config.training))
        state, run_epoch = under_way
        under_way[0], _, validation_loss = run_epoch(state, random.permutation(train_ends))
        return float(validation_loss)

    return epoch


def _fitted(
    config: ExperimentConfig, model: Any, X: np.ndarray, train_ends: np.ndarray, held_out: np.ndarray
) -> Callable[[], float]:
    """Prepare a training by `model.fit`: each call is an epoch."""
    from rare_event.detect.layers import import_keras
    from rare_event.prepare.windows import gather

    windows, held_out_windows = (gather(X, ends, config.lookback) for ends in (train_ends, held_out))
    model.compile(loss="mse", optimizer=import_keras().optimizers.Adam(config.training.learning_rate))

    def epoch() -> float:
        history = model.fit(
            windows,
            windows,
            batch_size=config.training.batch_size,
            validation_data=(held_out_windows, held_out_windows),
            verbose=0,
        )
        return float(history.history["val_loss"][0])

    return epoch


def _rolled(described: dict[str, Any]) -> dict[str, Any]:
    """Return a Sequential model's config with no layer unrolled."""
    layers = [
        {**layer, "config": {name: value for name, value in layer["config"].items() if name != "unroll"}}
        for layer in described["layers"]
    ]
    return {**described, "layers": layers}


def train_dense() -> Row:
    """Time the dense article's training."""
    return train(ARTICLE_DENSE)


def train_lstm() -> Row:
    """Time the LSTM article's training."""
    return train(ARTICLE_LSTM)


def prepare() -> Row:
    """Time curve shift, windows and scaling of the mill's size against loops over rows."""
    from sklearn.preprocessing import StandardScaler

    from rare_event.prepare.features import FittedRepresentation, derive
    from rare_event.prepare.labels import curve_shift
    from rare_event.prepare.windows import article_window_ends, gather

    X = correlated_rows(18_398)
    label = np.zeros(len(X), np.int8)
    label[100::150] = 1
    scaler, shift, lookback = StandardScaler().fit(X), 2, 5
    center, scale = scaler.mean_.astype(np.float32), scaler.scale_.astype(np.float32)
    names = tuple(map(str, range(N_SENSORS)))
    levels = ARTICLE_LSTM.representation
    fitted = FittedRepresentation(levels, names, center, scale, {})

    def ours() -> np.ndarray:
        shifted = curve_shift(label, shift)
        derived = derive(X, np.zeros(len(X), np.int64), levels, names)
        scaled = fitted.transform(derived.take(shifted.rows))
        return gather(scaled, article_window_ends(len(scaled), lookback), lookback)

    def reference() -> np.ndarray:
        y = label.copy()
        for i in np.flatnonzero(label).tolist():
            for j in range(max(0, i - shift), i):
                y[j] = 1
        rows = [row for row in range(len(label)) if label[row] == 0]
        kept = X[rows]
        blocks = []
        for i in range(len(kept) - lookback - 1):
            block = []
            for j in range(1, lookback + 1):
                block.append(kept[i + j + 1, :])
            blocks.append(block)
        windows = np.array(blocks)
        for number, window in enumerate(windows):
            windows[number] = scaler.transform(window)
        return windows

    if not np.allclose(ours(), reference(), atol=1e-5):
        raise AssertionError("The vectorised preparation differs from the loops.")
    return row(
        *in_turn(ours, reference, 3), "the articles' way: loops over rows, each window scaled on its own"
    )


def operating_points() -> Row:
    """Time all operating points of 1,000,000 rows, events and alarms included, against one argsort."""
    from rare_event.judge.thresholds import operating_points as count

    scores = synthetic_scores(1_000_000)

    def ours() -> object:
        return count(scores, AlarmPolicy())

    def reference() -> object:
        return np.argsort(scores.y_score)

    ours(), reference()
    return row(*in_turn(ours, reference, 7), "numpy.argsort of the scores")


def synthetic_scores(n_rows: int, seed: int = 0) -> Any:
    """Scores of stretches of about 150 rows, 60 % of which end with an event.

    Parameters
    ----------
    n_rows, seed
        Size and seed.
    """
    from rare_event.judge.scores import Scores

    random = np.random.default_rng(seed)
    stretch = np.cumsum(random.random(n_rows) < 1 / 150)
    ends_with_event = random.random(stretch[-1] + 1) < 0.6
    restart = np.diff(stretch, prepend=0) > 0
    clock = 2.0 * np.arange(n_rows) + np.cumsum(np.where(restart, 60.0, 0.0))
    last = np.append(np.flatnonzero(np.diff(stretch)), n_rows - 1)
    number = np.where(ends_with_event, np.cumsum(ends_with_event) - 1, -1)
    present, position = np.unique(stretch, return_inverse=True)
    event = number[present][position]
    to_event = np.where(event >= 0, clock[last][position] + 2.0 - clock, np.inf)
    return Scores(
        row=np.arange(n_rows),
        clock=clock,
        stretch=stretch,
        fold=np.zeros(n_rows, np.int64),
        y_true=(to_event <= 4).astype(np.int8),
        y_score=random.gamma(2.0, size=n_rows),
        event=event,
        to_event=to_event,
        total_events=np.unique(event[event >= 0]),
        step=2.0,
    )


def train_memory() -> Row:
    """Peak memory of training at lookback 30 over lookback 5, each in a process of its own."""
    peak = {}
    for lookback in (5, 30):
        code = f"from rare_event.bench import peak_of_training; peak_of_training({lookback})"
        done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
        peak[lookback] = float(done.stdout.split()[-1])
    return row(
        peak[30], peak[5], "peak bytes of the process at lookback 5", unit="bytes", growth=peak[30] / peak[5]
    )


def peak_of_training(lookback: int) -> None:
    """Train two epochs of a dense model on 100,000 rows and write the peak memory, in bytes.

    Parameters
    ----------
    lookback
        Rows in one window.
    """
    from rare_event.detect.detector import build_network
    from rare_event.detect.training import train_autoencoder

    X = correlated_rows(100_000)
    ends = np.arange(lookback - 1, len(X))
    model = build_network(replace(ARTICLE_DENSE, lookback=lookback), N_SENSORS)
    train_autoencoder(model, X, ends[:80_000], ends[80_000:], Training(epochs=2), seed=0)
    sys.stdout.write(f"{_peak_bytes()}\n")


def _peak_bytes() -> int:
    """Peak resident memory of this process."""
    status = Path("/proc/self/status")
    if status.exists():
        # Not getrusage: on Linux its figure includes the parent's size at the time of the fork.
        return int(status.read_text().split("VmHWM:")[1].split()[0]) * 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss


def score() -> Row:
    """Time scoring windows of the LSTM against `model.predict` on materialised windows."""
    from rare_event.config import Score
    from rare_event.detect.detector import fit_detector
    from rare_event.detect.scoring import score as score_windows
    from rare_event.prepare.windows import gather

    X = correlated_rows()
    ends = np.arange(ARTICLE_LSTM.lookback - 1, len(X))
    config = replace(ARTICLE_LSTM, training=replace(ARTICLE_LSTM.training, epochs=1))
    detector, _ = fit_detector(config, X, np.zeros(len(X), np.int8), ends[:10_000], ends[10_000:])
    windows = gather(X, ends, config.lookback)

    def ours() -> object:
        return score_windows(detector, X, ends, Score())

    def reference() -> object:
        errors = np.square(cast(Any, detector).model.predict(windows, verbose=0) - windows)
        return errors[:, -1].mean(axis=1)

    ours(), reference()
    return row(*in_turn(ours, reference, TURNS), "model.predict on materialised windows")


def backtest() -> Row:
    """Time a backtest of the recommended model over 6 folds, from the table to the judgement.

    The table is a sample mill of the real one's length. The reference is one training of the dense
    article's setting, read off as in `train`.
    """
    from rare_event.config import RECOMMENDED
    from rare_event.prepare.sample import sample_mill
    from rare_event.prepare.table import read_table
    from rare_event.work.backtest import backtest as run_backtest

    table = read_table(sample_mill(MILL_ROWS).to_csv(index=False).encode())
    reference = float(train(ARTICLE_DENSE)["reference"])
    ours = seconds(lambda: run_backtest(table, [RECOMMENDED]))
    return row(ours, reference, f"one model.fit of the dense article's setting, {EPOCHS} epochs")


def explorer_frame() -> Row:
    """Script time of a frame while dragging the explorer over 1,000,000 scored rows, 95th percentile.

    Raises
    ------
    ConfigError
        If Playwright or Chromium is missing.
    """
    try:
        from playwright.sync_api import sync_playwright
    except ModuleNotFoundError as error:
        raise ConfigError("The row explorer-frame needs Playwright: pip install playwright.") from error
    chromium = shutil.which("chromium") or shutil.which("chromium-browser")
    if chromium is None:
        raise ConfigError("The row explorer-frame needs Debian's Chromium: apt-get install chromium.")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=CHROMIUM_ARGUMENTS)
        page = browser.new_page(viewport={"width": 1440, "height": 900})
        page.set_content(_explorer_page())
        page.wait_for_selector(".explorer[data-threshold]")
        box = page.locator("svg").bounding_box() or {"x": 0, "y": 0, "width": 1400, "height": 440}
        page.mouse.move(box["x"] + 100, box["y"] + 100)
        page.mouse.down()
        page.evaluate("performance.clearMeasures()")
        for share in np.linspace(0.05, 0.95, MOVES).tolist():
            page.mouse.move(box["x"] + share * box["width"], box["y"] + 100)
            page.evaluate("new Promise(requestAnimationFrame)")
        spent = page.evaluate(
            "performance.getEntriesByName('threshold-frame').map((frame) => frame.duration)"
        )
        browser.close()
    p95 = float(np.quantile(spent, 0.95)) / 1000
    return row(p95, 1 / 60, "one frame at 60 Hz", frames=len(spent), moves=MOVES)


def _explorer_page() -> str:
    """Return the explorer on a page of its own, with the data of 1,000,000 scored rows."""
    from rare_event.config import Costs
    from rare_event.judge.explorer import event_levels, explorer_columns
    from rare_event.plots.explorer import explorer_data

    scores, policy = synthetic_scores(1_000_000), AlarmPolicy()
    threshold = float(np.quantile(scores.y_score, 0.99))
    data = explorer_data(
        explorer_columns(scores, policy, (threshold,)),
        scores,
        event_levels(scores, policy),
        threshold,
        part="Validation",
        unit="bench",
        costs=Costs(),
    )
    html, css, script = (
        (EXPLORER / f"explorer.{kind}").read_text(encoding="utf-8") for kind in ("html", "css", "js")
    )
    start = "explorer({ data, parentElement: document.body, setTriggerValue() {} });"
    return (
        f"<style>{css}</style><body>{html}<script type='module'>const data = {json.dumps(data)};\n"
        f"{script.replace('export default function', 'function')}\n{start}</script></body>"
    )


ROWS: dict[str, Callable[[], Row]] = {
    "train-dense": train_dense,
    "train-lstm": train_lstm,
    "prepare": prepare,
    "operating-points": operating_points,
    "explorer-frame": explorer_frame,
    "train-memory": train_memory,
    "score": score,
    "backtest": backtest,
}


def measure(names: Sequence[str]) -> dict[str, Row]:
    """Measure rows of the bench.

    Parameters
    ----------
    names
        Of `ROWS`; all if empty.

    Raises
    ------
    ConfigError
        If a name is not known.
    """
    unknown = [name for name in names if name not in ROWS]
    if unknown:
        raise ConfigError(f"The bench has no row {unknown[0]!r}; it has {', '.join(ROWS)}.")
    return {name: ROWS[name]() for name in names or ROWS}


def describe(rows: dict[str, Row]) -> str:
    """Lay the rows out as a table.

    Parameters
    ----------
    rows
        Of `measure`.
    """
    lines = [f"{'':18}{'ours':>12}{'reference':>14}{'ratio':>9}  reference is"]
    for name, figures in rows.items():
        in_bytes = figures.get("unit") == "bytes"
        ours, reference = (
            f"{figures[side] / 1e6:.0f} MB" if in_bytes else f"{figures[side]:.4g} s"
            for side in ("ours", "reference")
        )
        lines.append(f"{name:18}{ours:>12}{reference:>14}{figures['ratio']:>9.2f}  {figures['reference_is']}")
    return "\n".join(lines) + "\n"
