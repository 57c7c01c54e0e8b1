"""What is said of a device, and which errors mean that its memory is spent."""

import pytest

from seg.devices import is_out_of_memory, prepare_device


@pytest.fixture
def no_gpu(monkeypatch):
    import tensorflow as tf

    hidden = []
    monkeypatch.setattr(tf.config, "list_physical_devices", lambda kind: [])
    monkeypatch.setattr(tf.config, "set_visible_devices", lambda *args: hidden.append(args))
    monkeypatch.setattr("os.cpu_count", lambda: 8)
    return hidden


@pytest.mark.parametrize(
    ("choice", "name"),
    [
        ("auto", "CPU, 8 cores"),
        ("cpu", "CPU, 8 cores"),
        ("gpu", "CPU, 8 cores (no GPU found)"),
    ],
)
def test_without_a_gpu_the_name_says_what_was_asked_in_vain(no_gpu, choice, name):
    device = prepare_device(choice)
    assert (device.kind, device.name) == ("cpu", name)
    assert no_gpu == [([], "GPU")]


class XlaRuntimeError(RuntimeError):
    pass


class ResourceExhaustedError(Exception):
    pass


class ArrayMemoryError(MemoryError):
    pass


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (XlaRuntimeError("RESOURCE_EXHAUSTED: Failed to allocate 3 GiB"), True),
        (XlaRuntimeError("INTERNAL: CUDA: Out of memory while trying"), True),
        (XlaRuntimeError("INVALID_ARGUMENT: shapes differ"), False),
        (ResourceExhaustedError(), True),
        (MemoryError(), True),
        (ArrayMemoryError("Unable to allocate"), True),
        (RuntimeError("CUDA out of memory."), True),
        (ValueError("shapes differ"), False),
    ],
)
def test_out_of_memory(error, expected):
    assert is_out_of_memory(error) is expected
