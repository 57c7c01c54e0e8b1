"""What the first directory of a TIFF says of its picture, and whether that can be read."""

from dataclasses import dataclass

from seg.files.exif import ORIENTATION, Directories, Entry
from seg.files.image import Limits, data_error

VALUES_MAX = 16  # of any tag but the long ones
TILE_SIDE_MIN = 16  # the norm says multiples of 16

WIDTH, HEIGHT, BITS, COMPRESSION, PHOTOMETRIC, DESCRIPTION = 256, 257, 258, 259, 262, 270
STRIP_OFFSETS, CHANNELS, STRIP_ROWS, STRIP_BYTES, PLANAR = 273, 277, 278, 279, 284
COLOR_MAP, TILE_WIDTH, TILE_HEIGHT, TILE_OFFSETS, TILE_BYTES = 320, 322, 323, 324, 325
EXTRA_SAMPLES, SAMPLE_FORMAT = 338, 339
FILL_ORDER, FAX3_OPTIONS, FAX4_OPTIONS, PREDICTOR, JPEG_TABLES = 266, 292, 293, 317, 347
YCBCR = (529, 530, 531, 532)

PICTURE_TAGS = (
    WIDTH, HEIGHT, BITS, COMPRESSION, PHOTOMETRIC, FILL_ORDER, STRIP_OFFSETS, CHANNELS,
    STRIP_ROWS, STRIP_BYTES, PLANAR, FAX3_OPTIONS, FAX4_OPTIONS, PREDICTOR, COLOR_MAP, TILE_WIDTH,
    TILE_HEIGHT, TILE_OFFSETS, TILE_BYTES, EXTRA_SAMPLES, SAMPLE_FORMAT, JPEG_TABLES, *YCBCR,
)  # fmt: skip

PER_STRIP = (STRIP_OFFSETS, STRIP_BYTES, TILE_OFFSETS, TILE_BYTES)

# Not here: LZMA (its stream may ask for gigabytes), JPEG as before 1995, camera formats.
COMPRESSIONS = {
    1: "none", 2: "CCITT", 3: "fax G3", 4: "fax G4", 5: "LZW", 7: "JPEG", 8: "deflate",
    32773: "PackBits", 32946: "deflate", 50000: "Zstandard", 50001: "WebP",
}  # fmt: skip
UNCOMPRESSED = 1
WHITE_IS_ZERO, BLACK_IS_ZERO, RGB, PALETTE = 0, 1, 2, 3
COLORS = (RGB, 5, 6)  # and CMYK, YCbCr
UNSIGNED, SIGNED, FLOAT = 1, 2, 3
PREMULTIPLIED = 1


@dataclass(frozen=True)
class Page:
    """What the first directory says."""

    width: int
    height: int
    bits: int
    channels: int
    photometric: int
    compression: int
    sample_format: int
    planar: bool
    extra: tuple[int, ...]
    orientation: int
    little_endian: bool


def read_page(directories: Directories, tags: dict[int, Entry]) -> Page:
    """The numbers of the first directory, with the norm's defaults."""

    def number(tag: int, default: int | None = None) -> int:
        if tag not in tags:
            if default is None:
                raise ValueError("no size")
            return default
        return directories.numbers(tags[tag], 1)[0]

    orientation = number(ORIENTATION, 1)
    bits = directories.numbers(tags[BITS]) if BITS in tags else (1,)
    if len(set(bits)) != 1:
        raise ValueError("samples of different depths")
    return Page(
        width=number(WIDTH),
        height=number(HEIGHT),
        bits=bits[0],
        channels=number(CHANNELS, 1),
        photometric=number(PHOTOMETRIC, WHITE_IS_ZERO),
        compression=number(COMPRESSION, UNCOMPRESSED),
        sample_format=number(SAMPLE_FORMAT, UNSIGNED),
        planar=number(PLANAR, 1) == 2 and number(CHANNELS, 1) > 1,
        extra=directories.numbers(tags[EXTRA_SAMPLES]) if EXTRA_SAMPLES in tags else (),
        orientation=orientation if 1 <= orientation <= 8 else 1,
        little_endian=directories.order == "<",
    )


def check_kind(page: Page, name: str) -> None:
    """Refuses the kinds of TIFF that are not read, each in its own words."""
    advice = "Export it as 8 or 16 bit TIFF or PNG, uncompressed or with LZW or deflate"
    if page.compression not in COMPRESSIONS:
        raise data_error(
            f"The TIFF {name} is compressed in a way that is not read",
            "no compression, " + ", ".join(sorted(set(COMPRESSIONS.values()) - {"none"})),
            f"compression number {page.compression}",
            advice,
        )
    kind = {UNSIGNED: "whole", SIGNED: "signed", FLOAT: "floating-point"}.get(page.sample_format)
    if not _is_known(page):
        layout = ", channels stored one after the other" if page.planar else ""
        raise data_error(
            f"The TIFF {name} is of a kind that is not read",
            "grey of 1 to 32 bits, or colour of 8 or 16 bits",
            f"{page.channels} channels of {page.bits} bits, {kind or 'other'} numbers, "
            f"{'little' if page.little_endian else 'big'}-endian, "
            f"photometric {page.photometric}{layout}",
            advice,
        )


def _is_known(page: Page) -> bool:
    """Whether channels, depth and number format are a combination that is read exactly."""
    if page.planar and page.bits != 8:
        return False
    if page.photometric in COLORS:
        return page.sample_format == UNSIGNED and page.bits in (8, 16)
    if page.photometric == PALETTE:
        return page.sample_format == UNSIGNED and page.bits in (1, 2, 4, 8)
    if page.photometric not in (WHITE_IS_ZERO, BLACK_IS_ZERO):
        return False
    black_is_zero = page.photometric == BLACK_IS_ZERO
    if page.sample_format == UNSIGNED:
        if page.bits == 32 or page.bits == 12:
            return black_is_zero and page.little_endian
        if page.bits == 16:
            return black_is_zero or page.little_endian
        return page.bits in (1, 2, 4, 8)
    kinds = ((SIGNED, 8), (SIGNED, 16), (SIGNED, 32), (FLOAT, 32))
    return black_is_zero and (page.sample_format, page.bits) in kinds


def check_layout(
    directories: Directories, tags: dict[int, Entry], page: Page, limits: Limits
) -> None:
    """Checks that strips or tiles are as many as the size needs, and no larger than allowed.

    Raises:
        ValueError: They are not, or a tag has more values than it can need.
    """
    planes = page.channels if page.planar else 1
    if TILE_OFFSETS in tags:
        if TILE_WIDTH not in tags or TILE_HEIGHT not in tags:
            raise ValueError("tiles of no size")
        (width,) = directories.numbers(tags[TILE_WIDTH], 1)
        (height,) = directories.numbers(tags[TILE_HEIGHT], 1)
        if min(width, height) < TILE_SIDE_MIN:
            raise ValueError("tiles that are too small")
        if width * height * page.channels * ((page.bits + 7) // 8) > limits.decoded_bytes_max:
            raise ValueError("tiles that are too large")
        needed = -(-page.width // width) * -(-page.height // height) * planes
        found = tags[TILE_OFFSETS].count
    elif STRIP_OFFSETS in tags:
        rows = directories.numbers(tags[STRIP_ROWS], 1)[0] if STRIP_ROWS in tags else page.height
        if rows < 1:
            raise ValueError("strips without rows")
        needed = -(-page.height // rows) * planes
        found = tags[STRIP_OFFSETS].count
    else:
        raise ValueError("no picture data")
    if found != needed:
        raise ValueError(f"{found:,} strips or tiles where {needed:,} are needed")
    for tag in PICTURE_TAGS:
        many = {COLOR_MAP: 3 * 2**16, JPEG_TABLES: 2**16}.get(tag, VALUES_MAX)
        most = needed if tag in PER_STRIP else many
        if tag in tags and tags[tag].count > most:
            raise ValueError(f"{tags[tag].count:,} values where at most {most:,} are needed")
