"""The warm child process of `seg.service`: it holds the networks and runs them.

Started as `python -m seg.worker FD DEVICE`, it talks over one connection: requests and
cancellations come in, progress and results go out. It ends when the other side does. Keras is
imported here, and not in the server.
"""

import os
import queue
import secrets
import sys
import threading
import time
import traceback
from collections import OrderedDict
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path

import numpy as np

from seg.checkpoint import open_checkpoint
from seg.errors import CheckpointError, RunError, SegError
from seg.predict import Forward, Options, Progress, predict
from seg.preprocessing import prepare
from seg.results import Result, quantise

NETWORKS_MAX = 8  # loaded at once: a checkpoint with one head, or with their mean
NICE = 5  # so that pages stay quick while a network loads or runs
TILE_MIN = 128  # pixels; where memory is spent at this size, it is spent


@dataclass(frozen=True)
class Request:
    """One image for one checkpoint; all that crosses into the child."""

    checkpoint: Path
    checkpoint_sha256: str
    pixels: np.ndarray
    image_sha256: str
    options: Options


@dataclass(frozen=True)
class Ask:
    """To the child: run this."""

    number: int
    request: Request


@dataclass(frozen=True)
class Cancel:
    """To the child: stop the job of this number before its next pass."""

    number: int


@dataclass(frozen=True)
class Ready:
    """From the child, once: it has started, on this device."""

    device: str


@dataclass(frozen=True)
class Passes:
    """From the child: how many passes are done."""

    done: int
    total: int


@dataclass(frozen=True)
class Failed:
    """From the child, in place of a result: an error by its name and text.

    Never the exception itself: to read one of TensorFlow's, the server would import TensorFlow.

    Attributes:
        kind: A class of `seg.errors`.
        text: For the user.
        reference: What the user may quote, and where `trace` is found in the log.
        trace: Of an error that is not the user's; else empty.
    """

    kind: str
    text: str
    reference: str = ""
    trace: str = ""


class Networks:
    """The networks that stay loaded and traced, the least recently used leaving first."""

    def __init__(self, device: str) -> None:
        self.device = device
        self._loaded: OrderedDict[tuple[str, int | str], Forward] = OrderedDict()

    def run(
        self, request: Request, on_progress: Progress, is_cancelled: Callable[[], bool]
    ) -> Result:
        """One prediction.

        Raises:
            CheckpointError: The file changed since it was chosen, or the head is not there.
            Cancelled: `is_cancelled` said so.
            RunError: The device's memory does not hold even smaller tiles.
        """
        checkpoint = open_checkpoint(request.checkpoint)
        if checkpoint.sha256 != request.checkpoint_sha256:
            raise CheckpointError(
                f"{request.checkpoint.name} has changed since it was chosen. Choose it again."
            )
        metadata = checkpoint.metadata
        forward = self._forward(request)
        image = prepare(request.pixels, metadata.preprocessing)

        def attempt(options: Options) -> Result:
            begin = time.perf_counter()
            multiple = metadata.architecture.multiple
            probability = predict(forward, image, multiple, options, on_progress, is_cancelled)
            seconds = time.perf_counter() - begin
            return Result(quantise(probability), seconds, self.device)

        return with_smaller_tiles(attempt, request.options)

    def _forward(self, request: Request) -> Forward:
        """The network with its head, loaded and traced if it was not yet."""
        key = (request.checkpoint_sha256, request.options.head)
        if key not in self._loaded:
            from seg.network import forward, load

            checkpoint = open_checkpoint(request.checkpoint)
            architecture = checkpoint.metadata.architecture
            network = forward(load(checkpoint), architecture.heads, request.options.head)
            for size in _warming_sizes(request, architecture.multiple):
                network(np.zeros((1, *size, architecture.in_channels), np.float32))
            self._loaded[key] = network
        self._loaded.move_to_end(key)
        while len(self._loaded) > NETWORKS_MAX:
            self._loaded.popitem(last=False)
        return self._loaded[key]


def with_smaller_tiles(attempt: Callable[[Options], Result], options: Options) -> Result:
    """Try; where the device's memory is spent, once more with tiles of half the side.

    Raises:
        RunError: The smaller tiles do not fit either.
    """
    from seg.devices import is_out_of_memory

    try:
        return attempt(options)
    except Exception as error:
        if not is_out_of_memory(error):
            raise
    smaller = options.model_copy(update={"tile": max(options.tile // 2, TILE_MIN)})
    try:
        return attempt(smaller)
    except Exception as error:
        if not is_out_of_memory(error):
            raise
        raise RunError(
            f"The device's memory does not hold this network with tiles of {smaller.tile} pixels. "
            "Close other programs that use it, pick a smaller head, or set SEG_DEVICE=cpu."
        ) from error


def _warming_sizes(request: Request, multiple: int) -> list[tuple[int, int]]:
    """Run before anything is timed: two sizes, so that the graph is made for any, and its own."""
    side = request.options.tile // multiple * multiple
    own = [min(-(-length // multiple) * multiple, side) for length in request.pixels.shape[:2]]
    return [(multiple, multiple), (2 * multiple, multiple), (own[0], own[1])]


def serve(connection: Connection, device: str) -> None:
    """Run requests one after the other until the other side closes the connection."""
    from seg.devices import prepare_device

    networks = Networks(prepare_device(device).name)
    connection.send(Ready(networks.device))
    asked: queue.SimpleQueue[Ask | None] = queue.SimpleQueue()
    cancelled: set[int] = set()
    reader = threading.Thread(target=_read, args=(connection, asked, cancelled), daemon=True)
    reader.start()
    while (ask := asked.get()) is not None:
        answer = _answer(networks, ask, connection, cancelled)
        cancelled.clear()  # the next is asked only after this answer
        connection.send(answer)


def _answer(
    networks: Networks, ask: Ask, connection: Connection, cancelled: set[int]
) -> Result | Failed:
    """A result, or what went wrong as something the other side can read."""
    try:
        return networks.run(
            ask.request,
            lambda done, total: connection.send(Passes(done, total)),
            lambda: ask.number in cancelled,
        )
    except BrokenPipeError:
        raise
    except SegError as error:
        return Failed(type(error).__name__, str(error))
    except Exception:
        reference = secrets.token_hex(4)
        text = (
            f"The prediction failed (reference {reference}). That is a fault of this program; the "
            "server's log says more under that reference. Other cases and heads can still be used."
        )
        return Failed("RunError", text, reference, traceback.format_exc())


def _read(
    connection: Connection, asked: "queue.SimpleQueue[Ask | None]", cancelled: set[int]
) -> None:
    """Take in what comes while a prediction runs; however that ends, the child ends with it."""
    try:
        while True:
            message = connection.recv()
            if isinstance(message, Cancel):
                cancelled.add(message.number)
            else:
                asked.put(message)
    except (EOFError, OSError):
        pass
    finally:
        asked.put(None)


if __name__ == "__main__":
    # As the module the other side knows, not as __main__: messages are pickled by class.
    from seg import worker

    os.nice(NICE)
    with suppress(BrokenPipeError):  # the other side is gone: nobody waits for an answer
        worker.serve(Connection(int(sys.argv[1])), sys.argv[2])
