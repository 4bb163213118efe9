"""A weight layer whose pattern is I_a (x) 1_{b x c} (x) I_d."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
from scipy import sparse

from cheapfast import _memory
from cheapfast._arrays import bias_vector, warn_non_finite, weights
from cheapfast._validate import choice, integers, size_of
from cheapfast.layers.base import Layer, State
from cheapfast.layers.fourier_values import FourierValues
from cheapfast.layers.registry import register
from cheapfast.layers.values import ArrayValues, Values
from cheapfast.support.base import Support
from cheapfast.support.csr import CsrSupport, EmptySupport, index_dtype
from cheapfast.support.kronecker import KroneckerSupport

if TYPE_CHECKING:
    from cheapfast.layers.base import CsrArray

_SHORT_SUM = 16  # terms up to which adding whole arrays beats many small matrix products


@register
class KroneckerSparse(Layer):
    """The map x -> W x + bias, where W has the pattern I_a (x) 1_{b x c} (x) I_d.

    Entry (row, column) = ((ia*b + ib)*d + id, (ia*c + ic)*d + id) is ``values[ia, ib, ic, id]``.

    Parameters
    ----------
    pattern : tuple of int
        (a, b, c, d), any size; the shape is (a*b*d, a*c*d).
    values : array_like or Values
        Broadcastable to `pattern`, so that tied values stay small; or a formula that makes them
        when they are needed. A value 0 is no synapse: the support is then written out as CSR.
    bias : array_like, optional
        Shape (outputs,).

    Raises
    ------
    TypeError
        If the pattern holds no integers, or the values' dtype is not supported.
    ValueError
        If the pattern has not four sizes, or the values do not broadcast to it.

    Examples
    --------
    >>> KroneckerSparse((2**58, 2, 2, 2), np.array([[1, 1], [1, -1]])[None, :, :, None])
    KroneckerSparse((288230376151711744, 2, 2, 2), 2305843009213693952 synapses, float64)
    """

    kind = "kronecker"

    def __init__(
        self,
        pattern: tuple[int, int, int, int],
        values: npt.ArrayLike | Values,
        bias: npt.ArrayLike | None = None,
    ) -> None:
        self._pattern = _pattern(pattern)
        self._values = values if isinstance(values, Values) else _array_values(values)
        tied = tuple(zip(self._values.shape, self._pattern, strict=True))
        if not all(length in (1, size) for length, size in tied):
            raise ValueError(
                f"values must broadcast to the pattern {self._pattern}, "
                f"got shape {self._values.shape}"
            )
        a, b, c, d = self._pattern
        self._shape = (a * b * d, a * c * d)
        repeats = size_of([size for length, size in tied if length != size])
        self._synapses = self._values.nonzero * repeats
        self._bias = bias_vector(bias, self._shape[0], self._values.dtype)

    @property
    def pattern(self) -> tuple[int, int, int, int]:
        """The four sizes (a, b, c, d)."""
        return self._pattern

    @property
    def values(self) -> Values:
        """The values, up to broadcasting."""
        return self._values

    @property
    def shape(self) -> tuple[int, int]:
        """Outputs and inputs: (a*b*d, a*c*d)."""
        return self._shape

    @property
    def dtype(self) -> np.dtype[Any]:
        """Type of the weights."""
        return self._values.dtype

    @property
    def synapses(self) -> int:
        """Number of nonzero weights, a*b*c*d unless a value is 0."""
        return self._synapses

    @cached_property
    def support(self) -> Support:
        """The Kronecker pattern; if a value is 0, CSR (MemoryError if that does not fit)."""
        if self._synapses == 0:
            return EmptySupport(self._shape)
        if not self._values.has_zero:
            return KroneckerSupport.pattern(*self._pattern)
        _memory.require(
            self._csr_bytes(),
            f"{self!r} has values 0, so its support, written out as CSR,",
            "describe it without them, as layers of smaller patterns",
        )
        matrix = self._to_csr()
        return CsrSupport(self._shape, matrix.indptr, matrix.indices)

    @property
    def T(self) -> KroneckerSparse:
        """The transposed layer; ValueError if there is a bias."""
        self._refuse_bias("transpose")
        a, b, c, d = self._pattern
        return KroneckerSparse((a, c, b, d), self._values.swap())

    @property
    def H(self) -> KroneckerSparse:
        """The conjugate transposed layer; ValueError if there is a bias."""
        self._refuse_bias("adjoint")
        a, b, c, d = self._pattern
        return KroneckerSparse((a, c, b, d), self._values.swap().conj())

    def _astype(self, dtype: np.dtype[Any]) -> KroneckerSparse:
        return KroneckerSparse(self._pattern, self._values.astype(dtype), self._bias)

    def _apply(self, X: npt.NDArray[Any]) -> npt.NDArray[Any]:
        a, b, c, d = self._pattern
        columns = X.shape[1]
        values = self._values.materialize().astype(X.dtype, copy=False)
        blocks = X.reshape(a, c, d, columns)
        if c <= _SHORT_SUM:
            product = _short_sums(values, blocks, (a, b, d, columns))
        elif values.shape[3] == 1:
            # The same matrix for every id: d is one more axis of columns.
            tied = np.broadcast_to(values[..., 0], (values.shape[0], b, c))
            product = tied @ blocks.reshape(a, c, d * columns)
        else:
            each = np.broadcast_to(values, (values.shape[0], b, c, d)).transpose(0, 3, 1, 2)
            product = (each @ blocks.transpose(0, 2, 1, 3)).transpose(0, 2, 1, 3)
        return product.reshape(self._shape[0], columns)

    def _csr_bytes(self) -> int:
        # Zeros are dropped only after all entries have been written.
        a, b, c, d = self._pattern
        entries = a * b * c * d
        index = index_dtype(self._shape, entries).itemsize
        return entries * (index + self.dtype.itemsize) + (self._shape[0] + 1) * index

    def _to_csr(self) -> CsrArray:
        a, b, c, d = self._pattern
        entries = a * b * c * d
        dtype = index_dtype(self._shape, entries)
        # Row ((ia*b + ib)*d + id) holds the columns (ia*c + ic)*d + id in ascending order of ic.
        blocks = np.arange(a, dtype=dtype)[:, None, None, None] * c + np.arange(c, dtype=dtype)
        columns = blocks * d + np.arange(d, dtype=dtype)[:, None]
        # flatten copies always: the matrix must not share the layer's memory
        indices = np.broadcast_to(columns, (a, b, d, c)).flatten()
        data = np.broadcast_to(self._values.materialize(), self._pattern).transpose(0, 1, 3, 2)
        indptr = np.arange(self._shape[0] + 1, dtype=dtype) * c
        matrix = sparse.csr_array((data.flatten(), indices, indptr), shape=self._shape)
        if self._values.has_zero:
            matrix.eliminate_zeros()
        return matrix

    def state(self) -> State:
        """Return the pattern and the values, or the parameters of their formula.

        Returns
        -------
        dict
        """
        state = {"pattern": self._pattern, **self._values.state()}
        return state if self._bias is None else {**state, "bias": self._bias}

    @classmethod
    def from_state(cls, state: State) -> KroneckerSparse:
        """Build the layer from its state.

        Parameters
        ----------
        state : dict
            As returned by `state`.

        Returns
        -------
        KroneckerSparse
        """
        return cls(tuple(state["pattern"]), _values_from_state(state), state.get("bias"))

    def __repr__(self) -> str:
        bias = "" if self._bias is None else ", bias"
        return f"KroneckerSparse({self._pattern}, {self._synapses} synapses, {self.dtype}{bias})"


def _values_from_state(state: State) -> Values:
    """Build values from what their `state` returned; other keys are ignored."""
    kind = choice(state["values"], "values", (ArrayValues.kind, FourierValues.kind))
    if kind == ArrayValues.kind:
        return ArrayValues(weights(state["array"], "values", ndim=4))
    return FourierValues(
        state["radix"], state["stride"], state["sign"], state["dtype"], bool(state["swapped"])
    )


def _pattern(pattern: object) -> tuple[int, int, int, int]:
    """Check the four sizes."""
    sizes = integers(pattern, "pattern", minimum=0)
    if len(sizes) != 4:
        raise ValueError(f"pattern must have four sizes (a, b, c, d), got {pattern!r}")
    return sizes


def _array_values(values: npt.ArrayLike) -> ArrayValues:
    """Check an array of values; missing leading axes are added, as broadcasting does."""
    array = weights(values, "values")
    if array.ndim > 4:
        raise ValueError(f"values must have at most 4 dimensions, got shape {array.shape}")
    warn_non_finite(int(array.size - np.count_nonzero(np.isfinite(array))), "values")
    return ArrayValues(array.reshape((1,) * (4 - array.ndim) + array.shape))


def _short_sums(
    values: npt.NDArray[Any], blocks: npt.NDArray[Any], shape: tuple[int, int, int, int]
) -> npt.NDArray[Any]:
    """Sum values[a, b, ic, d] * blocks[a, ic, d, column] over a few ic, whole arrays at a time."""
    product = np.zeros(shape, dtype=blocks.dtype)
    for ic in range(blocks.shape[1]):
        # A length of 1 along the summed axis means the same value for every ic.
        factor = values[:, :, ic if values.shape[2] > 1 else 0, :, np.newaxis]
        product += factor * blocks[:, np.newaxis, ic]
    return product
