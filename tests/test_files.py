"""Reading PNG, JPEG and TIFF: exact values, limits, damage.

Expected numbers are written into the files by the builders below, which know nothing of the
readers, or come from the tool named beside them.
"""

import hashlib
import io
import random
import struct
import subprocess
import sys
import zlib
from pathlib import Path

import numpy as np
import pytest
from PIL import Image as Pillow

from seg.errors import DataError
from seg.files import Limits, read_image, sniff
from seg.files.jpeg import _jpeg_parts

FILES = Path(__file__).parent / "data" / "files"

GREY_8 = np.array([[0, 7, 255], [128, 3, 9]], np.uint8)
GREY_16 = np.array([[0, 1, 255], [256, 513, 65535]], np.uint16)
COLOR_8 = np.array([[[1, 2, 3], [250, 0, 9]], [[7, 7, 8], [0, 255, 128]]], np.uint8)
COLOR_16 = np.array([[[1, 256, 65535], [770, 0, 9]], [[7, 515, 8], [0, 255, 4660]]], np.uint16)


def chunk(kind, body):
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def png(array, color_type=None, bits=None, extra=b"", size=None, data=None):
    """A PNG without filters, written byte by byte."""
    array = np.atleast_3d(array)
    height, width = array.shape[:2] if size is None else size
    bits = bits or 8 * array.dtype.itemsize
    color_type = {1: 0, 2: 4, 3: 2, 4: 6}[array.shape[2]] if color_type is None else color_type
    rows = b"".join(b"\0" + row.astype(row.dtype.newbyteorder(">")).tobytes() for row in array)
    header = struct.pack(">IIBBBBB", width, height, bits, color_type, 0, 0, 0)
    body = zlib.compress(rows) if data is None else data
    return (
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + extra + chunk(b"IDAT", body)
        + chunk(b"IEND", b"")
    )  # fmt: skip


def tiff(array, order="<", big=False, tags=None, data=None, next_page=0, compress=None):
    """A TIFF of one strip, written byte by byte; `tags` adds, changes or (None) takes away."""
    kind = {"u": 1, "i": 2, "f": 3}[array.dtype.kind]
    channels = 1 if array.ndim == 2 else array.shape[2]
    height, width = array.shape[:2]
    body = array.astype(array.dtype.newbyteorder(order)).tobytes() if data is None else data
    body = compress(body) if compress else body
    start = 16 if big else 8
    entries = {
        256: width, 257: height, 258: 8 * array.dtype.itemsize, 259: 1,
        262: 1 if channels < 3 else 2, 273: start, 277: channels, 278: height, 279: len(body),
        339: kind,
    }  # fmt: skip
    entries |= tags or {}
    entries = {tag: value for tag, value in sorted(entries.items()) if value is not None}
    body += b"\0" * (len(body) % 2)
    place, offset = (order + "Q", order + "HHQ") if big else (order + "I", order + "HHI")
    directory = struct.pack(order + ("Q" if big else "H"), len(entries))
    for tag, value in entries.items():
        raw = value if isinstance(value, tuple) else (16 if big else 4, 1, value)
        directory += struct.pack(offset, tag, *raw[:2])
        directory += struct.pack(place, raw[2])
    head = (b"II" if order == "<" else b"MM") + struct.pack(order + "H", 43 if big else 42)
    head += struct.pack(order + "HH", 8, 0) if big else b""
    head += struct.pack(place, start + len(body))
    return head + body + directory + struct.pack(place, next_page)


def jpeg(array, **options):
    stream = io.BytesIO()
    image = array if isinstance(array, Pillow.Image) else Pillow.fromarray(array)
    image.save(stream, "JPEG", **options)
    return stream.getvalue()


def exif(orientation):
    return b"MM\0*" + struct.pack(">IHHHIHHI", 8, 1, 274, 3, 1, orientation, 0, 0)


class TestSniff:
    @pytest.mark.parametrize(
        ("data", "expected"),
        [
            (png(GREY_8), "png"),
            (jpeg(GREY_8), "jpeg"),
            (tiff(GREY_8), "tiff"),
            (tiff(GREY_8, ">", big=True), "tiff"),
            (bytes(128) + b"DICM" + bytes(20), "dicom"),
            (b"\x08\0\x05\0CS\x0a\0ISO_IR 100", "dicom"),
            (struct.pack("<i", 348) + bytes(340) + b"n+1\0", "nifti"),
            (zlib.compress(b"x", wbits=31), None),
            (b"", None),
            (b"\x89PNG\n\x1a\n", None),
        ],
    )
    def test_goes_by_the_first_bytes(self, data, expected):
        assert sniff(data) == expected

    def test_looks_into_gzip(self):
        header = struct.pack(">i", 348) + bytes(340) + b"ni1\0" + bytes(4000)
        assert sniff(zlib.compress(header, wbits=31)) == "nifti"

    def test_name_proves_nothing(self):
        assert read_image(tiff(GREY_8), "scan.png").format == "tiff"


class TestPng:
    @pytest.mark.parametrize("array", [GREY_8, GREY_16, COLOR_8, COLOR_16])
    def test_keeps_every_bit(self, array):
        image = read_image(png(array), "a.png")
        np.testing.assert_array_equal(image.pixels, array)
        assert image.pixels.dtype == array.dtype
        assert (image.bits, image.notes) == (8 * array.dtype.itemsize, ())

    def test_carries_the_sha256_of_its_bytes(self):
        data = png(GREY_8)
        assert read_image(data, "a.png").sha256 == hashlib.sha256(data).hexdigest()

    def test_pixels_are_read_only(self):
        with pytest.raises(ValueError, match="read-only"):
            read_image(png(GREY_8), "a.png").pixels[0, 0] = 1

    def test_16_bit_colour_with_filters_and_interlace(self):
        plain = read_image((FILES / "basn2c16.png").read_bytes(), "basn2c16.png")
        interlaced = read_image((FILES / "basi2c16.png").read_bytes(), "basi2c16.png")
        np.testing.assert_array_equal(plain.pixels, interlaced.pixels)
        assert plain.pixels[0, 0].tolist() == [65535, 65535, 0]  # pypng 0.20220715.0
        assert plain.pixels[5, 20].tolist() == [23254, 54965, 0]
        assert plain.pixels[31, 31].tolist() == [0, 0, 65535]

    def test_16_bit_grey_with_alpha(self):
        image = read_image((FILES / "basn4a16.png").read_bytes(), "basn4a16.png")
        assert (int(image.pixels[5, 20]), int(image.alpha[5, 20])) == (37448, 21141)  # pypng

    @pytest.mark.parametrize("name", ["basn0g01", "basn0g04", "basn3p04", "basn6a08", "tbbn3p08"])
    def test_agrees_with_pillow_at_8_bits(self, name):
        data = (FILES / f"{name}.png").read_bytes()
        pixels = read_image(data, name).pixels
        with Pillow.open(io.BytesIO(data)) as picture:
            expected = np.asarray(picture.convert("RGBA"))[..., :3]
        np.testing.assert_array_equal(np.broadcast_to(pixels.T, expected.T.shape).T, expected)

    def test_one_bit_becomes_0_and_255(self):
        data = png(np.array([[0b10100000]], np.uint8), bits=1, size=(1, 3))
        image = read_image(data, "a.png")
        assert (image.pixels.tolist(), image.bits) == ([[255, 0, 255]], 1)

    def test_palette_keeps_indices_and_colours(self):
        extra = chunk(b"PLTE", bytes([0, 0, 0, 255, 0, 0])) + chunk(b"tRNS", b"\x80")
        indices = np.array([[0, 1], [1, 2]], np.uint8)
        image = read_image(png(indices, 3, extra=extra), "a.png")
        np.testing.assert_array_equal(image.indices, indices)
        assert image.palette.tolist() == [[0, 0, 0], [255, 0, 0]]
        assert image.pixels[0, 1].tolist() == [255, 0, 0]
        assert image.alpha.tolist() == [[128, 255], [255, 255]]
        assert "1 pixels have no colour in the palette" in image.notes[0]

    def test_opaque_alpha_is_dropped_and_told(self):
        image = read_image(png(np.dstack([GREY_8, GREY_8, GREY_8, GREY_8 * 0 + 255])), "a.png")
        np.testing.assert_array_equal(image.pixels, GREY_8)
        assert image.alpha is None
        assert image.notes == (
            "Alpha channel dropped; every pixel was opaque.",
            "Grey stored as colour (three equal channels), read as grey.",
        )

    def test_varying_alpha_is_kept_aside_and_told(self):
        image = read_image(png(np.dstack([COLOR_8, COLOR_8[..., 0]])), "a.png")
        np.testing.assert_array_equal(image.pixels, COLOR_8)
        np.testing.assert_array_equal(image.alpha, COLOR_8[..., 0])
        assert "although 4 of 4 pixels were not opaque" in image.notes[0]

    def test_transparent_grey_value(self):
        image = read_image(png(GREY_8, extra=chunk(b"tRNS", b"\0\x07")), "a.png")
        assert image.alpha.tolist() == [[255, 0, 255], [255, 255, 255]]

    def test_exif_orientation_is_applied(self):
        image = read_image(png(GREY_8, extra=chunk(b"eXIf", exif(6))), "a.png")
        np.testing.assert_array_equal(image.pixels, [[128, 0], [3, 7], [9, 255]])
        assert image.notes == ("EXIF orientation 6 applied.",)

    def test_animation_is_told(self):
        image = read_image(png(GREY_8, extra=chunk(b"acTL", struct.pack(">II", 4, 0))), "a.png")
        assert "Animated PNG with 4 pictures: only the first is read." in image.notes

    @pytest.mark.parametrize("name", ["xcsn0g01", "xd9n2c08", "xdtn0g01"])
    def test_refuses_damaged_files(self, name):
        match = rf"The file {name}\.png is damaged\. Expected a whole PNG\. Received: .+\. Copy or"
        with pytest.raises(DataError, match=match):
            read_image((FILES / f"{name}.png").read_bytes(), f"{name}.png")

    @pytest.mark.parametrize("name", ["xlfn0g04", "xs1n0g01"])
    def test_refuses_damaged_starts(self, name):
        with pytest.raises(DataError, match="is not an image"):
            read_image((FILES / f"{name}.png").read_bytes(), name)

    def test_refuses_a_header_given_twice(self):
        extra = chunk(b"IHDR", struct.pack(">IIBBBBB", 30_000, 30_000, 8, 0, 0, 0, 0))
        with pytest.raises(DataError, match="a part that is there twice"):
            read_image(png(GREY_8, extra=extra), "a.png")


class TestJpeg:
    def test_flat_grey_and_colour(self):
        grey = read_image(jpeg(np.full((16, 24), 77, np.uint8)), "a.jpg")
        assert (grey.pixels.shape, int(grey.pixels[0, 0]), grey.bits) == ((16, 24), 77, 8)
        red = np.zeros((16, 16, 3), np.uint8)
        red[..., 0] = 255
        color = read_image(jpeg(red, quality=100, progressive=True), "a.jpg")
        assert np.abs(color.pixels.astype(int) - red).max() <= 2

    @pytest.mark.parametrize(
        ("orientation", "expected"),
        [
            (1, "ab/cd"), (2, "ba/dc"), (3, "dc/ba"), (4, "cd/ab"),
            (5, "ac/bd"), (6, "ca/db"), (7, "db/ca"), (8, "bd/ac"),
        ],
    )  # fmt: skip
    def test_every_exif_orientation(self, orientation, expected):
        shades = {"a": 20, "b": 90, "c": 160, "d": 230}
        blocks = np.kron(np.array([[20, 90], [160, 230]], np.uint8), np.ones((8, 8), np.uint8))
        block = b"Exif\0\0" + exif(orientation)
        pixels = read_image(jpeg(blocks, quality=100, exif=block), "a.jpg").pixels
        found = [[int(pixels[4, 4]), int(pixels[4, 12])], [int(pixels[12, 4]), int(pixels[12, 12])]]
        wanted = [[shades[letter] for letter in row] for row in expected.split("/")]
        assert np.abs(np.array(found) - wanted).max() <= 1

    def test_unreadable_exif_changes_nothing(self):
        image = read_image(jpeg(GREY_8, exif=b"Exif\0\0MM\0*\xff\xff\xff\xff"), "a.jpg")
        assert (image.pixels.shape, image.notes) == ((2, 3), ())

    def test_metadata_never_reaches_the_decoder(self):
        kept, _, block = _jpeg_parts(jpeg(GREY_8, exif=b"Exif\0\0" + exif(3)), "a.jpg")
        assert (b"Exif" in kept, block) == (False, exif(3))

    def test_cmyk_is_converted_and_told(self):
        image = read_image(jpeg(Pillow.new("CMYK", (16, 16), (0, 255, 255, 0))), "a.jpg")
        assert image.notes == ("CMYK converted to RGB without a colour profile.",)
        assert np.abs(image.pixels[3, 3].astype(int) - [255, 0, 0]).max() <= 3

    def test_refuses_12_bits(self):
        data = jpeg(GREY_8)
        place = data.index(b"\xff\xc0") + 4
        with pytest.raises(DataError, match=r"has 12 bits a sample\. Expected 8 bits"):
            read_image(data[:place] + b"\x0c" + data[place + 1 :], "a.jpg")

    def test_refuses_hundreds_of_scans(self):
        data = jpeg(GREY_8, progressive=True)
        scan = data[data.index(b"\xff\xda") : -2]
        with pytest.raises(DataError, match="more than 100 scans"):
            read_image(data[:-2] + scan * 100 + data[-2:], "a.jpg")

    def test_refuses_a_cut_file(self):
        data = jpeg(np.tile(GREY_8, (40, 40)))
        match = "damaged. Expected a whole JPEG. Received: one that ends too early"
        with pytest.raises(DataError, match=match):
            read_image(data[: len(data) // 2], "a.jpg")


class TestTiff:
    @pytest.mark.parametrize("compress", [None, zlib.compress])
    @pytest.mark.parametrize(("order", "big"), [("<", False), (">", False), ("<", True)])
    @pytest.mark.parametrize("array", [GREY_8, GREY_16, COLOR_8, COLOR_16])
    def test_keeps_every_bit(self, array, order, big, compress):
        tags = {259: 8} if compress else {}
        image = read_image(tiff(array, order, big, tags, compress=compress), "a.tif")
        np.testing.assert_array_equal(image.pixels, array)
        assert (image.pixels.dtype, image.notes) == (array.dtype, ())

    @pytest.mark.parametrize("compression", ["tiff_lzw", "packbits", "zstd"])
    def test_other_compressions(self, compression):
        stream = io.BytesIO()
        Pillow.fromarray(GREY_16).save(stream, "TIFF", compression=compression)
        np.testing.assert_array_equal(read_image(stream.getvalue(), "a.tif").pixels, GREY_16)

    def test_real_microscope_picture_is_the_same_in_png_and_tiff(self):
        from_png = read_image((FILES / "sem_16_grey.png").read_bytes(), "a.png")
        from_tiff = read_image((FILES / "sem_16_grey.tif").read_bytes(), "a.tif")
        np.testing.assert_array_equal(from_png.pixels, from_tiff.pixels)
        assert from_tiff.pixels[0, :3].tolist() == [24929, 32639, 33667]  # tifffile 2026.3.3
        assert "TIFF with 2 pages" in from_tiff.notes[0]

    @pytest.mark.parametrize("compress", [None, zlib.compress])
    @pytest.mark.parametrize("order", ["<", ">"])
    @pytest.mark.parametrize("kind", ["i1", "i2", "i4", "u4", "f4"])
    def test_signed_and_32_bit_become_float(self, kind, order, compress):
        values = np.array([[-7, 120], [3, -128]]) if kind != "u4" else np.array([[7, 2**24]])
        array = values.astype(kind) if kind != "f4" else (values / 4).astype(np.float32)
        tags = {259: 8} if compress else {}
        if kind == "u4" and order == ">":
            with pytest.raises(DataError, match="32 bits, whole numbers, big-endian"):
                read_image(tiff(array, order, tags=tags, compress=compress), "a.tif")
            return
        image = read_image(tiff(array, order, tags=tags, compress=compress), "a.tif")
        assert image.pixels.dtype == np.float32
        np.testing.assert_array_equal(image.pixels, array.astype(np.float32))
        assert "kept as" in image.notes[0]

    def test_white_is_zero_is_turned(self):
        image = read_image(tiff(GREY_16, tags={262: 0}), "a.tif")
        np.testing.assert_array_equal(image.pixels, 65535 - GREY_16)
        assert image.notes == ("Stored with white as zero; turned so that black is zero.",)

    def test_orientation_is_applied_once(self):
        image = read_image(tiff(GREY_8, tags={274: 8}), "a.tif")
        np.testing.assert_array_equal(image.pixels, [[255, 9], [7, 3], [0, 128]])

    def test_palette(self):
        stream = io.BytesIO()
        picture = Pillow.fromarray(np.array([[0, 2], [1, 2]], np.uint8), "P")
        picture.putpalette([0, 0, 0, 255, 0, 0, 0, 255, 0])
        picture.save(stream, "TIFF")
        image = read_image(stream.getvalue(), "a.tif")
        assert image.indices.tolist() == [[0, 2], [1, 2]]
        assert image.pixels[1].tolist() == [[255, 0, 0], [0, 255, 0]]

    def test_imagej_stack_without_directories_is_told(self):
        text = b"ImageJ=1.54f\nimages=40\nslices=40\n\0"
        data = tiff(GREY_8, tags={270: (2, len(text), 14)}, data=GREY_8.tobytes() + text)
        assert "TIFF with 40 pages" in read_image(data, "a.tif").notes[0]

    def test_the_decoders_warnings_stay_inside(self):
        data = tiff(GREY_8, tags={257: (3, 2, 2 | 2 << 16)})  # two heights: Pillow warns
        np.testing.assert_array_equal(read_image(data, "a.tif").pixels, GREY_8)

    def test_a_loop_of_pages_ends(self):
        data = tiff(GREY_8, next_page=14)
        assert read_image(data, "a.tif").notes == ()

    def test_refuses_big_endian_bigtiff(self):
        with pytest.raises(DataError, match="a big-endian BigTIFF"):
            read_image(tiff(GREY_8, ">", big=True), "a.tif")

    def test_refuses_not_a_number(self):
        array = np.array([[1.0, np.nan], [np.inf, 0.0]], np.float32)
        with pytest.raises(DataError, match="NaN or infinity in 2 of 4 samples"):
            read_image(tiff(array), "a.tif")

    def test_refuses_whole_numbers_float32_cannot_hold(self):
        with pytest.raises(DataError, match=r"cannot be kept exactly\. Expected whole numbers"):
            read_image(tiff(np.array([[2**24 + 1]], np.uint32)), "a.tif")

    @pytest.mark.parametrize(
        ("array", "tags", "match"),
        [
            (GREY_8, {259: 34925}, "Received: compression number 34925. Export it as 8 or 16"),
            (GREY_8.astype(np.float64), {}, "Received: 1 channels of 64 bits, floating-point"),
            (COLOR_16, {284: 2, 273: 8}, "channels stored one after the other"),
            (GREY_8, {262: 0, 339: 2}, "signed numbers, little-endian, photometric 0"),
        ],
    )
    def test_refuses_kinds_that_are_not_read(self, array, tags, match):
        with pytest.raises(DataError, match=match):
            read_image(tiff(array, tags=tags), "a.tif")

    @pytest.mark.parametrize(
        ("tags", "match"),
        [
            ({273: 5000}, "ends too early"),
            ({256: None}, "one with no size"),
            ({256: (4, 0, 0)}, "a tag without values"),
            ({278: 0}, "strips without rows"),
            ({278: 1}, "1 strips or tiles where 2 are needed"),
            ({273: (4, 3, 8)}, "3 strips or tiles where 1 are needed"),
            ({273: None}, "no picture data"),
            ({266: (3, 400, 8)}, "400 values where at most 16 are needed"),
            ({530: (3, 9, 9_000_000)}, "a tag beyond the end of the file"),
            ({322: 16, 323: 2**31, 324: 8, 325: 6}, "tiles that are too large"),
            ({322: 1, 323: 1, 324: 8, 325: 6}, "tiles that are too small"),
        ],
    )
    def test_refuses_lying_tags(self, tags, match):
        with pytest.raises(DataError, match=match):
            read_image(tiff(GREY_8, tags=tags), "a.tif")


class TestLimits:
    @pytest.mark.parametrize(
        "data",
        [
            png(GREY_8, size=(20_000, 20_000)),
            tiff(GREY_8, tags={256: 20_000, 257: 20_000}),
            jpeg(GREY_8).replace(b"\0\x02\0\x03", struct.pack(">HH", 20_000, 20_000), 1),
        ],
    )
    def test_refuses_20000_by_20000(self, data):
        match = (
            r"The image in big\.png is too large\. Expected at most 100,000,000 pixels\. "
            r"Received: 20,000 x 20,000 = 400,000,000 pixels\. Cut out the part you need, or"
        )
        with pytest.raises(DataError, match=match):
            read_image(data, "big.png")

    def test_refuses_a_long_side(self):
        with pytest.raises(DataError, match="sides of at most 30,000 pixels"):
            read_image(png(GREY_8, size=(1, 30_001)), "a.png")

    def test_refuses_many_decoded_bytes(self):
        with pytest.raises(DataError, match="at most 400 MiB when decoded"):
            read_image(png(COLOR_16, size=(9_000, 9_000)), "a.png")

    def test_refuses_many_bytes(self):
        with pytest.raises(
            DataError, match=r"The file a\.png is too large\. Expected at most 1 MiB"
        ):
            read_image(bytes(2**20 + 1), "a.png", Limits(bytes_max=2**20))

    def test_at_the_limit_is_read(self):
        assert read_image(png(GREY_8), "a.png", Limits(pixels_max=6, side_max=3)).width == 3

    def test_refuses_no_pixels(self):
        with pytest.raises(DataError, match=r"has no pixels\. Expected a width and a height of 1"):
            read_image(png(GREY_8, size=(0, 3)), "a.png")

    def test_large_but_allowed_needs_no_pillow_limit(self):
        rows = zlib.compress(bytes(10_001 * 9_500))
        assert read_image(png(GREY_8, size=(9_500, 10_000), data=rows), "a.png").height == 9_500


class TestRefusals:
    @pytest.mark.parametrize(
        ("data", "match"),
        [
            (b"", "Received: an empty file. Export the image as PNG or TIFF"),
            (b"name;value\n1;2\n", "Received: text"),
            (b"GIF89a", "Received: a GIF"),
            (b"%PDF-1.7", "Received: a PDF"),
            (b"\x01\x02\x03\x04\x05", "starts with the bytes 01 02 03 04"),
            (
                bytes(128) + b"DICM",
                "is DICOM, and DICOM is not read yet. .+ Export the slice as PNG",
            ),
            (struct.pack("<i", 348) + bytes(340) + b"n+1\0", "is NIfTI, and NIfTI is not read yet"),
            (b"\x89PNG\r\n\x1a\n", "damaged. Expected a whole PNG. Received: one that ends"),
            (b"\xff\xd8\xff\xe0", "damaged. Expected a whole JPEG. Received: one that ends"),
            (b"II*\0\xff\xff\xff\xff", "one with an offset beyond the end of the file"),
        ],
    )
    def test_says_what_it_got(self, data, match):
        with pytest.raises(DataError, match=match):
            read_image(data, "thing.png")

    def test_keeps_the_parsers_own_error_as_the_cause(self):
        with pytest.raises(DataError) as caught:
            read_image(png(GREY_8, data=zlib.compress(b"\0\1")), "a.png")
        assert isinstance(caught.value.__cause__, OSError)


def seeds():
    shades = (np.add.outer(np.arange(40), np.arange(48)) * 2).astype(np.uint8)
    color = np.dstack([shades, shades[::-1], shades[:, ::-1]])
    stream = io.BytesIO()
    Pillow.fromarray(shades).save(stream, "TIFF", compression="tiff_lzw")
    return [
        png(shades), png(color.astype(np.uint16) * 257), jpeg(shades),
        jpeg(color, progressive=True, exif=b"Exif\0\0" + exif(6)), tiff(shades),
        tiff(color, "<", big=True, tags={259: 8}, compress=zlib.compress), stream.getvalue(),
    ]  # fmt: skip


def repaired(data):
    """A PNG's checksums made right again, so that the damage behind them is reached."""
    data, position = bytearray(data), 8
    while data[:4] == b"\x89PNG" and position + 12 <= len(data):
        (length,) = struct.unpack_from(">I", data, position)
        if position + 12 + length > len(data):
            break
        checksum = zlib.crc32(data[position + 4 : position + 8 + length])
        struct.pack_into(">I", data, position + 8 + length, checksum)
        position += 12 + length
    return bytes(data)


class TestDamage:
    @pytest.mark.parametrize("index", range(7))
    def test_cut_anywhere(self, index):
        data = seeds()[index]
        whole = read_image(data, "a").pixels
        for end in range(0, len(data), max(1, len(data) // 150)):
            try:
                cut = read_image(data[:end], "a").pixels
            except DataError:
                continue
            assert cut.shape == whole.shape
            assert end > 0.9 * len(data), "a file without its last tenth was taken for whole"

    @pytest.mark.parametrize("index", range(7))
    def test_random_bytes_changed(self, index):
        data, chance, refused = seeds()[index], random.Random(index), 0
        limits = Limits(pixels_max=1_000_000)
        for _ in range(400):
            changed = bytearray(data)
            reach = chance.choice([len(data), min(len(data), 200)])
            start = chance.choice([0, len(data) - reach])
            for _ in range(chance.choice([1, 2, 6])):
                changed[start + chance.randrange(reach)] = chance.choice([0, 1, 127, 255, 66])
            try:
                assert read_image(repaired(changed), "a", limits).pixels.size <= 3_000_000
            except DataError:
                refused += 1
        assert refused > 20

    def test_memory_stays_bounded(self):
        """Bombs in a child whose address space is bounded, its peak measured."""
        script = """
import resource, struct, sys, zlib
sys.path[:0] = [{root!r}, {tests!r}]
import numpy as np
from test_files import chunk, jpeg, png, read_image, tiff
from seg.errors import DataError
small, many = np.zeros((2, 2), np.uint8), zlib.compress(bytes(10**8))
block = b"II*\\0\\x08\\0\\0\\0" + struct.pack("<H", 5000)
block += b"".join(struct.pack("<HHII", 40000 + n, 7, 60000, 8) for n in range(5000))
block += bytes(4)
tags = {{40000 + n: (7, 10**6, 8) for n in range(5000)}}
bombs = [
    (png(small, data=many), True),
    (png(small, extra=chunk(b"zTXt", b"k\\0\\0" + many)), True),
    (png(small, extra=chunk(b"iCCP", b"k\\0\\0" + many)), True),
    (png(small, extra=chunk(b"eXIf", block)), True),
    (jpeg(small, exif=b"Exif\\0\\0" + block), True),
    (tiff(small, tags={{259: 8, 279: len(many)}}, data=many), True),
    (tiff(small, tags=tags, data=bytes(10**6)), True),
    (tiff(small, tags={{278: 2**31}}), True),
    (tiff(small, tags={{256: 9999, 257: 9999, 278: 9999}}), False),
    (tiff(small, tags={{266: (3, 4 * 10**5, 8)}}, data=b"\\x08\\0" * (4 * 10**5)), False),
]
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
resource.setrlimit(resource.RLIMIT_AS, (4 * 2**30, 4 * 2**30))
for bomb, expected in bombs:
    try:
        taken = read_image(bomb, "bomb").pixels.size == 4
    except DataError:
        taken = False
    assert taken == expected, (len(bomb), taken)
print((resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024)
"""
        root = str(Path(__file__).parent.parent)
        text = script.format(root=root, tests=str(Path(__file__).parent))
        done = subprocess.run([sys.executable, "-c", text], capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
        assert float(done.stdout) < 250  # MiB; the 9999 x 9999 page alone is 95 MiB of pixels


def test_import_is_light():
    code = "import sys, seg.cases; print(sorted({'PIL', 'tifffile', 'scipy'} & set(sys.modules)))"
    root = Path(__file__).parent.parent
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=root
    )
    assert done.stdout == "[]\n"
