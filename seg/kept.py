"""Data sets that users brought to train on, kept on disk until somebody deletes them.

Each is a folder `settings().data / <12 hex digits>` as `seg.dataset.read_folder` reads it, readable
by this server's user only. No uploaded name is ever a path: files get names made of its letters and
digits. A set appears as a whole, by a rename, or not at all. A deleted one lies a day in the trash.
"""

from collections.abc import Callable, Mapping

from seg import vault
from seg.cases import read_case
from seg.dataset import Dataset, Description, read_folder
from seg.errors import DataError
from seg.pairing import Pairing, pair
from seg.refusals import Refusal, pairing_refusals, refused_pair
from seg.settings import settings
from seg.vault import Entry, safe_stems

TITLE_MAX = 80  # characters
NO_TITLE = "Untitled"

Progress = Callable[[int, int], None]
Pair = tuple[str, str]  # names of an image and of its mask, as they were given


def keep(
    files: Mapping[str, bytes], title: str, *, progress: Progress = lambda done, total: None
) -> tuple[Dataset, list[Refusal]]:
    """Keep images and masks as a data set.

    Args:
        files: Name (folders allowed) to bytes; paired by name as `seg.cases.read_cases` does.
        title: What its owner calls it.
        progress: Called with (done, all) after each pair is looked at.

    Returns:
        (the data set, the files that are not part of it, each with its reason). Every image in it
        was read once, together with its mask.

    Raises:
        DataError: Too many files, too many bytes, no pair that can be used, or the disk is full.
    """
    _check_amount(files)
    pairing = pair(list(files))
    refusals = pairing_refusals(pairing) + _without_mask(pairing)
    pairs = _usable(files, pairing, refusals, progress)
    if not pairs:
        why = f" {refusals[0].reason}" if refusals else ""
        raise DataError(
            f"None of the {len(files)} files can be trained on. Expected images, each with its "
            f"mask.{why}"
        )
    _check_disk(sum(len(files[name]) for one in pairs for name in one))
    stems = safe_stems([image for image, _ in pairs])
    entries = [
        Entry(stem, files[image], files[mask])
        for stem, (image, mask) in zip(stems, pairs, strict=True)
    ]
    return read_folder(vault.write(entries, _description(title))), refusals


def kept() -> tuple[list[Dataset], list[str]]:
    """The data sets that are kept, the newest first.

    Also empties what lay in the trash for more than a day.

    Returns:
        (data sets, a sentence for each that cannot be read any more); each data set's name is its
        id.
    """
    vault.sweep()
    found: list[tuple[float, Dataset]] = []
    refused = []
    for folder in vault.folders():
        try:
            dataset = read_folder(folder)
            found.append(((folder / vault.DESCRIPTION).stat().st_mtime, dataset))
        except (DataError, FileNotFoundError) as error:
            refused.append(f"The kept data set {folder.name} cannot be used. {error}")
    found.sort(key=lambda one: one[0], reverse=True)
    return [dataset for _, dataset in found], refused


def delete(dataset_id: str) -> None:
    """Move a data set to the trash, from where `restore` brings it back within a day.

    Raises:
        DataError: There is none of this id.
    """
    vault.throw_away(dataset_id)


def restore(dataset_id: str) -> Dataset:
    """Bring a deleted data set back.

    Raises:
        DataError: It is not in the trash any more.
    """
    return read_folder(vault.bring_back(dataset_id))


def _check_amount(files: Mapping[str, bytes]) -> None:
    """Refuses more than one data set may hold."""
    chosen = settings()
    if len(files) > chosen.data_files:
        raise DataError(
            f"Too many files for one data set. Expected at most {chosen.data_files:,}. Received: "
            f"{len(files):,}. Raise SEG_DATA_FILES, or bring a part of them."
        )
    size = sum(map(len, files.values()))
    if size > chosen.data_mb * 2**20:
        raise DataError(
            f"Too much for one data set. Expected at most {chosen.data_mb:,} MiB. Received: "
            f"{size / 2**20:,.1f} MiB. Raise SEG_DATA_MB, or bring a part of it."
        )


def _check_disk(size_bytes: int) -> None:
    """Refuses what would make all kept sets, the trash included, too large."""
    held = vault.held_bytes()
    if held + size_bytes > settings().data_disk_mb * 2**20:
        raise DataError(
            f"There is no room for another data set. Expected at most {settings().data_disk_mb:,} "
            f"MiB for all that are kept. Received: {(held + size_bytes) / 2**20:,.1f} MiB. Delete "
            "one and wait a day, or raise SEG_DATA_DISK_MB."
        )


def _without_mask(pairing: Pairing) -> list[Refusal]:
    """Images that nothing can be learned from."""
    return [
        Refusal(
            image,
            f"The image {image} has no mask. Expected one of the same name in masks/ beside "
            "images/, or with _mask at its end. Add it.",
        )
        for image, mask in pairing.pairs
        if mask is None
    ]


def _usable(
    files: Mapping[str, bytes], pairing: Pairing, refusals: list[Refusal], progress: Progress
) -> list[Pair]:
    """The pairs that can be read, each image once; the others are told."""
    pairs = [(image, mask) for image, mask in pairing.pairs if mask is not None]
    used: dict[str, Pair] = {}
    for done, (image, mask) in enumerate(pairs, start=1):
        try:
            case = read_case(image, files[image], mask, files[mask], limits=settings().limits)
            if case.id in used:
                raise DataError(
                    f"The image {image} is the same as {used[case.id][0]}, byte for byte. Expected "
                    "each once, or one may train and the other validate. Remove one."
                )
            used[case.id] = (image, mask)
        except DataError as error:
            refusals += refused_pair(image, mask, str(error))
        progress(done, len(pairs))
    return list(used.values())


def _description(title: str) -> str:
    """`dataset.json` of a new set."""
    clean = "".join(sign for sign in title if sign.isprintable()).strip()[:TITLE_MAX]
    return Description(title=clean or NO_TITLE).model_dump_json(indent=2) + "\n"
