"""A layer next to wires that carry the other features on."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
from scipy import sparse

from cheapfast._arrays import read_only
from cheapfast._validate import integer
from cheapfast.layers.base import Layer, State
from cheapfast.layers.registry import layer_from_state, register
from cheapfast.support.base import Support, csr_pattern_bytes
from cheapfast.support.direct_sum import DirectSumSupport
from cheapfast.support.kronecker import KroneckerSupport

if TYPE_CHECKING:
    from cheapfast.layers.base import CsrArray

_PREFIX = "layer."


@register
class PassThrough(Layer):
    """The map block_diag(W, I): the first features go through a layer, the others are carried on.

    Parameters
    ----------
    layer : Layer
        A linear layer for the first ``layer.shape[1]`` features. Its bias, if any, stays with it.
    width : int
        Number of features after them that are carried on unchanged. Their wires are not counted in
        `synapses`; they are part of `support`.

    Raises
    ------
    TypeError
        If `layer` is no linear layer.
    ValueError
        If `width` is negative.

    Examples
    --------
    >>> from cheapfast.layers import Sparse
    >>> half = PassThrough(Sparse([[1.0, 1.0], [1.0, -1.0]]), 2)
    >>> half.shape, half.synapses, half.support.nnz
    ((4, 4), 4, 6)
    """

    kind = "passthrough"

    def __init__(self, layer: Layer, width: int) -> None:
        self._layer = _linear(layer)
        self._width = integer(width, "width", minimum=0)
        if layer.bias is not None:
            zeros = np.zeros(self._width, dtype=layer.dtype)
            self._bias = read_only(np.concatenate([layer.bias, zeros]))

    @property
    def layer(self) -> Layer:
        """The layer for the first features."""
        return self._layer

    @property
    def width(self) -> int:
        """Number of features that are carried on."""
        return self._width

    @property
    def shape(self) -> tuple[int, int]:
        """Outputs and inputs, the wires included."""
        rows, columns = self._layer.shape
        return rows + self._width, columns + self._width

    @property
    def dtype(self) -> np.dtype[Any]:
        """Type of the layer's weights."""
        return self._layer.dtype

    @property
    def support(self) -> Support:
        """The layer's pattern and the diagonal of the wires."""
        if self._width == 0:
            return self._layer.support
        return DirectSumSupport([self._layer.support, KroneckerSupport.identity(self._width)])

    @property
    def synapses(self) -> int:
        """Synapses of the layer; the wires are not counted."""
        return self._layer.synapses

    @property
    def T(self) -> PassThrough:
        """The transposed layer; ValueError if there is a bias."""
        self._refuse_bias("transpose")
        return PassThrough(self._layer.T, self._width)

    @property
    def H(self) -> PassThrough:
        """The conjugate transposed layer; ValueError if there is a bias."""
        self._refuse_bias("adjoint")
        return PassThrough(self._layer.H, self._width)

    def _astype(self, dtype: np.dtype[Any]) -> PassThrough:
        return PassThrough(self._layer.astype(dtype), self._width)

    def _apply(self, X: npt.NDArray[Any]) -> npt.NDArray[Any]:
        inputs = self._layer.shape[1]
        # The layer's own _apply: the bias is added once, by the caller.
        return np.concatenate([self._layer._apply(X[:inputs]), X[inputs:]])

    def _csr_bytes(self) -> int:
        entries = self.support.nnz
        return csr_pattern_bytes(self.shape, entries) + entries * self.dtype.itemsize

    def _to_csr(self) -> CsrArray:
        wires = sparse.dia_array(
            (np.ones((1, self._width), dtype=self.dtype), [0]), shape=(self._width, self._width)
        )
        return sparse.csr_array(sparse.block_diag([self._layer.to_csr(), wires], format="csr"))

    def state(self) -> State:
        """Return the layer's state, its keys prefixed, and the width.

        Returns
        -------
        dict
        """
        inner = {_PREFIX + key: value for key, value in self._layer.state().items()}
        return {"width": self._width, "layer": self._layer.kind, **inner}

    @classmethod
    def from_state(cls, state: State) -> PassThrough:
        """Build the layer from its state.

        Parameters
        ----------
        state : dict
            As returned by `state`.

        Returns
        -------
        PassThrough
        """
        inner = {k[len(_PREFIX) :]: v for k, v in state.items() if k.startswith(_PREFIX)}
        return cls(layer_from_state(state["layer"], inner), state["width"])

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, PassThrough):
            return NotImplemented
        # of the layers themselves: an Operator has no state to compare
        return self._width == other._width and self._layer == other._layer

    __hash__ = Layer.__hash__

    def __repr__(self) -> str:
        return f"PassThrough({self._layer!r}, {self._width} wires)"


def _linear(layer: object) -> Layer:
    """Check that it is a linear layer."""
    if not isinstance(layer, Layer) or not layer.is_linear:
        raise TypeError(f"layer must be a linear layer, got {_shown(layer)}")
    return layer


def _shown(layer: object) -> str:
    return repr(layer) if isinstance(layer, Layer) else type(layer).__name__
