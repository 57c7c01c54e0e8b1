"""`python -m seg`: the command line."""

import sys

from seg.cli import main

if __name__ == "__main__":
    sys.exit(main())
