"""How large the support of one row of a random product is: a Markov chain on its size."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

#: Binomial probabilities that one call may evaluate, about 10 ns each.
WORK_LIMIT = 3 * 10**9

#: States of the chain whose influence on the mean is relatively below this are left out.
_NEGLIGIBLE = 1e-20

#: States whose distributions are computed in one matrix.
_TOGETHER = 32

#: Largest table of log((n - k) / (k + 1)), in entries of 8 bytes.
_LARGEST_TABLE = 10**8


def row_moments(widths: Sequence[int], densities: Sequence[float]) -> tuple[float, float]:
    """Compute mean and variance of the support size of one row of the product.

    Parameters
    ----------
    widths : sequence of int
        Inputs of the layers, from the last layer that the data meets to the first.
    densities : sequence of float
        Of the same layers.

    Returns
    -------
    mean, variance : float

    Raises
    ------
    ValueError
        If that needs more than `WORK_LIMIT` binomial probabilities.
    """
    sizes, weights = np.array([1]), np.array([1.0])
    known: dict[tuple[int, float], _Transitions] = {}
    budget = _Budget()
    for width, density in zip(widths[:-1], densities[:-1], strict=True):
        step = (width, density)
        if step not in known:
            known[step] = _Transitions(width, density, budget)
        sizes, weights = known[step].step(sizes, weights)
    n = widths[-1]
    hit, miss = hit_and_miss(sizes, densities[-1])
    mean = n * float(weights @ hit)
    spread = float(weights @ (n * hit - mean) ** 2)
    return mean, spread + n * float(weights @ (hit * miss))


def hit_and_miss(
    sizes: npt.NDArray[Any], density: float
) -> tuple[npt.NDArray[Any], npt.NDArray[Any]]:
    """Compute the probability that one of `sizes` entries is a synapse, and that none is.

    Parameters
    ----------
    sizes : numpy.ndarray
        Numbers of entries.
    density : float
        Probability of each, between 0 and 1.

    Returns
    -------
    hit, miss : numpy.ndarray
    """
    if density == 1.0:
        miss = np.where(sizes == 0, 1.0, 0.0)
        return 1.0 - miss, miss
    logarithm = sizes * math.log1p(-density)
    return -np.expm1(logarithm), np.exp(logarithm)


class _Budget:
    """Binomial probabilities evaluated so far."""

    def __init__(self) -> None:
        self._used = 0

    def take(self, work: int) -> None:
        self._used += work
        if self._used > WORK_LIMIT:
            raise ValueError(
                f"n, density and depth need more than {WORK_LIMIT:,} binomial probabilities; "
                "reduce depth or n, or count a sample of algorithms.random_sparse"
            )


class _Transitions:
    """The chain s -> Binomial(n, 1 - (1-p)^s) on distributions with few relevant states.

    Neighbouring states are taken together: their distributions are rows of a matrix on a common
    window, which is cut where Bernstein's inequality leaves less than 2 exp(-50) outside. Each row
    is normalised, so only ratios of neighbouring binomial coefficients matter.
    """

    def __init__(self, n: int, p: float, budget: _Budget) -> None:
        if n > _LARGEST_TABLE:
            raise ValueError(
                f"n must be at most {_LARGEST_TABLE:,} for more than two layers (the distribution "
                f"of a row's support size is stored), got {n:,}"
            )
        self._n = n
        self._p = p
        self._budget = budget
        k = np.arange(n, dtype=np.float64)
        self._log_ratio = np.log((n - k) / (k + 1))

    def step(
        self, sizes: npt.NDArray[Any], weights: npt.NDArray[Any]
    ) -> tuple[npt.NDArray[Any], npt.NDArray[Any]]:
        """Return the relevant sizes after one more layer, and their probabilities."""
        empty = float(weights[sizes == 0].sum())
        sizes, weights = sizes[sizes > 0], weights[sizes > 0]
        if self._p in (0.0, 1.0) or len(sizes) == 0:
            return self._certain(empty, float(weights.sum()))
        low, high = self._windows(sizes)
        result = np.zeros(int(high.max()) + 1)
        result[0] = empty
        for first in range(0, len(sizes), _TOGETHER):
            part = slice(first, first + _TOGETHER)
            begin, end = int(low[part].min()), int(high[part].max())
            # a term costs some nanoseconds, a matrix as much as thousands of them
            self._budget.take(len(sizes[part]) * (end - begin + 1) + 5000)
            result[begin : end + 1] += weights[part] @ self._binomials(sizes[part], begin, end)
        return _relevant(result, self._n)

    def _certain(self, empty: float, occupied: float) -> tuple[npt.NDArray[Any], npt.NDArray[Any]]:
        """Apply a layer without synapses, or with all: rows become empty or full."""
        if self._p == 0.0:
            empty, occupied = empty + occupied, 0.0
        sizes, weights = np.array([0, self._n]), np.array([empty, occupied])
        return sizes[weights > 0], weights[weights > 0]

    def _windows(self, sizes: npt.NDArray[Any]) -> tuple[npt.NDArray[Any], npt.NDArray[Any]]:
        """First and last outcome that matter, for each size."""
        hit, miss = hit_and_miss(sizes, self._p)
        mean = self._n * hit
        half_width = 17 + np.sqrt(280 + 100 * mean * miss)
        low = np.maximum(np.floor(mean - half_width), 0).astype(np.int64)
        high = np.minimum(np.ceil(mean + half_width), self._n).astype(np.int64)
        return low, high

    def _binomials(self, sizes: npt.NDArray[Any], first: int, last: int) -> npt.NDArray[Any]:
        """Return Binomial(n, 1 - (1-p)^size) on first..last, a row for each size."""
        log_miss = sizes * math.log1p(-self._p)
        log_odds = np.log(-np.expm1(log_miss)) - log_miss
        log_weight = np.zeros((len(sizes), last - first + 1))
        np.cumsum(self._log_ratio[first:last], out=log_weight[0, 1:])
        log_weight[1:] = log_weight[0]
        log_weight += log_odds[:, np.newaxis] * np.arange(last - first + 1)
        log_weight -= log_weight.max(axis=1, keepdims=True)
        weight: npt.NDArray[Any] = np.exp(log_weight, out=log_weight)
        weight /= weight.sum(axis=1, keepdims=True)
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
