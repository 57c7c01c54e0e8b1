"""Texts that come from files and users, shown as they are and as nothing else."""

MARKS = r"\`*_{}[]()#+-.!|<>~$:&"


def plain_text(text: str) -> str:
    r"""A text that Markdown leaves alone: no link, no image, no formula comes of it.

    Example:
        >>> print(plain_text("a*b*"))
        a\*b\*
    """
    return "".join(f"\\{sign}" if sign in MARKS else sign for sign in text.replace("\n", " "))
