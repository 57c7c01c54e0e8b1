"""`python -m seg predict --checkpoint C --out DIR FILES...`: masks, and scores where truth is."""

import argparse
from pathlib import Path

from seg.checkpoint import open_checkpoint
from seg.cli.options import check_out_folder, progress, progress_done, read_paths, report
from seg.disk import write_durably
from seg.errors import DataError


def add(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Declare the command."""
    parser = commands.add_parser("predict", help="write masks for images")
    parser.set_defaults(run=run)
    parser.add_argument("files", nargs="+", type=Path, metavar="FILES", help="files or folders")
    parser.add_argument("--checkpoint", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True, help="folder for masks and scores.csv")
    add_prediction_options(parser)


def add_prediction_options(parser: argparse.ArgumentParser) -> None:
    """What `predict` and `evaluate` share."""
    parser.add_argument("--head", default="mean", help="1, 2, ... or mean (mean)")
    parser.add_argument("--flips", action="store_true", help="mean over four mirrorings")
    parser.add_argument("--threshold", type=float, help="default: the checkpoint's")
    parser.add_argument(
        "--spacing-mm",
        type=float,
        nargs=2,
        metavar=("ROW", "COL"),
        help="a pixel's height and width; without it 1 mm is assumed, and said so",
    )


def run(arguments: argparse.Namespace) -> int:
    """Write `<case>_mask.png` for each image, and `scores.csv` where masks were given."""
    checkpoint = open_checkpoint(arguments.checkpoint)
    check_out_folder(arguments.out)
    cases, refusals = read_paths(arguments.files, checkpoint.metadata.labels)
    report(refusals)
    if not cases:
        raise DataError(
            "No image could be read. Expected PNG, JPEG or TIFF files. Name at least 1."
        )
    from seg.cli.inference import Inference, unique_names
    from seg.export.png import mask_png
    from seg.export.table import scores_csv

    inference = Inference(checkpoint, arguments)
    rows = []
    for number, (name, case) in enumerate(unique_names(cases), 1):
        progress(f"{number}/{len(cases)}  {name}")
        labels = inference.labels(case)
        write_durably(arguments.out / f"{name}_mask.png", mask_png(labels))
        if case.mask is not None:
            rows += inference.rows(case, labels)
    progress_done()
    if rows:
        write_durably(arguments.out / "scores.csv", scores_csv(rows))
    print(f"{len(cases)} masks in {arguments.out}" + (", scores.csv" if rows else ""))
    return 1 if refusals else 0
