"""What a part of the data cannot tell of events, and why."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True)
class Unknown:
    """Why a part tells nothing of events: the file has no event column, or the part no event to catch."""

    part: Literal["validation", "test"]
    labelled: bool

    @property
    def why(self) -> str:
        """What the part cannot tell, as a sentence."""
        if not self.labelled:
            return "This file has no event column, so it is unknown how many events the alarms would catch."
        return (
            f"The {self.part} data hold no events that can be judged, so it is unknown whether the alarms "
            "would catch events."
        )

    @property
    def short(self) -> str:
        """The same in a line of figures.

        Examples
        --------
        >>> Unknown("test", labelled=False).short, Unknown("test", labelled=True).short
        ('no event column', 'no events to judge in the test data')
        """
        return f"no events to judge in the {self.part} data" if self.labelled else "no event column"
