"""Everything that decides what a training gives, in one frozen object, stored with its run."""

from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from seg.architecture import Architecture
from seg.metadata import TEXT_MAX, Name, Seed
from seg.objective import Costs, Terms
from seg.preprocessing import Preprocessing
from seg.train.limits import COST_MAX, why_not
from seg.train.schedule import Schedule

PATTERN_MAX = 500  # characters
Pattern = Annotated[str, Field(max_length=PATTERN_MAX)]  # regular; kept in the checkpoint
Weight = Annotated[float, Field(ge=0, le=1000)]


class _Part(BaseModel):
    """Immutable; an unknown field or a number that is none is refused."""

    model_config = ConfigDict(
        frozen=True, extra="forbid", allow_inf_nan=False, str_max_length=TEXT_MAX
    )


class Loss(_Part):
    """The loss at the start: `seg.objective` with these numbers.

    Attributes:
        alpha: Cost of a false positive.
        beta: Cost of a false negative.
        gamma: Exponent of the focal form; 1 is plain Tversky.
        smooth: In pixels; Dice's usual smoothing of 1 is 0.5 here.
        class_weights: One for each channel of the network; () weighs the foreground equally and
            leaves a background channel out.
        head_weights: One for each head in order; () is their mean, all 1 their sum.
        cross_entropy: Weight of the cross-entropy beside the overlap.
        reduction: When a batch's images meet.
    """

    alpha: float = Field(0.5, ge=0, le=COST_MAX)
    beta: float = Field(0.5, ge=0, le=COST_MAX)
    gamma: float = Field(1.0, gt=0, le=10)
    smooth: float = Field(1.0, ge=0, le=1e6)
    class_weights: tuple[Weight, ...] = ()
    head_weights: tuple[Weight, ...] = ()
    cross_entropy: Weight = 0.0
    reduction: Literal["image", "batch"] = "image"

    @property
    def costs(self) -> Costs:
        """What can be turned, but for the heads' weights."""
        return Costs(self.alpha, self.beta, self.gamma)


class Optimizer(_Part):
    """How weights follow gradients.

    Attributes:
        name: "adam", "adamw" (weight decay 0.004) or "sgd" (Nesterov momentum 0.9).
        learning_rate: The largest; it can be turned.
        decay: "cosine" down to 0 at the last step, or "constant".
        warm_up: Share of the steps in which it rises from a tenth.
        clip_norm: Gradients of a variable are cut to this norm; 0 leaves them.
    """

    name: Literal["adam", "adamw", "sgd"] = "adam"
    learning_rate: float = Field(1e-3, gt=0, le=1e38)
    decay: Literal["cosine", "constant"] = "cosine"
    warm_up: float = Field(0.05, ge=0, lt=1)
    clip_norm: float = Field(1.0, ge=0)


class Views(_Part):
    """What is cut out of a case in each epoch.

    Attributes:
        crop: Side of the square, in pixels.
        repeats: Views of each case in an epoch.
        augmentation: "strong" (turned, scaled, mirrored, other light), "mirror", or "none".
        foreground_share: Share of the views that are centred on a pixel of a class, where the case
            has one; the others lie anywhere.
        invert: Also swap light and dark in a third of the views.
    """

    crop: int = Field(96, ge=8, le=2048)
    repeats: int = Field(1, ge=1, le=1000)
    augmentation: Literal["strong", "mirror", "none"] = "strong"
    foreground_share: float = Field(0.5, ge=0, le=1)
    invert: bool = False


class TrainConfig(_Part):
    """One training; two with the same values and data give the same checkpoint on a CPU.

    What the checkpoint could not hold or the network not take is refused here, before hours of
    training and not after.

    Attributes:
        patience: Epochs without a better validation Dice after which it ends; 0 goes on.
        averaging: Of the weights, for validation and checkpoint; 0 is none.
        half: Checkpoints keep their weights in half the bytes.
    """

    data: Path
    group: Pattern | None = None
    validation: Pattern | None = None
    test: Pattern | None = None
    licence: str = ""
    attribution: str = ""
    title: Name = ""
    task: Name = ""
    note: str = ""
    class_names: tuple[Name, ...] = Field(("foreground",), min_length=1)

    architecture: Architecture
    preprocessing: Preprocessing
    loss: Loss = Loss()
    optimizer: Optimizer = Optimizer()
    views: Views = Views()
    schedules: tuple[Schedule, ...] = Field((), max_length=20)

    batch: int = Field(8, ge=1, le=1024)
    epochs: int = Field(60, ge=1, le=100_000)
    patience: int = Field(0, ge=0)
    averaging: float = Field(0.98, ge=0, lt=1)
    half: bool = False
    precision: Literal["float32", "mixed_bfloat16", "mixed_float16"] = "float32"
    xla: bool = False
    seed: Seed = 0

    @property
    def terms(self) -> Terms:
        """The constant part of the loss, one weight for each channel."""
        channels = self.architecture.classes
        foreground = max(channels - 1, 1)
        equal = (1 / foreground,) * foreground
        weights = self.loss.class_weights or (0.0,) * (channels - foreground) + equal
        return Terms(weights, self.loss.smooth, self.loss.cross_entropy, self.loss.reduction)

    @property
    def head_weights(self) -> tuple[float, ...]:
        """One for each head, at the start."""
        heads = len(self.architecture.heads)
        return self.loss.head_weights or (1 / heads,) * heads

    @model_validator(mode="after")
    def _consistent(self) -> "TrainConfig":
        """Classes, channels, weights, schedules and views that fit the network."""
        _check_classes(self)
        _check_weights(self)
        network = self.architecture
        if self.preprocessing.channels not in (1, 3):
            raise ValueError(f"channels must be 1 or 3, not {self.preprocessing.channels}")
        if network.in_channels != self.preprocessing.channels:
            raise ValueError(
                f"channels must be those of the network, {network.in_channels}, "
                f"not {self.preprocessing.channels}"
            )
        if self.views.crop % network.multiple:
            raise ValueError(
                f"crop must be a multiple of {network.multiple}, as the network halves it "
                f"{network.levels} times, not {self.views.crop}"
            )
        return self


def _check_classes(config: TrainConfig) -> None:
    """As many names as foreground classes, each once."""
    names = config.class_names
    wanted = max(config.architecture.classes - 1, 1)
    if len(set(names)) != len(names):
        raise ValueError(f"classes must differ from one another, not {', '.join(names)}")
    if len(names) != wanted:
        raise ValueError(f"classes must be {wanted}, not {len(names)}")


def _check_weights(config: TrainConfig) -> None:
    """One weight for each channel and head, not all 0; schedules that fit, each control once."""
    loss, network = config.loss, config.architecture
    for name, weights, count in (
        ("class_weights", loss.class_weights, network.classes),
        ("head_weights", loss.head_weights, len(network.heads)),
    ):
        if weights and len(weights) != count:
            raise ValueError(f"{name} must be {count} numbers, not {len(weights)}")
        if weights and not any(weights):
            raise ValueError(f"{name} must not all be 0")
    known = ["alpha", "beta", "gamma", "learning_rate"]
    known += [f"head_weight_{level}" for level in network.heads]
    _check_schedules(config, known)


def _check_schedules(config: TrainConfig, known: list[str]) -> None:
    """Of controls there are, each once, with values that a hand could set."""
    scheduled = [schedule.control for schedule in config.schedules]
    for control in scheduled:
        if control not in known or scheduled.count(control) > 1:
            raise ValueError(f"schedules must be of {', '.join(known)}, each once, not {control}")
    for schedule in config.schedules:
        for _, value in schedule.points:
            if expected := why_not(schedule.control, value):
                raise ValueError(f"schedules of {schedule.control} need {expected}, not {value:g}")
