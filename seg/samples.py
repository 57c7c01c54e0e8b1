"""The cases, data to train on, and checkpoints that come with the workbench."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from seg.checkpoint import Checkpoint, open_checkpoint
from seg.dataset import Dataset, read_folder
from seg.errors import CheckpointError
from seg.preprocessing import Normalisation
from seg.settings import SAMPLES

RESULTS = SAMPLES / "results"
TRAINING = SAMPLES / "training"
NAMES = ("nuclei", "lung-tumour", "ms-lesion")


@dataclass(frozen=True)
class Advice:
    """How one of the data sets is best split and read: what its images do not say themselves.

    Attributes:
        validation: A pattern of the validation groups; None draws a fifth.
        test: Likewise, of the test groups.
        normalisation: Where it is not to be found by looking at the pixels.
        why: Of the split, a sentence; none where it is drawn.
        note: In place of the folder's own, which is about something else.
    """

    validation: str | None = None
    test: str | None = None
    normalisation: Normalisation | None = None
    why: str = ""
    note: str = ""


ADVICE: Mapping[str, Advice] = {
    "lung-tumour": Advice(normalisation="full_range"),  # a CT's grey is a density in every image
    "ms-lesion": Advice(
        validation="patient19_z08|patient19_z11",
        test="patient07",
        why="Two slabs of patient 19 that hold lesions validate; patient 07 has hardly any.",
    ),
    "nuclei": Advice(
        validation="360x360.*",
        test="320x256.*",
        why="One microscope trains, another validates; the violet stain is the test.",
        note="The twelve images that Explore shows: a first run that works within minutes.",
    ),
}


def sample_datasets() -> list[Dataset]:
    """The sample data sets, the one to open with first."""
    return [read_folder(SAMPLES / name) for name in NAMES]


def training_datasets() -> list[Dataset]:
    """The data sets to train on, the easiest first; each trains in minutes on two cores.

    All 130 lung patches and all 98 MS slices; of the nuclei the twelve that are also cases to look
    at, so a checkpoint trained on them has seen those.

    Example:
        >>> [(dataset.name, len(dataset.items)) for dataset in training_datasets()]
        [('nuclei', 12), ('lung-tumour', 130), ('ms-lesion', 98)]
    """
    return [_training_dataset(name) for name in NAMES]


def _training_dataset(name: str) -> Dataset:
    """All images of a data set, where they are here, else the cases."""
    folder = TRAINING / name
    dataset = read_folder(folder if folder.is_dir() else SAMPLES / name)
    note = ADVICE[name].note or dataset.description.note
    return replace(dataset, description=dataset.description.model_copy(update={"note": note}))


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
