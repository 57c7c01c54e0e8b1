"""The warm child process of `seg.service`: it holds the networks and runs them.

Only this side imports Keras. It lives for many requests, so networks stay loaded and traced.
"""

import os
import time
from collections import OrderedDict
from dataclasses import dataclass
from multiprocessing.sharedctypes import Synchronized, SynchronizedArray
from pathlib import Path
from typing import Any

import numpy as np

from seg.checkpoint import open_checkpoint
from seg.errors import CheckpointError, RunError
from seg.predict import Forward, Options, predict
from seg.preprocessing import prepare
from seg.results import Result, quantise

NETWORKS_MAX = 8  # loaded at once: a checkpoint with one head, or with their mean
TILE_MIN = 128  # pixels; where memory is spent at this size, it is spent


@dataclass(frozen=True)
class Request:
    """One image for one checkpoint; all that crosses into the child."""

    checkpoint: Path
    checkpoint_sha256: str
    pixels: np.ndarray
    image_sha256: str
    options: Options


@dataclass
class _State:
    """What the child remembers between requests."""

    progress: "SynchronizedArray[int]"  # passes done, passes in all
    cancelled: "Synchronized[int]"  # the job that shall stop
    device: str
    networks: "OrderedDict[tuple[str, int | str], Forward]"


_state: _State | None = None


def start(progress: "SynchronizedArray[int]", cancelled: "Synchronized[int]", device: str) -> None:
    """Prepare the child: the backend is imported and the device chosen, once."""
    global _state
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
    from seg.devices import prepare_device

    chosen = prepare_device(device)
    _state = _State(progress, cancelled, chosen.name, OrderedDict())


def ready() -> str:
    """The device's name; asked for so that the child starts before it is needed."""
    return _started().device


def run(job: int, request: Request) -> Result:
    """One prediction, with its progress written where the parent reads it.

    Raises:
        CheckpointError: The file changed since it was chosen, or the head is not there.
        Cancelled: The parent asked to stop.
        RunError: The device's memory does not hold even a small tile.
    """
    state = _started()
    forward, multiple, image = _prepared(state, request)

    def on_progress(done: int, total: int) -> None:
        state.progress[0], state.progress[1] = done, total

    def attempt(options: Options) -> Result:
        begin = time.perf_counter()
        probability = predict(
            forward, image, multiple, options, on_progress, lambda: state.cancelled.value == job
        )
        return Result(quantise(probability), time.perf_counter() - begin, state.device)

    return _with_smaller_tiles(attempt, request.options)


def _with_smaller_tiles(attempt: Any, options: Options) -> Result:
    """Try; where the device's memory is spent, once more with tiles of half the side."""
    from seg.devices import is_out_of_memory

    smaller = options.model_copy(update={"tile": max(options.tile // 2, TILE_MIN)})
    try:
        return attempt(options)
    except Exception as error:
        if not is_out_of_memory(error):
            raise
    try:
        return attempt(smaller)
    except Exception as error:
        if not is_out_of_memory(error):
            raise
        raise RunError(
            f"The device's memory does not hold this network with tiles of {smaller.tile} pixels. "
            "Close other programs that use it, pick a smaller head, or set SEG_DEVICE=cpu."
        ) from error


def _prepared(state: _State, request: Request) -> tuple[Forward, int, np.ndarray]:
    """The network, loaded and traced if it was not yet, and its input."""
    checkpoint = open_checkpoint(request.checkpoint)
    if checkpoint.sha256 != request.checkpoint_sha256:
        raise CheckpointError(
            f"{request.checkpoint.name} has changed since it was chosen. Choose it again."
        )
    metadata = checkpoint.metadata
    key = (checkpoint.sha256, request.options.head)
    if key not in state.networks:
        from seg.network import forward, load

        model = load(checkpoint)
        network = forward(model, metadata.architecture.heads, request.options.head)
        _trace(network, metadata.architecture.multiple, metadata.architecture.in_channels)
        state.networks[key] = network
        while len(state.networks) > NETWORKS_MAX:
            state.networks.popitem(last=False)
    state.networks.move_to_end(key)
    image = prepare(request.pixels, metadata.preprocessing)
    return state.networks[key], metadata.architecture.multiple, image


def _trace(network: Forward, multiple: int, channels: int) -> None:
    """Run two small sizes, so that the backend's graph is made for any size before it is timed."""
    for side in (2 * multiple, 4 * multiple):
        network(np.zeros((1, side, side, channels), np.float32))


def _started() -> _State:
    """The child's state, which the executor's initializer has set."""
    if _state is None:
        raise RuntimeError("seg.worker.start was not called in this process.")
    return _state
