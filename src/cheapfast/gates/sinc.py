"""The gate by a Fourier average of sinc functions: no radius of convergence limits it."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import numpy.typing as npt

from cheapfast.gates.sigma import Sigma

Vector = npt.NDArray[np.float64]

NAMES = ("gauss", "logistic", "softplus", "tanh")
#: Nodes of the average; beyond, another method is the better one.
MOST_NODES = 1 << 20
#: Terms whose logarithm is this far below the largest are left out.
_NEGLIGIBLE = 46.0
#: exp(-_DECAY) is the relative size of what the periodic images add.
_DECAY = 42.0
_EPSILON = 2.0**-53
#: How many times the rounding of n logarithms, taken as independent, is allowed for: with hundreds
#: of factors and a sum that cancels, once is exceeded now and then.
_SAFETY = 4
_BLOCK = 1 << 22


class TooWide(ValueError):
    """The Fourier average would take too many nodes, or has no transform to use."""


def ratio(sigma: Sigma, x: Vector, scale: float, bias: float) -> tuple[float, float]:
    r"""Return :math:`P / \prod x` and an estimate of its error.

    Parameters
    ----------
    sigma : Sigma
        "logistic", "tanh", "softplus" or "gauss".
    x : ndarray, shape (n,)
        The factors.
    scale, bias : float
        Of the gate.

    Returns
    -------
    value, error : float

    Raises
    ------
    TooWide
        If more than `MOST_NODES` nodes would be needed.
    ValueError
        For another activation.

    Notes
    -----
    :math:`P / \prod x` is the mean of :math:`\sigma^{(n)}` over a random sum (see `flat_product`);
    by its Fourier integral, the average of :math:`\prod_i \mathrm{sinc}(\omega \lambda x_i)` with
    the weights :math:`\hat\sigma(\omega) (i\omega)^n e^{i\omega b}`. The trapezoidal rule at
    half-integer nodes converges exponentially: its error is that of periodic images, which are
    placed beyond the decay of :math:`\sigma^{(n)}`. Weights are kept as logarithms. O(n M).
    """
    if sigma.name not in NAMES:
        raise ValueError(
            f"method='sinc' is for {', '.join(NAMES)}, whose Fourier transforms are known; got "
            f"{sigma.name}: use method='series' or 'direct'"
        )
    n, slope = len(x), 2.0 if sigma.name == "tanh" else 1.0  # tanh(u) is the logistic of 2u
    power = n - 1 if sigma.name == "softplus" else n
    if power == 0:
        raise TooWide(
            "method='sinc' needs two factors or more of softplus, whose first derivative does not "
            "decay: use method='series' or 'direct'"
        )
    steps, centre = np.abs(x) * (scale * slope), bias * slope
    omega, logs = _nodes(sigma.name, power, float(steps.sum()), abs(centre))
    phase = _phase(power if sigma.name != "gauss" else n, omega * centre, sigma.name)
    sizes, signs = _sincs(omega, steps)
    with np.errstate(divide="ignore"):
        upper = logs + sizes
    top, bottom = float(upper.max()), float(logs.max())
    above = np.exp(upper - top) * phase * signs
    below = np.exp(logs - bottom) * phase
    over, under = math.fsum(above), math.fsum(below)
    relative = _EPSILON * (8 + _SAFETY * 2 * math.sqrt(n))
    argument = _EPSILON * omega * abs(centre)
    error_above = float((np.abs(above) * (relative + argument)).sum()) + _EPSILON**1.1
    error_below = float((np.abs(below) * (relative + argument)).sum())
    value = over / under * math.exp(top - bottom)
    error = (error_above + error_below * abs(over / under)) / abs(under) * math.exp(top - bottom)
    return value, error


def _nodes(name: str, power: int, reach: float, centre: float) -> tuple[Vector, Vector]:
    """Return the nodes and the logarithms of the weights' sizes."""
    if name == "gauss":
        # weights w^n e^(-w^2/4), largest at sqrt(2n); the images decay like e^(-u^2)
        spacing = (
            2 * math.pi / (reach + centre + math.sqrt(_DECAY) + 2 * math.sqrt(2.0 * power + 1))
        )
        last = math.sqrt(2.0 * power) + 2 * math.sqrt(2 * _NEGLIGIBLE)
    else:
        spacing = 2 * math.pi / (reach + centre + _DECAY)
        last = (power + 60 + 12 * math.sqrt(power)) / math.pi
    count = math.ceil(last / spacing) + 2
    if count > MOST_NODES:
        raise TooWide(
            f"method='sinc' would need {count:,} nodes, more than {MOST_NODES:,}: scale * sum|x| "
            f"is {reach:.3g}; use a smaller scale, or method='direct' for n up to 40"
        )
    omega: npt.NDArray[Any] = (np.arange(count) + 0.5) * spacing
    if name == "gauss":
        logs: npt.NDArray[Any] = power * np.log(omega) - omega**2 / 4
    else:
        logs = power * np.log(omega) - math.pi * omega - np.log1p(-np.exp(-2 * math.pi * omega))
    return omega, logs


def _phase(power: int, angle: Vector, name: str) -> Vector:
    """Return the real part of (i w)^n e^(i w b) times the phase of the transform."""
    # the logistic's transform is odd and imaginary, that of its integral and of gauss even and real
    turns = power if name == "gauss" else power - 1
    cos, sin = np.cos(angle), np.sin(angle)
    return (cos, -sin, -cos, sin)[turns % 4]


def _sincs(omega: Vector, steps: Vector) -> tuple[Vector, Vector]:
    """Return the logarithm of the size and the sign of the product of sincs at each node."""
    sizes, signs = np.zeros_like(omega), np.ones_like(omega)
    width = max(1, _BLOCK // max(1, len(steps)))
    for first in range(0, len(omega), width):
        part = slice(first, first + width)
        angle = omega[part, None] * steps[None, :]
        values = np.ones_like(angle)
        np.divide(np.sin(angle), angle, out=values, where=angle > 1e-9)
        with np.errstate(divide="ignore"):
            sizes[part] = np.log(np.abs(values)).sum(axis=1)
        signs[part] = np.where((values < 0).sum(axis=1) % 2, -1.0, 1.0)
    return sizes, signs
