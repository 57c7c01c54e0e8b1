"""What a UNet++ is made of, as plain numbers: no Keras here.

`Architecture` says which network; `weight_shapes` lists every weight it has, so that a file can be
checked, and a parameter count shown, before anything is built or allocated.
"""

from collections.abc import Iterator
from math import gcd, prod
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

FILTERS_MAX = 2048
CHANNELS_MAX = 64
CLASSES_MAX = 64
GROUPS = 8  # of a group normalisation, where the filters divide by it

Norm = Literal["none", "batch", "group"]
Upsampling = Literal["transposed", "bilinear"]


class Architecture(BaseModel):
    """One UNet++: immutable, validated, and the keyword arguments of `seg.unetpp.unetpp`.

    Example:
        >>> Architecture().parameters
        9041700
        >>> Architecture(heads=(4,)).parameters
        9041601
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    filters: tuple[int, ...] = Field((32, 64, 128, 256, 512), min_length=2, max_length=6)
    in_channels: int = Field(1, ge=1, le=CHANNELS_MAX)
    classes: int = Field(1, ge=1, le=CLASSES_MAX)
    heads: tuple[int, ...] = ()
    norm: Norm = "none"
    dropout: float = Field(0.5, ge=0, lt=1)
    l2: float = Field(1e-4, ge=0, le=1)
    upsampling: Upsampling = "transposed"

    @model_validator(mode="before")
    @classmethod
    def _all_heads(cls, values: object) -> object:
        """No heads named: one at every level."""
        if isinstance(values, dict) and not values.get("heads"):
            filters = values.get("filters", cls.model_fields["filters"].default)
            if isinstance(filters, (tuple, list)):
                return values | {"heads": tuple(range(1, len(filters)))}
        return values

    @model_validator(mode="after")
    def _consistent(self) -> "Architecture":
        """Filters and heads that a network can have."""
        if not all(1 <= count <= FILTERS_MAX for count in self.filters):
            raise ValueError(f"each of filters must be 1 to {FILTERS_MAX}")
        if len(set(self.heads)) != len(self.heads):
            raise ValueError("heads must name each level once")
        if not all(1 <= head <= self.levels for head in self.heads):
            raise ValueError(f"heads must be levels 1 to {self.levels}")
        return self

    @property
    def levels(self) -> int:
        """How often the image is halved; the deepest head's level."""
        return len(self.filters) - 1

    @property
    def multiple(self) -> int:
        """Height and width must divide by it: 2 to the number of levels."""
        return 2**self.levels

    @property
    def parameters(self) -> int:
        """Trainable and, with batch normalisation, moving numbers in all."""
        return sum(prod(shape) for _, shape in self.weight_shapes())

    def at_level(self, level: int) -> "Architecture":
        """The network that `prune` leaves: the first levels and one head."""
        return self.model_copy(update={"filters": self.filters[: level + 1], "heads": (level,)})

    def nodes(self) -> Iterator[tuple[int, int]]:
        """Every node X(row, column) that a head needs, in the order they are computed.

        Row counts the halvings, column the skip connections of that row, as in the paper.
        """
        deepest = max(self.heads)
        for diagonal in range(deepest + 1):
            for column in range(diagonal + 1):
                yield diagonal - column, column

    def weight_shapes(self) -> Iterator[tuple[str, tuple[int, ...]]]:
        """Name and shape of every weight, `layer/weight`, in the network's order."""
        for row, column in self.nodes():
            width = self.filters[row]
            if column:
                yield from self._up_shapes(row, column)
            yield from self._conv_shapes(f"x{row}{column}_conv1", self._inputs(row, column), width)
            yield from self._conv_shapes(f"x{row}{column}_conv2", width, width)
        for head in self.heads:
            yield f"head{head}/kernel", (1, 1, self.filters[0], self.classes)
            yield f"head{head}/bias", (self.classes,)

    def _inputs(self, row: int, column: int) -> int:
        """Channels that arrive at a node."""
        if column == 0:
            return self.filters[row - 1] if row else self.in_channels
        bilinear = self.upsampling == "bilinear"
        risen = self.filters[row + 1] if bilinear else self.filters[row]
        return column * self.filters[row] + risen

    def _up_shapes(self, row: int, column: int) -> Iterator[tuple[str, tuple[int, ...]]]:
        """The transposed convolution into a node; a bilinear one has no weights."""
        if self.upsampling == "transposed":
            name, width = f"x{row}{column}_up", self.filters[row]
            yield f"{name}/kernel", (2, 2, width, self.filters[row + 1])
            yield f"{name}/bias", (width,)

    def _conv_shapes(
        self, name: str, inputs: int, width: int
    ) -> Iterator[tuple[str, tuple[int, ...]]]:
        """A 3x3 convolution and what normalises it; a bias only where nothing does."""
        yield f"{name}/kernel", (3, 3, inputs, width)
        if self.norm == "none":
            yield f"{name}/bias", (width,)
        else:
            kinds = ["gamma", "beta"]
            kinds += ["moving_mean", "moving_variance"] if self.norm == "batch" else []
            for kind in kinds:
                yield f"{name}_norm/{kind}", (width,)


def groups(width: int) -> int:
    """Groups of a group normalisation over `width` filters: 8 where that divides them.

    Example:
        >>> groups(32), groups(12)
        (8, 4)
    """
    return gcd(GROUPS, width)
