"""`python -m seg runs ACTION`: the Train page's runs without a page, in the same store.

RUN is a run's id, or its first four digits or more.
"""

import argparse
import sys
from pathlib import Path

from seg.cli import steer
from seg.cli.options import check_out_file, progress, progress_done
from seg.cli.train import tell_epoch
from seg.disk import writing_durably
from seg.errors import ConfigError, RunError
from seg.launch import LIVE, remove, start, status, tail
from seg.store import Run, open_store

Actions = argparse._SubParsersAction  # what `add_subparsers` gives; it has no public name


def add(commands: "Actions[argparse.ArgumentParser]") -> None:
    """Declare the command."""
    parser = commands.add_parser("runs", help="list, steer, resume and export training runs")
    actions = parser.add_subparsers(dest="action", required=True, metavar="ACTION")
    listing = actions.add_parser("list", help="all runs, the newest first")
    listing.set_defaults(run=run_list)
    show = steer.action(actions, "show", run_show, "what a run is and how far it is")
    for told in (listing, show):
        told.add_argument("--json", action="store_true", help="for machines")
    resume = steer.action(actions, "resume", run_resume, "train a run on from where it stands")
    resume.add_argument("--quiet", action="store_true", help="no line for each epoch")
    resume.add_argument("--background", action="store_true", help="in a process of its own")
    log = steer.action(actions, "log", run_log, "the end of what its processes printed")
    log.add_argument("-n", dest="lines", type=int, default=50, help="how many lines (50)")
    export = steer.action(actions, "export", run_export, "write all steps and validations as CSV")
    export.add_argument("--out", type=Path, required=True, help="the CSV file to write")
    delete = steer.action(actions, "delete", run_delete, "remove a run and its files, for good")
    delete.add_argument("--yes", action="store_true", help="do not ask")
    steer.add(actions)


def run_list(arguments: argparse.Namespace) -> int:
    """A line for each run."""
    from seg.cli import tables

    runs = open_store().runs()
    if arguments.json:
        print(tables.as_json([tables.run_json(run) for run in runs]))
    elif runs:
        print("\n".join(tables.aligned([tables.HEADINGS, *map(tables.run_cells, runs)])))
    else:
        print("No runs yet. Start one with: python -m seg train --data DIR", file=sys.stderr)
    return 0


def run_show(arguments: argparse.Namespace) -> int:
    """All that is known of one run but its points."""
    from seg.cli import tables

    store = open_store()
    run = store.run(arguments.id)
    if arguments.json:
        print(tables.as_json(tables.whole_json(store, run)))
    else:
        print("\n".join(f"{name:<15}{value}" for name, value in tables.whole(store, run) if value))
    return 0


def run_resume(arguments: argparse.Namespace) -> int:
    """Train here until it ends, or start a process that does."""
    run = open_store().run(arguments.id)
    if arguments.background:
        start(run.id)
        print(f"Run {run.id} goes on by itself. See: python -m seg runs log {run.id}")
        return 0
    from seg.train.work import work

    run = work(run.id) if arguments.quiet else work(run.id, tell_epoch, progress)
    if not arguments.quiet:
        progress_done()
    if run.status == "failed":
        raise RunError(run.reason)
    print(f"run {run.id} {run.status}{': ' if run.reason else ''}{run.reason}")
    return 0


def run_log(arguments: argparse.Namespace) -> int:
    """Print the end of the log."""
    for line in tail(open_store().run(arguments.id).id, arguments.lines):
        print(line)
    return 0


def run_export(arguments: argparse.Namespace) -> int:
    """Write the CSV, row by row."""
    from seg.export.steps import steps_csv

    store = open_store()
    run = store.run(arguments.id)
    check_out_file(arguments.out)
    rows = -1  # the header is none
    with writing_durably(arguments.out) as file:
        for line in steps_csv(store, run.id):
            file.write(line)
            rows += 1
    print(f"{rows} rows in {arguments.out}")
    return 0


def run_delete(arguments: argparse.Namespace) -> int:
    """Remove a run that has ended, after asking."""
    store = open_store()
    run = store.run(arguments.id)
    if status(run) in LIVE:
        remove(store, run.id)  # says why not
    if not arguments.yes and not _is_sure(run):
        print("Nothing was removed.")
        return 0
    remove(store, run.id)
    print(f"Run {run.id} is removed.")
    return 0


def _is_sure(run: Run) -> bool:
    """Whether the person at the terminal says so; where there is none, nobody does."""
    question = f"Remove run {run.id} ({run.name}, {run.epoch} epochs) for good? [y/N] "
    try:
        return input(question).strip().lower() in ("y", "yes")
    except EOFError:
        raise ConfigError(
            "Nobody is there to be asked. Expected an answer, or --yes. Received: the end of the "
            "input. Add --yes."
        ) from None
