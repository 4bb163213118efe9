"""What a product gate returns."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from cheapfast._tables import html_facts

Value = Any  # float, int (of any size) or ndarray


@dataclass(frozen=True, repr=False, eq=False)
class GateResult:
    r"""Output of a product gate, with what is known about its error.

    Attributes
    ----------
    value : float, int or ndarray
        The output: a number for one input, an array of shape (m,) for m of them; a Python integer
        for integers in exact mode.
    truncation_bound : float, ndarray or None
        A proven bound of :math:`|P(x) - \prod_i x_i|`, the error that the gate would have in exact
        arithmetic. None where the activation has no n + 2 derivatives whose bounds are known.
    rounding_estimate : float or ndarray
        An estimate, on the safe side, of the error of `value` as the gate's output. 0 if exact.
    method : str
        How the output was computed.
    neurons : int
        Hidden neurons of the network that was evaluated.
    scale : float
        The weight :math:`\lambda` of the inputs.
    bias : float
        The bias of the hidden neurons.
    normalized : bool
        False where derivative n of the activation vanishes (relu, step): then there is no product
        gate, and `value` is the sum :math:`\sum_s (\prod_i s_i) \sigma(b + \lambda s\cdot x)`.
    """

    value: Value
    truncation_bound: float | npt.NDArray[np.float64] | None
    rounding_estimate: float | npt.NDArray[np.float64]
    method: str
    neurons: int
    scale: float
    bias: float
    normalized: bool = True

    def _rows(self) -> list[tuple[str, str]]:
        kind = "value" if self.normalized else "sum over signs"
        bound = self.truncation_bound
        return [
            (kind, _shown(self.value)),
            ("truncation bound", "none" if bound is None else _shown(bound, 2)),
            ("rounding estimate", _shown(self.rounding_estimate, 2)),
            ("method", self.method),
            (
                "neurons",
                f"{self.neurons:,}"
                if self.neurons < 10**15
                else f"{self.neurons:.3e}"
                if self.neurons < 10**300
                else f"2^{self.neurons.bit_length() - 1}",
            ),
            ("scale, bias", f"{self.scale:.6g}, {self.bias:.6g}"),
        ]

    def __repr__(self) -> str:
        return f"GateResult({', '.join(f'{name}: {text}' for name, text in self._rows())})"

    def _repr_html_(self) -> str:
        return html_facts(self._rows())


def _shown(value: Value, digits: int = 17) -> str:
    """Write a number in full, an array by its shape."""
    if isinstance(value, np.ndarray):
        return f"array of shape {value.shape}"
    return str(value) if isinstance(value, int) else f"{value:.{digits}g}"
