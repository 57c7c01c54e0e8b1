"""Round trip; and every kind of bad file refused in plain words, without allocating its claims."""

import json
import os
import resource

import numpy as np
import pytest

from seg.checkpoint import open_checkpoint, save_checkpoint
from seg.errors import CheckpointError
from seg.header import HEADER_BYTES_MAX, read_header
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


def _listed_type(header):
    header["head1/bias"]["dtype"] = ["F32"]


def _type_in_a_dict(header):
    header["head1/bias"]["dtype"] = {"F32": 4}


def _no_type(header):
    header["head1/bias"] = 3


def _many_axes(header):
    header["head1/bias"]["shape"] = [1] * 9


def _wild_name(header):
    header["\x1b[31m\nDelete all. " + "x" * 900] = header.pop("head1/bias")


def _wild_type(header):
    header["head1/bias"]["dtype"] = "\u202e\ud800"


def _wild_format(header):
    header["__metadata__"]["format"] = "\x1b[31m" + "x" * 900


def _listed_format(header):
    header["__metadata__"]["format"] = ["unetpp-workbench/1"]


def _metadata_is_no_text(header):
    header["__metadata__"]["metadata"] = {"title": "x"}


def _metadata_is_no_unicode(header):
    header["__metadata__"]["metadata"] = '{"title": "\ud800"}'


def _unknown_field(header):
    metadata = json.loads(header["__metadata__"]["metadata"])
    header["__metadata__"]["metadata"] = json.dumps(metadata | {"\x1b" + "y" * 300: 1})


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
        (_broken_metadata, "metadata that cannot be used: 'title'"),
        (_other_shape, "weight of another shape: head1"),
        (_other_type, "Expected F32 or F16. Received: 'I64' for 'head1/bias'"),
        (_listed_type, "Received: a list for 'head1/bias'"),
        (_type_in_a_dict, "Received: a dict for 'head1/bias'"),
        (_no_type, "Received: nothing for 'head1/bias'"),
        (_many_axes, "impossible shape: 'head1/bias'"),
        (_wild_name, "the weight "),
        (_wild_type, r"Received: '\\u202e\\ud800' for"),
        (_wild_format, r"Received: '\\x1b\[31mxxx"),
        (_listed_format, "Received: a list"),
        (_metadata_is_no_text, "metadata that cannot be used"),
        (_metadata_is_no_unicode, "metadata that cannot be used"),
        (_unknown_field, r"metadata that cannot be used: '\\x1byyy"),
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
    with pytest.raises(CheckpointError, match=text) as refused:
        open_checkpoint(path)
    assert str(refused.value).isascii()
    assert str(refused.value).isprintable()
    assert len(str(refused.value)) < 300


def test_what_is_no_ordinary_file(tmp_path):
    folder = tmp_path / "folder.safetensors"
    folder.mkdir()
    with pytest.raises(CheckpointError, match=r"Expected a file\. Received: a folder"):
        open_checkpoint(folder)
    pipe = tmp_path / "pipe.safetensors"
    os.mkfifo(pipe)  # opening it would wait for ever
    with pytest.raises(CheckpointError, match="Received: no ordinary file"):
        open_checkpoint(pipe)
    with pytest.raises(CheckpointError, match=r"cannot be read: Not a directory\. Check"):
        open_checkpoint(pipe / "below.safetensors")


def test_a_file_that_cannot_be_read_now_is_asked_again(tmp_path, monkeypatch):
    checkpoint, _ = make_checkpoint(tmp_path / "locked.safetensors")
    os.utime(checkpoint.path, ns=(0, 1_000))  # not the file that is remembered

    def locked(*_):
        raise PermissionError(13, "Permission denied")

    with monkeypatch.context() as patch:
        patch.setattr("pathlib.Path.open", locked)
        with pytest.raises(CheckpointError, match=r"cannot be read: Permission denied\. Check"):
            open_checkpoint(checkpoint.path)
    assert open_checkpoint(checkpoint.path).sha256 == checkpoint.sha256


def test_bytes_are_hashed_last_and_refusals_remembered(tmp_path, small, monkeypatch):
    header, body = header_of(small[0].path.read_bytes())
    _other_shape(header)
    path = tmp_path / "forged.safetensors"
    path.write_bytes(with_header(header, body))
    hashed, read = [], []

    def counted(*args):
        read.append(args)
        return read_header(*args)

    monkeypatch.setattr("seg.checkpoint.read_header", counted)
    monkeypatch.setattr("hashlib.file_digest", lambda *args: hashed.append(args))
    for _ in range(3):
        with pytest.raises(CheckpointError, match="weight of another shape"):
            open_checkpoint(path)
    assert (len(read), hashed) == (1, [])


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
