"""Neighbouring sparse layers, applied one after another without going back to Python."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import takewhile
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import numpy.typing as npt

from cheapfast import _core, _memory
from cheapfast.layers import Permutation, Sparse
from cheapfast.plan.cost import Cost, layer_cost
from cheapfast.plan.frame import is_light
from cheapfast.plan.passes.full import is_full
from cheapfast.plan.passes.kronecker import leads_to_run
from cheapfast.plan.placing import aligned_empty
from cheapfast.plan.step import Pass

if TYPE_CHECKING:
    from cheapfast.layers import Layer
    from cheapfast.plan.shapes import Shape

Array = npt.NDArray[Any]


class _Segment(NamedTuple):
    """Layers between which the type of the vectors does not change."""

    chain: _core.SparseChain
    dtype: np.dtype[Any]
    outputs: int


@dataclass(frozen=True)
class _Step:
    """A sparse layer; permutations of what leaves it or, if it is turned, of what enters it."""

    layer: Sparse  # whose weights are read
    permutations: tuple[Permutation, ...] = ()
    form: int = _core.AS_IS

    @property
    def outputs(self) -> int:
        """Numbers that leave the layer."""
        return self.layer.shape[0 if self.form == _core.AS_IS else 1]

    def arrays(self, dtype: np.dtype[Any]) -> _core._SparseLayer:
        """Return what the kernel takes, for vectors of a type; the weights stay as they are."""
        order, bias = self._order(), self.layer.bias
        if bias is not None:
            bias = (bias if order is None else bias[order]).astype(dtype, copy=False)
        return (*self.layer.shape, *self.layer.arrays(), bias, order, self.form)

    def _order(self) -> Array | None:
        """Return which row each output is (of a turned layer: input), None if all stay."""
        order = None
        for permutation in self.permutations:
            indices = permutation.indices().astype(np.int64, copy=False)
            order = indices if order is None else order[indices]
        return None if order is None else np.ascontiguousarray(order)


class CsrChain:
    """Sparse layers, and permutations between them, for one call into the kernel.

    Parameters
    ----------
    layers : sequence of Sparse or Permutation
        In data-flow order, a Sparse first. A permutation follows a layer that is stored as it is,
        or precedes one that is not.

    Notes
    -----
    Each sum is made in the order of the column indices, product and sum rounded separately, and the
    bias added last: the result does not depend on the number of vectors or threads, on the layout
    or on the instruction set. A weight 0 or a missing one is never multiplied.
    """

    def __init__(self, layers: Sequence[Layer]) -> None:
        self._steps = _steps(layers)
        # written once for each type of operand; two threads may both do so, with equal results
        self._segments: dict[np.dtype[Any], tuple[_Segment, ...]] = {}

    def run(self, X: Array, threads: int) -> Array:
        """Apply all layers.

        Parameters
        ----------
        X : ndarray, (inputs, k)
            Of a supported dtype, any layout.
        threads : int

        Returns
        -------
        ndarray, (outputs, k)
            A new array; the features lie next to each other if they do so in `X`.

        Raises
        ------
        MemoryError
            Before an allocation that would not fit.
        """
        for segment in self._compiled(X.dtype):
            X = X.astype(segment.dtype, copy=False)
            Y = _empty_result(segment, X)
            _apply(segment, X, Y, threads)
            X = Y
        return X

    def into(self, X: Array, out: Array, threads: int) -> bool:
        """Apply all layers to where the result is wanted.

        Parameters
        ----------
        X : ndarray, (inputs, k)
        out : ndarray, (outputs, k)
            Shares no memory with `X`.
        threads : int

        Returns
        -------
        bool
            False, and nothing done, if the type of the vectors changes on the way.
        """
        segments = self._compiled(X.dtype)
        if len(segments) > 1 or segments[0].dtype != X.dtype:
            return False
        _apply(segments[0], X, out, threads)
        return True

    def step(self, dtype: np.dtype[Any], _shape: int) -> _core.SparseChain | None:
        """Return the chain for operands and results of a type, of any shape.

        Parameters
        ----------
        dtype : numpy.dtype

        Returns
        -------
        SparseChain or None
            None if the type of the vectors changes on the way.
        """
        segments = self._compiled(dtype)
        if len(segments) > 1 or segments[0].dtype != dtype:
            return None
        return segments[0].chain

    def _compiled(self, dtype: np.dtype[Any]) -> tuple[_Segment, ...]:
        segments = self._segments.get(dtype)
        if segments is None:
            segments = self._segments[dtype] = self._compile(dtype)
        return segments

    def _compile(self, dtype: np.dtype[Any]) -> tuple[_Segment, ...]:
        """Cut where a layer widens the type of the vectors, so that those before stay narrow."""
        segments = []
        group: list[_Step] = []
        for step in self._steps:
            wider = np.result_type(dtype, step.layer.dtype)
            if group and wider != dtype:
                segments.append(_segment(group, dtype))
                group = []
            dtype = wider
            group.append(step)
        return (*segments, _segment(group, dtype))


def _segment(group: list[_Step], dtype: np.dtype[Any]) -> _Segment:
    chain = _core.SparseChain([step.arrays(dtype) for step in group], dtype)
    return _Segment(chain, dtype, group[-1].outputs)


def _steps(layers: Sequence[Layer]) -> list[_Step]:
    """Fold each permutation into a neighbour: rows are computed, or read, in another order."""
    steps: list[_Step] = []
    ahead: list[Permutation] = []  # of what enters the next layer
    for layer in layers:
        if isinstance(layer, Permutation):
            if steps and steps[-1].form == _core.AS_IS and not ahead:
                steps[-1] = replace(steps[-1], permutations=(*steps[-1].permutations, layer))
            else:
                ahead.append(layer)
        elif isinstance(layer, Sparse):
            steps.append(replace(_step(layer), permutations=tuple(ahead)))
            ahead = []
    assert not ahead  # the planner takes none that leads nowhere
    return steps


def _step(layer: Sparse) -> _Step:
    """Read the weights as they are stored, whichever way the layer is turned."""
    if layer.origin is None:
        return _Step(layer)
    origin, conjugate = layer.origin
    return _Step(origin, form=_core.ADJOINT if conjugate else _core.TRANSPOSED)


_INSTEAD = "apply them to fewer vectors at a time"


def _empty_result(segment: _Segment, X: Array) -> Array:
    """Return an array for the result, once there is memory for it."""
    columns = X.shape[1]
    _memory.require(segment.outputs * columns * segment.dtype.itemsize, _what(columns), _INSTEAD)
    features_last = X.flags.f_contiguous and not X.flags.c_contiguous
    return aligned_empty((segment.outputs, columns), segment.dtype, fortran=features_last)


def _apply(segment: _Segment, X: Array, out: Array, threads: int) -> None:
    _memory.require(segment.chain.bytes(X, out), _what(X.shape[1]), _INSTEAD)
    segment.chain.apply(X, out, threads)


def _what(columns: int) -> str:
    return f"applying sparse layers to {columns} vector(s)"


def csr_chain(layers: Sequence[Layer], shapes: Sequence[Shape], position: int) -> Pass | None:
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
