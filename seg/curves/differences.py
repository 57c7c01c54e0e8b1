"""The settings in which runs differ: what a comparison of them is about."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

LABELS = {"title", "note", "task", "licence", "attribution"}  # they change no number


@dataclass(frozen=True)
class Difference:
    """One setting that is not the same in all runs.

    Attributes:
        name: In words, its group first: "loss: alpha".
        values: As text, one for each run; "–" where a run has none.
    """

    name: str
    values: tuple[str, ...]


def differences(configs: Sequence[Mapping[str, Any]]) -> list[Difference]:
    """The settings that are not the same everywhere, in the order of the configurations.

    Args:
        configs: As stored with the runs: plain JSON.

    Returns:
        None for runs that are set up alike, or for a single one.

    Example:
        >>> first = {"batch": 8, "loss": {"alpha": 0.5, "beta": 0.5}}
        >>> second = {"batch": 8, "loss": {"alpha": 0.3, "beta": 0.7}}
        >>> for one in differences([first, second]):
        ...     print(one.name, *one.values)
        loss: alpha 0.5 0.3
        loss: beta 0.5 0.7
    """
    flat = [_flat(config) for config in configs]
    names = dict.fromkeys(name for settings in flat for name in settings)
    rows = [Difference(name, tuple(one.get(name, "–") for one in flat)) for name in names]
    return [row for row in rows if len(set(row.values)) > 1]


def _flat(config: Mapping[str, Any], group: str = "") -> dict[str, str]:
    """Nested settings side by side, by name in words."""
    settings: dict[str, str] = {}
    for key, value in config.items():
        if key in LABELS:
            continue
        name = key.replace("_", " ")
        if isinstance(value, Mapping):
            settings |= _flat(value, f"{group}{name}: ")
        else:
            settings[group + name] = _words(value)
    return settings


def _words(value: Any) -> str:
    """A value as people write it."""
    if value is None or value in ("", []):
        return "–"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return f"{value:g}"
    if isinstance(value, Mapping):
        return "; ".join(f"{key} {_words(one)}" for key, one in value.items())
    if isinstance(value, (list, tuple)):
        return ", ".join(_words(one) for one in value)
    return str(value)
