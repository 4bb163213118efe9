"""The flat product gate (eq. 28): one hidden layer of 2^n neurons, evaluated in five ways."""

from __future__ import annotations

import math
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal, localcontext
from fractions import Fraction
from typing import Any

import numpy as np
import numpy.typing as npt

from cheapfast._progress import reporting
from cheapfast._validate import choice, thread_count
from cheapfast.gates import closed, direct, inputs, norm, series, sinc, sorted_sums
from cheapfast.gates.activations import Piecewise, Sigma, SigmaLike, activation
from cheapfast.gates.coefficients import arithmetic
from cheapfast.gates.parameters import choose, model
from cheapfast.gates.result import GateResult
from cheapfast.gates.truncation import relative_bound

METHODS = ("auto", "direct", "series", "sinc", "closed", "sorted")
#: Relative error up to which "auto" takes a method.
_ACCURATE = 1e-6
#: Relative error up to which "series" and "sinc" are silent.
_PROMISED = 1e-10
#: Relative rounding error above which a method that was asked for by name warns.
_ALLOWED = {"direct": 1.0, "series": _PROMISED, "sinc": _PROMISED}
_EPSILON = 2.0**-53

Vector = npt.NDArray[np.float64]


@dataclass(frozen=True)
class _Gate:
    """A network, fixed before any input is looked at."""

    sigma: Sigma
    n: int
    scale: float
    bias: float
    precision: str
    threads: int
    progress: Callable[[int, int], None] | None
    normalized: bool


def flat_product(
    x: npt.ArrayLike,
    sigma: SigmaLike = "logistic",
    scale: float | str = "auto",
    bias: float | str = "auto",
    method: str = "auto",
    threads: int | None = None,
    *,
    precision: str = "float64",
    progress: bool | Callable[[int, int], None] | None = None,
) -> GateResult:
    r"""Evaluate the network of 2^n neurons that multiplies n numbers.

    Parameters
    ----------
    x : array_like, shape (n,) or (m, n)
        The factors; a batch has one input a row. Integers stay exact where the method is.
    sigma : str, callable, scipy.LowLevelCallable or Sigma
        The activation, see `activation`.
    scale : float or "auto"
        Weight :math:`\lambda > 0` of the inputs.
    bias : float or "auto"
        Bias b of the hidden neurons. "auto" minimises the error model over both (or over the one
        that is left open): with the rounding of 2^n terms for the direct method, without it for the
        others, which have none.
    method : str, optional
        "direct" adds up all neurons (n up to 40); "series", "sinc", "closed" and "sorted" compute
        the same number in another way, see Notes. "auto" takes the cheapest that is accurate.
    threads : int, optional
        Threads of the direct method. The result does not depend on it, to the bit.
    precision : str, optional
        Of the direct method: "float32", "float64", or "dd" for double-double (about 30 digits).
    progress : bool or callable, optional
        Progress of the direct method: True for a bar, or called as ``progress(done, total)``.

    Returns
    -------
    GateResult
        The value, a proven bound of the truncation error, an estimate of the rounding error, and
        what was evaluated.

    Raises
    ------
    ValueError
        If an argument is out of range, the activation's n-th Taylor coefficient vanishes at the
        bias, the method does not serve it, or no method is accurate; the message says what would.
    TypeError
        If `x` holds no real numbers, or the activation cannot be differentiated.
    OverflowError
        If the output is beyond float64.
    MemoryError
        If the sorted sums would not fit.

    Warns
    -----
    UserWarning
        If rounding leaves no digit to a direct sum, or fewer than ten to a series or a Fourier
        average.

    See Also
    --------
    tree_product : 4(n - 1) neurons instead of 2^n, with an error of 1e-10 for any n.

    Notes
    -----
    .. math:: P(x) = \frac{1}{2^n\, n!\, \sigma_n \lambda^n}
              \sum_{s \in \{-1,1\}^n} \Big(\prod_i s_i\Big)\, \sigma(b + \lambda\, s \cdot x)

    with :math:`\sigma_n` the n-th Taylor coefficient at b; the paper's eq. 28 lacks
    :math:`1/(n!\,\sigma_n)` and :math:`\lambda`. With v uniform on :math:`[-1,1]^n`,
    :math:`P / \prod x_i = E[\sigma^{(n)}(b + \lambda x \cdot v)] / \sigma^{(n)}(b)`, so

    .. math:: |P / \prod x_i - 1| \le \lambda^2 \frac{\sum x_i^2}{6}
              \frac{\max |\sigma^{(n+2)}|}{|\sigma^{(n)}(b)|}.

    *direct* has a rounding error of about :math:`\epsilon\, 2^{n/2}` times the activation, which
    leaves float64 no digit beyond n = 16 or so. *series* is the Taylor series in
    :math:`\lambda`, for :math:`\lambda \sum |x_i|` within the radius of convergence; *sinc* a
    Fourier average without that limit (logistic, tanh, softplus, gauss); *closed* a product of
    sinh or sin (exp, sin); *sorted* merges sorted half sums (step, relu and its powers), exactly.

    An activation whose n-th derivative vanishes everywhere (relu, step) makes no product gate; for
    such, `value` is the plain sum over signs (`normalized` is False).

    Examples
    --------
    >>> import cheapfast as cf
    >>> gate = cf.gates.flat_product([0.5, -1.5, 0.8], method="direct")
    >>> abs(gate.value + 0.6) < gate.truncation_bound + gate.rounding_estimate < 1e-6
    True
    >>> gate.neurons
    8
    >>> cf.gates.flat_product([3, 5], "relu", method="sorted").value
    6
    """
    given = inputs.factors(x)
    activated = activation(sigma)
    choice(method, "method", METHODS)
    choice(precision, "precision", direct.PRECISIONS)
    workers = thread_count(threads)
    batch = given if given.ndim == 2 else given[None, :]
    n = batch.shape[1]
    with reporting(progress, "adding neurons") as report:
        gate = _network(batch, activated, scale, bias, method, precision, workers, report)
        results = [_evaluate(gate, row, method) for row in batch]
    if method != "auto":
        _warn(results)
    return _collected(gate, n, results, given.ndim == 2, method)


def _network(
    x: inputs.Factors,
    sigma: Sigma,
    scale: float | str,
    bias: float | str,
    method: str,
    precision: str,
    threads: int,
    progress: Callable[[int, int], None] | None,
) -> _Gate:
    """Settle scale and bias."""
    n = x.shape[1]
    fixed_scale = None if _is_auto(scale) else inputs.number(scale, "scale", positive=True)
    fixed_bias = None if _is_auto(bias) else inputs.number(bias, "bias")
    if isinstance(sigma, Piecewise):
        settled = _piecewise_parameters(sigma, x, fixed_scale, fixed_bias)
        # relu makes no product gate of two factors or more, the step none at all
        normalized = n == 0 or bool(sigma.coefficients(settled[1], n)[n])
        return _Gate(sigma, n, *settled, precision, threads, progress, normalized)
    if fixed_bias is not None and n > 0:
        inputs.require_gate(sigma, n, fixed_bias)
    epsilon = direct.EPSILON[precision] if method == "direct" else 0.0
    if fixed_scale is None or fixed_bias is None:
        fixed_scale, fixed_bias = _chosen(sigma, n, x, fixed_scale, fixed_bias, epsilon)
    return _Gate(sigma, n, fixed_scale, fixed_bias, precision, threads, progress, True)


def _is_auto(value: object) -> bool:
    return isinstance(value, str) and value == "auto"


def _piecewise_parameters(
    sigma: Piecewise, x: inputs.Factors, scale: float | None, bias: float | None
) -> tuple[float, float]:
    """Keep arguments as they are; a power of relu high enough is a gate where all are positive."""
    scale = 1.0 if scale is None else scale
    if bias is None:
        reach = float(np.abs(inputs.as_floats(x)).sum(axis=1).max(initial=0.0))
        bias = scale * reach * 1.25 if sigma.degree >= x.shape[1] > 0 else 0.0
    return scale, bias


def _chosen(
    sigma: Sigma,
    n: int,
    x: inputs.Factors,
    scale: float | None,
    bias: float | None,
    epsilon: float,
) -> tuple[float, float]:
    """Choose what is left open by the error model, for factors of the batch's root mean square."""
    values = inputs.as_floats(x)
    nonzero = values[values != 0]
    largest = float(np.abs(nonzero).max(initial=0.0)) or 1.0
    size = largest * float(np.sqrt(np.mean((nonzero / largest) ** 2))) if nonzero.size else 1.0
    if n == 0:
        return (scale or 1.0), (bias or 0.0)
    found = choose(sigma, n, epsilon) if bias is None else model(sigma, n, bias, epsilon)
    if found is None:
        raise ValueError(f"{sigma.name} makes no product gate of {n} factors at any bias looked at")
    return (found.scale / size if scale is None else scale), found.bias


@dataclass(frozen=True)
class _Output:
    """One input's output."""

    value: Any
    bound: float | None
    error: float
    method: str


def _evaluate(gate: _Gate, row: inputs.Factors, method: str) -> _Output:
    """Evaluate the network on one input."""
    if gate.n == 0:
        return _Output(1.0, 0.0, 0.0, "closed")
    if not all(row):
        # the gate is odd in each factor
        exact = isinstance(gate.sigma, Piecewise) and row.dtype == object and not gate.normalized
        bound = None if isinstance(gate.sigma, Piecewise) else 0.0
        return _Output(0 if exact else 0.0, bound, 0.0, "closed" if method == "auto" else method)
    if method == "auto":
        return _automatic(gate, row)
    return _METHODS[method](gate, row)


def _automatic(gate: _Gate, row: inputs.Factors) -> _Output:
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
            output = _METHODS[name](gate, row)
        except (series.Divergent, sinc.TooWide, TypeError) as error:
            reasons.append(str(error))
            continue
        if output.error <= _PROMISED * abs(output.value):
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


def _directly(gate: _Gate, row: inputs.Factors) -> _Output:
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
    return _Output(norm.to_float(value), _bound(gate, x), float(spread), "direct")


def _warn(outputs: list[_Output]) -> None:
    """Warn where rounding leaves less than a method promises."""
    for output in outputs:
        allowed = {"direct": 1.0, "series": _PROMISED, "sinc": _PROMISED}.get(
            output.method, math.inf
        )
        if output.error > allowed * abs(output.value) and output.value != 0:
            warnings.warn(
                f"method={output.method!r}: the rounding error, about {output.error:.1e}, is large "
                f"beside the value, {output.value:.1e}; use another method, another scale, "
                "precision='dd' (direct), or tree_product",
                UserWarning,
                stacklevel=3,
            )
            return


def _divisor(gate: _Gate) -> Decimal:
    return (
        norm.divisor(gate.sigma, gate.n, gate.scale, gate.bias) if gate.normalized else Decimal(1)
    )


def _bound(gate: _Gate, x: Vector) -> float | None:
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
) -> Callable[[_Gate, inputs.Factors], _Output]:
    """Make a method of a function that returns P over the product."""

    def evaluate(gate: _Gate, row: inputs.Factors) -> _Output:
        if not gate.normalized or isinstance(gate.sigma, Piecewise):
            raise ValueError(f"method={name!r} is for analytic activations: use method='sorted'")
        x = inputs.as_floats(row)
        value, error = ratio(gate.sigma, x, gate.scale, gate.bias)
        product = norm.product(list(x))
        with localcontext(arithmetic()):
            output = norm.to_float(product * Decimal(value))
            spread = float(abs(product) * Decimal(error + 2 * _EPSILON * abs(value)))
        return _Output(output, _bound(gate, x), spread, name)

    return evaluate


def _in_closed_form(gate: _Gate, row: inputs.Factors) -> _Output:
    x = inputs.as_floats(row)
    factors, logarithm, relative = closed.factors(gate.sigma, x, gate.scale)
    product = norm.product(factors)
    with localcontext(arithmetic()):
        product *= Decimal(logarithm).exp()
        spread = float(abs(product) * Decimal(relative + 2 * _EPSILON))
    return _Output(norm.to_float(product), _bound(gate, x), spread, "closed")


def _by_sorting(gate: _Gate, row: inputs.Factors) -> _Output:
    scale, bias = Fraction(gate.scale), Fraction(gate.bias)
    total = sorted_sums.sign_sum(gate.sigma, [Fraction(value) for value in row], scale, bias)
    if not gate.normalized and row.dtype == object and total.denominator == 1:
        return _Output(int(total), None, 0.0, "sorted")
    with localcontext(arithmetic()):
        value = Decimal(total.numerator) / Decimal(total.denominator) / _divisor(gate)
    output = norm.to_float(value)
    return _Output(
        output, _bound(gate, inputs.as_floats(row)), 2 * _EPSILON * abs(output), "sorted"
    )


_METHODS: dict[str, Callable[[_Gate, inputs.Factors], _Output]] = {
    "closed": _in_closed_form,
    "direct": _directly,
    "series": _by_ratio("series", series.ratio),
    "sinc": _by_ratio("sinc", sinc.ratio),
    "sorted": _by_sorting,
}


def _collected(
    gate: _Gate, n: int, outputs: list[_Output], is_batch: bool, method: str
) -> GateResult:
    """Put the outputs of a batch together."""
    values: Any = [output.value for output in outputs]
    bounds: Any = [output.bound for output in outputs]
    errors: Any = [output.error for output in outputs]
    names = sorted({output.method for output in outputs}) or [method]
    if is_batch:
        whole = any(isinstance(value, int) for value in values)
        values = np.array(values, dtype=object if whole else np.float64)
        errors = np.array(errors)
        bounds = None if None in bounds else np.array(bounds, dtype=np.float64)
    else:
        values, bounds, errors = values[0], bounds[0], errors[0]
    return GateResult(
        values, bounds, errors, " and ".join(names), 1 << n, gate.scale, gate.bias, gate.normalized
    )
