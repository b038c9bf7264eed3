"""What holds for the whole project: light imports, one version, a README that names everything."""

import ast
import importlib
import json
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


# What a new interpreter tells of its imports: the processor's seconds, and what is loaded when.
IMPORTS = """
import importlib, json, sys, time
start = time.process_time()
import sklearn, numba
others = time.process_time()
import w2s_stats
told = {"others": others - start, "own": time.process_time() - others, "first": list(sys.modules)}
told["package"] = w2s_stats.mixture.__name__, "mixture" in dir(w2s_stats)
apart = "w2s_stats.testing"
for name in sorted(sys.argv[1:], key=lambda name: name.startswith(apart)):
    if name == apart:
        told["all but testing"] = list(sys.modules)
    importlib.import_module(name)
print(json.dumps({**told, "all": list(sys.modules)}))
"""


@pytest.fixture(scope="module")
def fresh(tmp_path_factory):
    """What a new interpreter, which finds the packages of this checkout, tells of its imports."""
    environment = dict(os.environ)
    environment["PYTHONPATH"] = os.pathsep.join([str(ROOT), str(ROOT / "kernels")])
    done = subprocess.run(
        [sys.executable, "-c", IMPORTS, *modules_to_import()],
        cwd=tmp_path_factory.mktemp("elsewhere"),
        env=environment,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


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


def test_fresh_process_stays_light(fresh):
    assert set(modules_to_import()) <= set(fresh["all"])
    assert not set(fresh["all"]) & HEAVY


def test_only_testing_imports_hypothesis(fresh):
    assert "w2s_stats.bounds" in fresh["all but testing"]
    assert "hypothesis" not in fresh["all but testing"]
    assert "hypothesis" in fresh["all"]


def test_packages_are_attributes_when_asked_for(fresh):
    assert "w2s_stats" in fresh["first"]
    assert not any(name.startswith("w2s_stats.") for name in fresh["first"])
    assert fresh["package"] == ["w2s_stats.mixture", True]
    folders = {p.parent.name for p in (ROOT / "w2s_stats").glob("*/__init__.py")}
    assert folders - INTERNAL - {"cli"} == set(w2s_stats._PACKAGES)


def test_importing_the_package_is_quick(fresh):
    # Against what it stands on, in the same process: of a slow machine both take longer.
    assert fresh["own"] < 0.1 * fresh["others"]


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


def readme_rows():
    """Names in the first cells of the README's table, by the package that they stand under."""
    package, names = None, {}
    for line in (ROOT / "README.md").read_text(encoding="utf-8").splitlines():
        cell = line.split("|")[1] if line.startswith("|") else ""
        if heading := re.search(r"`w2s_stats\.(\w+)`", cell):
            package = heading[1]
        else:
            names.setdefault(package, set()).update(re.findall(r"`(\w+)`", cell))
    return names


def test_readme_has_a_row_for_every_public_name():
    rows = readme_rows()
    assert not [f"{p}.{name}" for p, name in public_names() if name not in rows.get(p, ())]


STATEMENTS = ROOT / "docs" / "statements.md"
VERDICTS = ("true", "false", "not judged")


def statements():
    """Rows of the table of printed statements, as lists of cells."""
    lines = STATEMENTS.read_text(encoding="utf-8").splitlines()
    rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines if "::" in line]
    assert len(rows) >= 15
    return rows


@pytest.mark.parametrize("row", statements(), ids=lambda row: row[0])
def test_every_printed_statement_has_a_verdict_and_tests_that_exist(row):
    statement, words, verdict, tests, theory, offered = row
    assert statement.startswith("[") and words.endswith(".") and verdict.startswith(VERDICTS)
    named = re.findall(r"`(tests/[\w/]+\.py)::(test_\w+)`", tests + offered)
    assert named and (tests + offered).count("::") == len(named)
    for file, test in named:
        assert f"def {test}(" in (ROOT / file).read_text(encoding="utf-8")
    sections = (ROOT / "docs" / "theory.md").read_text(encoding="utf-8")
    assert all(f"\n{number} " in sections for number in theory.split(", "))
    first = re.search(r"`(\w+)`", offered)
    assert first and first[1] in {name for _, name in public_names()}
