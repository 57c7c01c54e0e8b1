"""Runs as text for a terminal and as JSON for machines."""

import json
import time
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from seg.launch import folder, status
from seg.store import Event, Run, Store

HEADINGS = ("run", "status", "name", "data", "epoch", "step", "best dice", "created")
EVENTS_SHOWN = 8  # the last ones; `--json` has all
NAME_CHARACTERS = 28


def aligned(rows: Sequence[Sequence[str]]) -> list[str]:
    """Rows of cells as lines whose columns stand below each other.

    Example:
        >>> aligned([("run", "step"), ("a1b2c3", "7")])
        ['run     step', 'a1b2c3  7']
    """
    widths = [max(len(cell) for cell in column) for column in zip(*rows, strict=True)]
    return [
        "  ".join(f"{cell:<{width}}" for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in rows
    ]


def run_cells(run: Run) -> tuple[str, ...]:
    """A run's line in the list."""
    return (
        run.id,
        status(run),
        _short(run.name),
        _short(run.data_name),
        f"{run.epoch}/{_epochs(run)}",
        f"{run.step}/{run.total_steps or '?'}",
        "" if run.best_dice is None else f"{run.best_dice:.4f}",
        _moment(run.created_at),
    )


def run_json(run: Run) -> dict[str, Any]:
    """A run's row, its status as people see it."""
    return asdict(run) | {"status": status(run)}


def whole_json(store: Store, run: Run) -> dict[str, Any]:
    """Likewise, with its events and checkpoints."""
    return run_json(run) | {
        "folder": str(folder(run.id)),
        "events": [asdict(event) for event in _events(store, run.id)],
        "checkpoints": [asdict(saved) for saved in store.saved(run.id)],
    }


def whole(store: Store, run: Run) -> list[tuple[str, str]]:
    """What a person wants to know, a line each."""
    network = run.config.get("architecture", {})
    filters = "-".join(map(str, network.get("filters", ())))
    best = "" if run.best_dice is None else f"dice {run.best_dice:.4f} in epoch {run.best_epoch}"
    events = _events(store, run.id)[-EVENTS_SHOWN:]
    return [
        ("run", run.id),
        ("name", run.name),
        ("status", status(run)),
        ("stage", run.stage),
        ("reason", run.reason),
        ("data", run.data_name),
        ("fingerprint", run.data_fingerprint),
        ("network", f"UNet++ {filters}, norm {network.get('norm')}" if filters else ""),
        ("epoch", f"{run.epoch} of {_epochs(run)}"),
        ("step", f"{run.step} of {run.total_steps}" if run.total_steps else f"{run.step}"),
        ("best", best),
        ("controls", ", ".join(f"{name} {value:g}" for name, value in run.controls.items())),
        ("device", run.device),
        ("memory", f"{run.memory_bytes / 2**20:,.0f} MiB" if run.memory_bytes else ""),
        ("host", run.host),
        ("branched from", f"{run.parent_id} after step {run.parent_step}" if run.parent_id else ""),
        ("created", _moment(run.created_at)),
        ("started", _moment(run.started_at)),
        ("ended", _moment(run.finished_at)),
        ("folder", str(folder(run.id))),
        *(("checkpoint", f"{saved.file}  step {saved.step}  {saved.size_bytes / 1e6:.2f} MB  "
                         f"{saved.sha256[:16]}") for saved in store.saved(run.id)),
        *(("event", f"step {event.step}  {event.text}") for event in events),
    ]  # fmt: skip


def as_json(value: object) -> str:
    """Indented; what is no number (NaN) becomes null, which every reader takes."""
    return json.dumps(_plain(value), indent=2)


def _plain(value: object) -> object:
    """NaN and infinities as None, all through."""
    if isinstance(value, dict):
        return {key: _plain(inner) for key, inner in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(inner) for inner in value]
    is_number = not isinstance(value, float) or abs(value) < float("inf")
    return value if is_number else None


def _events(store: Store, run_id: str) -> list[Event]:
    """All of a run's events."""
    events: list[Event] = []
    while page := store.events_after(run_id, events[-1].id if events else 0):
        events += page
    return events


def _epochs(run: Run) -> str:
    """How many epochs it is meant to have."""
    return str(run.config.get("epochs", "?"))


def _short(text: str) -> str:
    """A name that does not push the columns off the screen."""
    return text if len(text) <= NAME_CHARACTERS else f"{text[: NAME_CHARACTERS - 3]}..."


def _moment(at: float | None) -> str:
    """Local time."""
    return "" if at is None else time.strftime("%Y-%m-%d %H:%M", time.localtime(at))
