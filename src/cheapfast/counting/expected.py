"""Expected synapse count of flattened random networks: eq. 27 of the paper, and beyond."""

from __future__ import annotations

import math
import numbers
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from cheapfast._validate import integer

#: Squares and cubes of n must stay inside float64.
_LARGEST_N = 10**100

#: Binomial probabilities that one call may evaluate, about 10 ns each.
_WORK_LIMIT = 3 * 10**9

#: States of the chain whose influence on the mean is relatively below this are left out.
_NEGLIGIBLE = 1e-20

#: Largest table of log((n - k) / (k + 1)), in entries of 8 bytes.
_LARGEST_TABLE = 10**8

_EXACT = "exact, closed form"
_NOT_COMPUTED = "not computed beyond depth 2"


@dataclass(frozen=True, repr=False)
class Expected:
    """What to expect of the number of synapses of a flattened random sparse network.

    Attributes
    ----------
    mean : float
        Expected number of nonzeros of the product.
    row_std : float
        Standard deviation of the number of nonzeros in one row of the product.
    std : float or None
        Standard deviation of the total. It is *not* ``sqrt(n) * row_std``: rows share the later
        layers. None where it is not computed.
    std_method : str
        How `std` was obtained, or why it was not.
    """

    mean: float
    row_std: float
    std: float | None
    std_method: str

    def __repr__(self) -> str:
        std = "None" if self.std is None else f"{self.std:.6g}"
        return (
            f"Expected(mean={self.mean:.10g}, row_std={self.row_std:.6g}, std={std}, "
            f"std_method={self.std_method!r})"
        )

    def _repr_html_(self) -> str:
        std = "&ndash;" if self.std is None else f"{self.std:.6g}"
        rows = (
            ("expected synapses", f"{self.mean:.10g}"),
            ("standard deviation of one row", f"{self.row_std:.6g}"),
            ("standard deviation of the total", f"{std} ({self.std_method})"),
        )
        cells = "".join(f"<tr><th>{name}</th><td>{value}</td></tr>" for name, value in rows)
        return f"<table>{cells}</table>"


def expected_synapses(n: int, density: float, depth: int) -> Expected:
    r"""Compute the expected number of synapses after flattening a random sparse network.

    The network has `depth` independent n x n layers; each entry is a synapse with probability
    `density`, independently of all others, as `algorithms.random_sparse` draws them.

    Parameters
    ----------
    n : int
        Width of every layer, at least 1. For one and two layers up to 1e100; for more, as far as
        the distribution below can be stored and summed.
    density : float
        Probability of an entry to be a synapse, between 0 and 1.
    depth : int
        Number of layers, at least 1.

    Returns
    -------
    Expected
        Mean, standard deviation of one row and, for at most two layers, of the total.

    Raises
    ------
    TypeError
        If an argument is not a number of the right kind.
    ValueError
        If an argument is out of range, or more than two layers need more than 3e9 binomial
        probabilities.

    Notes
    -----
    Two layers (eq. 27 of Lin, Tegmark and Rolnick): an entry of the product is zero with
    probability :math:`1-q=(1-p^2)^n`, the mean is :math:`n^2 q`. Two entries of one row (or of one
    column) are both zero with probability :math:`(1-p^2(2-p))^n`; entries that share neither are
    independent. With the covariance *c* of two entries in line the variance of the total is
    :math:`n^2 q(1-q) + 2n^2(n-1)c`.

    More layers: the size s of a row's support is a Markov chain,
    :math:`s \to \mathrm{Binomial}(n, 1-(1-p)^s)`. Its *distribution* is iterated, not its mean:
    inserting the mean density into eq. 27 again and again overestimates the count.

    Examples
    --------
    >>> import cheapfast as cf
    >>> cf.expected_synapses(1000, 0.01, 2)
    Expected(mean=95167.10644, row_std=29.9399, std=1306.4, std_method='exact, closed form')
    >>> cf.expected_synapses(60, 0.03, 5)
    Expected(mean=737.3..., row_std=10..., std=None, std_method='not computed beyond depth 2')
    """
    n = integer(n, "n", minimum=1)
    p = _probability(density)
    depth = integer(depth, "depth", minimum=1)
    if n > _LARGEST_N:
        raise ValueError("n must be at most 1e100: its square and cube must stay inside float64")
    if depth == 1:
        return _one_layer(float(n), p)
    if depth == 2:
        return _two_layers(float(n), p)
    mean, variance = _row_moments(n, p, depth)
    return Expected(n * mean, math.sqrt(variance), None, _NOT_COMPUTED)


def _probability(density: object) -> float:
    """Return the density as a float between 0 and 1."""
    if isinstance(density, bool) or not isinstance(density, numbers.Real):
        raise TypeError(f"density must be a number between 0 and 1, got {density!r}")
    if not 0.0 <= (p := float(density)) <= 1.0:
        raise ValueError(f"density must be between 0 and 1, got {density!r}")
    return p


def _one_layer(n: float, p: float) -> Expected:
    """Moments of n^2 independent entries."""
    row_std = math.sqrt(n * p * (1 - p))
    return Expected(n * n * p, row_std, math.sqrt(n) * row_std, _EXACT)


def _two_layers(n: float, p: float) -> Expected:
    """Moments of the support of a product of two random matrices."""
    if p == 1.0:
        return Expected(n * n, 0.0, 0.0, _EXACT)
    log_zero = n * math.log1p(-p * p)
    q, zero = -math.expm1(log_zero), math.exp(log_zero)
    # P(both zero) - (1-q)^2 = e^a (1 - e^-c), where c = n log[(1 - p^2 (2-p)) / (1-p^2)^2]
    # simplifies to a form without cancellation, so that tiny p keep all digits
    a = n * math.log1p(-p * p * (2 - p))
    c = n * math.log1p(p**3 / ((1 - p) * (1 + p) ** 2))
    covariance = -math.exp(a) * math.expm1(-c)
    row_variance = n * q * zero + n * (n - 1) * covariance
    variance = n * (n * q * zero) + 2 * n * (n * (n - 1) * covariance)
    return Expected(n * n * q, math.sqrt(row_variance), math.sqrt(variance), _EXACT)


def _row_moments(n: int, p: float, depth: int) -> tuple[float, float]:
    """Mean and variance of the support size of one row after `depth` layers."""
    if p in (0.0, 1.0):
        return n * p, 0.0
    transitions = _Transitions(n, p)
    sizes, weights = np.array([1]), np.array([1.0])
    for _ in range(depth - 1):
        sizes, weights = transitions.step(sizes, weights)
    hit = -np.expm1(sizes * math.log1p(-p))
    mean = n * float(weights @ hit)
    spread = float(weights @ (n * hit - mean) ** 2)
    return mean, spread + n * float(weights @ (hit * (1 - hit)))


class _Transitions:
    """The chain s -> Binomial(n, 1 - (1-p)^s) on distributions with few relevant states.

    Every row of binomial probabilities is built from the ratios of neighbours and normalised, so no
    factorial of a large number enters; it is cut where Bernstein's inequality leaves less than
    2 exp(-60) outside.
    """

    def __init__(self, n: int, p: float) -> None:
        if n > _LARGEST_TABLE:
            raise ValueError(
                f"n must be at most {_LARGEST_TABLE:,} for more than two layers (the distribution "
                f"of a row's support size is stored), got {n:,}"
            )
        self._n = n
        self._log_miss = math.log1p(-p)
        k = np.arange(n, dtype=np.float64)
        self._log_ratio = np.log((n - k) / (k + 1))
        self._work = 0

    def step(
        self, sizes: npt.NDArray[Any], weights: npt.NDArray[Any]
    ) -> tuple[npt.NDArray[Any], npt.NDArray[Any]]:
        """Return the relevant sizes after one more layer, and their probabilities."""
        low, high = self._windows(sizes)
        # a term costs about 10 ns, and each size as much as 500 terms
        self._work += int(np.sum(high - low)) + 500 * len(sizes)
        if self._work > _WORK_LIMIT:
            raise ValueError(
                f"n, density and depth need more than {_WORK_LIMIT:,} binomial probabilities; "
                "reduce depth or n, or count a sample of algorithms.random_sparse"
            )
        result = np.zeros(int(high.max()) + 1)
        for size, weight, first, last in zip(sizes, weights, low, high, strict=True):
            result[first : last + 1] += weight * self._binomial(int(size), int(first), int(last))
        return _relevant(result, self._n)

    def _windows(self, sizes: npt.NDArray[Any]) -> tuple[npt.NDArray[Any], npt.NDArray[Any]]:
        """First and last outcome that matter, for each size."""
        hit = -np.expm1(sizes * self._log_miss)
        mean = self._n * hit
        half_width = 20 + np.sqrt(400 + 120 * mean * (1 - hit))
        low = np.maximum(np.floor(mean - half_width), 0).astype(np.int64)
        high = np.minimum(np.ceil(mean + half_width), self._n).astype(np.int64)
        return low, high

    def _binomial(self, size: int, first: int, last: int) -> npt.NDArray[Any]:
        """Return Binomial(n, 1 - (1-p)^size) on first..last."""
        if size == 0:  # an empty support stays empty: its window begins at 0
            return np.append(1.0, np.zeros(last - first))
        log_miss = size * self._log_miss
        log_odds = math.log(-math.expm1(log_miss)) - log_miss
        log_weight = np.zeros(last - first + 1)
        np.cumsum(self._log_ratio[first:last] + log_odds, out=log_weight[1:])
        weight: npt.NDArray[Any] = np.exp(log_weight - log_weight.max())
        weight /= weight.sum()
        return weight


def _relevant(probability: npt.NDArray[Any], n: int) -> tuple[npt.NDArray[Any], npt.NDArray[Any]]:
    """Drop the sizes that cannot change the moments.

    A row of support s has at most s times the mean, and s^2 times the second moment, of a row of
    support 1, and every nonempty row has at least that: what is dropped is relatively below
    `_NEGLIGIBLE`.
    """
    sizes = np.arange(len(probability), dtype=np.float64)
    nonempty = probability[1:].sum()
    keep = probability * sizes**2 > _NEGLIGIBLE / (n + 1) * nonempty
    keep[0] = probability[0] > 0
    kept = np.flatnonzero(keep)
    return kept, probability[kept]
