"""Neighbouring sparse layers, applied one after another without going back to Python."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import numpy.typing as npt

from cheapfast import _core, _memory
from cheapfast.layers import Permutation, Sparse
from cheapfast.plan.placing import aligned_empty

if TYPE_CHECKING:
    from cheapfast.layers import Layer

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
