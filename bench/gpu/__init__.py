"""The CUDA kernels, checked and timed on one GPU: ``python -m bench.gpu``."""
