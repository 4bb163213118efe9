"""A weight layer given as a sparse matrix."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
from scipy import sparse

from cheapfast import _core
from cheapfast._arrays import bias_vector, warn_non_finite
from cheapfast.layers.base import Layer, State
from cheapfast.layers.canonical import Canonical, CsrArrays, canonical, simplest_support
from cheapfast.layers.registry import register
from cheapfast.layers.values import magnitudes_of
from cheapfast.support.base import Support
from cheapfast.support.csr import CsrSupport

if TYPE_CHECKING:
    from cheapfast.layers.base import CsrArray


@register
class Sparse(Layer):
    """The map x -> W x + bias with W written out as a sparse matrix.

    Parameters
    ----------
    matrix : sparse array or matrix, or array_like
        Shape (outputs, inputs). Any scipy format; canonical CSR of a supported dtype is borrowed
        without a copy, so do not change it afterwards. Anything else is copied into canonical form:
        duplicates are summed, then zeros dropped. It is never modified. Integers become float64.
    bias : array_like, optional
        Shape (outputs,).

    Raises
    ------
    TypeError
        If the dtype is not supported.
    ValueError
        If it has not two dimensions, or its index arrays are not valid.

    Warns
    -----
    UserWarning
        If weights are NaN or infinite: they are synapses.

    Examples
    --------
    >>> from scipy import sparse
    >>> Sparse(sparse.csr_array([[1.0, 0.0, 2.0], [0.0, 3.0, 0.0]]))
    Sparse(2x3, 3 synapses, float64)
    """

    kind = "sparse"

    def __init__(self, matrix: Any, bias: npt.ArrayLike | None = None) -> None:
        self._set(matrix, bias)
        self._warn("matrix")

    def _set(self, matrix: Any, bias: npt.ArrayLike | None) -> None:
        made = canonical(matrix)
        self._written: Canonical | None = made
        self._shape, self._dtype, self._synapses = made.shape, made.data.dtype, len(made.data)
        self._is_diagonal = made.diagonal
        self._origin: tuple[Sparse, bool] | None = None
        self._bias = bias_vector(bias, self._shape[0], self._dtype)

    def _warn(self, name: str) -> None:
        warn_non_finite(_core.scan_values(self._matrix.data)[1], name)

    @classmethod
    def _named(cls, matrix: Any, name: str) -> Sparse:
        """Build from a matrix that warnings call by its name, as a factor of a chain has one."""
        layer = cls._derived(matrix)
        layer._warn(f"{name}: matrix")
        return layer

    @classmethod
    def _derived(cls, matrix: Any, bias: npt.ArrayLike | None = None) -> Sparse:
        """Build from weights of another layer, whose construction has warned if it had to."""
        layer = cls.__new__(cls)
        layer._set(matrix, bias)
        return layer

    @classmethod
    def _turned(cls, origin: Sparse, *, conjugate: bool) -> Sparse:
        """Build the transposed or adjoint of a layer, not yet written out."""
        layer = cls.__new__(cls)
        rows, columns = origin._shape
        layer._shape, layer._dtype, layer._synapses = (
            (columns, rows),
            origin._dtype,
            origin._synapses,
        )
        layer._is_diagonal = False
        layer._origin, layer._written = (origin, conjugate), None
        return layer

    @property
    def _matrix(self) -> Canonical:
        """The weights, written out when they are first asked for."""
        if self._written is None:
            assert self._origin is not None
            origin, conjugate = self._origin
            matrix = origin._shared()
            # two threads may both do so, with equal results
            self._written = canonical(matrix.conj().T if conjugate else matrix.T)
        return self._written

    @property
    def origin(self) -> tuple[Sparse, bool] | None:
        """The layer that this is the transposed of (True: the adjoint), None if it is none.

        The kernels then read that layer's weights: a transposed matrix is written out only for who
        asks for its entries.
        """
        return self._origin

    @property
    def is_diagonal(self) -> bool:
        """Whether the matrix is square, its entries on the diagonal and none missing there."""
        return self._is_diagonal

    @property
    def shape(self) -> tuple[int, int]:
        """Outputs and inputs."""
        return self._shape

    @property
    def dtype(self) -> np.dtype[Any]:
        """Type of the weights."""
        return self._dtype

    @cached_property
    def support(self) -> Support:
        """The pattern: diagonal, full or empty if it is, else CSR."""
        if self._origin is not None and not isinstance(self._origin[0].support, CsrSupport):
            return self._origin[0].support.T
        return simplest_support(self._matrix)

    @property
    def synapses(self) -> int:
        """Number of nonzero weights."""
        return self._synapses

    @cached_property
    def magnitudes(self) -> tuple[float, float]:
        """The least and the largest magnitude of the weights; see `magnitudes_of`."""
        return magnitudes_of(self._matrix.data)

    def arrays(self) -> tuple[npt.NDArray[Any], npt.NDArray[Any], npt.NDArray[Any]]:
        """Return indptr, indices and data, which the layer keeps: do not write to them.

        Returns
        -------
        indptr, indices, data : ndarray
            Canonical CSR; both index arrays int32 or both int64.
        """
        return self._matrix.indptr, self._matrix.indices, self._matrix.data

    @property
    def T(self) -> Sparse:
        """The transposed layer, which shares the weights; ValueError if there is a bias."""
        self._refuse_bias("transpose")
        return self._turn(conjugate=False)

    @property
    def H(self) -> Sparse:
        """The adjoint layer, which shares the weights; ValueError if there is a bias."""
        self._refuse_bias("adjoint")
        return self._turn(conjugate=self._dtype.kind == "c")

    def _turn(self, *, conjugate: bool) -> Sparse:
        if self._is_diagonal:
            return self._derived(self._shared().conj()) if conjugate else self
        if self._origin is None:
            return self._turned(self, conjugate=conjugate)
        origin, was_conjugate = self._origin
        if conjugate == was_conjugate:
            return origin
        return self._derived(origin._shared().conj())

    def _shared(self) -> CsrArray:
        """Return the weights as a scipy array that shares the layer's memory."""
        # scipy's constructor would copy 64-bit indices that fit in 32 bits: set the arrays later.
        matrix = sparse.csr_array((0, 0), dtype=self._dtype)
        matrix.indptr, matrix.indices, matrix.data = self.arrays()
        matrix._shape = self._shape
        matrix.has_canonical_format = True
        return matrix

    def _to_csr(self) -> CsrArray:
        return self._shared().copy()

    def _apply(self, X: npt.NDArray[Any]) -> npt.NDArray[Any]:
        product: npt.NDArray[Any]
        if self._written is None and self._origin is not None:
            origin, conjugate = self._origin
            matrix = origin._shared()
            product = (matrix.conj().T if conjugate else matrix.T) @ X
        else:
            product = self._shared() @ X
        return product

    def _astype(self, dtype: np.dtype[Any]) -> Sparse:
        if self._origin is not None:
            origin, conjugate = self._origin
            return self._turned(origin._astype(dtype), conjugate=conjugate)
        return self._derived(self._shared().astype(dtype), self._bias)

    def state(self) -> State:
        """Return the CSR arrays.

        Returns
        -------
        dict
        """
        indptr, indices, data = self.arrays()
        state = {"shape": self._shape, "indptr": indptr, "indices": indices, "data": data}
        return state if self._bias is None else {**state, "bias": self._bias}

    @classmethod
    def from_state(cls, state: State) -> Sparse:
        """Build the layer from its CSR arrays, which are checked again.

        Parameters
        ----------
        state : dict
            As returned by `state`.

        Returns
        -------
        Sparse
        """
        return cls._derived(
            CsrArrays(state["shape"], state["indptr"], state["indices"], state["data"]),
            state.get("bias"),
        )
