"""PNG.

The file is first walked here: sizes, depths and checksums are known before anything is decoded.
Then only the parts that carry the picture are given to Pillow, so its parsers of text, profiles,
EXIF and animation, each of which has been a way to exhaust memory, never see the file.
"""

import struct
import zlib
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL.PngImagePlugin import PngImageFile

from seg.files.decode import damaged, decode, parsing
from seg.files.exif import exif_orientation
from seg.files.image import Decoded, Header, Limits, check_header

PNG_START = b"\x89PNG\r\n\x1a\n"
PNG_CHUNKS_MAX = 500_000  # a 200 MiB file in chunks of 1 kB has 200,000

# PNG colour types: name, channels, depths allowed
GREY, RGB, PALETTE, GREY_ALPHA, RGB_ALPHA = 0, 2, 3, 4, 6
PNG_TYPES: dict[int, tuple[int, tuple[int, ...]]] = {
    GREY: (1, (1, 2, 4, 8, 16)),
    RGB: (3, (8, 16)),
    PALETTE: (1, (1, 2, 4, 8)),
    GREY_ALPHA: (2, (8, 16)),
    RGB_ALPHA: (4, (8, 16)),
}


@dataclass(frozen=True)
class PngParts:
    """The chunks of a PNG that carry the picture."""

    header: bytes  # IHDR's 13 bytes
    data: bytes  # all IDAT, joined
    palette: bytes
    transparency: bytes
    exif: bytes
    frames: int
    color_type: int
    bits: int


def read_png(data: bytes, name: str, limits: Limits) -> Decoded:
    """Reads a PNG of any colour type and depth, 16-bit colour included.

    Args:
        data: The whole file.
        name: For the messages.
        limits: Checked against the header, before decoding.

    Returns:
        The first (default) picture; samples of 1, 2 and 4 bits are spread over 0..255.

    Raises:
        DataError: Damaged, cut short, or too large.
    """
    with parsing(name, "PNG"):
        parts = _png_parts(data, name, limits)
        decoded = _decode_png(parts)
    decoded.orientation = exif_orientation(parts.exif)
    if parts.frames > 1:
        decoded.notes.append(f"Animated PNG with {parts.frames} pictures: only the first is read.")
    return decoded


def _png_parts(data: bytes, name: str, limits: Limits) -> PngParts:
    """Walks the chunks, checks every checksum, and keeps what carries the picture."""
    kept: dict[bytes, list[bytes]] = {}
    position, count, kind = len(PNG_START), 0, b""
    while kind != b"IEND":
        if len(data) < position + 12:
            raise damaged(name, "PNG", "one that ends too early")
        length, kind = struct.unpack_from(">I4s", data, position)
        end = position + 8 + length
        if len(data) < end + 4:
            raise damaged(name, "PNG", "one that ends too early")
        body = data[position + 8 : end]
        (checksum,) = struct.unpack_from(">I", data, end)
        if zlib.crc32(body, zlib.crc32(kind)) != checksum:
            raise damaged(name, "PNG", "a part whose checksum is wrong")
        if count == 0:
            _check_png_header(kind, body, name, limits)
        elif kind in (b"IHDR", b"PLTE") and kind in kept:
            raise damaged(name, "PNG", "a part that is there twice")
        if kind in (b"IHDR", b"IDAT", b"PLTE", b"tRNS", b"eXIf", b"acTL"):
            kept.setdefault(kind, []).append(body)
        position, count = end + 4, count + 1
        if count > PNG_CHUNKS_MAX:
            raise damaged(name, "PNG", f"more than {PNG_CHUNKS_MAX:,} parts")
    return _joined(kept, name)


def _check_png_header(kind: bytes, body: bytes, name: str, limits: Limits) -> None:
    """Checks the first chunk: its size against the limits, its type and depth against the norm."""
    if kind != b"IHDR" or len(body) != 13:
        raise damaged(name, "PNG", "one without a header")
    width, height, bits, color_type, compression, filters, interlace = struct.unpack(
        ">IIBBBBB", body
    )
    channels, depths = PNG_TYPES.get(color_type, (0, ()))
    if bits not in depths or compression or filters or interlace > 1:
        raise damaged(name, "PNG", f"a header with colour type {color_type} and {bits} bits")
    check_header(Header(width, height, channels, bits), name, limits)


def _joined(kept: dict[bytes, list[bytes]], name: str) -> PngParts:
    """The kept chunks as one record, with what is missing refused."""
    if b"IDAT" not in kept:
        raise damaged(name, "PNG", "one without picture data")
    header = kept[b"IHDR"][0]
    bits, color_type = header[8], header[9]
    palette = kept.get(b"PLTE", [b""])[0]
    if color_type == PALETTE and (not palette or len(palette) % 3 or len(palette) > 768):
        raise damaged(name, "PNG", "a palette picture without a whole palette")
    animation = kept.get(b"acTL", [b""])[0]
    return PngParts(
        header=header,
        data=b"".join(kept[b"IDAT"]),
        palette=palette if color_type == PALETTE else b"",
        transparency=kept.get(b"tRNS", [b""])[0],
        exif=kept.get(b"eXIf", [b""])[0],
        frames=int.from_bytes(animation[:4], "big") if animation else 1,
        color_type=color_type,
        bits=bits,
    )


def _decode_png(parts: PngParts) -> Decoded:
    """Samples, alpha and palette of a PNG."""
    rebuilt = PNG_START + _chunk(b"IHDR", parts.header)
    if parts.palette:
        rebuilt += _chunk(b"PLTE", parts.palette)
    rebuilt += _chunk(b"IDAT", parts.data) + _chunk(b"IEND", b"")
    if parts.color_type == PALETTE:
        return _decode_png_palette(parts, rebuilt)
    if parts.bits == 16:
        samples = _decode_png_16(parts.color_type, rebuilt)
    else:
        samples, _ = decode(PngImageFile, rebuilt)
        if samples.dtype == bool:
            samples = samples.astype(np.uint8) * np.uint8(255)
    decoded = Decoded(samples, bits=parts.bits, notes=[])
    if parts.color_type == GREY_ALPHA:
        decoded.pixels, decoded.alpha = samples[..., 0], samples[..., 1]
    elif parts.color_type == RGB_ALPHA:
        decoded.pixels, decoded.alpha = samples[..., :3], samples[..., 3]
    elif parts.transparency:
        decoded.alpha = _keyed_alpha(samples, parts)
    return decoded


def _decode_png_palette(parts: PngParts, rebuilt: bytes) -> Decoded:
    """Indices, their colours, and the transparency of each."""
    indices, _ = decode(PngImageFile, rebuilt)
    colors = np.frombuffer(parts.palette, np.uint8).reshape(-1, 3)
    table = np.zeros((256, 3), np.uint8)
    table[: len(colors)] = colors
    decoded = Decoded(
        table[indices], bits=parts.bits, notes=[], indices=indices, palette=colors.copy()
    )
    beyond = int(np.count_nonzero(indices >= len(colors)))
    if beyond:
        decoded.notes.append(f"{beyond:,} pixels have no colour in the palette; shown black.")
    if parts.transparency:
        opacity = np.full(256, 255, np.uint8)
        opacity[: len(parts.transparency[:256])] = np.frombuffer(parts.transparency[:256], np.uint8)
        decoded.alpha = opacity[indices]
    return decoded


def _decode_png_16(color_type: int, rebuilt: bytes) -> NDArray[np.uint16]:
    """All 16 bits. Pillow keeps 8 of each colour sample, so colour is decoded twice.

    PNG stores the high byte first. Read as big-endian, Pillow keeps the high byte; read as
    little-endian, it keeps what is really the low one. Grey with alpha is two 16-bit samples a
    pixel, which is also four bytes: read as RGBA, every byte arrives.
    """
    if color_type == GREY:
        return decode(PngImageFile, rebuilt)[0].astype(np.uint16)
    if color_type == GREY_ALPHA:
        quads = decode(PngImageFile, rebuilt, "RGBA")[0].astype(np.uint16)  # (H, W, 4)
        pairs: NDArray[np.uint16] = quads[..., 0::2] << np.uint16(8) | quads[..., 1::2]
        return pairs
    mode = "RGB" if color_type == RGB else "RGBA"
    samples = decode(PngImageFile, rebuilt, f"{mode};16B")[0].astype(np.uint16)
    samples <<= 8
    samples |= decode(PngImageFile, rebuilt, f"{mode};16L")[0]
    return samples


def _keyed_alpha(samples: NDArray[np.uint8 | np.uint16], parts: PngParts) -> NDArray[np.uint8]:
    """Alpha of a grey or RGB picture in which one value stands for transparent."""
    count = 1 if parts.color_type == GREY else 3
    if len(parts.transparency) != 2 * count:
        return np.full(samples.shape[:2], 255, np.uint8)
    key = np.array(struct.unpack(f">{count}H", parts.transparency))
    if parts.bits < 8:
        key = key * (255 // (2**parts.bits - 1))
    hit: NDArray[np.bool_] = samples == key if count == 1 else (samples == key).all(axis=-1)
    return np.where(hit, np.uint8(0), np.uint8(255))


def _chunk(kind: bytes, body: bytes) -> bytes:
    """One PNG chunk."""
    return struct.pack(">I4s", len(body), kind) + body + struct.pack(">I", zlib.crc32(kind + body))
