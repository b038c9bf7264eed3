"""Every CUDA source compiles, without a GPU: to PTX and to machine code of three architectures."""

import os
import sys

import pytest

from tests.gpu.emulator import translated
from w2s_kernels.gpu import _compile

SOURCES = sorted(path.stem for path in _compile.FOLDER.glob("*.cu"))
HALVES = {"softmax"}  # whose rows may be of two bytes a number
# Every source, in every type, for the device that the speed aims are for; for those before and
# after it the one with the most code.
LONGEST = max(SOURCES, key=lambda source: len(_compile.program(source)))
CASES = [
    (source, real, "sm_90")
    for source in SOURCES
    for real in (_compile.REAL.values() if source in HALVES else ("float", "double"))
] + [(LONGEST, "float", architecture) for architecture in ("sm_80", "sm_100")]


def compiler():
    """NVRTC by CuPy. Where the CI has installed both, a test that does without fails."""
    try:
        from cupy.cuda import nvrtc

        nvrtc.getVersion()
    except (ImportError, RuntimeError) as error:
        give_up = pytest.fail if "W2S_NVRTC_INSTALLED" in os.environ else pytest.skip
        give_up(f"no NVRTC (pip install 'w2s-stats[gpu]' nvidia-cuda-nvrtc): {error}")
    return nvrtc


@pytest.mark.parametrize(("source", "real", "architecture"), CASES)
def test_compiles(source, real, architecture):
    nvrtc = compiler()
    program = nvrtc.createProgram(_compile.program(source), f"{source}.cu", (), ())
    options = (*_compile.options(real), f"--gpu-architecture={architecture}")
    try:
        nvrtc.compileProgram(program, options)
    except nvrtc.NVRTCError as error:
        pytest.fail(f"{error}\n{nvrtc.getProgramLog(program)}", pytrace=False)
    # A warning is a mistake too: the log of a clean source is empty.
    assert not nvrtc.getProgramLog(program).strip("\0\n ")
    text, code = nvrtc.getPTX(program), nvrtc.getCUBIN(program)
    nvrtc.destroyProgram(program)
    assert f".target {architecture}".encode() in text
    assert code.startswith(b"\x7fELF")


@pytest.mark.parametrize("source", SOURCES)
def test_the_emulator_finds_every_kernel(source):
    n_kernels = _compile.program(source).count("__global__ void")
    assert translated(source).count('extern "C" const char* launch_') == n_kernels > 0


def test_headers_are_included_once():
    text = _compile.program("softmax")
    assert text.count("struct bfloat16_t") == 1
    assert "#include" not in text


@pytest.mark.parametrize("installed", [True, False])
def test_what_is_installed_must_compile(installed, monkeypatch):
    monkeypatch.setitem(sys.modules, "cupy", None)
    monkeypatch.setitem(sys.modules, "cupy.cuda", None)
    monkeypatch.delenv("W2S_NVRTC_INSTALLED", raising=False)
    if installed:
        monkeypatch.setenv("W2S_NVRTC_INSTALLED", "1")
    with pytest.raises(pytest.fail.Exception if installed else pytest.skip.Exception):
        compiler()
