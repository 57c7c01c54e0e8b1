"""All that a new run can be given beside data and loss, folded away until somebody wants it."""

from collections.abc import Mapping
from typing import Any

import streamlit as st

from pages.widgets.train.draft import key, number, pick, put, scale, switch
from pages.widgets.train.numbers import numbers_of, plain_number
from pages.widgets.train.presets import loss_values
from pages.widgets.train.schedule import choose_schedules
from seg.errors import ConfigError
from seg.plan import SIZES
from seg.presets import Preset

RATES = [1e-5, 2e-5, 5e-5, 1e-4, 2e-4, 5e-4, 1e-3, 2e-3, 5e-3, 1e-2]
PENALTIES = [0.0, 1e-6, 1e-5, 1e-4, 1e-3]
NORMS = {"batch": "Batch", "group": "Group", "none": "None"}
SIZE_NAMES = {"smallest": "Smallest", "small": "Small", "medium": "Medium", "paper": "Paper"}
OPTIMIZERS = {"adam": "Adam", "adamw": "AdamW", "sgd": "SGD"}
DECAYS = {"cosine": "Cosine", "constant": "Constant"}
AUGMENTATIONS = {"strong": "Strong", "mirror": "Mirror", "none": "None"}
REDUCTIONS = {"image": "Each image", "batch": "Whole batch"}
HEAD_SUMS = {"Mean": "Mean", "Sum": "Sum"}
PRECISIONS = {"float32": "32 bit", "mixed_bfloat16": "bfloat16", "mixed_float16": "float16"}
TABS = ["Network", "Optimizer", "Views", "Loss", "Alpha over time", "Machine"]


def suggest(values: Mapping[str, Any]) -> None:
    """Other data was chosen: what suits it becomes the start of every field it names."""
    put(values)


def choose_settings(preset: Preset, foreground: int) -> dict[str, Any]:
    """The folded settings.

    Args:
        preset: The loss; one that weighs the background asks for a channel of it.
        foreground: Classes of the data.

    Returns:
        Values of `seg.train.config.TrainConfig`, nested as it is.

    Raises:
        ConfigError: No head, or a list of numbers that is none.
    """
    with st.expander("Settings: network, optimizer, views, schedule, machine"):
        network, optimizer, views, loss, schedule, machine = st.tabs(TABS)
        with network:
            architecture = _network(preset, foreground)
        with optimizer:
            course = _course()
        with views:
            viewed = _views(2 ** (len(architecture["filters"]) - 1))
        with loss:
            weights = _loss_details()
        with schedule:
            schedules = choose_schedules(course["epochs"])
        with machine:
            device = _machine()
    if not architecture["heads"]:
        raise ConfigError("No head is chosen. Expected at least one. Choose it under Network.")
    put({"class_weights": numbers_of(weights, "Weights of the classes")})
    return {
        "architecture": architecture,
        "loss": loss_values(preset, len(architecture["heads"]), architecture["classes"]),
        "views": viewed,
        "schedules": schedules,
        **course,
        **device,
    }


def _network(preset: Preset, foreground: int) -> dict[str, Any]:
    """Its size, heads, and what keeps it from learning by heart."""
    left, right = st.columns(2, gap="large")
    key("size", "small")
    size = pick(left, "Size", SIZE_NAMES, "size")
    filters = SIZES[size]
    left.caption("Filters " + ", ".join(map(str, filters)) + ", from the finest level down.")
    levels = list(range(1, len(filters)))
    heads = right.pills(
        "Heads",
        levels,
        selection_mode="multi",
        format_func=lambda level: f"L{level}",
        key=key("heads", levels),
        persist_state="session",
        help="Each level has its own output and its own share of the loss. Without L4 the deepest "
        "part of the network is left out.",
    )
    norm = pick(right, "Normalisation", NORMS, "norm")
    dropout = scale(left, "Dropout", [0.0, 0.1, 0.2, 0.3, 0.4, 0.5], "dropout", 0.1)
    l2 = scale(right, "L2 penalty", PENALTIES, "l2", 1e-5, format_func=plain_number)
    own = switch(
        left,
        "Background as a class of its own",
        "background",
        disabled=preset.needs_background or foreground > 1,
        help="A softmax over background and classes in place of a sigmoid. The weighted Dice and "
        "data with several classes always have it.",
    )
    softmax = own or preset.needs_background or foreground > 1
    return {
        "filters": filters,
        "heads": tuple(sorted(heads)),
        "norm": norm,
        "dropout": dropout,
        "l2": l2,
        "classes": foreground + 1 if softmax else 1,
    }


def _course() -> dict[str, Any]:
    """The optimizer, and how long it works."""
    left, right = st.columns(2, gap="large")
    optimizer = {
        "name": pick(left, "Optimizer", OPTIMIZERS, "optimizer"),
        "learning_rate": scale(
            left, "Learning rate", RATES, "learning_rate", 1e-3, format_func=plain_number
        ),
        "decay": pick(left, "Decay", DECAYS, "decay", help="Cosine falls to 0 at the last step."),
        "warm_up": scale(
            left,
            "Warm-up",
            [0.0, 0.02, 0.05, 0.1, 0.2],
            "warm_up",
            0.05,
            help="Share of the steps in which the learning rate rises from a tenth.",
        ),
    }
    return {
        "optimizer": optimizer,
        "epochs": number(right, "Epochs", "epochs", 60, 1, 100_000),
        "batch": number(right, "Batch, views a step", "batch", 8, 1, 1024),
        "patience": number(
            right,
            "Patience, epochs",
            "patience",
            0,
            0,
            100_000,
            help="It ends after so many epochs without a better validation Dice; 0 never.",
        ),
        "averaging": scale(
            right,
            "Averaging of the weights",
            [0.0, 0.9, 0.95, 0.98, 0.99, 0.999],
            "averaging",
            0.98,
            help="Validation and checkpoint use a running average; 0 uses the weights as they are.",
        ),
    }


def _views(multiple: int) -> dict[str, Any]:
    """What is cut out of an image."""
    left, right = st.columns(2, gap="large")
    return {
        "crop": number(
            left,
            "Crop, pixels",
            "crop",
            96,
            8,
            2048,
            step=multiple,
            help=f"Side of the square, a multiple of {multiple} for this network.",
        ),
        "repeats": number(left, "Views of each image in an epoch", "repeats", 1, 1, 1000),
        "augmentation": pick(
            right,
            "Augmentation",
            AUGMENTATIONS,
            "augmentation",
            help="Strong turns, scales, mirrors and changes the light.",
        ),
        "foreground_share": scale(
            right,
            "Centred on a lesion",
            [0.0, 0.25, 0.5, 0.75, 1.0],
            "foreground_share",
            0.5,
            format_func=lambda share: f"{share:.0%}",
            help="Share of the views with a pixel of a class in their middle, where the image has "
            "one. The others lie anywhere.",
        ),
        "invert": switch(right, "Also with light and dark swapped", "invert"),
    }


def _loss_details() -> str:
    """The rest of the loss, for `loss_values` to read; gives the classes' weights as typed."""
    left, right = st.columns(2, gap="large")
    number(left, "gamma: exponent", "gamma", 1.0, 0.05, 10.0, step=0.05,
           help="1 is the plain loss. Below 1 it goes on pushing near the goal, above 1 it eases "
           "off.")  # fmt: skip
    number(left, "Smoothing, pixels", "smooth", 1.0, 0.0, 1e6, step=0.5,
           help="Added above and below. Dice's usual 1 is 0.5 here.")  # fmt: skip
    number(left, "Weight of the cross-entropy", "cross_entropy", 0.0, 0.0, 1000.0, step=0.1)
    pick(right, "Overlap counted over", REDUCTIONS, "reduction",
         help="Each image by itself, then the mean; or all pixels of a batch at once.")  # fmt: skip
    pick(right, "Heads", HEAD_SUMS, "head_sum",
         help="Summed, four heads make the loss four times as large, and so above 1.")  # fmt: skip
    return right.text_input(
        "Weights of the classes",
        key=key("class_weights_text", ""),
        placeholder="by the loss",
        persist_state="session",
        help="One for each channel, the background first where it is one: 0.3, 0.7.",
    )


def _machine() -> dict[str, Any]:
    """What changes nothing but time, and the seed."""
    left, right = st.columns(2, gap="large")
    return {
        "seed": number(left, "Seed", "seed", 0, 0, 2**32 - 1,
                       help="The same seed gives the same network on a CPU."),
        "half": switch(left, "Store weights in half the bytes", "half"),
        "precision": pick(right, "Precision", PRECISIONS, "precision",
                          help="Mixed precision helps on a GPU only."),
        "xla": switch(right, "Compile with XLA", "xla",
                      help="A slow first step, then about a tenth faster."),
    }  # fmt: skip
