"""What is installed, what works, and what could be added."""

from __future__ import annotations

import os
import platform
import tempfile
from collections.abc import Callable
from importlib import metadata, util
from pathlib import Path
from typing import Any

import numpy as np

from w2s_stats import __version__
from w2s_stats.cli._errors import InputError

NEEDED = ("numpy", "scipy", "scikit-learn", "numba", "llvmlite", "statsmodels", "pandas", "typer")
EXTRAS = {  # module, what it is for, how to get it
    "matplotlib": ("pictures", "w2s-stats[plot]"),
    "pyarrow": ("Parquet files", "pyarrow"),
    "torch": ("tensors; adapters to come", "w2s-stats[lm]"),
    "transformers": ("adapters for language models, to come", "w2s-stats[lm]"),
    "cupy": ("kernels on a GPU", "w2s-stats[gpu]"),
    "dask": ("data on several machines, to come", "w2s-stats[dask]"),
}


def examine() -> dict[str, Any]:
    """Look at versions, threads, backends, caches and extras.

    Returns
    -------
    dict
        Plain values, ready for JSON; ``ok`` says whether what is needed works.
    """
    backends = {"cpu": _try(_check_cpu), "gpu": _try(_check_gpu)}
    return {
        "ok": backends["cpu"]["works"],
        "versions": {
            "w2s-stats": __version__,
            "python": platform.python_version(),
            **{name: _version(name) for name in NEEDED},
        },
        "platform": platform.platform(),
        "threads": _threads(),
        "backends": backends,
        "caches": _caches(),
        "extras": {name: _extra(name) for name in EXTRAS},
    }


def _version(distribution: str) -> str | None:
    try:
        return metadata.version(distribution)
    except metadata.PackageNotFoundError:
        return None


def _threads() -> dict[str, Any]:
    from threadpoolctl import threadpool_info

    from w2s_kernels._dispatch import n_threads

    pools = {pool["internal_api"]: pool["num_threads"] for pool in threadpool_info()}
    return {"cores": os.cpu_count(), "kernels": n_threads(), **pools}


def _try(check: Callable[[], str]) -> dict[str, Any]:
    """Run a check that returns words or raises InputError with the reason."""
    try:
        return {"works": True, "found": check()}
    except InputError as reason:
        return {"works": False, "found": str(reason)}
    except Exception as error:
        return {"works": False, "found": f"{type(error).__name__}: {error}"}


def _check_cpu() -> str:
    """Fit a small mixture with the compiled kernels, and look whether it finds the truth."""
    import numba

    from w2s_stats.mixture import MixtureOfExpertsRegressor

    random = np.random.default_rng(0)
    x = random.normal(size=(200, 1))
    slope = np.where(random.uniform(size=200) < 0.5, 2.0, -2.0)
    y = slope * x[:, 0] + 0.1 * random.normal(size=200)
    mixture = MixtureOfExpertsRegressor(n_experts=2, n_init=3, random_state=0).fit(x, y)
    found = np.sort(mixture.coef_.ravel())
    if not np.allclose(found, [-2, 2], atol=0.1):
        raise InputError(f"slopes -2 and 2 were fitted as {found.round(3).tolist()}")
    jit = "interpreted (NUMBA_DISABLE_JIT is set)" if numba.config.DISABLE_JIT else "compiled"
    return f"numba {numba.__version__}, {jit}, a test fit finds the truth"


def _check_gpu() -> str:
    if util.find_spec("cupy") is None:
        raise InputError("none, cupy is not installed")
    import cupy

    try:
        count = cupy.cuda.runtime.getDeviceCount()
    except cupy.cuda.runtime.CUDARuntimeError as error:
        raise InputError(f"none, cupy {cupy.__version__} finds no device ({error})") from error
    name = cupy.cuda.runtime.getDeviceProperties(0)["name"].decode()
    return f"cupy {cupy.__version__}, {count} × {name}"


def _caches() -> dict[str, Any]:
    """Where compiled kernels are kept, and whether that can be written."""
    from w2s_kernels.cpu import em

    impl = getattr(getattr(em.posterior, "_cache", None), "_impl", None)
    locator = getattr(impl, "locator", None)
    if locator is None:
        return {"kernels": None, "writable": False}
    folder = Path(locator.get_cache_path())
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            pass
    except OSError:
        return {"kernels": str(folder), "writable": False}
    return {"kernels": str(folder), "writable": True}


def _extra(module: str) -> str | None:
    if util.find_spec(module) is None:
        return None
    return next((v for name in (module, f"{module}-cuda13x", f"{module}-cuda12x")
                 if (v := _version(name))), "unknown version")  # fmt: skip
