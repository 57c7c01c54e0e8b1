"""Settings from the environment, `SEG_*`; every one has a default that works on a laptop."""

import json
import os
import sys
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import Field, ValidationError, field_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from seg.errors import ConfigError

if TYPE_CHECKING:
    from seg.files import Limits

SAMPLES = Path(__file__).parent.parent / "samples"


def _user_data_folder() -> Path:
    """Where this system keeps a user's application data."""
    if sys.platform == "darwin":
        return Path.home() / "Library" / "Application Support"
    return Path(os.environ.get("XDG_DATA_HOME") or Path.home() / ".local" / "share")


class Settings(BaseSettings):
    """All settings; `SEG_HOME=/data/seg make run` changes one."""

    model_config = SettingsConfigDict(env_prefix="SEG_", frozen=True, extra="ignore")

    home: Path = Field(default_factory=lambda: _user_data_folder() / "unetpp-workbench")
    store_url: str = ""
    device: Literal["auto", "cpu", "gpu"] = "auto"
    upload_mb: int = Field(200, ge=1, le=4096, description="One file, MiB")
    upload_files: int = Field(300, ge=1, le=10_000, description="Files in one session")
    session_mb: int = Field(1024, ge=16, description="All of one session's files decoded, MiB")
    image_megapixels: int = Field(100, ge=1, le=2000, description="One image, millions of pixels")
    results_memory_mb: int = Field(256, ge=0, description="Results kept in memory, MiB")
    results_disk_mb: int = Field(1024, ge=0, description="Results kept on disk, MiB")
    data_roots: Annotated[tuple[Path, ...], NoDecode] = Field(
        default_factory=lambda: (Path.home(),),
        description="Folders that a training may read, parted as in PATH, or a JSON list",
    )
    data_files: int = Field(4000, ge=2, le=40_000, description="Files of one data set kept")
    data_mb: int = Field(1024, ge=1, description="One data set kept, MiB")
    data_disk_mb: int = Field(8192, ge=1, description="All data sets kept, MiB")
    runs_at_once: int = Field(0, ge=0, le=64, description="Trainings; 0: one for each GPU, or one")

    @field_validator("data_roots", mode="before")
    @classmethod
    def _roots(cls, value: object) -> object:
        """A text of folders, taken apart; what is not absolute is of no use to a server."""
        if isinstance(value, str):
            text = value.strip()
            value = json.loads(text) if text.startswith("[") else text.split(os.pathsep)
        if isinstance(value, (list, tuple)):
            texts = (os.path.expanduser(str(root)) for root in value)  # noqa: PTH111
            roots = tuple(Path(text) for text in texts if text.strip())
            if not all(root.is_absolute() for root in roots):
                raise ValueError("each folder must be an absolute path")
            return roots
        return value

    @property
    def data(self) -> Path:
        """Data sets that were uploaded to train on."""
        return self.home / "data"

    @property
    def checkpoints(self) -> Path:
        """The user's own checkpoints."""
        return self.home / "checkpoints"

    @property
    def results(self) -> Path:
        """Predictions kept by content."""
        return self.home / "results"

    @property
    def limits(self) -> "Limits":
        """How large a file and its picture may be."""
        from seg.files import Limits

        return Limits(
            bytes_max=self.upload_mb * 2**20, pixels_max=self.image_megapixels * 1_000_000
        )


@lru_cache(maxsize=1)
def settings() -> Settings:
    """The settings of this process, read once.

    Raises:
        ConfigError: A variable has a value that cannot be used.
    """
    try:
        return Settings()
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        name = "SEG_" + "_".join(str(part) for part in first["loc"]).upper()
        raise ConfigError(
            f"{name} cannot be used: {first['msg']}. Received: {str(first['input'])[:60]!r}. "
            "Change it or unset it."
        ) from error
