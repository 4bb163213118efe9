"""Twiddle factors of the Fourier transform as a formula."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from cheapfast._arrays import supported_dtype
from cheapfast._validate import integer
from cheapfast.layers.roots import roots_of_unity
from cheapfast.layers.values import Shape4, Values


class FourierValues(Values):
    """Twiddle factors of one Fourier butterfly, computed directly from exact integers.

    ``values[0, q, p, k] = exp(sign * 2 pi i * p * (k + stride * q) / (radix * stride))``

    Parameters
    ----------
    radix, stride : int
        The pattern is (a, radix, radix, stride) for any a.
    sign : int
        -1 for the forward transform (NumPy's), +1 for the inverse.
    dtype : dtype_like
        complex64 or complex128.
    swapped : bool
        True exchanges p and q: the values of the transposed layer.

    Raises
    ------
    TypeError, ValueError
        If a parameter is none of these.

    Notes
    -----
    The numerator p * (k + stride * q) is reduced modulo radix * stride in integers, and the angle
    to the first octant, so that real and imaginary part are right to 0.61 units in the last place
    at any size (0.5 would be correct rounding).

    Examples
    --------
    >>> FourierValues(2, 1).materialize()[0].real[..., 0]
    array([[ 1.,  1.],
           [ 1., -1.]])
    >>> FourierValues(2, 2**59).shape
    (1, 2, 2, 576460752303423488)
    """

    kind = "fourier"

    def __init__(
        self,
        radix: int,
        stride: int,
        sign: int = -1,
        dtype: npt.DTypeLike = np.complex128,
        swapped: bool = False,
    ) -> None:
        self._radix = integer(radix, "radix", minimum=1)
        self._stride = integer(stride, "stride", minimum=1)
        self._sign = integer(sign, "sign")
        if self._sign not in (-1, 1):
            raise ValueError(f"sign must be -1 or +1, got {sign}")
        self._dtype = supported_dtype(dtype)
        if self._dtype.kind != "c":
            raise TypeError(f"dtype must be complex for Fourier values, got {self._dtype}")
        self._swapped = bool(swapped)

    @property
    def radix(self) -> int:
        """Size of the butterfly."""
        return self._radix

    @property
    def stride(self) -> int:
        """Distance of its inputs."""
        return self._stride

    @property
    def sign(self) -> int:
        """Sign of the exponent: -1 forward, +1 inverse."""
        return self._sign

    @property
    def swapped(self) -> bool:
        """Whether the two middle axes are exchanged."""
        return self._swapped

    @property
    def shape(self) -> Shape4:
        """The shape (1, radix, radix, stride)."""
        return 1, self._radix, self._radix, self._stride

    @property
    def dtype(self) -> np.dtype[Any]:
        """Type of the values: complex64 or complex128."""
        return self._dtype

    @property
    def magnitudes(self) -> tuple[float, float]:
        """All are 1."""
        return 1.0, 1.0

    @property
    def has_zero(self) -> bool:
        """False: they are roots of unity."""
        return False

    def _make(self) -> npt.NDArray[Any]:
        p = np.arange(self._radix, dtype=np.int64)[None, :, None]
        q = np.arange(self._radix, dtype=np.int64)[:, None, None]
        k = np.arange(self._stride, dtype=np.int64)
        period = self._radix * self._stride
        values = roots_of_unity(p * (k + self._stride * q) % period, period, self._sign)
        if self._swapped:
            values = values.swapaxes(0, 1)
        return values.astype(self._dtype)[np.newaxis]

    def conj(self) -> FourierValues:
        """Return the complex conjugate values: the other sign.

        Returns
        -------
        FourierValues
        """
        return FourierValues(self._radix, self._stride, -self._sign, self._dtype, self._swapped)

    def swap(self) -> FourierValues:
        """Exchange p and q.

        Returns
        -------
        FourierValues
        """
        return FourierValues(self._radix, self._stride, self._sign, self._dtype, not self._swapped)

    def astype(self, dtype: np.dtype[Any]) -> FourierValues:
        """Return the same formula in another precision.

        Parameters
        ----------
        dtype : numpy.dtype
            complex64 or complex128.

        Returns
        -------
        FourierValues
        """
        return FourierValues(self._radix, self._stride, self._sign, dtype, self._swapped)

    def state(self) -> dict[str, Any]:
        """Return the parameters of the formula.

        Returns
        -------
        dict
        """
        return {
            "values": self.kind,
            "radix": self._radix,
            "stride": self._stride,
            "sign": self._sign,
            "dtype": self._dtype.name,
            "swapped": int(self._swapped),
        }

    def __repr__(self) -> str:
        return f"FourierValues({self._radix}, {self._stride}, sign={self._sign:+d}, {self._dtype})"
