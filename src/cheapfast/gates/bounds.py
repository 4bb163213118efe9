"""How few neurons a flat product gate can have, with witnesses (appendix A)."""

from __future__ import annotations

import itertools
import math
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from cheapfast._tables import html_facts
from cheapfast._validate import integer
from cheapfast.gates.activations import SigmaLike, activation
from cheapfast.gates.parameters import root_biases, vanishes
from cheapfast.gates.piecewise import Piecewise
from cheapfast.gates.sigma import Sigma
from cheapfast.gates.weights import power_sums
from cheapfast.layers import Sparse
from cheapfast.network import Network

Matrix = npt.NDArray[np.float64]

MOST_WITNESS = 12
#: Largest n whose witness is checked monomial by monomial.
_MOST_CHECKED = 6


@dataclass(frozen=True)
class MinimalNeurons:
    r"""Neurons of a flat product gate: how many do, and how many must be there.

    Attributes
    ----------
    n : int
        Factors.
    neurons : int
        Neurons of the witness.
    lower_bound : int
        No gate with these hypotheses has fewer.
    hypothesis : str
        What makes the witness work, and what the lower bound assumes.
    bias : float
        Of the witness's neurons.
    error_order : int
        Its relative error is :math:`O(\lambda^{\text{order}})`.
    residual : float
        Largest Taylor coefficient up to degree n that should vanish, relative to that of the
        product, as computed from the witness's weights; NaN above n = 6, where it is not computed.
    """

    n: int
    neurons: int
    lower_bound: int
    hypothesis: str
    bias: float
    error_order: int
    residual: float
    _sigma: Sigma = field(repr=False, compare=False)
    _kind: str = field(repr=False, compare=False)

    @property
    def is_minimal(self) -> bool:
        """Whether the witness reaches the lower bound."""
        return self.neurons == self.lower_bound

    def _repr_html_(self) -> str:
        return html_facts(
            (
                ("factors", str(self.n)),
                ("neurons", f"{self.neurons:,}, at least {self.lower_bound:,}"),
                ("hypothesis", self.hypothesis),
                ("bias", f"{self.bias:.6g}"),
                ("order of the error", str(self.error_order)),
                ("residual", f"{self.residual:.2g}"),
            )
        )

    def witness(self, scale: float) -> Network:
        r"""Return the network that shows that so many neurons do.

        Parameters
        ----------
        scale : float
            Weight :math:`\lambda` of the inputs.

        Returns
        -------
        Network
            Shape (1, n), for n up to 12.

        Raises
        ------
        ValueError
            If n is larger.
        """
        if self.n > MOST_WITNESS:
            raise ValueError(f"n must be at most {MOST_WITNESS} for a witness, got {self.n}")
        weights, outputs, constant = _weights(self._sigma, self.n, self.bias, self._kind)
        hidden = Sparse(scale * weights.T, bias=np.full(self.neurons, self.bias))
        output = Sparse(outputs[None, :] / scale**self.n, bias=np.array([constant]) / scale**self.n)
        return Network([hidden, self._sigma.layer(), output])


def minimal_neurons(
    n: int,
    sigma: SigmaLike = "logistic",
    output_bias: bool = False,
    neuron_biases: bool = False,
) -> MinimalNeurons:
    r"""Return how few hidden neurons multiply n numbers, in the sense of eq. A1.

    Parameters
    ----------
    n : int
        Factors, at least 1.
    sigma : str, callable or Sigma
        The activation, analytic, see `activation`.
    output_bias : bool, optional
        Whether the output may have a bias.
    neuron_biases : bool, optional
        Whether hidden neurons may have biases of their own, as eq. 6 allows: then nothing but the
        universal lower bound is known. Otherwise they share one, which is free to choose.

    Returns
    -------
    MinimalNeurons

    Raises
    ------
    ValueError
        If `n` is out of range or the activation not analytic.

    Notes
    -----
    A gate is a network whose Taylor series equals the product up to degree n (eq. A1). The paper's
    2^n holds for a shared bias b, no output bias and :math:`\sigma_k(b) \ne 0` for all k up to n.

    * With an output bias, or :math:`\sigma(b) = 0`: 2^n - 1 neurons do, by differences over
      0 and 1 instead of signs; the error is then :math:`O(\lambda)`.
    * If :math:`\sigma` has the parity of n about b (up to its constant), s and -s do the same:
      2^(n-1), with error :math:`O(\lambda^2)`; also at a root of :math:`\sigma^{(n-1)}`, with error
      :math:`O(\lambda)`.
    * 2^(n-1), the Waring rank of :math:`x_1 \cdots x_n`, bounds all of them from below (K. Ranestad
      and F.-O. Schreyer, Journal of Algebra 346 (2011), 340).

    Roots are looked for between -6 and 6; where none is found, the bound assumes there is none.

    Examples
    --------
    >>> minimal_neurons(2).neurons, minimal_neurons(2, output_bias=True).neurons
    (4, 3)
    >>> best = minimal_neurons(3)
    >>> best.neurons, best.is_minimal, best.error_order
    (4, True, 2)
    """
    count = integer(n, "n", minimum=1)
    activated = activation(sigma)
    if isinstance(activated, Piecewise):
        raise ValueError(f"sigma must be analytic, got {activated.name}")
    universal = 2 ** (count - 1)
    for kind, bias, order, reason in _candidates(activated, count, output_bias):
        if vanishes(activated, count, bias):
            continue
        neurons = {"half": universal, "subsets": 2**count - 1, "signs": 2**count}[kind]
        lower, assumed = universal, "any gate has at least 2^(n-1) neurons (Waring rank)"
        if not neuron_biases and kind != "half":
            lower = neurons
            assumed = "no Taylor coefficient up to n vanishes at a shared bias in use"
        residual = _residual(activated, count, bias, kind)
        return MinimalNeurons(
            count, neurons, lower, f"{reason}; {assumed}", bias, order, residual, activated, kind
        )
    raise ValueError(f"{activated.name} has no product gate of {count} factors at any bias tried")


def _candidates(sigma: Sigma, n: int, output_bias: bool) -> list[tuple[str, float, int, str]]:
    """Return constructions to try, the cheapest first: kind, bias, order of the error, reason."""
    found = []
    roots = root_biases(sigma, n - 1) if n > 1 else []
    for bias in sorted(roots, key=abs):
        known = sigma.coefficients(bias, n + 1)
        wrong = [abs(known[k]) for k in range(1, n + 2) if (n - k) % 2]
        parity = max(wrong, default=0) <= 1e-13 * float(max(abs(value) for value in known[1:]))
        order = 2 if parity else 1
        reason = "sigma has the parity of n" if parity else f"derivative {n - 1} vanishes"
        found.append(("half", bias, order, f"{reason} at the bias, so half of the signs do"))
    found.sort(key=lambda item: (-item[2], abs(item[1])))
    plain = next(
        (float(b) for b in (0.0, 0.5, -0.5, 1.0, -1.0, 1.5) if not vanishes(sigma, n, b)), 0.5
    )
    zero = next((b for b in root_biases(sigma, 0) if not vanishes(sigma, n, b)), None)
    if zero is not None:
        found.append(("subsets", zero, 1, "sigma vanishes at the bias: differences over 0 and 1"))
    if output_bias:
        found.append(("subsets", plain, 1, "differences over 0 and 1, and an output bias"))
    found.append(("signs", plain, 2, "differences over all signs"))
    return found


def _weights(sigma: Sigma, n: int, bias: float, kind: str) -> tuple[Matrix, Matrix, float]:
    """Return weights of inputs (n, m) and outputs (m,) at scale 1, and the output's bias."""
    coefficient = float(sigma.coefficients(bias, n)[n]) * math.factorial(n)
    values = (0.0, 1.0) if kind == "subsets" else (1.0, -1.0)
    rows = np.array(list(itertools.product(values, repeat=n)))
    if kind == "subsets":
        outputs = (-1.0) ** (n - rows.sum(axis=1)) / coefficient
        constant = float(outputs[0]) * float(sigma.coefficients(bias, 0)[0])
        return rows[1:].T, outputs[1:], constant
    rows = rows[: len(rows) // 2] if kind == "half" else rows
    return rows.T, rows.prod(axis=1) / (len(rows) * coefficient), 0.0


def _residual(sigma: Sigma, n: int, bias: float, kind: str) -> float:
    """Compare the witness's Taylor coefficients with those of the product."""
    if n > _MOST_CHECKED:
        return math.nan
    weights, outputs, constant = _weights(sigma, n, bias, kind)
    known = sigma.coefficients(bias, n)
    worst = 0.0
    for degree in range(n + 1):
        for exponents, coefficient in power_sums(weights, outputs, degree):
            value = float(known[degree]) * float(coefficient) + (constant if degree == 0 else 0.0)
            worst = max(worst, abs(value - (exponents == (1,) * n)))
    return worst
