"""Predictions, and where they are kept: by content, bounded in bytes, in memory and on disk.

A result's key is made of the checkpoint's sha256, the image bytes' sha256 and the options, so one
patient's result can never be found under another's.
"""

import hashlib
import io
import json
from collections import OrderedDict
from dataclasses import dataclass
from pathlib import Path
from threading import Lock
from zipfile import BadZipFile

import numpy as np

from seg.checkpoint import write_durably
from seg.predict import Options, decide

STEPS = 10_000  # a stored probability is a whole number of these parts
FORMAT = 1  # part of the key: a change of the arithmetic makes old results unfindable
SUFFIX = ".npz"


@dataclass(frozen=True)
class Result:
    """One prediction.

    Attributes:
        probability: (H, W, classes) uint16, in 1/10,000, rounded down: so a threshold with up to
            four decimals cuts it exactly as it cuts the fraction.
        seconds: Time of the passes through the network, warm.
        device: Where it ran.
    """

    probability: np.ndarray
    seconds: float
    device: str

    def fraction(self) -> np.ndarray:
        """The probabilities in 0..1, (H, W, classes) float32."""
        return self.probability.astype(np.float32) / np.float32(STEPS)

    def labels(self, threshold: float) -> np.ndarray:
        """The decision at a threshold in 0..1: (H, W) uint8 class indices; see `decide`."""
        return decide(self.probability, round(threshold * STEPS))

    @property
    def size_bytes(self) -> int:
        """What it takes in memory."""
        return self.probability.nbytes


def quantise(probability: np.ndarray) -> np.ndarray:
    """Probabilities in 0..1 as whole 1/10,000 parts, rounded down.

    Example:
        >>> quantise(np.array([0.0, 0.29996, 0.3, 1.0], np.float32)).tolist()
        [0, 2999, 3000, 10000]
    """
    return np.floor(probability.astype(np.float32) * np.float32(STEPS)).astype(np.uint16)


def result_key(checkpoint_sha256: str, image_sha256: str, options: Options) -> str:
    """The name of a result: sha256 over all that decides it, as 64 hex digits."""
    parts = [FORMAT, checkpoint_sha256, image_sha256, options.model_dump()]
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()


def write_result(folder: Path, key: str, result: Result) -> None:
    """Keep a result in a folder, whole or not at all."""
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    content = io.BytesIO()
    np.savez_compressed(
        content,
        probability=result.probability,
        seconds=np.float64(result.seconds),
        device=np.array(result.device),
    )
    write_durably(folder / (key + SUFFIX), content.getvalue())


def read_result(folder: Path, key: str) -> Result | None:
    """A kept result; None where there is none, or a damaged one, which is then removed."""
    path = folder / (key + SUFFIX)
    try:
        with path.open("rb") as file, np.load(file, allow_pickle=False) as kept:
            return Result(kept["probability"], float(kept["seconds"]), str(kept["device"]))
    except FileNotFoundError:
        return None
    except (OSError, ValueError, KeyError, EOFError, BadZipFile):
        path.unlink(missing_ok=True)
        return None


class ResultCache:
    """Results in memory, the least recently used leaving first, over those on disk.

    Args:
        memory_bytes: Bound of what is held in memory.
        disk_bytes: Bound of what is kept in `folder`; 0 keeps nothing there.
        folder: Where results outlive the server.
        shipped: A second folder that is only read: the results that came with the samples.
    """

    def __init__(
        self, memory_bytes: int, disk_bytes: int, folder: Path, shipped: Path | None = None
    ) -> None:
        self.folder = folder
        self._shipped = shipped
        self._memory_bytes = memory_bytes
        self._disk_bytes = disk_bytes
        self._held: OrderedDict[str, Result] = OrderedDict()
        self._lock = Lock()

    def get(self, key: str) -> Result | None:
        """The result under a key, from memory, disk or what was shipped; else None."""
        with self._lock:
            if key in self._held:
                self._held.move_to_end(key)
                return self._held[key]
        result = read_result(self.folder, key) if self._disk_bytes else None
        if result is None and self._shipped is not None:
            result = read_result(self._shipped, key)
        if result is not None:
            self.hold(key, result)
        return result

    def hold(self, key: str, result: Result) -> None:
        """Keep a result in memory, pushing out the oldest beyond the bound."""
        with self._lock:
            self._held[key] = result
            self._held.move_to_end(key)
            total = sum(kept.size_bytes for kept in self._held.values())
            while total > self._memory_bytes and len(self._held) > 1:
                _, oldest = self._held.popitem(last=False)
                total -= oldest.size_bytes

    def keep(self, key: str, result: Result) -> None:
        """Keep a new result in memory and, where allowed, on disk."""
        self.hold(key, result)
        if self._disk_bytes:
            write_result(self.folder, key, result)
            self._trim()

    def _trim(self) -> None:
        """Remove the oldest files beyond the bound."""
        files = [(path.stat(), path) for path in self.folder.glob("*" + SUFFIX)]
        total = sum(status.st_size for status, _ in files)
        for status, path in sorted(files, key=lambda file: file[0].st_mtime_ns):
            if total <= self._disk_bytes:
                return
            path.unlink(missing_ok=True)
            total -= status.st_size
