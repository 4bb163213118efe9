"""A convolution layer in any number of dimensions."""

from __future__ import annotations

import math
from collections.abc import Iterator
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
from scipy import sparse

from cheapfast._arrays import bias_vector, read_only, warn_non_finite, weights
from cheapfast._validate import choice, integers
from cheapfast.layers.base import Layer, State
from cheapfast.layers.convolve import add_shifted, by_fft, folded, geometry
from cheapfast.layers.registry import register
from cheapfast.support.base import Support
from cheapfast.support.convolution import convolution_support
from cheapfast.support.csr import EmptySupport
from cheapfast.support.offsets import Box, Offset
from cheapfast.support.stencil import stencil_csr

if TYPE_CHECKING:
    from collections.abc import Sequence

    from cheapfast.layers.base import CsrArray

_MODES = ("circular", "full", "same", "valid")
_FEW_WEIGHTS = 64  # up to here adding shifted copies beats the FFT


@register
class Convolution(Layer):
    """The true convolution (kernel flipped) of an array with a kernel, plus bias.

    Parameters
    ----------
    kernel : array_like
        d dimensions. Its zeros are no synapses.
    shape : int or tuple of int
        Shape of the input array, d sizes; inputs and outputs are flattened in C order.
    mode : {"circular", "full", "same", "valid"}
        ``"circular"`` takes indices modulo the shape, the kernel anchored at its index 0: the
        output has the input's shape. The others pad with zeros and mean what they do in
        `scipy.signal.convolve` with the input first.
    bias : array_like, optional
        Shape (outputs,).

    Raises
    ------
    TypeError
        If the dtype is not supported.
    ValueError
        If kernel and shape have different numbers of dimensions, the kernel is empty, or in mode
        ``"valid"`` neither is at least as large as the other along every axis.

    Notes
    -----
    ``y[i] = sum over t of kernel[t] * x[i + start - t]`` with start = 0 (circular, full),
    (k - 1) // 2 (same), min(k, n) - 1 (valid) along an axis of k weights and n inputs. An empty
    input has an empty output in every mode.

    Examples
    --------
    >>> difference = Convolution([1.0, -1.0], 4, mode="full")
    >>> difference.shape, difference.synapses
    ((5, 4), 8)
    >>> difference.apply(np.array([[1.0], [3.0], [6.0], [10.0]])).ravel()
    array([  1.,   2.,   3.,   4., -10.])
    """

    kind = "convolution"

    def __init__(
        self,
        kernel: npt.ArrayLike,
        shape: int | Sequence[int],
        mode: str = "circular",
        bias: npt.ArrayLike | None = None,
    ) -> None:
        array = weights(kernel, "kernel")
        sizes = integers(shape, "shape", minimum=0)
        mode = choice(mode, "mode", _MODES)
        if array.ndim != len(sizes) or not sizes:
            raise ValueError(
                f"kernel must have one dimension for each of the {len(sizes)} sizes in shape "
                f"{sizes}, got shape {array.shape}"
            )
        if array.size == 0:
            raise ValueError(f"kernel must not be empty, got shape {array.shape}")
        warn_non_finite(int(array.size - np.count_nonzero(np.isfinite(array))), "kernel")
        outputs, start = geometry(array.shape, sizes, mode)
        self._set(np.array(array), sizes, outputs, start, mode == "circular", bias)

    def _set(
        self,
        kernel: npt.NDArray[Any],
        in_shape: tuple[int, ...],
        out_shape: tuple[int, ...],
        start: Offset,
        circular: bool,
        bias: npt.ArrayLike | None,
    ) -> None:
        if circular:
            kernel = folded(kernel, in_shape)
        self._kernel = read_only(np.ascontiguousarray(kernel))
        self._in_shape = in_shape
        self._out_shape = out_shape
        self._start = start
        self._circular = circular
        self._bias = bias_vector(bias, math.prod(out_shape), kernel.dtype)

    @property
    def kernel(self) -> npt.NDArray[Any]:
        """The kernel; a circular one is wrapped to the shape. Read-only."""
        return self._kernel

    @property
    def in_shape(self) -> tuple[int, ...]:
        """Shape of the input array."""
        return self._in_shape

    @property
    def out_shape(self) -> tuple[int, ...]:
        """Shape of the output array."""
        return self._out_shape

    @property
    def circular(self) -> bool:
        """Whether indices are taken modulo the shape."""
        return self._circular

    @property
    def shape(self) -> tuple[int, int]:
        """Outputs and inputs."""
        return math.prod(self._out_shape), math.prod(self._in_shape)

    @property
    def dtype(self) -> np.dtype[Any]:
        """Type of the kernel."""
        return self._kernel.dtype

    @cached_property
    def support(self) -> Support:
        """The pattern: offsets of the nonzero weights; diagonal, full or empty if it is."""
        offsets: Box | list[Offset]
        if self._kernel.all():
            low = tuple([-s for s in self._start])
            offsets = Box(low, tuple([a + k for a, k in zip(low, self._kernel.shape, strict=True)]))
        else:
            offsets = [offset for offset, _ in self._weights()]
        return convolution_support(offsets, self._in_shape, self._out_shape, self._circular)

    @property
    def T(self) -> Convolution:
        """The transposed layer, the correlation; ValueError if there is a bias."""
        self._refuse_bias("transpose")
        return self._turned(self._kernel)

    @property
    def H(self) -> Convolution:
        """The conjugate transposed layer; ValueError if there is a bias."""
        self._refuse_bias("adjoint")
        return self._turned(self._kernel.conj())

    def _turned(self, kernel: npt.NDArray[Any]) -> Convolution:
        """Build the layer that joins j to i where this one joins i to j."""
        last = [k - 1 for k in kernel.shape]
        start = tuple([end - s for end, s in zip(last, self._start, strict=True)])
        return self._from_parts(
            np.flip(kernel), self._out_shape, self._in_shape, start, self._circular, None
        )

    @classmethod
    def _from_parts(
        cls,
        kernel: npt.NDArray[Any],
        in_shape: tuple[int, ...],
        out_shape: tuple[int, ...],
        start: Offset,
        circular: bool,
        bias: npt.ArrayLike | None,
    ) -> Convolution:
        layer = cls.__new__(cls)
        layer._set(kernel, in_shape, out_shape, start, circular, bias)
        return layer

    def _weights(self) -> Iterator[tuple[Offset, Any]]:
        """Offsets i - j of the nonzero weights, and the weights."""
        for t in np.argwhere(self._kernel).tolist():
            offset = tuple([part - s for part, s in zip(t, self._start, strict=True)])
            yield offset, self._kernel[tuple(t)]

    def _astype(self, dtype: np.dtype[Any]) -> Convolution:
        return self._from_parts(
            self._kernel.astype(dtype),
            self._in_shape,
            self._out_shape,
            self._start,
            self._circular,
            self._bias,
        )

    def _apply(self, X: npt.NDArray[Any]) -> npt.NDArray[Any]:
        columns = X.shape[1]
        if 0 in self.shape or columns == 0:
            return np.zeros((self.shape[0], columns), dtype=X.dtype)
        grid = X.reshape(*self._in_shape, columns)
        # The FFT would spread a NaN over the whole output.
        few = np.count_nonzero(self._kernel) <= _FEW_WEIGHTS
        direct = few or not (np.isfinite(X).all() and np.isfinite(self._kernel).all())
        if direct:
            result = add_shifted(grid, self._weights(), self._out_shape, self._circular)
        else:
            result = by_fft(grid, self._kernel, self._start, self._out_shape, self._circular)
        return result.reshape(self.shape[0], columns)

    def _to_csr(self) -> CsrArray:
        if isinstance(self.support, EmptySupport):
            return sparse.csr_array(self.shape, dtype=self.dtype)
        pairs = list(self._weights())
        indptr, indices, which = stencil_csr(
            [offset for offset, _ in pairs], self._in_shape, self._out_shape, self._circular
        )
        data = np.array([weight for _, weight in pairs], dtype=self.dtype)[which]
        return sparse.csr_array((data, indices, indptr), shape=self.shape)

    def state(self) -> State:
        """Return the kernel and the geometry.

        Returns
        -------
        dict
        """
        state: State = {
            "kernel": self._kernel,
            "in_shape": self._in_shape,
            "out_shape": self._out_shape,
            "start": self._start,
            "circular": int(self._circular),
        }
        return state if self._bias is None else {**state, "bias": self._bias}

    @classmethod
    def from_state(cls, state: State) -> Convolution:
        """Build the layer from its state.

        Parameters
        ----------
        state : dict
            As returned by `state`.

        Returns
        -------
        Convolution

        Raises
        ------
        ValueError
            If its parts do not have the same number of dimensions.
        """
        kernel = weights(state["kernel"], "kernel")
        in_shape = integers(state["in_shape"], "in_shape", minimum=0)
        out_shape = integers(state["out_shape"], "out_shape", minimum=0)
        start = integers(state["start"], "start")
        if not len(in_shape) == len(out_shape) == len(start) == kernel.ndim:
            raise ValueError(
                f"kernel, in_shape, out_shape and start must have one length, got "
                f"{kernel.ndim}, {len(in_shape)}, {len(out_shape)}, {len(start)}"
            )
        circular = bool(state["circular"])
        return cls._from_parts(kernel, in_shape, out_shape, start, circular, state.get("bias"))

    def __repr__(self) -> str:
        sizes = [
            "x".join(map(str, s)) for s in (self._kernel.shape, self._in_shape, self._out_shape)
        ]
        border = "circular" if self._circular else "zero-padded"
        bias = "" if self._bias is None else ", bias"
        return (
            f"Convolution({sizes[0]} kernel, {sizes[1]} -> {sizes[2]}, {border}, "
            f"{self.synapses} synapses, {self.dtype}{bias})"
        )
