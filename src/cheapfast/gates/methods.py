"""The five ways to compute what the flat gate puts out, and the choice among them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal, localcontext
from fractions import Fraction
from typing import Any

import numpy as np
import numpy.typing as npt

from cheapfast.gates import closed, direct, inputs, norm, series, sinc, sorted_sums
from cheapfast.gates.coefficients import arithmetic
from cheapfast.gates.piecewise import Piecewise
from cheapfast.gates.sigma import Sigma
from cheapfast.gates.truncation import relative_bound

#: Relative error up to which "auto" takes a method.
_ACCURATE = 1e-6
#: Relative error up to which a series or a Fourier average keeps what it promises.
PROMISED = 1e-10
#: Squares of arguments must be finite.
_FARTHEST = 1e150
_EPSILON = 2.0**-53

Vector = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Gate:
    """A network, fixed before any input is looked at."""

    sigma: Sigma
    n: int
    scale: float
    bias: float
    precision: str
    threads: int
    progress: Callable[[int, int], None] | None
    normalized: bool


@dataclass(frozen=True)
class Output:
    """One input's output."""

    value: Any
    bound: float | None
    error: float
    method: str


def evaluate(gate: Gate, row: inputs.Factors, method: str) -> Output:
    """Evaluate the network on one input."""
    if gate.n == 0:
        return Output(1.0, 0.0, 0.0, "closed")
    if not all(row):
        # the gate is odd in each factor
        exact = isinstance(gate.sigma, Piecewise) and row.dtype == object and not gate.normalized
        bound = None if isinstance(gate.sigma, Piecewise) else 0.0
        return Output(0 if exact else 0.0, bound, 0.0, "closed" if method == "auto" else method)
    if not isinstance(gate.sigma, Piecewise):
        reach = gate.scale * float(np.abs(row).sum())
        if reach > _FARTHEST:
            raise ValueError(
                f"scale * sum|x| must be at most {_FARTHEST:g} for {gate.sigma.name}, "
                f"got {reach:.3g}: use a smaller scale"
            )
    if method == "auto":
        return _automatic(gate, row)
    return METHODS[method](gate, row)


def _automatic(gate: Gate, row: inputs.Factors) -> Output:
    """Take the cheapest accurate method."""
    if isinstance(gate.sigma, Piecewise):
        return _by_sorting(gate, row)
    if gate.sigma.name in closed.NAMES:
        return _in_closed_form(gate, row)
    reasons, found = [], []
    for name in ("series", "sinc", "direct"):
        if name == "sinc" and gate.sigma.name not in sinc.NAMES:
            continue
        if name == "direct" and gate.n > direct.MOST:
            continue
        try:
            output = METHODS[name](gate, row)
        except (series.Divergent, sinc.TooWide, TypeError) as error:
            reasons.append(str(error))
            continue
        if output.error <= PROMISED * abs(output.value):
            return output
        if output.error <= _ACCURATE * abs(output.value):
            found.append(output)
        reasons.append(
            f"{name}: rounding error {output.error:.1e} of a value of {output.value:.1e}"
        )
    if found:
        return min(found, key=lambda output: output.error)
    raise ValueError(
        f"no method is accurate for {gate.n} factors with {gate.sigma.name}, "
        f"scale={gate.scale:.4g} and bias={gate.bias:.4g} ({'; '.join(reasons)}); "
        "use scale='auto', or tree_product"
    )


def _directly(gate: Gate, row: inputs.Factors) -> Output:
    if gate.n > direct.MOST:
        raise ValueError(
            f"method='direct' adds up 2^n neurons, for n up to {direct.MOST}; got n = {gate.n}: "
            "use method='series' or 'sinc', or tree_product"
        )
    x = inputs.as_floats(row)
    total, error = direct.sign_sum(
        gate.sigma, x, gate.scale, gate.bias, gate.precision, gate.threads, gate.progress
    )
    divisor = _divisor(gate)
    with localcontext(arithmetic()):
        value, spread = total / divisor, abs(error / divisor)
        spread += abs(value) * Decimal(4 * _EPSILON)
    return Output(norm.to_float(value), _bound(gate, x), float(spread), "direct")


def _divisor(gate: Gate) -> Decimal:
    return (
        norm.divisor(gate.sigma, gate.n, gate.scale, gate.bias) if gate.normalized else Decimal(1)
    )


def _bound(gate: Gate, x: Vector) -> float | None:
    """Return the truncation bound in absolute terms."""
    if not gate.normalized:
        return None
    relative = relative_bound(gate.sigma, x, gate.scale, gate.bias)
    if relative is None:
        return None
    with localcontext(arithmetic()):
        return float(abs(norm.product(list(x))) * Decimal(relative))


def _by_ratio(
    name: str, ratio: Callable[[Sigma, Vector, float, float], tuple[float, float]]
) -> Callable[[Gate, inputs.Factors], Output]:
    """Make a method of a function that returns P over the product."""

    def evaluate(gate: Gate, row: inputs.Factors) -> Output:
        if not gate.normalized or isinstance(gate.sigma, Piecewise):
            raise ValueError(f"method={name!r} is for analytic activations: use method='sorted'")
        x = inputs.as_floats(row)
        value, error = ratio(gate.sigma, x, gate.scale, gate.bias)
        product = norm.product(list(x))
        with localcontext(arithmetic()):
            output = norm.to_float(product * Decimal(value))
            spread = float(abs(product) * Decimal(error + 2 * _EPSILON * abs(value)))
        return Output(output, _bound(gate, x), spread, name)

    return evaluate


def _in_closed_form(gate: Gate, row: inputs.Factors) -> Output:
    x = inputs.as_floats(row)
    factors, logarithm, relative = closed.factors(gate.sigma, x, gate.scale)
    product = norm.product(factors)
    with localcontext(arithmetic()):
        product *= Decimal(logarithm).exp()
        spread = float(abs(product) * Decimal(relative + 2 * _EPSILON))
    return Output(norm.to_float(product), _bound(gate, x), spread, "closed")


def _by_sorting(gate: Gate, row: inputs.Factors) -> Output:
    scale, bias = Fraction(gate.scale), Fraction(gate.bias)
    x = [Fraction(value) for value in row]
    total = sum(
        (
            weight * sorted_sums.sign_sum(gate.sigma, x, scale, bias + shift)
            for weight, shift in gate.sigma.terms
        ),
        Fraction(0),
    )
    if not gate.normalized and row.dtype == object and total.denominator == 1:
        return Output(int(total), None, 0.0, "sorted")
    with localcontext(arithmetic()):
        value = Decimal(total.numerator) / Decimal(total.denominator) / _divisor(gate)
    output = norm.to_float(value)
    return Output(output, _bound(gate, inputs.as_floats(row)), 2 * _EPSILON * abs(output), "sorted")


METHODS: dict[str, Callable[[Gate, inputs.Factors], Output]] = {
    "closed": _in_closed_form,
    "direct": _directly,
    "series": _by_ratio("series", series.ratio),
    "sinc": _by_ratio("sinc", sinc.ratio),
    "sorted": _by_sorting,
}
