"""Make samples/ again: cases, data to train on, checkpoints, kept results. `make samples DATA=...`.

DATA is a folder with the three source data sets, each with images/ and masks/: dsb2018,
msd_lung_tumour and ms_lesion; samples/README.md says where they come from. Takes about an hour on
two cores; `--only training` takes a second.
"""

import argparse
import csv
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from samples.tasks import COSTS, FILTERS, TASKS, Task
from seg.dataset import Dataset, Description, Item, read_folder, split
from seg.samples import TRAINING
from seg.settings import SAMPLES

Row = tuple[str, str, str]  # case, group, name at the source


def main() -> None:
    """Everything, or one task."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--task", choices=[task.name for task in TASKS])
    parser.add_argument("--only", choices=["cases", "training", "checkpoints", "results"])
    parser.add_argument("--build", type=Path, default=Path("build"))
    arguments = parser.parse_args()
    steps = {
        "cases": _copy_cases,
        "training": _copy_training,
        "checkpoints": _train,
        "results": _keep_results,
    }
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
    rows = [(path.stem, task.group(path), path.stem) for path in images]
    _write_beside(folder, rows, task.description)
    return folder


def _train(task: Task, folder: Path) -> None:
    """Both checkpoints of a task: same seed, data and split, other costs; runs apart from yours."""
    for alpha, beta, name in COSTS:
        path = SAMPLES / "checkpoints" / f"{task.name}-{name}-{alpha:g}-{beta:g}.safetensors"
        command = [sys.executable, "-m", "seg", "train", "--half", f"--data={folder}"]
        command += [f"--out={path}", *_options(task, alpha, beta)]
        home = {"SEG_HOME": str(folder.parent.resolve() / "home")}
        subprocess.run(command, check=True, env=os.environ | home)


def _options(task: Task, alpha: float, beta: float) -> list[str]:
    """What one checkpoint is trained with, as `python -m seg train` takes it."""
    description = task.description
    options = {
        "title": f"{task.label}, {'Dice' if alpha == beta else 'Tversky'} {alpha:g}/{beta:g}",
        "task": description.title,
        "classes": ",".join(description.class_names),
        "licence": description.licence,
        "attribution": description.attribution,
        "note": task.note,
        "filters": ",".join(map(str, FILTERS)),
        "alpha": alpha,
        "beta": beta,
        **task.config,
    }
    names = {name: f"--{name.replace('_', '-')}" for name in options}
    return [
        names[name] if value is True else f"{names[name]}={value}"
        for name, value in options.items()
    ]


def _copy_cases(task: Task, folder: Path) -> None:
    """A dozen cases of the test part, as they are."""
    test, validation = (str(task.config.get(k) or "") or None for k in ("test", "validation"))
    parts = split(read_folder(folder), validation, test)
    shown = [item for part, count in task.shown.items() for item in _spread(parts[part], count)]
    target = SAMPLES / task.name
    _copy(shown, _names(task, shown), target)
    rows = [(n, i.group, i.name) for n, i in zip(_names(task, shown), shown, strict=True)]
    _write_beside(target, rows, task.description)


def _copy_training(task: Task, folder: Path) -> None:
    """The whole of a small data set, to train on from the page."""
    if not task.training_note:
        return
    items, target = read_folder(folder).items, TRAINING / task.name
    _copy(items, [item.name for item in items], target)
    update = {"note": task.training_note, "first": ""}
    rows = [(item.name, item.group, item.name) for item in items]
    _write_beside(target, rows, task.description.model_copy(update=update))


def _copy(items: Sequence[Item], names: Sequence[str], target: Path) -> None:
    """Images and masks byte for byte, under their names, in a folder made anew."""
    shutil.rmtree(target, ignore_errors=True)
    for kind in ("images", "masks"):
        (target / kind).mkdir(parents=True)
    for item, name in zip(items, names, strict=True):
        shutil.copyfile(item.image, target / "images" / (name + item.image.suffix))
        shutil.copyfile(item.mask, target / "masks" / (name + item.mask.suffix))


def _names(task: Task, shown: Sequence[Item]) -> list[str]:
    """Names that say something: a nucleus image's is a hash at its source, here stain and width."""
    if task.name != "nuclei":
        return [item.name for item in shown]
    kinds = [re.sub(r"(\d+)x\d+-(\w{4}).*", r"\2-\1", item.group) for item in shown]
    return [f"{kind}-{kinds[: i + 1].count(kind)}" for i, kind in enumerate(kinds)]


def _spread(part: Dataset, count: int) -> list[Item]:
    """So many different images of a part, evenly over its order."""
    different = list({item.image.read_bytes(): item for item in part.items}.values())
    return [different[i] for i in np.linspace(0, len(different) - 1, count).astype(int)]


def _write_beside(folder: Path, rows: Sequence[Row], description: Description) -> None:
    """`groups.csv` and `dataset.json`, as `seg.dataset.read_folder` reads them."""
    with (folder / "groups.csv").open("w", newline="", encoding="utf-8") as file:
        table = csv.writer(file, lineterminator="\n")
        table.writerow(("case", "group", "source"))
        table.writerows(sorted(rows))
    text = description.model_dump_json(indent=2) + "\n"
    (folder / "dataset.json").write_text(text, encoding="utf-8")


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
