"""Trainings that come with the workbench, each a whole configuration."""

from collections.abc import Mapping
from dataclasses import dataclass

from seg.architecture import Architecture
from seg.groups import NOTHING
from seg.preprocessing import Preprocessing
from seg.samples import ADVICE, TRAINING
from seg.train.config import Loss, Optimizer, TrainConfig, Views


@dataclass(frozen=True)
class Recipe:
    """One training to start by name.

    Attributes:
        name: On the command line.
        title: On the page.
        text: What it will show.
        config: All of it.
    """

    name: str
    title: str
    text: str
    config: TrainConfig


QUESTION = Recipe(
    name="2019-question",
    title="The 2019 question",
    text="The loss falls every epoch, the Dice stays flat, and the loss is above 1. Four heads are "
    "summed and an L2 penalty is added; what falls is the penalty and the background's share.",
    config=TrainConfig(
        data=TRAINING / "ms-lesion",
        validation=ADVICE["ms-lesion"].validation,  # slices that hold lesions
        test=NOTHING,
        title="The 2019 question",
        class_names=("lesion",),
        architecture=Architecture(
            filters=(16, 32, 64, 128, 256), classes=2, norm="none", dropout=0.5, l2=1e-4
        ),
        preprocessing=Preprocessing(normalisation="full_range"),
        loss=Loss(
            smooth=0.5,  # Dice's smooth 1
            class_weights=(0.3, 0.7),
            head_weights=(1.0, 1.0, 1.0, 1.0),
            reduction="batch",
        ),
        optimizer=Optimizer(learning_rate=1e-4, decay="constant", warm_up=0.0, clip_norm=0.0),
        views=Views(crop=96, augmentation="none", foreground_share=0.0),
        batch=8,
        epochs=11,
        averaging=0.0,
    ),
)

RECIPES: Mapping[str, Recipe] = {recipe.name: recipe for recipe in (QUESTION,)}
