"""Random bits of the compiled epoch: against a plain implementation, and against the distributions."""

import numpy as np
import pytest
from scipy import stats

from rare_event.detect import random_bits as drawn_from
from rare_event.detect.random_bits import dropout, hashed, normal, random_bits, uniform

N = 100_000


def naive_hash(number: int) -> int:
    number ^= number >> 16
    number = number * 0x85EBCA6B % 2**32
    number ^= number >> 13
    number = number * 0xC2B2AE35 % 2**32
    return number ^ number >> 16


def naive_bits(n: int, first: int, second: int) -> list[int]:
    key = naive_hash((first + naive_hash((second + 0x9E3779B9) % 2**32)) % 2**32)
    again = naive_hash((key + second) % 2**32)
    return [naive_hash((naive_hash(place ^ key) + again) % 2**32) for place in range(n)]


def test_the_hash_is_the_known_one() -> None:
    import tensorflow as tf

    numbers = [0, 1, 2, 2**31, 2**32 - 1]
    found = hashed(tf.constant(numbers, tf.uint32)).numpy().tolist()
    # The first two are published test values of MurmurHash3's last step.
    assert found[:2] == [0, 0x514E28B7]
    assert found == [naive_hash(number) for number in numbers]
    assert len(set(found)) == len(numbers)


@pytest.mark.parametrize("seed", [(0, 0), (7, 1), (2**31 - 2, 2**31 - 3)])
def test_bits_are_those_of_a_plain_implementation(seed: tuple[int, int]) -> None:
    found = random_bits((6, 5), seed).numpy()
    assert found.shape == (6, 5)
    assert found.ravel().tolist() == naive_bits(30, *seed)
    assert (found != random_bits((6, 5), (seed[0], seed[1] + 1)).numpy()).all(), "the next draw is another"


def test_draws_have_nothing_to_do_with_one_another() -> None:
    draws = np.array([random_bits((2_000,), (3, number)).numpy() for number in range(40)])
    shares = draws / 2**32
    correlations = np.asarray(np.corrcoef(shares))
    assert np.abs(correlations[np.triu_indices(40, 1)]).max() < 5 / np.sqrt(2_000)
    neighbours = np.corrcoef(shares[:, 1:].ravel(), shares[:, :-1].ravel())[0, 1]
    assert abs(neighbours) < 4 / np.sqrt(shares.size)
    # Of 80,000 draws out of 2^32 less than one pair is expected to be equal.
    assert draws.size - len(np.unique(draws)) < 6
    ones = np.unpackbits(draws.view(np.uint8)).reshape(-1, 32).mean(axis=0)
    assert np.abs(ones - 0.5).max() < 5 * 0.5 / np.sqrt(draws.size)


def test_uniform_and_normal_have_their_distributions() -> None:
    between = uniform((N,), (1, 2), -1.0, 3.0).numpy()
    assert stats.kstest(between, stats.uniform(-1, 4).cdf).pvalue > 0.01
    assert between.min() >= -1
    assert between.max() < 3
    values = normal((N,), (1, 3), 2.0, 0.5).numpy()
    assert stats.kstest(values, stats.norm(2, 0.5).cdf).pvalue > 0.01
    assert stats.kstest(values, stats.norm(2, 0.6).cdf).pvalue < 1e-6, "the test can tell"
    assert np.isfinite(values).all()


def test_neither_end_of_the_bits_gives_an_infinite_normal(monkeypatch: pytest.MonkeyPatch) -> None:
    import tensorflow as tf

    ends = tf.constant([0, 2**32 - 1], tf.uint32)
    monkeypatch.setattr(drawn_from, "random_bits", lambda shape, seed: ends)
    low, high = normal((2,), (0, 0)).numpy()
    assert low == pytest.approx(-high)
    assert 5 < high < 5.5


@pytest.mark.parametrize("rate", [0.1, 0.5, 0.9])
def test_dropout_drops_its_share_and_scales_the_rest(rate: float) -> None:
    ones = np.ones((400, 250), np.float32)
    found = dropout(ones, rate, (5, 6)).numpy()
    assert set(np.unique(found)) == {0.0, np.float32(1 / (1 - rate))}
    assert (found == 0).mean() == pytest.approx(rate, abs=0.005)
    columns = dropout(ones, rate, (5, 6), noise_shape=(1, 250)).numpy()
    assert (columns == columns[0]).all()
    assert 0 < (columns[0] == 0).mean() < 1
