"""What recording and steering cost: a step of ours beside a plain Keras step, in turns.

    python -m bench.recording

The plain step is the same network, optimizer and Tversky loss with constants, compiled and called
through Keras alone. Ours adds the recorded sums, the controls as variables, the desk's thread and
the store on disk. The weights' average is measured by itself.
"""

import os
import statistics
import sys
import tempfile
import time

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import keras
import numpy as np

STEPS = 40
WARM = 5


def main(steps: int = STEPS) -> None:
    with tempfile.TemporaryDirectory() as home:
        os.environ["SEG_HOME"] = home
        pairs = run(steps)
    plain, ours, average, loss = (statistics.median(column) for column in zip(*pairs, strict=True))
    ratios = [b / a for a, b, _, _ in pairs]
    print(f"plain Keras step   {plain * 1000:7.1f} ms (median of {steps})")
    print(f"ours, recorded     {ours * 1000:7.1f} ms, {statistics.median(ratios):.3f} of plain")
    print(f"weights' average   {average * 1000:7.2f} ms, {average / plain:.3f} of plain")
    print(f"into the desk      {loss * 1000:7.3f} ms")


def run(steps: int) -> list[tuple[float, ...]]:
    from seg.architecture import Architecture
    from seg.preprocessing import Preprocessing
    from seg.store import Step, open_store
    from seg.train.config import Optimizer, TrainConfig
    from seg.train.controls import first_controls
    from seg.train.desk import LEASE_S, Desk
    from seg.train.trainer import Trainer
    from seg.unetpp import build

    architecture = Architecture(filters=(16, 32, 64, 96, 128), norm="batch", dropout=0.1, l2=1e-5)
    config = TrainConfig(
        data="bench",
        architecture=architecture,
        preprocessing=Preprocessing(),
        optimizer=Optimizer(clip_norm=1.0),
    )
    random = np.random.default_rng(0)
    images = random.random((8, 96, 96, 1), np.float32)
    truth = (random.random((8, 96, 96, 1)) < 0.05).astype(np.float32)
    keras.utils.set_random_seed(0)
    plain = build(architecture)
    plain.compile(
        optimizer=keras.optimizers.Adam(1e-3, clipnorm=1.0),
        loss=[tversky] * 4,
        loss_weights=[0.25] * 4,
    )
    trainer, controls = Trainer(config), first_controls(config)
    average, trainer._average = trainer._average, type(trainer._average)(trainer._network, 0.0)
    store = open_store()
    made = store.create_run("bench", config.model_dump(mode="json"), "bench")
    store.claim(made.id, "bench", "here", LEASE_S)
    found = []
    with Desk(store, made.id, "bench") as desk:
        for number in range(1, steps + WARM + 1):
            times = [time.perf_counter()]
            plain.train_on_batch(images, [truth] * 4)
            times.append(time.perf_counter())
            desk.commands()
            loss, l2, record = trainer.step(images, truth, controls, 1e-3)
            told = time.perf_counter()
            row = (loss, l2, 0.5, 0.5, 1.0, 1e-3, record.encode())
            desk.record(Step(number, 1, time.time(), 0.1, *row))
            desk.tell(step=number)
            times.append(time.perf_counter())
            average.update()
            times.append(time.perf_counter())
            if number > WARM:
                parts = np.diff(times)
                found.append((*parts, times[2] - told))
    store.close()
    return found


def tversky(y_true, y_pred):  # type: ignore[no-untyped-def]
    """1 - Tversky per image with constants, as one would write it."""
    ops = keras.ops
    axes = (1, 2)
    tp = ops.sum(y_true * y_pred, axis=axes)
    fp = ops.sum((1 - y_true) * y_pred, axis=axes)
    fn = ops.sum(y_true * (1 - y_pred), axis=axes)
    return 1 - ops.mean((tp + 1) / (tp + 0.5 * fp + 0.5 * fn + 1), axis=-1)


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
