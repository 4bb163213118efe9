"""Networks to be applied to batches: vectors one after the other, as machine learning has them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

import numpy as np

import cheapfast as cf

from .applying import Application, Array
from .roofline import Work


@dataclass(frozen=True)
class Batch(Application):
    """A network to be applied along the last axis of an array.

    Parameters
    ----------
    symbolic : callable
        Builds the network.
    vectors : int
        Rows of the array.
    dtype : str
        Of the weights and of the vectors; real.
    """

    symbolic: Callable[[], cf.Network]
    vectors: int
    dtype: str = "float32"
    tolerance = 100

    @cached_property
    def network(self) -> cf.Network:
        """The network."""
        return self.symbolic()

    @cached_property
    def operand(self) -> Array:
        """Normal random numbers, (vectors, inputs)."""
        rng = np.random.default_rng(2)
        return rng.standard_normal((self.vectors, self.network.shape[1])).astype(self.dtype)

    @property
    def work(self) -> Work:
        """The vectors in and out once, the weights with their indices once."""
        itemsize = self.operand.itemsize
        outputs = self.vectors * self.network.shape[0] * itemsize
        indexed = sum(layer.synapses for layer in self.network if isinstance(layer, cf.Sparse))
        read = self.operand.nbytes + self.network.synapses * itemsize + 4 * indexed
        flops = 2 * self.network.synapses * self.vectors
        return Work(read, outputs, read + outputs, flops, single=self.dtype == "float32")
