"""A low-rank matrix as a network with one narrow hidden layer."""

from __future__ import annotations

from typing import Any

from cheapfast.network import Network
from cheapfast.network.items import as_layer


def low_rank(B: Any, C: Any) -> Network:
    r"""Return the product ``B @ C`` as a network with one hidden layer as wide as the rank.

    Parameters
    ----------
    B : array_like, sparse array or Layer, shape (m, k)
        Left factor.
    C : array_like, sparse array or Layer, shape (k, n)
        Right factor, which meets the data first.

    Returns
    -------
    Network
        Shape (m, n), layers C and then B in data-flow order.

    Raises
    ------
    ValueError
        If the columns of `B` are not as many as the rows of `C`.

    Notes
    -----
    For dense B, C and product with m = n flattening costs :math:`C_s = n^2/(2nk) = n/2k`: it pays
    to stay deep while k < n/2. The paper has the two shapes the wrong way round.

    Examples
    --------
    >>> import numpy as np, cheapfast as cf
    >>> net = cf.algorithms.low_rank(np.ones((100, 5)), np.ones((5, 100)))
    >>> cf.flattening_cost(net).ratio
    10.0
    """
    left, right = as_layer(B, "B"), as_layer(C, "C")
    if left.shape[1] != right.shape[0]:
        raise ValueError(
            "B must have as many columns as C has rows, "
            f"got shapes {tuple(left.shape)} and {tuple(right.shape)}"
        )
    return Network([right, left])
