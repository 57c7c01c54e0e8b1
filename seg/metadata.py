"""What a checkpoint says about itself: a JSON inside its file, validated before it is believed."""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from seg.architecture import Architecture
from seg.preprocessing import Preprocessing

TEXT_MAX = 2000  # characters
NAME_MAX = 255  # characters of a title, a class, a data set
SEEN_MAX = 20_000  # case ids kept for each part of a split
SCORES_MAX = 200

Name = Annotated[str, Field(max_length=NAME_MAX)]
Share = Annotated[float, Field(ge=0, le=1)]
Seed = Annotated[int, Field(ge=0, lt=2**32)]  # as NumPy takes it


class _Record(BaseModel):
    """Immutable; an unknown field is a refusal, not a surprise."""

    model_config = ConfigDict(
        frozen=True, extra="forbid", str_max_length=TEXT_MAX, allow_inf_nan=False
    )


class Training(_Record):
    """How the weights came to be: enough to train them again.

    `alpha`, `beta` and `gamma` are those in force at the end; `turned` names what was turned by
    hand on the way there.
    """

    loss: Name = "tversky"
    alpha: float = Field(ge=0)
    beta: float = Field(ge=0)
    gamma: float = Field(1.0, gt=0)
    smooth: float = Field(ge=0)
    cross_entropy: float = Field(0.0, ge=0)
    reduction: Literal["image", "batch"] = "image"
    turned: tuple[Name, ...] = Field((), max_length=20)
    optimizer: Name
    learning_rate: float = Field(gt=0)
    batch: int = Field(ge=1)
    crop: int = Field(ge=1)
    epochs: int = Field(ge=1)
    best_epoch: int = Field(ge=1)
    seed: Seed
    seconds: float = Field(ge=0)
    versions: Name

    @model_validator(mode="after")
    def _consistent(self) -> "Training":
        if self.best_epoch > self.epochs:
            raise ValueError("best_epoch must be one of the epochs")
        return self


class Data(_Record):
    """What the weights have seen. `seen` holds case ids (of image bytes), never names."""

    name: Name
    fingerprint: Name
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

    `n` counts the images with a defined value, `n_groups` the groups they come from, `n_empty` the
    images of the part whose truth is empty, with or without a value.
    `low` and `high` are None where there is one group only: nothing is known of another's.
    """

    part: Literal["validation", "test"]
    metric: Name
    class_name: Name
    value: Share | None
    low: Share | None
    high: Share | None
    n: int = Field(ge=0)
    n_groups: int = Field(ge=0)
    n_empty: int = Field(ge=0)
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

    title: Name
    task: Name = ""
    architecture: Architecture
    preprocessing: Preprocessing
    class_names: tuple[Name, ...] = Field(min_length=1)
    threshold: float = Field(0.5, ge=0, le=1)
    training: Training | None = None
    data: Data | None = None
    scores: tuple[Score, ...] = Field((), max_length=SCORES_MAX)
    note: str = ""

    @model_validator(mode="after")
    def _consistent(self) -> "Metadata":
        """Names for every foreground class, channels that agree, a threshold pages can show."""
        foreground = max(self.architecture.classes - 1, 1)
        if len(self.class_names) != foreground:
            raise ValueError(f"class_names must name {foreground} foreground classes")
        if len(set(self.class_names)) != foreground:
            raise ValueError("class_names must differ from one another")
        if self.preprocessing.channels != self.architecture.in_channels:
            raise ValueError("preprocessing.channels must equal architecture.in_channels")
        if abs(self.threshold * 100 - round(self.threshold * 100)) > 1e-9:
            raise ValueError("threshold must be a multiple of 0.01")
        return self

    @property
    def labels(self) -> int:
        """Class indices a mask may hold, background included."""
        return len(self.class_names) + 1

    def part_of(self, case_id: str) -> str | None:
        """The part of the split a case was in when this was trained; None: it never was there."""
        seen = self.data.seen if self.data else {}
        return next((part for part, ids in seen.items() if case_id in ids), None)
