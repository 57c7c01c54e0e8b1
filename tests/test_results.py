"""Kept by content, bounded in bytes; a damaged file is a miss, never another's result."""

import io
import zipfile

import numpy as np
import pytest

from seg.predict import Options
from seg.results import (
    SUFFIX,
    Result,
    ResultCache,
    quantise,
    read_result,
    result_key,
    write_result,
)


def make_result(value=0, side=100):
    return Result(np.full((side, side, 1), value, np.uint16), 0.25, "CPU")


def test_every_part_of_the_key_counts():
    keys = {
        result_key("c", "i", Options()),
        result_key("d", "i", Options()),
        result_key("c", "j", Options()),
        result_key("c", "i", Options(head=1)),
        result_key("c", "i", Options(flips=True)),
        result_key("c", "i", Options(tile=256)),
    }
    assert len(keys) == 6


def test_round_trip_and_damage(tmp_path):
    write_result(tmp_path, "k", make_result(7))
    kept = read_result(tmp_path, "k")
    assert (kept.probability == 7).all()
    assert (kept.seconds, kept.device) == (0.25, "CPU")
    path = tmp_path / "k.npz"
    path.write_bytes(path.read_bytes()[:50])
    assert read_result(tmp_path, "k") is None
    assert path.exists()
    assert read_result(tmp_path, "k", remove_damaged=True) is None
    assert not path.exists()


def test_any_bit_may_flip(tmp_path):
    random = np.random.default_rng(0)
    noise = random.integers(0, 10_001, (9, 7, 1), dtype=np.uint16)
    write_result(tmp_path, "k", Result(noise, 0.25, "CPU"))
    path = tmp_path / ("k" + SUFFIX)
    good = path.read_bytes()
    lost = 0
    for bit in range(0, 8 * len(good), 3):
        spoilt = bytearray(good)
        spoilt[bit // 8] ^= 1 << bit % 8
        path.write_bytes(spoilt)
        kept = read_result(tmp_path, "k")
        if kept is None:
            lost += 1
            continue
        np.testing.assert_array_equal(kept.probability, noise)
        assert (kept.seconds, kept.device) == (0.25, "CPU")
    assert lost > 8 * len(good) / 6  # the check is one: half of the bits matter


def header_of_python_code():
    """An array whose header does not parse."""
    content = io.BytesIO()
    np.save(content, np.zeros((2, 2, 1), np.uint16))
    return content.getvalue().replace(b"'descr'", b"'descr(")


@pytest.mark.parametrize(
    "array",
    [
        np.zeros((4, 4, 1), np.float32),
        np.zeros((4, 4), np.uint16),
        np.zeros((4, 4, 1), np.int64),
        header_of_python_code(),
    ],
    ids=["float32", "two axes", "int64", "header"],
)
def test_arrays_that_are_no_result(tmp_path, array):
    path = tmp_path / ("k" + SUFFIX)
    if isinstance(array, bytes):
        with zipfile.ZipFile(path, "w") as archive:
            archive.writestr("probability.npy", array)
    else:
        np.savez(path, probability=array, seconds=np.float64(1), device=np.array("CPU"))
    assert read_result(tmp_path, "k", remove_damaged=True) is None
    assert not path.exists()


def test_what_cannot_be_read_now_stays(tmp_path, monkeypatch):
    write_result(tmp_path, "k", make_result(7))

    def busy(*_):
        raise OSError(24, "Too many open files")

    with monkeypatch.context() as patch:
        patch.setattr("seg.results.ZipFile", busy)
        assert read_result(tmp_path, "k", remove_damaged=True) is None
    assert read_result(tmp_path, "k") is not None


def test_memory_is_bounded_and_disk_remembers(tmp_path):
    cache = ResultCache(50_000, 2**20, tmp_path)
    for number in range(4):
        cache.keep(str(number), make_result(number))  # 20,000 bytes each
    assert list(cache._held) == ["2", "3"]
    assert cache.get("0").probability[0, 0, 0] == 0
    assert list(cache._held) == ["3", "0"]


def test_disk_is_bounded(tmp_path):
    random = np.random.default_rng(0)
    cache = ResultCache(10, 60_000, tmp_path)
    for number in range(5):
        noise = random.integers(0, 10_000, (100, 100, 1), dtype=np.uint16)
        cache.keep(str(number), Result(noise, 0.1, "CPU"))
    total = sum(path.stat().st_size for path in tmp_path.glob("*.npz"))
    assert 0 < total <= 60_000
    assert cache.get("4") is not None


def test_nothing_on_disk_where_none_is_wanted(tmp_path):
    cache = ResultCache(2**20, 0, tmp_path / "none")
    cache.keep("k", make_result())
    assert not (tmp_path / "none").exists()
    assert cache.get("k") is not None


def test_shipped_results_are_found(tmp_path):
    write_result(tmp_path / "shipped", "k", make_result(3))
    cache = ResultCache(2**20, 2**20, tmp_path / "own", tmp_path / "shipped")
    assert cache.get("k").probability[0, 0, 0] == 3
    assert cache.get("other") is None


def test_only_the_own_folder_is_tidied(tmp_path):
    cache = ResultCache(2**20, 2**20, tmp_path / "own", tmp_path / "shipped")
    for folder in ("own", "shipped"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "k.npz").write_bytes(b"PK damaged")
    assert cache.get("k") is None
    assert not (tmp_path / "own" / "k.npz").exists()
    assert (tmp_path / "shipped" / "k.npz").exists()


@pytest.mark.parametrize("threshold", [i / 100 for i in range(101)])
def test_labels_cut_whole_numbers(threshold):
    parts = np.array([[[round(threshold * 10_000)], [max(round(threshold * 10_000) - 1, 0)]]])
    labels = Result(parts.astype(np.uint16), 0, "").labels(threshold)
    assert labels[0, 0] == 1
    assert labels[0, 1] == (threshold == 0)


def test_quantised_probabilities_cut_like_the_fractions():
    probability = np.random.default_rng(0).random((50, 50, 1)).astype(np.float32)
    for threshold in (0.25, 0.5, 0.75):
        cut = quantise(probability) >= round(threshold * 10_000)
        np.testing.assert_array_equal(cut, probability >= threshold)


def assert_cut_alike(probability, parts):
    """The kept whole numbers cut at `parts` as the network's float32 cut at the fraction."""
    assert probability.dtype == np.float32
    np.testing.assert_array_equal(
        quantise(probability) >= parts, probability >= np.float32(parts / 10_000)
    )


def test_quantise_is_exact_at_each_edge_and_beside_it():
    for parts in range(10_001):
        edge = np.float32(parts / 10_000)
        below, above = np.nextafter(edge, np.float32([-1, 2]))
        assert_cut_alike(np.array([below, edge, above]).clip(0, 1), parts)


def test_quantise_is_exact_in_between():
    probability = np.random.default_rng(0).random((300, 300, 1)).astype(np.float32)
    for parts in range(0, 10_001, 100):
        assert_cut_alike(probability, parts)
    assert quantise(probability).dtype == np.uint16
