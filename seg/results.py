"""Predictions, and where they are kept: by content, bounded in bytes, in memory and on disk.

A result's key is made of the checkpoint's sha256, the image bytes' sha256 and the options, so one
patient's result can never be found under another's.
"""

import hashlib
import io
import json
import tokenize
import zlib
from collections import OrderedDict
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from threading import Lock
from zipfile import BadZipFile, ZipFile

import numpy as np

from seg.disk import write_durably
from seg.predict import Options, decide

STEPS = 10_000  # a stored probability is a whole number of these parts
FORMAT = 1  # part of the key: a change of the arithmetic makes old results unfindable
SUFFIX = ".npz"
EDGES = (np.arange(STEPS + 1) / STEPS).astype(np.float32)  # what each part begins at
DAMAGE = (  # what NumPy and zipfile raise over bytes that are no result
    ValueError, TypeError, KeyError, EOFError, BadZipFile, zlib.error, SyntaxError,
    tokenize.TokenError, NotImplementedError, RuntimeError, OverflowError, MemoryError,
)  # fmt: skip


@dataclass(frozen=True)
class Result:
    """One prediction.

    Attributes:
        probability: (H, W, classes) uint16, in 1/10,000, as `quantise` gives it: a threshold with
            up to four decimals cuts it exactly as it cuts the network's float32.
        seconds: Time of the passes through the network, warm.
        device: Where it ran.
    """

    probability: np.ndarray
    seconds: float
    device: str

    def labels(self, threshold: float) -> np.ndarray:
        """The decision at a threshold in 0..1: (H, W) uint8 class indices; see `decide`."""
        return decide(self.probability, round(threshold * STEPS))

    @property
    def size_bytes(self) -> int:
        """What it takes in memory."""
        return self.probability.nbytes


def quantise(probability: np.ndarray) -> np.ndarray:
    """Probabilities in 0..1 as whole 1/10,000 parts, rounded down.

    Exact at the edges: for each k, `quantise(p) >= k` where `p >= np.float32(k / 10_000)`. The
    product alone is rounded, and would put a probability just below an edge onto it.

    Example:
        >>> quantise(np.array([0.0, 0.29996, 0.3, 1.0], np.float32)).tolist()
        [0, 2999, 3000, 10000]
    """
    probability = probability.astype(np.float32, copy=False)
    parts = np.floor(probability * np.float32(STEPS)).astype(np.uint16)
    np.minimum(parts, STEPS, out=parts)
    parts -= probability < EDGES[parts]
    parts += (probability >= EDGES[np.minimum(parts + 1, STEPS)]) & (parts < STEPS)
    return parts


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


def read_result(folder: Path, key: str, *, remove_damaged: bool = False) -> Result | None:
    """A kept result; None where there is none, or none that can be read or trusted.

    Args:
        folder: Where `write_result` put it.
        key: Its name.
        remove_damaged: Whether a damaged file is removed, so that the next one takes its place:
            in the own folder only. A file that cannot be read just now always stays.
    """
    path = folder / (key + SUFFIX)
    try:
        with ZipFile(path) as archive:
            probability = _array(archive, "probability")
            if probability.dtype != np.uint16 or probability.ndim != 3:
                raise ValueError(f"No result: {probability.dtype}, {probability.ndim} axes.")
            seconds, device = _array(archive, "seconds"), _array(archive, "device")
            return Result(probability, float(seconds), str(device))
    except OSError:
        return None
    except DAMAGE:
        if remove_damaged:
            with suppress(OSError):
                path.unlink(missing_ok=True)
        return None


def _array(archive: ZipFile, name: str) -> np.ndarray:
    """One array, its bytes read to their end first: only there is their checksum looked at."""
    content = io.BytesIO(archive.read(f"{name}.npy"))
    return np.lib.format.read_array(content, allow_pickle=False)


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
        result = None
        if self._disk_bytes:
            result = read_result(self.folder, key, remove_damaged=True)
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
