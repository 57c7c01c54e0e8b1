"""TIFF directories (which EXIF is too), read with bounds: a tag can claim no more than is there."""

import struct
from dataclasses import dataclass
from typing import Final

ORIENTATION: Final = 274

# bytes of one value, by field type
TYPE_BYTES: Final = {
    1: 1, 2: 1, 3: 2, 4: 4, 5: 8, 6: 1, 7: 1, 8: 2, 9: 4, 10: 8, 11: 4, 12: 8, 13: 4,
    16: 8, 17: 8, 18: 8,
}  # fmt: skip
UNSIGNED: Final = {1: "B", 3: "H", 4: "I", 13: "I", 16: "Q", 18: "Q"}


@dataclass(frozen=True)
class Entry:
    """One tag: how many values of which type, where they lie, and its bytes in the directory."""

    type: int
    count: int
    offset: int
    raw: bytes

    @property
    def size(self) -> int:
        """Bytes of all values."""
        return self.count * TYPE_BYTES.get(self.type, 0)


class Directories:
    r"""The chain of directories of a TIFF, one for each page.

    Args:
        data: The whole file, or an EXIF block.

    Raises:
        ValueError: Not a TIFF header.

    Example:
        >>> Directories(b"II*\0\x08\0\0\0" + bytes(6)).first
        8
    """

    def __init__(self, data: bytes) -> None:
        self.data = data
        orders = {b"II": "<", b"MM": ">"}
        if len(data) < 8 or data[:2] not in orders:
            raise ValueError("not a TIFF header")
        self.order = orders[data[:2]]
        (version,) = struct.unpack_from(self.order + "H", data, 2)
        if version not in (42, 43):
            raise ValueError("not a TIFF header")
        self.big = version == 43
        self.first = self._number("Q" if self.big else "I", 8 if self.big else 4)

    def read(self, offset: int) -> dict[int, Entry]:
        """The tags of the directory at an offset; the first wins where one is there twice.

        Raises:
            ValueError: The directory, or the values of a tag, reach beyond the file.
        """
        tags: dict[int, Entry] = {}
        start, count, step = self._span(offset)
        for position in range(start, start + count * step, step):
            tag, kind = struct.unpack_from(self.order + "HH", self.data, position)
            values = self._number("Q" if self.big else "I", position + 4)
            inline = position + (12 if self.big else 8)
            room = 8 if self.big else 4
            size = values * TYPE_BYTES.get(kind, 0)
            place = inline if size <= room else self._number("Q" if self.big else "I", inline)
            raw = self.data[position : position + step]
            tags.setdefault(tag, Entry(kind, values, place, raw))
        return tags

    def next(self, offset: int) -> int:
        """Where the directory after this one is; 0 when it is the last.

        Raises:
            ValueError: The directory reaches beyond the file.
        """
        start, count, step = self._span(offset)
        return self._number("Q" if self.big else "I", start + count * step)

    def pages(self, most: int) -> int:
        """How many directories hang together, counted up to `most`; loops and loose ends end it."""
        seen: set[int] = set()
        offset = self.first
        while offset and offset not in seen and len(seen) < most:
            try:
                following = self.next(offset)
            except ValueError:
                break
            seen.add(offset)
            offset = following
        return len(seen)

    def numbers(self, entry: Entry, most: int = 16) -> tuple[int, ...]:
        """The values of a tag of whole numbers, `most` of them at the most.

        Raises:
            ValueError: There is none, they lie beyond the file, or are no whole numbers.
        """
        code = UNSIGNED.get(entry.type)
        if code is None:
            raise ValueError("not a tag of whole numbers")
        if not entry.count:
            raise ValueError("a tag without values")
        count = min(entry.count, most)
        try:
            return struct.unpack_from(f"{self.order}{count}{code}", self.data, entry.offset)
        except struct.error as error:
            raise ValueError("a tag beyond the end of the file") from error

    def _span(self, offset: int) -> tuple[int, int, int]:
        """Where a directory's tags start, how many there are, and the bytes of each."""
        count = self._number("Q" if self.big else "H", offset)
        start, step = (offset + 8, 20) if self.big else (offset + 2, 12)
        if start + count * step > len(self.data):
            raise ValueError("a directory beyond the end of the file")
        return start, count, step

    def _number(self, code: str, offset: int) -> int:
        """One unsigned number."""
        try:
            return int(struct.unpack_from(self.order + code, self.data, offset)[0])
        except struct.error as error:
            raise ValueError("an offset beyond the end of the file") from error


def exif_orientation(block: bytes) -> int:
    """The orientation (1 to 8) an EXIF block asks for; 1 where it says nothing readable.

    Example:
        >>> exif_orientation(b"")
        1
        >>> header, next_directory = "4d4d002a00000008", "00000000"
        >>> tag = "0112 0003 00000001 0006 0000"
        >>> exif_orientation(bytes.fromhex(f"{header} 0001 {tag} {next_directory}"))
        6
    """
    try:
        directories = Directories(block)
        value = directories.numbers(directories.read(directories.first)[ORIENTATION], 1)[0]
    except (ValueError, KeyError):
        return 1
    return value if 1 <= value <= 8 else 1
