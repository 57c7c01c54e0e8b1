"""JPEG.

The segments before the picture are walked here, so its size is known before anything is decoded;
metadata segments (EXIF, profiles, comments) are left out of what Pillow is given.
"""

import struct

from PIL.JpegImagePlugin import JpegImageFile

from seg.files.decode import damaged, decode, parsing
from seg.files.exif import exif_orientation
from seg.files.image import Decoded, Header, Limits, check_header, data_error

SCANS_MAX = 100  # a progressive file has about 10; each scan costs a pass over the picture


def read_jpeg(data: bytes, name: str, limits: Limits) -> Decoded:
    """Reads an 8-bit JPEG: grey, RGB, or CMYK converted to RGB and told.

    Args:
        data: The whole file.
        name: For the messages.
        limits: Checked against the header, before decoding.

    Returns:
        (H, W) or (H, W, 3) uint8.

    Raises:
        DataError: Damaged, cut short, too large, or of a kind that is not read (12 bit).
    """
    with parsing(name, "JPEG"):
        stripped, header, exif = _jpeg_parts(data, name)
        if header.bits != 8:
            raise data_error(
                f"The JPEG in {name} has {header.bits} bits a sample",
                "8 bits",
                f"{header.bits} bits",
                "Export the image as 16-bit PNG or TIFF",
            )
        check_header(header, name, limits)
        pixels, mode = decode(JpegImageFile, stripped)
    notes = ["CMYK converted to RGB without a colour profile."] if mode == "CMYK" else []
    return Decoded(pixels, bits=8, notes=notes, orientation=exif_orientation(exif))


def _jpeg_parts(data: bytes, name: str) -> tuple[bytes, Header, bytes]:
    """Walks the segments up to the picture data: (without metadata, what it declares, EXIF)."""
    kept, exif, header = [b"\xff\xd8"], b"", None
    position = 2
    while True:
        while data[position : position + 2] == b"\xff\xff":
            position += 1
        if len(data) < position + 4:
            raise damaged(name, "JPEG", "one that ends too early")
        mark, marker, length = struct.unpack_from(">BBH", data, position)
        if mark != 0xFF or length < 2 or marker in (0x00, 0xD8, 0xD9):
            raise damaged(name, "JPEG", "a header that cannot be followed")
        body = data[position + 4 : position + 2 + length]
        if 0xC0 <= marker <= 0xCF and marker not in (0xC4, 0xC8, 0xCC):
            if header is not None:
                raise damaged(name, "JPEG", "a header that is there twice")
            header = _jpeg_header(body, name)
        if marker == 0xE1 and body.startswith(b"Exif\0\0") and not exif:
            exif = body[6:]
        if marker == 0xDA:
            break
        if not (0xE1 <= marker <= 0xED or marker in (0xEF, 0xFE)):  # APP0 and APP14 matter
            kept.append(data[position : position + 2 + length])
        position += 2 + length
    if header is None:
        raise damaged(name, "JPEG", "one without a header")
    if data.count(b"\xff\xda", position) > SCANS_MAX:
        raise damaged(name, "JPEG", f"more than {SCANS_MAX} scans")
    kept.append(data[position:])
    return b"".join(kept), header, exif


def _jpeg_header(body: bytes, name: str) -> Header:
    """Depth, size and channels from a frame header."""
    if len(body) < 6:
        raise damaged(name, "JPEG", "one that ends too early")
    bits, height, width, channels = struct.unpack_from(">BHHB", body)
    return Header(width, height, channels, bits)
