"""Arrays in, arrays out: the compiled core under ``w2s_stats``.

No validation, no classes, no scikit-learn. ``reference`` holds plain NumPy and is the oracle;
``cpu`` holds the same names compiled with Numba, and ``gpu`` as CUDA kernels for CuPy's arrays.
Kernels return status codes; the words for them live in ``w2s_stats``.
"""
