"""The command line, as a module to run."""

import sys

from rare_event.cli.parser import main

if __name__ == "__main__":
    sys.exit(main())
