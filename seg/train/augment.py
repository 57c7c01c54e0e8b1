"""One random view of a case: cut out, turned, scaled, mirrored, brightened; no Keras."""

from dataclasses import dataclass

import numpy as np

from seg.train.config import Views

SCALE = (0.7, 1.4)
GAIN = (0.8, 1.25)
OFFSET = 0.2  # standard deviation, in units of the normalised image
NOISE_MAX = 0.1  # likewise


@dataclass(frozen=True)
class Sample:
    """A case ready for training: image (H, W, channels) float32, labels (H, W) uint8."""

    image: np.ndarray
    labels: np.ndarray


def view(sample: Sample, views: Views, random: np.random.Generator) -> Sample:
    """A random square of the sample under a random change of shape and light.

    Args:
        sample: The whole case.
        views: Its side, and what may be changed.
        random: Where the chance comes from.

    Returns:
        (crop, crop, channels) and (crop, crop); beyond the border the image is mirrored.
    """
    crop, strong = views.crop, views.augmentation == "strong"
    centre = _centre(sample.labels, views, random)
    matrix = _matrix(random) if strong else _mirroring(random, views)
    offset = centre - matrix @ np.full(2, (crop - 1) / 2)
    if not strong:
        offset = np.round(offset)  # pixels as they are
    image = np.stack(
        [
            _warp(sample.image[..., c], matrix, offset, crop, order=1)
            for c in range(sample.image.shape[-1])
        ],
        axis=-1,
    )
    labels = _warp(sample.labels, matrix, offset, crop, order=0)
    return Sample(_light(image, random, views) if strong else image, labels)


def _centre(labels: np.ndarray, views: Views, random: np.random.Generator) -> np.ndarray:
    """Where to cut: on a class as often as asked for, else anywhere."""
    inside = np.flatnonzero(labels)
    if inside.size and random.random() < views.foreground_share:
        return np.array(np.unravel_index(random.choice(inside), labels.shape), float)
    shape = np.array(labels.shape)
    if views.augmentation == "strong":
        return random.uniform(0, shape - 1)
    half = np.minimum(views.crop, shape) / 2  # nothing beyond the border where the case is larger
    return random.uniform(half - 0.5, shape - half - 0.5)


def _mirroring(random: np.random.Generator, views: Views) -> np.ndarray:
    """Both axes turned over half of the time, or nothing, (2, 2)."""
    if views.augmentation == "none":
        return np.eye(2)
    return np.diag(random.choice([-1.0, 1.0], 2))


def _matrix(random: np.random.Generator) -> np.ndarray:
    """Rotation by any angle, a scale, and a mirroring half of the time, (2, 2)."""
    angle, scale = random.uniform(0, 2 * np.pi), np.exp(random.uniform(*np.log(SCALE)))
    cos, sin = np.cos(angle) / scale, np.sin(angle) / scale
    mirror = random.choice([-1.0, 1.0])
    return np.array([[cos, -sin], [sin, cos]]) @ np.diag([1.0, mirror])


def _warp(
    plane: np.ndarray, matrix: np.ndarray, offset: np.ndarray, crop: int, order: int
) -> np.ndarray:
    """(crop, crop) of a plane under an affine map."""
    from scipy.ndimage import affine_transform

    return affine_transform(plane, matrix, offset, (crop, crop), order=order, mode="mirror")


def _light(image: np.ndarray, random: np.random.Generator, views: Views) -> np.ndarray:
    """Another exposure of the same picture."""
    if views.invert and random.random() < 1 / 3:
        image = -image
    gain, offset = random.uniform(*GAIN), random.normal(0, OFFSET)
    noise = random.normal(0, random.uniform(0, NOISE_MAX), image.shape)
    return (image * gain + offset + noise).astype(np.float32)
