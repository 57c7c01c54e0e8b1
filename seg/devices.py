"""Where a network runs: the only module that may ask TensorFlow itself.

Imports Keras; used in a worker process or on the command line, never in the server.
"""

import os
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass


@contextmanager
def _held_stderr() -> Iterator[None]:
    """Hold back what native libraries print while they load; it is shown if that fails."""
    sys.stderr.flush()
    shown = os.dup(2)
    with tempfile.TemporaryFile() as held:
        os.dup2(held.fileno(), 2)
        try:
            yield
        except BaseException:
            held.seek(0)
            os.write(shown, held.read())
            raise
        finally:
            os.dup2(shown, 2)
            os.close(shown)


os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
with _held_stderr():
    import keras

OUT_OF_MEMORY = ("ResourceExhaustedError", "OutOfMemoryError")  # of TensorFlow, of PyTorch
OUT_OF_MEMORY_TEXTS = ("resource_exhausted", "out of memory")


@dataclass(frozen=True)
class Device:
    """A device as a page shows it: its kind, "gpu" or "cpu", and its name."""

    kind: str
    name: str


def prepare_device(choice: str = "auto") -> Device:
    """Choose the device before anything is built: memory growth on, or the GPU hidden.

    Args:
        choice: "auto" (a GPU if there is one), "cpu" or "gpu".

    Returns:
        The device that will be used. "gpu" where none is found is the CPU, and its name says so:
        "CPU, 8 cores (no GPU found)".
    """
    if keras.backend.backend() != "tensorflow":
        return Device("cpu" if choice == "cpu" else "auto", keras.backend.backend())
    import tensorflow as tf  # noqa: TID251 - devices have no keras.ops

    with _held_stderr():
        gpus = tf.config.list_physical_devices("GPU")
    if choice == "cpu" or not gpus:
        tf.config.set_visible_devices([], "GPU")
        return Device("cpu", _cpu_name() + (" (no GPU found)" if choice == "gpu" else ""))
    for gpu in gpus:
        tf.config.experimental.set_memory_growth(gpu, True)
    details = tf.config.experimental.get_device_details(gpus[0])
    return Device("gpu", str(details.get("device_name", "GPU")))


def is_out_of_memory(error: BaseException) -> bool:
    """Whether a backend's exception says that the device's memory is spent."""
    if isinstance(error, MemoryError) or type(error).__name__ in OUT_OF_MEMORY:
        return True
    return any(text in str(error).lower() for text in OUT_OF_MEMORY_TEXTS)


def _cpu_name() -> str:
    """Something a person can tell one machine from another by."""
    return f"CPU, {os.cpu_count()} cores"
