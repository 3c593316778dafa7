"""Fuzz reader, serialiser or bundle guided by coverage, with atheris, which the test group does not hold.

    python -m tests.proof.fuzz reader|serialiser|bundle FOLDER [options of libFuzzer]

Finds and the inputs that reach new code are kept in the folder; `-max_total_time=600` ends after ten minutes.
"""

from __future__ import annotations

import random
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path

import atheris

with atheris.instrument_imports(include=["rare_event"]):
    from tests.untrusted import (
        RECORDS,
        a_workspace,
        bundled,
        files,
        import_any,
        inside,
        load_any,
        members_of,
        read_any,
        spliced,
        write_bundles,
    )

from rare_event.config import ExperimentConfig
from rare_event.experiment.facts import Facts
from rare_event.prepare.corrections import NO_CORRECTIONS, Corrections
from rare_event.store.datasets import Dataset
from rare_event.store.records import Committed
from rare_event.store.serial import dump

Target = Callable[[bytes], None]


def reader(home: Path) -> tuple[Target, list[bytes]]:
    """Any bytes as an upload."""

    def target(data: bytes) -> None:
        read_any(data)

    return target, [*files().values()]


def serialiser(home: Path) -> tuple[Target, list[bytes]]:
    """A byte that names the record, then any bytes as its file."""

    def target(data: bytes) -> None:
        if data:
            load_any(data[1:], RECORDS[data[0] % len(RECORDS)], home)

    held = members_of(write_bundles(home)["pca"])
    named = {"config": ExperimentConfig, "dataset": Dataset, "threshold": Committed, "trained": Facts}
    seeds = [(kind, held[f"{name}.json"]) for name, kind in named.items()]
    seeds.append((Corrections, dump(NO_CORRECTIONS).encode()))
    return target, [bytes([RECORDS.index(kind)]) + text for kind, text in seeds]


def bundle(home: Path) -> tuple[Target, list[bytes]]:
    """A change of one file of a bundle, which its manifest knows of."""
    bundles = [*write_bundles(home).values()]
    held = [members_of(path) for path in bundles]
    changed = home / "changed.zip"

    def target(data: bytes) -> None:
        some = atheris.FuzzedDataProvider(data)
        number = some.ConsumeIntInRange(0, len(bundles) - 1)
        name = some.PickValueInList(sorted(held[number]))
        content, member = held[number][name], some.ConsumeIntInRange(0, 30)
        for _ in range(some.ConsumeIntInRange(1, 3)):
            place, removed = some.ConsumeProbability(), some.ConsumeIntInRange(0, 40)
            added = some.ConsumeBytes(some.ConsumeIntInRange(0, 40))
            change = partial(spliced, place=place, removed=removed, added=added)
            content = inside(content, change, member)
        bundled(changed, bundles[number], {name: content})
        import_any(changed)

    return target, [random.Random(number).randbytes(400) for number in range(8)]


def main() -> None:
    """Run the fuzzer that the arguments name."""
    name, folder, *options = sys.argv[1:]
    corpus = Path(folder) / name
    corpus.mkdir(parents=True, exist_ok=True)
    with a_workspace() as home:
        target, seeds = {"reader": reader, "serialiser": serialiser, "bundle": bundle}[name](Path(home))
        for number, seed in enumerate(seeds):
            (corpus / f"seed-{number}").write_bytes(seed)
        longest = f"-max_len={max(map(len, seeds)) + 100}"
        finds = f"-artifact_prefix={folder}/{name}-"
        atheris.Setup([sys.argv[0], longest, "-timeout=30", finds, *options, str(corpus)], target)
        atheris.Fuzz()


if __name__ == "__main__":
    main()
