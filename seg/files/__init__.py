"""Bytes to an image: recognised by their first bytes, limited before decoding, changes told.

Light on purpose: the parsers (Pillow) are loaded with the first file. A new format is a new entry
in `READERS` and a module with a function `(data, name, limits) -> Decoded`.
"""

import hashlib
import zlib
from collections.abc import Callable
from importlib import import_module
from typing import Literal

from seg.files.image import MEBIBYTE, Decoded, Image, Limits, data_error

__all__ = ["READERS", "Format", "Image", "Limits", "read_image", "sniff"]

Format = Literal["png", "jpeg", "tiff", "dicom", "nifti"]

# format -> (module, function); loaded when the first such file comes
READERS: dict[str, tuple[str, str]] = {
    "png": ("seg.files.png", "read_png"),
    "jpeg": ("seg.files.jpeg", "read_jpeg"),
    "tiff": ("seg.files.tiff", "read_tiff"),
}

TIFF_STARTS = (b"II*\0", b"MM\0*", b"II+\0\x08\0\0\0", b"MM\0+\0\x08\0\0")  # classic, BigTIFF
DICOM_STARTS = (b"\x02\0\0\0UL\x04\0", b"\x08\0\x05\0CS", b"\x08\0\x08\0CS")  # without preamble
NIFTI_1_BYTES, NIFTI_2_BYTES = 348, 540

# what people also drop, only to name it in the refusal
OTHER_STARTS: tuple[tuple[int, bytes, str], ...] = (
    (0, b"GIF8", "a GIF"),
    (0, b"BM", "a BMP"),
    (8, b"WEBP", "a WebP"),
    (0, b"%PDF", "a PDF"),
    (0, b"PK\x03\x04", "a ZIP archive (or an Office document)"),
    (4, b"ftyp", "a HEIC picture or a video"),
    (0, b"\0\0\0\x0cjP", "a JPEG 2000"),
    (0, b"\xff\x4f\xff\x51", "a JPEG 2000"),
    (0, b"\x89HDF", "an HDF5 file"),
    (0, b"\x1f\x8b", "a gzip archive"),
    (0, b"\x89PNG", "a PNG whose first bytes are damaged, as by a transfer in text mode"),
    (0, b"NRRD", "an NRRD volume"),
)


def sniff(data: bytes) -> Format | None:
    """The format of a file, by its first bytes; a file's name proves nothing.

    Args:
        data: The whole file, or at least its first kilobyte.

    Returns:
        "png", "jpeg", "tiff", "dicom", "nifti" (also gzipped), or None for anything else.

    Example:
        >>> sniff(b"II*" + bytes(5)), sniff(b"not an image")
        ('tiff', None)
    """
    if data[128:132] == b"DICM" or data.startswith(DICOM_STARTS):
        return "dicom"
    if data.startswith(b"\x89PNG\r\n\x1a\n"):
        return "png"
    if data.startswith(b"\xff\xd8\xff"):
        return "jpeg"
    if data.startswith(TIFF_STARTS):
        return "tiff"
    if _is_nifti(data):
        return "nifti"
    return None


def read_image(data: bytes, name: str, limits: Limits | None = None) -> Image:
    """Reads a PNG, JPEG or TIFF from its bytes.

    The first page of a file with several is read. Grey stored as RGB becomes (H, W); an alpha
    channel is dropped; EXIF orientation is applied; each of these is told in `notes`.

    Args:
        data: The whole file.
        name: What the messages call it; nothing is concluded from it.
        limits: How large the file and the picture may be; default `Limits()`.

    Returns:
        The image, with the sha256 of its bytes.

    Raises:
        DataError: Not an image that can be read, damaged, or over a limit.

    Example:
        >>> read_image(b"patient list", "scan.png")
        Traceback (most recent call last):
        seg.errors.DataError: The file scan.png is not an image. Expected a PNG, JPEG or TIFF. \
Received: text. Export the image as PNG or TIFF.
    """
    limits = Limits() if limits is None else limits
    if len(data) > limits.bytes_max:
        raise data_error(
            f"The file {name} is too large",
            f"at most {limits.bytes_max / MEBIBYTE:,.0f} MiB",
            f"{len(data) / MEBIBYTE:,.1f} MiB",
            "Cut out the part you need, or save it compressed",
        )
    kind = sniff(data)
    if kind is None:
        raise data_error(
            f"The file {name} is not an image",
            "a PNG, JPEG or TIFF",
            _describe(data),
            "Export the image as PNG or TIFF",
        )
    if kind not in READERS:
        shown = {"dicom": "DICOM", "nifti": "NIfTI"}[kind]
        raise data_error(
            f"The file {name} is {shown}, and {shown} is not read yet",
            "a PNG, JPEG or TIFF",
            f"a {shown} file",
            "Export the slice as PNG or TIFF (16 bit keeps all its grey levels)",
        )
    module, function = READERS[kind]
    reader: Callable[[bytes, str, Limits], Decoded] = getattr(import_module(module), function)
    settle = import_module("seg.files.settle").settle
    image: Image = settle(reader(data, name, limits), name, kind, hashlib.sha256(data).hexdigest())
    return image


def _is_nifti(data: bytes) -> bool:
    """Whether the bytes, gunzipped when they must be, start with a NIfTI-1 or NIfTI-2 header."""
    if data.startswith(b"\x1f\x8b"):
        try:
            data = zlib.decompressobj(31).decompress(data[:4096], NIFTI_2_BYTES)
        except zlib.error:
            return False
    size = data[:4]
    if size in (NIFTI_1_BYTES.to_bytes(4, "little"), NIFTI_1_BYTES.to_bytes(4, "big")):
        return data[344:348] in (b"n+1\0", b"ni1\0")
    if size in (NIFTI_2_BYTES.to_bytes(4, "little"), NIFTI_2_BYTES.to_bytes(4, "big")):
        return data[4:8] in (b"n+2\0", b"ni2\0")
    return False


def _describe(data: bytes) -> str:
    """Names what an unreadable file seems to be."""
    if not data:
        return "an empty file"
    for offset, start, shown in OTHER_STARTS:
        if data[offset : offset + len(start)] == start:
            return shown
    head = data[:512]
    if all(byte in b"\t\n\r" or 32 <= byte < 127 for byte in head):
        return "text"
    return f"a file that starts with the bytes {head[:4].hex(' ')}"
