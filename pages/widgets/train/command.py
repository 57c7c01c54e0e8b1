"""The command that makes the same run without a browser."""

import shlex
from typing import Any

from seg.cli import train
from seg.train.config import TrainConfig
from seg.train.recipes import RECIPES

PROGRAM = "python -m seg train"


def command_of(config: TrainConfig) -> str:
    """A line for a shell; options at their defaults are left out."""
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
    if len(config.class_names) == 1 and config.architecture.classes == 2:
        words.append("--softmax")
    words += _option("optimizer", config.optimizer.name, usual["optimizer"]["name"])
    for schedule in config.schedules:
        words += _option("schedule", train.schedule_text(schedule), "")
    return f"{PROGRAM} {shlex.join(words)}"


def _option(name: str, value: Any, usual: Any) -> list[str]:
    """One option's words; none where the value is the usual one."""
    if value == usual:
        return []
    words = ["--" + name.replace("_", "-")]
    if isinstance(value, (list, tuple)):
        words.append(",".join(str(one) for one in value))
    elif not isinstance(value, bool):
        words.append(str(value))
    return words
