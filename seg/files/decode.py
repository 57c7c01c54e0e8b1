"""Pillow's decoders, held so that they can neither warn nor fail in a way of their own.

The plugin of one format is called by itself, so no other parser ever sees the bytes and Pillow's
process-wide limits and plugin list stay as they are.
"""

import io
import threading
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import ImageFile

from seg.errors import DataError
from seg.files.image import data_error

_LOCK = threading.Lock()  # the list of warning filters is the whole process's


@contextmanager
def parsing(name: str, kind: str) -> Iterator[None]:
    """Turns whatever a parser raises into a DataError, and keeps its warnings to itself.

    Example:
        >>> with parsing("x.png", "PNG"):
        ...     raise OSError("image file is truncated (3 bytes not processed)")
        Traceback (most recent call last):
        seg.errors.DataError: The file x.png is damaged. Expected a whole PNG. Received: one that \
ends too early. Copy or export it again.
    """
    with _LOCK, warnings.catch_warnings():
        warnings.filterwarnings("ignore", module=r"PIL(\.|$)")
        try:
            yield
        except DataError:
            raise
        except Exception as error:
            raise damaged(name, kind, _in_words(error)) from error


def damaged(name: str, kind: str, received: str) -> DataError:
    """The refusal of a file whose structure or data are broken."""
    return data_error(
        f"The file {name} is damaged", f"a whole {kind}", received, "Copy or export it again"
    )


def decode(
    plugin: type[ImageFile.ImageFile], data: bytes, rawmode: str | None = None
) -> tuple[NDArray[Any], str]:
    """Decodes one picture; call it inside `parsing`.

    Args:
        plugin: Pillow's class for the format.
        data: A file of that format, whose header was checked.
        rawmode: How the decoder is to read the samples, in place of Pillow's own choice.

    Returns:
        The samples as Pillow has them (a copy), and Pillow's name of their mode.
    """
    with plugin(io.BytesIO(data)) as picture:
        if rawmode is not None:
            picture.tile = [_with_rawmode(tile, rawmode) for tile in picture.tile]
        picture.load()
        if picture.mode in ("CMYK", "YCbCr"):
            return np.array(picture.convert("RGB")), picture.mode
        return np.array(picture), picture.mode


def _with_rawmode(tile: Any, rawmode: str) -> Any:
    """The same tile, its samples read another way."""
    args = rawmode if isinstance(tile.args, str) else (rawmode, *tile.args[1:])
    return tile._replace(args=args)


def _in_words(error: Exception) -> str:
    """What a parser's exception says of the file, in plain words."""
    if isinstance(error, MemoryError):
        return "one that needs more memory than there is"
    if "truncated" in str(error).lower() or isinstance(error, EOFError):
        return "one that ends too early"
    return "data that cannot be decoded"
