"""UNet++ as a plain functional Keras model of standard layers, so that it loads anywhere.

Zhou et al. 2018, UNet++: A Nested U-Net Architecture for Medical Image Segmentation; written from
the paper. X(row, column): rows go down by halving, columns go right along a row's skip connections.

    X00 --- X01 --- X02 --- X03 --- X04      head j reads X0j
      X10 --- X11 --- X12 --- X13
        X20 --- X21 --- X22
          X30 --- X31
            X40
"""

from collections.abc import Sequence
from typing import Any

import keras
from keras import layers, regularizers

from seg.architecture import Architecture, groups

Tensor = Any

BATCH_MOMENTUM = 0.9  # of the moving statistics; Keras' 0.99 lags hundreds of steps behind


def unetpp(
    filters: Sequence[int] = (32, 64, 128, 256, 512),
    in_channels: int = 1,
    classes: int = 1,
    heads: Sequence[int] = (),
    **options: Any,
) -> keras.Model:
    """UNet++ with deep supervision on any of its heads.

    Args:
        filters: Channels of each row from the top, 2 to 6 of them.
        in_channels: Channels of the image.
        classes: 1 gives a sigmoid; 2 or more a softmax, background first.
        heads: Levels 1 to len(filters) - 1 that give a probability; () means all of them.
        **options: norm ("none", "batch", "group"), dropout (0..1, after each convolution), l2
            (penalty on the 3x3 and 1x1 kernels), upsampling ("transposed", "bilinear"). Without
            them the paper's network: none, 0.5, 1e-4, transposed.

    Returns:
        A model from (B, H, W, in_channels) to probabilities (B, H, W, classes): a list in the
        order of `heads`, or one tensor where there is one head. H and W divide by
        2^(len(filters) - 1).

    Raises:
        pydantic.ValidationError (a ValueError): No network can have these numbers.

    Example:
        >>> unetpp(filters=(8, 16, 32), heads=(1, 2)).output_shape
        [(None, None, None, 1), (None, None, None, 1)]
    """
    return build(
        Architecture(
            filters=tuple(filters),
            in_channels=in_channels,
            classes=classes,
            heads=tuple(heads),
            **options,
        )
    )


def build(architecture: Architecture) -> keras.Model:
    """The network that an `Architecture` describes; see `unetpp`."""
    image = keras.Input((None, None, architecture.in_channels), name="image")
    x: dict[tuple[int, int], Tensor] = {}
    for row, column in architecture.nodes():
        if column:
            risen = _up(x[row + 1, column - 1], architecture, row, column)
            joined = layers.Concatenate(name=f"x{row}{column}_join")(
                [*(x[row, left] for left in range(column)), risen]
            )
        elif row:
            joined = layers.MaxPooling2D(2, name=f"x{row}{column}_pool")(x[row - 1, 0])
        else:
            joined = image
        x[row, column] = _convolutions(joined, architecture, row, column)
    outputs = [_head(x[0, level], architecture, level) for level in architecture.heads]
    return keras.Model(image, outputs if len(outputs) > 1 else outputs[0], name="unetpp")


def prune(model: keras.Model, level: int) -> keras.Model:
    """The network cut down to one head: L1 is the fastest, the last level the whole network.

    It shares its layers with `model`, and gives the same numbers as that model's head.

    Args:
        model: A network of `unetpp`.
        level: A level that the model has a head at.

    Returns:
        A model with one output, (B, H, W, classes).

    Raises:
        ValueError: The model has no head at this level.

    Example:
        >>> prune(unetpp(filters=(8, 16, 32)), 1).count_params()
        6425
    """
    names = {layer.name for layer in model.layers}
    if f"head{level}" not in names:
        heads = sorted(name for name in names if name.startswith("head"))
        raise ValueError(f"prune needs a head at level {level}. Received a model with {heads}.")
    return keras.Model(model.input, model.get_layer(f"head{level}").output, name="unetpp")


def _convolutions(x: Tensor, architecture: Architecture, row: int, column: int) -> Tensor:
    """Twice: 3x3 convolution, normalisation if any, ReLU, dropout."""
    width = architecture.filters[row]
    for step in (1, 2):
        name = f"x{row}{column}_conv{step}"
        x = layers.Conv2D(
            width,
            3,
            padding="same",
            use_bias=architecture.norm == "none",
            kernel_initializer="he_normal",
            kernel_regularizer=_penalty(architecture),
            name=name,
        )(x)
        if architecture.norm == "batch":
            x = layers.BatchNormalization(momentum=BATCH_MOMENTUM, name=f"{name}_norm")(x)
        elif architecture.norm == "group":
            x = layers.GroupNormalization(groups(width), name=f"{name}_norm")(x)
        x = layers.ReLU(name=f"{name}_relu")(x)
        if architecture.dropout:
            x = layers.Dropout(architecture.dropout, name=f"{name}_drop")(x)
    return x


def _up(x: Tensor, architecture: Architecture, row: int, column: int) -> Tensor:
    """Twice the height and width."""
    name = f"x{row}{column}_up"
    if architecture.upsampling == "bilinear":
        return layers.UpSampling2D(2, interpolation="bilinear", name=name)(x)
    return layers.Conv2DTranspose(
        architecture.filters[row], 2, strides=2, padding="same", name=name
    )(x)


def _head(x: Tensor, architecture: Architecture, level: int) -> Tensor:
    """1x1 convolution to probabilities, in float32 also under mixed precision."""
    return layers.Conv2D(
        architecture.classes,
        1,
        activation="sigmoid" if architecture.classes == 1 else "softmax",
        kernel_initializer="he_normal",
        kernel_regularizer=_penalty(architecture),
        dtype="float32",
        name=f"head{level}",
    )(x)


def _penalty(architecture: Architecture) -> regularizers.Regularizer | None:
    """L2 on a kernel, or nothing."""
    return regularizers.L2(architecture.l2) if architecture.l2 else None
