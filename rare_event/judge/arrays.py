"""Arrays as fields of records that are kept as JSON."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np


@dataclass(frozen=True)
class AsLists:
    """Of a field `Annotated[np.ndarray, AsLists()]`: nested lists in JSON, null for not a number."""

    digits: int | None = None

    def __get_pydantic_core_schema__(self, source: Any, handler: Any) -> Any:
        """Tell pydantic how to read and write the field."""
        from pydantic_core import core_schema

        return core_schema.no_info_plain_validator_function(
            lambda lists: np.array(lists, float),
            serialization=core_schema.plain_serializer_function_ser_schema(self._lists),
        )

    def _lists(self, array: np.ndarray) -> list[Any]:
        kept = array if self.digits is None else array.round(self.digits)
        lists = kept.astype(object)
        lists[~np.isfinite(kept)] = None
        return list(lists.tolist())
