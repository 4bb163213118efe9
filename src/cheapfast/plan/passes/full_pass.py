"""Sparse layers without a zero, applied as the dense matrices that they are."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from cheapfast.layers import KroneckerSparse, Sparse
from cheapfast.plan.passes.csr_chain import CsrChain
from cheapfast.plan.passes.factor import FactorPass, real_work
from cheapfast.plan.passes.full import as_factor, is_full
from cheapfast.plan.step import Applier, Pass

if TYPE_CHECKING:
    from cheapfast.layers import Layer
    from cheapfast.plan.cost import Cost
    from cheapfast.plan.shapes import Shape
    from cheapfast.plan.step import Steps

Array = npt.NDArray[Any]

_WORTH_PARTS = 16  # see real_work; the sparse kernel, where nothing is taken apart, takes longer


class FullPass(Applier):
    """One dense matrix.

    Parameters
    ----------
    layer : Sparse
        Full.
    """

    kernel = "kronecker"

    def __init__(self, layer: Sparse) -> None:
        self._layer, self.shape = layer, layer.shape
        self.folded = () if layer.bias is None else ("bias",)
        self.takes_apart = real_work(layer.shape, layer.dtype) >= _WORTH_PARTS

    def run(self, X: Array, threads: int) -> Array:
        """Apply the layer; see `Pass`."""
        return self._applied_to(X.dtype).run(X, threads)

    def into(self, X: Array, out: Array, threads: int) -> bool:
        """Apply the layer to where the result is wanted; see `Pass`."""
        return self._applied_to(X.dtype).into(X, out, threads)

    def step(self, dtype: np.dtype[Any], shape: int) -> Steps | None:
        """Return what a program runs for a type and shape of operand; see `Pass`."""
        return self._applied_to(dtype).step(dtype, shape)

    def cost(self, columns: int, dtype: np.dtype[Any]) -> Cost | None:
        """Return what the layer reads, writes and computes; see `Pass`."""
        return self._factor.cost(columns, dtype)

    def _applied_to(self, dtype: np.dtype[Any]) -> FactorPass | CsrChain:
        """Return who applies it: real weights meet complex vectors in the sparse kernel."""
        mixed = dtype.kind == "c" and self._layer.dtype.kind != "c"
        return self._chain if mixed else self._factor

    # made when first needed; two threads may both do so, with equal results

    @cached_property
    def _factor(self) -> FactorPass:
        factor = as_factor(self._layer)
        assert isinstance(factor, KroneckerSparse)
        return FactorPass(factor)

    @cached_property
    def _chain(self) -> CsrChain:
        return CsrChain([self._layer])


def plan_full(layers: Sequence[Layer], _shapes: Sequence[Shape], position: int) -> Pass | None:
    """Take a sparse layer without a zero: a planner.

    Parameters
    ----------
    layers : sequence of Layer
    position : int

    Returns
    -------
    Pass or None
        None if there is none.
    """
    layer = layers[position]
    if not (isinstance(layer, Sparse) and is_full(layer)):
        return None
    return FullPass(layer).as_pass(position)
