"""Which mask belongs to which image."""

import unicodedata

import pytest

from seg.pairing import natural, pair, stem_of


@pytest.mark.parametrize(
    "mask",
    [
        "x_mask.png", "x-mask.tif", "x_seg.png", "x_label.png", "x_labels.png", "x_gt.png",
        "x.mask.png", "x mask.png", "mask_x.png", "X_MASK.PNG", "x_Segmentation.png",
        "x_ground_truth.png",
    ],
)  # fmt: skip
def test_mask_beside_its_image(mask):
    found = pair([mask, "x.png"])
    assert found.pairs == [("x.png", mask)]
    assert found.orphans == found.ambiguous == []


@pytest.mark.parametrize(
    ("image", "mask"),
    [
        ("images/x.png", "masks/x.png"),
        ("images/x.jpg", "masks/x.png"),
        ("x.png", "masks/x.png"),
        ("img/x.png", "labels/x_mask.png"),
        ("imagesTr/x_0000.nii.gz", "labelsTr/x.nii.gz"),
        ("Images\\x.png", "Masks\\x.png"),
        ("train_images/x.png", "train_masks/x.png"),
        ("a/images/x.png", "a/masks/x.png"),
        ("images/a/x.png", "masks/a/x.png"),
        ("images/x_image.png", "masks/x_mask.png"),
        ("Training_Data/x.jpg", "Training_Data_GroundTruth/x_segmentation.png"),
        ("lung_seg/x.png", "lung_seg/x_mask.png"),
        ("images/x.png", "images/x_mask.png"),
        ("masks/x.png", "masks/x_mask.png"),
    ],
)
def test_folders(image, mask):
    found = pair([mask, image])
    assert found.pairs == [(image, mask)]
    assert found.orphans == []


def test_the_same_stem_in_two_patients_folders_is_not_mixed():
    names = ["p1/images/1.png", "p2/images/1.png", "p2/masks/1.png", "p3/masks/1.png"]
    found = pair(names)
    assert found.pairs == [("p1/images/1.png", None), ("p2/images/1.png", "p2/masks/1.png")]
    assert found.orphans == ["p3/masks/1.png"]


def test_a_folder_that_sounds_like_masks_but_holds_both():
    found = pair(["lung_seg/x.png", "lung_seg/x_mask.png", "lung_seg/y.png"])
    assert found.pairs == [("lung_seg/x.png", "lung_seg/x_mask.png"), ("lung_seg/y.png", None)]


def test_a_word_inside_a_name_is_no_mask():
    found = pair(["unmasked.png", "masked_ball.png", "x_masks2.png"])
    assert [mask for _, mask in found.pairs] == [None, None, None]


def test_several_masks_are_told_and_none_is_taken():
    found = pair(["x.png", "x_mask.png", "x_seg.png"])
    assert found.pairs == [("x.png", None)]
    reason = "x.png has several masks: x_mask.png, x_seg.png"
    assert found.ambiguous == [("x_mask.png", reason), ("x_seg.png", reason)]


def test_a_mask_for_two_images_is_told():
    found = pair(["images/x.png", "images/x.jpg", "masks/x.png"])
    assert found.pairs == [("images/x.jpg", None), ("images/x.png", None)]
    reason = "it fits several images: images/x.jpg, images/x.png"
    assert found.ambiguous == [("masks/x.png", reason)]


def test_upper_and_lower_case_choose_when_both_are_there():
    found = pair(["images/a.png", "images/A.png", "masks/a.png", "masks/A.png"])
    assert sorted(found.pairs) == [("images/A.png", "masks/A.png"), ("images/a.png", "masks/a.png")]


def test_composed_and_decomposed_letters_are_one_name():
    image, mask = "Müller.png", unicodedata.normalize("NFD", "Müller_mask.png")
    assert pair([image, mask]).pairs == [(image, mask)]


def test_hidden_and_system_files_are_ignored():
    names = [".DS_Store", "a/._x.png", "Thumbs.db", "__MACOSX/x.png", ".git/x.png", "x.png", ""]
    found = pair(names)
    assert found.pairs == [("x.png", None)]
    assert len(found.ignored) == 6


def test_repeated_names_are_told():
    found = pair(["a/x.png", "a\\x.png", "./a/x.png"])
    assert len(found.pairs) == 1
    assert len(found.duplicates) == 2


def test_order_is_natural_whatever_the_order_given():
    names = [f"case{number}.png" for number in (10, 2, 1, 33)]
    expected = ["case1.png", "case2.png", "case10.png", "case33.png"]
    assert [image for image, _ in pair(names).pairs] == expected
    assert [image for image, _ in pair(names[::-1]).pairs] == expected


def test_only_masks():
    found = pair(["masks/a.png", "b_mask.png"])
    assert (found.pairs, found.orphans) == ([], ["b_mask.png", "masks/a.png"])


def test_nothing():
    assert pair([]).pairs == []


def test_many_names_are_quick():
    names = [f"images/{number}.png" for number in range(3000)]
    names += [f"masks/{number}.png" for number in range(3000)]
    assert all(mask for _, mask in pair(names).pairs)


def test_natural_orders_numbers_letters_and_odd_digits():
    assert sorted(["b", "a²", "a10", "a9", "10", "9"], key=natural) == [
        "9", "10", "a9", "a10", "a²", "b",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("name", "stem"),
    [("a/b.c.png", "b.c"), ("x.nii.gz", "x"), ("plain", "plain"), (".hidden", ".hidden"),
     ("1.2.840.113", "1.2.840"), ("x.", "x"), ("p.jpeg/", "p")],
)  # fmt: skip
def test_stem(name, stem):
    assert stem_of(name) == stem
