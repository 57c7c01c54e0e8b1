"""Groups of images by their names, and which of them a split takes.

A group is what must not be on two sides: a patient, or the slide or microscope an image is from.
"""

import random
import re
from collections.abc import Sequence
from pathlib import Path

from seg.description import read_groups
from seg.errors import DataError

NOTHING = "(?!)"  # a pattern that no group matches: a split without a test part
DRAWN = re.compile(r"drawn by seed (\d{1,10})")  # a pattern too: whichever fifth that seed draws
BEFORE_SIGN = r"^[^_\-. ]+"  # what stands before the first _ - . or space
TO_NUMBER = r"^\D*\d+"  # all up to the first number
WHOLE = r"(?s)^.+$"  # each image by itself


def groups_of(
    stems: Sequence[str], name: str, pattern: str | None = None, table: Path | None = None
) -> dict[str, str]:
    """The group of every image of a data set.

    Args:
        stems: The images' names.
        name: The data set's, for messages.
        pattern: A regular expression; what it matches in a stem, or its first group, is the group.
        table: `groups.csv`, which counts where there is no pattern. Without either, each image is
            its own group.

    Raises:
        DataError: An image has no group, or the pattern or table cannot be used.

    Example:
        >>> groups_of(["p1_s0", "p1_s1", "p2_s0"], "lungs", "^p.")
        {'p1_s0': 'p1', 'p1_s1': 'p1', 'p2_s0': 'p2'}
    """
    if pattern is not None:
        found = {stem: _compiled(pattern).search(stem) for stem in stems}
        group_of = {s: m.group(m.re.groups and 1) for s, m in found.items() if m}
    elif table is not None:
        group_of = read_groups(table, f"{name}/groups.csv")
    else:
        group_of = {stem: stem for stem in stems}
    lacking = [stem for stem in stems if not group_of.get(stem)]
    if lacking:
        source = f"the pattern {pattern!r}" if pattern is not None else "groups.csv"
        raise DataError(
            f"{len(lacking)} images of {name} have no group by {source}, the first "
            f"{lacking[0]}. Expected one for every image. Mend the pattern or the table."
        )
    return group_of


def fitting_patterns(stems: Sequence[str]) -> list[str]:
    """The patterns that give every image a group, the one to begin with first.

    Args:
        stems: The images' names.

    Returns:
        Of `BEFORE_SIGN`, `TO_NUMBER` and `WHOLE` those that match all names. The first is one
        whose groups can be split in three and hold several images; where none does, `WHOLE`.

    Example:
        >>> fitting_patterns(["p1_s0", "p1_s1", "p2_s0", "p3_s0"])[0] == BEFORE_SIGN
        True
        >>> fitting_patterns(["a", "b", "c"]) == [WHOLE, BEFORE_SIGN]
        True
    """
    counts: dict[str, int] = {}
    for pattern in (BEFORE_SIGN, TO_NUMBER):
        found = [re.search(pattern, stem) for stem in stems]
        if all(found):
            counts[pattern] = len({match.group() for match in found if match})
    good = [pattern for pattern, count in counts.items() if 3 <= count < len(stems)]
    rest = [WHOLE, *(pattern for pattern in counts if pattern not in good)]
    return good + rest


def names_pattern(names: Sequence[str]) -> str:
    r"""The pattern that these groups match, and no other.

    Example:
        >>> names_pattern(["p1", "a.b"]), names_pattern([])
        ('p1|a\\.b', '(?!)')
    """
    return "|".join(re.escape(name) for name in names) or NOTHING


def drawn(seed: int) -> str:
    """The pattern of a fifth of the groups, drawn by this seed whatever the split's own is.

    Example:
        >>> matching(["p1", "p2", "p3"], drawn(3), seed=0)
        ['p1']
    """
    return f"drawn by seed {seed}"


def matching(groups: Sequence[str], pattern: str | None, seed: int) -> list[str]:
    """Groups whose whole name a pattern matches, or a drawn fifth; a lone group is never drawn.

    Args:
        groups: To choose from.
        pattern: A regular expression, what `drawn` gives, or None to draw by the seed.
        seed: Of the drawing.

    Raises:
        DataError: The pattern is no regular expression.
    """
    by_seed = DRAWN.fullmatch(pattern or "")
    if pattern is not None and not by_seed:
        return [group for group in groups if _compiled(pattern).fullmatch(group)]
    count = max(1, round(len(groups) / 5)) if len(groups) > 1 else 0
    chosen = int(by_seed[1]) if by_seed else seed
    return random.Random(chosen).sample(sorted(groups), count)


def _compiled(pattern: str) -> re.Pattern[str]:
    """A regular expression, or what is wrong with it."""
    try:
        return re.compile(pattern)
    except re.error as error:
        raise DataError(f"The pattern {pattern!r} is no regular expression: {error}.") from error
