"""The flat product gate (eq. 28): one hidden layer of 2^n neurons, evaluated in five ways."""

from __future__ import annotations

import math
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt

from cheapfast._progress import reporting
from cheapfast._validate import choice, thread_count
from cheapfast.gates import direct, inputs
from cheapfast.gates.activations import SigmaLike, activation
from cheapfast.gates.methods import METHODS, PROMISED, Gate, Output, evaluate
from cheapfast.gates.parameters import choose, model
from cheapfast.gates.piecewise import Piecewise
from cheapfast.gates.result import GateResult
from cheapfast.gates.sigma import Sigma

CHOICES = ("auto", *METHODS)
#: Relative rounding error above which a method that was asked for by name warns.
_ALLOWED = {"direct": 1.0, "series": PROMISED, "sinc": PROMISED}


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
    sinh or sin (exp, sin, cos); *sorted* merges sorted half sums (step, relu, its powers, hard
    sigmoid), exactly.

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
    choice(method, "method", CHOICES)
    choice(precision, "precision", direct.PRECISIONS)
    workers = thread_count(threads)
    batch = given if given.ndim == 2 else given[None, :]
    n = batch.shape[1]
    with reporting(progress, "adding neurons") as report:
        gate = _network(batch, activated, scale, bias, method, precision, workers, report)
        results = [evaluate(gate, row, method) for row in batch]
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
) -> Gate:
    """Settle scale and bias."""
    n = x.shape[1]
    fixed_scale = None if _is_auto(scale) else inputs.number(scale, "scale", positive=True)
    fixed_bias = None if _is_auto(bias) else inputs.number(bias, "bias")
    if isinstance(sigma, Piecewise):
        settled = _piecewise_parameters(sigma, x, fixed_scale, fixed_bias)
        # relu makes no product gate of two factors or more, the step none at all
        normalized = n == 0 or bool(sigma.coefficients(settled[1], n)[n])
        return Gate(sigma, n, *settled, precision, threads, progress, normalized)
    if fixed_bias is not None and n > 0:
        inputs.require_gate(sigma, n, fixed_bias)
    epsilon = direct.EPSILON[precision] if method == "direct" else 0.0
    if fixed_scale is None or fixed_bias is None:
        fixed_scale, fixed_bias = _chosen(sigma, n, x, fixed_scale, fixed_bias, epsilon)
    return Gate(sigma, n, fixed_scale, fixed_bias, precision, threads, progress, True)


def _is_auto(value: object) -> bool:
    return isinstance(value, str) and value == "auto"


def _piecewise_parameters(
    sigma: Piecewise, x: inputs.Factors, scale: float | None, bias: float | None
) -> tuple[float, float]:
    """Keep arguments as they are; a power of relu high enough is a gate where all are positive."""
    scale = 1.0 if scale is None else scale
    if bias is None:
        reach = float(np.abs(inputs.as_floats(x)).sum(axis=1).max(initial=0.0))
        bias = sigma.gate_bias(x.shape[1], scale * reach)
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


def _warn(outputs: list[Output]) -> None:
    """Warn where rounding leaves less than a method promises."""
    for output in outputs:
        allowed = _ALLOWED.get(output.method, math.inf)
        if output.error > allowed * abs(output.value) and output.value != 0:
            warnings.warn(
                f"method={output.method!r}: the rounding error, about {output.error:.1e}, is large "
                f"beside the value, {output.value:.1e}; use another method, another scale, "
                "precision='dd' (direct), or tree_product",
                UserWarning,
                stacklevel=3,
            )
            return


def _collected(
    gate: Gate, n: int, outputs: list[Output], is_batch: bool, method: str
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
