"""Losses by name: their numbers, what they are called and what they mean. No Keras.

Every loss here is `seg.objective` with other numbers, so a preset is a `seg.train.config.Loss` and
nothing else; whoever turns one of its numbers has the next loss.
"""

from dataclasses import dataclass

from seg.train.config import Loss


@dataclass(frozen=True)
class Preset:
    """A loss under the name people know it by.

    Attributes:
        name: In a URL or a file.
        title: On a page.
        text: Whom it is for, a sentence.
        loss: Its numbers; `class_weights` only where the background has one of its own.
    """

    name: str
    title: str
    text: str
    loss: Loss

    @property
    def needs_background(self) -> bool:
        """Whether the background must be a channel of its own: a softmax, not a sigmoid."""
        return bool(self.loss.class_weights)

    def for_channels(self, channels: int) -> Loss:
        """The loss for a network of so many channels: the foreground's weight is shared equally.

        Args:
            channels: 1 (a sigmoid), or 1 + the foreground classes.

        Raises:
            ValueError: The background must be a channel and is not.

        Example:
            >>> LOSSES["weighted-dice"].for_channels(3).class_weights
            (0.3, 0.35, 0.35)
        """
        if not self.needs_background:
            return self.loss
        if channels < 2:
            raise ValueError(f"{self.title} needs a channel for the background.")
        background, foreground = self.loss.class_weights
        share = foreground / (channels - 1)
        weights = (background, *(share,) * (channels - 1))
        return self.loss.model_copy(update={"class_weights": weights})


LOSSES = {
    preset.name: preset
    for preset in (
        Preset(
            "dice",
            "Dice",
            "The usual start: a false positive and a false negative cost the same.",
            Loss(alpha=0.5, beta=0.5, smooth=0.5),
        ),
        Preset(
            "tversky",
            "Tversky 0.3/0.7",
            "For small or rare lesions that Dice misses: a miss costs more than a false alarm "
            "(Salehi 2017).",
            Loss(alpha=0.3, beta=0.7),
        ),
        Preset(
            "focal-tversky",
            "Focal Tversky 0.3/0.7",
            "For data where a few hard images decide. Gamma 0.75 is 4/3 in papers that write "
            "1/gamma (Abraham 2018).",
            Loss(alpha=0.3, beta=0.7, gamma=0.75),
        ),
        Preset(
            "dice-cross-entropy",
            "Dice + cross-entropy",
            "A calm all-rounder, as in nnU-Net: every pixel counts by itself too, also where no "
            "lesion is.",
            Loss(alpha=0.5, beta=0.5, smooth=0.5, cross_entropy=1.0),
        ),
        Preset(
            "weighted-dice",
            "Weighted Dice 0.3/0.7 (2019)",
            "To study, not to use: the background is a class and weighs 0.3, and a batch counts as "
            "one image. It can fall while the lesion's Dice does not move.",
            Loss(alpha=0.5, beta=0.5, smooth=0.5, class_weights=(0.3, 0.7), reduction="batch"),
        ),
    )
}


def partner(cost: float) -> float:
    """The other cost where both add up to 1.

    Example:
        >>> partner(0.3)
        0.7
    """
    return round(1 - cost, 4)


def formula(loss: Loss) -> str:
    r"""What is minimised, in LaTeX, with the loss's own numbers.

    Example:
        >>> print(formula(Loss(alpha=0.3, beta=0.7)))
        1 - \dfrac{TP + 1}{TP + 0.3\,FP + 0.7\,FN + 1}
        >>> print(formula(LOSSES["weighted-dice"].loss))
        0.3\,(1 - \mathrm{Dice}_{0}) + 0.7\,(1 - \mathrm{Dice}_{1})
    """
    if loss.class_weights:
        name = r"\mathrm{Dice}" if loss.alpha == loss.beta == 0.5 else r"\mathrm{TI}"
        power = "" if loss.gamma == 1 else f"^{{{loss.gamma:g}}}"
        missing = " + ".join(
            rf"{weight:g}\,(1 - {name}_{{{i}}}){power}"
            for i, weight in enumerate(loss.class_weights)
        )
    else:
        missing = rf"1 - \dfrac{{{_overlap(loss)}}}"
        if loss.gamma != 1:
            missing = rf"\left({missing}\right)^{{{loss.gamma:g}}}"
    if not loss.cross_entropy:
        return missing
    weight = "" if loss.cross_entropy == 1 else rf"{loss.cross_entropy:g}\,"
    return rf"{missing} + {weight}\mathrm{{CE}}"


def _overlap(loss: Loss) -> str:
    """Above and below the line; Dice as everybody writes it."""
    if loss.alpha == loss.beta == 0.5:
        smooth = f" + {2 * loss.smooth:g}" if loss.smooth else ""
        return rf"2\,TP{smooth}}}{{2\,TP + FP + FN{smooth}"
    smooth = f" + {loss.smooth:g}" if loss.smooth else ""
    costs = [(loss.alpha, "FP"), (loss.beta, "FN")]
    below = "".join(
        rf" + {cost:g}\,{name}" if cost != 1 else f" + {name}" for cost, name in costs if cost
    )
    return f"TP{smooth}}}{{TP{below}{smooth}"


def costs_words(alpha: float, beta: float) -> str:
    """What two costs mean for the network, in a sentence.

    Example:
        >>> costs_words(0.3, 0.7)
        'A miss costs 2.3 times as much as a false alarm: it rather marks too much than too little.'
    """
    if alpha == beta:
        same = "A false alarm and a miss cost the same."
        return same if alpha else "Nothing costs anything: nothing can be learned."
    low, high = sorted((alpha, beta))
    times = f"{high / low:.2g} times as much as" if low else "something, and nothing"
    if beta > alpha:
        return f"A miss costs {times} a false alarm: it rather marks too much than too little."
    return f"A false alarm costs {times} a miss: it rather marks too little than too much."


def loss_words(loss: Loss) -> str:
    """What a loss is called, from its numbers.

    Example:
        >>> loss_words(Loss(alpha=0.3, beta=0.7, cross_entropy=1))
        'Tversky 0.3/0.7 + cross-entropy'
        >>> loss_words(LOSSES["weighted-dice"].loss)
        'Weighted Dice, classes 0.3/0.7'
    """
    costs = f"{loss.alpha:g}/{loss.beta:g}"
    name = {"0.5/0.5": "Dice", "1/1": "IoU"}.get(costs, f"Tversky {costs}")
    if loss.gamma != 1:
        name = f"Focal {name}, gamma {loss.gamma:g}"
    if loss.class_weights:
        weights = "/".join(f"{weight:g}" for weight in loss.class_weights)
        name = f"Weighted {name}, classes {weights}"
    if loss.cross_entropy:
        weight = "" if loss.cross_entropy == 1 else f"{loss.cross_entropy:g} "
        name = f"{name} + {weight}cross-entropy"
    return name
