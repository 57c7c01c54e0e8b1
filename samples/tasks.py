"""What `samples.make` makes: a data set each, how it is split, described, shown and trained."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from seg.dataset import Description, Part
from seg.files import read_image

COSTS = ((0.5, 0.5, "dice"), (0.3, 0.7, "tversky"))
FILTERS = (16, 32, 64, 96, 128)


@dataclass(frozen=True)
class Task:
    """One data set: how it is split, what it is called, how it is trained.

    Attributes:
        name: Of its folders in samples/.
        source: Of its folder in the source data.
        label: Of its checkpoints.
        description: Its `dataset.json`.
        group: The group of an image, given its file.
        shown: How many images of each part are cases to open.
        config: Options of `python -m seg train`: split, network, training.
        note: Kept in its checkpoints.
        training_note: Of the copy of all its images in samples/training/; none where empty.
    """

    name: str
    source: str
    label: str
    description: Description
    group: Callable[[Path], str]
    shown: dict[Part, int]
    config: dict[str, object]
    note: str
    training_note: str = ""


def nuclei_source(path: Path) -> str:
    """Size and stain: images of one microscope and preparation share both."""
    pixels = read_image(path.read_bytes(), path.name).pixels
    size = f"{pixels.shape[1]}x{pixels.shape[0]}"
    if pixels.ndim == 2:
        return f"{size}-{'fluorescence' if pixels.mean() < 100 else 'brightfield'}"
    green = np.percentile(pixels[..., 1], 90)  # the ground's: violet stain has little green
    return f"{size}-{'violet' if green < 190 else 'white'}"


TASKS = (
    Task(
        name="nuclei",
        source="dsb2018",
        label="Nuclei",
        description=Description(
            title="Cell nuclei, microscopy",
            class_names=("nucleus",),
            licence="CC0 1.0",
            attribution="2018 Data Science Bowl, BBBC038v1, with the lopuhin fixes.",
            note="Microscopes and stains that the checkpoints never saw.",
        ),
        group=nuclei_source,
        shown={"test": 12},
        config={
            "validation": "640x512.*|1388x1040.*|320x256-fluorescence",
            "test": "360x360.*|696x520.*|320x256-violet",
            "channels": 3,
            "normalisation": "zscore",
            "crop": 96,
            "epochs": 40,
            "learning_rate": 2e-3,
            "invert": True,
        },
        note="Split by image source: size and stain. The test sources, among them the violet "
        "stain, are in neither training nor validation.",
    ),
    Task(
        name="lung-tumour",
        source="msd_lung_tumour",
        label="Lung tumour",
        description=Description(
            title="Lung tumours, CT",
            spacing_mm=(2.0, 2.0),
            class_names=("tumour",),
            licence="CC-BY-SA 4.0",
            attribution="Medical Segmentation Decathlon Task06 (arXiv:1902.09063), at 2 mm by "
            "shizoda.",
            first="p062",
            note="48 x 48 patches of three patients that the checkpoints never saw.",
        ),
        group=lambda path: path.stem[:3],
        shown={"test": 12},
        config={
            "channels": 1,
            "normalisation": "full_range",
            "crop": 48,
            "epochs": 160,
            "learning_rate": 2e-3,
            "averaging": 0.99,
        },
        note="Thirteen patients, ten patches each, split by patient. Three test patients are few: "
        "the interval is wide.",
        training_note="Ten patches of each of 13 patients. Trains in minutes on two cores, and "
        "what it learns holds for other patients.",
    ),
    Task(
        name="ms-lesion",
        source="ms_lesion",
        label="MS lesion",
        description=Description(
            title="MS lesions, FLAIR MRI",
            spacing_mm=(1.0, 1.0),
            class_names=("lesion",),
            licence="CC-BY",
            attribution="Lesjak et al., A Novel Public MR Image Dataset of Multiple Sclerosis "
            "Patients With Lesion Segmentations Based on Multi-rater Consensus, Neuroinformatics "
            "2017, doi 10.1007/s12021-017-9348-7.",
            first="patient19_z086",
            note="Patient 07, never seen by the checkpoints, has hardly any lesion. Patient 19 is "
            "the one they were trained on; the slices here chose the best epoch. Expect misses "
            "and false alarms.",
        ),
        group=lambda path: path.stem[:13] if path.stem.startswith("patient19") else path.stem[:9],
        shown={"test": 8, "validation": 4},
        config={
            "validation": "patient19_z08|patient19_z11",
            "test": "patient07",
            "channels": 1,
            "normalisation": "zscore_nonzero",
            "crop": 96,
            "epochs": 150,
            "learning_rate": 1e-3,
            "dropout": 0.2,
        },
        note="Two patients in all. Trained on slices of one with many lesions; validation slices "
        "are of the same patient, so that score flatters; the test patient has hardly any lesion. "
        "What it can teach: how a loss behaves on rare lesions, not how to find them in people.",
        training_note="Two patients. Slabs of 10 mm of patient 19 train and validate, so the "
        "validation score flatters; patient 07, who has hardly any lesion, is the test. What it "
        "can teach: how a loss behaves on rare lesions.",
    ),
)
