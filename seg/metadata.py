"""What a checkpoint says about itself: a JSON inside its file, validated before it is believed."""

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from seg.architecture import Architecture
from seg.preprocessing import Preprocessing

TEXT_MAX = 2000  # characters
SEEN_MAX = 20_000  # case ids kept for each part of a split


class _Record(BaseModel):
    """Immutable; an unknown field is a refusal, not a surprise."""

    model_config = ConfigDict(frozen=True, extra="forbid", str_max_length=TEXT_MAX)


class Training(_Record):
    """How the weights came to be: enough to train them again."""

    loss: str = "tversky"
    alpha: float = Field(ge=0)
    beta: float = Field(ge=0)
    smooth: float = Field(ge=0)
    optimizer: str
    learning_rate: float
    batch: int
    crop: int
    epochs: int
    best_epoch: int
    seed: int
    seconds: float
    versions: str


class Data(_Record):
    """What the weights have seen. `seen` holds case ids (of image bytes), never names."""

    name: str
    fingerprint: str
    licence: str = ""
    attribution: str = ""
    split: str = ""
    seen: dict[Literal["train", "validation", "test"], tuple[str, ...]] = {}

    @model_validator(mode="after")
    def _bounded(self) -> "Data":
        if any(len(ids) > SEEN_MAX for ids in self.seen.values()):
            raise ValueError(f"at most {SEEN_MAX} case ids for each part")
        return self


class Score(_Record):
    """One figure with everything needed to read it: part, class, interval, n, convention.

    `low` and `high` are None where there is one group only: nothing is known of another's.
    """

    part: Literal["validation", "test"]
    metric: str
    class_name: str
    value: float | None
    low: float | None
    high: float | None
    n: int
    n_groups: int
    n_empty: int
    convention: str

    def text(self) -> str:
        """Value, interval and n: images, and of how many patients or sources.

        Example:
            >>> Score(part="test", metric="dice", class_name="lesion", value=0.8, low=0.7, high=0.9,
            ...     n=12, n_groups=3, n_empty=1, convention="").text()
            '0.80 [0.70, 0.90], n = 12 in 3 groups'
        """
        if self.value is None:
            return f"no value, n = {self.n}"
        interval = "" if self.low is None else f" [{self.low:.2f}, {self.high:.2f}]"
        plural = "" if self.n_groups == 1 else "s"
        return f"{self.value:.2f}{interval}, n = {self.n} in {self.n_groups} group{plural}"


class Metadata(_Record):
    """The whole JSON of a checkpoint."""

    title: str
    task: str = ""
    architecture: Architecture
    preprocessing: Preprocessing
    class_names: tuple[str, ...] = Field(min_length=1)
    threshold: float = Field(0.5, ge=0, le=1)
    training: Training | None = None
    data: Data | None = None
    scores: tuple[Score, ...] = ()
    note: str = ""

    @model_validator(mode="after")
    def _consistent(self) -> "Metadata":
        """Names for every foreground class, channels that agree."""
        foreground = max(self.architecture.classes - 1, 1)
        if len(self.class_names) != foreground:
            raise ValueError(f"class_names must name {foreground} foreground classes")
        if self.preprocessing.channels != self.architecture.in_channels:
            raise ValueError("preprocessing.channels must equal architecture.in_channels")
        return self

    @property
    def labels(self) -> int:
        """Class indices a mask may hold, background included."""
        return len(self.class_names) + 1

    def part_of(self, case_id: str) -> str | None:
        """The part of the split a case was in when this was trained; None: it never was there."""
        seen = self.data.seen if self.data else {}
        return next((part for part, ids in seen.items() if case_id in ids), None)
