"""Activations of the user's: functions of arrays, or compiled code."""

from __future__ import annotations

import math
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import numpy as np
import numpy.typing as npt

from cheapfast import _core
from cheapfast.gates import taylor
from cheapfast.gates.sigma import Sigma
from cheapfast.layers import Activation

Array = npt.NDArray[Any]


class Given(Sigma):
    """A function of the user's.

    Parameters
    ----------
    function : callable or scipy.LowLevelCallable
        Of an array, element by element (a NumPy ufunc, say); or compiled, "double (double)".
    derivatives : callable, optional
        ``derivatives(order, u)``: the derivative of that order (0 is the function) at a float.
        Without it the function is called with a power series (see `cheapfast.gates.Jet`).
    """

    def __init__(
        self,
        function: Any,
        derivatives: Callable[[int, float], float] | None = None,
    ) -> None:
        self.function = function
        self.derivatives = derivatives
        self.compiled = _capsule(function)
        self.name = getattr(function, "__name__", type(function).__name__)
        if self.compiled is None and not callable(function):
            raise TypeError(
                f"sigma must be a name, a callable or a scipy.LowLevelCallable, got {function!r}"
            )
        if derivatives is not None and not callable(derivatives):
            raise TypeError(f"derivatives must be callable, got {derivatives!r}")

    def values(self, u: Array) -> Array:
        """Call the function and check what comes back."""
        if self.compiled is not None:
            return _core.call_function(self.compiled, np.ascontiguousarray(u, np.float64).ravel())
        result = np.asarray(self.function(u))
        if result.shape != u.shape or result.dtype.kind not in "fiub":
            raise ValueError(
                f"sigma must return real numbers of the shape it is given, {u.shape}; "
                f"{self.name} returned shape {result.shape} of {result.dtype}"
            )
        return result.astype(np.float64, copy=False)

    def coefficients(self, bias: float, order: int) -> tuple[Decimal, ...]:
        """Divide the user's derivatives by factorials, or differentiate by Taylor arithmetic."""
        if self.derivatives is not None:
            given = [float(self.derivatives(k, bias)) for k in range(order + 1)]
            scaled = [Decimal(value) / math.factorial(k) for k, value in enumerate(given)]
        else:
            scaled = [Decimal(float(value)) for value in self._expanded(bias, order)]
        if not all(value.is_finite() for value in scaled):
            raise ValueError(f"the derivatives of {self.name} at {bias!r} are not all finite")
        return tuple(scaled)

    def _expanded(self, bias: float, order: int) -> Array:
        instead = "pass gates.activation(function, derivatives=...)"
        if self.compiled is not None:
            raise TypeError(f"{self.name} is compiled code and cannot be differentiated: {instead}")
        try:
            return taylor.expand(self.function, bias, order)
        except (AttributeError, TypeError, ZeroDivisionError) as error:
            raise TypeError(
                f"{self.name} cannot be differentiated automatically ({error}): {instead}"
            ) from error

    def layer(self) -> Activation:
        """Return the function as a layer."""
        return Activation(self.values)


def _capsule(function: Any) -> Any:
    """Return the capsule in a scipy.LowLevelCallable, None for anything else."""
    # a LowLevelCallable is a tuple; scipy need not be imported to know one
    if type(function).__name__ == "LowLevelCallable" and isinstance(function, tuple):
        return tuple.__getitem__(function, 0)
    return None
