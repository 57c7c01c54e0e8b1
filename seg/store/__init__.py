"""The store: runs, their points, commands and events, in SQLite or PostgreSQL.

The page and the training process meet only here. One process owns a run and writes its points,
each write fenced by that ownership; anybody reads them by cursor and leaves commands.

    store = open_store()
    run = store.create_run("First", config, "samples")
    store.claim(run.id, owner, host, lease_s=30)
    with store.writing(run.id, owner) as write:
        write.steps(steps)
        write.run(step=steps[-1].step)

Imports neither Keras nor Streamlit; Alembic only where a store has to be made or brought forward.
"""

from seg.store.rows import (
    COMMANDS,
    EVENTS,
    FINAL,
    STATUSES,
    Command,
    Epoch,
    Evaluation,
    Event,
    Picture,
    Run,
    SavedFile,
    Step,
)
from seg.store.store import Store, open_store
from seg.store.writer import Writer

__all__ = [
    "COMMANDS",
    "EVENTS",
    "FINAL",
    "STATUSES",
    "Command",
    "Epoch",
    "Evaluation",
    "Event",
    "Picture",
    "Run",
    "SavedFile",
    "Step",
    "Store",
    "Writer",
    "open_store",
]
