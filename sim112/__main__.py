"""``python -m sim112`` is the command ``sim112``."""

import sys

from sim112.cli import main

if __name__ == "__main__":
    sys.exit(main())
