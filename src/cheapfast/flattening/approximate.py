"""Flattening within an error: the smallest entries of the product, or of merged layers, go."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
from scipy import sparse

from cheapfast.flattening.blocks import FlatBlocks, require_finite, squared
from cheapfast.flattening.norms import spectral_norm
from cheapfast.flattening.selection import Selection, select
from cheapfast.layers import Layer, Sparse
from cheapfast.network import Network

Report = Callable[[int, int], None]

#: What sums of squares may lose to rounding, relatively: budgets of merged layers stay below it.
_ROUNDING = 1e-10


class Approximation(NamedTuple):
    """A network of merged layers without their smallest entries.

    Attributes
    ----------
    network : Network
        The approximation.
    error_bound : float
        What its relative Frobenius error is at most.
    """

    network: Network
    error_bound: float


def approximate_matrix(blocks: FlatBlocks, tolerance: float) -> Any:
    """Return the matrix with fewest nonzeros within a relative Frobenius error.

    Parameters
    ----------
    blocks : FlatBlocks
        The product.
    tolerance : float
        Relative error allowed, positive.

    Returns
    -------
    scipy.sparse.csr_array
    """
    if blocks.in_memory:
        kept = list(blocks)
        squares = [squared(block.data) for block in kept]
        selection = select_within(lambda: iter(squares), tolerance)
    else:
        selection = select_within(blocks.squares, tolerance)
        kept = blocks  # type: ignore[assignment]
    parts, ties = [], 0
    for block in kept:
        block_squares = squared(block.data)
        parts.append(_keep(block, selection.kept(block_squares, ties)))
        ties += int(np.count_nonzero(block_squares == selection.threshold))
    return sparse.hstack(parts, format="csr")


def count_approximate(blocks: FlatBlocks, tolerance: float) -> int:
    """Count the nonzeros of `approximate_matrix` without making it.

    Parameters
    ----------
    blocks, tolerance
        As for `approximate_matrix`.

    Returns
    -------
    int
    """
    if not blocks.in_memory:
        entries = 0

        def squares() -> Any:
            nonlocal entries
            entries = 0
            for block in blocks.squares():
                entries += len(block)
                yield block

        dropped = select_within(squares, tolerance).dropped
        return entries - dropped
    stored = list(blocks.squares())
    return sum(map(len, stored)) - select_within(lambda: iter(stored), tolerance).dropped


def select_within(squares: Callable[[], Any], tolerance: float) -> Selection:
    """Find the smallest entries that make up a relative error.

    Parameters
    ----------
    squares : callable
        Returns the squares of all entries, block after block, anew each time.
    tolerance : float
        Relative Frobenius error.

    Returns
    -------
    Selection
    """
    total = math.fsum(float(block.sum()) for block in squares())
    return select(squares, tolerance * tolerance * total)


def approximate_layers(
    net: Network, groups: tuple[tuple[int, int], ...], tolerance: float, norm: float
) -> Approximation:
    r"""Merge groups of layers and drop small entries of each, within an error of the product.

    Parameters
    ----------
    net : Network
        A linear network.
    groups : tuple of (int, int)
        The layers ``start`` to ``stop - 1`` that become one.
    tolerance : float
        Relative Frobenius error allowed to the product.
    norm : float
        Frobenius norm of the product.

    Returns
    -------
    Approximation

    Notes
    -----
    With merged matrices :math:`M_1, \dots, M_G` and :math:`M_g'=M_g-E_g`,

    .. math:: \|M_G\cdots M_1-M_G'\cdots M_1'\|_F\le
       \sum_g \prod_{h>g}\|M_h\|_2\;\|E_g\|_F\;\prod_{h<g}\|M_h'\|_2 .

    From the first group on, each gets an equal share of what is left of the error; spectral norms
    enter by certified upper bounds, so that the error is certified too.
    """
    matrices = [net[a].to_csr() if b == a + 1 else net[a:b].to_csr() for a, b in groups]
    for matrix in matrices:
        require_finite(matrix.data)
    norms = [spectral_norm(matrix).upper for matrix in matrices]
    budget = tolerance * norm * (1 - _ROUNDING)
    left = budget
    before = 1.0  # bound of the norm of the approximate layers so far
    layers: list[Layer] = []
    for g, (matrix, (a, b)) in enumerate(zip(matrices, groups, strict=True)):
        weight = before * math.prod(norms[g + 1 :])
        error, kept = 0.0, matrix
        if weight > 0 and left > 0:
            kept, error = _drop(matrix, left / (len(groups) - g) / weight)
        left -= weight * error
        before *= norms[g] + error
        # a layer that loses nothing stays what it is, symbolic or not
        layers.append(net[a] if b == a + 1 and kept.nnz == matrix.nnz else Sparse(kept))
    return Approximation(Network(layers), (budget - left) / norm if norm else 0.0)


def frobenius_norm(blocks: FlatBlocks) -> float:
    """Return the Frobenius norm of a product.

    Parameters
    ----------
    blocks : FlatBlocks
        The product.

    Returns
    -------
    float
    """
    return math.sqrt(math.fsum(float(squares.sum()) for squares in blocks.squares()))


def _drop(matrix: Any, error: float) -> tuple[Any, float]:
    """Drop the smallest entries up to an absolute Frobenius error; return what was lost as well."""
    squares = squared(matrix.data)
    selection = select(lambda: iter([squares]), error * error)
    lost = math.sqrt(selection.squares) * (1 + _ROUNDING)
    return _keep(matrix, selection.kept(squares)), lost


def _keep(matrix: Any, kept: Any) -> Any:
    """Return the matrix with some of its entries, in canonical form."""
    rows = np.repeat(np.arange(matrix.shape[0]), np.diff(matrix.indptr))[kept]
    indptr = np.zeros(matrix.shape[0] + 1, dtype=matrix.indptr.dtype)
    np.cumsum(np.bincount(rows, minlength=matrix.shape[0]), out=indptr[1:])
    return sparse.csr_array((matrix.data[kept], matrix.indices[kept], indptr), shape=matrix.shape)
