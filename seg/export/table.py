"""The table of scores as CSV, safe to open in a spreadsheet.

Standard library only.
"""

import csv
import math
from collections.abc import Mapping, Sequence
from io import StringIO
from numbers import Integral, Real

COLUMNS = (
    "case",
    "class",
    "dice",
    "iou",
    "sensitivity",
    "precision",
    "hausdorff_95_mm",
    "area_mm2",
)
"""The columns every table has, in this order; others follow as they come."""

SIGNIFICANT_DIGITS = 6
FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\n", "＝", "＋", "－", "＠")
"""The last four are the full-width forms, which some spreadsheets take for the plain ones."""


def scores_csv(rows: Sequence[Mapping[str, object]]) -> bytes:
    r"""Rows of scores as CSV, one line a row.

    The fixed columns come first, in their order, whether or not a row has them; then every other
    key, in the order in which it first appears. Quoting as in RFC 4180, but with lines that end in
    a line feed alone. A text that a spreadsheet would run as a formula (it starts with = + - @, a
    tab or a line break) gets a leading apostrophe; numbers are left alone.

    Args:
        rows: One mapping a line, column name to value.

    Returns:
        UTF-8 without a byte order mark. Floats have 6 significant digits; None, NaN and a missing
        key are empty cells; a character that UTF-8 cannot hold is written as its escape, and a
        carriage return in a text as a line feed.

    Example:
        >>> row = {"case": "c1", "class": "lesion", "dice": 2 / 3, "n_pixels": 1200}
        >>> print(scores_csv([row]).decode(), end="")
        case,class,dice,iou,sensitivity,precision,hausdorff_95_mm,area_mm2,n_pixels
        c1,lesion,0.666667,,,,,,1200
        >>> scores_csv([{"case": "=1+1"}]).decode().splitlines()[1]
        "'=1+1,,,,,,,"

    Reference: RFC 4180; OWASP, CSV Injection.
    """
    columns = list(dict.fromkeys([*COLUMNS, *(key for row in rows for key in row)]))
    text = StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow([_cell(column) for column in columns])
    writer.writerows([_cell(row.get(column)) for column in columns] for row in rows)
    return text.getvalue().encode("utf-8", errors="backslashreplace")


def _cell(value: object) -> str:
    """A value as a cell's text, before quoting."""
    if value is None:
        return ""
    if isinstance(value, Integral):
        return str(value)
    if isinstance(value, Real):
        return "" if math.isnan(value) else f"{float(value):.{SIGNIFICANT_DIGITS}g}"
    text = str(value).replace("\r\n", "\n").replace("\r", "\n")  # csv leaves a lone \r unquoted
    return f"'{text}" if text.startswith(FORMULA_STARTS) else text
