"""Scale and bias of a gate: what was asked for, or what the error model chooses."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from cheapfast._validate import integer
from cheapfast.gates import inputs
from cheapfast.gates.activations import SigmaLike, activation
from cheapfast.gates.parameters import EPSILON, Choice, choose, model
from cheapfast.gates.piecewise import Piecewise
from cheapfast.gates.sigma import Sigma
from cheapfast.gates.truncation import relative_bound


@dataclass(frozen=True)
class GateParameters:
    r"""Scale and bias of a product gate, and what they let it reach.

    Attributes
    ----------
    scale : float
        Weight :math:`\lambda` of the inputs.
    bias : float
        Bias b of the hidden neurons.
    truncation_bound : float or None
        Proven bound of :math:`|P(x) - \prod x_i|` where all :math:`|x_i|` are at most the radius;
        None where the activation has no known bounds.
    rounding_estimate : float
        Expected error of float64 there, by the error model.
    """

    scale: float
    bias: float
    truncation_bound: float | None
    rounding_estimate: float


def settle(
    sigma: Sigma, n: int, scale: float | str, bias: float | str, radius: float = 1.0
) -> tuple[float, float, Choice]:
    """Return scale and bias, chosen by the error model where "auto", for factors of one size.

    Parameters
    ----------
    sigma : Sigma
        The activation.
    n : int
        Factors.
    scale, bias : float or "auto"
        What the user asked for.
    radius : float, optional
        Size of the factors.

    Returns
    -------
    scale, bias : float
    choice : Choice
        What the model expects of the best scale for this bias.

    Raises
    ------
    ValueError
        If the activation has no product gate, there or anywhere.
    """
    if isinstance(sigma, Piecewise):
        raise ValueError(
            f"{sigma.name} is not smooth, so its gates have no error model: use an analytic "
            "activation such as 'logistic'"
        )
    if bias == "auto":
        choice = choose(sigma, n, EPSILON)
    else:
        chosen = inputs.number(bias, "bias")
        inputs.require_gate(sigma, n, chosen)
        choice = model(sigma, n, chosen, EPSILON)
    if choice is None:
        raise ValueError(f"{sigma.name} makes no product gate of {n} factors at any bias looked at")
    given = (
        choice.scale / radius if scale == "auto" else inputs.number(scale, "scale", positive=True)
    )
    return given, choice.bias, choice


def gate_parameters(
    n: int = 2,
    sigma: SigmaLike = "logistic",
    scale: float | str = "auto",
    bias: float | str = "auto",
    radius: float = 1.0,
) -> GateParameters:
    r"""Return the scale and the bias of the gate for n factors, and the errors to expect.

    Parameters
    ----------
    n : int, optional
        Factors, at least 1.
    sigma : str, callable or Sigma
        The activation, see `activation`.
    scale, bias : float or "auto"
        "auto" minimises the error model.
    radius : float, optional
        Largest size of a factor.

    Returns
    -------
    GateParameters

    Raises
    ------
    ValueError
        If the activation has no gate of n factors there.

    Notes
    -----
    The model is :math:`E = A \lambda^2 + A' \lambda^4 + B \lambda^{-n}`: the next terms of the
    Taylor expansion against rounding errors, divided by a small number. Without bias of its own, a
    gate gains most at a root of :math:`\sigma^{(n+2)}`, where A vanishes: for the logistic and
    n = 2 at b = -ln(5 + 2 sqrt(6)), -2.2924.

    Examples
    --------
    >>> gate = gate_parameters(2)
    >>> round(gate.bias, 4)
    -2.2924
    """
    count = integer(n, "n", minimum=1)
    size = inputs.number(radius, "radius", positive=True)
    activated = activation(sigma)
    chosen, offset, _ = settle(activated, count, scale, bias, size)
    corner = np.full(count, size)
    relative = relative_bound(activated, corner, chosen, offset)
    derivative = abs(float(activated.coefficients(offset, count)[count])) * math.factorial(count)
    known = activated.coefficients(offset, 1)
    terms = abs(float(known[0])) + (abs(offset * float(known[1])) if count % 2 else 0.0)
    terms += chosen * size * math.sqrt(count) * abs(float(known[1]))
    rounding = EPSILON * terms / (derivative * chosen**count * 2 ** (count / 2))
    bound = None if relative is None else relative * size**count
    return GateParameters(chosen, offset, bound, rounding)
