"""Start of the command line: whole runs in new processes, against the imports that they need."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from functools import partial
from pathlib import Path

from rare_event.bench.timing import Row, in_turn, row

TURNS = 3
# What each cannot do without.
IMPORTS = {
    "pca": "import pandas, sklearn.linear_model, scipy.stats",
    "dense": "import pandas, sklearn.linear_model, scipy.stats, tensorflow, keras",
}


def start() -> Row:
    """Time recommended runs on the sample mill on the command line, PCA first, then the dense network."""
    from rare_event.prepare.sample import write_sample

    figures = {}
    with tempfile.TemporaryDirectory() as folder:
        path = write_sample(Path(folder) / "sample.csv")
        environment = {**os.environ, "RARE_EVENT_HOME": str(Path(folder) / "home")}
        for model, imports in IMPORTS.items():
            commands = (["-m", "rare_event", "run", str(path), "--model", model], ["-c", imports])
            run, load = (partial(_run, command, environment) for command in commands)
            figures[model] = in_turn(run, load, TURNS)
    (ours, reference), (network, of_network) = figures["pca"], figures["dense"]
    return row(
        ours,
        reference,
        "a process that imports pandas, scikit-learn and scipy.stats only; a PCA run from a new process",
        dense={"ours": network, "reference": of_network},
        notes=[f"dense network: {network:.2f} s; with TensorFlow the imports alone take {of_network:.2f} s"],
    )


def _run(command: list[str], environment: dict[str, str]) -> None:
    subprocess.run([sys.executable, *command], check=True, capture_output=True, env=environment)
