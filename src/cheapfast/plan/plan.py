"""A plan: which kernels apply a tuple of layers, in which order.

A pass applies one or several neighbouring layers at once. `make_plan` asks each *planner* in turn
whether it takes the layers from a position on; the last one takes any single layer, with the
layer's own `apply`. A fused kernel is one more planner in front of it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from cheapfast import _core, _memory
from cheapfast.layers import Permutation
from cheapfast.plan.cost import layer_cost
from cheapfast.plan.passes.activation import plan_activation
from cheapfast.plan.passes.full_pass import plan_full
from cheapfast.plan.passes.kronecker import plan_kronecker
from cheapfast.plan.passes.sparse_runs import plan_sparse
from cheapfast.plan.passes.stencil import plan_stencil
from cheapfast.plan.passes.transposed import plan_transposed
from cheapfast.plan.shapes import Shape
from cheapfast.plan.step import Pass, Planner

if TYPE_CHECKING:
    from cheapfast.layers import Layer

Array = npt.NDArray[Any]


@dataclass(frozen=True)
class Plan:
    """The passes that apply a tuple of layers.

    Parameters
    ----------
    passes : tuple of Pass
        In data-flow order.
    widens_at_once : bool
        Whether real vectors become complex in the first layer that is more than a permutation, so
        that nothing is gained by leaving them real until then.
    splits : bool
        Whether the map is real and linear: it then takes the real and the imaginary part of a
        complex vector each by itself.
    """

    passes: tuple[Pass, ...]
    widens_at_once: bool = False
    splits: bool = False

    def run(self, X: Array, threads: int, out: Array | None = None) -> Array:
        """Apply all passes.

        Parameters
        ----------
        X : ndarray, (inputs, k)
            Of a supported dtype; never written to.
        threads : int
        out : ndarray, (outputs, k), optional
            Of the result's dtype. It may share memory with `X`.

        Returns
        -------
        ndarray, (outputs, k)
            `out`, or else a new array.

        """
        *others, last = self.passes
        for step in others:
            X = step.run(X, threads)
        if out is None:
            return last.run(X, threads)
        apart = not np.may_share_memory(X, out)
        if not (apart and last.into is not None and last.into(X, out, threads)):
            out[...] = last.run(X, threads)
        return out

    def steps(self, dtype: np.dtype[Any], shape: int) -> list[_core.Step]:
        """Return what a program runs for operands of a type and shape; nothing if it cannot.

        Parameters
        ----------
        dtype : numpy.dtype
            Of operand and result.
        shape : int
            VECTOR, COLUMNS, FEW_COLUMNS, ROWS or FEW_ROWS.

        Returns
        -------
        list of Step
        """
        found: list[_core.Step] = []
        for one in self.passes:
            step = None if one.step is None else one.step(dtype, shape)
            if step is None:
                return []
            found.extend(step if isinstance(step, tuple) else (step,))
        return found

    def require_memory(
        self, columns: int, dtype: np.dtype[Any], *, copies_operand: bool = False
    ) -> None:
        """Raise unless what flows between the passes fits in memory.

        Parameters
        ----------
        columns : int
            Number of vectors.
        dtype : numpy.dtype
            The widest type that occurs.
        copies_operand : bool
            Whether the operand is converted, so that the first pass reads a copy.

        Raises
        ------
        MemoryError
            With the number of bytes.
        """
        _memory.require(
            columns * self.peak_values(copies_operand) * dtype.itemsize,
            f"applying a network up to {self.widest} values wide to {columns} vector(s)",
            "apply it to fewer vectors at a time, or apply a smaller network",
        )

    @cached_property
    def takes_apart(self) -> bool:
        """Whether complex vectors, each in one piece, are quicker taken apart."""
        return self.splits and any(step.takes_apart for step in self.passes)

    @cached_property
    def widest(self) -> int:
        """Most values that enter or leave a pass, for one vector."""
        return max(max(*step.shape, step.inner) for step in self.passes)

    def peak_values(self, copies_operand: bool = False) -> int:
        """Return the most values that enter and leave a pass together, for one vector.

        Parameters
        ----------
        copies_operand : bool
            Whether what enters the first pass counts; else it is the caller's.

        Returns
        -------
        int
            Weights that a symbolic layer writes out come on top; that layer checks them itself.
        """
        first, *others = self.passes
        start = first.shape[0] + first.inner + (first.shape[1] if copies_operand else 0)
        return max([start, *(sum(step.shape) + step.inner for step in others)])


def make_plan(layers: Sequence[Layer], shapes: Sequence[Shape]) -> Plan:
    """Choose the passes that apply `layers`.

    Parameters
    ----------
    layers : sequence of Layer
        In data-flow order.
    shapes : sequence of (int, int)
        Outputs and inputs of each, activations included.

    Returns
    -------
    Plan
    """
    passes: list[Pass] = []
    position = 0
    while position < len(layers):
        passes.append(next_pass(layers, shapes, position))
        position = passes[-1].stop
    first = next((one for one in layers if not isinstance(one, Permutation)), layers[0])
    splits = all(one.is_linear and one.bias is None and one.dtype.kind == "f" for one in layers)
    return Plan(tuple(passes), first.is_linear and first.dtype.kind == "c", splits)


def next_pass(layers: Sequence[Layer], shapes: Sequence[Shape], position: int) -> Pass:
    """Choose the pass that starts at a position; the layers before it do not matter.

    Parameters
    ----------
    layers : sequence of Layer
    shapes : sequence of (int, int)
    position : int

    Returns
    -------
    Pass
    """
    candidates = (planner(layers, shapes, position) for planner in PLANNERS)
    return next(step for step in candidates if step is not None)


def single_layer(layers: Sequence[Layer], shapes: Sequence[Shape], position: int) -> Pass:
    """Take one layer, of any kind, with its own `apply`.

    Parameters
    ----------
    layers : sequence of Layer
    shapes : sequence of (int, int)
    position : int

    Returns
    -------
    Pass
    """
    layer, shape = layers[position], shapes[position]
    return Pass(
        kernel=KERNELS.get(layer.kind, f"{type(layer).__name__}.apply"),
        start=position,
        stop=position + 1,
        shape=shape,
        run=lambda X, _threads: layer.apply(X),
        cost=lambda columns, dtype: layer_cost(layer, shape, columns, dtype),
    )


# Who does the work in each kind's own `apply`.
KERNELS = {
    "sparse": "scipy csr",
    "kronecker": "numpy kronecker",
    "convolution": "numpy convolution",
    "operator": "linear operator",
    "activation": "numpy elementwise",
}

# Asked in this order; the last one never declines.
PLANNERS: tuple[Planner, ...] = (
    plan_transposed,
    plan_kronecker,
    plan_full,
    plan_sparse,
    plan_activation,
    plan_stencil,
    single_layer,
)
