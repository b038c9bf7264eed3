"""The thread pool: results in order; safe in threads and after a fork; one thread in a worker."""

import multiprocessing
import os
import pickle
import threading
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from joblib import Parallel, delayed
from threadpoolctl import threadpool_info

from w2s_kernels import _dispatch
from w2s_stats._intervals import resampled_means
from w2s_stats.divergences import kl_divergence


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


@pytest.mark.usefixtures("two_blas_threads")
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


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system does not fork")
@pytest.mark.filterwarnings("ignore:.*multi-threaded.*fork:DeprecationWarning")
@pytest.mark.usefixtures("two_blas_threads")
def test_a_child_forked_inside_leaves_too():
    before = blas_threads()
    with ThreadPoolExecutor(1) as other:
        # Another thread is inside as well: the child does not have it.
        elsewhere = _dispatch.one_blas_thread()
        other.submit(elsewhere.__enter__).result()
        read, write = os.pipe()
        with _dispatch.one_blas_thread():
            child = os.fork()
        if child == 0:
            try:
                with os.fdopen(write, "wb") as out:
                    pickle.dump((_dispatch._n_inside, blas_threads()), out)
            finally:
                os._exit(0)
        other.submit(elsewhere.__exit__, None, None, None).result()
    os.close(write)
    with os.fdopen(read, "rb") as out:
        assert pickle.load(out) == (0, before)
    assert os.waitpid(child, 0)[1] == 0
    assert (_dispatch._n_inside, blas_threads()) == (0, before)


@pytest.mark.parametrize("backend", ["loky", "multiprocessing"])
def test_a_worker_process_has_one_thread(backend):
    assert multiprocessing.parent_process() is None
    inside = Parallel(n_jobs=2, backend=backend)(delayed(_dispatch.n_threads)() for _ in range(2))
    assert inside == [1, 1]


@pytest.fixture
def two_threads(monkeypatch):
    """A pool of two threads, which have run."""
    monkeypatch.setattr(_dispatch, "n_threads", lambda: 2)
    monkeypatch.setattr(_dispatch, "_pool", None)
    both = threading.Barrier(2, timeout=10)
    _dispatch.thread_map(lambda _: both.wait(), range(2))
    yield
    _dispatch._pool.shutdown()


def by_kernels():
    """Results of two kernels, of enough rows that each is cut into pieces for the threads."""
    rng = np.random.default_rng(0)
    p, q = rng.dirichlet(np.ones(20), size=(2, 20_000))
    means = resampled_means(rng.normal(size=(3000, 2)), None, 40, 5)
    return np.concatenate([kl_divergence(p, q, per_sample=True), means.ravel()])


def test_results_repeat_to_the_last_bit(two_threads):
    expected = by_kernels()
    for _ in range(5):
        np.testing.assert_array_equal(by_kernels(), expected)


def test_several_threads_at_once(two_threads):
    expected = by_kernels()
    with ThreadPoolExecutor(4) as callers:
        for found in callers.map(lambda _: by_kernels(), range(8)):
            np.testing.assert_array_equal(found, expected)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system does not fork")
@pytest.mark.filterwarnings("ignore:.*multi-threaded.*fork:DeprecationWarning")
def test_a_forked_child_makes_a_pool_of_its_own(two_threads):
    expected = by_kernels()
    busy, stop = threading.Event(), threading.Event()

    def work():
        while not stop.is_set():
            by_kernels()
            busy.set()

    # The fork comes while the parent's threads are at work.
    other = threading.Thread(target=work, daemon=True)
    other.start()
    busy.wait(20)
    read, write = os.pipe()
    child = os.fork()
    if child == 0:
        try:  # whatever happens, the child must not go on with the tests
            with os.fdopen(write, "wb") as out:
                pickle.dump((_dispatch._pool is None, by_kernels()), out)
        finally:
            os._exit(0)
    os.close(write)
    with os.fdopen(read, "rb") as out:
        without_pool, found = pickle.load(out)
    stop.set()
    other.join(20)
    assert os.waitpid(child, 0)[1] == 0
    assert without_pool
    np.testing.assert_array_equal(found, expected)
    np.testing.assert_array_equal(by_kernels(), expected)


@pytest.mark.parametrize("method", multiprocessing.get_all_start_methods())
@pytest.mark.filterwarnings("ignore:.*multi-threaded.*fork:DeprecationWarning")
def test_kernels_in_worker_processes(two_threads, method):
    values = np.random.default_rng(0).normal(size=(3000, 2))
    expected = resampled_means(values, None, 40, 5)
    with multiprocessing.get_context(method).Pool(1) as pool:
        found = pool.apply_async(resampled_means, (values, None, 40, 5)).get(timeout=60)
    np.testing.assert_array_equal(found, expected)


@pytest.mark.parametrize("backend", ["loky", "threading"])
def test_kernels_under_joblib(two_threads, backend):
    values = np.random.default_rng(0).normal(size=(3000, 2))
    expected = resampled_means(values, None, 40, 5)
    found = Parallel(n_jobs=2, backend=backend, timeout=60)(
        delayed(resampled_means)(values, None, 40, 5) for _ in range(4)
    )
    np.testing.assert_array_equal(found, [expected] * 4)


def test_the_environment_may_say_how_many(monkeypatch):
    monkeypatch.setenv("W2S_STATS_THREADS", "1")
    assert _dispatch.n_threads() == 1
    monkeypatch.setenv("W2S_STATS_THREADS", "7")
    assert _dispatch.n_threads() == 7
    for wrong in ("0", "-1", "two", "1.5", ""):
        monkeypatch.setenv("W2S_STATS_THREADS", wrong)
        with pytest.raises(ValueError, match=f"whole number of at least 1; found '{wrong}'"):
            _dispatch.n_threads()
    monkeypatch.delenv("W2S_STATS_THREADS")
    assert _dispatch.n_threads() == len(os.sched_getaffinity(0))
