"""Serves the app as `rare-event app` does, and writes the routes of the server that it starts.

Only the server itself knows all its routes: those of a configuration, and of a newer Streamlit.
"""

import json
import sys
from pathlib import Path
from typing import Any

from starlette.applications import Starlette

from rare_event.__main__ import program

WRITTEN = Path(sys.argv.pop(1))
make = Starlette.__init__


def listed(self: Starlette, *arguments: Any, **options: Any) -> None:
    make(self, *arguments, **options)
    found = [
        {
            "path": getattr(route, "path", ""),
            "kind": type(route).__name__,
            "methods": sorted(getattr(route, "methods", None) or []),
        }
        for route in self.routes
    ]
    WRITTEN.write_text(json.dumps(found), encoding="utf-8")


Starlette.__init__ = listed  # type: ignore[method-assign]
sys.exit(program())
