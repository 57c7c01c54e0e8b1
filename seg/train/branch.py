"""A second run from the middle of another: the same state, then other values. No Keras."""

import shutil
from collections.abc import Mapping
from dataclasses import replace

from seg.errors import RunError
from seg.launch import make_folder, run_file
from seg.store import Run, SavedFile, Store


def branch(
    store: Store, run: Run, saved: SavedFile, turns: Mapping[str, float] | None = None
) -> Run:
    """A new run, queued, that goes on from a saved state of another.

    Its first step is the one after the state's. `seg.launch.start` trains it.

    Args:
        store: Of both runs.
        run: Where it begins.
        saved: One of the run's saved states (kind "resume").
        turns: New values of controls, in force from its first step on.

    Raises:
        RunError: The state's file is gone, or it is no state.
    """
    source = run_file(run.id, saved.file)
    if saved.epoch >= int(run.config["epochs"]):
        raise RunError(
            f"Nothing is left to train after step {saved.step} of run {run.id}. Expected a state "
            "before its last epoch. Choose an earlier one."
        )
    if saved.kind != "resume" or not source.is_file():
        raise RunError(
            f"Run {run.id} has no saved state after step {saved.step} any more. Expected one. "
            "Choose a later turn, or start a new run with these values."
        )
    text = f"{run.name}, from step {saved.step}"[:120]
    new = store.create_run(
        text, run.config, run.data_name, parent_id=run.id, parent_step=saved.step
    )
    make_folder(new.id)
    shutil.copyfile(source, run_file(new.id, saved.file))
    _hand_over(store, new.id, saved, run.data_fingerprint)
    if turns:
        store.command(new.id, "set", dict(turns))
    return new


def _hand_over(store: Store, run_id: str, saved: SavedFile, fingerprint: str) -> None:
    """Name the copied state as the new run's own, and the data it was trained on."""
    owner = f"branch {run_id}"
    if not store.claim(run_id, owner, "", lease_s=10):
        raise RunError(f"Run {run_id} was taken before it was made. Branch again.")
    with store.writing(run_id, owner) as write:
        write.saved(replace(saved, note="Where it branched off"))
        write.run(data_fingerprint=fingerprint)
        text = f"Branched off after step {saved.step}."
        write.event("branch", text, step=saved.step, epoch=saved.epoch)
    store.release(run_id, owner, "queued")
