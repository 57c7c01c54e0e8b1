"""Cases from bytes: sizes, identities, refusals that do not stop the others."""

import hashlib
import io

import numpy as np
import pytest
from PIL import Image as Pillow

from seg.cases import for_classes, read_case, read_cases
from seg.errors import DataError
from seg.files import Limits


def file(array, form="PNG"):
    stream = io.BytesIO()
    Pillow.fromarray(np.asarray(array, np.uint8)).save(stream, form)
    return stream.getvalue()


IMAGE = file([[10, 20, 30], [40, 50, 60]])
MASK = file([[0, 255, 0], [0, 0, 0]])
COLORS = [[0, 0, 0], [0, 0, 255], [255, 0, 0]]


def with_palette(indices):
    picture = Pillow.fromarray(np.asarray(indices, np.uint8), "P")
    picture.putpalette([0, 0, 0, 255, 0, 0, 0, 255, 0, 0, 0, 255])
    stream = io.BytesIO()
    picture.save(stream, "PNG")
    return stream.getvalue()


def painted(*classes):
    return file([[COLORS[index] for index in classes]])


class TestReadCase:
    def test_image_and_mask(self):
        case = read_case("scans/p1.png", IMAGE, "p1_mask.png", MASK, spacing_mm=(0.5, 0.7))
        assert (case.name, case.spacing_mm) == ("p1", (0.5, 0.7))
        assert case.id == hashlib.sha256(IMAGE).hexdigest()[:16]
        assert case.mask.labels.tolist() == [[0, 1, 0], [0, 0, 0]]
        assert case.mask.sha256 == hashlib.sha256(MASK).hexdigest()

    def test_without_mask_and_spacing(self):
        case = read_case("p1.png", IMAGE)
        assert (case.mask, case.spacing_mm, case.notes) == (None, None, ())

    def test_dpi_is_not_believed(self):
        stream = io.BytesIO()
        Pillow.new("L", (3, 2)).save(stream, "PNG", dpi=(254, 254))
        assert read_case("p1.png", stream.getvalue()).spacing_mm is None

    def test_notes_of_both(self):
        rgb = file(np.full((2, 3, 3), 9))
        notes = read_case("p.png", rgb, "m.png", file([[0, 0, 0]] * 2)).notes
        assert notes == (
            "Grey stored as colour (three equal channels), read as grey.",
            "The mask is empty: every pixel is 0.",
        )

    def test_other_size(self):
        match = (
            r"The mask m\.png has another size than its image p\.png\. Expected 3 x 2 pixels "
            r"\(width x height\)\. Received: 4 x 2\. Export the mask again at the image's own size"
        )
        with pytest.raises(DataError, match=match):
            read_case("p.png", IMAGE, "m.png", file(np.zeros((2, 4))))

    def test_turned(self):
        match = r"Received: 2 x 3, the same rotated by 90 degrees\. Turn one of the two\."
        with pytest.raises(DataError, match=match):
            read_case("p.png", IMAGE, "m.png", file(np.zeros((3, 2))))

    def test_more_classes_than_known(self):
        with pytest.raises(DataError, match="more classes than the checkpoint knows"):
            read_case("p.png", IMAGE, "m.png", file([[0, 1, 2]] * 2), classes=2)

    def test_invert(self):
        case = read_case("p.png", IMAGE, "m.png", MASK, invert=True)
        assert case.mask.labels.sum() == 5

    def test_limits_hold_for_masks_too(self):
        with pytest.raises(DataError, match=r"The image in m\.png is too large"):
            read_case("p.png", IMAGE, "m.png", file(np.zeros((9, 9))), limits=Limits(pixels_max=6))

    def test_wrong_spacing_is_our_mistake(self):
        with pytest.raises(ValueError, match="spacing_mm is"):
            read_case("p.png", IMAGE, spacing_mm=(0.0, 1.0))


class TestReadCases:
    def test_bad_files_do_not_stop_the_good_ones(self):
        steps = []
        files = {
            "images/p10.png": IMAGE,
            "images/p2.png": IMAGE,
            "images/p3.png": b"not a picture",
            "images/p4.png": IMAGE,
            "masks/p2.png": MASK,
            "masks/p3.png": MASK,
            "masks/p4.png": file(np.zeros((5, 5))),
            "masks/p7.png": MASK,
            "images/.DS_Store": b"x",
        }
        cases, refusals = read_cases(
            files, progress=lambda done, total: steps.append((done, total))
        )
        assert [case.name for case in cases] == ["p2", "p4", "p10"]
        assert [case.mask is not None for case in cases] == [True, False, False]
        reasons = {refusal.name: refusal.reason for refusal in refusals}
        assert sorted(reasons) == [
            "images/p3.png", "masks/p3.png", "masks/p4.png", "masks/p7.png",
        ]  # fmt: skip
        assert "Received: text" in reasons["images/p3.png"]
        assert "its image images/p3.png was refused" in reasons["masks/p3.png"]
        assert reasons["masks/p4.png"].endswith("images/p4.png was opened without a mask.")
        assert "The mask masks/p7.png has no image." in reasons["masks/p7.png"]
        problems = [case.mask_problem for case in cases]
        assert problems == [None, reasons["masks/p4.png"], None]
        assert steps == [(1, 4), (2, 4), (3, 4), (4, 4)]

    def test_each_refusal_ends_well(self):
        files = {"a.png": IMAGE, "a_mask.png": MASK, "a_seg.png": MASK, "b": b"\0", "b/": b""}
        _, refusals = read_cases(files)
        assert [refusal.name for refusal in refusals] == ["a_mask.png", "a_seg.png", "b/", "b"]
        assert all(refusal.reason.endswith(".") for refusal in refusals)

    def test_one_colour_is_one_class_in_all_masks(self):
        files = {
            "1.png": file([[9, 9, 9, 9]]), "1_mask.png": painted(0, 1, 2, 2),
            "2.png": file([[8, 8, 8, 8]]), "2_mask.png": painted(0, 0, 2, 2),
            "3.png": file([[7, 7, 7, 7]]), "3_mask.png": file([[0, 0, 0, 0]]),
        }  # fmt: skip
        cases, refusals = read_cases(files, classes=3)
        assert refusals == []
        found = [case.mask.labels.tolist() for case in cases]
        assert found == [[[0, 1, 2, 2]], [[0, 0, 2, 2]], [[0, 0, 0, 0]]]

    def test_too_many_colours_over_all_masks(self):
        files = {
            "1.png": file([[9, 9]]), "1_mask.png": painted(0, 1),
            "2.png": file([[8, 8]]), "2_mask.png": painted(0, 2),
        }  # fmt: skip
        cases, refusals = read_cases(files, classes=2)
        assert [case.mask is None for case in cases] == [False, True]
        assert "more classes than the checkpoint knows" in refusals[0].reason
        assert [case.mask_problem for case in cases] == [None, refusals[0].reason]

    @pytest.mark.parametrize(
        ("orphan", "expected"),
        [
            ("x_mask.png", "an image x.png, in the same folder or in images/ beside masks/"),
            ("a/seg_x.b.tif", "an image x.b.tif, in the same folder or"),
            ("masks/p7.tif", "an image of the same name, as images/p7.tif beside masks/p7.tif"),
        ],
    )
    def test_a_mask_without_image_says_what_it_lacks(self, orphan, expected):
        _, refusals = read_cases({orphan: MASK})
        assert [refusal.name for refusal in refusals] == [orphan]
        assert f"The mask {orphan} has no image. Expected {expected}" in refusals[0].reason

    def test_all_together_are_bounded(self):
        files = {f"{n}.png": IMAGE for n in range(4)} | {f"{n}_mask.png": MASK for n in (1, 2)}
        # unpacked 6, 12, 12 and 6 bytes
        assert len(read_cases(files, held_bytes_max=36)[0]) == 4
        steps = []
        cases, refusals = read_cases(
            files, held_bytes_max=29, progress=lambda *step: steps.append(step)
        )
        assert [case.name for case in cases] == ["0", "1"]
        assert [refusal.name for refusal in refusals] == ["2.png", "2_mask.png", "3.png"]
        assert refusals[0].reason.startswith("There is no room for 2.png. Expected at most 0 MiB")
        assert "its image 2.png was refused" in refusals[1].reason
        assert steps == [(n, 4) for n in range(1, 5)]

    def test_three_hundred_files_at_once(self):
        files = {f"{number}.png": IMAGE for number in range(150)}
        files |= {f"{number}_mask.png": MASK for number in range(150)}
        cases, refusals = read_cases(files)
        assert (len(cases), refusals) == (150, [])
        assert all(case.mask is not None for case in cases)

    def test_nothing(self):
        assert read_cases({}) == ([], [])


class TestForClasses:
    def test_a_mask_the_checkpoint_knows_stays(self):
        case = read_case("p.png", IMAGE, "m.png", MASK)
        assert for_classes(case, 2) is case
        bare = read_case("p.png", IMAGE)
        assert for_classes(bare, 2) is bare

    def test_more_classes_leave_the_image_and_a_reason(self):
        colour = file(np.full((2, 3, 3), 9))
        case = read_case("p.png", colour, "m.png", with_palette([[0, 1, 3], [0, 1, 1]]))
        assert for_classes(case, 4) is case
        bare = for_classes(case, 2)
        assert (bare.id, bare.mask, case.mask_problem) == (case.id, None, None)
        assert bare.notes == case.image.notes != case.notes
        assert bare.mask_problem == (
            "The mask is not used: it holds more classes than the checkpoint knows. Expected class "
            "numbers 0 to 1, which are 2 with the background. Received: 1, 3. Choose a checkpoint "
            "for these classes, or merge them in the mask."
        )

    def test_the_labels_are_looked_through_once(self):
        case = read_case("p.png", IMAGE, "m.png", file([[0, 1, 3], [0, 1, 1]]))
        first = for_classes(case, 2)
        object.__setattr__(case.mask, "labels", None)  # whoever looks again fails
        assert for_classes(case, 4) is case
        assert for_classes(case, 2).mask_problem == first.mask_problem
