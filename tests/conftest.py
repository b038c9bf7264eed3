"""Fixtures and settings shared by all tests."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import settings
from threadpoolctl import threadpool_limits

# With CI set, hypothesis has loaded its own "ci" profile (derandomized, no example database,
# failures print a blob); ours adds to whichever of the two is in force.
settings.register_profile(
    "w2s_stats",
    parent=settings.get_profile("ci" if os.environ.get("CI") else "default"),
    deadline=None,
    max_examples=50,
)
settings.load_profile("w2s_stats")


@pytest.fixture(scope="session", autouse=True)
def a_core_for_each_worker():
    """Let BLAS have one thread beside other workers: threads spin while they wait for a core."""
    workers = int(os.environ.get("PYTEST_XDIST_WORKER_COUNT", "1"))
    with threadpool_limits(1 if workers > 1 else None):
        yield


@pytest.fixture
def two_blas_threads():
    """For tests of how many there are."""
    with threadpool_limits(2, user_api="blas"):
        yield


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """Return the folder of real data that the package does not carry, or skip and say so."""
    beside = Path(__file__).resolve().parents[1].parent / "shared" / "data"
    named = os.environ.get("W2S_STATS_DATA")
    for folder in ([Path(named)] if named else []) + [beside]:
        if folder.is_dir():
            return folder
    pytest.skip(f"no folder of real data: neither W2S_STATS_DATA={named!r} nor {beside} is one")
