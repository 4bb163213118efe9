"""Weights in the order in which a kernel reads them: made when first needed, and then kept."""

from __future__ import annotations

import threading
from collections.abc import Callable, Hashable, Sequence
from typing import TYPE_CHECKING, Any, Generic, TypeVar

import numpy as np

from cheapfast import _memory
from cheapfast.layers import KroneckerSparse
from cheapfast.plan.cost import weight_bytes

if TYPE_CHECKING:
    from cheapfast.layers import Layer

Made = TypeVar("Made")

_SMALL_BYTES = 1 << 14  # not worth asking the system for


class Cache(Generic[Made]):
    """Weights packed for one dtype and layout, each made once, when first needed."""

    def __init__(self) -> None:
        self._made: dict[Hashable, Made] = {}
        self._lock = threading.Lock()

    def get(self, key: Hashable) -> Made | None:
        """Return what is there.

        Parameters
        ----------
        key : hashable

        Returns
        -------
        object or None
        """
        return self._made.get(key)

    def make(self, key: Hashable, make: Callable[[], Made]) -> Made:
        """Return what is there, or else make it; threads that ask at once get the same.

        Parameters
        ----------
        key : hashable
        make : callable

        Returns
        -------
        object
        """
        with self._lock:
            if key not in self._made:
                self._made[key] = make()
            return self._made[key]


def packing_fits(layers: Sequence[Layer], dtype: np.dtype[Any], beside: int = 0) -> bool:
    """Say whether the weights fit in memory, twice: while they are packed, they are there twice.

    Parameters
    ----------
    layers : sequence of Layer
    dtype : numpy.dtype
        That they are packed in.
    beside : int, optional
        Features of diagonals, permutations and biases that are folded into them: these may write
        out tied blocks of two layers.

    Returns
    -------
    bool
    """
    widest = dtype.itemsize
    needed = sum(
        2 * weight_bytes(layer) * widest // layer.dtype.itemsize
        for layer in layers
        if isinstance(layer, KroneckerSparse)
    )
    needed += 16 * beside * widest
    return needed < _SMALL_BYTES or needed < _memory.available_bytes()
