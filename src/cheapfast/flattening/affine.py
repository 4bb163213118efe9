"""Several linear layers as one, biases included."""

from __future__ import annotations

from collections.abc import Sequence
from functools import reduce
from typing import Any

import numpy as np
import numpy.typing as npt

from cheapfast.layers import Layer, Sparse
from cheapfast.plan.product import multiply_out


def merged_layer(layers: Sequence[Layer], threads: int | None = None) -> Sparse:
    """Multiply linear layers out to one, biases included.

    Parameters
    ----------
    layers : sequence of Layer
        In data-flow order.
    threads : int, optional
        As for `Network.apply`.

    Returns
    -------
    Sparse
        W_2 (W_1 x + b_1) + b_2 has the weights W_2 W_1 and the bias W_2 b_1 + b_2.

    Raises
    ------
    MemoryError
        Before a product that would not fit.
    """
    return Sparse(multiply_out(layers, threads), reduce(_pushed, layers, None))


def _pushed(bias: npt.NDArray[Any] | None, layer: Layer) -> npt.NDArray[Any] | None:
    """Return what a layer makes of the bias before it, its own added."""
    if bias is None:
        return layer.bias
    column: npt.NDArray[Any] = layer.apply(np.asarray(bias)[:, np.newaxis])
    return column[:, 0]
