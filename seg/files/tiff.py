"""TIFF: the first page, classic or BigTIFF, 1 to 32 bits, the compressions people meet.

The first directory is read and checked here, and a fresh one with only the tags that describe the
picture is put at the end of the bytes; Pillow and libtiff see that one. So no EXIF, no further
page, no private tag and no loop is ever followed by them.
"""

import struct
import sys
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL.TiffImagePlugin import TiffImageFile

from seg.files.decode import damaged, decode, parsing
from seg.files.exif import Directories, Entry
from seg.files.image import Decoded, Header, Limits, check_header, data_error
from seg.files.tiff_page import (
    COLOR_MAP,
    DESCRIPTION,
    FLOAT,
    PICTURE_TAGS,
    PREMULTIPLIED,
    RGB,
    SIGNED,
    UNCOMPRESSED,
    UNSIGNED,
    WHITE_IS_ZERO,
    Page,
    check_kind,
    check_layout,
    read_page,
)

PAGES_COUNTED_MAX = 10_000
EXACT_FLOAT32_MAX = 2**24  # float32 holds every whole number up to here


def read_tiff(data: bytes, name: str, limits: Limits) -> Decoded:
    """Reads the first page of a TIFF.

    Args:
        data: The whole file.
        name: For the messages.
        limits: Checked against the first directory, before decoding.

    Returns:
        uint8 for 1 to 8 bits (fewer bits are spread over 0..255), uint16 for 12 and 16, float32
        for floating point and for signed or 32-bit whole numbers.

    Raises:
        DataError: Damaged, cut short, too large, or of a kind that is not read.
    """
    with parsing(name, "TIFF"):
        try:
            rebuilt, page, notes = _checked(data, name, limits)
        except ValueError as error:
            raise damaged(name, "TIFF", f"one with {error}") from error
        decoded = _decode(rebuilt, page, notes)
    if decoded is None:
        raise data_error(
            f"The TIFF {name} has values that cannot be kept exactly",
            f"whole numbers between -{EXACT_FLOAT32_MAX:,} and {EXACT_FLOAT32_MAX:,}",
            "32-bit whole numbers beyond that",
            "Export it as 16 bit",
        )
    decoded.orientation = page.orientation
    return decoded


def _checked(data: bytes, name: str, limits: Limits) -> tuple[bytes, Page, list[str]]:
    """(what the decoder is to see, the page, notes), or a refusal before anything is decoded."""
    directories = Directories(data)
    if directories.big and directories.order == ">":
        raise data_error(
            f"The TIFF {name} is of a kind that is not read",
            "a TIFF, or a little-endian BigTIFF",
            "a big-endian BigTIFF",
            "Export it as an ordinary TIFF",
        )
    tags = directories.read(directories.first)
    page = read_page(directories, tags)
    check_header(Header(page.width, page.height, page.channels, page.bits), name, limits)
    check_kind(page, name)
    check_layout(directories, tags, page, limits)
    return _rebuilt(directories, tags), page, _notes(directories, tags, page)


def _rebuilt(directories: Directories, tags: dict[int, Entry]) -> bytes:
    """The same bytes with a new first directory at the end: the picture's tags, no next page."""
    data, order = directories.data, directories.order
    kept = [tags[tag] for tag in sorted(PICTURE_TAGS) if tag in tags]
    for entry in kept:
        if entry.size == 0 or entry.offset + entry.size > len(data):
            raise ValueError("a tag beyond the end of the file")
    if sum(entry.size for entry in kept) > len(data):
        raise ValueError("tags larger than the file")
    pad = b"\0" * (-len(data) % 8)
    place = len(data) + len(pad)
    entries = b"".join(entry.raw for entry in kept)
    if directories.big:
        start = data[:8] + struct.pack(order + "Q", place)
        return b"".join((start, data[16:], pad, struct.pack(order + "Q", len(kept)), entries,
                         bytes(8)))  # fmt: skip
    start = data[:4] + struct.pack(order + "I", place)
    return b"".join((start, data[8:], pad, struct.pack(order + "H", len(kept)), entries, bytes(4)))


def _notes(directories: Directories, tags: dict[int, Entry], page: Page) -> list[str]:
    """What is to be told before anything is decoded."""
    notes = []
    pages = directories.pages(PAGES_COUNTED_MAX)
    if pages == 1 and DESCRIPTION in tags:
        pages = _imagej_images(directories.data, tags[DESCRIPTION])
    if pages > 1:
        shown = f"{pages:,}" if pages < PAGES_COUNTED_MAX else f"{pages:,} or more"
        notes.append(
            f"TIFF with {shown} pages, perhaps a volume or smaller copies: only the first is read."
        )
    if page.photometric == WHITE_IS_ZERO and page.compression not in (2, 3, 4):
        notes.append("Stored with white as zero; turned so that black is zero.")
    if page.compression == 7:
        notes.append("JPEG compression inside the TIFF: the values are not exact.")
    return notes


def _imagej_images(data: bytes, description: Entry) -> int:
    """How many pictures ImageJ says follow the first without a directory of their own."""
    text = data[description.offset : description.offset + min(description.size, 4096)]
    if not text.startswith(b"ImageJ="):
        return 1
    for line in text.split(b"\n"):
        key, _, value = line.partition(b"=")
        if key == b"images" and value.strip().isdigit():
            return max(1, min(int(value), PAGES_COUNTED_MAX))
    return 1


def _decode(rebuilt: bytes, page: Page, notes: list[str]) -> Decoded | None:
    """Samples, alpha and palette; None where whole numbers do not fit float32."""
    if page.photometric == RGB and page.bits == 16:
        color: NDArray[Any] = _decode_color_16(rebuilt, page)
        samples, mode = color, "RGBA"
    else:
        samples, mode = decode(TiffImageFile, rebuilt, _native_mode(page))
    if mode == "P":
        return _with_palette(rebuilt, samples, page, notes)
    if mode in ("CMYK", "YCbCr"):
        notes.append(f"{mode} converted to RGB without a colour profile.")
    if samples.dtype == bool:
        samples = samples.astype(np.uint8) * np.uint8(255)
    if samples.ndim == 2:
        grey = _grey_samples(samples, page, notes)
        return None if grey is None else Decoded(grey, page.bits, notes)
    decoded = Decoded(samples, page.bits, notes)
    if samples.shape[2] in (2, 4):
        decoded.alpha = samples[..., -1]
        clear = bool((decoded.alpha != np.iinfo(samples.dtype).max).any())
        if clear and PREMULTIPLIED in page.extra:
            notes.append("Colours were stored multiplied by their alpha.")
    if samples.shape[2] == 2:
        decoded.pixels = samples[..., 0]
    elif samples.shape[2] == 4:
        decoded.pixels = samples[..., :3]
    return decoded


def _native_mode(page: Page) -> str | None:
    """How to read compressed signed and 32-bit samples.

    libtiff gives them in the machine's byte order; Pillow takes them for the file's.
    """
    if page.compression == UNCOMPRESSED:
        return None
    return {
        (SIGNED, 16): "I;16NS",
        (SIGNED, 32): "I;32NS",
        (UNSIGNED, 32): "I;32N",
        (FLOAT, 32): "F;32NF",
    }.get((page.sample_format, page.bits))


def _grey_samples(
    samples: NDArray[np.generic], page: Page, notes: list[str]
) -> NDArray[np.uint8] | NDArray[np.uint16] | NDArray[np.float32] | None:
    """Grey as uint8, uint16 or float32; what the decoder leaves undone is done here."""
    if page.sample_format == FLOAT:
        notes.append("Floating-point values, kept as they are.")
        return samples.astype(np.float32)
    if page.sample_format == SIGNED and page.bits == 8:
        samples = samples.astype(np.uint8).view(np.int8)
    if page.sample_format == SIGNED or page.bits == 32:
        values = samples.astype(np.int64)
        if page.sample_format == UNSIGNED:
            values &= 0xFFFFFFFF  # the decoder's 32 bits are signed
        if values.size and int(np.abs(values).max()) > EXACT_FLOAT32_MAX:
            return None
        sign = "signed whole" if page.sample_format == SIGNED else "whole"
        notes.append(f"{page.bits}-bit {sign} numbers, kept as floating point.")
        return values.astype(np.float32)
    if page.bits in (12, 16):
        grey = samples.astype(np.uint16)
        return np.uint16(65535) - grey if page.photometric == WHITE_IS_ZERO else grey
    return samples.astype(np.uint8)


def _decode_color_16(rebuilt: bytes, page: Page) -> NDArray[np.uint16]:
    """All 16 bits of colour: decoded once for the high and once for the low bytes.

    Pillow keeps the high byte of each sample; told the other byte order, it keeps the low one.
    """
    family = "RGB" if page.channels == 3 else "RGBX" if page.extra == (0,) else "RGBA"
    # compressed data come from libtiff in the machine's own order
    little = page.little_endian if page.compression == UNCOMPRESSED else sys.byteorder == "little"
    high, low = ("L", "B") if little else ("B", "L")
    samples = decode(TiffImageFile, rebuilt, f"{family};16{high}")[0].astype(np.uint16)
    samples <<= 8
    samples |= decode(TiffImageFile, rebuilt, f"{family};16{low}")[0]
    return samples


def _with_palette(
    rebuilt: bytes, indices: NDArray[np.uint8], page: Page, notes: list[str]
) -> Decoded:
    """Indices and the colours of the file's colour map."""
    directories = Directories(rebuilt)
    entry = directories.read(directories.first)[COLOR_MAP]
    count = 2**page.bits
    values = np.array(directories.numbers(entry, 3 * count), np.uint16)
    palette = (values.reshape(3, count).T >> 8).astype(np.uint8)  # (N, 3)
    return Decoded(palette[indices], page.bits, notes, indices=indices, palette=palette)
