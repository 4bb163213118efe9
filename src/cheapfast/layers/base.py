"""What every layer of a network can be asked."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, Any, ClassVar, TypeAlias

import numpy as np
import numpy.typing as npt

from cheapfast import _memory
from cheapfast._arrays import SUPPORTED_DTYPES, numpy_dtype, supported_dtype
from cheapfast.layers.registry import layer_from_state
from cheapfast.support.base import Support, csr_pattern_bytes

if TYPE_CHECKING:
    from scipy import sparse

    CsrArray: TypeAlias = sparse.csr_array

State = dict[str, Any]


class Layer(ABC):
    """One step of a network: a weight layer x -> W x + bias, or an activation. Immutable.

    A new kind of layer is one new file with a subclass, one `register` line in it and one line in
    ``tests/test_layer_contract.py``. Counting asks it for `support`, `synapses` and `to_csr`;
    applying it for `apply`; saving it for `state` and `from_state`.

    Attributes
    ----------
    kind : str
        Name in the registry, written to disk by `cheapfast.save`.
    is_linear : bool
        True for weight layers (with or without a bias), False for activations.
    """

    kind: ClassVar[str]
    is_linear: ClassVar[bool] = True
    _bias: npt.NDArray[Any] | None = None

    @property
    @abstractmethod
    def shape(self) -> tuple[int, int]:
        """Outputs and inputs, as of a matrix."""

    @property
    @abstractmethod
    def dtype(self) -> np.dtype[Any]:
        """Type of the weights: float32, float64, complex64 or complex128."""

    @property
    def bias(self) -> npt.NDArray[Any] | None:
        """The bias, shape (outputs,), read-only; None if there is none."""
        return self._bias

    @property
    @abstractmethod
    def support(self) -> Support:
        """The sparsity pattern of the weights."""

    @property
    def synapses(self) -> int:
        """Number of nonzero weights."""
        return self.support.nnz

    @property
    @abstractmethod
    def T(self) -> Layer:
        """The transposed layer; ValueError if there is a bias."""

    @property
    @abstractmethod
    def H(self) -> Layer:
        """The conjugate transposed layer; ValueError if there is a bias."""

    @abstractmethod
    def _astype(self, dtype: np.dtype[Any]) -> Layer:
        """Convert to a supported dtype that differs from the layer's own."""

    @abstractmethod
    def _apply(self, X: npt.NDArray[Any]) -> npt.NDArray[Any]:
        """Multiply a checked (inputs, k) array, without the bias; return a new array."""

    @abstractmethod
    def _to_csr(self) -> CsrArray:
        """Write the weights out; the caller has checked that they fit."""

    @abstractmethod
    def state(self) -> State:
        """Return everything that `from_state` needs to build the layer again.

        Returns
        -------
        dict
            Keys are strings; values are NumPy arrays, ints, strings or tuples of them.
        """

    @classmethod
    @abstractmethod
    def from_state(cls, state: State) -> Layer:
        """Build a layer from what `state` returned.

        Parameters
        ----------
        state : dict
            As returned by `state`.

        Returns
        -------
        Layer
        """

    def output_size(self, inputs: int) -> int:
        """Return the number of outputs for a given number of inputs.

        Parameters
        ----------
        inputs : int
            Features that arrive. A weight layer has its own number and insists on it; an activation
            takes any.

        Returns
        -------
        int

        Raises
        ------
        ValueError
            If the layer does not take that many.
        """
        if inputs != self.shape[1]:
            raise ValueError(f"{self!r} expects {self.shape[1]} inputs, got {inputs}")
        return self.shape[0]

    def apply(self, X: npt.NDArray[Any]) -> npt.NDArray[Any]:
        """Apply the layer to each column.

        Parameters
        ----------
        X : numpy.ndarray
            Shape (inputs, k), one column a vector.

        Returns
        -------
        numpy.ndarray
            A new array of shape (outputs, k) and dtype ``np.result_type(self.dtype, X.dtype)``; the
            bias is added.

        Raises
        ------
        TypeError
            If `X` is no array of a supported dtype.
        ValueError
            If its shape does not fit.
        MemoryError
            Before anything is allocated, if the weights do not fit in memory.
        """
        if not isinstance(X, np.ndarray):
            raise TypeError(f"X must be a numpy.ndarray, got {type(X).__name__}")
        if X.ndim != 2:
            raise ValueError(f"X must have shape (inputs, k), got {X.shape}")
        outputs = self.output_size(X.shape[0])
        dtype = self._result_dtype(X.dtype)
        _memory.require(
            max(outputs, X.shape[0]) * X.shape[1] * dtype.itemsize,
            f"applying {self!r} to {X.shape[1]} vector(s)",
            "apply it to fewer vectors at a time",
        )
        Y = self._apply(X.astype(dtype, copy=False))
        if self.bias is not None:
            Y += self.bias[:, np.newaxis]
        return Y

    def astype(self, dtype: npt.DTypeLike) -> Layer:
        """Return the layer with its weights converted.

        Parameters
        ----------
        dtype : dtype_like
            float32, float64, complex64 or complex128.

        Returns
        -------
        Layer
            The layer itself if that is its dtype already.

        Raises
        ------
        TypeError
            If the dtype is none of the four, or the weights are complex and it is real.
        """
        wanted = numpy_dtype(dtype, "dtype").newbyteorder("=")
        if wanted not in SUPPORTED_DTYPES:
            listed = ", ".join(str(one) for one in SUPPORTED_DTYPES)
            raise TypeError(f"dtype must be one of {listed}, got {wanted}")
        if wanted == self.dtype:
            return self
        if not np.can_cast(self.dtype, wanted, casting="same_kind"):
            raise TypeError(f"dtype must be complex for complex weights, got {wanted}")
        return self._astype(wanted)

    def to_csr(self) -> CsrArray:
        """Write the weights out as a sparse matrix.

        Returns
        -------
        scipy.sparse.csr_array
            A new canonical matrix without explicit zeros; changing it does not change the layer.

        Raises
        ------
        MemoryError
            Before anything is allocated, if it would not fit in the memory available now.
        TypeError
            If the layer has no weights that could be written out.
        """
        _memory.require(
            self._csr_bytes(),
            f"{self!r} as CSR",
            "apply the layer, or count it, as it is: neither writes it out",
        )
        return self._to_csr()

    def _csr_bytes(self) -> int:
        """Bytes of the matrix that `to_csr` returns."""
        return csr_pattern_bytes(self.shape, self.synapses) + self.synapses * self.dtype.itemsize

    def _result_dtype(self, dtype: np.dtype[Any]) -> np.dtype[Any]:
        """Type of the result for an input of type `dtype`."""
        return np.result_type(self.dtype, supported_dtype(dtype, "X"))

    def _refuse_bias(self, operation: str) -> None:
        """Raise where an affine map has no meaning."""
        if self.bias is not None:
            raise ValueError(
                f"{self!r} has a bias, so it has no {operation}: "
                "take that of the layer without its bias"
            )

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Layer):
            return NotImplemented
        if self is other:
            return True
        return self.kind == other.kind and same_state(self.state(), other.state())

    def __hash__(self) -> int:
        return hash((self.kind, self.shape, self.dtype))

    def __reduce__(self) -> tuple[Any, ...]:
        return layer_from_state, (self.kind, self.state())

    def __repr__(self) -> str:
        rows, columns = self.shape
        bias = "" if self.bias is None else ", bias"
        return (
            f"{type(self).__name__}({rows}x{columns}, {self.synapses} synapses, {self.dtype}{bias})"
        )


def same_state(one: Any, other: Any) -> bool:
    """Compare what two layers would write to disk.

    Parameters
    ----------
    one, other : Any
        States, or parts of them.

    Returns
    -------
    bool
        True if they are equal: arrays with the same entries (NaN equals NaN) and, unless they hold
        indices, of the same dtype.
    """
    if isinstance(one, np.ndarray) or isinstance(other, np.ndarray):
        return (
            isinstance(one, np.ndarray)
            and isinstance(other, np.ndarray)
            and (one.dtype == other.dtype or {one.dtype.kind, other.dtype.kind} <= set("iu"))
            and np.array_equal(one, other, equal_nan=one.dtype.kind in "fc")
        )
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(same_state(one[k], other[k]) for k in one)
    if isinstance(one, tuple) and isinstance(other, tuple):
        return len(one) == len(other) and all(map(same_state, one, other))
    return bool(one == other)
