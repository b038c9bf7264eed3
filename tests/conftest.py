"""Fixtures and settings shared by all tests."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import settings

# With CI set, hypothesis has loaded its own "ci" profile (derandomized, no example database,
# failures print a blob); ours adds to whichever of the two is in force.
settings.register_profile(
    "w2s_stats",
    parent=settings.get_profile("ci" if os.environ.get("CI") else "default"),
    deadline=None,
    max_examples=50,
)
settings.load_profile("w2s_stats")


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """Return the folder of real data that the package does not carry, or skip and say so."""
    beside = Path(__file__).resolve().parents[1].parent / "shared" / "data"
    named = os.environ.get("W2S_STATS_DATA")
    for folder in ([Path(named)] if named else []) + [beside]:
        if folder.is_dir():
            return folder
    pytest.skip(f"no folder of real data: neither W2S_STATS_DATA={named!r} nor {beside} is one")
