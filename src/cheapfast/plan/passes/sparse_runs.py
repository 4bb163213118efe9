"""Runs of sparse layers, and the permutations that one call takes with them: a planner."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import takewhile
from typing import TYPE_CHECKING, Any

import numpy as np

from cheapfast.layers import Permutation, Sparse
from cheapfast.plan.cost import Cost, layer_cost
from cheapfast.plan.frame import is_light
from cheapfast.plan.passes.csr_chain import CsrChain
from cheapfast.plan.passes.full import is_full
from cheapfast.plan.passes.kronecker import leads_to_run
from cheapfast.plan.step import Pass

if TYPE_CHECKING:
    from cheapfast.layers import Layer
    from cheapfast.plan.shapes import Shape


def plan_sparse(layers: Sequence[Layer], shapes: Sequence[Shape], position: int) -> Pass | None:
    """Take a run of sparse layers, and permutations of what leaves them: a planner.

    Parameters
    ----------
    layers : sequence of Layer
    shapes : sequence of (int, int)
    position : int

    Returns
    -------
    Pass or None
        None if the layer at `position` is not sparse. Its cost is that of its layers: what flows
        between them is written and read, if only to a cache.
    """
    stop = position
    while stop < len(layers) and _takes(layers, position, stop):
        stop += 1
    if stop == position:
        return None
    taken = range(position, stop)
    turned = all(_is_turned(layers[i]) for i in taken if isinstance(layers[i], Sparse))
    chain = CsrChain(layers[position:stop])

    def cost(columns: int, dtype: np.dtype[Any]) -> Cost | None:
        total = Cost(0, 0)
        for i in taken:
            step = layer_cost(layers[i], shapes[i], columns, dtype)
            if step is None:
                return None
            total += step
        return total

    return Pass(
        kernel="csr transposed" if turned else "csr" if len(taken) == 1 else "csr chain",
        start=position,
        stop=stop,
        shape=(shapes[stop - 1][0], shapes[position][1]),
        run=chain.run,
        cost=cost,
        into=chain.into,
        step=chain.step,
    )


def _takes(layers: Sequence[Layer], start: int, position: int) -> bool:
    """Say whether a run of sparse layers from `start` on goes on with the one at `position`."""
    layer = layers[position]
    if is_full(layer):
        return False
    if type(layer) is Sparse:  # a subclass may apply itself in its own way
        # free weights take a diagonal in at no cost
        return not (position > start and is_light(layer) and leads_to_run(layers, position))
    if position == start:
        return False
    before = next(one for one in reversed(layers[start:position]) if isinstance(one, Sparse))
    if before.origin is None:
        return folds(layer, before.dtype)
    # what is stored transposed reads its operand in another order, and writes its result in its
    # own: all permutations up to such a layer are taken, or none
    between = list(takewhile(lambda one: isinstance(one, Permutation), layers[position:]))
    after = next(iter(layers[position + len(between) :]), None)
    return (
        len(between) > 0
        and all(folds(one, before.dtype) for one in between)
        and type(after) is Sparse
        and _is_turned(after)
        and not is_full(after)
    )


def is_plain(layer: Layer) -> bool:
    """Say whether a layer shares one pass with all sparse layers like it, whatever is around them.

    Parameters
    ----------
    layer : Layer

    Returns
    -------
    bool
    """
    return type(layer) is Sparse and not is_full(layer) and not is_light(layer)


def _is_turned(layer: Layer) -> bool:
    return isinstance(layer, Sparse) and layer.origin is not None


def folds(layer: Layer, dtype: np.dtype[Any]) -> bool:
    """Say whether a layer costs nothing after a sparse one: its rows are computed in its order.

    Parameters
    ----------
    layer : Layer
    dtype : numpy.dtype
        Of the sparse layer before it.

    Returns
    -------
    bool
    """
    return (
        isinstance(layer, Permutation)
        and layer.bias is None
        and np.result_type(layer.dtype, dtype) == dtype
    )
