"""The machine that a bench ran on: figures of two machines, or of two versions, are not alike."""

from __future__ import annotations

import os
import platform
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import numpy as np
import psutil

PACKAGES = ("numpy", "tensorflow", "keras", "pandas", "scikit-learn", "streamlit")


def this_machine() -> dict[str, Any]:
    """Return processor, cores, instruction sets, memory in bytes, and the versions that decide speed."""
    return {
        "processor": _processor(),
        "cores": os.cpu_count() or 1,
        "instruction_sets": _instruction_sets(),
        "memory": psutil.virtual_memory().total,
        "python": platform.python_version(),
        "packages": {name: _version(name) for name in PACKAGES},
    }


def machine_in_words(machine: dict[str, Any]) -> str:
    """Write what `this_machine` returned in one line."""
    packages = ", ".join(f"{name} {found}" for name, found in machine["packages"].items())
    return (
        f"{machine['processor']}, {machine['cores']} cores ({' '.join(machine['instruction_sets'])}), "
        f"{machine['memory'] / 1e9:.0f} GB; Python {machine['python']}, {packages}"
    )


def _processor() -> str:
    about = Path("/proc/cpuinfo")
    lines = about.read_text(encoding="utf-8").splitlines() if about.exists() else []
    named = (line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    return next(named, "") or platform.processor() or platform.machine()


def _instruction_sets() -> list[str]:
    """Return the sets of vector instructions that numpy found."""
    about: Any = np.show_config(mode="dicts")
    # What is empty is left out.
    known = about.get("SIMD Extensions", {})
    return [*known.get("baseline", []), *known.get("found", [])]


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return "none"
