"""What people read for each key that a config holds; each thing has one name, written here."""

from __future__ import annotations

from dataclasses import dataclass

SPLITS: dict[str, str] = {
    "chronological": "split by time",
    "rolling": "rolling split by time",
    "stretch": "split by stretch",
    "random": "random split",
    "shuffled": "random split in folds",
}


@dataclass(frozen=True)
class ScoreLabel:
    """What a model's score is, and its unit."""

    name: str = "score"
    unit: str = "no unit"

    @property
    def axis(self) -> str:
        """Title of an axis."""
        return f"{self.name[:1].upper()}{self.name[1:]}<br>({self.unit})"


SCORE = ScoreLabel()
RECONSTRUCTION = ScoreLabel("reconstruction error", "squared, scaled units")
OF_FOLDS = "times the validation median of its fold"
