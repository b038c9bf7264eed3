"""hypothesis is an extra: this package needs it, and says so."""

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
WITHOUT = "import sys; sys.modules['hypothesis'] = None; "


def run_python(code, cwd):
    paths = os.pathsep.join([str(ROOT), str(ROOT / "kernels")])
    environment = {**os.environ, "PYTHONPATH": paths}
    return subprocess.run(
        [sys.executable, "-c", code], cwd=cwd, env=environment, capture_output=True, text=True
    )


def test_one_sentence_where_it_is_not_installed(tmp_path):
    for module in ("w2s_stats.testing", "w2s_stats.testing.strategies"):
        done = run_python(WITHOUT + f"import {module}", tmp_path)
        assert done.returncode == 1
        assert done.stderr.splitlines()[-1] == (
            "ModuleNotFoundError: w2s_stats.testing needs hypothesis, which is not installed: "
            "pip install 'w2s-stats[test]'."
        )
        assert "During handling" not in done.stderr and "direct cause" not in done.stderr
