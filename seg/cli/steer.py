"""`python -m seg runs set | pause | go-on | save | stop RUN`: commands to a run while it trains.

They lie in the store; the run takes them between two steps, and says at which.
"""

import argparse
import sys
import time
from collections.abc import Callable
from typing import Any

from seg.errors import ConfigError, RunError
from seg.launch import LIVE, end_by_force, is_alive, status
from seg.store import Command, Run, Store, open_store
from seg.train.controls import check_turn, first_controls

Actions = argparse._SubParsersAction
TAKEN_S = 10.0  # how long a command may take to be taken, before the prompt comes back
STOP_S = 60.0  # a step, a validation, and the state saved
STOP_NOW_S = 10.0
LOOK_S = 0.1


def action(
    actions: "Actions[argparse.ArgumentParser]",
    name: str,
    run: Callable[[argparse.Namespace], int],
    text: str,
) -> argparse.ArgumentParser:
    """Declare an action on one run."""
    parser = actions.add_parser(name, help=text)
    parser.set_defaults(run=run)
    parser.add_argument("id", metavar="RUN", help="its id, or the first four digits of it or more")
    return parser


def add(actions: "Actions[argparse.ArgumentParser]") -> None:
    """Declare the actions."""
    turn = action(actions, "set", run_set, "turn loss weights or the learning rate as it trains")
    turn.add_argument("--alpha", type=float, help="cost of a false positive")
    turn.add_argument("--beta", type=float, help="cost of a false negative")
    turn.add_argument("--gamma", type=float, help="exponent of the focal form; 1 is plain")
    turn.add_argument("--learning-rate", type=float)
    turn.add_argument(
        "--head-weight", type=_head_weight, action="append", default=[], metavar="LEVEL=V"
    )
    for name, command, text in (
        ("pause", "pause", "stop after the step under way, and wait"),
        ("go-on", "go_on", "end a pause"),
        ("save", "save", "save a checkpoint after the step under way"),
    ):
        action(actions, name, _plain(command), text)
    stop = action(actions, "stop", run_stop, "end a run; it can be resumed")
    stop.add_argument("--now", action="store_true", help="do not wait for the step under way")


def run_set(arguments: argparse.Namespace) -> int:
    """Turn some controls, all at the same step."""
    names = ("alpha", "beta", "gamma", "learning_rate")
    given = {name: getattr(arguments, name) for name in names}
    values = {name: value for name, value in given.items() if value is not None}
    values |= {f"head_weight_{level}": value for level, value in arguments.head_weight}
    if not values:
        raise ConfigError(
            "Nothing to set. Expected one or more of --alpha, --beta, --gamma, --learning-rate, "
            "--head-weight. Received: none. Name what shall change."
        )
    store = open_store()
    run = _live(store, arguments.id)
    turned = check_turn(values, _controls(run))
    return _ask(store, run, "set", turned)


def run_stop(arguments: argparse.Namespace) -> int:
    """Ask it to stop and wait until it has; with --now, and no answer, by force."""
    store = open_store()
    run = _live(store, arguments.id)
    store.command(run.id, "stop_now" if arguments.now else "stop")
    if not _await(lambda: not is_alive(store.run(run.id)), STOP_NOW_S if arguments.now else STOP_S):
        if not arguments.now:
            return _not_yet(f"Run {run.id} was asked to stop and is still busy. It stops after its "
                            "step; --now does not wait for that.")  # fmt: skip
        end_by_force(store, run.id)
    run = store.run(run.id)
    print(f"Run {run.id} is {status(run)} after step {run.step}.")
    return 0


def _plain(command: str) -> Callable[[argparse.Namespace], int]:
    """An action that is one command without a value."""

    def run(arguments: argparse.Namespace) -> int:
        store = open_store()
        return _ask(store, _live(store, arguments.id), command)

    return run


def _ask(store: Store, run: Run, name: str, value: Any = None) -> int:
    """Leave a command and say at which step it was taken."""
    command = store.command(run.id, name, value)
    found: list[Command] = []

    def is_taken() -> bool:
        found[:] = [one for one in store.commands(run.id) if one.id == command.id]
        return bool(found) and found[0].step is not None

    if _await(is_taken, TAKEN_S):
        print(f"Run {run.id} took it at step {found[0].step}.")
        return 0
    return _not_yet(
        f"Run {run.id} has not taken it yet: it is {status(store.run(run.id))}. It will before its "
        "next step."
    )


def _not_yet(text: str) -> int:
    """Asked, and nothing came yet: exit code 1."""
    print(text, file=sys.stderr)
    return 1


def _live(store: Store, name: str) -> Run:
    """A run that takes commands.

    Raises:
        RunError: Nobody works on it.
    """
    run = store.run(name)
    shown = status(run)
    if shown not in LIVE:
        raise RunError(
            f"Run {run.id} takes no commands. Expected one that is queued, running or paused. "
            f"Received: one that is {shown}. Resume it first: python -m seg runs resume {run.id}"
        )
    return run


def _controls(run: Run) -> dict[str, float]:
    """The run's controls; before its first step, those it will begin with."""
    if run.controls:
        return run.controls
    from seg.train.config import TrainConfig

    return first_controls(TrainConfig.model_validate(run.config))


def _await(is_so: Callable[[], bool], seconds: float) -> bool:
    """Whether it becomes so within this time."""
    until = time.monotonic() + seconds
    while not is_so():
        if time.monotonic() >= until:
            return False
        time.sleep(LOOK_S)
    return True


def _head_weight(text: str) -> tuple[int, float]:
    """'2=0.5' or 'L2=0.5' as a level and its weight."""
    level, _, value = text.partition("=")
    try:
        return int(level.removeprefix("L")), float(value)
    except ValueError:
        raise argparse.ArgumentTypeError(f"expected LEVEL=V, as in 2=0.5, not {text!r}") from None
