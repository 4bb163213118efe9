"""NumPy's batched product of matrices, for layers of large dense blocks."""

from __future__ import annotations

from collections.abc import Callable
from functools import reduce
from typing import Any

import numpy as np

from ..applying import Array
from ..networks import NetworkApplier, NetworkProblem, kronecker_factors

#: With smaller blocks a product of matrices is mostly the call.
SMALLEST_BLOCK = 16


class NumpyMatmul(NetworkApplier):
    """``numpy.matmul`` over the blocks of each layer; BLAS gives such products one thread.

    Blocks that lie side by side are a batch; those that interleave are a batch of strided views.
    """

    name = "numpy-matmul"
    packages = ("numpy",)
    threaded = False

    def refuses(self, problem: NetworkProblem) -> str | None:
        """Take layers of blocks that are large enough."""
        factors = kronecker_factors(problem)
        if factors is None or min(min(factor.shape[1:3]) for factor in factors) < SMALLEST_BLOCK:
            return f"takes layers of blocks of at least {SMALLEST_BLOCK} x {SMALLEST_BLOCK} only"
        return None

    def prepare(self, problem: NetworkProblem, threads: int) -> Callable[[], Any]:  # noqa: ARG002
        """Bring the blocks of each layer into the order (a, d, b, c) of the batch."""
        factors = kronecker_factors(problem) or []
        batches = [np.ascontiguousarray(factor.transpose(0, 3, 1, 2)) for factor in factors]
        x = problem.operand
        return lambda: reduce(_apply, batches, x)


def _apply(x: Array, blocks: Array) -> Array:
    a, d, b, c = blocks.shape
    product = np.empty((a, b, d, x.shape[1]), x.dtype)
    operand = x.reshape(a, c, d, x.shape[1])
    np.matmul(blocks, operand.swapaxes(1, 2), out=product.swapaxes(1, 2))
    return product.reshape(a * b * d, x.shape[1])
