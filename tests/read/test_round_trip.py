import random

from tests.read.round_trip import outcomes, write_table


def test_random_tables_are_read_as_written_or_asked_about() -> None:
    counts, wrong = outcomes(range(200))
    assert not wrong
    # A reader that refused or asked about everything would also be never wrong.
    assert counts["read"] >= 160 and counts["refused"] + counts["left as text"] <= 4


def test_the_writer_uses_every_sign_and_is_the_same_for_a_seed() -> None:
    data = [write_table(random.Random(seed)).data for seed in range(100)]
    assert data[7] == write_table(random.Random(7)).data != data[8]
    text = b"\n".join(data)
    signs = [b";", b"\t", b"|", b"\r\n", b"sep=", b"#", "\u2212".encode(), b"\xff\xfe"]
    assert all(sign in text for sign in signs)
