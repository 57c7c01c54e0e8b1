"""What stands at the front of a checkpoint file, checked before a single weight is allocated.

Whatever a file says is foreign here: each type, number and length is looked at, and its words are
quoted, short, where a message needs them.
"""

import json
from collections.abc import Callable, Mapping
from math import prod

from pydantic import ValidationError

from seg.errors import CheckpointError
from seg.metadata import Metadata

FORMAT = "unetpp-workbench/1"
HEADER_BYTES_MAX = 4 * 2**20
DTYPES = {"F32": 4, "F16": 2}
QUOTED_MAX = 40  # characters of a foreign text in a message
KEEP = "Choose a .safetensors file written by this workbench."


def read_header(
    name: str, first: bytes, size: int, read: Callable[[int], bytes]
) -> dict[str, object]:
    """The JSON at the front, its length checked before it is read."""
    length = int.from_bytes(first, "little")
    if len(first) < 8 or not 2 <= length <= min(HEADER_BYTES_MAX, size - 8):
        raise CheckpointError(
            f"{name} is not a checkpoint, or was cut off. Expected a .safetensors file. "
            f"Received: {size} bytes that do not begin like one. {KEEP}"
        )
    try:
        header = json.loads(read(length))
    except (ValueError, RecursionError) as error:
        raise CheckpointError(
            f"{name} is not a checkpoint: its header is no JSON. {KEEP}"
        ) from error
    if not isinstance(header, dict):
        raise CheckpointError(f"{name} is not a checkpoint: its header is no JSON object. {KEEP}")
    return header


def read_metadata(name: str, declared: object) -> Metadata:
    """What the file says about itself, or why that cannot be believed."""
    if not isinstance(declared, dict) or declared.get("format") != FORMAT:
        received = declared.get("format") if isinstance(declared, dict) else None
        raise CheckpointError(
            f"{name} was not written by this workbench. Expected the format {FORMAT}. "
            f"Received: {_quoted(received)}. {KEEP}"
        )
    try:
        return Metadata.model_validate_json(declared.get("metadata", ""))
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        where = ".".join(str(part) for part in first["loc"]) or "its JSON"
        raise CheckpointError(
            f"{name} has metadata that cannot be used: {_quoted(where)}: {first['msg']}. {KEEP}"
        ) from error


def declared_shapes(
    name: str, header: Mapping[str, object], size: int
) -> dict[str, tuple[str, tuple[int, ...]]]:
    """Type and shape of each tensor, their bytes adding up to the file."""
    shapes: dict[str, tuple[str, tuple[int, ...]]] = {}
    total = 0
    for tensor, entry in header.items():
        kind = entry.get("dtype") if isinstance(entry, dict) else None
        shape = entry.get("shape") if isinstance(entry, dict) else None
        if not isinstance(kind, str) or kind not in DTYPES:
            raise CheckpointError(
                f"{name} has a weight of another type. Expected {' or '.join(DTYPES)}. "
                f"Received: {_quoted(kind)} for {_quoted(tensor)}. {KEEP}"
            )
        if not isinstance(shape, list) or len(shape) > 8 or not all(map(_is_length, shape)):
            raise CheckpointError(
                f"{name} has a weight of impossible shape: {_quoted(tensor)}. {KEEP}"
            )
        shapes[tensor] = (kind, tuple(shape))
        total += DTYPES[kind] * prod(shape)
    if total > size:
        raise CheckpointError(
            f"{name} was cut off or is forged: it declares {total} bytes of weights and has "
            f"{size}. Copy it again. {KEEP}"
        )
    return shapes


def check_weights(
    name: str, shapes: Mapping[str, tuple[str, tuple[int, ...]]], metadata: Metadata
) -> None:
    """Exactly the weights that the declared architecture has."""
    expected = dict(metadata.architecture.weight_shapes())
    for weight in expected.keys() ^ shapes.keys():
        state = "lacks" if weight in expected else "has, beyond its architecture,"
        raise CheckpointError(f"{name} {state} the weight {_quoted(weight)}. {KEEP}")
    for weight, shape in expected.items():
        if shapes[weight][1] != shape:
            raise CheckpointError(
                f"{name} has a weight of another shape: {weight}. Expected {shape}. "
                f"Received: {shapes[weight][1]}. {KEEP}"
            )


def _is_length(length: object) -> bool:
    """Whether an axis can have this length."""
    return isinstance(length, int) and 0 <= length < 2**32


def _quoted(foreign: object) -> str:
    """What a file says, so that it is short and cannot be taken for our own words."""
    if isinstance(foreign, str):
        return ascii(foreign)[:QUOTED_MAX]
    return "nothing" if foreign is None else f"a {type(foreign).__name__}"
