"""The thread pool, and the other one, BLAS's, kept out of its way."""

from __future__ import annotations

import multiprocessing
import os
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager
from functools import cache
from typing import TypeVar

from threadpoolctl import ThreadpoolController

T = TypeVar("T")
R = TypeVar("R")

_pool: ThreadPoolExecutor | None = None


def n_threads() -> int:
    """Threads the kernels use: the cores this process may run on, one in a worker process."""
    # Workers of multiprocessing, and so of joblib, know a parent: their siblings have the cores.
    if multiprocessing.parent_process() is not None:
        return 1
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def thread_map(function: Callable[[T], R], items: Iterable[T]) -> list[R]:
    """Apply a function that releases the GIL to every item on the pool, results in order."""
    global _pool
    items = list(items)
    n_workers = min(n_threads(), len(items))
    if n_workers < 2:
        return [function(item) for item in items]
    if _pool is None:
        _pool = ThreadPoolExecutor(n_threads(), thread_name_prefix="w2s")
    results: list = [None] * len(items)
    left = iter(range(len(items)))  # the GIL hands each number to one thread

    def work() -> None:
        for number in left:
            results[number] = function(items[number])

    # The caller works too, and whoever is free takes the next item: waking a sleeping thread takes
    # as long as a small item, and cores are not equally fast.
    others = [_pool.submit(work) for _ in range(1, n_workers)]
    work()
    for other in others:
        other.result()
    return results


@cache
def _thread_pools() -> ThreadpoolController:
    return ThreadpoolController()


def one_blas_thread() -> AbstractContextManager:
    """Context in which BLAS uses one thread: inside chunks its own threads only wait and spin."""
    return _thread_pools().limit(limits=1, user_api="blas")


def _drop_pool() -> None:
    """Forget the parent's pool: its threads do not exist in a forked child."""
    global _pool
    _pool = None


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_drop_pool)
