"""The thread pool: results in order, one thread in a worker process."""

import multiprocessing
import threading

import pytest
from joblib import Parallel, delayed
from threadpoolctl import threadpool_info

from w2s_kernels import _dispatch


def test_results_come_in_order(monkeypatch):
    monkeypatch.setattr(_dispatch, "n_threads", lambda: 3)
    monkeypatch.setattr(_dispatch, "_pool", None)
    assert _dispatch.thread_map(lambda i: i * i, range(8)) == [i * i for i in range(8)]


@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt])
@pytest.mark.parametrize("in_caller", [True, False])
def test_nothing_goes_on_behind_an_exception(monkeypatch, error, in_caller):
    monkeypatch.setattr(_dispatch, "n_threads", lambda: 2)
    monkeypatch.setattr(_dispatch, "_pool", None)
    both, done = threading.Barrier(2, timeout=10), []

    def item(number):
        if number < 2:
            both.wait()  # the caller and the other thread have one item each
            if in_caller == (threading.current_thread() is threading.main_thread()):
                raise error("no")
        done.append(number)

    with pytest.raises(error, match="no"):
        _dispatch.thread_map(item, range(1000))
    seen = len(done)
    assert seen < 1000
    threading.Event().wait(0.05)
    assert len(done) == seen


def blas_threads():
    return [pool["num_threads"] for pool in threadpool_info() if pool["user_api"] == "blas"]


def test_blas_has_one_thread_until_the_last_leaves():
    before = blas_threads()
    first, second = _dispatch.one_blas_thread(), _dispatch.one_blas_thread()
    with first:
        second.__enter__()
        assert set(blas_threads()) <= {1}
    # The first to come has left, as in another thread it might.
    assert set(blas_threads()) <= {1}
    second.__exit__(None, None, None)
    assert blas_threads() == before


@pytest.mark.parametrize("backend", ["loky", "multiprocessing"])
def test_a_worker_process_has_one_thread(backend):
    assert multiprocessing.parent_process() is None
    inside = Parallel(n_jobs=2, backend=backend)(delayed(_dispatch.n_threads)() for _ in range(2))
    assert inside == [1, 1]
