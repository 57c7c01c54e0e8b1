"""Make samples/ again: cases, checkpoints and kept results. `make samples DATA=<folder>`.

DATA holds the three source data sets, each with images/ and masks/: dsb2018, msd_lung_tumour and
ms_lesion; samples/README.md says where they come from. Takes about an hour on two cores.
"""

import argparse
import csv
import re
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from seg.architecture import Architecture
from seg.dataset import Dataset, Description, Item, Part, read_folder, split
from seg.files import read_image
from seg.preprocessing import Preprocessing
from seg.settings import SAMPLES
from seg.train.config import TrainConfig

COSTS = ((0.5, 0.5, "dice"), (0.3, 0.7, "tversky"))
FILTERS = (16, 32, 64, 96, 128)


@dataclass(frozen=True)
class Task:
    """One data set: how it is split, what it is called, how it is trained."""

    name: str
    source: str
    label: str
    description: Description
    group: Callable[[Path], str]
    shown: dict[Part, int]
    config: dict[str, object]
    note: str


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
    ),
)


def main() -> None:
    """Everything, or one task."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--task", choices=[task.name for task in TASKS])
    parser.add_argument("--only", choices=["cases", "checkpoints", "results"])
    parser.add_argument("--build", type=Path, default=Path("build"))
    arguments = parser.parse_args()
    steps = {"cases": _copy_cases, "checkpoints": _train, "results": _keep_results}
    for task in TASKS:
        if arguments.task in (None, task.name):
            folder = _assemble(task, arguments.data, arguments.build)
            for name, step in steps.items():
                if arguments.only in (None, name):
                    step(task, folder)


def _assemble(task: Task, data: Path, build: Path) -> Path:
    """The data set with its groups and description beside it."""
    folder = build / task.name
    shutil.rmtree(folder, ignore_errors=True)
    for kind in ("images", "masks"):
        shutil.copytree(data / task.source / kind, folder / kind)
    images = (folder / "images").iterdir()
    _write_groups(folder, [(path.stem, task.group(path), path.stem) for path in images])
    text = task.description.model_dump_json(indent=2) + "\n"
    (folder / "dataset.json").write_text(text, encoding="utf-8")
    return folder


def _config(task: Task, folder: Path, alpha: float, beta: float) -> TrainConfig:
    """What one checkpoint is trained with."""
    options = dict(task.config)
    channels = options.pop("channels")
    description = task.description
    return TrainConfig.model_validate(
        {
            "data": folder,
            "title": f"{task.label}, {'Dice' if alpha == beta else 'Tversky'} {alpha:g}/{beta:g}",
            "task": description.title,
            "class_names": description.class_names,
            "licence": description.licence,
            "attribution": description.attribution,
            "note": task.note,
            "architecture": Architecture(
                filters=FILTERS,
                in_channels=channels,
                norm="batch",
                dropout=options.pop("dropout", 0.1),
                l2=1e-5,
            ),
            "preprocessing": Preprocessing(
                channels=channels, normalisation=options.pop("normalisation")
            ),
            "alpha": alpha,
            "beta": beta,
            **options,
        }
    )


def _train(task: Task, folder: Path) -> None:
    """Both checkpoints of a task: same seed, data and split, other costs."""
    from seg import recipe

    for alpha, beta, name in COSTS:
        path = SAMPLES / "checkpoints" / f"{task.name}-{name}-{alpha:g}-{beta:g}.safetensors"

        def on_epoch(epoch, is_best, path=path):  # type: ignore[no-untyped-def]
            best = " best" if is_best else ""
            print(
                f"{path.stem} {epoch.number} loss {epoch.loss:.4f} dice "
                f"{epoch.validation_dice:.4f} {epoch.seconds:.1f} s{best}",
                flush=True,
            )

        config = _config(task, folder, alpha, beta)
        checkpoint = recipe.run(config, path, half=True, on_epoch=on_epoch)
        for score in checkpoint.metadata.scores:
            print(path.stem, score.part, score.metric, score.value, score.low, score.high, score.n)


def _copy_cases(task: Task, folder: Path) -> None:
    """A dozen cases of the test part, as they are."""
    test, validation = (str(task.config.get(k) or "") or None for k in ("test", "validation"))
    parts = split(read_folder(folder), validation, test)
    shown = [item for part, count in task.shown.items() for item in _spread(parts[part], count)]
    target = SAMPLES / task.name
    shutil.rmtree(target, ignore_errors=True)
    for kind in ("images", "masks"):
        (target / kind).mkdir(parents=True)
    names = _names(task, shown)
    for item, name in zip(shown, names, strict=True):
        shutil.copy(item.image, target / "images" / (name + item.image.suffix))
        shutil.copy(item.mask, target / "masks" / (name + item.mask.suffix))
    shutil.copy(folder / "dataset.json", target)
    _write_groups(target, [(n, i.group, i.name) for n, i in zip(names, shown, strict=True)])


def _names(task: Task, shown: list[Item]) -> list[str]:
    """Names that say something: a nucleus image's is a hash at its source, here stain and width."""
    if task.name != "nuclei":
        return [item.name for item in shown]
    kinds = [re.sub(r"(\d+)x\d+-(\w{4}).*", r"\2-\1", item.group) for item in shown]
    return [f"{kind}-{kinds[: i + 1].count(kind)}" for i, kind in enumerate(kinds)]


def _spread(part: Dataset, count: int) -> list[Item]:
    """So many different images of a part, evenly over its order."""
    different = list({item.image.read_bytes(): item for item in part.items}.values())
    return [different[i] for i in np.linspace(0, len(different) - 1, count).astype(int)]


def _write_groups(folder: Path, rows: list[tuple[str, str, str]]) -> None:
    """`groups.csv`, as `seg.dataset.read_folder` reads it, and the name at the source."""
    with (folder / "groups.csv").open("w", newline="", encoding="utf-8") as file:
        table = csv.writer(file, lineterminator="\n")
        table.writerow(("case", "group", "source"))
        table.writerows(sorted(rows))


def _keep_results(task: Task, _folder: Path) -> None:
    """Every case under the task's first checkpoint, mean of heads: what opens first."""
    from seg.checkpoint import open_checkpoint
    from seg.predict import Options
    from seg.results import result_key, write_result
    from seg.samples import RESULTS
    from seg.worker import Networks, Request

    networks = Networks("two CPU cores, kept with the samples")
    path = min((SAMPLES / "checkpoints").glob(f"{task.name}-*.safetensors"))
    checkpoint = open_checkpoint(path)
    for item in read_folder(SAMPLES / task.name).items:
        image = item.read().image
        request = Request(path, checkpoint.sha256, image.pixels, image.sha256, Options())
        result = networks.run(request, lambda done, total: None, lambda: False)
        write_result(RESULTS, result_key(checkpoint.sha256, image.sha256, Options()), result)


if __name__ == "__main__":
    main()
