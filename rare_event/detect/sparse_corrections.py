"""Sparse corrections of the input of a network, for many windows in one compiled program.

The idea is that of ARCANA (Roelofs et al. 2021, Energy and AI 4): add to the input a correction that is
penalised by its size, and lower the reconstruction error of the corrected input. Here the penalty is that
of the group lasso, over all inputs of a sensor in the window, and it falls step by step from the size at
which nothing is corrected: sensors enter one after the other. A penalised correction is spread over
sensors that go together, so those that entered first are only candidates: they are then corrected freely,
one more at a time, each time the one that lowers the error most.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import numpy as np

from rare_event.config import Score
from rare_event.detect.averages import squared_errors
from rare_event.detect.operations import quick_operations
from rare_event.detect.programs import Network, compiled_if_possible, values_of

# Windows of one call; the last is filled up, so that one program serves any number.
WINDOWS = 64
# Penalties of the path, each this much smaller than the last, and steps of the optimiser at each.
PENALTIES, SHRINK, STEPS = 24, 0.8, 12
# Steps without a penalty, and their momentum. After the trial steps only the best candidates are followed.
TRIAL_STEPS, FREE_STEPS, MOMENTUM = 8, 40, 0.9
FOLLOWED = 3
FIRST_STEP = 0.2
NEVER = 1e9


def sparse_corrections(
    model: Any, windows: np.ndarray, targets: np.ndarray, groups: np.ndarray, config: Score, most: int
) -> tuple[list[tuple[int, ...]], np.ndarray]:
    """Correct windows in few groups of inputs, one more at a time until the score is below its target.

    Parameters
    ----------
    model
        Input and outputs of shape (batch, lookback, n_features); several are those of an average.
    windows
        float32, shape (n_windows, lookback, n_features).
    targets
        Scores that they shall fall below, shape (n_windows,).
    groups
        Group of each input, from 0; -1 is never corrected.
    config
        Which rows of a window count, and how sensor errors become a score.
    most
        Groups to correct, at most the number of groups.

    Returns
    -------
    tuple
        The groups of each window in the order in which they were found, and the corrected windows.
    """
    enter, choose = _programs(Network.of(model), config, tuple(groups.tolist()), most)
    weights = values_of(model.trainable_variables), values_of(model.non_trainable_variables)
    corrected = windows.astype(np.float32)
    every, targets = np.arange(len(windows)), targets.astype(np.float32)
    candidates, score = _in_parts(enter, weights, every, corrected)
    taken = np.zeros((len(windows), most), np.float32)
    chosen = np.full((len(windows), most), -1)
    for number in range(most):
        going = every[score >= targets]
        if not len(going):
            break
        best, corrected[going], score[going] = _in_parts(choose, weights, going, corrected, candidates, taken)
        taken[going, best] = 1
        chosen[going, number] = candidates[going, best]
    found = [tuple(one[one >= 0].tolist()) for one in chosen]
    # What is not corrected must stay as it is, to the last bit.
    rows = rows_corrected(config, windows.shape[1])
    free = np.array([np.outer(rows, np.isin(groups, one)) for one in found]).reshape(windows.shape)
    return found, np.where(free, corrected, windows)


def _in_parts(program: Any, weights: Any, which: np.ndarray, *of_window: np.ndarray) -> list[np.ndarray]:
    """Call a program of `WINDOWS` windows as often as these windows need."""
    results = []
    for start in range(0, len(which), WINDOWS):
        part = which[start : start + WINDOWS]
        filled = np.resize(part, WINDOWS)
        results.append(
            [
                result.numpy()[: len(part)]
                for result in program(*weights, *(each[filled] for each in of_window))
            ]
        )
    return [np.concatenate(each) for each in zip(*results, strict=True)]


def rows_corrected(config: Score, lookback: int) -> np.ndarray:
    """Return which rows of a window are corrected: those that its score counts, bool of shape (lookback,)."""
    corrected: np.ndarray = (np.arange(lookback) == lookback - 1) | (config.steps == "window")
    return corrected


@lru_cache(maxsize=4)
def _programs(network: Network, config: Score, groups: tuple[int, ...], most: int) -> tuple[Any, Any]:
    """Return the program that finds candidates, and the one that corrects one more of them."""
    import tensorflow as tf

    model = network.model
    windows = tf.zeros((WINDOWS, *model.input_shape[1:]))
    member = tf.constant(np.equal.outer(groups, np.arange(max(groups) + 1)), tf.float32)
    weights = values_of(model.trainable_variables), values_of(model.non_trainable_variables)
    # Rows that do not count would only change what the model expects of those that do.
    rows = tf.constant(rows_corrected(config, model.input_shape[1]), tf.float32)[:, None]
    counted = len(groups) if config.top_k is None else min(config.top_k, len(groups))

    def each(trainable: Any, others: Any, corrected: Any) -> Any:
        again, _ = model.stateless_call(trainable, others, corrected, training=False)
        squared = squared_errors(again, corrected)
        return squared[:, -1] if config.steps == "last" else tf.reduce_mean(squared, 1)

    def errors_of(trainable: Any, others: Any) -> Any:
        return lambda corrected: tf.reduce_sum(each(trainable, others, corrected), 1)

    def score(errors: Any) -> Any:
        return tf.reduce_mean(tf.math.top_k(errors, counted)[0], 1)

    def enter(trainable: Any, others: Any, windows: Any) -> Any:
        errors = errors_of(trainable, others)
        return _entering(errors, windows, member, rows, most), score(each(trainable, others, windows))

    def choose(trainable: Any, others: Any, moved: Any, candidates: Any, taken: Any) -> Any:
        best, nearer = _one_more(errors_of(trainable, others), moved, candidates, taken, member, rows)
        return best, nearer, score(each(trainable, others, nearer))

    tried = windows, tf.zeros((WINDOWS, most), tf.int32), tf.zeros((WINDOWS, most))
    return _compiled(enter, *weights, windows), _compiled(choose, *weights, *tried)


def _compiled(run: Any, *arguments: Any) -> Any:
    import tensorflow as tf

    def program(compiled: bool) -> Any:
        function = tf.function(run, jit_compile=compiled, autograph=False)
        with quick_operations():
            function(*arguments)
        return function

    return compiled_if_possible(program)


def _one_more(
    errors: Any, moved: Any, candidates: Any, taken: Any, member: Any, rows: Any
) -> tuple[Any, Any]:
    """Correct one candidate more, that with the least error; return its place and the corrected windows."""
    import tensorflow as tf

    count, most = candidates.shape
    inputs = tf.one_hot(candidates, member.shape[1]) @ tf.transpose(member)
    tried = tf.minimum(taken[:, None, :] + tf.eye(most), 1.0) @ inputs
    free = tf.reshape(tried, [count * most, 1, -1]) * rows
    state = _free(errors, _begun(errors, tf.repeat(moved, most, axis=0)), free, TRIAL_STEPS)
    error = tf.where(taken > 0, np.inf, tf.reshape(state[2], [count, most]))
    kept = tf.math.top_k(-error, min(FOLLOWED, most))[1]
    places = tf.reshape(kept + most * tf.range(count)[:, None], [-1])
    *_, error, _ = state = _free(
        errors, [tf.gather(each, places) for each in state], tf.gather(free, places), FREE_STEPS - TRIAL_STEPS
    )
    taken_too = tf.gather(taken, kept, batch_dims=1) > 0
    first = tf.argmin(tf.where(taken_too, np.inf, tf.reshape(error, kept.shape)), 1, output_type=tf.int32)
    shaped = tf.reshape(state[0], [*kept.shape, *moved.shape[1:]])
    return tf.gather(kept, first, batch_dims=1), tf.gather(shaped, first, batch_dims=1)


def _slope(errors: Any, windows: Any) -> tuple[Any, Any]:
    """Return the errors of windows and their gradients."""
    import tensorflow as tf

    with tf.GradientTape() as tape:
        tape.watch(windows)
        error = errors(windows)
    return error, tape.gradient(error, windows)


def _entering(errors: Any, windows: Any, member: Any, rows: Any, most: int) -> Any:
    """Return the groups that enter first while the penalty falls, shape (n_windows, most)."""
    import tensorflow as tf

    def sizes(moved: Any) -> Any:
        return tf.sqrt(tf.reduce_sum(tf.square(moved), 1) @ member)

    def step(number: Any, moved: Any, rate: Any, penalty: Any) -> Any:
        """Take a proximal gradient step, or a shorter one next time where the error is not bounded by it."""
        error, gradient = _slope(errors, windows + moved)
        nearer = moved - rate[:, None, None] * gradient
        kept = tf.nn.relu(1 - (rate * penalty)[:, None] / tf.maximum(sizes(nearer), 1e-12))
        nearer *= (kept @ tf.transpose(member))[:, None] * rows
        by = nearer - moved
        bound = error + tf.reduce_sum(gradient * by + tf.square(by) / (2 * rate[:, None, None]), [1, 2])
        good = errors(windows + nearer) <= bound + 1e-6 * error
        moved = tf.where(good[:, None, None], nearer, moved)
        return number + 1, moved, tf.where(good, 1.2 * rate, 0.5 * rate), penalty

    def lower(number: Any, moved: Any, rate: Any, penalty: Any, entered: Any) -> Any:
        going = _few(entered, most)
        _, nearer, rate, _ = tf.while_loop(
            lambda turn, *_: turn < STEPS, step, (0, moved, rate, penalty), maximum_iterations=STEPS
        )
        moved = tf.where(going[:, None, None], nearer, moved)
        new = (sizes(moved) > 0) & (entered >= NEVER)
        return number + 1, moved, rate, SHRINK * penalty, tf.where(new, tf.cast(number, tf.float32), entered)

    _, gradient = _slope(errors, windows)
    gradient *= rows
    penalty = 0.98 * tf.reduce_max(sizes(gradient), 1)
    count = tf.shape(windows)[0]
    entered = tf.fill([count, member.shape[1]], NEVER)
    first = (0, tf.zeros_like(windows), tf.fill([count], FIRST_STEP), penalty, entered)
    _, moved, _, _, entered = tf.while_loop(
        lambda number, *state: (number < PENALTIES) & tf.reduce_any(_few(state[-1], most)), lower, first
    )
    # Of those that entered together, the one that moved further; of those that never did, the steeper one.
    size = tf.where(entered < NEVER, sizes(moved), sizes(gradient))
    size /= tf.maximum(tf.reduce_max(size, 1, keepdims=True), 1e-12)
    rank = tf.minimum(entered, 2.0 * PENALTIES)
    return tf.math.top_k(0.5 * size - rank, most)[1]


def _few(entered: Any, most: int) -> Any:
    import tensorflow as tf

    return tf.reduce_sum(tf.cast(entered < NEVER, tf.int32), 1) < most


def _begun(errors: Any, begun: Any) -> list[Any]:
    """Return the state of a minimisation: the windows, their last steps, their errors and their rates."""
    import tensorflow as tf

    return [begun, tf.zeros_like(begun), errors(begun), tf.fill([tf.shape(begun)[0]], FIRST_STEP)]


def _free(errors: Any, state: list[Any], free: Any, steps: int) -> list[Any]:
    """Go on minimising the errors of windows over the inputs that are free."""
    import tensorflow as tf

    def step(number: Any, moved: Any, by: Any, error: Any, rate: Any) -> Any:
        at = moved + MOMENTUM * by
        _, gradient = _slope(errors, at)
        nearer = at - rate[:, None, None] * gradient * free
        now = errors(nearer)
        good = now < error
        wide = good[:, None, None]
        return (
            number + 1,
            tf.where(wide, nearer, moved),
            tf.where(wide, nearer - moved, 0.0),
            tf.where(good, now, error),
            tf.where(good, 1.2 * rate, 0.5 * rate),
        )

    reached: list[Any] = list(tf.while_loop(lambda number, *_: number < steps, step, (0, *state))[1:])
    return reached
