"""`python -m seg train --data DIR --out FILE`: train a checkpoint without a browser."""

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from pydantic import ValidationError

from seg.cli.options import check_out_file, progress, progress_done
from seg.errors import ConfigError

if TYPE_CHECKING:
    from seg.train.config import TrainConfig
    from seg.train.loop import Epoch


OPTIONS = {"class_names": "classes", "in_channels": "channels"}  # where the names differ


def add(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Declare the command."""
    parser = commands.add_parser("train", help="train a checkpoint from images/ and masks/")
    parser.set_defaults(run=run)
    add_option = parser.add_argument
    add_option("--data", type=Path, required=True, help="folder with images/ and masks/")
    add_option("--out", type=Path, required=True, help="the .safetensors file to write")
    add_option("--group", help="regular expression: what it matches in a stem is its group")
    add_option("--validation", help="regular expression of the validation groups")
    add_option("--test", help="regular expression of the groups never trained on")
    add_option("--alpha", type=float, default=0.5, help="cost of a false positive (0.5)")
    add_option("--beta", type=float, default=0.5, help="cost of a false negative (0.5)")
    add_option("--smooth", type=float, default=1.0, help="added above and below, pixels (1)")
    add_option("--filters", type=_numbers, default=(16, 32, 64, 128, 256), help="16,32,...")
    add_option("--heads", type=_numbers, default=(), help="1,2,3,4; all if left out")
    add_option("--norm", choices=("none", "batch", "group"), default="batch")
    add_option("--dropout", type=float, default=0.1)
    add_option("--l2", type=float, default=1e-5)
    add_option("--channels", type=int, default=1, help="1 grey, 3 colour (1)")
    add_option("--normalisation", choices=("zscore", "zscore_nonzero", "full_range"),
               default="zscore")  # fmt: skip
    add_option("--epochs", type=int, default=60)
    add_option("--batch", type=int, default=8)
    add_option("--crop", type=int, default=96, help="side of the training views, pixels (96)")
    add_option("--learning-rate", type=float, default=1e-3)
    add_option("--averaging", type=float, default=0.98, help="of the weights; 0 is none (0.98)")
    add_option("--invert", action="store_true", help="also train on inverted light")
    add_option("--seed", type=int, default=0)
    add_option("--classes", type=_names, default=("foreground",), help="names, foreground only")
    add_option("--half", action="store_true", help="store the weights in half the bytes")
    for text in ("title", "task", "licence", "attribution", "note"):
        add_option(f"--{text}", default="", help="kept in the checkpoint")


def run(arguments: argparse.Namespace) -> int:
    """Train, a line on stderr after each epoch, and say where the checkpoint is."""
    config = _config(arguments)
    check_out_file(arguments.out)
    from seg.devices import prepare_device
    from seg.settings import settings

    prepare_device(settings().device)
    from seg import recipe

    def on_epoch(epoch: "Epoch", is_best: bool) -> None:
        progress(
            f"epoch {epoch.number}/{config.epochs}  loss {epoch.loss:.4f}  "
            f"validation dice {epoch.validation_dice:.4f}{' best' if is_best else ''}  "
            f"{epoch.seconds:.1f} s"
        )

    checkpoint = recipe.run(
        config,
        arguments.out,
        half=arguments.half,
        limits=settings().limits,
        on_epoch=on_epoch,
    )
    progress_done()
    for score in checkpoint.metadata.scores:
        if score.metric == "dice":
            print(f"{score.part} dice {score.class_name} {score.text()}")
    print(f"{arguments.out}  {checkpoint.size_bytes / 1e6:.2f} MB  {checkpoint.sha256[:16]}")
    return 0


def _config(arguments: argparse.Namespace) -> "TrainConfig":
    """The options as a validated whole."""
    from seg.architecture import Architecture
    from seg.preprocessing import Preprocessing
    from seg.train.config import TrainConfig

    names = arguments.classes
    plain = {k: v for k, v in vars(arguments).items() if k in TrainConfig.model_fields}
    try:
        return TrainConfig(
            **plain,
            class_names=names,
            architecture=Architecture(
                filters=arguments.filters,
                in_channels=arguments.channels,
                classes=1 if len(names) == 1 else len(names) + 1,
                heads=arguments.heads,
                norm=arguments.norm,
                dropout=arguments.dropout,
                l2=arguments.l2,
            ),
            preprocessing=Preprocessing(
                channels=arguments.channels, normalisation=arguments.normalisation
            ),
        )
    except ValidationError as error:
        raise _refusal(error) from error


def _refusal(error: ValidationError) -> ConfigError:
    """The first thing that is wrong: with one option, or with what several say together."""
    first = error.errors(include_url=False)[0]
    said = first["msg"].removeprefix("Value error, ")
    if not first["loc"]:
        return ConfigError(f"The options cannot be used: {said}. Change one of them.")
    where = str(first["loc"][0])
    option = "--" + OPTIONS.get(where, where).replace("_", "-")
    received = str(first["input"])[:60]
    return ConfigError(
        f"The option {option} cannot be used: {said}. Received: {received}. Change it."
    )


def _numbers(text: str) -> tuple[int, ...]:
    """'16,32' as numbers."""
    return tuple(int(part) for part in text.split(","))


def _names(text: str) -> tuple[str, ...]:
    """'lesion,oedema' as names."""
    return tuple(part.strip() for part in text.split(",") if part.strip())
