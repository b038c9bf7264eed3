"""The thread pool, and the other one, BLAS's, kept out of its way."""

from __future__ import annotations

import multiprocessing
import os
import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from functools import cache
from typing import TypeVar

from threadpoolctl import ThreadpoolController

T = TypeVar("T")
R = TypeVar("R")

_pool: ThreadPoolExecutor | None = None
_lock = threading.Lock()
_n_inside = 0  # how many contexts of one_blas_thread are open
_own = threading.local()  # `n_inside` of each thread
_limits = ExitStack()


def n_threads() -> int:
    """Threads the kernels use: as W2S_STATS_THREADS says, or the cores this process may run on.

    One in a worker process.
    """
    # Workers of multiprocessing, and so of joblib, know a parent: their siblings have the cores.
    if multiprocessing.parent_process() is not None:
        return 1
    given = os.environ.get("W2S_STATS_THREADS")
    if given is not None:
        if not given.isdecimal() or int(given) < 1:
            raise ValueError(
                f"W2S_STATS_THREADS must be a whole number of at least 1; found {given!r}."
            )
        return int(given)
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def thread_map(function: Callable[[T], R], items: Iterable[T]) -> list[R]:
    """Apply a function that releases the GIL to every item on the pool, results in order.

    When an item raises, the others end, and nothing goes on behind the exception.
    """
    items = list(items)
    n_workers = min(n_threads(), len(items)) if len(items) > 1 else 1
    if n_workers < 2:
        return [function(item) for item in items]
    results: list = [None] * len(items)
    left = deque(range(len(items)))

    def work() -> None:
        try:
            while left:
                try:
                    number = left.popleft()
                except IndexError:  # another thread took the last one
                    return
                results[number] = function(items[number])
        except BaseException:
            left.clear()  # the others stop after the item that they are at
            raise

    # The caller works too, and whoever is free takes the next item: waking a sleeping thread takes
    # as long as a small item, and cores are not equally fast.
    pool = _threads()
    others = [pool.submit(work) for _ in range(1, n_workers)]
    try:
        work()
    finally:
        # One that has not begun finds nothing left. One that has writes to arrays of the caller.
        begun = [other for other in others if not other.cancel()]
        for other in begun:
            other.exception()  # waits, and says nothing
    for other in begun:
        other.result()
    return results


def _threads() -> ThreadPoolExecutor:
    global _pool
    with _lock:
        if _pool is None:
            _pool = ThreadPoolExecutor(n_threads(), thread_name_prefix="w2s")
        return _pool


@cache
def _thread_pools() -> ThreadpoolController:
    return ThreadpoolController()


@contextmanager
def one_blas_thread() -> Iterator[None]:
    """Context in which BLAS uses one thread: inside chunks its own threads only wait and spin.

    The number is the process's. The first of several threads that come in sets it, and the last
    one to leave sets it back.
    """
    global _n_inside
    with _lock:
        if _n_inside == 0:
            _limits.enter_context(_thread_pools().limit(limits=1, user_api="blas"))
        _n_inside += 1
        _own.n_inside = getattr(_own, "n_inside", 0) + 1
    try:
        yield
    finally:
        with _lock:
            _n_inside -= 1
            _own.n_inside -= 1
            if _n_inside == 0:
                _limits.close()


def _drop_pool() -> None:
    """Forget the parent's pool: its threads do not exist in a forked child, but the forking one."""
    global _pool, _lock, _n_inside
    _pool, _lock, _n_inside = None, threading.Lock(), getattr(_own, "n_inside", 0)


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_drop_pool)
