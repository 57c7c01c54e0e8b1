"""`python -m seg train --data DIR`: train without a browser, into the same store as the page."""

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pydantic import ValidationError

from seg.cli.options import check_out_file, progress, progress_done
from seg.errors import ConfigError, RunError
from seg.settings import settings

if TYPE_CHECKING:
    from seg.store import Epoch, Run
    from seg.train.config import TrainConfig
    from seg.train.schedule import Schedule

OPTIONS = {"class_names": "classes", "in_channels": "channels"}  # where the names differ
GROUPS = {
    "loss": ("alpha", "beta", "gamma", "smooth", "class_weights", "head_weights",
             "cross_entropy", "reduction"),
    "optimizer": ("learning_rate", "decay", "warm_up", "clip_norm"),
    "views": ("crop", "repeats", "augmentation", "foreground_share", "invert"),
    "architecture": ("filters", "heads", "norm", "dropout", "l2", "upsampling"),
    "preprocessing": ("normalisation",),
}  # fmt: skip
PLAIN = (
    "data", "group", "validation", "test", "licence", "attribution", "title", "task", "note",
    "batch", "epochs", "patience", "averaging", "half", "precision", "xla", "seed",
)  # fmt: skip
START = {"norm": "batch", "dropout": 0.1, "l2": 1e-5, "filters": (16, 32, 64, 128, 256)}


def add(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Declare the command. An option that is left out has the default its text names."""
    parser = commands.add_parser(
        "train",
        help="train a checkpoint from images/ and masks/",
        argument_default=argparse.SUPPRESS,
    )
    parser.set_defaults(run=run)
    option = parser.add_argument
    option("--data", type=Path, help="folder with images/ and masks/")
    option("--recipe", help="a bundled training, as 2019-question; other options change it")
    option("--name", help="of the run")
    option("--out", type=Path, help="also write the best checkpoint here, .safetensors")
    option("--group", help="regular expression: what it matches in a stem is its group")
    option("--validation", help="regular expression of the validation groups")
    option("--test", help="regular expression of the groups never trained on")
    _add_loss(option)
    option("--filters", type=_numbers, help="16,32,64,128,256")
    option("--heads", type=_numbers, help="1,2,3,4; all if left out")
    option("--norm", choices=("none", "batch", "group"), help="batch")
    option("--dropout", type=float, help="0.1")
    option("--l2", type=float, help="1e-5")
    option("--channels", type=int, help="1 grey, 3 colour (1)")
    option("--normalisation", choices=("zscore", "zscore_nonzero", "full_range"), help="zscore")
    option("--upsampling", choices=("transposed", "bilinear"), help="transposed")
    option("--softmax", action="store_true", help="a background channel beside a single class")
    option("--optimizer", choices=("adam", "adamw", "sgd"), help="adam")
    option("--learning-rate", type=float, help="1e-3")
    option("--decay", choices=("cosine", "constant"), help="cosine")
    option("--warm-up", type=float, help="share of the steps in which the rate rises (0.05)")
    option("--clip-norm", type=float, help="largest norm of a gradient; 0 is none (1)")
    option(
        "--schedule",
        type=_schedule,
        action="append",
        metavar="CONTROL=EPOCH:VALUE,...",
        help="alpha=0:0.5,20:0.3 moves it; one more ',steps' jumps; may be repeated",
    )
    option("--crop", type=int, help="side of the training views, pixels (96)")
    option("--repeats", type=int, help="views of each image in an epoch (1)")
    option("--augmentation", choices=("strong", "mirror", "none"), help="strong")
    option("--foreground-share", type=float, help="of the views, centred on a class (0.5)")
    option("--invert", action="store_true", help="also train on inverted light")
    option("--epochs", type=int, help="60")
    option("--patience", type=int, help="epochs without a better Dice before it ends; 0 never (0)")
    option("--batch", type=int, help="8")
    option("--averaging", type=float, help="of the weights; 0 is none (0.98)")
    option("--precision", choices=("float32", "mixed_bfloat16", "mixed_float16"), help="float32")
    option("--xla", action="store_true", help="compile by XLA: a slow first step, then faster")
    option("--seed", type=int, help="0")
    option("--classes", type=_names, help="names, foreground only")
    option("--half", action="store_true", help="store the weights in half the bytes")
    for text in ("title", "task", "licence", "attribution", "note"):
        option(f"--{text}", help="kept in the checkpoint")


def _add_loss(option: Any) -> None:
    """Options of the loss."""
    option("--alpha", type=float, help="cost of a false positive (0.5)")
    option("--beta", type=float, help="cost of a false negative (0.5)")
    option("--gamma", type=float, help="exponent of the focal form (1)")
    option("--smooth", type=float, help="added above and below, pixels (1)")
    option("--reduction", choices=("image", "batch"), help="when images meet (image)")
    option("--cross-entropy", type=float, help="weight of the cross-entropy (0)")
    option("--class-weights", type=_floats, help="one for each channel, background first")
    option("--head-weights", type=_floats, help="one for each head; all 1 is their sum (mean)")


def run(arguments: argparse.Namespace) -> int:
    """Train, a line on stderr after each epoch, and say where the checkpoint is."""
    given = vars(arguments)
    config = make_config(given)
    out: Path | None = given.get("out")
    if out:
        check_out_file(out)
    from seg.dataset import read_folder, split

    dataset = read_folder(config.data, config.group, settings().data_roots)
    split(dataset, config.validation, config.test, config.seed)
    from seg.launch import folder
    from seg.store import open_store
    from seg.store.runs import NAME_MAX
    from seg.train.work import work

    run = open_store().create_run(
        (given.get("name") or config.title or config.data.name)[:NAME_MAX],
        config.model_dump(mode="json"),
        config.data.name,
    )
    progress(f"run {run.id}")
    run = work(run.id, tell_epoch, progress)
    progress_done()
    if run.status == "failed":
        raise RunError(run.reason)
    _report(run, folder(run.id) / "best.safetensors", out)
    return 0


def tell_epoch(run: "Run", epoch: "Epoch") -> None:
    """A line about an epoch."""
    progress(
        f"epoch {epoch.epoch}/{run.config['epochs']}  loss {epoch.loss:.4f}  l2 {epoch.l2:.4f}  "
        f"validation loss {epoch.validation_loss or 0:.4f} dice {epoch.validation_dice or 0:.4f}"
        f"{' best' if epoch.is_best else ''}  {epoch.seconds:.1f} s"
    )


def _report(run: "Run", best: Path, out: Path | None) -> None:
    """The scores, and where the checkpoint is."""
    from seg.checkpoint import open_checkpoint
    from seg.disk import write_durably

    print(f"run {run.id} {run.status}{': ' if run.reason else ''}{run.reason}")
    if not best.is_file():
        return
    checkpoint = open_checkpoint(best)
    if out:
        write_durably(out, best.read_bytes())
        checkpoint = open_checkpoint(out)
    for score in checkpoint.metadata.scores:
        if score.metric == "dice":
            print(f"{score.part} dice {score.class_name} {score.text()}")
    print(f"{checkpoint.path}  {checkpoint.size_bytes / 1e6:.2f} MB  {checkpoint.sha256[:16]}")


def make_config(given: dict[str, Any]) -> "TrainConfig":
    """The options that were given, over a recipe or the defaults, as a validated whole.

    Raises:
        ConfigError: Neither data nor a recipe, no such recipe, or a value that cannot be used.
    """
    from seg.train.config import TrainConfig
    from seg.train.recipes import RECIPES

    recipe = given.get("recipe")
    if recipe is not None and recipe not in RECIPES:
        raise ConfigError(
            f"There is no recipe {ascii(recipe)[1:-1][:40]}. Expected one of "
            f"{', '.join(RECIPES)}. Choose one of them."
        )
    if recipe is None and "data" not in given:
        raise ConfigError("Nothing to train on. Expected --data DIR or --recipe NAME. Add one.")
    values: dict[str, Any] = {"architecture": dict(START)}
    if recipe:
        values = RECIPES[recipe].config.model_dump()
    values |= {name: given[name] for name in PLAIN if name in given}
    values["data"] = Path(str(values["data"])).absolute()  # a run is resumed from any folder
    for group, names in GROUPS.items():
        values[group] = values.get(group, {}) | {n: given[n] for n in names if n in given}
    _add_shapes(values, given)
    try:
        return TrainConfig.model_validate(values)
    except ValidationError as error:
        raise _refusal(error) from error


def _add_shapes(values: dict[str, Any], given: dict[str, Any]) -> None:
    """Channels and classes stand in two places each."""
    if "channels" in given:
        values["architecture"]["in_channels"] = given["channels"]
        values["preprocessing"]["channels"] = given["channels"]
    if "classes" in given:
        names = given["classes"]
        values["class_names"] = names
        values["architecture"]["classes"] = 1 if len(names) == 1 else len(names) + 1
    if given.get("softmax") and len(values.get("class_names", "x")) == 1:
        values["architecture"]["classes"] = 2
    if "filters" in given and "heads" not in given:
        values["architecture"]["heads"] = ()
    if "optimizer" in given:
        values["optimizer"]["name"] = given["optimizer"]
    if "schedule" in given:
        values["schedules"] = given["schedule"]


def _refusal(error: ValidationError) -> ConfigError:
    """The first thing that is wrong: with one option, or with what several say together."""
    first = error.errors(include_url=False)[0]
    said = first["msg"].removeprefix("Value error, ")
    names = [part for part in first["loc"] if isinstance(part, str) and part not in GROUPS]
    if not names:
        return ConfigError(f"The options cannot be used: {said}. Change one of them.")
    option = "--" + OPTIONS.get(names[0], names[0]).replace("_", "-")
    received = str(first["input"])[:60]
    return ConfigError(
        f"The option {option} cannot be used: {said}. Received: {received}. Change it."
    )


def _numbers(text: str) -> tuple[int, ...]:
    """'16,32' as whole numbers."""
    return tuple(int(part) for part in text.split(","))


def _floats(text: str) -> tuple[float, ...]:
    """'0.3,0.7' as numbers."""
    return tuple(float(part) for part in text.split(","))


def _schedule(text: str) -> dict[str, Any]:
    """'alpha=0:0.5,20:0.3' as a schedule's values; `TrainConfig` looks at them."""
    control, _, rest = text.partition("=")
    words = rest.split(",")
    between = "steps" if words[-1] == "steps" else "linear"
    points = [tuple(map(float, word.split(":"))) for word in words if word != "steps"]
    return {"control": control, "points": points, "between": between}


def schedule_text(schedule: "Schedule") -> str:
    """A schedule as the option takes it."""
    points = [f"{epoch!r}:{value!r}" for epoch, value in schedule.points]
    return f"{schedule.control}={','.join(points)}{',steps' * (schedule.between == 'steps')}"


def _names(text: str) -> tuple[str, ...]:
    """'lesion,oedema' as names."""
    return tuple(part.strip() for part in text.split(",") if part.strip())
