"""The real child process: results, fairness, progress, cancel, death and replacement."""

import os
import signal
import subprocess
import sys
import time

import numpy as np
import pytest

from seg.errors import Cancelled, CheckpointError, RunError
from seg.network import forward
from seg.predict import Options, predict
from seg.preprocessing import prepare
from seg.results import ResultCache, quantise
from seg.service import Service
from seg.worker import Request, with_smaller_tiles

WAIT_S = 120


@pytest.fixture(scope="module")
def service(tmp_path_factory):
    service = Service(ResultCache(2**26, 2**26, tmp_path_factory.mktemp("results")), "cpu")
    yield service
    service.close()


def make_request(small, seed=0, side=40, **options):
    pixels = np.random.default_rng(seed).integers(0, 255, (side, side + 8), dtype=np.uint8)
    checkpoint = small[0]
    return Request(checkpoint.path, checkpoint.sha256, pixels, f"{seed}-{side}", Options(**options))


@pytest.mark.parametrize("head", ["mean", 1, 2])
def test_result_is_that_of_the_network_itself(service, small, head):
    request = make_request(small, head=head)
    result = service.submit(request, "a").result(WAIT_S)
    run = forward(small[1], (1, 2), head)
    image = prepare(request.pixels, small[0].metadata.preprocessing)
    expected = quantise(predict(run, image, 4, request.options))
    assert result.probability.shape == (40, 48, 1)
    assert np.abs(result.probability.astype(int) - expected).max() <= 1
    assert "CPU" in result.device
    assert service.device_name == result.device


def test_second_time_comes_from_the_cache(service, small):
    request = make_request(small, seed=1)
    assert service.peek(request) is None
    first = service.submit(request, "a").result(WAIT_S)
    job = service.submit(request, "b")
    assert job.is_finished
    assert job.result() is first
    assert service.peek(make_request(small, seed=1, flips=True)) is None


def test_errors_come_back_in_words(service, small):
    with pytest.raises(CheckpointError, match="no head L4"):
        service.submit(make_request(small, head=4), "a").result(WAIT_S)
    changed = Request(small[0].path, "0" * 64, np.zeros((8, 8), np.uint8), "x", Options())
    with pytest.raises(CheckpointError, match="has changed since it was chosen"):
        service.submit(changed, "a").result(WAIT_S)


def slow(small, seed):
    return make_request(small, seed=seed, side=1500, tile=64, flips=True)


def test_lines_take_turns_and_cancel_leaves_the_queue(service, small):
    running = service.submit(slow(small, 20), "greedy")
    while not running.progress[0]:
        time.sleep(0.01)
    waiting = [service.submit(make_request(small, seed=s), "greedy") for s in range(30, 33)]
    other = service.submit(make_request(small, seed=40), "modest")
    assert running.place() == 0
    assert [job.place() for job in waiting] == [1, 3, 4]
    assert other.place() == 2
    waiting[2].hurry()
    assert [job.place() for job in waiting] == [3, 4, 1]
    waiting[0].cancel()
    with pytest.raises(Cancelled):
        waiting[0].result(0)
    done, total = running.progress
    assert 0 < done < total
    running.cancel()
    with pytest.raises(Cancelled, match="cancelled"):
        running.result(WAIT_S)
    for job in (*waiting[1:], other):
        assert job.result(WAIT_S).probability.size


def test_a_dead_child_fails_one_request_and_is_replaced(service, small):
    job = service.submit(slow(small, 21), "a")
    after = service.submit(make_request(small, seed=50), "a")
    while not job.progress[0]:
        time.sleep(0.01)
    pid = service._child.pid
    os.kill(pid, signal.SIGKILL)
    with pytest.raises(RunError, match="starts again by itself"):
        job.result(WAIT_S)
    assert after.result(WAIT_S).probability.size
    assert service._child.pid != pid


def test_the_child_ends_with_its_server(tmp_path, small):
    service = Service(ResultCache(2**20, 0, tmp_path), "cpu")
    service.submit(make_request(small, seed=60), "a").result(WAIT_S)
    pid = service._child.pid
    waiting = service.submit(slow(small, 61), "a")
    service.close()
    with pytest.raises(RunError) as told:
        waiting.result(WAIT_S)
    assert type(told.value) is Cancelled
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)
    late = service.submit(slow(small, 62), "a")
    with pytest.raises(Cancelled, match="server is closing"):
        late.result(0)


def test_what_is_looked_at_goes_before_what_was_left_running(service, small):
    left = service.submit(slow(small, 23), "a")
    while not left.progress[0]:
        time.sleep(0.01)
    looked_at = service.submit(make_request(small, seed=70), "a", first=True)
    assert looked_at.result(WAIT_S).probability.size
    assert not left.is_finished
    left.cancel()
    with pytest.raises(Cancelled):
        left.result(WAIT_S)
    again = service.submit(make_request(small, seed=71, side=700, tile=64), "a")
    other = service.submit(make_request(small, seed=72), "a", first=True)
    assert other.result(WAIT_S).probability.size
    assert again.result(WAIT_S).probability.shape == (700, 708, 1)


def test_cancelling_while_a_large_image_is_on_its_way(service, small):
    """Two threads write on one connection: they must not write into each other."""
    for seed in range(80, 84):
        pixels = np.zeros((5000, 5000), np.uint8)
        request = Request(small[0].path, small[0].sha256, pixels, str(seed), Options(tile=64))
        job = service.submit(request, "a")
        while not job.is_finished:
            job.cancel()
            time.sleep(0.005)
        with pytest.raises(Cancelled):
            job.result(0)
    assert service.submit(make_request(small, seed=85), "a").result(WAIT_S).probability.size


def test_an_owner_that_leaves_takes_its_jobs_along(service, small):
    jobs = [service.submit(slow(small, seed), "gone") for seed in (90, 91)]
    while not jobs[0].progress[0]:
        time.sleep(0.01)
    service.leave("gone")
    for job in jobs:
        with pytest.raises(Cancelled):
            job.result(WAIT_S)


def test_a_full_disk_loses_no_result(small, tmp_path, monkeypatch):
    cache = ResultCache(2**20, 2**20, tmp_path)
    service = Service(cache, "cpu")

    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("seg.results.write_result", full)
    for seed in (1, 2):
        assert service.submit(make_request(small, seed=seed), "a").result(WAIT_S).probability.size
    service.close()


def test_a_child_that_cannot_start_is_told_at_once_to_all(small, tmp_path, monkeypatch):
    service = Service(ResultCache(2**20, 0, tmp_path), "cpu")
    monkeypatch.setattr("seg.child.sys.executable", "/bin/false")
    jobs = [service.submit(make_request(small, seed=seed), "a") for seed in range(3)]
    for job in jobs:
        with pytest.raises(RunError, match="could not be started"):
            job.result(WAIT_S)
    monkeypatch.undo()
    assert service.submit(make_request(small), "a").result(WAIT_S).probability.size
    service.close()


def test_a_fault_of_ours_has_a_reference_and_its_trace_is_in_the_log(service, small, caplog):
    odd = Request(small[0].path, small[0].sha256, np.zeros((4, 4, 2), np.uint8), "odd", Options())
    with pytest.raises(RunError, match=r"reference [0-9a-f]{8}") as told:
        service.submit(odd, "a").result(WAIT_S)
    reference = str(told.value).split("reference ")[1][:8]
    assert any(reference in record.message and "Traceback" in record.message
               for record in caplog.records)  # fmt: skip


def test_an_answer_brings_no_tensorflow_into_the_server(small, tmp_path):
    code = (
        "import sys, numpy as np; from pathlib import Path\n"
        "from seg.service import Service; from seg.results import ResultCache\n"
        "from seg.worker import Request; from seg.predict import Options\n"
        f"service = Service(ResultCache(2**20, 0, Path({str(tmp_path)!r})), 'cpu')\n"
        f"path, sha = Path({str(small[0].path)!r}), {small[0].sha256!r}\n"
        "for pixels in np.zeros((8, 8), np.uint8), np.zeros((4, 4, 2), np.uint8):\n"
        "    job = service.submit(Request(path, sha, pixels, str(pixels.shape), Options()), 'a')\n"
        "    try: job.result(120)\n"
        "    except Exception as error: print(type(error).__module__)\n"
        "service.close(); print('tensorflow' in sys.modules, 'keras' in sys.modules)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["seg.errors", "False", "False"]


def test_out_of_memory_is_tried_once_with_smaller_tiles():
    class ResourceExhaustedError(Exception):
        pass

    tried = []

    def attempt(options, fits):
        tried.append(options.tile)
        if options.tile > fits:
            raise ResourceExhaustedError
        return options.tile

    assert with_smaller_tiles(lambda o: attempt(o, 256), Options(tile=512)) == 256
    assert tried == [512, 256]
    with pytest.raises(RunError, match=r"tiles of 256 pixels\. Close"):
        with_smaller_tiles(lambda o: attempt(o, 100), Options(tile=512))
    with pytest.raises(ZeroDivisionError):
        with_smaller_tiles(lambda o: 1 // 0, Options())
