"""How masks are coded: small masks whose classes are known by sight."""

import io
from dataclasses import replace

import numpy as np
import pytest
from PIL import Image as Pillow

from seg.coding import Mask, decode_mask
from seg.errors import DataError
from seg.files import Image, read_image
from seg.painted import common_colors

RED, GREEN, BLUE, BLACK, WHITE = (
    (255, 0, 0), (0, 255, 0), (0, 0, 255), (0, 0, 0), (255, 255, 255),
)  # fmt: skip


def picture(values, dtype=np.uint8, **known):
    pixels = np.asarray(values, dtype)
    return Image(pixels, "0" * 64, **({"format": "png", "bits": 8 * pixels.itemsize} | known))


def decode(values, dtype=np.uint8, classes=None, **known):
    return decode_mask(picture(values, dtype, **known), "m.png", classes)


def saved(array, **options):
    stream = io.BytesIO()
    Pillow.fromarray(array).save(stream, **options)
    return read_image(stream.getvalue(), "m")


def disk(size=64, radius=20, soft=0):
    """A white disk on black; its edge falls off over 2 x soft pixels."""
    y, x = np.ogrid[:size, :size]
    distance = np.hypot(y - size / 2, x - size / 2) - radius
    if not soft:
        return np.where(distance < 0, 255, 0).astype(np.uint8)
    return np.clip(127.5 - distance * 127.5 / soft, 0, 255).round().astype(np.uint8)


class TestGrey:
    @pytest.mark.parametrize(
        ("values", "dtype", "coding", "labels"),
        [
            ([[0, 1, 0]], np.uint8, "0/1", [[0, 1, 0]]),
            ([[0, 255, 0]], np.uint8, "0/255", [[0, 1, 0]]),
            ([[0, 128, 0]], np.uint8, "0/128", [[0, 1, 0]]),
            ([[0, 65535, 0]], np.uint16, "0/65535", [[0, 1, 0]]),
            ([[0, 255, 0]], np.uint16, "0/255", [[0, 1, 0]]),
            ([[60, 200, 60]], np.uint8, "60/200", [[0, 1, 0]]),
            ([[0, 1, 2]], np.uint8, "class index", [[0, 1, 2]]),
            ([[0, 2, 0]], np.uint8, "class index", [[0, 2, 0]]),
            ([[1, 2, 1]], np.uint16, "class index", [[1, 2, 1]]),
            ([[0, 0, 128, 128, 255, 255]], np.uint8, "grey levels", [[0, 0, 1, 1, 2, 2]]),
            ([[0, 1.0, 0]], np.float32, "0/1", [[0, 1, 0]]),
            ([[0, 0]], np.uint8, "empty", [[0, 0]]),
            ([[255, 255]], np.uint8, "full", [[1, 1]]),
            ([[1, 1]], np.uint8, "full", [[1, 1]]),
            ([[3, 3]], np.uint8, "class index", [[3, 3]]),
        ],
    )
    def test_coding(self, values, dtype, coding, labels):
        mask = decode(values, dtype)
        assert (mask.coding, mask.labels.tolist()) == (coding, labels)
        assert mask.labels.dtype == np.uint8

    def test_plain_codings_need_no_words(self):
        assert decode([[0, 255]]).notes == decode([[0, 1]]).notes == ()

    def test_says_what_it_did(self):
        assert decode([[0, 128]]).notes == ("128 is read as foreground, 0 as background.",)
        assert decode([[0, 2]]).notes == ("The values 0 and 2 are read as class numbers.",)
        assert decode([[0, 0]]).notes == ("The mask is empty: every pixel is 0.",)
        assert "The mask is full: every pixel is 255" in decode([[255]]).notes[0]
        note = decode([[0, 0, 128, 128, 255, 255]]).notes[0]
        assert note.endswith("0 is class 0, 128 is class 1, 255 is class 2.")

    def test_small_depths_are_the_files_own_numbers(self):
        spread = np.repeat(np.array([[0, 17, 51]], np.uint8), 2, axis=0)  # 0, 1, 3 of 15
        mask = decode_mask(picture(spread, bits=4), "m.png")
        assert (mask.coding, mask.values) == ("class index", (0, 1, 3))
        one_bit = decode_mask(picture([[0, 255]], bits=1), "m.png")
        assert (one_bit.coding, one_bit.labels.tolist()) == ("0/1", [[0, 1]])

    def test_instance_numbers_are_told(self):
        values = np.repeat(np.repeat(np.arange(50, dtype=np.uint8)[None], 9, 0), 9, 1)
        mask = decode(values)
        assert mask.coding == "class index"
        assert "50 values read as class numbers. If each object has a number" in mask.notes[0]

    def test_255_beside_class_numbers_is_refused(self):
        with pytest.raises(
            DataError, match=r"has the value 255 beside class numbers. .+ 0, 1, 2, 255"
        ):
            decode([[0, 1, 2, 255]])

    def test_photographs_and_probabilities_are_refused(self):
        noise = np.random.default_rng(0).integers(0, 256, (64, 64))
        match = r"The mask m\.png cannot be read as classes: it looks like a photograph"
        with pytest.raises(DataError, match=match):
            decode(noise)
        with pytest.raises(DataError, match=match):
            decode(noise // 8)
        with pytest.raises(DataError, match=r"Received: numbers from 0 to 0.75"):
            decode([[0, 0.75]], np.float32)
        with pytest.raises(DataError, match="Received: numbers from -1 to 1"):
            decode([[-1, 1]], np.float32)


class TestSoftEdges:
    def test_smoothed_edges_are_cut_at_half_and_told(self):
        mask = decode(disk(soft=2))
        np.testing.assert_array_equal(mask.labels, disk(soft=2) >= 128)
        between = np.count_nonzero((disk(soft=2) > 0) & (disk(soft=2) < 255))
        assert mask.coding == "anti-aliased 0/255"
        assert f"{between} of 4,096 pixels lie between 0 and 255; cut at half, 128" in mask.notes[0]

    def test_smoothed_half_bright_foreground_is_cut_at_its_half(self):
        mask = decode(disk(soft=2) // 2)
        assert (mask.coding, int(mask.labels.sum())) == (
            "anti-aliased 0/127", np.count_nonzero(disk(soft=2) // 2 >= 64),
        )  # fmt: skip

    @pytest.mark.parametrize("quality", [95, 75, 50])
    def test_jpeg_ringing(self, quality):
        image = saved(disk(), format="JPEG", quality=quality)
        assert len(np.unique(image.pixels)) > 10
        mask = decode_mask(image, "m.jpg")
        assert mask.coding == "JPEG 0/255"
        assert np.count_nonzero(mask.labels != disk() // 255) <= 4

    def test_jpeg_in_colour_but_grey(self):
        tinted = np.dstack([disk(), disk(), np.roll(disk(), 1, 0) // 8 * 7 + disk() // 8])
        tinted[..., 2] = np.where(disk() > 0, 240, 4)
        mask = decode_mask(saved(tinted, format="JPEG", quality=95), "m.jpg")
        assert mask.coding == "JPEG 0/255"

    def test_jpeg_colours_are_refused(self):
        array = np.zeros((32, 32, 3), np.uint8)
        array[8:24, 8:24, 0] = 255
        with pytest.raises(
            DataError, match=r"is a JPEG in colour\. .+ Export the mask again, as PNG"
        ):
            decode_mask(saved(array, format="JPEG"), "m.jpg")

    def test_jpeg_of_class_numbers_is_refused(self):
        with pytest.raises(DataError, match=r"is too dark to be read. .+ JPEG does not keep class"):
            decode_mask(saved(disk() // 100, format="JPEG", quality=100), "m.jpg")

    def test_jpeg_of_three_classes_is_refused(self):
        array = disk()
        array[28:36, 28:36] = 128
        with pytest.raises(DataError, match="Received: a JPEG with the values"):
            decode_mask(saved(array, format="JPEG"), "m.jpg")

    def test_jpeg_empty_and_full(self):
        assert decode_mask(saved(disk() * 0, format="JPEG"), "m").coding == "empty"
        assert decode_mask(saved(disk() * 0 + 255, format="JPEG"), "m").coding == "full"

    def test_a_thin_ring_of_one_grey_is_a_class_not_an_edge(self):
        array = np.where(disk(radius=22) > 0, 128, 0).astype(np.uint8)
        array[disk(radius=20) > 0] = 255
        assert decode(array).coding == "grey levels"


class TestPalette:
    def palette(self, indices, colors, **known):
        indices = np.asarray(indices, np.uint8)
        table = np.asarray(colors, np.uint8)
        return picture(table[indices], indices=indices, palette=table, **known)

    def test_indices_are_classes_whatever_the_colours(self):
        image = self.palette([[0, 2, 1]], [BLACK, GREEN, RED])
        mask = decode_mask(image, "m.png")
        assert (mask.coding, mask.labels.tolist()) == ("palette", [[0, 2, 1]])
        assert mask.notes == ("Palette indices read as class numbers: 0, 1, 2.",)

    def test_a_grey_ramp_is_an_ordinary_grey_picture(self):
        indices = np.array([[0, 255]], np.uint8)
        ramp = np.repeat(np.arange(256, dtype=np.uint8)[:, None], 3, axis=1)
        image = picture(indices, indices=indices, palette=ramp)
        assert decode_mask(image, "m.png").coding == "0/255"

    def test_white_as_index_0_is_a_suspicion(self):
        mask = decode_mask(self.palette([[0, 0, 1]], [WHITE, BLACK]), "m.png")
        assert (mask.labels.tolist(), mask.suspicion) == ([[0, 0, 1]], "inverted")

    def test_a_quantised_photograph_is_refused(self):
        indices = np.random.default_rng(0).integers(0, 200, (40, 40))
        colors = np.random.default_rng(1).integers(0, 256, (256, 3))
        with pytest.raises(DataError, match="looks like a photograph"):
            decode_mask(self.palette(indices, colors), "m.png")


class TestColours:
    def test_black_is_background_and_colours_are_numbered_by_value(self):
        mask = decode([[BLACK, RED, BLUE, RED]])
        assert (mask.coding, mask.labels.tolist()) == ("RGB colours", [[0, 2, 1, 2]])
        assert mask.values == ("#000000", "#0000ff", "#ff0000")
        note = (
            "Colours read as classes: #000000 is class 0, #0000ff is class 1, #ff0000 is class 2."
        )
        assert mask.notes == (note,)

    def test_without_black_the_border_is_background(self):
        array = np.full((5, 5, 3), WHITE, np.uint8)
        array[1:4, 1:4] = RED
        array[0, 0] = RED
        mask = decode(array)
        assert mask.labels.sum() == 10
        assert mask.labels[2, 2] == 1

    def test_given_colours_decide(self):
        mask = decode_mask(picture([[BLACK, RED]]), "m.png", colors=(BLACK, GREEN, RED))
        assert mask.labels.tolist() == [[0, 2]]

    def test_unknown_colour_is_refused(self):
        match = "has colours that stand for no class. Expected the colours #000000, #00ff00. "
        with pytest.raises(DataError, match=match + "Received: #ff0000"):
            decode_mask(picture([[BLACK, RED]]), "m.png", colors=(BLACK, GREEN))

    def test_grey_levels_follow_the_sets_colours(self):
        three = decode([[0, 0, 128, 128, 255, 255]])
        two = decode([[0, 0, 255, 255]])
        colors = common_colors([three, two])
        again = decode_mask(picture([[0, 0, 255, 255]]), "m.png", colors=colors)
        assert again.labels.tolist() == [[0, 0, 2, 2]]

    def test_sets_of_two_valued_masks_have_no_colours(self):
        assert common_colors([decode([[0, 255]]), decode([[0, 128]])]) == ()

    def test_common_background_without_black_is_the_most_frequent(self):
        labels = np.zeros((1, 1), np.uint8)
        masks = [Mask(labels, "RGB colours", "", colors=colors)
                 for colors in ((WHITE, RED), (WHITE, BLUE), (RED, WHITE))]  # fmt: skip
        assert common_colors(masks) == (WHITE, BLUE, RED)

    def test_many_colours_are_a_photograph(self):
        array = np.zeros((6, 6, 3), np.uint8)
        array[..., 0].flat, array[..., 1] = np.arange(36), 7
        with pytest.raises(DataError, match="Received: more than 32 colours"):
            decode(array)

    def test_32_colours_are_allowed(self):
        array = np.zeros((4, 8, 3), np.uint8)
        array[..., 0].flat, array[..., 1] = np.arange(32), 7
        assert decode(array).labels.max() == 31


class TestInverted:
    def test_suspicion_changes_nothing(self):
        mask = decode(255 - disk())
        np.testing.assert_array_equal(mask.labels, 1 - disk() // 255)
        assert (mask.coding, mask.suspicion) == ("0/255", "inverted")
        assert mask.notes[-1].startswith("May be inverted: foreground is most of the picture")

    def test_a_large_object_that_leaves_the_border_is_not_suspicious(self):
        array = np.zeros((10, 10), np.uint8)
        array[1:9, 1:9] = 255  # 64 % of the picture
        assert decode(array).suspicion is None

    def test_a_frame_is_not_suspicious(self):
        array = np.full((10, 10), 255, np.uint8)
        array[1:9, 1:9] = 0
        assert decode(array).suspicion is None

    def test_full_is_not_called_inverted(self):
        assert decode([[255, 255]]).suspicion is None

    def test_inverts_when_asked(self):
        mask = decode_mask(picture(255 - disk()), "m.png", invert=True)
        np.testing.assert_array_equal(mask.labels, disk() // 255)
        assert (mask.coding, mask.suspicion) == ("inverted 0/255", None)
        assert "Inverted as asked" in mask.notes[-1]

    def test_classes_cannot_be_inverted(self):
        with pytest.raises(
            DataError, match=r"cannot be inverted. Expected one class and background"
        ):
            decode_mask(picture([[0, 1, 2]]), "m.png", invert=True)


class TestClasses:
    def test_more_classes_than_the_checkpoint_knows(self):
        match = (
            r"The mask m\.png has more classes than the checkpoint knows\. Expected class numbers "
            r"0 to 1\. Received: classes up to 2 \(values 0, 2, read as class index\)\. Choose a"
        )
        with pytest.raises(DataError, match=match):
            decode([[0, 2]], classes=2)

    def test_as_many_is_fine(self):
        assert decode([[0, 2]], classes=3).classes == (2,)

    def test_one_output_means_background_and_one_class(self):
        assert decode([[0, 255]], classes=1).classes == (1,)

    def test_fewer_is_fine(self):
        assert decode([[0, 0]], classes=2).is_empty


def test_a_mask_in_the_alpha_channel():
    alpha = np.array([[0, 255], [255, 0]], np.uint8)
    image = picture(np.zeros((2, 2), np.uint8), alpha=alpha)
    mask = decode_mask(image, "m.png")
    assert mask.labels.tolist() == [[0, 1], [1, 0]]
    assert mask.notes[0].startswith("All pixels have one colour: the alpha channel is read")


def test_share_and_sha256():
    mask = decode([[0, 255, 255, 255]])
    assert (mask.foreground_share, mask.is_full, mask.sha256) == (0.75, False, "0" * 64)


def test_labels_are_read_only():
    with pytest.raises(ValueError, match="read-only"):
        decode([[0, 1]]).labels[0, 0] = 1


class TestIdentity:
    def test_same_file_other_labels(self):
        painted = picture([[BLACK, BLUE, RED]])
        alone = decode_mask(painted, "m.png")
        shared = decode_mask(painted, "m.png", colors=(BLACK, RED, BLUE))
        assert alone.sha256 == shared.sha256
        assert alone.labels.tolist() != shared.labels.tolist()
        assert alone.id != shared.id

    def test_same_labels_other_file(self):
        assert decode([[0, 1, 0]]).id == decode([[0, 255, 0]]).id
        assert len(decode([[0, 1, 0]]).id) == 16

    def test_the_shape_counts(self):
        assert decode([[0, 1, 1, 0]]).id != decode([[0, 1], [1, 0]]).id

    def test_a_changed_copy_is_another(self):
        mask = decode([[0, 1, 0]])
        before = mask.id, mask.highest, mask.classes
        other = replace(mask, labels=np.array([[0, 2, 2]], np.uint8))
        assert (other.highest, other.classes) == (2, (2,))
        assert other.id != before[0]
        assert (mask.id, mask.highest, mask.classes) == before == (before[0], 1, (1,))
