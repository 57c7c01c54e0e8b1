"""HD95, ASSD and surface Dice together: ms an image, beside other tools, in one run.

    python -m bench.surface [--images 40] [--rounds 5]

The masks are made here: discs and ellipses like nuclei in 256 x 256 pixels; the prediction is the
truth moved by two pixels, shrunk by one, with some nuclei missed. Every tool sees the same masks,
round after round in turn, on one thread, and its best round counts. MONAI and surface-distance
take part where they can be imported. All compute the three metrics from binary masks; plain scipy
is what one writes first: erosion, and two distance transforms of the whole image.
"""

import argparse
import importlib.util
import time
import warnings
from collections.abc import Callable

import numpy as np
from scipy import ndimage

from seg.surface import Mask, surface_distances

SPACING_MM = (1.0, 0.5)
TOLERANCE_MM = 1.0
SIZE = 256

Scores = tuple[float, float, float]
Tool = Callable[[Mask, Mask], Scores]


def nuclei(seed: int) -> tuple[Mask, Mask]:
    """A truth and a prediction of about forty nuclei."""
    rng = np.random.default_rng(seed)
    rows, columns = np.ogrid[:SIZE, :SIZE]
    truth, found = np.zeros((SIZE, SIZE), bool), np.zeros((SIZE, SIZE), bool)
    for _ in range(40):
        (y, x), (a, b) = rng.uniform(0, SIZE, 2), rng.uniform(6, 16, 2)
        nucleus = ((rows - y) / a) ** 2 + ((columns - x) / b) ** 2 <= 1
        truth |= nucleus
        if rng.random() < 0.9:
            found |= nucleus
    return truth, ndimage.binary_erosion(np.roll(found, 2, axis=0))


def ours(truth: Mask, pred: Mask) -> Scores:
    distances = surface_distances(truth, pred, SPACING_MM)
    return distances.hausdorff_95(), distances.assd(), distances.surface_dice(TOLERANCE_MM)


def plain_scipy(truth: Mask, pred: Mask) -> Scores:
    edges = [mask & ~ndimage.binary_erosion(mask) for mask in (truth, pred)]
    there, back = (
        ndimage.distance_transform_edt(~target, sampling=SPACING_MM)[source]
        for source, target in (edges, edges[::-1])
    )
    both = np.concatenate([there, back])
    hd95 = max(np.percentile(there, 95), np.percentile(back, 95))
    return float(hd95), float(both.mean()), float((both <= TOLERANCE_MM).mean())


def monai() -> Tool:
    import torch
    from monai.metrics import compute_average_surface_distance as average
    from monai.metrics import compute_hausdorff_distance as hausdorff
    from monai.metrics import compute_surface_dice as surface_dice

    torch.set_num_threads(1)  # as all the others; more threads than free cores slow it down

    def scores(truth: Mask, pred: Mask) -> Scores:
        y, p = (torch.from_numpy(mask)[None, None].float() for mask in (truth, pred))
        options = {"include_background": True, "spacing": SPACING_MM}
        return (
            hausdorff(p, y, percentile=95, **options).item(),
            average(p, y, symmetric=True, **options).item(),
            surface_dice(p, y, [TOLERANCE_MM], **options).item(),
        )

    return scores


def surface_distance() -> Tool:
    np.Inf = np.inf  # its release 0.1 was written for NumPy 1
    import surface_distance as package

    def scores(truth: Mask, pred: Mask) -> Scores:
        distances = package.compute_surface_distances(truth, pred, SPACING_MM)
        means = package.compute_average_surface_distance(distances)
        return (
            package.compute_robust_hausdorff(distances, 95),
            sum(means) / 2,
            package.compute_surface_dice_at_tolerance(distances, TOLERANCE_MM),
        )

    return scores


def tools() -> dict[str, Tool]:
    found: dict[str, Tool] = {"ours": ours, "plain scipy": plain_scipy}
    if importlib.util.find_spec("monai"):
        found["MONAI"] = monai()
    if importlib.util.find_spec("surface_distance"):
        found["surface-distance"] = surface_distance()
    return found


def best_ms(contestants: dict[str, Tool], pairs: list[tuple[Mask, Mask]], rounds: int) -> dict:
    best = dict.fromkeys(contestants, float("inf"))
    for _ in range(rounds):
        for name, scores in contestants.items():
            start = time.perf_counter()
            for pair in pairs:
                scores(*pair)
            best[name] = min(best[name], (time.perf_counter() - start) / len(pairs) * 1000)
    return best


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--images", type=int, default=40)
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_args()
    warnings.simplefilter("ignore")  # the other tools' deprecations
    pairs = [nuclei(seed) for seed in range(options.images)]
    contestants = tools()
    values = {
        name: np.mean([scores(*pair) for pair in pairs], axis=0)
        for name, scores in contestants.items()
    }
    times = best_ms(contestants, pairs, options.rounds)
    print(
        f"{options.images} masks of {SIZE} x {SIZE}, spacing {SPACING_MM} mm; means of the scores"
    )
    print(f"{'':18}{'ms/image':>9}{'x ours':>8}{'HD95 mm':>10}{'ASSD mm':>10}{'NSD 1 mm':>10}")
    for name, ms in times.items():
        hd95, assd, nsd = values[name]
        ratio = ms / times["ours"]
        print(f"{name:18}{ms:9.2f}{ratio:8.2f}{hd95:10.4f}{assd:10.4f}{nsd:10.4f}")


if __name__ == "__main__":
    main()
