"""One trained network in one `.safetensors` file: weights by layer name, and a JSON about them.

No code, no pickle. Opening reads the header only; the file is checked against its own size and
against the architecture it declares before a single weight is allocated. Keras is not imported.
"""

import hashlib
import stat
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import BinaryIO

import numpy as np

from seg.disk import write_durably
from seg.errors import CheckpointError
from seg.header import FORMAT, KEEP, check_weights, declared_shapes, read_header, read_metadata
from seg.metadata import Metadata

FILE_BYTES_MAX = 2 * 2**30


@dataclass(frozen=True)
class Checkpoint:
    """A checkpoint on disk, its weights not yet read."""

    path: Path
    sha256: str
    size_bytes: int
    metadata: Metadata

    @property
    def id(self) -> str:
        """Short identity for URLs: the first 16 hex digits of the file's sha256."""
        return self.sha256[:16]

    def weights(self) -> dict[str, np.ndarray]:
        """All weights as float32, by `layer/weight`.

        Raises:
            CheckpointError: A weight is not a finite number.
        """
        from safetensors import safe_open

        with safe_open(self.path, framework="numpy") as file:
            weights = {
                name: file.get_tensor(name).astype(np.float32)
                for name, _ in self.metadata.architecture.weight_shapes()
            }
        broken = [name for name, weight in weights.items() if not np.isfinite(weight).all()]
        if broken:
            raise CheckpointError(
                f"{self.path.name} holds {len(broken)} weights that are NaN or infinite, the first "
                f"{broken[0]}. Expected finite numbers. Use an earlier checkpoint of its run."
            )
        return weights


def open_checkpoint(path: Path) -> Checkpoint:
    """Open a checkpoint: header, metadata and sizes are checked, weights stay on disk.

    Args:
        path: A `.safetensors` file.

    Returns:
        Its metadata and identity.

    Raises:
        CheckpointError: Not there, no file, unreadable, truncated, oversized, or foreign.
    """
    try:
        status = path.stat()
        if not stat.S_ISREG(status.st_mode):
            kind = "a folder" if stat.S_ISDIR(status.st_mode) else "no ordinary file"
            raise CheckpointError(
                f"{path.name} is not a checkpoint. Expected a file. Received: {kind}. {KEEP}"
            )
        opened = _open(path, status.st_size, status.st_mtime_ns)
    except FileNotFoundError as error:
        raise CheckpointError(f"There is no checkpoint {path.name}. Check its path.") from error
    except OSError as error:
        raise CheckpointError(
            f"{path.name} cannot be read: {error.strerror}. Check its path and its rights."
        ) from error
    if isinstance(opened, str):
        raise CheckpointError(opened)
    return opened


def save_checkpoint(
    path: Path,
    weights: Mapping[str, np.ndarray],
    metadata: Metadata,
    *,
    half: bool = False,
) -> Checkpoint:
    """Write a checkpoint so that a crash leaves the old file or the new one, never a part.

    Args:
        path: Where to; an existing file is replaced.
        weights: By `layer/weight`, as `Architecture.weight_shapes` names them.
        metadata: What it says about itself.
        half: Store float16: half the bytes, probabilities differ by about 1e-3.

    Returns:
        The checkpoint, opened again and so checked.

    Raises:
        CheckpointError: Weights that do not fit the architecture, or are not finite.
    """
    from safetensors.numpy import save

    dtype = np.float16 if half else np.float32
    tensors = {name: np.ascontiguousarray(weight, dtype) for name, weight in weights.items()}
    shapes = {name: ("F16" if half else "F32", weight.shape) for name, weight in tensors.items()}
    check_weights(path.name, shapes, metadata)
    if not all(np.isfinite(weight).all() for weight in tensors.values()):
        raise CheckpointError(f"{path.name} was not written: a weight is NaN or infinite.")
    content = save(tensors, {"format": FORMAT, "metadata": metadata.model_dump_json()})
    write_durably(path, content)
    return open_checkpoint(path)


@lru_cache(maxsize=256)
def _open(path: Path, size: int, _changed_ns: int) -> Checkpoint | str:
    """The checks, their outcome remembered for as long as the file stays the same.

    A refusal is its text: exceptions are not remembered. What the system says of the moment, as
    of the rights, is raised and so is asked again.
    """
    with path.open("rb") as file:
        try:
            metadata = _check(path, file, size)
        except CheckpointError as error:
            return str(error)
        file.seek(0)  # all bytes are read last, for a file that is otherwise in order
        return Checkpoint(path, hashlib.file_digest(file, "sha256").hexdigest(), size, metadata)


def _check(path: Path, file: BinaryIO, size: int) -> Metadata:
    """All that can be told without reading the weights, the cheapest first."""
    if size > FILE_BYTES_MAX:
        raise CheckpointError(
            f"{path.name} has {size / 2**30:.1f} GiB. Expected at most "
            f"{FILE_BYTES_MAX / 2**30:.0f} GiB. {KEEP}"
        )
    header = read_header(path.name, file.read(8), size, file.read)
    metadata = read_metadata(path.name, header.pop("__metadata__", None))
    check_weights(path.name, declared_shapes(path.name, header, size), metadata)
    _check_readable(path)
    return metadata


def _check_readable(path: Path) -> None:
    """The library's own checks: offsets that follow one another and end where the file does."""
    from safetensors import SafetensorError, safe_open

    try:
        with safe_open(path, framework="numpy"):
            pass
    except SafetensorError as error:
        raise CheckpointError(
            f"{path.name} was cut off or is damaged. Expected a whole .safetensors file. "
            "Copy it again."
        ) from error
