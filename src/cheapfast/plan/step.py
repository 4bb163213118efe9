"""A pass, and who makes one: what planners and plans have in common."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np
import numpy.typing as npt

from cheapfast import _core
from cheapfast.plan.cost import Cost
from cheapfast.plan.shapes import Shape

if TYPE_CHECKING:
    from cheapfast.layers import Layer

Array = npt.NDArray[Any]
Steps: TypeAlias = "_core.Step | tuple[_core.Step, ...]"


@dataclass(frozen=True)
class Pass:
    """One or several neighbouring layers, applied by one kernel.

    Parameters
    ----------
    kernel : str
        Who does the work, for people: ``scipy csr``, ``numpy kronecker``.
    start, stop : int
        The layers taken: positions start to stop - 1 of the network.
    shape : (int, int)
        Outputs and inputs.
    run : callable
        (X, threads) to a new (outputs, k) array; X is (inputs, k), of a supported dtype.
    cost : callable
        (columns, dtype of X) to Cost, or None if that is not known.
    into : callable, optional
        (X, out, threads): writes the result to `out`, an (outputs, k) array of any strides that
        shares no memory with X, and returns True; or returns False and has done nothing.
    step : callable, optional
        (dtype, shape of the operand: VECTOR, COLUMNS, FEW_COLUMNS, ROWS or FEW_ROWS) to what a
        program runs for operands and results of that type, one step or several, or None.
    folded : tuple of str, optional
        What the kernel does besides, for people: ``diagonal``, ``permutation``, ``bias``.
    inner : int, optional
        Values for one vector that may be written out between its layers.
    takes_apart : bool, optional
        Whether real weights are so many that the parts of complex vectors, each in one piece, are
        better made vectors of their own than multiplied with complex weights.
    """

    kernel: str
    start: int
    stop: int
    shape: Shape
    run: Callable[[Array, int], Array]
    cost: Callable[[int, np.dtype[Any]], Cost | None]
    into: Callable[[Array, Array, int], bool] | None = None
    step: Callable[[np.dtype[Any], int], Steps | None] | None = None
    folded: tuple[str, ...] = ()
    inner: int = 0
    takes_apart: bool = False


class Applier(ABC):
    """Who applies some neighbouring layers: a pass, wherever in a network they are.

    Attributes
    ----------
    kernel, shape, folded, inner, takes_apart
        See `Pass`.
    count : int
        How many layers are taken.
    """

    kernel: str
    shape: Shape
    count: int = 1
    folded: tuple[str, ...] = ()
    inner: int = 0
    takes_apart: bool = False

    @abstractmethod
    def run(self, X: Array, threads: int, /) -> Array:
        """Apply the layers; see `Pass`."""

    @abstractmethod
    def into(self, X: Array, out: Array, threads: int, /) -> bool:
        """Apply them to where the result is wanted; see `Pass`."""

    @abstractmethod
    def cost(self, columns: int, dtype: np.dtype[Any], /) -> Cost | None:
        """Return what they read, write and compute; see `Pass`."""

    @abstractmethod
    def step(self, dtype: np.dtype[Any], shape: int, /) -> Steps | None:
        """Return what a program runs for a type and shape of operand; see `Pass`."""

    def as_pass(self, position: int) -> Pass:
        """Return the pass that starts at a position of the network.

        Parameters
        ----------
        position : int

        Returns
        -------
        Pass
        """
        return Pass(
            kernel=self.kernel,
            start=position,
            stop=position + self.count,
            shape=self.shape,
            run=self.run,
            cost=self.cost,
            into=self.into,
            step=self.step,
            folded=self.folded,
            inner=self.inner,
            takes_apart=self.takes_apart,
        )


Planner = Callable[[Sequence["Layer"], Sequence[Shape], int], "Pass | None"]
