"""Folders of this machine that a page may read: those under `SEG_DATA_ROOTS`, and no other."""

from pathlib import Path

from seg.errors import DataError
from seg.folder import is_under
from seg.settings import settings

SHOWN = 100  # characters of what was typed


def folder_under_roots(text: str) -> Path:
    """The folder that somebody typed, links followed, where it may be read.

    Args:
        text: An absolute path, one beginning with ~, or one below the first root.

    Returns:
        The folder, resolved.

    Raises:
        DataError: It lies outside of the roots, and it is not said whether it exists; or it is
            under them and no folder.
    """
    roots = [root.resolve() for root in settings().data_roots]
    path = _resolved(text.strip(), roots)
    if path is None or not is_under(path, roots):
        allowed = " or ".join(str(root) for root in settings().data_roots) or "none at all"
        raise DataError(
            f"This server may not read the folder {_shown(text)}. Expected one under {allowed}. "
            "Move the data there, or have SEG_DATA_ROOTS changed."
        )
    if not _is_folder(path):
        raise DataError(
            f"There is no folder {_shown(text)}. Expected one that holds images/ and masks/. Look "
            "for a slip in the path."
        )
    return path


def _resolved(text: str, roots: list[Path]) -> Path | None:
    """The path without links and dots; None where it is none."""
    if not text or not roots:
        return None
    try:
        return (roots[0] / Path(text).expanduser()).resolve()
    except (OSError, RuntimeError, ValueError):  # too long, a circle of links, a NUL
        return None


def _is_folder(path: Path) -> bool:
    """Whether it is one that can be looked into."""
    try:
        return path.is_dir()
    except OSError:  # too long, or no right to look
        return False


def _shown(text: str) -> str:
    """What was typed, printable and not too long."""
    return ascii(text.strip())[1:-1][:SHOWN] or "''"
