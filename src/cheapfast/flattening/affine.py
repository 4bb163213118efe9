"""Several linear layers as one, biases included."""

from __future__ import annotations

from collections.abc import Sequence
from functools import reduce
from typing import Any

import numpy as np
import numpy.typing as npt

from cheapfast.layers import Layer, Sparse
from cheapfast.plan.product import multiply_out


def merged_layer(
    layers: Sequence[Layer], threads: int | None = None, dtype: np.dtype[Any] | None = None
) -> Sparse:
    """Multiply linear layers out to one, biases included.

    Parameters
    ----------
    layers : sequence of Layer
        In data-flow order.
    threads : int, optional
        As for `Network.apply`.
    dtype : numpy.dtype, optional
        As for `multiply_out`.

    Returns
    -------
    Sparse
        W_2 (W_1 x + b_1) + b_2 has the weights W_2 W_1 and the bias W_2 b_1 + b_2.

    Raises
    ------
    MemoryError
        Before a product that would not fit.
    """
    matrix = multiply_out(layers, threads, dtype)

    def pushed(bias: npt.NDArray[Any] | None, layer: Layer) -> npt.NDArray[Any] | None:
        """Return what a layer makes of the bias before it, its own added."""
        if bias is None:
            return None if layer.bias is None else layer.bias.astype(matrix.dtype)
        column: npt.NDArray[Any] = layer.apply(bias[:, np.newaxis])
        return column[:, 0]

    return Sparse(matrix, reduce(pushed, layers, None))
