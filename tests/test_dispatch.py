"""The thread pool: results in order, one thread in a worker process."""

import multiprocessing

import pytest
from joblib import Parallel, delayed

from w2s_kernels import _dispatch


def test_results_come_in_order(monkeypatch):
    monkeypatch.setattr(_dispatch, "n_threads", lambda: 3)
    monkeypatch.setattr(_dispatch, "_pool", None)
    assert _dispatch.thread_map(lambda i: i * i, range(8)) == [i * i for i in range(8)]


@pytest.mark.parametrize("backend", ["loky", "multiprocessing"])
def test_a_worker_process_has_one_thread(backend):
    assert multiprocessing.parent_process() is None
    inside = Parallel(n_jobs=2, backend=backend)(delayed(_dispatch.n_threads)() for _ in range(2))
    assert inside == [1, 1]
