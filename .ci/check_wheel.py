"""Compare the installed distribution with the source tree, and import every module of it.

Run by the interpreter of an environment that holds the wheel and its dependencies only, outside
the checkout:  python -I check_wheel.py PATH_OF_THE_CHECKOUT
"""

import importlib
import sys
from importlib import metadata
from pathlib import Path

ROOTS = {"w2s_stats": "w2s_stats", "w2s_kernels": "kernels/w2s_kernels"}
# What an extra brings. A module may be unimportable for want of these, and of nothing else.
OPTIONAL = {"cupy", "dask", "distributed", "hypothesis", "matplotlib", "torch", "transformers"}
DATA = "w2s_stats/datasets/data/"


def wanted(name):
    return name.endswith((".py", ".typed", ".cu", ".cuh")) or name.startswith(DATA)


def files_of_tree(checkout):
    found = set()
    for package, folder in ROOTS.items():
        for path in (checkout / folder).rglob("*"):
            name = f"{package}/{path.relative_to(checkout / folder).as_posix()}"
            if path.is_file() and "__pycache__" not in path.parts and wanted(name):
                found.add(name)
    return found


def files_of_distribution():
    names = {path.as_posix() for path in metadata.files("w2s-stats") or ()}
    return {name for name in names if name.split("/")[0] in ROOTS and wanted(name)}


def module_name(file):
    return file.removesuffix(".py").removesuffix("/__init__").replace("/", ".")


def import_all(files):
    """Import each module; return (number imported, those that wait for an extra)."""
    waiting = {}
    modules = sorted(module_name(file) for file in files if file.endswith(".py"))
    for module in modules:
        if module.endswith("__main__"):
            continue
        try:
            importlib.import_module(module)
        except ModuleNotFoundError as error:
            missing = (error.name or "").split(".")[0]
            if missing not in OPTIONAL:
                raise
            waiting[module] = missing
    return len(modules) - len(waiting), waiting


def main(checkout):
    tree, installed = files_of_tree(checkout), files_of_distribution()
    for title, names in [
        ("in the tree but not in the wheel", tree - installed),
        ("in the wheel but not in the tree", installed - tree),
    ]:
        for name in sorted(names):
            print(f"{title}: {name}")
    if tree != installed:
        return 1
    n_imported, waiting = import_all(installed)
    for module, missing in waiting.items():
        print(f"{module} waits for {missing}")
    origin = Path(sys.modules["w2s_stats"].__file__)
    if checkout in origin.parents:
        print(f"w2s_stats was imported from the checkout ({origin}), not from the wheel")
        return 1
    print(f"{len(installed)} files as in the tree, {n_imported} modules imported")
    return 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]).resolve()))
