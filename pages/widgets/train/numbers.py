"""Numbers as people type and read them."""

from seg.errors import ConfigError


def numbers_of(text: str, label: str) -> tuple[float, ...]:
    """Numbers between commas; nothing is none.

    Args:
        text: As typed.
        label: Of the field, for the refusal.

    Raises:
        ConfigError: Something between the commas is no number.

    Example:
        >>> numbers_of("0.3, 0.7", "Weights"), numbers_of(" ", "Weights")
        ((0.3, 0.7), ())
    """
    parts = [part.strip() for part in text.replace(";", ",").split(",") if part.strip()]
    try:
        return tuple(float(part) for part in parts)
    except ValueError as error:
        raise ConfigError(
            f"{label} cannot be used. Expected numbers with commas between them, as 0.3, 0.7. "
            f"Received: {text[:40]}. Change it."
        ) from error


def plain_number(value: float) -> str:
    """A number as people write it.

    Example:
        >>> plain_number(1e-5), plain_number(0.001)
        ('1e-5', '0.001')
    """
    return f"{value:g}".replace("e-0", "e-")
