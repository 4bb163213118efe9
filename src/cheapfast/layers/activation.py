"""Activations: nonlinear layers without weights, which take their size from their neighbours."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, NoReturn

import numpy as np
import numpy.typing as npt

from cheapfast._validate import choice, integer
from cheapfast.layers.base import Layer, State
from cheapfast.layers.registry import register
from cheapfast.support.base import Support

if TYPE_CHECKING:
    from cheapfast.layers.base import CsrArray

Array = npt.NDArray[Any]


def _logistic(x: Array) -> Array:
    # exp(-|x|) cannot overflow, and 1 - tiny keeps its digits for x < 0.
    decay = np.exp(-np.abs(x))
    result: Array = np.where(x >= 0, 1.0, decay) / (1.0 + decay)
    return result


def _softplus(x: Array) -> Array:
    result: Array = np.maximum(x, 0) + np.log1p(np.exp(-np.abs(x)))
    return result


def _exp(x: Array) -> Array:
    # Overflow to infinity is the right answer in floating point.
    with np.errstate(over="ignore"):
        result: Array = np.exp(x)
    return result


def _gauss(x: Array) -> Array:
    with np.errstate(over="ignore"):
        result: Array = np.exp(-x * x)
    return result


def _softmax(x: Array) -> Array:
    if x.shape[0] == 0:
        return x.copy()
    weights: Array = np.exp(x - x.max(axis=0, keepdims=True))
    weights /= weights.sum(axis=0, keepdims=True)
    return weights


_FUNCTIONS: dict[str, Callable[[Array], Array]] = {
    "logistic": _logistic,
    "tanh": np.tanh,
    "relu": lambda x: np.maximum(x, 0),
    "softplus": _softplus,
    "exp": _exp,
    "sin": np.sin,
    "gauss": _gauss,
    "softmax": _softmax,
}
_NAMES = (*_FUNCTIONS, "maxpool")


@register
class Activation(Layer):
    """An activation: the same function for every feature, or softmax or maxpool over them.

    Parameters
    ----------
    function : str or callable
        ``"logistic"``, ``"tanh"``, ``"relu"``, ``"softplus"`` ln(1 + e^x), ``"exp"``, ``"sin"``,
        ``"gauss"`` e^{-x^2}, ``"softmax"`` over the features, ``"maxpool"``; or a function of an
        array (features, k) that works element by element. A function of your own cannot be saved.
    window : int, optional
        Only for ``"maxpool"``, which needs it: the largest of each `window` consecutive features,
        so that there are `window` times fewer outputs than inputs.

    Raises
    ------
    TypeError
        If `function` is neither a string nor callable.
    ValueError
        If the name is unknown, or `window` is missing or out of place.

    Notes
    -----
    An activation has no size of its own: `output_size` tells the number of outputs for a number of
    inputs, and `shape` raises TypeError. The result has the dtype of the input, which must be real.
    None of the formulas overflows before its result does.

    Examples
    --------
    >>> Activation("softmax").apply(np.array([[1000.0], [1000.0]])).ravel()
    array([0.5, 0.5])
    >>> Activation("maxpool", window=2).output_size(6)
    3
    """

    kind = "activation"
    is_linear = False

    def __init__(self, function: str | Callable[[Array], Array], window: int | None = None) -> None:
        if callable(function):
            self._name = None
            self._function = function
        elif isinstance(function, str):
            self._name = choice(function, "function", _NAMES)
            self._function = _FUNCTIONS.get(self._name, self._maxpool)
        else:
            raise TypeError(f"function must be a name or callable, got {function!r}")
        if (self._name == "maxpool") != (window is not None):
            raise ValueError(f"window must be given for 'maxpool' and only there, got {window!r}")
        self._window = 1 if window is None else integer(window, "window", minimum=1)

    @property
    def name(self) -> str | None:
        """Name of the function; None for one of your own."""
        return self._name

    @property
    def window(self) -> int:
        """Inputs for each output: 1 but for maxpool."""
        return self._window

    @property
    def shape(self) -> tuple[int, int]:
        """TypeError: an activation takes its size from its neighbours (see `output_size`)."""
        raise TypeError(f"{self!r} has no shape of its own: use output_size(inputs)")

    @property
    def dtype(self) -> np.dtype[Any]:
        """The narrowest type, float32: the result has the input's."""
        return np.dtype(np.float32)

    @property
    def support(self) -> Support:
        """TypeError: an activation has no weights."""
        self._refuse("counted")

    @property
    def T(self) -> Layer:
        """ValueError: an activation is not linear."""
        raise ValueError(f"{self!r} is not linear, so it has no transpose")

    @property
    def H(self) -> Layer:
        """ValueError: an activation is not linear."""
        raise ValueError(f"{self!r} is not linear, so it has no adjoint")

    def output_size(self, inputs: int) -> int:
        """Return the number of outputs for a given number of inputs.

        Parameters
        ----------
        inputs : int
            Features that arrive.

        Returns
        -------
        int
            The same number, divided by the window of a maxpool.

        Raises
        ------
        ValueError
            If the window does not divide it.
        """
        if inputs % self._window:
            raise ValueError(f"{self!r} needs a multiple of {self._window} inputs, got {inputs}")
        return inputs // self._window

    def astype(self, dtype: npt.DTypeLike) -> Activation:  # noqa: ARG002 (same call for all layers)
        """Return the activation itself: it works in the dtype of its input.

        Parameters
        ----------
        dtype : dtype_like
            Ignored.

        Returns
        -------
        Activation
        """
        return self

    def _astype(self, dtype: np.dtype[Any]) -> Activation:  # noqa: ARG002
        return self

    def _apply(self, X: Array) -> Array:
        if X.dtype.kind == "c":
            raise TypeError(f"X must be real for {self!r}, got {X.dtype}")
        result = np.asarray(self._function(X), dtype=X.dtype)
        if self._name is not None:
            return result
        if result.shape != X.shape:
            raise ValueError(
                f"{self!r} must keep the shape {X.shape}, but it returned {result.shape}"
            )
        return result.copy() if np.may_share_memory(result, X) else result

    def _maxpool(self, X: Array) -> Array:
        features, columns = X.shape
        windows = X.reshape(features // self._window, self._window, columns)
        result: Array = windows.max(axis=1)
        return result

    def _csr_bytes(self) -> int:
        self._refuse("written out")

    def _to_csr(self) -> CsrArray:
        self._refuse("written out")

    def _refuse(self, what: str) -> NoReturn:
        raise TypeError(
            f"{self!r} cannot be {what}: it has no weights. "
            "Take the linear layers before or after it, such as net[:i]"
        )

    def state(self) -> State:
        """Return the name and the window.

        Returns
        -------
        dict

        Raises
        ------
        TypeError
            For a function of your own, which is code, not data.
        """
        if self._name is None:
            raise TypeError(f"{self!r} cannot be saved or pickled: use one of {', '.join(_NAMES)}")
        return {"function": self._name, "window": self._window}

    @classmethod
    def from_state(cls, state: State) -> Activation:
        """Build the activation from its state.

        Parameters
        ----------
        state : dict
            As returned by `state`.

        Returns
        -------
        Activation
        """
        name = state["function"]
        return cls(name, state["window"] if name == "maxpool" else None)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Activation):
            return NotImplemented
        if self._name is None or other._name is None:
            return self._name == other._name and self._function == other._function
        return self._name == other._name and self._window == other._window

    def __hash__(self) -> int:
        return hash((self._name or self._function, self._window))

    def __repr__(self) -> str:
        if self._name is None:
            return f"Activation({getattr(self._function, '__name__', 'function')})"
        window = f", window={self._window}" if self._name == "maxpool" else ""
        return f"Activation({self._name!r}{window})"
