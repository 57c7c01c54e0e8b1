"""Exported pictures and tables, read back with Pillow and the csv module."""

import csv
import json
import math
import struct
import subprocess
import sys
from io import BytesIO, StringIO

import numpy as np
import pytest
from PIL import Image

from seg.errors import DataError
from seg.export import colours
from seg.export.png import (
    THUMBNAIL_LIMIT_BYTES,
    binary_png,
    mask_png,
    overlay_png,
    thumbnail_jpeg,
)
from seg.export.table import COLUMNS, scores_csv

GREEN, ORANGE, PURPLE = [0, 158, 115], [230, 159, 0], [204, 121, 167]
SKY_BLUE, YELLOW = [86, 180, 233], [240, 228, 66]


def read(data):
    image = Image.open(BytesIO(data))
    image.load()
    return image


def chunks(png):
    """The names of a PNG's chunks, read by hand."""
    names, place = [], 8
    while place < len(png):
        (length,) = struct.unpack(">I", png[place : place + 4])
        names.append(png[place + 4 : place + 8].decode())
        place += 12 + length
    return names


def labels_of(rows):
    return np.array(rows, np.uint8)


# --- colours -------------------------------------------------------------------------------


def test_the_four_colours_are_those_of_the_viewer():
    assert colours.TRUTH == "#56B4E9"
    assert colours.PREDICTION == "#F0E442"
    assert colours.TRUE_POSITIVE == "#009E73"
    assert colours.FALSE_POSITIVE == "#E69F00"
    assert colours.FALSE_NEGATIVE == "#CC79A7"


def test_rgb_reads_each_channel():
    assert colours.rgb("#0102FF") == (1, 2, 255)


def test_the_first_nine_classes_differ():
    assert len({colours.class_colour(index) for index in range(9)}) == 9
    assert colours.class_colour(255) in colours.CLASS_COLOURS


# --- mask_png, binary_png ------------------------------------------------------------------


def test_mask_png_holds_the_class_indices_and_shows_them():
    labels = labels_of([[0, 1, 2, 3], [3, 2, 1, 0], [0, 0, 9, 0]])
    data = mask_png(labels)
    image = read(data)
    assert (image.mode, image.size, image.format) == ("P", (4, 3), "PNG")
    np.testing.assert_array_equal(np.asarray(image), labels)
    shown = np.asarray(image.convert("RGB"))
    assert shown[0].tolist() == [[0, 0, 0], [255, 255, 255], ORANGE, SKY_BLUE]
    assert shown[2, 2].tolist() == ORANGE  # class 9 takes the colours up again


@pytest.mark.parametrize("labels", [np.zeros((3, 5), np.uint8), np.ones((3, 5), np.uint8)])
def test_mask_png_of_one_value(labels):
    image = read(mask_png(labels))
    np.testing.assert_array_equal(np.asarray(image), labels)
    assert np.unique(np.asarray(image.convert("RGB"))).tolist() == [255 * int(labels[0, 0])]


def test_mask_png_of_all_256_values():
    labels = np.arange(256, dtype=np.uint8).reshape(16, 16)
    np.testing.assert_array_equal(np.asarray(read(mask_png(labels))), labels)


def test_mask_png_is_eight_bits_and_reads_back_the_same_when_turned_or_cropped():
    labels = np.random.default_rng(0).integers(0, 2, (31, 17), dtype=np.uint8)
    for view in (labels, labels.T, labels[::-1, 3:]):
        data = mask_png(view)
        assert data[24] == 8  # the bit depth in IHDR
        np.testing.assert_array_equal(np.asarray(read(data)), view)


def test_binary_png_is_0_and_255():
    mask = np.array([[True, False, True], [False, False, True]])
    image = read(binary_png(mask))
    assert image.mode == "L"
    assert np.asarray(image).tolist() == [[255, 0, 255], [0, 0, 255]]


def test_no_png_holds_more_than_pixels_and_palette():
    labels, pixels = labels_of([[0, 1], [1, 0]]), np.zeros((2, 2), np.uint8)
    assert chunks(mask_png(labels)) == ["IHDR", "PLTE", "IDAT", "IEND"]
    assert chunks(binary_png(labels > 0)) == ["IHDR", "IDAT", "IEND"]
    assert chunks(overlay_png(pixels, labels, labels)) == ["IHDR", "IDAT", "IEND"]
    assert read(mask_png(labels)).info == {}


@pytest.mark.parametrize(
    "labels",
    [np.zeros((2, 2), np.int64), np.zeros((2, 2, 1), np.uint8), np.zeros((0, 2), np.uint8)],
)
def test_wrong_labels_are_a_wrong_call(labels):
    with pytest.raises(ValueError, match="uint8"):
        mask_png(labels)


def test_binary_png_wants_bool():
    with pytest.raises(ValueError, match="bool"):
        binary_png(np.zeros((2, 2), np.uint8))


# --- overlay_png ---------------------------------------------------------------------------

# Truth and prediction on a row each of four: TP, FP, FN, FN, so that FP != FN.
TRUE = labels_of([[1, 0, 1, 1, 0]])
PRED = labels_of([[1, 1, 0, 0, 0]])
GREY = np.full((1, 5), 100, np.uint8)


def test_fill_says_right_and_wrong_at_the_given_opacity():
    image = read(overlay_png(GREY, PRED, TRUE, opacity=0.4, contour=False))
    assert (image.mode, image.size) == ("RGB", (5, 1))
    # 60 % of 100 and 40 % of each colour, by hand
    tp, fp, fn = [60, 123, 106], [152, 124, 60], [142, 108, 127]
    assert np.asarray(image)[0].tolist() == [tp, fp, fn, fn, [100, 100, 100]]


def test_without_a_truth_the_fill_is_the_predictions_yellow():
    shown = np.asarray(read(overlay_png(GREY, PRED, opacity=0.4, contour=False)))
    yellow, grey = [156, 151, 86], [100, 100, 100]
    assert shown[0].tolist() == [yellow, yellow, grey, grey, grey]


def test_contours_are_opaque_border_pixels_with_the_prediction_on_top():
    true, pred = np.zeros((7, 9), np.uint8), np.zeros((7, 9), np.uint8)
    true[1:6, 0:5] = 1
    pred[1:6, 2:9] = 1
    shown = np.asarray(read(overlay_png(np.zeros((7, 9), np.uint8), pred, true, opacity=1.0)))
    assert shown[1].tolist() == [SKY_BLUE] * 2 + [YELLOW] * 7
    # The left end and column 4 are the truth's border, column 2 and the right end (the image's
    # edge) the prediction's. Column 1 is missed (FN), 3 found (TP), 5 to 7 too many (FP).
    middle = [SKY_BLUE, PURPLE, YELLOW, GREEN, SKY_BLUE, ORANGE, ORANGE, ORANGE, YELLOW]
    assert shown[3].tolist() == middle
    assert shown[0].max() == 0


def test_without_contour_or_fill_the_image_is_untouched():
    pixels = np.random.default_rng(1).integers(0, 256, (6, 7, 3), dtype=np.uint8)
    before = pixels.copy()
    pred = np.ones((6, 7), np.uint8)
    shown = np.asarray(read(overlay_png(pixels, pred, opacity=0.0, contour=False)))
    np.testing.assert_array_equal(shown, pixels)
    overlay_png(pixels, pred, pred, opacity=1.0)
    np.testing.assert_array_equal(pixels, before)


def test_only_the_shown_class_is_drawn():
    pred, true = labels_of([[0, 1, 2, 2]]), labels_of([[0, 2, 2, 1]])
    pixels = np.zeros((1, 4), np.uint8)
    data = overlay_png(pixels, pred, true, shown_class=2, opacity=1.0, contour=False)
    assert np.asarray(read(data))[0].tolist() == [[0, 0, 0], PURPLE, GREEN, ORANGE]


@pytest.mark.parametrize(
    ("pixels", "window", "expected"),
    [
        (np.array([[0, 50, 100, 255]], np.uint8), None, [0, 50, 100, 255]),
        (np.array([[0, 50, 100, 255]], np.uint8), (50, 150), [0, 0, 128, 255]),  # 127.5 to even
        (np.array([[1000, 1100, 1400, 2000]], np.uint16), None, [0, 26, 102, 255]),  # 25.5 to even
        (np.array([[0, 20000, 40000, 65535]], np.uint16), (10000, 30000), [0, 128, 255, 255]),
        (np.array([[7, 7, 7, 7]], np.uint16), None, [0, 0, 0, 0]),
    ],
)
def test_window_maps_its_ends_to_black_and_white(pixels, window, expected):
    nothing = np.zeros(pixels.shape, np.uint8)
    shown = np.asarray(read(overlay_png(pixels, nothing, window=window)))
    assert shown[0].tolist() == [[value] * 3 for value in expected]


def test_sixteen_bit_colour_is_shown_too():
    pixels = np.array([[[0, 32768, 65535]]], np.uint16)
    shown = np.asarray(read(overlay_png(pixels, labels_of([[0]]))))
    assert shown[0, 0].tolist() == [0, 128, 255]


@pytest.mark.parametrize("place", [0, 1])
def test_a_mask_of_another_size_is_told(place):
    masks = [np.zeros((4, 5), np.uint8), np.zeros((4, 5), np.uint8)]
    masks[place] = masks[place].T
    with pytest.raises(DataError, match=r"Expected \(4, 5\).*Received: \(5, 4\)"):
        overlay_png(np.zeros((4, 5), np.uint8), *masks)


@pytest.mark.parametrize(
    ("pixels", "options"),
    [
        (GREY.astype(np.float32), {}),
        (np.zeros((1, 5, 4), np.uint8), {}),
        (GREY, {"opacity": 1.1}),
        (GREY, {"opacity": math.nan}),
        (GREY, {"window": (5, 5)}),
        (GREY, {"window": (-math.inf, 5)}),
    ],
)
def test_wrong_overlay_calls(pixels, options):
    with pytest.raises(ValueError, match="must be"):
        overlay_png(pixels, PRED, **options)


# --- thumbnail_jpeg ------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("shape", "size"), [((300, 200), (64, 96)), ((50, 400, 3), (96, 12)), ((40, 30), (30, 40))]
)
def test_thumbnail_keeps_the_shape_and_never_enlarges(shape, size):
    image = read(thumbnail_jpeg(np.full(shape, 90, np.uint8)))
    assert (image.format, image.size) == ("JPEG", size)
    assert abs(np.asarray(image).astype(int) - 90).max() <= 2


def test_thumbnail_outlines_the_mask():
    labels = np.zeros((192, 192), np.uint8)
    labels[48:144, 48:144] = 3
    image = read(thumbnail_jpeg(np.full((192, 192), 60, np.uint8), labels=labels))
    shown = np.asarray(image).astype(int)
    assert abs(shown[24, 24:72] - YELLOW).mean() < 25  # the square's upper side
    assert abs(shown[48, 48] - 60).max() < 10  # its middle is the image
    assert abs(shown[5, 5] - 60).max() < 10


def test_thumbnail_shows_a_lesion_of_one_pixel():
    labels = np.zeros((512, 512), np.uint8)
    labels[300, 211] = 1
    shown = np.asarray(read(thumbnail_jpeg(np.zeros((512, 512), np.uint8), labels=labels)))
    bright = np.argwhere(shown[..., 0] > 100)
    assert [56, 39] in bright.tolist()  # 300 * 96 / 512, 211 * 96 / 512


def test_thumbnail_of_noise_stays_small():
    rng = np.random.default_rng(5)
    noise = rng.integers(0, 65536, (256, 256), dtype=np.uint16)
    spots = (rng.random((256, 256)) < 0.01).astype(np.uint8)
    assert len(thumbnail_jpeg(noise)) < THUMBNAIL_LIMIT_BYTES
    colour = rng.integers(0, 256, (96, 96, 3), dtype=np.uint8)
    assert len(thumbnail_jpeg(colour)) < THUMBNAIL_LIMIT_BYTES
    assert len(thumbnail_jpeg(noise, labels=spots)) < THUMBNAIL_LIMIT_BYTES


def test_thumbnail_has_no_metadata():
    info = read(thumbnail_jpeg(np.zeros((9, 9), np.uint8))).info
    assert set(info) <= {"jfif", "jfif_version", "jfif_unit", "jfif_density"}


def test_thumbnail_refuses_a_mask_of_another_size_and_a_side_of_0():
    with pytest.raises(DataError, match="another size"):
        thumbnail_jpeg(np.zeros((4, 5), np.uint8), labels=np.zeros((5, 4), np.uint8))
    with pytest.raises(ValueError, match="side"):
        thumbnail_jpeg(np.zeros((4, 5), np.uint8), side=0)


# --- scores_csv ----------------------------------------------------------------------------


def test_columns_keep_their_order_and_extra_ones_follow():
    rows = [
        {"n_pixels": 12, "dice": 0.5, "case": "a", "class": "lesion"},
        {"case": "b", "area_true_mm2": 3.25, "n_pixels": 7},
    ]
    lines = scores_csv(rows).decode().split("\n")
    assert lines == [
        "case,class,dice,iou,sensitivity,precision,hausdorff_95_mm,area_mm2,n_pixels,area_true_mm2",
        "a,lesion,0.5,,,,,,12,",
        "b,,,,,,,,7,3.25",
        "",
    ]


def test_no_rows_is_a_header():
    assert scores_csv([]) == (",".join(COLUMNS) + "\n").encode()


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (2 / 3, "0.666667"),
        (1.0, "1"),
        (-1.5, "-1.5"),
        (0.000012345678, "1.23457e-05"),
        (np.float32(0.1), "0.1"),
        (np.float64(123456.7), "123457"),
        (math.nan, ""),
        (np.float32("nan"), ""),
        (None, ""),
        (12345678, "12345678"),
        (np.int64(12345678), "12345678"),
        (-3, "-3"),
        (math.inf, "inf"),
        (True, "True"),
    ],
)
def test_values_as_cells(value, text):
    (row,) = csv.DictReader(StringIO(scores_csv([{"case": "c", "dice": value}]).decode()))
    assert row["dice"] == text


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t", "\r", "\n", "＝"])
def test_a_text_that_would_run_as_a_formula_is_defused(start):
    name = f'{start}HYPERLINK("http://x","y")'
    data = scores_csv([{"case": name, "class": "a=b", "dice": -0.5}])
    (row,) = csv.DictReader(StringIO(data.decode(), newline=""))
    assert row["case"] == "'" + name.replace("\r", "\n")
    assert row["class"] == "a=b"
    assert row["dice"] == "-0.5"


def test_a_column_name_and_any_other_object_are_defused_too():
    class Named:
        def __str__(self):
            return "=1+1"

    data = scores_csv([{"case": Named(), "=cmd": 1}]).decode()
    header, line = list(csv.reader(StringIO(data)))
    assert header[-1] == "'=cmd"
    assert line[0] == "'=1+1"


@pytest.mark.parametrize("name", ["a,b", 'say "no"', "two\nlines", "Größe µ", " x "])
def test_awkward_names_come_back_whole(name):
    data = scores_csv([{"case": name, "class": "k"}, {"case": "next"}])
    assert not data.startswith(b"\xef\xbb\xbf")
    rows = list(csv.DictReader(StringIO(data.decode("utf-8"), newline="")))
    assert [row["case"] for row in rows] == [name, "next"]
    assert rows[0]["class"] == "k"


@pytest.mark.parametrize("name", ["two\rparts", "two\r\nparts"])
def test_a_carriage_return_does_not_break_a_row(name):
    rows = list(csv.reader(StringIO(scores_csv([{"case": name}]).decode(), newline="")))
    assert [row[0] for row in rows] == ["case", "two\nparts"]


def test_a_file_name_that_is_no_unicode_is_escaped():
    assert b"x\\udcff," in scores_csv([{"case": "x\udcff"}])


# --- cost ----------------------------------------------------------------------------------


def test_importing_the_exports_loads_neither_pillow_nor_scipy():
    code = (
        "import json, sys, seg.export.png, seg.export.table, seg.surface;"
        "print(json.dumps([m for m in ('PIL', 'scipy', 'keras') if m in sys.modules]))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert json.loads(done.stdout) == []
