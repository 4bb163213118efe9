"""Whether weights may be multiplied with each other before they meet the numbers they are for.

A diagonal of 1e-30 before a factor of 1e-30 makes 1e-30 of 1e30. Multiplied with each other first,
they would be 0 in single precision.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from cheapfast.layers import KroneckerSparse, Sparse

if TYPE_CHECKING:
    from cheapfast.layers import Layer


def can_multiply(layers: Sequence[Layer]) -> bool:
    """Say whether products of a weight of each layer are right to the last digits.

    Parameters
    ----------
    layers : sequence of Layer
        Factors, diagonals and permutations, multiplied one after another.

    Returns
    -------
    bool
        False if one of the products might over- or underflow. True where there is one factor only.
    """
    weighted = [layer for layer in layers if isinstance(layer, (KroneckerSparse, Sparse))]
    if len(weighted) < 2:
        return True
    dtype = np.result_type(*(layer.dtype for layer in weighted))
    real = np.finfo(dtype)
    # a part of a complex number may be that much smaller than its magnitude, and still count
    smaller = float(real.eps) if dtype.kind == "c" else 1.0
    lowest, highest = float(real.smallest_normal) / smaller, float(real.max) / 4
    least = most = 1.0
    for i, layer in enumerate(weighted):
        low, high = _magnitudes(layer)
        least, most = least * low, most * high
        if i > 0 and not (lowest <= least and most <= highest):  # NaN fails this
            return False
    return True


def _magnitudes(layer: KroneckerSparse | Sparse) -> tuple[float, float]:
    """Return the least and the largest magnitude of the weights that are not 0."""
    values = layer.values if isinstance(layer, KroneckerSparse) else layer
    least, most = values.magnitudes
    return (1.0, 1.0) if most == 0 else (least, most)
