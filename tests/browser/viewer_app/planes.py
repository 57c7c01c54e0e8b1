"""Synthetic planes with known answers, for the viewer's tests, its page and its benchmark."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import numpy as np
import numpy.typing as npt


@dataclass(frozen=True)
class Case:
    """What the page shows and the test expects."""

    image: npt.NDArray[np.uint8 | np.uint16]
    truth: npt.NDArray[np.uint8] | None
    probability: npt.NDArray[np.uint16] | None
    classes: tuple[tuple[int, str], ...] = ((1, "lesion"),)
    windows: tuple[tuple[str, float, float], ...] = (("Full", 0, 255),)
    spacing_mm: tuple[float, float] | None = None
    name: str = ""
    series: str = ""
    decision: str = "threshold"
    broken: frozenset[str] = field(default_factory=frozenset)


def make_case(name: str) -> Case:
    """The case of that name; the same numbers at each call."""
    return _MAKERS[name]()


def _discs() -> Case:
    """Two discs that overlap in part; p falls from the centre, so FP != FN at each threshold."""
    y, x = np.mgrid[0:96, 0:128]
    truth = (np.hypot(y - 48, x - 56) < 22).astype(np.uint8)
    p = np.clip(1.2 - np.hypot(y - 42, x - 70) / 30, 0, 1)
    image = (40 + 120 * truth + 30 * ((x // 8 + y // 8) % 2)).astype(np.uint8)
    return Case(image, truth, _stored(p), spacing_mm=(1.0, 0.5))


def _quarters() -> Case:
    """Four flat quarters: true positive, false positive, false negative, background."""
    truth = np.zeros((40, 40), np.uint8)
    truth[:20, :20] = 1
    truth[20:, :20] = 1
    p = np.zeros((40, 40))
    p[:20, :20] = 0.9
    p[:20, 20:] = 0.7
    p[20:, :20] = 0.2
    return Case(np.full((40, 40), 100, np.uint8), truth, _stored(p))


def _speck() -> Case:
    """A finding of one pixel in a picture far larger than the screen."""
    truth = np.zeros((3000, 3000), np.uint8)
    truth[1234, 1567] = 1
    p = np.zeros((3000, 3000))
    p[2001, 801] = 0.95
    return Case(np.full((3000, 3000), 60, np.uint8), truth, _stored(p))


def _wide() -> Case:
    """16 bits, a ramp; the second window is black below 20000."""
    image = np.tile(np.linspace(0, 65535, 64).astype(np.uint16), (64, 1))
    windows = (("Full", 0, 65535), ("High", 20000, 40000))
    return Case(
        image,
        None,
        _stored(np.tile(np.linspace(0, 1, 64), (64, 1))),
        windows=windows,
        spacing_mm=(0.5, 0.5),
        name="Slice 7 <b>of</b> 9",
        series="ramps",
    )


def _next_of_series() -> Case:
    """The ramp once more; its windows stand in another order."""
    wide = _wide()
    return replace(wide, name="Slice 8", windows=(("High", 30000, 60000), ("Full", 0, 65535)))


def _stranger() -> Case:
    """The same intensities in another collection, whose "High" is black to the end."""
    windows = (("Half", 0, 32768), ("High", 65534, 65535))
    return replace(_wide(), name="Somebody", series="strangers", windows=windows)


def _loner() -> Case:
    """As the stranger, of no collection at all."""
    return replace(_stranger(), series="")


def _colours() -> Case:
    """RGB thirds, without truth and without probability."""
    image = np.zeros((30, 30, 3), np.uint8)
    image[:, :10, 0] = image[:, 10:20, 1] = image[:, 20:, 2] = 200
    return Case(image, None, None)


def _empty() -> Case:
    """No truth pixel; a prediction below 0.6 only."""
    p = np.zeros((20, 20))
    p[5:10, 5:10] = 0.55
    return Case(np.full((20, 20), 80, np.uint8), np.zeros((20, 20), np.uint8), _stored(p))


def _argmax() -> Case:
    """Three classes by argmax; the name of one is an attack."""
    p = np.zeros((3, 24, 24))
    p[0] = 0.5
    p[1, 4:12, 4:12] = 0.6
    p[2, 10:20, 10:20] = 0.7
    truth = np.zeros((24, 24), np.uint8)
    truth[4:12, 4:14] = 1
    classes = ((0, "background"), (1, "<img src=x onerror=alert(1)>"), (2, "edema"))
    return Case(np.full((24, 24), 90, np.uint8), truth, _stored(p), classes, decision="argmax")


def _gone() -> Case:
    """A case whose link has ended."""
    quarters = _quarters()
    return Case(quarters.image, quarters.truth, quarters.probability, broken=frozenset({"image"}))


def _short() -> Case:
    """A case whose probability arrives cut off."""
    quarters = _quarters()
    return Case(quarters.image, quarters.truth, quarters.probability, broken=frozenset({"cut"}))


def _slow() -> Case:
    """A case that arrives late, with a picture that nobody can mistake: white."""
    return Case(np.full((40, 40), 255, np.uint8), None, None)


def _large(size: int) -> Case:
    """A scan-like picture with many findings, for timing."""
    random = np.random.default_rng(7)
    y, x = np.mgrid[0:size, 0:size] / size
    body = np.clip(1.15 - 2.3 * np.hypot(y - 0.5, (x - 0.5) * 1.25), 0, 1) ** 0.3
    waves = 0.5 + 0.5 * np.sin(40 * x + 9 * np.sin(11 * y)) * np.cos(37 * y)
    noise = random.normal(0, 0.04, (size, size))
    image = (1000 * np.clip(body * (0.35 + 0.45 * waves) + noise, 0, 1)).astype(np.uint16)
    score = body * waves + 0.12 * np.sin(90 * x) * np.sin(70 * y)
    truth = (score > 0.62).astype(np.uint8)
    p = 1 / (1 + np.exp(-14 * (np.roll(score, size // 100, axis=1) - 0.6)))
    windows = (("Full", 0, 1000), ("Soft", 200, 700))
    return Case(image, truth, _stored(p), windows=windows, spacing_mm=(0.4, 0.4))


def _stored(probability: npt.NDArray[np.floating]) -> npt.NDArray[np.uint16]:
    """floor(p * 10000), as the application's route sends it."""
    return np.floor(probability * 10_000).astype("<u2")


_MAKERS = {
    "discs": _discs,
    "quarters": _quarters,
    "speck": _speck,
    "wide": _wide,
    "next_of_series": _next_of_series,
    "stranger": _stranger,
    "loner": _loner,
    "another_loner": _loner,
    "colours": _colours,
    "empty": _empty,
    "argmax": _argmax,
    "gone": _gone,
    "short": _short,
    "slow": _slow,
    "512": lambda: _large(512),
    "2048": lambda: _large(2048),
}
