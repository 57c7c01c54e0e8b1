"""One trained network in one `.safetensors` file: weights by layer name, and a JSON about them.

No code, no pickle. Opening reads the header only; the file is checked against its own size and
against the architecture it declares before a single weight is allocated. Keras is not imported.
"""

import hashlib
import json
import os
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from math import prod
from pathlib import Path

import numpy as np
from pydantic import ValidationError

from seg.errors import CheckpointError
from seg.metadata import Metadata

FORMAT = "unetpp-workbench/1"
HEADER_BYTES_MAX = 4 * 2**20
FILE_BYTES_MAX = 2 * 2**30
DTYPES = {"F32": 4, "F16": 2}
KEEP = "Choose a .safetensors file written by this workbench."


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
        CheckpointError: Not there, not such a file, truncated, oversized, or foreign.
    """
    try:
        status = path.stat()
    except OSError as error:
        raise CheckpointError(f"There is no checkpoint {path.name}. Check its path.") from error
    return _open(path, status.st_size, status.st_mtime_ns)


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
    _check_weights(path.name, shapes, metadata)
    if not all(np.isfinite(weight).all() for weight in tensors.values()):
        raise CheckpointError(f"{path.name} was not written: a weight is NaN or infinite.")
    content = save(tensors, {"format": FORMAT, "metadata": metadata.model_dump_json()})
    write_durably(path, content)
    return open_checkpoint(path)


def write_durably(path: Path, content: bytes) -> None:
    """Replace a file as a whole: temporary file beside it, fsync, rename, fsync the folder."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.NamedTemporaryFile(dir=path.parent, prefix=".", delete=False) as file:
        try:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
            temporary = Path(file.name)
            temporary.chmod(0o644)
            temporary.replace(path)
        except BaseException:
            Path(file.name).unlink(missing_ok=True)
            raise
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


@lru_cache(maxsize=256)
def _open(path: Path, size: int, _changed_ns: int) -> Checkpoint:
    """The checks, remembered for as long as the file stays the same."""
    if size > FILE_BYTES_MAX:
        raise CheckpointError(
            f"{path.name} has {size / 2**30:.1f} GiB. Expected at most "
            f"{FILE_BYTES_MAX / 2**30:.0f} GiB. {KEEP}"
        )
    digest = hashlib.sha256()
    with path.open("rb") as file:
        header = _header(path.name, file.read(8), size, file.read)
        file.seek(0)
        while block := file.read(2**20):
            digest.update(block)
    metadata = _metadata(path.name, header.pop("__metadata__", None))
    shapes = _declared(path.name, header, size)
    _check_weights(path.name, shapes, metadata)
    _check_readable(path)
    return Checkpoint(path, digest.hexdigest(), size, metadata)


def _header(name: str, first: bytes, size: int, read: object) -> dict[str, object]:
    """The JSON at the front, its length checked before it is read."""
    length = int.from_bytes(first, "little")
    if len(first) < 8 or not 2 <= length <= min(HEADER_BYTES_MAX, size - 8):
        raise CheckpointError(
            f"{name} is not a checkpoint, or was cut off. Expected a .safetensors file. "
            f"Received: {size} bytes that do not begin like one. {KEEP}"
        )
    try:
        header = json.loads(read(length))  # type: ignore[operator]
    except (ValueError, RecursionError) as error:
        raise CheckpointError(
            f"{name} is not a checkpoint: its header is no JSON. {KEEP}"
        ) from error
    if not isinstance(header, dict):
        raise CheckpointError(f"{name} is not a checkpoint: its header is no JSON object. {KEEP}")
    return header


def _metadata(name: str, declared: object) -> Metadata:
    """What the file says about itself, or why that cannot be believed."""
    if not isinstance(declared, dict) or declared.get("format") != FORMAT:
        received = declared.get("format") if isinstance(declared, dict) else None
        raise CheckpointError(
            f"{name} was not written by this workbench. Expected the format {FORMAT}. "
            f"Received: {str(received)[:40]}. {KEEP}"
        )
    try:
        return Metadata.model_validate_json(declared.get("metadata", ""))
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        where = ".".join(str(part) for part in first["loc"]) or "its JSON"
        raise CheckpointError(
            f"{name} has metadata that cannot be used: {where}: {first['msg']}. {KEEP}"
        ) from error


def _declared(
    name: str, header: Mapping[str, object], size: int
) -> dict[str, tuple[str, tuple[int, ...]]]:
    """Type and shape of each tensor, their bytes adding up to the file."""
    shapes: dict[str, tuple[str, tuple[int, ...]]] = {}
    total = 0
    for tensor, entry in header.items():
        kind = entry.get("dtype") if isinstance(entry, dict) else None
        shape = entry.get("shape") if isinstance(entry, dict) else None
        if kind not in DTYPES or not isinstance(shape, list) or len(shape) > 8:
            raise CheckpointError(
                f"{name} has a weight of another type. Expected {' or '.join(DTYPES)}. "
                f"Received: {str(kind)[:20]} for {tensor[:60]}. {KEEP}"
            )
        if not all(isinstance(length, int) and 0 <= length < 2**32 for length in shape):
            raise CheckpointError(f"{name} has a weight of impossible shape: {tensor[:60]}. {KEEP}")
        shapes[tensor] = (kind, tuple(shape))
        total += DTYPES[kind] * prod(shape)
    if total > size:
        raise CheckpointError(
            f"{name} was cut off or is forged: it declares {total} bytes of weights and has "
            f"{size}. Copy it again. {KEEP}"
        )
    return shapes


def _check_weights(
    name: str, shapes: Mapping[str, tuple[str, tuple[int, ...]]], metadata: Metadata
) -> None:
    """Exactly the weights that the declared architecture has."""
    expected = dict(metadata.architecture.weight_shapes())
    for weight in expected.keys() ^ shapes.keys():
        state = "lacks" if weight in expected else "has, beyond its architecture,"
        raise CheckpointError(f"{name} {state} the weight {weight[:60]}. {KEEP}")
    for weight, shape in expected.items():
        if shapes[weight][1] != shape:
            raise CheckpointError(
                f"{name} has a weight of another shape: {weight}. Expected {shape}. "
                f"Received: {shapes[weight][1]}. {KEEP}"
            )


def _check_readable(path: Path) -> None:
    """The library's own checks: offsets that follow one another and end where the file does."""
    from safetensors import SafetensorError, safe_open

    try:
        with safe_open(path, framework="numpy"):
            pass
    except (SafetensorError, OSError) as error:
        raise CheckpointError(
            f"{path.name} was cut off or is damaged. Expected a whole .safetensors file. "
            "Copy it again."
        ) from error
