"""How much two rows of a random product have in common: what makes its total spread.

Two rows A and B share every layer but the first that they meet. What they reach is described by
three numbers: columns that only A reaches, that only B reaches, that both reach. One more layer
sends each of its columns into one of these classes, or into none, independently of the others: the
three numbers are multinomial given those before.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from cheapfast.counting.expected_rows import hit_and_miss

Numbers = npt.NDArray[Any]

#: Above this width the powers of probabilities leave the range of a double.
LARGEST_EXACT = 400

#: Multiplications that the exact chain may take.
EXACT_WORK = 10**10

#: States with less than this share of E|A||B| are left out.
_NEGLIGIBLE = 1e-13

#: Binomial draws of a simulation, pairs of rows simulated at a time, and the fewest of them.
_MOST_DRAWS = 3 * 10**7
_CHUNK = 1 << 14
_FEWEST = 1 << 16

#: A simulation is good enough, or of no use, at this relative standard error of the deviation.
_GOOD, _USELESS = 0.01, 0.25

#: Pairs that must share in the spread of a simulation, by the kurtosis of their values.
_EFFECTIVE = 100

_SEED = 20170329


class Total(NamedTuple):
    """Standard deviation of the number of synapses, and where it comes from.

    Attributes
    ----------
    std : float or None
        None where it could not be found.
    method : str
        How it was found, or why not.
    """

    std: float | None
    method: str


class _Classes(NamedTuple):
    """Probabilities of one column of the next layer, for each state."""

    none: Numbers
    only_a: Numbers
    only_b: Numbers
    both: Numbers


def total_std(
    rows: int, widths: Sequence[int], densities: Sequence[float], mean: float, variance: float
) -> Total:
    """Compute the standard deviation of the sum over all rows.

    Parameters
    ----------
    rows : int
        Rows of the product.
    widths, densities : sequence
        Of the layers, from the last that the data meets to the first, as for `row_moments`.
    mean, variance : float
        Of the support size of one row.

    Returns
    -------
    Total
        Exact for small widths, else simulated and labelled so.
    """
    if rows == 1 or mean == 0:
        return Total(math.sqrt(rows * variance), "exact, rows independent")
    if max(widths) <= LARGEST_EXACT:
        product = _exact_product(widths, densities)
        if product is not None:
            covariance = product - mean * mean
            total = rows * variance + rows * (rows - 1.0) * covariance
            return Total(math.sqrt(max(total, 0.0)), "exact, two-row chain")
    return _simulated(rows, widths, densities, mean, variance)


def _classes(a: Numbers, b: Numbers, c: Numbers, density: float) -> _Classes:
    """Sort a column by which rows reach it; without cancellation."""
    hit_a, miss_a = hit_and_miss(a, density)
    hit_b, miss_b = hit_and_miss(b, density)
    hit_c, miss_c = hit_and_miss(c, density)
    return _Classes(
        none=miss_a * miss_b * miss_c,
        only_a=hit_a * miss_b * miss_c,
        only_b=hit_b * miss_a * miss_c,
        both=hit_c + miss_c * hit_a * hit_b,
    )


def _exact_product(widths: Sequence[int], densities: Sequence[float]) -> float | None:
    """Return E|A||B| by iterating the joint distribution; None where that takes too long."""
    a, b, c = np.array([1]), np.array([1]), np.array([0])
    weights = np.array([1.0])
    for n, density in zip(widths[:-1], densities[:-1], strict=True):
        stepped = _step(n, _classes(a, b, c, density), weights)
        if stepped is None:
            return None
        a, b, c, weights = stepped
        if len(weights) == 0:
            return 0.0
    n = widths[-1]
    last = _classes(a, b, c, densities[-1])
    pairs = n * (n - 1.0) * (last.only_a + last.both) * (last.only_b + last.both)
    return float(weights @ (pairs + n * last.both))


def _step(
    n: int, classes: _Classes, weights: Numbers
) -> tuple[Numbers, Numbers, Numbers, Numbers] | None:
    """Apply one layer to the joint distribution."""
    windows = [_window(n, p) for p in classes]
    sizes = [high - low + 1 for low, high in windows]
    # each state in terms of its most probable class: the other powers only shrink
    reference = np.argmax(np.stack(classes), axis=0)
    work = sum(
        int(np.sum(reference == r)) * math.prod(sizes[o] for o in range(4) if o != r)
        for r in range(4)
    )
    if work > EXACT_WORK:
        return None
    found: list[tuple[Numbers, Numbers]] = []
    for r in range(4):
        members = np.flatnonzero(reference == r)
        if len(members):
            found.append(_from_reference(n, classes, windows, r, members, weights))
    counts = np.concatenate([cells for cells, _ in found], axis=1)
    share = np.concatenate([values for _, values in found])
    return _merged(n, counts, share)


def _window(n: int, p: Numbers) -> tuple[int, int]:
    """Outcomes that matter of Binomial(n, p), for any of the states."""
    spread = 6 + 7 * np.sqrt(n * p * (1 - p))
    low, high = np.min(n * p - spread), np.max(n * p + spread)
    return max(0, math.floor(low)), min(n, math.ceil(high))


def _from_reference(
    n: int,
    classes: _Classes,
    windows: list[tuple[int, int]],
    reference: int,
    members: Numbers,
    weights: Numbers,
) -> tuple[Numbers, Numbers]:
    """Sum the multinomial distributions of some states.

    With r the class of reference and i, j, k the numbers of the others, each is
    n! / (i! j! k! l!) w p_r^n (p_1/p_r)^i (p_2/p_r)^j (p_3/p_r)^k: a sum of outer products, which
    is a matrix product.
    """
    others = [o for o in range(4) if o != reference]
    p = classes[reference][members]
    axes = [np.arange(windows[o][0], windows[o][1] + 1) for o in others]
    powers = [
        (classes[o][members] / p)[:, np.newaxis] ** axis
        for o, axis in zip(others, axes, strict=True)
    ]
    lead = powers[0] * (weights[members] * p**n)[:, np.newaxis]
    shape = tuple(len(axis) for axis in axes)
    total = np.zeros((shape[0], shape[1] * shape[2]))
    chunk = max(1, 2**22 // (shape[1] * shape[2]))
    for first in range(0, len(members), chunk):
        part = slice(first, first + chunk)
        pairs = powers[1][part, :, np.newaxis] * powers[2][part, np.newaxis, :]
        total += lead[part].T @ pairs.reshape(len(pairs), -1)
    grid = np.stack(np.meshgrid(*axes, indexing="ij")).reshape(3, -1)
    rest = n - grid.sum(axis=0)
    possible = rest >= 0
    grid, rest, values = grid[:, possible], rest[possible], total.ravel()[possible]
    log_factorial = np.concatenate([[0.0], np.cumsum(np.log(np.arange(1, n + 1)))])
    coefficient = log_factorial[n] - log_factorial[rest] - log_factorial[grid].sum(axis=0)
    counts = np.empty((4, len(rest)), np.int64)
    counts[others], counts[reference] = grid, rest
    return counts, np.exp(coefficient) * values


def _merged(n: int, counts: Numbers, share: Numbers) -> tuple[Numbers, Numbers, Numbers, Numbers]:
    """Add up equal states; those in which a row died out, and those without weight, are dropped."""
    _, a, b, c = counts
    influence = share * (a + c) * (b + c)
    keep = influence > _NEGLIGIBLE * influence.sum()
    a, b, c, share = a[keep], b[keep], c[keep], share[keep]
    key, place = np.unique((a * (n + 1) + b) * (n + 1) + c, return_inverse=True)
    weights = np.bincount(place.reshape(-1), weights=share, minlength=len(key))
    return key // (n + 1) ** 2, key // (n + 1) % (n + 1), key % (n + 1), weights


def _simulated(
    rows: int, widths: Sequence[int], densities: Sequence[float], mean: float, variance: float
) -> Total:
    """Simulate pairs of rows until the deviation is known well, or the budget is spent."""
    rng = np.random.default_rng(_SEED)
    total = squares = fourth = 0.0
    pairs = 0
    while True:
        values = _simulated_covariances(rng, widths, densities, mean)
        total, pairs = total + values.sum(), pairs + _CHUNK
        squares, fourth = squares + (values**2).sum(), fourth + (values**4).sum()
        covariance = total / pairs
        error = math.sqrt(max(squares / pairs - covariance**2, 0.0) / pairs)
        whole = rows * variance + rows * (rows - 1.0) * covariance
        # the deviation is a square root: half the relative error
        relative = rows * (rows - 1.0) * error / (2 * whole) if whole > 0 else math.inf
        # a few rare pairs make all the spread, or none was met: then the error itself is not known
        unknown = squares**2 <= _EFFECTIVE * fourth
        good = relative <= _GOOD and not unknown and pairs >= _FEWEST
        if good or 5 * pairs * len(widths) >= _MOST_DRAWS:
            break
    if unknown or relative > _USELESS:
        return Total(None, f"not resolved by a simulation of {pairs:,} pairs of rows")
    label = f"simulation of {pairs:,} pairs of rows, standard error {100 * relative:.2g}%"
    return Total(math.sqrt(whole), label)


def _simulated_covariances(
    rng: np.random.Generator, widths: Sequence[int], densities: Sequence[float], mean: float
) -> Numbers:
    """Return values whose mean is the covariance of two rows A and B.

    A third row C goes through layers of its own, independent of A, but is drawn together with B as
    far as their probabilities agree. Then Cov(|A|, |B|) = E (|A| - mean)(|B| - |C|), and where A
    and B have nothing in common |B| = |C|: what they do by chance adds no noise.
    """
    a, b, c = np.ones(_CHUNK, np.int64), np.ones(_CHUNK, np.int64), np.zeros(_CHUNK, np.int64)
    third = np.ones(_CHUNK, np.int64)
    for n, density in zip(widths[:-1], densities[:-1], strict=True):
        p = _classes(a, b, c, density)
        alone = hit_and_miss(third, density)[0]
        in_a = rng.binomial(n, np.minimum(p.only_a + p.both, 1.0))
        c, third_in_a = _together(rng, in_a, _share(p.both, p.only_a), alone)
        b, third_not_in_a = _together(rng, n - in_a, _share(p.only_b, p.none), alone)
        a, third = in_a - c, third_in_a + third_not_in_a
    # the last layer is not drawn: its means are known
    n = widths[-1]
    p = _classes(a, b, c, densities[-1])
    in_a, in_b = p.only_a + p.both, p.only_b + p.both
    in_third = hit_and_miss(third, densities[-1])[0]
    # given the layers before, columns are independent: only the same column is in both by chance
    within = p.both * p.none - p.only_a * p.only_b
    values: Numbers = (n * in_a - mean) * (n * (in_b - in_third)) + n * within
    return values


def _together(
    rng: np.random.Generator, trials: Numbers, p: Numbers, q: Numbers
) -> tuple[Numbers, Numbers]:
    """Draw from Binomial(trials, p) and from Binomial(trials, q), as equal as they can be."""
    lower, upper = np.minimum(p, q), np.maximum(p, q)
    common = rng.binomial(trials, np.minimum(lower, 1.0))
    more = rng.binomial(trials - common, _share(upper - lower, 1.0 - upper))
    return common + np.where(p > q, more, 0), common + np.where(q > p, more, 0)


def _share(part: Numbers, rest: Numbers) -> Numbers:
    """Return part / (part + rest), 0 where both are 0."""
    whole = part + rest
    share: Numbers = np.divide(part, whole, out=np.zeros_like(whole), where=whole > 0)
    return np.minimum(share, 1.0)
