"""Sizes that kernels and their launches share: macros of the same names in every CUDA source."""

from __future__ import annotations

# divergence.cu, softmax.cu
TILE_BYTES = 16384  # of short rows of either array, in shared memory
# sums.cu
THREADS = 256
SHARING = 4  # weights for which a thread makes a product of features once
FEATURE_ROOM = 5120  # numbers of the features that a block holds at a time
# calibration.cu
BIN_WARPS = 8
BIN_ROOM = 4096  # numbers of the warps' bins in shared memory
# resample.cu
REPLICATES = 128  # of a block, one a thread
COLUMNS = 4  # of a block

MACROS = tuple(f"-D{name}={size}" for name, size in list(vars().items()) if name.isupper())
