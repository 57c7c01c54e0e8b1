"""What the store holds, row by row, as frozen dataclasses whose fields are named as the columns.

Times are unix seconds (UTC). `Any` is plain JSON: None, bool, int, float, str, list, dict.
"""

import time
from dataclasses import dataclass, field
from typing import Any, Literal

Status = Literal["queued", "running", "paused", "finished", "stopped", "failed"]

STATUSES = ("queued", "running", "paused", "finished", "stopped", "failed")
FINAL = ("finished", "stopped", "failed")  # nobody works on the run; it may be taken up again
COMMANDS = ("set", "pause", "go_on", "stop", "stop_now", "save")
EVENTS = (
    "turn", "pause", "go_on", "stop", "save", "branch", "problem", "resume", "finish",
)  # fmt: skip
SAVED = ("best", "saved", "resume")


@dataclass(frozen=True, slots=True)
class Run:
    """One training run: what was asked for, how far it is, who works on it.

    Attributes:
        id: 12 hex digits.
        status: One of STATUSES, as its worker wrote it last; whether that one still lives is for
            `seg.launch` to say.
        stage: What it does just now, for people.
        reason: Why it stopped, for people; "" while there is nothing to say.
        config: The whole configuration, as JSON.
        controls: The values in force, by control's name.
        step: The last step recorded; 0: none yet. Likewise `epoch`.
        best_dice: In 0..1; None until an epoch was best.
        owner: The worker that may write, by a name of its own choice; None: nobody.
        lease_s: For how long a sign of life of the owner holds; `lease_until` is the last one's.
        parent_id: The run this one branched from after `parent_step`; None: none, or deleted.
    """

    id: str
    name: str
    created_at: float
    queued_at: float
    started_at: float | None
    finished_at: float | None
    status: Status
    stage: str
    reason: str
    config: dict[str, Any]
    controls: dict[str, Any]
    data_name: str
    data_fingerprint: str
    steps_per_epoch: int | None
    total_steps: int | None
    step: int
    epoch: int
    best_epoch: int | None
    best_dice: float | None
    device: str
    memory_bytes: int | None
    owner: str | None
    host: str
    lease_s: float | None
    lease_until: float | None
    parent_id: str | None
    parent_step: int | None


@dataclass(frozen=True, slots=True)
class Step:
    """One optimiser step. Steps and epochs count from 1; `record` is `Record.encode()`'s bytes.

    A `loss` that is not a number comes back as nan, on both databases.
    """

    step: int
    epoch: int
    at: float
    seconds: float
    loss: float
    l2: float
    alpha: float
    beta: float
    gamma: float
    learning_rate: float
    record: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class Epoch:
    """One epoch, after its validation.

    Attributes:
        step: Its last step.
        loss: Mean of its steps' losses. `l2` likewise.
        validation_loss: None where there is none; a nan is kept as None. So `validation_dice`.
        validation_l2: The penalty in it, of the weights that were validated.
        is_best: Whether it was the best one when it ended.
        record: Of the validation, all images.
    """

    epoch: int
    step: int
    at: float
    seconds: float
    loss: float
    l2: float
    validation_loss: float | None
    validation_l2: float | None
    validation_dice: float | None
    alpha: float
    beta: float
    gamma: float
    learning_rate: float
    is_best: bool
    record: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class Picture:
    """One of the validation images shown each epoch: PNG bytes, and the truth as class indices."""

    number: int
    case_id: str
    name: str
    image: bytes = field(repr=False)
    mask: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class Command:
    """What somebody asked of a run; `step` and `taken_at` are None until it was taken."""

    id: int
    run_id: str
    at: float
    name: str
    value: Any
    step: int | None
    taken_at: float | None


@dataclass(frozen=True, slots=True)
class Event:
    """What happened in a run, at or after `step`: `kind` for programs, `text` for people."""

    id: int
    run_id: str
    at: float
    step: int
    epoch: int
    kind: str
    text: str
    name: str
    old: Any
    new: Any
    command_id: int | None


@dataclass(frozen=True, slots=True)
class SavedFile:
    """A checkpoint of a run: `file` is a name inside the run's folder, `kind` one of SAVED.

    `id` and `run_id` are given by the store.
    """

    step: int
    epoch: int
    kind: str
    file: str
    sha256: str
    size_bytes: int
    note: str = ""
    at: float = field(default_factory=time.time)
    id: int = 0
    run_id: str = ""


@dataclass(frozen=True, slots=True)
class Evaluation:
    """Scores of a checkpoint on a part of a data set. `id` is given by the store.

    `run_id` is None where the checkpoint came from no run of this store.
    """

    checkpoint_sha256: str
    data_fingerprint: str
    part: str
    convention: str
    scores: Any
    at: float = field(default_factory=time.time)
    run_id: str | None = None
    id: int = 0
