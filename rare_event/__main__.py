"""The command line, as a module to run and as the program `rare-event`."""

import gc
import sys

from rare_event.cli.parser import main

# Imports leave many objects that stay: looking through them for garbage takes a tenth of a short command.
MANY_OBJECTS = 100_000


def program() -> int:
    """Run the command line in a process of its own."""
    gc.set_threshold(MANY_OBJECTS)
    return main()


if __name__ == "__main__":
    sys.exit(program())
