"""What holds for the whole project: light imports, one version, a README that names everything."""

import ast
import importlib
import os
import pkgutil
import re
import subprocess
import sys
from importlib import metadata
from pathlib import Path

import pytest

import w2s_kernels
import w2s_stats

ROOT = Path(__file__).resolve().parents[1]
PACKAGES = (w2s_stats, w2s_kernels)
SOURCES = sorted(file for package in PACKAGES for file in Path(package.__path__[0]).rglob("*.py"))

HEAVY = {"torch", "transformers", "cupy", "matplotlib", "statsmodels", "dask"}
# scikit-learn imports pandas wherever it is installed: only our own sources can be held to this.
NEVER_AT_MODULE_LEVEL = HEAVY | {"pandas"}


def modules_to_import():
    """Every module but the command line and the language models, which may ask for an extra."""
    names = []
    for package in PACKAGES:
        prefix = package.__name__ + "."
        names += [
            prefix.rstrip("."),
            *(m.name for m in pkgutil.walk_packages([package.__path__[0]], prefix)),
        ]
    aside = re.compile(r"w2s_stats\.(lm|cli)\b|w2s_kernels\.gpu\b|.*__main__$")
    return [name for name in names if not aside.match(name)]


def run_python(code, cwd):
    """Run code in a new interpreter that finds the packages of this checkout; return its output."""
    environment = dict(os.environ)
    environment["PYTHONPATH"] = os.pathsep.join([str(ROOT), str(ROOT / "kernels")])
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=cwd, env=environment, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def module_level_imports(tree):
    """Top-level names that running a module's body imports (not its functions' bodies)."""
    names, to_see = set(), list(tree.body)
    while to_see:
        node = to_see.pop()
        if isinstance(node, ast.Import):
            names |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            if node.level == 0:
                names.add(node.module.split(".")[0])
        elif isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test):
            to_see += node.orelse
        elif not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda):
            to_see += ast.iter_child_nodes(node)
    return names


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("import torch.nn as nn", {"torch"}),
        ("from pandas.api import types", {"pandas"}),
        ("try:\n    import cupy\nexcept ImportError:\n    pass", {"cupy"}),
        ("class A:\n    import dask", {"dask"}),
        ("def f():\n    import torch", set()),
        ("if TYPE_CHECKING:\n    import torch\nelse:\n    import os", {"os"}),
        ("from . import torch", set()),
    ],
)
def test_scan_of_imports(source, expected):
    assert module_level_imports(ast.parse(source)) == expected


@pytest.mark.parametrize("file", SOURCES, ids=[str(file.relative_to(ROOT)) for file in SOURCES])
def test_source_imports_nothing_heavy_at_module_level(file):
    found = module_level_imports(ast.parse(file.read_text(encoding="utf-8")))
    assert not found & NEVER_AT_MODULE_LEVEL, "import it in the function that uses it"


def test_fresh_process_stays_light(tmp_path):
    names = modules_to_import()
    code = f"import importlib, sys\nfor name in {names}: importlib.import_module(name)\n"
    loaded = set(run_python(code + "print(*sys.modules)", tmp_path).split())
    assert set(names) <= loaded
    assert not loaded & HEAVY


def test_packages_are_attributes_when_asked_for(tmp_path):
    code = "import w2s_stats, sys; assert not any(n.startswith('w2s_stats.') for n in sys.modules)"
    code += "; print(w2s_stats.mixture.__name__, 'mixture' in dir(w2s_stats))"
    assert run_python(code, tmp_path).split() == ["w2s_stats.mixture", "True"]
    folders = {p.parent.name for p in (ROOT / "w2s_stats").glob("*/__init__.py")}
    assert folders - INTERNAL - {"cli"} == set(w2s_stats._PACKAGES)


def test_importing_the_package_is_quick(tmp_path):
    code = (
        "import sklearn, numba, time; start = time.process_time(); import w2s_stats; "
        "print(time.process_time() - start)"
    )
    # The processor's time, and again if need be: other work on the machine does not count.
    assert any(float(run_python(code, tmp_path)) < 0.5 for _ in range(3))


def test_one_version():
    try:
        installed = metadata.version("w2s-stats")
    except metadata.PackageNotFoundError:
        pytest.skip("w2s-stats is not installed here, it runs from its sources")
    assert installed == w2s_stats.__version__, "installed before the version changed: install again"


def test_changelog_knows_the_version():
    text = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    assert f"## [{w2s_stats.__version__}]" in text


# What the estimators are made of, without a promise to users.
INTERNAL = {"_intervals", "_validation", "em", "experts"}


def public_names():
    for module in pkgutil.iter_modules(w2s_stats.__path__):
        if module.ispkg and module.name not in INTERNAL:
            package = importlib.import_module(f"w2s_stats.{module.name}")
            yield from ((module.name, name) for name in getattr(package, "__all__", ()))


def test_readme_has_a_row_for_every_public_name():
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    missing = [f"{package}.{name}" for package, name in public_names() if f"`{name}`" not in text]
    assert not missing
