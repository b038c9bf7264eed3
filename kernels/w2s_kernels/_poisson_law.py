"""The law of Poisson(1) in 16 bits, and in another 53 where those do not decide.

Of the 65,536 values of 16 bits, floor(65536 e^-1/k!) mean k = 0, ..., 7. The last five stand for
the rest of the law, which the others choose from: what is left of the distance in total variation
is rounding, below 1e-16.
"""

from __future__ import annotations

from math import exp, factorial

import numpy as np

_SHARES = [65536.0 * exp(-1.0) / factorial(k) for k in range(24)]
_WHOLE = [int(share) for share in _SHARES[:8]]
# The count is how many limits are not above the 16 bits; 8 stands for the rest.
LIMITS = np.cumsum(_WHOLE).astype(np.uint16)
# The count is how many of these are not above a uniform number.
LEFT = np.cumsum([s - w for s, w in zip(_SHARES, _WHOLE + [0] * 16, strict=True)])
LEFT /= LEFT[-1]
