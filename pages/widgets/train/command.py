"""The command that makes the same run without a browser."""

import argparse
import shlex
from functools import cache
from typing import Any

from seg.cli import train
from seg.curves import differences
from seg.train.config import TrainConfig
from seg.train.recipes import RECIPES

PROGRAM = "python -m seg train"


def command_of(config: TrainConfig) -> str:
    """A line for a shell; options at their defaults are left out. `missing` says what has none."""
    for recipe in RECIPES.values():
        if config == recipe.config:
            return f"{PROGRAM} --recipe {recipe.name}"
    usual = train.make_config({"data": config.data}).model_dump()
    wanted = config.model_dump()
    words = ["--data", str(config.data)]
    for name in train.PLAIN:
        if name != "data":
            words += _option(name, wanted[name], usual[name])
    for group, names in train.GROUPS.items():
        for name in names:
            words += _option(name, wanted[group][name], usual[group][name])
    channels = "in_channels"
    words += _option("channels", wanted["architecture"][channels], usual["architecture"][channels])
    words += _option("classes", wanted["class_names"], usual["class_names"])
    return f"{PROGRAM} {shlex.join(words)}"


def missing(config: TrainConfig) -> list[str]:
    """Settings of a run that its command does not say, in words: they have no option there."""
    words = shlex.split(command_of(config))[len(PROGRAM.split()) :]
    made = train.make_config(vars(_parser().parse_args(["train", *words])))
    pair = [one.model_dump(mode="json") for one in (config, made)]
    return [difference.name for difference in differences(pair)]


def _option(name: str, value: Any, usual: Any) -> list[str]:
    """One option's words; none where the value is the usual one, or there is no such option."""
    if value == usual:
        return []
    words = ["--" + name.replace("_", "-")]
    if isinstance(value, (list, tuple)):
        words.append(",".join(str(one) for one in value))
    elif not isinstance(value, bool):
        words.append(str(value))
    _, unknown = _parser().parse_known_args(["train", *words])
    return [] if unknown else words


@cache
def _parser() -> argparse.ArgumentParser:
    """The command line's own, `train` alone."""
    parser = argparse.ArgumentParser()
    train.add(parser.add_subparsers())
    return parser
