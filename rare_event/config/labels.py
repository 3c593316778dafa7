"""What people read for each key that a config holds; each thing has one name, written here."""

from __future__ import annotations

SPLITS: dict[str, str] = {
    "chronological": "split by time",
    "rolling": "rolling split by time",
    "stretch": "split by stretch",
    "random": "random split",
    "shuffled": "random split in folds",
}
