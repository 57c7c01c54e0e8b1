"""What people write beside the images of a data set: `dataset.json` and `groups.csv`."""

import csv
from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from seg.errors import DataError

Side = Annotated[float, Field(gt=0, lt=1000, allow_inf_nan=False)]  # of a pixel, in mm


class Description(BaseModel):
    """What nobody can read off the files: `dataset.json`, where there is one.

    `first` is the name of the case to open first; without it, or without such a case, the first.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", str_max_length=2000)

    title: str = ""
    spacing_mm: tuple[Side, Side] | None = None
    class_names: tuple[str, ...] = ("foreground",)
    licence: str = ""
    attribution: str = ""
    note: str = ""
    first: str = ""


def read_description(folder: Path) -> Description:
    """`dataset.json`, or nothing known."""
    path = folder / "dataset.json"
    if not path.is_file():
        return Description()
    try:
        return Description.model_validate_json(path.read_text(encoding="utf-8-sig"))
    except UnicodeDecodeError as error:
        raise _not_utf8(f"{folder.name}/dataset.json", error) from error
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        where = ".".join(str(part) for part in first["loc"])
        raise DataError(
            f"{folder.name}/dataset.json cannot be used: {ascii(where)[1:-1][:60] or 'its JSON'}: "
            f"{first['msg']}. "
            f"Received: {ascii(first['input'])[:60]}. Mend or remove it."
        ) from error


def read_groups(path: Path, name: str) -> dict[str, str]:
    """The columns case and group of `groups.csv`."""
    try:
        with path.open(newline="", encoding="utf-8-sig") as lines:  # as Excel writes it, or without
            rows = csv.DictReader(lines)
            if not {"case", "group"} <= set(rows.fieldnames or ()):
                raise DataError(
                    f"{name} cannot be used. Expected a first line with the columns case and "
                    f"group, and commas. Received: {ascii(rows.fieldnames or [])[:60]}. Mend it."
                )
            return {row["case"]: row["group"] for row in rows}
    except UnicodeDecodeError as error:
        raise _not_utf8(name, error) from error
    except csv.Error as error:
        raise DataError(
            f"{name} cannot be used. Expected comma separated lines. Received: {error}. Save it "
            "again as CSV."
        ) from error


def _not_utf8(name: str, error: UnicodeDecodeError) -> DataError:
    """What is told of a text in another encoding."""
    return DataError(
        f"{name} cannot be used. Expected text in UTF-8. Received: the byte "
        f"0x{error.object[error.start]:02x}. Save it again as UTF-8."
    )
