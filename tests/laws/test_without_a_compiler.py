"""With NUMBA_DISABLE_JIT=1 every kernel is plain Python, and computes the same."""

import os
import subprocess
import sys
from pathlib import Path

PROGRAM = """
import numpy as np
from tests.laws.test_kernels_agree import ALL, CASES, Shapes, compare
from w2s_kernels import cpu

class Few(Shapes):
    def __init__(self, seed):
        self.rng = np.random.default_rng(seed)
        self.rows = [1, 7, 40][seed % 3]
        self.features, self.experts, self.outputs = self.rng.integers(1, [5, 4, 3])
        self.gaps = [0.0, 0.3, 1.0][(seed + seed // 3) % 3]

for module, name in ALL:
    kernel = getattr(getattr(cpu, module), name)
    assert type(kernel).__module__ == "builtins", f"{name} is compiled"
    with np.errstate(all="ignore"):
        for seed in range(6):
            compare(module, name, *CASES[name](Few(seed)))
    print(f"{module}.{name}")
"""


def test_every_kernel_computes_the_same_without_a_compiler():
    from tests.laws.test_kernels_agree import ALL

    root = Path(__file__).parents[2]
    environment = {
        **os.environ,
        "NUMBA_DISABLE_JIT": "1",
        "PYTHONPATH": os.pathsep.join([str(root), str(root / "kernels")]),
    }
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM], capture_output=True, text=True, env=environment, cwd=root
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.split() == [f"{module}.{name}" for module, name in ALL]
