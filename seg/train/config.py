"""Everything that decides what a training gives, in one frozen object."""

from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field

from seg.architecture import Architecture
from seg.preprocessing import Preprocessing


class TrainConfig(BaseModel):
    """One training; two with the same values and data give the same checkpoint on a CPU."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    data: Path
    group: str | None = None
    validation: str | None = None
    test: str | None = None
    licence: str = ""
    attribution: str = ""
    title: str = ""
    task: str = ""
    note: str = ""
    class_names: tuple[str, ...] = ("foreground",)

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
    seed: int = 0
