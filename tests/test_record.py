"""A row of sums: what goes in comes out, and what is not one is refused."""

import numpy as np
import pytest

from seg.train.record import Record


def make_record(seed=0):
    random = np.random.default_rng(seed)
    shapes = (4, 8, 2, 5), (1, 8, 2, 4), (4,)
    return Record(*(random.random(shape, np.float32) for shape in shapes))


def test_there_and_back():
    record = make_record()
    content = record.encode()
    assert len(content) == 10 + 4 * (4 * 8 * 2 * 5 + 8 * 2 * 4 + 4)
    for name in ("soft", "hard", "head_weights"):
        np.testing.assert_array_equal(getattr(Record.decode(content), name), getattr(record, name))


@pytest.mark.parametrize("change", [lambda c: c[:-1], lambda c: c + b"x", lambda c: b"\2" + c[1:]])
def test_other_bytes_are_refused(change):
    with pytest.raises(ValueError, match="is not one"):
        Record.decode(change(make_record().encode()))
