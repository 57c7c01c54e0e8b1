"""What reading a file gives, and how much a file may ask for.

Imports numpy only: the parsers live in `png`, `jpeg` and `tiff`, loaded when a file needs them.
"""

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from seg.errors import DataError

Pixels = NDArray[np.uint8] | NDArray[np.uint16] | NDArray[np.float32]

MEBIBYTE = 2**20


@dataclass(frozen=True)
class Limits:
    """How large a file and its picture may be; checked before anything is decoded.

    Attributes:
        bytes_max: Size of the file, in bytes.
        pixels_max: Width times height.
        side_max: The longer side, in pixels.
        decoded_bytes_max: Width x height x channels x bytes per sample. Reading takes about three
            times this for a moment.

    Example:
        >>> Limits().pixels_max < 20_000 * 20_000
        True
    """

    bytes_max: int = 200 * MEBIBYTE
    pixels_max: int = 100_000_000
    side_max: int = 30_000
    decoded_bytes_max: int = 400 * MEBIBYTE


@dataclass(frozen=True)
class Image:
    """One picture, as numbers, with everything that was changed on the way said in words.

    Attributes:
        pixels: (H, W) grey or (H, W, 3) RGB; uint8, uint16 or float32. Palette pictures: their
            colours.
        sha256: Of the file's bytes, 64 hex digits. The key of every cache.
        format: "png", "jpeg" or "tiff", found by the first bytes.
        bits: Bits a sample has in the file: 1, 2, 4, 8, 12, 16 or 32.
        notes: Plain sentences, one for each thing that was changed or left out.
        indices: (H, W) uint8, the palette indices, where the file has a palette.
        palette: (N, 3) uint8, its colours.
        alpha: (H, W) uint8 or uint16, only where transparency really varies; never applied.

    Example:
        >>> picture = Image(np.zeros((2, 3), np.uint8), sha256="0" * 64, format="png", bits=8)
        >>> picture.height, picture.width, picture.channels
        (2, 3, 1)
    """

    pixels: Pixels
    sha256: str
    format: str
    bits: int
    notes: tuple[str, ...] = ()
    indices: NDArray[np.uint8] | None = field(default=None, repr=False)
    palette: NDArray[np.uint8] | None = field(default=None, repr=False)
    alpha: NDArray[np.uint8] | NDArray[np.uint16] | None = field(default=None, repr=False)

    @property
    def height(self) -> int:
        """Rows."""
        return int(self.pixels.shape[0])

    @property
    def width(self) -> int:
        """Columns."""
        return int(self.pixels.shape[1])

    @property
    def channels(self) -> int:
        """1 for grey, 3 for RGB."""
        return 1 if self.pixels.ndim == 2 else 3


@dataclass
class Decoded:
    """What a format's reader hands over, before orientation, alpha and grey are settled.

    Attributes:
        pixels: (H, W) or (H, W, 3).
        bits: Bits a sample has in the file.
        notes: Grows while the file is read.
        alpha: (H, W), same depth as the pixels, or None.
        indices: (H, W) uint8 or None.
        palette: (N, 3) uint8 or None.
        orientation: EXIF orientation, 1 to 8.
    """

    pixels: Pixels
    bits: int
    notes: list[str]
    alpha: NDArray[np.uint8] | NDArray[np.uint16] | None = None
    indices: NDArray[np.uint8] | None = None
    palette: NDArray[np.uint8] | None = None
    orientation: int = 1


@dataclass(frozen=True)
class Header:
    """The size a file declares, known before anything is decoded."""

    width: int
    height: int
    channels: int
    bits: int


def data_error(what: str, expected: str, received: str, advice: str) -> DataError:
    """A DataError whose text has the form all of them have.

    Example:
        >>> print(data_error("The file a.png is empty", "a picture", "0 bytes", "Export it again"))
        The file a.png is empty. Expected a picture. Received: 0 bytes. Export it again.
    """
    return DataError(f"{what}. Expected {expected}. Received: {received}. {advice}.")


def check_header(header: Header, name: str, limits: Limits) -> None:
    """Refuses a picture that is too large, or has no pixels, by what its header declares.

    Raises:
        DataError: A side is 0, or one of the limits is passed.

    Example:
        >>> check_header(Header(20_000, 20_000, 1, 8), "bomb.png", Limits())
        Traceback (most recent call last):
        seg.errors.DataError: The image in bomb.png is too large. Expected at most 100,000,000 \
pixels. Received: 20,000 x 20,000 = 400,000,000 pixels. Cut out the part you need, or scale it down.
    """
    width, height = header.width, header.height
    received = f"{width:,} x {height:,} = {width * height:,} pixels"
    if width < 1 or height < 1:
        raise data_error(
            f"The image in {name} has no pixels", "a width and a height of 1 or more", received,
            "Export it again",
        )  # fmt: skip
    advice = "Cut out the part you need, or scale it down"
    what = f"The image in {name} is too large"
    if max(width, height) > limits.side_max:
        raise data_error(what, f"sides of at most {limits.side_max:,} pixels", received, advice)
    if width * height > limits.pixels_max:
        raise data_error(what, f"at most {limits.pixels_max:,} pixels", received, advice)
    decoded_bytes = width * height * header.channels * ((header.bits + 7) // 8)
    if decoded_bytes > limits.decoded_bytes_max:
        raise data_error(
            what,
            f"at most {limits.decoded_bytes_max / MEBIBYTE:,.0f} MiB when decoded",
            f"{received} of {header.channels} x {header.bits} bits, "
            f"{decoded_bytes / MEBIBYTE:,.0f} MiB",
            advice,
        )
