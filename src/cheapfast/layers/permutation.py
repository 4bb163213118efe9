"""A layer that reorders its inputs."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
from scipy import sparse

from cheapfast._arrays import bias_vector, supported_dtype
from cheapfast._validate import integers
from cheapfast.layers.base import Layer, State
from cheapfast.layers.registry import register
from cheapfast.support.algebra import permuted
from cheapfast.support.base import Support
from cheapfast.support.csr import index_dtype
from cheapfast.support.kronecker import KroneckerSupport
from cheapfast.support.permutation import DigitPermutation, IndexPermutation, PermutationMap

if TYPE_CHECKING:
    from collections.abc import Sequence

    from cheapfast.layers.base import CsrArray


@register
class Permutation(Layer):
    """The map x -> x[indices] + bias; each output is one synapse of weight 1.

    Parameters
    ----------
    indices : array_like of int
        Shape (n,), each of 0 ... n - 1 once: output i is input ``indices[i]``.
    dtype : dtype_like
        Type of the ones. The narrowest by default, so that it does not widen the result.
    bias : array_like, optional
        Shape (n,).

    Raises
    ------
    TypeError
        If the indices are no integers.
    ValueError
        If they are no permutation.

    Examples
    --------
    >>> Permutation([2, 0, 1]).apply(np.array([[10.0], [11.0], [12.0]])).ravel()
    array([12., 10., 11.])
    """

    kind = "permutation"

    def __init__(
        self,
        indices: npt.ArrayLike,
        dtype: npt.DTypeLike = np.float32,
        bias: npt.ArrayLike | None = None,
    ) -> None:
        self._set(IndexPermutation(_checked(indices)), dtype, bias)

    def _set(
        self, permutation: PermutationMap, dtype: npt.DTypeLike, bias: npt.ArrayLike | None
    ) -> None:
        self._map = permutation
        self._size = permutation.size
        self._dtype = supported_dtype(dtype)
        self._bias = bias_vector(bias, self._size, self._dtype)
        core = KroneckerSupport.identity(self._size)
        self._support = core if permutation.is_identity else permuted(core, None, permutation)

    @classmethod
    def from_map(
        cls,
        permutation: PermutationMap,
        dtype: npt.DTypeLike = np.float32,
        bias: npt.ArrayLike | None = None,
    ) -> Permutation:
        """Build the layer of a permutation that is given symbolically.

        Parameters
        ----------
        permutation : PermutationMap
            Such as `cheapfast.support.DigitPermutation`.
        dtype : dtype_like
            Type of the ones.
        bias : array_like, optional
            Shape (n,).

        Returns
        -------
        Permutation
        """
        layer = cls.__new__(cls)
        layer._set(permutation, dtype, bias)
        return layer

    @classmethod
    def digit_reversal(
        cls, radices: Sequence[int], dtype: npt.DTypeLike = np.float32
    ) -> Permutation:
        """Reverse the digits of a mixed-radix index, without an array of indices.

        Parameters
        ----------
        radices : sequence of int
            r_0, ..., r_{k-1}, all at least 1; n is their product, of any size.
        dtype : dtype_like
            Type of the ones.

        Returns
        -------
        Permutation
            The output with digits (i_0, ..., i_{k-1}), i_0 slowest, reads the input with digits
            (i_{k-1}, ..., i_0): ``x.reshape(radices[::-1]).transpose().ravel()``. Its inverse is
            ``digit_reversal(radices[::-1])``.

        Raises
        ------
        TypeError, ValueError
            If the radices are no positive integers.

        Examples
        --------
        >>> Permutation.digit_reversal((2, 2, 2)).indices()
        array([0, 4, 2, 6, 1, 5, 3, 7])
        >>> Permutation.digit_reversal((2,) * 60).synapses == 2**60
        True
        """
        checked = integers(radices, "radices", minimum=1)
        return cls.from_map(DigitPermutation.reversal(checked), dtype)

    def indices(self) -> npt.NDArray[Any]:
        """Write the permutation out.

        Returns
        -------
        numpy.ndarray
            Shape (n,): output i is input ``indices[i]``. Do not write to it.

        Raises
        ------
        MemoryError
            Before anything is allocated, if it does not fit.
        """
        return self._map.indices()

    @property
    def shape(self) -> tuple[int, int]:
        """Outputs and inputs, equal."""
        return self._size, self._size

    @property
    def permutation(self) -> PermutationMap:
        """What moves where: symbolic if it was given so, else written out."""
        return self._map

    @property
    def dtype(self) -> np.dtype[Any]:
        """Type of the ones."""
        return self._dtype

    @property
    def support(self) -> Support:
        """The permuted diagonal; the diagonal itself if nothing moves."""
        return self._support

    @property
    def synapses(self) -> int:
        """One for each output."""
        return self._size

    @property
    def T(self) -> Permutation:
        """The inverse permutation; ValueError if there is a bias."""
        self._refuse_bias("transpose")
        return Permutation.from_map(self._map.inverse, self._dtype)

    @property
    def H(self) -> Permutation:
        """The inverse permutation; ValueError if there is a bias."""
        self._refuse_bias("adjoint")
        return Permutation.from_map(self._map.inverse, self._dtype)

    def _astype(self, dtype: np.dtype[Any]) -> Permutation:
        return Permutation.from_map(self._map, dtype, self._bias)

    def _apply(self, X: npt.NDArray[Any]) -> npt.NDArray[Any]:
        reordered: npt.NDArray[Any] = X[self.indices()]
        return reordered

    def _to_csr(self) -> CsrArray:
        dtype = index_dtype(self.shape, self._size)
        return sparse.csr_array(
            (
                np.ones(self._size, dtype=self._dtype),
                self.indices().astype(dtype),
                np.arange(self._size + 1, dtype=dtype),
            ),
            shape=self.shape,
        )

    def state(self) -> State:
        """Return the digits of a symbolic permutation, else the array of indices.

        Returns
        -------
        dict
        """
        state: State = {"dtype": self._dtype.name}
        if isinstance(self._map, DigitPermutation):
            state |= {"radices": self._map.radices, "axes": self._map.axes}
        else:
            state |= {"indices": self._map.indices()}
        return state if self._bias is None else {**state, "bias": self._bias}

    @classmethod
    def from_state(cls, state: State) -> Permutation:
        """Build the layer from its state.

        Parameters
        ----------
        state : dict
            As returned by `state`.

        Returns
        -------
        Permutation

        Raises
        ------
        ValueError
            If it is no permutation.
        """
        if "indices" in state:
            return cls(state["indices"], state["dtype"], state.get("bias"))
        radices = integers(state["radices"], "radices", minimum=0)
        axes = integers(state["axes"], "axes", minimum=0)
        if sorted(axes) != list(range(len(radices))):
            raise ValueError(f"axes must order {len(radices)} digits, got {axes}")
        return cls.from_map(DigitPermutation(radices, axes), state["dtype"], state.get("bias"))


def _checked(indices: npt.ArrayLike) -> npt.NDArray[Any]:
    """Return a copy of the indices, as NumPy's index type, if they are a permutation."""
    array = np.asarray(indices)
    if array.size == 0:
        array = array.astype(np.intp)
    if array.dtype.kind not in "iu":
        raise TypeError(f"indices must be integers, got {array.dtype}")
    if array.ndim != 1:
        raise ValueError(f"indices must have 1 dimension, got shape {array.shape}")
    size = math.prod(array.shape)
    in_range = size == 0 or (int(array.min()) >= 0 and int(array.max()) < size)
    copy = array.astype(np.intp)
    if not in_range or (size and np.bincount(copy, minlength=size).max() > 1):
        raise ValueError(f"indices must hold each of 0 to {size - 1} once: they are no permutation")
    return copy
