"""Curves: every number by hand; spans, cursors and rewinds against the plain arrays."""

import json
import math
import re
import threading

import numpy as np
import pytest

from pages.widgets.train.chart import run_figure
from pages.widgets.train.film import stops
from pages.widgets.train.look import Look
from pages.widgets.train.overlay import runs_figure
from pages.widgets.train.plot import plain
from pages.widgets.train.rates import rates_figure
from seg.architecture import Architecture
from seg.curves import (
    Axis,
    Curve,
    Curves,
    Layout,
    Thinned,
    envelope,
    marks,
    moved,
    part_names,
    picture_dice,
    progress,
    schedules,
    shares,
    smoothed,
    turned,
)
from seg.curves.values import epoch_values, step_values
from seg.errors import RunError
from seg.preprocessing import Preprocessing
from seg.store import Epoch, Event, SavedFile, Step, open_store
from seg.train.config import Loss, TrainConfig
from seg.train.record import Record

# Two heads, two images of 100 pixels; the second image has an empty truth.
HEAD_1 = [[[6, 2, 4, 88, 20]], [[0, 3, 0, 97, 10]]]  # tp, fp, fn, tn, nats
HEAD_2 = [[[8, 1, 2, 89, 8]], [[0, 0, 0, 100, 2]]]
HARD = [[[7, 0, 3, 90]], [[0, 5, 0, 95]]]
MEAN_HARD = [[[6, 2, 4, 88]], [[0, 0, 0, 100]]]
CLOSE = {"abs": 1e-6}


def make_config(**changes):
    heads = changes.pop("heads", (1, 2))
    classes = changes.pop("classes", 1)
    values = {
        "data": "somewhere",
        "architecture": Architecture(filters=(4, 8, 12), heads=heads, classes=classes),
        "preprocessing": Preprocessing(),
        "class_names": ("lesion",),
    }
    return TrainConfig(**values | changes)


def make_record(soft=(HEAD_1, HEAD_2), hard=(HARD,), weights=(0.25, 0.75)):
    return Record(*(np.array(one, np.float32) for one in (soft, hard, weights)))


def make_step(step=1, record=None, alpha=0.25, beta=0.5, gamma=1.0, **changes):
    values = {"epoch": 1, "at": 100.0 + step, "seconds": 2.0, "loss": 0.5, "l2": 0.1}
    values |= {"learning_rate": 1e-3, "record": (record or make_record()).encode()}
    return Step(step=step, alpha=alpha, beta=beta, gamma=gamma, **values | changes)


def make_epoch(epoch=1, record=None, **changes):
    values = {
        "step": epoch * 10, "at": 0.0, "seconds": 30.0, "loss": 0.6, "l2": 0.1,
        "validation_loss": 0.7, "validation_l2": 0.05, "validation_dice": 0.4,
        "alpha": 0.25, "beta": 0.5, "gamma": 1.0, "learning_rate": 1e-3, "is_best": False,
        "record": (record or make_record(hard=(HARD, MEAN_HARD))).encode(),
    }  # fmt: skip
    return Epoch(epoch=epoch, **values | changes)


def named(values, names):
    return {name: row[0] for name, row in zip(names, values, strict=True)}


def values_of(steps, config):
    layout = Layout.of(config)
    return named(step_values(steps, layout), layout.step_names)


class TestValues:
    """A sigmoid, image by image, alpha 1/4, beta 1/2, smooth 1, cross-entropy 1/2."""

    @pytest.fixture
    def found(self):
        return values_of([make_step()], make_config(loss=Loss(cross_entropy=0.5)))

    def test_each_head_adds_what_its_images_miss(self, found):
        first = ((1 - 7 / 9.5) + (1 - 1 / 1.75)) / 2
        second = ((1 - 9 / 10.25) + (1 - 1 / 1)) / 2
        assert found["head_1"] == pytest.approx(0.25 * first, **CLOSE)
        assert found["head_2"] == pytest.approx(0.75 * second, **CLOSE)
        assert found["class_0"] == pytest.approx(0.25 * first + 0.75 * second, **CLOSE)

    def test_the_cross_entropy_is_a_mean_over_pixels_with_its_weights(self, found):
        assert found["cross_entropy"] == pytest.approx(0.25 * 0.5 * 0.15 + 0.75 * 0.5 * 0.05)

    def test_the_parts_add_up(self, found):
        parts = found["head_1"] + found["head_2"] + found["cross_entropy"]
        assert found["total"] == pytest.approx(parts) == pytest.approx(0.1696979, abs=1e-6)

    def test_the_reference_knows_neither_weights_nor_cross_entropy(self, found):
        first = ((1 - 7 / 10) + (1 - 1 / 2.5)) / 2
        second = ((1 - 9 / 10.5) + 0) / 2
        assert found["reference"] == pytest.approx((first + second) / 2, **CLOSE)

    def test_soft_dice_of_the_last_head(self, found):
        assert found["dice_soft_image"] == pytest.approx((16 / 19 + 1) / 2, **CLOSE)
        assert found["dice_soft_batch"] == pytest.approx(16 / 19, **CLOSE)

    def test_hard_dice_with_a_false_alarm_in_an_empty_image(self, found):
        assert found["dice_hard_image"] == pytest.approx((14 / 17 + 0) / 2, **CLOSE)
        assert found["dice_hard_batch"] == pytest.approx(14 / 22, **CLOSE)

    def test_a_sigmoids_background_is_what_the_lesion_is_not(self, found):
        image = (16 / 19 + 1 + 178 / 181 + 1) / 4
        batch = (16 / 19 + 378 / 381) / 2
        assert found["dice_soft_image_background"] == pytest.approx(image, **CLOSE)
        assert found["dice_soft_batch_background"] == pytest.approx(batch, **CLOSE)
        hard = (14 / 22 + 370 / 378) / 2  # of the background: tp 185, fp 3, fn 5
        assert found["dice_hard_batch_background"] == pytest.approx(hard, **CLOSE)

    def test_rates_are_pooled(self, found):
        assert found["sensitivity"] == pytest.approx(7 / 10)
        assert found["precision"] == pytest.approx(7 / 12)

    def test_rates_that_are_undefined_are_nan(self):
        nothing = [[[0, 0, 0, 100]], [[0, 0, 0, 100]]]
        found = values_of([make_step(record=make_record(hard=(nothing,)))], make_config())
        assert math.isnan(found["sensitivity"])
        assert math.isnan(found["precision"])
        assert found["dice_hard_image"] == 1

    def test_costs_of_each_step_are_its_own(self):
        layout = Layout.of(make_config())
        turns = [make_step(1), make_step(2, alpha=0.5, beta=0.5, gamma=2.0)]
        head = step_values(turns, layout)[layout.step_names.index("head_1")]
        second = ((1 - 7 / 10) ** 2 + (1 - 1 / 2.5) ** 2) / 2
        assert head.tolist() == pytest.approx([0.25 * 0.345865, 0.25 * second], abs=1e-6)

    def test_a_loss_that_is_no_number_is_nan(self):
        found = values_of([make_step(loss=math.inf)], make_config())
        assert math.isnan(found["loss"])

    def test_time_adds_up(self):
        layout = Layout.of(make_config())
        values = step_values([make_step(1), make_step(2, seconds=3.0)], layout)
        assert values[layout.step_names.index("time")].tolist() == [2.0, 5.0]

    def test_records_of_two_shapes(self):
        layout = Layout.of(make_config())
        one_image = make_record(soft=([HEAD_1[0]], [HEAD_2[0]]), hard=([HARD[0]],))
        steps = [make_step(1), make_step(2, record=one_image), make_step(3)]
        dice = step_values(steps, layout)[layout.step_names.index("dice_hard_image")]
        assert dice.tolist() == pytest.approx([7 / 17, 14 / 17, 7 / 17])


class TestSoftmax:
    """Background and lesion, the batch pooled, gamma 2, weights 0.3 and 0.7."""

    @pytest.fixture
    def found(self):
        background = [[92, 1, 2, 5, 10], [90, 1, 4, 5, 10]]
        lesion = [[5, 2, 1, 92, 30], [5, 4, 1, 90, 20]]
        soft = [[[b, one] for b, one in zip(background, lesion, strict=True)]]
        hard = [[[b[:4], one[:4]] for b, one in zip(background, lesion, strict=True)]]
        loss = Loss(class_weights=(0.3, 0.7), smooth=0.5, reduction="batch")
        config = make_config(classes=2, heads=(2,), loss=loss)
        record = make_record(soft, hard, (2.0,))
        return values_of([make_step(record=record, alpha=0.5, beta=1.0, gamma=2.0)], config)

    def test_shares_of_the_classes(self, found):
        background = 0.3 * (1 - 182.5 / 189.5) ** 2  # tp 182, fp 2, fn 6
        lesion = 0.7 * (1 - 10.5 / 15.5) ** 2  # tp 10, fp 6, fn 2
        assert found["class_0"] == pytest.approx(2 * background, **CLOSE)
        assert found["class_1"] == pytest.approx(2 * lesion, **CLOSE)
        assert found["head_2"] == pytest.approx(2 * (background + lesion), **CLOSE)

    def test_a_cross_entropy_that_does_not_count_adds_nothing(self, found):
        assert found["cross_entropy"] == 0

    def test_the_reference_is_plain_and_without_head_weights(self, found):
        background, lesion = 1 - 182.5 / (182.5 + 1 + 3), 1 - 10.5 / (10.5 + 3 + 1)
        assert found["reference"] == pytest.approx(0.3 * background + 0.7 * lesion, **CLOSE)

    def test_lesion_alone_and_with_background(self, found):
        assert found["dice_hard_batch"] == pytest.approx(20 / 28)
        both = (20 / 28 + 364 / 372) / 2
        assert found["dice_hard_batch_background"] == pytest.approx(both)
        images = (10 / 13 + 10 / 15) / 2
        assert found["dice_hard_image"] == pytest.approx(images)


class TestEpochs:
    @pytest.fixture
    def found(self):
        layout = Layout.of(make_config())
        return named(epoch_values([make_epoch()], layout), layout.epoch_names)

    def test_last_head_and_mean_of_heads(self, found):
        assert found["dice_hard_image"] == pytest.approx(7 / 17)
        assert found["mean_dice_image"] == pytest.approx((12 / 18 + 1) / 2)
        assert found["mean_dice_batch"] == pytest.approx(12 / 18)
        assert found["mean_sensitivity"] == pytest.approx(0.6)
        assert found["mean_precision"] == pytest.approx(0.75)

    def test_the_validation_without_a_loss(self):
        layout = Layout.of(make_config())
        values = epoch_values([make_epoch(validation_loss=None)], layout)
        assert math.isnan(named(values, layout.epoch_names)["validation_loss"])

    def test_pictures_by_their_place_in_the_validation(self):
        dice = picture_dice(make_epoch(), [1, 0, 7])
        assert dice == pytest.approx({1: 1.0, 0: 12 / 18})


class TestThinned:
    def series(self, count, chunk, capacity=8, tail=4, seed=0):
        keys = np.arange(1, count + 1)
        loss = np.random.default_rng(seed).random(count)
        loss[::7] = np.nan
        series = Thinned(("step", "loss"), capacity, tail)
        for start in range(0, count, chunk):
            part = slice(start, start + chunk)
            series.add(keys[part], np.stack([keys[part].astype(float), loss[part]]))
        return series, loss

    @pytest.mark.parametrize(("count", "chunk"), [(5, 1), (8, 3), (9, 9), (64, 5), (1000, 17)])
    def test_spans_are_means_and_the_newest_are_themselves(self, count, chunk):
        series, loss = self.series(count, chunk)
        table = series.table()
        assert len(table) <= 8 + 4
        assert table.counts.sum() == count
        ends = np.cumsum(table.counts)
        for i, (end, n) in enumerate(zip(ends, table.counts, strict=True)):
            span = loss[end - n : end]
            known = span[~np.isnan(span)]
            assert table["step"][i] == pytest.approx(end - (n - 1) / 2)
            if not len(known):
                assert math.isnan(table["loss"][i])
                continue
            assert table["loss"][i] == pytest.approx(known.mean())
            assert table.low[1, i] <= known.min() + 1e-6
            assert table.high[1, i] >= known.max() - 1e-6
        assert table.counts[-min(4, count) :].tolist() == [1] * min(4, count)

    def test_chunks_do_not_matter(self):
        one, many = self.series(500, 500)[0].table(), self.series(500, 3)[0].table()
        np.testing.assert_allclose(one.mean, many.mean)
        np.testing.assert_array_equal(one.counts, many.counts)

    @pytest.mark.parametrize("back", [0, 1, 37, 63, 64, 99, 100, 500])
    def test_rewound_and_read_again_it_is_the_same(self, back):
        series, loss = self.series(100, 9)
        kept = series.rewind(back)
        assert kept <= back
        assert back - kept < series.span or kept == 100
        keys = np.arange(kept + 1, 101)
        series.add(keys, np.stack([keys.astype(float), loss[kept:]]))
        again = series.table()
        assert again.counts.sum() == 100
        weights = again.counts * ~np.isnan(again["loss"])
        assert again["step"] @ again.counts == pytest.approx(5050)
        assert again.last("step") == 100
        assert np.all(np.diff(again["step"]) > 0)
        assert weights.sum() > 0

    def test_old_keys_are_refused(self):
        series, _ = self.series(10, 10)
        with pytest.raises(ValueError, match="rise from 11"):
            series.add(np.array([10]), np.zeros((2, 1)))

    def test_nothing_yet(self):
        table = Thinned(("step",)).table()
        assert len(table) == 0
        assert math.isnan(table.last("step"))

    def test_its_size_does_not_grow(self):
        sizes = []
        for count in (1000, 100_000):
            series, _ = self.series(count, 10_000, capacity=800, tail=100)
            sizes.append(sum(array.nbytes for array, _ in series._arrays()))
        assert sizes[0] == sizes[1]


class TestDrawing:
    def table(self, values, keys=None):
        keys = np.arange(1, len(values) + 1) if keys is None else np.array(keys)
        series = Thinned(("step", "loss"))
        series.add(keys, np.stack([keys.astype(float), values]))
        return series.table()

    def test_a_half_life_of_two_steps(self):
        half = 2**-0.5
        (found,) = smoothed(self.table([4.0, 2.0, 8.0]), 2, ("loss",))
        second = (4 * half + 2) / (half + 1)
        third = (4 * half**2 + 2 * half + 8) / (half**2 + half + 1)
        assert found.tolist() == pytest.approx([4, second, third])

    def test_a_gap_counts_as_its_steps(self):
        (found,) = smoothed(self.table([4.0, 1.0], keys=[1, 3]), 1, ("loss",))
        assert found.tolist() == pytest.approx([4, (4 / 4 + 1) / (1 / 4 + 1)])

    def test_undefined_values_are_left_out(self):
        (found,) = smoothed(self.table([4.0, np.nan, 1.0]), 1, ("loss",))
        assert math.isnan(found[1])
        assert found[2] == pytest.approx((4 / 4 + 1) / (1 / 4 + 1))

    def test_without_smoothing(self):
        assert smoothed(self.table([4.0, 2.0]), 0, ("loss",)).tolist() == [[4, 2]]

    def test_swings_of_spans_then_single_points(self):
        series = Thinned(("step", "loss"), capacity=2, tail=1)
        keys = np.arange(1, 5)
        series.add(keys, np.array([keys, [1.0, 5.0, 2.0, 3.0]]))
        index, values = envelope(series.table(), "loss")
        assert index.tolist() == [0, 0, 1, 2]
        assert values.tolist() == [1, 5, 2, 3]


def make_event(id, kind="turn", step=11, epoch=2, **changes):
    values = {"run_id": "r", "at": 0.0, "text": kind, "name": "", "old": None, "new": None}
    return Event(id=id, step=step, epoch=epoch, kind=kind, command_id=None, **values | changes)


TURNS = [
    make_event(1, name="alpha", old=0.5, new=0.3),
    make_event(2, name="beta", old=0.5, new=0.7),
    make_event(3, "pause", step=15, text="Paused after step 15."),
    make_event(4, name="alpha", old=0.3, new=0.2, step=21, epoch=3),
]


class TestTurns:
    def test_what_was_turned_together_is_one(self):
        first, second = turned(TURNS)
        assert first.step == 11
        assert first.changes == {"alpha": (0.5, 0.3), "beta": (0.5, 0.7)}
        assert second.changes == {"alpha": (0.3, 0.2)}

    def test_the_state_before_it(self):
        states = [
            SavedFile(step, 1, kind, "file", "0", 1)
            for step, kind in ((9, "resume"), (10, "resume"), (20, "best"))
        ]
        first, second = turned(TURNS, states)
        assert first.saved == states[1]
        assert second.saved is None

    def test_lines_stand_before_the_step_that_has_it_and_after_the_one_that_was_last(self):
        first, pause, second = marks(TURNS)
        assert (first.place, first.label) == (10.5, "alpha 0.5→0.3  beta 0.5→0.7")
        assert (pause.place, pause.label) == (15.5, "paused")
        assert second.text == "From step 21: alpha 0.3 → 0.2"


@pytest.fixture
def store(tmp_path):
    store = open_store(f"sqlite:///{tmp_path / 'store.sqlite'}")
    yield store
    store.close()


@pytest.fixture
def run(store):
    run = store.create_run("Run", make_config().model_dump(mode="json"), "data")
    assert store.claim(run.id, "me", "here", 1000)
    with store.writing(run.id, "me") as write:
        write.run(steps_per_epoch=10, total_steps=100, status="running")
    return run


def record_steps(store, run, first, last, loss=0.5, **changes):
    """Steps whose loss is `loss`, an epoch at every tenth."""
    with store.writing(run.id, "me") as write:
        for step in range(first, last + 1):
            write.steps([make_step(step, epoch=(step - 1) // 10 + 1, loss=loss, **changes)])
            if step % 10 == 0:
                write.epoch(make_epoch(step // 10, step=step))
        write.run(step=last, epoch=last // 10)


class TestCurve:
    def test_it_grows_with_the_run(self, store, run):
        curve = Curve(run)
        assert curve.view(store).step == 0
        record_steps(store, run, 1, 25)
        view = curve.view(store)
        assert (view.step, len(view.steps), len(view.epochs)) == (25, 25, 2)
        assert view.is_complete
        assert (view.held_out, view.empty) == (2, 1)
        record_steps(store, run, 26, 27, loss=0.25)
        view = curve.view(store)
        assert view.steps["loss"][-3:].tolist() == [0.5, 0.25, 0.25]
        assert view.steps.last("time") == 54

    def test_the_loss_comes_out_again(self, store, run):
        total = 0.25 * 0.345865 + 0.75 * 0.0609756
        record_steps(store, run, 1, 5, loss=total + 0.1)
        assert Curve(run).view(store).residual < 1e-5
        record_steps(store, run, 6, 6, loss=total + 0.1 + 0.01)
        assert Curve(run).view(store).residual == pytest.approx(0.01, abs=1e-5)

    def test_a_long_history_comes_in_parts(self, store, run):
        record_steps(store, run, 1, 130)
        curve = Curve(run)
        first = curve.view(store, budget_s=0)
        assert not first.is_complete
        assert 0 < first.step < 130
        views = [curve.view(store, budget_s=0) for _ in range(3)]
        assert views[-1].is_complete
        assert views[-1].step == 130
        assert len(views[-1].epochs) == 13

    def test_a_resumed_run_is_read_again_from_where_it_went_on(self, store, run):
        record_steps(store, run, 1, 35)
        curve = Curve(run)
        curve.view(store)
        with store.writing(run.id, "me") as write:
            write.rewind(20)
            write.run(step=20, epoch=2)
            write.event("resume", "Resumed after step 20.", step=20, epoch=2)
        record_steps(store, run, 21, 50, loss=0.25)  # beyond where it had been
        view = curve.view(store)
        fresh = Curve(run).view(store)
        np.testing.assert_allclose(view.steps.mean, fresh.steps.mean)
        np.testing.assert_allclose(view.epochs.mean, fresh.epochs.mean)
        assert view.steps["loss"][19:21].tolist() == [0.5, 0.25]
        assert [event.kind for event in view.events] == ["resume"]

    def test_events_that_were_taken_back_are_forgotten(self, store, run):
        record_steps(store, run, 1, 30)
        with store.writing(run.id, "me") as write:
            for step in (10, 25):
                write.event("turn", "t", step=step, epoch=1, name="alpha", old=0.5, new=0.3)
        curve = Curve(run)
        assert len(curve.view(store).events) == 2
        with store.writing(run.id, "me") as write:
            write.rewind(20)
            write.run(step=20)
            write.event("resume", "r", step=20, epoch=2)
        assert [event.step for event in curve.view(store).events] == [10, 20]

    def test_a_row_that_is_a_step_behind_is_no_way_back(self, store, run):
        record_steps(store, run, 1, 30)
        curve = Curve(run)
        curve.view(store)
        with store.writing(run.id, "me") as write:
            write.run(step=29)
        assert curve.view(store).step == 30

    def test_a_branch_begins_in_the_middle(self, store, run):
        record_steps(store, run, 41, 60)
        view = Curve(run).view(store)
        assert view.steps["step"][[0, -1]].tolist() == [41, 60]
        assert progress(view).share == pytest.approx(0.6)

    def test_threads_share_it(self, store, run):
        record_steps(store, run, 1, 200)
        curves, found = Curves(), []
        threads = [
            threading.Thread(target=lambda: found.append(curves.view(store, run.id).step))
            for _ in range(4)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert found == [200] * 4
        assert len(curves._curves) == 1

    def test_few_are_held(self, store):
        config = make_config().model_dump(mode="json")
        curves = Curves(most=2)
        for number in range(4):
            curves.view(store, store.create_run(f"Run {number}", config, "data").id)
        assert len(curves._curves) == 2

    def test_a_run_that_was_deleted(self, store, run):
        curve = Curve(run)
        store.delete_run(run.id)
        with pytest.raises(RunError, match="not to be found"):
            curve.view(store)


class TestProgress:
    def test_pace_and_what_is_left(self, store, run):
        record_steps(store, run, 1, 25)
        now = progress(Curve(run).view(store))
        assert now.share == pytest.approx(0.25)
        assert now.steps_per_s == pytest.approx(0.5)
        assert now.epoch_s == pytest.approx(30)  # with its validation
        assert now.left_s == pytest.approx(7.5 * 30)

    def test_before_the_first_epoch(self, store, run):
        record_steps(store, run, 1, 3)
        assert progress(Curve(run).view(store)).epoch_s == pytest.approx(20)

    def test_before_everything(self, store, run):
        now = progress(Curve(run).view(store))
        assert (now.share, now.steps_per_s, now.left_s) == (0, None, None)

    def test_shares_add_up_to_the_loss(self, store, run):
        record_steps(store, run, 1, 3)
        view = Curve(run).view(store)
        heads, classes = shares(view, "heads"), shares(view, "classes")
        assert [one.name for one in heads] == ["head_1", "head_2", "l2"]
        assert [one.name for one in classes] == ["class_0", "l2"]
        whole = 0.25 * 0.345865 + 0.75 * 0.0609756 + 0.1
        for parts in (heads, classes):
            assert sum(one.value for one in parts) == pytest.approx(whole, **CLOSE)
            assert sum(one.fraction for one in parts) == pytest.approx(1)

    def test_the_cross_entropy_is_a_part_where_it_counts(self, store):
        config = make_config(loss=Loss(cross_entropy=0.5)).model_dump(mode="json")
        view = Curve(store.create_run("Run", config, "data")).view(store)
        assert part_names(view, "heads") == ("head_1", "head_2", "cross_entropy", "l2")
        assert shares(view, "heads") == []

    def test_axes(self, store, run):
        record_steps(store, run, 1, 25)
        view = Curve(run).view(store)
        steps = np.array([10.0, 25.0])
        assert Axis.of(view, "step").at(steps).tolist() == [10, 25]
        assert Axis.of(view, "epoch").at(steps).tolist() == [1, 2.5]
        time = Axis.of(view, "time")
        assert time.unit == "min"
        assert time.at(steps).tolist() == pytest.approx([20 / 60, 50 / 60])

    def test_turns_become_schedules(self, store, run):
        record_steps(store, run, 1, 10)
        record_steps(store, run, 11, 20, alpha=0.3)
        with store.writing(run.id, "me") as write:
            write.event("turn", "t", step=11, epoch=2, name="alpha", old=0.25, new=0.3)
        view = Curve(run).view(store)
        (schedule,) = schedules(view)
        assert schedule.control == "alpha"
        assert schedule.points == ((0.0, 0.25), (1.0, 0.3))
        assert moved(view, "alpha")
        assert not moved(view, "beta")


class TestChart:
    """What reaches the browser."""

    def view(self, store, run, **changes):
        record_steps(store, run, 1, 25, loss=0.25 * 0.345865 + 0.75 * 0.0609756 + 0.1)
        return Curve(run).view(store)

    @pytest.mark.parametrize("parts", ["heads", "classes"])
    def test_the_parts_are_stacked_up_to_the_loss(self, store, run, parts):
        data = run_figure(self.view(store, run), Look(parts=parts, half_life=0))["data"]
        stacked = [trace["y"] for trace in data if trace.get("stackgroup")]
        (loss,) = (trace["y"] for trace in data if trace["uid"] == "loss")
        np.testing.assert_allclose(np.sum(stacked, axis=0), loss, atol=1e-5)

    def test_on_a_log_axis_nothing_is_stacked(self, store, run):
        figure = run_figure(self.view(store, run), Look(log=True))
        assert not any("stackgroup" in trace for trace in figure["data"])
        assert figure["layout"]["yaxis"]["type"] == "log"

    def test_identities_are_words_and_each_its_own(self, store, run):
        view = self.view(store, run)
        one, two = run_figure(view, Look())["data"], runs_figure([view], Look())["data"]
        for data in (one, two, rates_figure([view])["data"]):
            uids = [trace["uid"] for trace in data]
            assert len(set(uids)) == len(uids)
            assert all(re.fullmatch(r"[\w-]+", uid) for uid in uids)

    def test_it_is_plain_json_that_names_its_arrays(self, store, run):
        figure = plain(run_figure(self.view(store, run), Look()))
        text = json.dumps(figure, allow_nan=False)
        named = set(re.findall(r"shared\(([^)]+)\)", text))
        assert named <= figure["shared"].keys()

    def test_nothing_can_be_sent_away(self, store, run):
        config = run_figure(self.view(store, run), Look())["config"]
        assert config["showSendToCloud"] is False
        assert "sendChartToCloud" in config["modeBarButtonsToRemove"]

    def test_a_runs_name_is_only_text(self, store, run):
        store.rename(run.id, "<a href='x'>a</a>")
        data = runs_figure([self.view(store, run)], Look())["data"]
        assert all("<" not in trace["name"] for trace in data)

    def test_before_the_first_step(self, store, run):
        view = Curve(run).view(store)
        for figure in (run_figure(view, Look(along="time")), runs_figure([view], Look())):
            json.dumps(plain(figure), allow_nan=False)


class TestFilm:
    def test_every_epoch_has_its_stop(self, store, run):
        record_steps(store, run, 41, 60)
        assert stops(Curve(run).view(store)) == [5, 6]

    def test_none_before_the_first(self, store, run):
        assert stops(Curve(run).view(store)) == []
