"""Round trip; and every kind of bad file refused in plain words, without allocating its claims."""

import json
import resource

import numpy as np
import pytest

from seg.checkpoint import HEADER_BYTES_MAX, open_checkpoint, save_checkpoint
from seg.errors import CheckpointError
from seg.network import forward, load, named_weights
from tests.conftest import make_checkpoint, make_metadata


def header_of(content: bytes) -> tuple[dict, bytes]:
    length = int.from_bytes(content[:8], "little")
    return json.loads(content[8 : 8 + length]), content[8 + length :]


def with_header(header: dict, body: bytes) -> bytes:
    text = json.dumps(header).encode()
    return len(text).to_bytes(8, "little") + text + body


def test_round_trip_gives_the_same_network(small):
    checkpoint, model = small
    image = np.random.default_rng(0).random((1, 16, 16, 1)).astype(np.float32)
    again = load(open_checkpoint(checkpoint.path))
    for one, two in zip(model.predict_on_batch(image), again.predict_on_batch(image), strict=True):
        np.testing.assert_array_equal(one, two)
    assert checkpoint.metadata == make_metadata()
    assert len(checkpoint.sha256) == 64


def test_forward_gives_heads_and_their_mean(small):
    _, model = small
    image = np.random.default_rng(0).random((1, 16, 16, 1)).astype(np.float32)
    one, two = (forward(model, (1, 2), head)(image) for head in (1, 2))
    np.testing.assert_allclose(forward(model, (1, 2), "mean")(image), (one + two) / 2, atol=1e-6)
    assert not np.allclose(one, two)
    with pytest.raises(CheckpointError, match=r"no head L3. Expected one of L1, L2"):
        forward(model, (1, 2), 3)


def test_half_precision_halves_the_file(tmp_path, small):
    checkpoint, model = small
    half = save_checkpoint(
        tmp_path / "half.safetensors", named_weights(model), checkpoint.metadata, half=True
    )
    assert half.size_bytes < 0.65 * checkpoint.size_bytes
    assert half.sha256 != checkpoint.sha256
    for name, weight in half.weights().items():
        np.testing.assert_allclose(weight, checkpoint.weights()[name], atol=1e-3)


def test_not_finite_weights_are_neither_written_nor_loaded(tmp_path, small):
    checkpoint, model = small
    weights = named_weights(model) | {"head1/bias": np.array([np.nan], np.float32)}
    with pytest.raises(CheckpointError, match="not written: a weight is NaN"):
        save_checkpoint(tmp_path / "nan.safetensors", weights, checkpoint.metadata)
    assert list(tmp_path.iterdir()) == []
    content = bytearray(checkpoint.path.read_bytes())
    content[-4:] = np.float32(np.inf).tobytes()
    path = tmp_path / "inf.safetensors"
    path.write_bytes(content)
    with pytest.raises(CheckpointError, match="NaN or infinite"):
        open_checkpoint(path).weights()


@pytest.mark.parametrize(
    ("spoil", "text"),
    [
        (lambda content: b"", "not a checkpoint, or was cut off"),
        (lambda content: b"\x89PNG\r\n\x1a\n" + bytes(200), "not a checkpoint, or was cut off"),
        (lambda content: content[:-1], "cut off or is"),
        (lambda content: content[:300], "not a checkpoint, or was cut off"),
        (lambda content: content + b"more", "cut off or is damaged"),
        (lambda content: b"\x08" + bytes(7) + b"notjson!", "its header is no JSON"),
        (lambda content: b"\x04" + bytes(7) + b"[12]", "no JSON object"),
    ],
)
def test_damaged_files(tmp_path, small, spoil, text):
    path = tmp_path / "bad.safetensors"
    path.write_bytes(spoil(small[0].path.read_bytes()))
    with pytest.raises(CheckpointError, match=text):
        open_checkpoint(path)


def _foreign(header):
    header["__metadata__"] = {"format": "pt"}


def _broken_metadata(header):
    header["__metadata__"]["metadata"] = '{"title": 3}'


def _other_shape(header):
    header["head1/bias"]["shape"], header["head1/kernel"]["shape"] = [2, 2], [1]


def _other_type(header):
    header["head1/bias"]["dtype"] = "I64"


def _bomb(header):
    header["head1/kernel"]["shape"] = [2**31, 2**31]


def _negative(header):
    header["head1/kernel"]["shape"] = [-1, 4]


def _extra(header):
    header["extra/kernel"] = header.pop("head1/bias")


@pytest.mark.parametrize(
    ("spoil", "text"),
    [
        (_foreign, "not written by this workbench. Expected the format unetpp-workbench/1"),
        (_broken_metadata, "metadata that cannot be used: title"),
        (_other_shape, "weight of another shape: head1"),
        (_other_type, "Expected F32 or F16. Received: I64"),
        (_bomb, "declares .* bytes of weights and has"),
        (_negative, "impossible shape"),
        (_extra, "the weight"),
    ],
)
def test_forged_headers(tmp_path, small, spoil, text):
    header, body = header_of(small[0].path.read_bytes())
    spoil(header)
    path = tmp_path / "forged.safetensors"
    path.write_bytes(with_header(header, body))
    with pytest.raises(CheckpointError, match=text):
        open_checkpoint(path)


def test_a_header_that_claims_gigabytes_is_not_read(tmp_path):
    path = tmp_path / "huge.safetensors"
    path.write_bytes((2**40).to_bytes(8, "little") + bytes(100))
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    with pytest.raises(CheckpointError, match="cut off"):
        open_checkpoint(path)
    with path.open("wb") as file:  # a sparse file as long as the header claims
        file.write((2**31 - 8).to_bytes(8, "little"))
        file.truncate(2**31)
    with pytest.raises(CheckpointError, match="cut off"):
        open_checkpoint(path)
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 4 * HEADER_BYTES_MAX


def test_deep_json_and_too_large_files(tmp_path):
    deep = b"[" * 200_000
    path = tmp_path / "deep.safetensors"
    path.write_bytes(len(deep).to_bytes(8, "little") + deep)
    with pytest.raises(CheckpointError, match="no JSON"):
        open_checkpoint(path)
    with path.open("wb") as file:
        file.truncate(2**31 + 1)
    with pytest.raises(CheckpointError, match="Expected at most 2 GiB"):
        open_checkpoint(path)
    with pytest.raises(CheckpointError, match="There is no checkpoint"):
        open_checkpoint(tmp_path / "none.safetensors")


def test_a_failed_write_leaves_the_old_file(tmp_path, small, monkeypatch):
    checkpoint, _ = make_checkpoint(tmp_path / "kept.safetensors")

    def full_disk(_descriptor):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", full_disk)
    with pytest.raises(OSError, match="No space left"):
        make_checkpoint(tmp_path / "kept.safetensors", title="New")
    monkeypatch.undo()
    assert open_checkpoint(tmp_path / "kept.safetensors").sha256 == checkpoint.sha256
    assert [path.name for path in tmp_path.iterdir()] == ["kept.safetensors"]


def test_part_of_tells_what_was_seen():
    from seg.metadata import Data

    data = Data(name="d", fingerprint="f", seen={"train": ("a",), "test": ("b",)})
    metadata = make_metadata(data=data)
    assert [metadata.part_of(case) for case in "abc"] == ["train", "test", None]
