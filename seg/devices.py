"""Where a network runs: the only module that may ask TensorFlow itself.

Imports Keras; used in a worker process or on the command line, never in the server.
"""

from dataclasses import dataclass

import keras

OUT_OF_MEMORY = ("ResourceExhaustedError", "OutOfMemoryError", "XlaRuntimeError", "MemoryError")


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
        The device that will be used; "gpu" without one falls back to the CPU, and says so.
    """
    if keras.backend.backend() != "tensorflow":
        return Device("cpu" if choice == "cpu" else "auto", keras.backend.backend())
    import tensorflow as tf  # noqa: TID251 - devices have no keras.ops

    gpus = tf.config.list_physical_devices("GPU")
    if choice == "cpu" or not gpus:
        tf.config.set_visible_devices([], "GPU")
        return Device("cpu", _cpu_name())
    for gpu in gpus:
        tf.config.experimental.set_memory_growth(gpu, True)
    details = tf.config.experimental.get_device_details(gpus[0])
    return Device("gpu", str(details.get("device_name", "GPU")))


def is_out_of_memory(error: BaseException) -> bool:
    """Whether a backend's exception says that the device's memory is spent."""
    return type(error).__name__ in OUT_OF_MEMORY or "out of memory" in str(error).lower()


def _cpu_name() -> str:
    """Something a person can tell one machine from another by."""
    import os

    return f"CPU, {os.cpu_count()} cores"
