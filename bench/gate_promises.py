"""What product gates promise about their errors, tried with many random gates against mpmath."""

from __future__ import annotations

import importlib
import itertools
import math
import warnings
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import numpy as np
import numpy.typing as npt

import cheapfast as cf

from .model import UnavailableError

Vector = npt.NDArray[np.float64]

SMOOTH = ("exp", "gauss", "logistic", "sin", "softplus", "tanh")
ACTIVATIONS = (*SMOOTH, "relu", "step", "repu3")
DIGITS = 60
#: Relative error that the Fourier average and the series reach where they say that they hold.
HELD = 1e-13


def mpmath() -> Any:
    """Return the module.

    Returns
    -------
    module

    Raises
    ------
    UnavailableError
        If it is not installed.
    """
    try:
        return importlib.import_module("mpmath")
    except ImportError:
        raise UnavailableError("mpmath: not installed (pip install mpmath)") from None


def value(sigma: str, u: Any) -> Any:
    """Evaluate an activation in mpmath's working precision.

    Returns
    -------
    mpmath.mpf
    """
    mp = mpmath()
    if sigma in ("step", "relu", "repu3"):
        return u ** {"step": 0, "relu": 1, "repu3": 3}[sigma] if u > 0 else mp.mpf(0)
    if sigma == "gauss":
        return mp.exp(-u * u)
    if sigma == "softplus":
        return mp.log1p(mp.exp(u))
    return 1 / (1 + mp.exp(-u)) if sigma == "logistic" else getattr(mp, sigma)(u)


def neuron_sum(sigma: str, x: Vector, scale: float, bias: float) -> Any:
    """Add up all neurons, each times the product of its signs, in mpmath's working precision.

    Returns
    -------
    mpmath.mpf
    """
    mp = mpmath()
    factors = [mp.mpf(float(factor)) for factor in x]
    total = mp.mpf(0)
    for signs in itertools.product((1, -1), repeat=len(x)):
        inner = mp.fsum(sign * factor for sign, factor in zip(signs, factors, strict=True))
        total += math.prod(signs) * value(sigma, mp.mpf(bias) + mp.mpf(scale) * inner)
    return total


@dataclass(frozen=True)
class Draw:
    """A random gate and its input."""

    sigma: str
    x: Vector
    scale: float
    bias: float

    @property
    def n(self) -> int:
        """Its factors."""
        return len(self.x)

    @property
    def coefficient(self) -> Decimal:
        """The activation's Taylor coefficient that the gate divides by."""
        known: Decimal = cf.gates.activation(self.sigma).coefficients(self.bias, self.n)[self.n]
        return known

    def exact(self) -> Any:
        """Return the network's output to `DIGITS` digits; the plain sum if it is no gate."""
        mp = mpmath()
        with mp.workdps(DIGITS):
            total = neuron_sum(self.sigma, self.x, self.scale, self.bias)
            if not self.coefficient:
                return total
            known = mp.mpf(str(self.coefficient)) * mp.factorial(self.n)
            return total / (2**self.n * known * mp.mpf(self.scale) ** self.n)

    def evaluate(self, method: str, precision: str = "float64") -> Any:
        """Call `flat_product`; warnings about lost digits are none of a promise's business."""
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", UserWarning)
            return cf.gates.flat_product(
                self.x, self.sigma, self.scale, self.bias, method, precision=precision
            )


def draw(seed: int, names: tuple[str, ...], most: int, scales: tuple[float, float]) -> Draw:
    """Draw a gate.

    Parameters
    ----------
    seed : int
        Also chooses the activation, by turns.
    names : tuple of str
        Activations.
    most : int
        Most factors; small numbers are the likelier ones.
    scales : tuple of float
        Smallest and largest scale; its logarithm is uniform.

    Returns
    -------
    Draw
    """
    rng = np.random.default_rng(seed)
    n = 1 + int(most * rng.random() ** 2)
    tied = rng.random() < 0.2  # equal factors: many neurons of one argument
    x = rng.choice([0.7, 1.3, -0.7], n) if tied else rng.uniform(-1.5, 1.5, n)
    scale = float(np.exp(rng.uniform(*np.log(scales))))
    return Draw(names[seed % len(names)], x, scale, float(rng.uniform(-3, 3)))


def truncation_is_bounded(seed: int) -> bool:
    """Compare the distance of a gate from the product with its proven bound.

    Returns
    -------
    bool
    """
    mp = mpmath()
    chosen = draw(seed, (*SMOOTH, "repu9"), 6, (0.003, 2.0))
    if chosen.sigma == "repu9":  # a gate where no argument is negative
        return _power_is_bounded(chosen)
    try:
        gate = chosen.evaluate("direct")
    except ValueError as error:  # at this bias the activation makes no gate
        return "vanishes" in str(error)
    with mp.workdps(DIGITS):
        product = mp.fprod(mp.mpf(float(factor)) for factor in chosen.x)
        return bool(abs(chosen.exact() - product) <= gate.truncation_bound)


def _power_is_bounded(chosen: Draw) -> bool:
    mp = mpmath()
    bias = 1.2 * chosen.scale * float(np.abs(chosen.x).sum())
    gate = cf.gates.flat_product(chosen.x, "repu9", chosen.scale, bias, "sorted")
    with mp.workdps(DIGITS):
        product = mp.fprod(mp.mpf(float(factor)) for factor in chosen.x)
        return bool(
            abs(mp.mpf(gate.value) - product) <= gate.truncation_bound + gate.rounding_estimate
        )


def rounding_is_within(seed: int, precision: str) -> bool:
    """Compare a direct sum with its rounding estimate.

    Returns
    -------
    bool
    """
    mp = mpmath()
    chosen = draw(seed, ACTIVATIONS, 8, (0.01, 10.0))
    try:
        gate = chosen.evaluate("direct", precision)
    except ValueError as error:
        return "vanishes" in str(error)
    with mp.workdps(DIGITS):
        return bool(abs(mp.mpf(gate.value) - chosen.exact()) <= gate.rounding_estimate)


def method_holds(seed: int, method: str) -> bool:
    """Compare the series or the Fourier average with all neurons added up, up to 14 factors.

    Where its own estimate is below 1e-13 of the value, the error must be; elsewhere it must be
    within the estimate, which comes with a warning if fewer than ten digits are left; or refused.

    Returns
    -------
    bool
    """
    mp = mpmath()
    most = 14 if seed % 25 == 0 else 9
    names = SMOOTH if method == "series" else ("gauss", "logistic", "softplus", "tanh")
    chosen = draw(seed, names, most, (0.01, 3.0))
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        try:
            gate = cf.gates.flat_product(chosen.x, chosen.sigma, chosen.scale, chosen.bias, method)
        except ValueError:
            return True  # refused
    with mp.workdps(DIGITS):
        exact = chosen.exact()
        error = abs(mp.mpf(gate.value) - exact)
        claimed = gate.rounding_estimate
        if claimed <= HELD * abs(exact):
            return bool(error <= HELD * abs(exact))
        silent = claimed <= 1e-10 * abs(gate.value)
        return bool(error <= claimed) and (silent or bool(caught))


def methods_agree(seed: int) -> bool:
    """Compare the series with the Fourier average, up to 1024 factors.

    Returns
    -------
    bool
    """
    rng = np.random.default_rng(seed)
    n = int(2 ** rng.uniform(3, 10.01))
    sigma = ("logistic", "tanh", "softplus", "gauss")[seed % 4]
    x = rng.uniform(0.5, 1.5, n)
    scale, bias = float(rng.uniform(0.3, 1.2)) / n, float(rng.uniform(-1, 1))
    found = []
    for method in ("series", "sinc"):
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            try:
                found.append(cf.gates.flat_product(x, sigma, scale, bias, method))
            except (ValueError, UserWarning):
                return True  # refused, or warned about
    difference = abs(found[0].value - found[1].value)
    claimed = sum(gate.rounding_estimate for gate in found)
    size = abs(found[0].value)
    return bool(difference <= (2 * HELD * size if claimed <= HELD * size else claimed))


def sorted_is_exact(seed: int) -> bool:
    """Compare sorted sums of integers with all neurons added up, in integers.

    Returns
    -------
    bool
    """
    rng = np.random.default_rng(seed)
    n, sigma = seed % 22 + 1, ("relu", "step", "repu2")[seed % 3]
    x, bias = rng.integers(-50, 50, n), int(rng.integers(-40, 40))
    arguments, signs = np.full(1, bias), np.ones(1, np.int64)
    for factor in x:
        arguments = np.concatenate([arguments + factor, arguments - factor])
        signs = np.concatenate([signs, -signs])
    degree = {"relu": 1, "step": 0, "repu2": 2}[sigma]
    outputs = np.where(arguments > 0, arguments**degree, 0)
    gate = cf.gates.flat_product(x.tolist(), sigma, 1, bias, "sorted")
    if gate.normalized:  # a power of relu above a bias that makes it a gate
        return math.isclose(gate.value, _divided(int((signs * outputs).sum()), sigma, bias, n))
    return bool(gate.value == int((signs * outputs).sum()))


def _divided(total: int, sigma: str, bias: int, n: int) -> float:
    known = cf.gates.activation(sigma).coefficients(float(bias), n)[n]
    return float(Decimal(total) / (Decimal(2) ** n * math.factorial(n) * known))


def tree_error(n: int, draws: int) -> float:
    """Return the root mean square of the relative errors of `tree_product`.

    Parameters
    ----------
    n : int
        Factors, between 0.5 and 1.5.
    draws : int
        How many inputs.

    Returns
    -------
    float
    """
    mp = mpmath()
    x = np.random.default_rng(5).uniform(0.5, 1.5, (draws, n))
    values = cf.gates.tree_product(x).value
    squares = []
    with mp.workdps(40):
        for row, found in zip(x, values, strict=True):
            exact = mp.fprod(mp.mpf(float(factor)) for factor in row)
            squares.append(float((mp.mpf(float(found)) / exact - 1) ** 2))
    return math.sqrt(math.fsum(squares) / draws)
