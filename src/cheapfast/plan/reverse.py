"""Plans of the transposed and of the adjoint map, which copy no matrix."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby
from typing import TYPE_CHECKING, Any

from cheapfast import _core
from cheapfast.layers import Sparse
from cheapfast.plan.csr_chain import CsrChain
from cheapfast.plan.passes import Plan, make_plan
from cheapfast.plan.step import Pass

if TYPE_CHECKING:
    from cheapfast.layers import Layer


def make_reversed_plan(layers: Sequence[Layer], *, conjugate: bool) -> Plan:
    """Choose the passes that apply the transposed or the adjoint of `layers`.

    Parameters
    ----------
    layers : sequence of Layer
        In data-flow order, all linear and without a bias.
    conjugate : bool
        The adjoint, not the transposed map.

    Returns
    -------
    Plan
        Sparse matrices are read row by row as they are stored, and what they make of a row is added
        to the result. Layers of other kinds have a cheap transposed layer, planned as always.
    """
    passes: list[Pass] = []
    for is_sparse, group in groupby(reversed(layers), lambda layer: type(layer) is Sparse):
        taken = list(group)
        if is_sparse:
            passes.append(_sparse_pass(taken, len(passes), conjugate=conjugate))
        else:
            others = [layer.H if conjugate else layer.T for layer in taken]
            passes.extend(make_plan(others, [layer.shape for layer in others]).passes)
    return Plan(tuple(passes))


def _sparse_pass(layers: Sequence[Any], position: int, *, conjugate: bool) -> Pass:
    chain = CsrChain(layers, _core.ADJOINT if conjugate else _core.TRANSPOSED)
    return Pass(
        kernel="csr transposed",
        start=position,
        stop=position + len(layers),
        shape=(layers[-1].shape[1], layers[0].shape[0]),
        run=chain.run,
        cost=lambda _columns, _dtype: None,
        into=chain.into,
        step=chain.step,
    )
