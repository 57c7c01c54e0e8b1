"""Border distances against hand-worked numbers, brute force and other tools' figures."""

import numpy as np
import pytest
from scipy import ndimage
from scipy.spatial.distance import cdist

from seg.errors import DataError
from seg.surface import assd, border, hausdorff_95, surface_dice, surface_distances


def pixels(shape, *places):
    mask = np.zeros(shape, bool)
    for place in places:
        mask[place] = True
    return mask


def ellipse(shape, centre, radii):
    grids = np.ogrid[tuple(slice(size) for size in shape)]
    return sum(((g - c) / r) ** 2 for g, c, r in zip(grids, centre, radii, strict=True)) <= 1


# --- hand-worked ---------------------------------------------------------------------------


def test_two_single_pixels_lie_a_pythagoras_apart():
    a, b = pixels((9, 9), (1, 1)), pixels((9, 9), (4, 3))  # 3 rows of 2 mm, 2 columns of 4 mm
    distances = surface_distances(a, b, (2.0, 4.0))
    assert distances.hausdorff_95() == 10.0
    assert distances.assd() == 10.0
    assert distances.surface_dice(9.99) == 0.0
    assert distances.surface_dice(10.0) == 1.0


def test_two_single_voxels_in_3d():
    a, b = pixels((4, 5, 6), (0, 0, 0)), pixels((4, 5, 6), (1, 2, 3))  # 2, 3 and 6 mm apart
    assert hausdorff_95(a, b, (2.0, 1.5, 2.0)) == 7.0
    assert assd(b, a, (2.0, 1.5, 2.0)) == 7.0


def test_a_far_false_positive_counts_in_one_direction_only():
    # Truth: one pixel. Prediction: that pixel and one 4 columns (2 mm) off: FP = 1, FN = 0.
    truth, pred = pixels((3, 8), (1, 1)), pixels((3, 8), (1, 1), (1, 5))
    distances = surface_distances(truth, pred, (1.0, 0.5))
    assert distances.true_to_pred_mm.tolist() == [0.0]
    assert sorted(distances.pred_to_true_mm.tolist()) == [0.0, 2.0]
    assert distances.hausdorff_95() == pytest.approx(1.9)  # 95 % of the way from 0 to 2
    assert distances.assd() == pytest.approx(2 / 3)
    assert distances.surface_dice(1.0) == pytest.approx(2 / 3)


def test_hd95_takes_percentiles_per_direction_not_of_the_pool():
    # A line of 39 pixels, all found; then a few truth pixels 20 mm and more beyond its end.
    truth = np.zeros((1, 80), bool)
    truth[0, :39] = truth[0, 58] = True
    pred = np.zeros((1, 80), bool)
    pred[0, :39] = True
    # 40 distances: 39 zeros, one 20. The 95th percentile sits at rank 37.05, among the zeros.
    assert hausdorff_95(truth, pred, (1.0, 1.0)) == 0.0
    truth[0, 59] = True  # 41 distances, two of them 20 and 21: rank 38, still a zero
    assert hausdorff_95(truth, pred, (1.0, 1.0)) == 0.0
    truth[0, 60] = True  # 42 distances, three far ones: rank 38.95, 95 % of the way to 20
    assert hausdorff_95(truth, pred, (1.0, 1.0)) == pytest.approx(19.0)
    # Pooled, 81 distances would put the percentile at rank 76, among the zeros.


def test_border_is_the_mask_minus_its_erosion_and_the_image_edge_counts():
    full = np.ones((4, 5), bool)
    assert border(full).sum() == 4 * 5 - 2 * 3
    plus = pixels((5, 5), (2, 2), (1, 2), (3, 2), (2, 1), (2, 3))
    assert border(plus).sum() == 4  # face-connected: the centre is inside, corners do not matter
    cube = np.zeros((5, 5, 5), bool)
    cube[1:4, 1:4, 1:4] = True
    assert border(cube).sum() == 26


def test_a_hole_has_a_border_too():
    ring = np.zeros((7, 7), bool)
    ring[1:6, 1:6] = True
    filled = ring.copy()
    ring[3, 3] = False
    # Every filled border pixel is shared; the four around the hole are 1 mm from it at least.
    distances = surface_distances(ring, filled, (1.0, 1.0))
    assert distances.pred_to_true_mm.max() == 0.0
    assert sorted(distances.true_to_pred_mm.tolist())[-4:] == [1.0, 1.0, 1.0, 1.0]


def test_tolerance_is_not_missed_by_a_rounding():
    a, b = pixels((1, 5), (0, 0)), pixels((1, 5), (0, 3))
    assert 3 * 0.1 > 0.3  # as floats
    assert surface_dice(a, b, (0.1, 0.1), tolerance_mm=0.3) == 1.0


def test_tolerance_0_counts_only_shared_border_pixels():
    truth, pred = pixels((1, 5), (0, 0), (0, 1)), pixels((1, 5), (0, 1))
    assert surface_dice(truth, pred, (1.0, 1.0), tolerance_mm=0) == pytest.approx(2 / 3)


# --- empty masks ---------------------------------------------------------------------------


@pytest.mark.parametrize("shape", [(6, 8), (2, 6, 8)])
def test_both_empty_is_perfect(shape):
    empty = np.zeros(shape, bool)
    distances = surface_distances(empty, empty, (1.0,) * len(shape))
    assert (distances.both_empty, distances.one_empty) == (True, False)
    assert (distances.hausdorff_95(), distances.assd(), distances.surface_dice(1.0)) == (0, 0, 1)


def test_one_empty_is_the_diagonal_flagged_whichever_it_is():
    empty, some = np.zeros((6, 16), bool), pixels((6, 16), (2, 3), (2, 4))
    for pair in ((empty, some), (some, empty)):
        distances = surface_distances(*pair, (1.0, 0.5))
        assert (distances.both_empty, distances.one_empty) == (False, True)
        assert distances.hausdorff_95() == 10.0  # 6 mm by 8 mm
        assert distances.assd() == 10.0
        assert distances.surface_dice(100.0) == 0.0
    assert hausdorff_95(empty, some, (1.0, 0.5)) == assd(some, empty, (1.0, 0.5)) == 10.0
    assert surface_dice(empty, some, (1.0, 0.5), tolerance_mm=3.0) == 0.0


def test_no_distance_within_the_image_exceeds_the_stand_in():
    a, b = pixels((6, 16), (0, 0)), pixels((6, 16), (5, 15))
    distances = surface_distances(a, b, (1.0, 0.5))
    assert distances.hausdorff_95() < distances.diagonal_mm


# --- brute force ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("shape", "spacing_mm"),
    [((23, 31), (1.0, 1.0)), ((23, 31), (0.7, 2.3)), ((7, 12, 11), (3.0, 0.8, 0.8))],
)
@pytest.mark.parametrize("density", [0.02, 0.4, 0.9])
def test_random_masks_agree_with_all_pairs_and_with_the_distance_transform(
    shape, spacing_mm, density
):
    rng = np.random.default_rng(7)
    structure = ndimage.generate_binary_structure(len(shape), 1)
    for _ in range(5):
        a, b = rng.random(shape) < density, rng.random(shape) < density / 2
        edge_a = a & ~ndimage.binary_erosion(a, structure)
        edge_b = b & ~ndimage.binary_erosion(b, structure)
        pairs = cdist(np.argwhere(edge_a) * spacing_mm, np.argwhere(edge_b) * spacing_mm)
        distances = surface_distances(a, b, spacing_mm)
        np.testing.assert_allclose(distances.true_to_pred_mm, pairs.min(axis=1), atol=1e-12)
        np.testing.assert_allclose(distances.pred_to_true_mm, pairs.min(axis=0), atol=1e-12)
        transform = ndimage.distance_transform_edt(~edge_b, sampling=spacing_mm)
        np.testing.assert_allclose(distances.true_to_pred_mm, transform[edge_a], atol=1e-12)


def test_neither_place_nor_margin_changes_a_number():
    a, b = ellipse((20, 24), (9, 10), (7, 5)), ellipse((20, 24), (10, 13), (5, 8))
    small = surface_distances(a, b, (1.0, 0.5))
    big = [np.zeros((60, 70), bool) for _ in range(2)]
    for target, source in zip(big, (a, b), strict=True):
        target[31:51, 40:64] = source
    moved = surface_distances(*big, (1.0, 0.5))
    np.testing.assert_array_equal(small.true_to_pred_mm, moved.true_to_pred_mm)
    np.testing.assert_array_equal(small.pred_to_true_mm, moved.pred_to_true_mm)


def test_swapping_the_masks_swaps_the_directions_and_keeps_the_metrics():
    a, b = ellipse((20, 24), (9, 10), (7, 5)), ellipse((20, 24), (10, 13), (5, 8))
    there, back = surface_distances(a, b, (1.0, 0.5)), surface_distances(b, a, (1.0, 0.5))
    np.testing.assert_array_equal(there.true_to_pred_mm, back.pred_to_true_mm)
    assert there.hausdorff_95() == back.hausdorff_95()
    assert there.surface_dice(1.0) == back.surface_dice(1.0)


def test_the_masks_are_left_as_they_were():
    a, b = ellipse((20, 24), (9, 10), (7, 5)), ellipse((20, 24), (10, 13), (5, 8))
    before = a.copy(), b.copy()
    surface_distances(a, b, (1.0, 0.5))
    np.testing.assert_array_equal(a, before[0])
    np.testing.assert_array_equal(b, before[1])


# --- other tools ---------------------------------------------------------------------------

CASES = {
    "ellipses": (
        ellipse((64, 64), (30, 28), (18, 12)),
        ellipse((64, 64), (33, 33), (15, 14)),
        (1.0, 0.5),
    ),
    "at_edge": (
        ellipse((64, 64), (5, 60), (18, 12)),
        ellipse((64, 64), (9, 62), (16, 9)),
        (1.0, 0.5),
    ),
    "missed_one": (
        ellipse((64, 64), (16, 16), (9, 7)) | ellipse((64, 64), (48, 50), (6, 4)),
        ellipse((64, 64), (17, 18), (8, 8)),
        (0.7, 1.3),
    ),
    "volume": (
        ellipse((20, 32, 32), (9, 15, 14), (6, 10, 9)),
        ellipse((20, 32, 32), (10, 16, 17), (5, 8, 11)),
        (2.5, 1.0, 0.7),
    ),
}

# MONAI 1.6.1 on PyTorch 2.13.0, float32, spacing=..., include_background=True on a (1, 1, ...)
# tensor: HausdorffDistanceMetric(percentile=95, directed=False) and the same without percentile,
# SurfaceDistanceMetric(symmetric=True), SurfaceDiceMetric(class_thresholds=[1.0]) and [2.0].
MONAI = {
    "ellipses": (5.559419, 6.5, 2.369839, 0.189024, 0.493902),
    "at_edge": (2.5, 3.0, 0.851310, 0.656, 0.816),
    "missed_one": (41.809887, 42.377472, 10.274672, 0.275862, 0.568965),
    "volume": (4.988988, 5.564171, 1.818686, 0.367647, 0.564241),
}

# surface-distance 0.1 (DeepMind) on NumPy 2.4.6 with np.Inf restored: compute_robust_hausdorff at
# 95 and 100, compute_surface_dice_at_tolerance at 1.0 and 2.0 mm. Its border elements lie between
# pixel corners and are weighted by their length or area in mm.
SURFACE_DISTANCE = {
    "ellipses": (5.385165, 6.5, 0.227157, 0.496894),
    "at_edge": (2.5, 3.0, 0.646870, 0.811920),
    "missed_one": (41.638564, 42.377470, 0.348347, 0.628401),
    "volume": (3.905125, 5.564171, 0.441994, 0.651893),
}


def largest_mm(distances):
    return max(distances.true_to_pred_mm.max(), distances.pred_to_true_mm.max())


@pytest.mark.parametrize("name", CASES)
def test_monai_gives_the_same_numbers(name):
    distances = surface_distances(*CASES[name])
    ours = (
        distances.hausdorff_95(),
        largest_mm(distances),
        distances.assd(),
        distances.surface_dice(1.0),
        distances.surface_dice(2.0),
    )
    assert ours == pytest.approx(MONAI[name], abs=2e-6)


@pytest.mark.parametrize("name", CASES)
def test_deepmind_agrees_on_the_maximum(name):
    assert largest_mm(surface_distances(*CASES[name])) == pytest.approx(
        SURFACE_DISTANCE[name][1], abs=2e-6
    )


def test_deepmind_weighs_by_area_and_so_differs_in_hd95_and_surface_dice():
    # What the docstrings claim: near, but not the same where the spacing is unequal.
    for name, (theirs_95, _, theirs_1mm, theirs_2mm) in SURFACE_DISTANCE.items():
        distances = surface_distances(*CASES[name])
        assert abs(distances.hausdorff_95() - theirs_95) < 1.1
        assert 0.005 < abs(distances.surface_dice(1.0) - theirs_1mm) < 0.08
        assert 0.002 < abs(distances.surface_dice(2.0) - theirs_2mm) < 0.09


# --- wrong input ---------------------------------------------------------------------------


def test_masks_of_different_size_are_refused():
    with pytest.raises(DataError, match=r"Expected \(4, 5\).*Received: \(5, 4\)"):
        hausdorff_95(np.zeros((4, 5), bool), np.zeros((5, 4), bool), (1.0, 1.0))


@pytest.mark.parametrize("which", [0, 1])
def test_masks_that_are_not_bool_are_refused(which):
    masks = [np.zeros((4, 5), bool), np.zeros((4, 5), bool)]
    masks[which] = masks[which].astype(np.uint8)
    with pytest.raises(DataError, match=r"Expected dtype bool\. Received: uint8"):
        assd(*masks, (1.0, 1.0))


@pytest.mark.parametrize("spacing_mm", [(1.0,), (1.0, 1.0, 1.0), (1.0, 0.0), (-1.0, 1.0)])
def test_a_spacing_that_does_not_fit_is_refused(spacing_mm):
    with pytest.raises(DataError, match="Expected 2 positive numbers"):
        hausdorff_95(np.zeros((4, 5), bool), np.zeros((4, 5), bool), spacing_mm)


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_a_spacing_that_is_not_finite_is_refused(value):
    with pytest.raises(DataError, match="pixel spacing"):
        surface_dice(np.ones((4, 5), bool), np.ones((4, 5), bool), (value, 1.0), tolerance_mm=1.0)


@pytest.mark.parametrize("tolerance_mm", [-0.1, np.nan, np.inf])
def test_a_tolerance_that_makes_no_sense_is_a_wrong_call(tolerance_mm):
    distances = surface_distances(np.ones((4, 5), bool), np.ones((4, 5), bool), (1.0, 1.0))
    with pytest.raises(ValueError, match="tolerance_mm"):
        distances.surface_dice(tolerance_mm)


@pytest.mark.parametrize("shape", [(5,), (2, 3, 4, 5)])
def test_masks_of_one_or_four_axes_are_a_wrong_call(shape):
    with pytest.raises(ValueError, match=r"\(H, W\) or \(D, H, W\)"):
        surface_distances(np.ones(shape, bool), np.ones(shape, bool), (1.0,) * len(shape))
