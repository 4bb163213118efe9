"""Values of a Kronecker-sparse layer: an array, or a formula that makes one when it is needed."""

from __future__ import annotations

from abc import ABC, abstractmethod
from functools import cached_property
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt

from cheapfast import _memory
from cheapfast._arrays import read_only
from cheapfast._validate import size_of

Shape4 = tuple[int, int, int, int]


class Values(ABC):
    """Values v[ia, ib, ic, id] of a pattern (a, b, c, d), up to broadcasting. Immutable.

    Attributes
    ----------
    kind : str
        Name under which `state` saves them.
    """

    kind: ClassVar[str]

    @property
    @abstractmethod
    def shape(self) -> Shape4:
        """Shape, broadcastable to the pattern: tied values have length 1 along an axis."""

    @property
    @abstractmethod
    def dtype(self) -> np.dtype[Any]:
        """float32, float64, complex64 or complex128."""

    @property
    @abstractmethod
    def has_zero(self) -> bool:
        """Whether one of the values is exactly 0, so no synapse."""

    @property
    def nonzero(self) -> int:
        """Number of values that are not 0."""
        return size_of(self.shape)

    @property
    @abstractmethod
    def magnitudes(self) -> tuple[float, float]:
        """The least magnitude that is not 0, and the largest; see `magnitudes_of`."""

    @abstractmethod
    def _make(self) -> npt.NDArray[Any]:
        """Make the array; the caller has checked that it fits."""

    @abstractmethod
    def conj(self) -> Values:
        """Return the complex conjugate values.

        Returns
        -------
        Values
        """

    @abstractmethod
    def swap(self) -> Values:
        """Exchange ib and ic: the values of the transposed layer.

        Returns
        -------
        Values
        """

    @abstractmethod
    def astype(self, dtype: np.dtype[Any]) -> Values:
        """Convert to another supported dtype.

        Parameters
        ----------
        dtype : numpy.dtype
            float32, float64, complex64 or complex128.

        Returns
        -------
        Values
        """

    @abstractmethod
    def state(self) -> dict[str, Any]:
        """Return what `values_from_state` needs.

        Returns
        -------
        dict
        """

    def materialize(self) -> npt.NDArray[Any]:
        """Return the values as an array.

        Returns
        -------
        numpy.ndarray
            Of `shape` and `dtype`; do not write to it.

        Raises
        ------
        MemoryError
            Before anything is allocated, if it does not fit.
        """
        _memory.require(
            size_of(self.shape) * self.dtype.itemsize,
            f"the array of values of shape {self.shape}",
            "count the layer, or draw it, as it is: neither makes its values",
        )
        return self._make()


class ArrayValues(Values):
    """Values given as an array.

    Parameters
    ----------
    array : numpy.ndarray
        Four dimensions, supported dtype; borrowed.
    """

    kind = "array"

    def __init__(self, array: npt.NDArray[Any]) -> None:
        self._array = read_only(array)
        self._nonzero = int(np.count_nonzero(array))

    @property
    def shape(self) -> Shape4:
        """Shape of the array."""
        a, b, c, d = self._array.shape
        return a, b, c, d

    @property
    def dtype(self) -> np.dtype[Any]:
        """Type of the array."""
        return self._array.dtype

    @property
    def has_zero(self) -> bool:
        """Whether one of the values is exactly 0."""
        return self._nonzero < self._array.size

    @property
    def nonzero(self) -> int:
        """Number of values that are not 0."""
        return self._nonzero

    @cached_property
    def magnitudes(self) -> tuple[float, float]:
        """The least magnitude that is not 0, and the largest; see `magnitudes_of`."""
        return magnitudes_of(self._array)

    def materialize(self) -> npt.NDArray[Any]:
        """Return the array itself, read-only.

        Returns
        -------
        numpy.ndarray
        """
        return self._array

    def _make(self) -> npt.NDArray[Any]:
        return self._array

    def conj(self) -> ArrayValues:
        """Return the complex conjugate values.

        Returns
        -------
        ArrayValues
        """
        return ArrayValues(self._array.conj())

    def swap(self) -> ArrayValues:
        """Exchange ib and ic.

        Returns
        -------
        ArrayValues
        """
        return ArrayValues(self._array.swapaxes(1, 2))

    def astype(self, dtype: np.dtype[Any]) -> ArrayValues:
        """Convert the array.

        Parameters
        ----------
        dtype : numpy.dtype
            A supported dtype.

        Returns
        -------
        ArrayValues
        """
        return ArrayValues(self._array.astype(dtype, copy=False))

    def state(self) -> dict[str, Any]:
        """Return the array.

        Returns
        -------
        dict
        """
        return {"values": self.kind, "array": self._array}


def magnitudes_of(array: npt.NDArray[Any]) -> tuple[float, float]:
    """Return the least magnitude that is not 0, and the largest.

    Parameters
    ----------
    array : numpy.ndarray
        Of a supported dtype.

    Returns
    -------
    least, most : float
        NaN if an entry is NaN; (inf, 0) if all are 0.
    """
    sizes = np.abs(array)
    least, most = sizes.min(initial=np.inf), sizes.max(initial=0.0)
    if least == 0:
        least = sizes.min(initial=np.inf, where=sizes > 0)
    return float(least), float(most)
