"""The numbers of one step, or of one epoch's validation, as one compact row of bytes.

From them every loss and score of the run can be computed again, under any costs: see
`seg.objective`. A step of 8 images, 4 heads and 2 classes has 1.6 kB.
"""

import struct
from dataclasses import dataclass

import numpy as np

VERSION = 1
_HEADER = struct.Struct("<5H")  # version, heads, images, classes, cuts
SOFT = 5  # TP, FP, FN, TN, cross-entropy
HARD = 4  # TP, FP, FN, TN
EPSILON = 1e-7  # a probability's distance from 0 and 1 in the cross-entropy


@dataclass(frozen=True)
class Record:
    """Sums by head, image and class, in pixels.

    Classes are the network's channels: one for a sigmoid, else the background first.

    Attributes:
        soft: (heads, images, classes, 5) float32: TP, FP, FN, TN from probabilities, and the sum of
            the cross-entropy in nats.
        hard: (cuts, images, classes, 4) float32, after the threshold 0.5 or the largest of several.
            Cut 0 is the last head; a validation has cut 1, the mean of all heads.
        head_weights: (heads,) float32, as they stood in the loss.
    """

    soft: np.ndarray
    hard: np.ndarray
    head_weights: np.ndarray

    def encode(self) -> bytes:
        """As bytes: five whole numbers, then the three arrays, little-endian."""
        heads, images, classes, _ = self.soft.shape
        header = _HEADER.pack(VERSION, heads, images, classes, len(self.hard))
        arrays = (self.soft, self.hard, self.head_weights)
        return header + b"".join(np.asarray(array, "<f4").tobytes() for array in arrays)

    @classmethod
    def decode(cls, content: bytes) -> "Record":
        """What `encode` wrote.

        Raises:
            ValueError: The bytes are of another version, or of another length than they say.

        Example:
            >>> shapes = (4, 8, 2, 5), (1, 8, 2, 4), (4,)
            >>> content = Record(*(np.ones(shape, np.float32) for shape in shapes)).encode()
            >>> len(content), Record.decode(content).soft.shape
            (1562, (4, 8, 2, 5))
        """
        version, heads, images, classes, cuts = _HEADER.unpack_from(content)
        shapes = (heads, images, classes, SOFT), (cuts, images, classes, HARD), (heads,)
        sizes = [int(np.prod(shape)) for shape in shapes]
        if version != VERSION or len(content) != _HEADER.size + 4 * sum(sizes):
            raise ValueError(f"A record of version {version} with {len(content)} bytes is not one.")
        numbers = np.frombuffer(content, "<f4", offset=_HEADER.size)
        parts = np.split(numbers, np.cumsum(sizes)[:-1])
        return cls(*(part.reshape(shape) for part, shape in zip(parts, shapes, strict=True)))
