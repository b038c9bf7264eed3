"""The backend of an array: NumPy's go to ``cpu``, CuPy's to ``gpu``.

What users pass may be a torch tensor too: `from_tensor` makes an array of it, at the border, and
nothing behind it knows of torch. Neither CuPy nor torch is imported before somebody has passed one
of their arrays.
"""

from __future__ import annotations

import sys
from types import ModuleType
from typing import Any

from w2s_kernels import cpu, gpu


def on_gpu(array: Any) -> bool:
    """Whether it is an array of CuPy's."""
    cupy = sys.modules.get("cupy")
    return cupy is not None and isinstance(array, cupy.ndarray)


def kernels_for(array: Any) -> ModuleType:
    """The kernels that take an array: `gpu` those of CuPy's, `cpu` those of NumPy's."""
    return gpu if on_gpu(array) else cpu


def is_cuda_bfloat16(values: Any) -> bool:
    """Whether it is a CUDA tensor of bfloat16, which CuPy has not, and kernels read by its bits."""
    torch = sys.modules.get("torch")
    if torch is None or not isinstance(values, torch.Tensor):
        return False
    return values.device.type == "cuda" and values.dtype == torch.bfloat16


def from_tensor(values: Any, *, name: str, bits: bool = False) -> Any:
    """The memory of a torch tensor as an array, NumPy's or CuPy's; anything else as it is.

    Parameters
    ----------
    values : object
        A tensor goes over by DLPack, without a copy and without its graph; bfloat16 becomes
        float32, which is one.
    name : str
        What messages call it.
    bits : bool, default=False
        Whether bfloat16 stays where it is, as the uint16 array of its bits.

    Raises
    ------
    TypeError
        If a tensor is sparse, or neither in the CPU's memory nor on a CUDA device.
    ImportError
        If a tensor is on a CUDA device and CuPy is not installed.
    """
    torch = sys.modules.get("torch")
    if torch is None or not isinstance(values, torch.Tensor):
        return values
    if values.layout != torch.strided:
        raise TypeError(f"{name} must be a dense tensor; found {values.layout}: take to_dense().")
    if values.device.type not in ("cpu", "cuda"):
        raise TypeError(
            f"{name} must be on the CPU or on a CUDA device; found a tensor on "
            f"{values.device.type!r}: take to('cpu')."
        )
    tensor = values.detach()
    as_bits = bits and tensor.dtype == torch.bfloat16
    if as_bits:
        tensor = tensor.view(torch.int16)
    elif tensor.dtype == torch.bfloat16:
        tensor = tensor.float()
    array = _module_of(values, name).from_dlpack(tensor)
    return array.view("uint16") if as_bits else array


def _module_of(tensor: Any, name: str) -> Any:
    """The module whose arrays share a tensor's memory."""
    if tensor.device.type == "cpu":
        import numpy

        return numpy
    try:
        import cupy
    except ImportError:
        raise ImportError(
            f"{name} is a CUDA tensor and needs CuPy: pip install 'w2s-stats[gpu]'."
        ) from None
    return cupy
