"""The command line: `python -m seg train | runs | predict | evaluate | checkpoint`.

Exit codes: 0 done, 1 done in part (some files were refused, a run has not answered yet), 2 the
user's mistake or a run that failed, 130 interrupted.
"""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from seg.cli import checkpoint, evaluate, predict, runs, train
from seg.errors import SegError

COMMANDS = (train, runs, predict, evaluate, checkpoint)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command.

    Args:
        arguments: Without the program's name; None takes them from the process.

    Returns:
        The exit code.
    """
    parser = argparse.ArgumentParser(
        prog="python -m seg", description="Medical image segmentation with UNet++."
    )
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    for command in COMMANDS:
        command.add(commands)
    chosen = parser.parse_args(arguments)
    try:
        return int(chosen.run(chosen))
    except SegError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    except OSError as error:
        name = Path(str(error.filename)).name if error.filename else "a file"
        print(f"error: cannot write or read {name}: {error.strerror or error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("interrupted", file=sys.stderr)
        return 130
