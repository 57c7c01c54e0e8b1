"""What may go into a column: JSON that is plain and bounded, texts any database takes."""

import json
from typing import Any

JSON_MAX = 2**20  # characters of one value
TEXT_MAX = 2000  # characters


def dumps(value: Any) -> str:
    """A value as JSON text.

    Raises:
        ValueError: It is not plain JSON (an object, bytes, nan), or longer than JSON_MAX.

    Example:
        >>> dumps({"alpha": 0.3})
        '{"alpha": 0.3}'
    """
    try:
        text = json.dumps(value, allow_nan=False)
    except (TypeError, ValueError, RecursionError) as error:
        raise ValueError(f"A value for the store is not plain JSON: {error}.") from error
    if len(text) > JSON_MAX:
        raise ValueError(
            f"A value for the store is too long. Expected at most {JSON_MAX:,} characters of "
            f"JSON. Received: {len(text):,}."
        )
    return text


def column(value: Any) -> Any:
    r"""A value as a column takes it: NumPy's numbers as Python's, a text cleaned.

    SQLite would keep NumPy's numbers as their bytes.

    Example:
        >>> import numpy as np
        >>> column(np.float32(0.5)), column(np.int64(3)), column("a\0b"), column(b"\0")
        (0.5, 3, 'ab', b'\x00')
    """
    if isinstance(value, str):
        return clean(value)
    return value.item() if hasattr(value, "item") else value


def clean(text: str, characters: int = TEXT_MAX) -> str:
    r"""A text without what PostgreSQL refuses (NUL, lone surrogates), cut where it is too long.

    Example:
        >>> clean("a\0b\udc80", 10), clean("abcdef", 4)
        ('ab?', 'abc…')
    """
    text = text.replace("\0", "").encode("utf-8", "replace").decode("utf-8")
    return text if len(text) <= characters else text[: characters - 1] + "…"
