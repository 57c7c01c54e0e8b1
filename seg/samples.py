"""The cases and checkpoints that come with the workbench."""

from collections.abc import Sequence
from pathlib import Path

from seg.checkpoint import Checkpoint, open_checkpoint
from seg.dataset import Dataset, read_folder
from seg.errors import CheckpointError
from seg.settings import SAMPLES

RESULTS = SAMPLES / "results"
NAMES = ("nuclei", "lung-tumour", "ms-lesion")


def sample_datasets() -> list[Dataset]:
    """The sample data sets, the one to open with first."""
    return [read_folder(SAMPLES / name) for name in NAMES]


def find_checkpoints(folders: Sequence[Path]) -> tuple[list[Checkpoint], list[str]]:
    """Every checkpoint in some folders, and why the others cannot be used.

    Args:
        folders: Those that do not exist count as empty.

    Returns:
        Checkpoints in order of folder and file name, each content once, and a sentence for each
        file that was refused.
    """
    found: dict[str, Checkpoint] = {}
    refused = []
    for folder in folders:
        for path in sorted(folder.glob("*.safetensors")):
            try:
                checkpoint = open_checkpoint(path)
                found.setdefault(checkpoint.sha256, checkpoint)
            except CheckpointError as error:
                refused.append(str(error))
    return list(found.values()), refused
