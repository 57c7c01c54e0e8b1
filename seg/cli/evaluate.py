"""`python -m seg evaluate --checkpoint C --data DIR --out scores.csv`: a data set's scores."""

import argparse
from pathlib import Path

from seg.checkpoint import open_checkpoint
from seg.cli.options import check_out_file, progress, progress_done, report, why_not
from seg.cli.predict import add_prediction_options
from seg.disk import write_durably
from seg.errors import DataError
from seg.settings import settings


def add(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Declare the command."""
    parser = commands.add_parser("evaluate", help="score a checkpoint on images/ and masks/")
    parser.set_defaults(run=run)
    parser.add_argument("--checkpoint", type=Path, required=True)
    parser.add_argument("--data", type=Path, required=True, help="folder with images/ and masks/")
    parser.add_argument("--group", help="regular expression: patients or sources in the stems")
    parser.add_argument("--out", type=Path, required=True, help="the CSV file to write")
    add_prediction_options(parser)


def run(arguments: argparse.Namespace) -> int:
    """Write a row for each image and class, and print the means with their intervals."""
    from seg.cases import Refusal
    from seg.dataset import read_folder

    checkpoint = open_checkpoint(arguments.checkpoint)
    check_out_file(arguments.out)
    dataset = read_folder(arguments.data, arguments.group, settings().data_roots)
    from seg.cli.inference import Inference
    from seg.export.table import scores_csv
    from seg.intervals import mean_interval

    inference = Inference(checkpoint, arguments)
    rows, groups, refusals = [], [], []
    for number, item in enumerate(dataset.items, 1):
        progress(f"{number}/{len(dataset.items)}  {item.name}")
        try:
            case = item.read(checkpoint.metadata.labels, settings().limits)
            rows += inference.rows(case, inference.labels(case))
            groups.append(item.group)
        except (DataError, OSError) as error:
            refusals.append(Refusal(item.name, why_not(error)))
    progress_done()
    report(refusals)
    if not rows:
        raise DataError(f"No case of {dataset.name} could be scored. The reasons stand above.")
    write_durably(arguments.out, scores_csv(rows))
    for name in checkpoint.metadata.class_names:
        values = [row["dice"] for row in rows if row["class"] == name]
        print(f"dice {name} {mean_interval(values, groups=groups):.3f}")
    return 1 if refusals else 0
