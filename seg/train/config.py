"""Everything that decides what a training gives, in one frozen object."""

from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, model_validator

from seg.architecture import Architecture
from seg.metadata import TEXT_MAX, Name, Seed
from seg.preprocessing import Preprocessing

Pattern = Annotated[str, Field(max_length=500)]  # a regular expression; kept in the checkpoint


class TrainConfig(BaseModel):
    """One training; two with the same values and data give the same checkpoint on a CPU.

    What the checkpoint could not hold or the network not take is refused here, before hours of
    training and not after.
    """

    model_config = ConfigDict(
        frozen=True, extra="forbid", allow_inf_nan=False, str_max_length=TEXT_MAX
    )

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

    alpha: float = Field(0.5, ge=0)
    beta: float = Field(0.5, ge=0)
    smooth: float = Field(1.0, ge=0)
    learning_rate: float = Field(1e-3, gt=0)
    batch: int = Field(8, ge=1)
    crop: int = Field(96, ge=8)
    epochs: int = Field(60, ge=1)
    averaging: float = Field(0.98, ge=0, lt=1)
    invert: bool = False
    seed: Seed = 0

    @model_validator(mode="after")
    def _consistent(self) -> "TrainConfig":
        """Classes, channels and views that fit the network."""
        names, network = self.class_names, self.architecture
        if len(set(names)) != len(names):
            raise ValueError(f"classes must differ from one another, not {', '.join(names)}")
        if len(names) != max(network.classes - 1, 1):
            raise ValueError(f"classes must be {max(network.classes - 1, 1)}, not {len(names)}")
        if self.preprocessing.channels not in (1, 3):
            raise ValueError(f"channels must be 1 or 3, not {self.preprocessing.channels}")
        if network.in_channels != self.preprocessing.channels:
            raise ValueError(
                f"channels must be those of the network, {network.in_channels}, "
                f"not {self.preprocessing.channels}"
            )
        if self.crop % network.multiple:
            raise ValueError(
                f"crop must be a multiple of {network.multiple}, as the network halves it "
                f"{network.levels} times, not {self.crop}"
            )
        return self
