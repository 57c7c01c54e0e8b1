"""What follows from a census: settings to start a training with, and what to beware of, in words.

Imports no Keras.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import combinations
from typing import Any

from seg.census import Census
from seg.dataset import PARTS, Part

MULTIPLE = 16  # the default networks halve four times
CROP_MAX = 96  # on a CPU a step's time grows with the square
EPOCHS = (5, 100)
EPOCHS_FEW = 15  # below, a smaller network learns more in the same time
RUN_S = 180.0  # how long a first run may take on two CPU cores
RARE = 0.05  # foreground share below which the background decides what a careless loss says
BLACK = 0.2  # share of black pixels from which on they are taken for ground: an extracted brain


@dataclass(frozen=True)
class Network:
    """A default network and what it costs on two CPU cores, measured with TensorFlow 2.21.

    Attributes:
        size: What `seg.plan.SIZES` calls it.
        filters: Of its levels.
        train_s: Seconds a training step takes for each pixel of the batch.
        validate_s: Seconds validation takes for each pixel.
    """

    size: str
    filters: tuple[int, ...]
    train_s: float
    validate_s: float


USUAL = Network("small", (16, 32, 64, 96, 128), 4.5e-6, 0.8e-6)
LESS = Network("smallest", (8, 16, 32, 48, 64), 2.0e-6, 0.4e-6)
STEP_S = 0.02  # around each step, whatever its size
STEPS_MIN = 4  # of an epoch: few images are seen several times, each time as another view


@dataclass(frozen=True)
class Note:
    """One thing to know before a training."""

    text: str
    is_warning: bool = False


def suggest(census: Census) -> dict[str, Any]:
    """Settings with which a first run finishes in minutes on two CPU cores.

    Args:
        census: Of the data set under its split.

    Returns:
        crop (a multiple of 16, at most 96, within three images of four: beyond the border of
        the others views are mirrored), batch, repeats, epochs, channels, normalisation,
        class_names, size and its filters, alpha, beta: the names `seg.train.config` knows.
    """
    sides = sorted(min(one.width, one.height) for one in census.facts) or [CROP_MAX]
    crop = min(CROP_MAX, max(sides[len(sides) // 4] // MULTIPLE, 1) * MULTIPLE)
    batch = 16 if crop <= 2 * MULTIPLE else 8
    repeats = -(-STEPS_MIN * batch // max(census.parts["train"].images, 1))
    network = USUAL
    epochs = RUN_S / epoch_seconds(census, network, crop, batch, repeats)
    if epochs < EPOCHS_FEW:
        network = LESS
        epochs = RUN_S / epoch_seconds(census, network, crop, batch, repeats)
    return {
        "crop": crop,
        "batch": batch,
        "repeats": repeats,
        "epochs": min(max(5 * round(epochs / 5), EPOCHS[0]), EPOCHS[1]),
        "channels": max(census.channels, default=1),
        "normalisation": "zscore_nonzero" if _on_black(census) else "zscore",
        "class_names": census.class_names,
        "size": network.size,
        "filters": network.filters,
        "alpha": 0.5,
        "beta": 0.5,
    }


def epoch_seconds(
    census: Census, network: Network, crop: int, batch: int, repeats: int = 1
) -> float:
    """About how long an epoch takes on two CPU cores, validation included, in s.

    Args:
        census: Of the data set under its split.
        network: With its costs.
        crop: Side of a view, in pixels.
        batch: Views of a step.
        repeats: Views of each image.
    """
    steps = -(-census.parts["train"].images * repeats // batch)
    validated = sum(one.pixels for one in census.parts["validation"].facts)
    step_s = STEP_S + network.train_s * batch * crop**2
    return max(steps, 1) * step_s + network.validate_s * validated


def notes(census: Census) -> list[Note]:
    """What to know before a training, the gravest first.

    Args:
        census: Of the data set under its split.

    Returns:
        Sentences in plain words; none where there is nothing to say.
    """
    found = [*_split_notes(census), *_file_notes(census), *_balance_notes(census)]
    return sorted(found, key=lambda note: not note.is_warning)


def percent(share: float) -> str:
    """A share for the eye, two digits.

    Example:
        >>> percent(0.0065), percent(0.28), percent(1.0), percent(0.0)
        ('0.65 %', '28 %', '100 %', '0 %')
    """
    return f"{100 * share:.2g} %" if share < 0.1 else f"{100 * share:.0f} %"


def _balance_notes(census: Census) -> Iterator[Note]:
    """Empty masks, and how rare the foreground is."""
    if census.empty:
        yield Note(
            f"{census.empty:,} of {census.images:,} masks are empty: Dice counts such an image as "
            "1 when nothing is predicted, and as 0 when anything is."
        )
    share = census.foreground_share
    if 0 < share < RARE:
        what = census.class_names[0] if len(census.class_names) == 1 else "of a class"
        yield Note(
            f"{percent(share)} of the pixels are {what}: a loss that counts the background will "
            "look good early."
        )


def _split_notes(census: Census) -> Iterator[Note]:
    """What the split leaves out or lets through."""
    yield from _missing(census, "train")
    yield from _missing(census, "validation")
    groups = census.parts["validation"].groups
    every = len({one.group for one in census.facts})
    if every == census.images > 1:
        yield Note(
            "Each image is its own group. Where several are of one patient, the scores will "
            "flatter: say how the names tell the patient."
        )
    elif groups == 1:
        yield Note("Validation is of one group: its scores say little about others.")
    for one, other in combinations(PARTS, 2):
        ids = {fact.id: fact.name for fact in census.parts[one].facts}
        twice = [fact for fact in census.parts[other].facts if fact.id in ids]
        if twice:
            yield Note(
                f"Images of {_name(other)} that are also in {_name(one)}, byte for byte: "
                f"{len(twice):,}, the first {twice[0].name} as {ids[twice[0].id]}. The scores will "
                "flatter. Put both into one group.",
                is_warning=True,
            )


def _missing(census: Census, part: Part) -> Iterator[Note]:
    """Classes that a part has none of."""
    foreground = census.parts[part].class_pixels[1:]
    pairs = zip(census.class_names, foreground, strict=True)
    missing = [name for name, pixels in pairs if not pixels]
    if missing and any(foreground):
        text = f"No image of {_name(part)} has any {' or '.join(missing)}."
    elif missing and part == "train":
        text = "Every mask of training is empty: there is nothing to learn. Choose other groups."
    elif missing:
        text = (
            "Every mask of validation is empty: its Dice says only whether nothing is predicted. "
            "Choose other groups."
        )
    else:
        return
    yield Note(text, is_warning=True)


def _file_notes(census: Census) -> Iterator[Note]:
    """What looks odd in the files."""
    inverted = sum(one.suspicion == "inverted" for one in census.facts)
    if inverted:
        yield Note(
            f"{inverted:,} of {census.images:,} masks may be inverted, foreground for background. "
            "Look at one.",
            is_warning=True,
        )
    colour = sum(one.channels == 3 for one in census.facts)
    if 0 < colour < census.images:
        yield Note(f"{colour:,} of {census.images:,} images are in colour: all are read as colour.")


def _on_black(census: Census) -> bool:
    """Whether most images are grey and lie on black."""
    on_black = [one.channels == 1 and one.black_share >= BLACK for one in census.facts]
    return sum(on_black) > len(on_black) / 2


def _name(part: Part) -> str:
    """As in a sentence."""
    return "training" if part == "train" else part
