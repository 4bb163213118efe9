"""Section III.G, eq. 27: random sparse matrices."""

from __future__ import annotations

import math
from bisect import bisect_left
from fractions import Fraction

import cheapfast as cf
from cheapfast.paper.frame import Check, Section

section = Section()


def _cost(n: int, p: float) -> float:
    """Return the expected synapses of two merged layers over the expected 2 n^2 p of both."""
    return cf.expected_synapses(n, p, 2).mean / (2 * n**2 * p)


@section.row(
    "27",
    "two random layers, n = 1000 and p = 0.01: C_s = (1 - (1-p^2)^n)/2p",
    paper="(1 - (1-p^2)^n)/2p",
    note="A ratio of expectations, not the expectation of the ratio. Compared with exact rational "
    "arithmetic.",
)
def two_layers() -> Check:
    """Compare with eq. 27 in exact fractions."""
    p = Fraction(1, 100)
    return Check(_cost(1000, 0.01), (1 - (1 - p**2) ** 1000) / (2 * p))


@section.row(
    "27",
    "the same counted: mean of 16 networks with n = 300 and p = 0.05, flat synapses",
    paper="n^2 (1 - (1-p^2)^n)",
    note="Random supports, exact counts; the mean must come within 3 percent.",
)
def two_layers_counted() -> Check:
    """Draw networks and count them."""
    n, p, samples = 300, 0.05, 16
    counts = [
        cf.synapse_count(cf.algorithms.random_sparse(n, p, 2, rng=seed)) for seed in range(samples)
    ]
    return Check(sum(counts) / samples, n * n * (1 - (1 - p * p) ** n), tolerance=0.03)


@section.row(
    "27",
    "limit for n much larger than 1/p^2: C_s -> 1/2p, here p = 0.01 and n = 10^9",
    paper=50,
)
def limit() -> Check:
    """Evaluate far beyond 1/p^2 = 10^4."""
    cost = _cost(10**9, 0.01)
    return Check(cost, 50, text_holds=math.isclose(cost, 50, rel_tol=1e-12))


@section.row(
    "27",
    "p = 0.01: the least n for which flattening costs synapses, C_s > 1",
    paper="not given",
    note="(1-p^2)^n < 1 - 2p.",
)
def threshold() -> Check:
    """Find it by bisection: the cost grows with n."""
    least = bisect_left(range(10**4), True, lo=1, key=lambda n: _cost(n, 0.01) > 1)
    return Check(least, math.floor(math.log(0.98) / math.log(0.9999)) + 1)


@section.row(
    "27",
    "p >= 1/2: cases with C_s > 1 among n = 1, 10, 100 and p = 0.5, 0.6, 0.8, 1",
    paper="C_s <= 1/2p",
    note="From p = 1/2 on the bound 1/2p is at most 1: flattening never costs.",
)
def never_costs() -> Check:
    """Count the cases in which flattening costs."""
    costs = [_cost(n, p) for n in (1, 10, 100) for p in (0.5, 0.6, 0.8, 1.0)]
    return Check(sum(cost > 1 for cost in costs), 0)


@section.row(
    "27",
    "five random layers, n = 60 and p = 0.03: expected flat synapses",
    paper="two layers only",
    note="Eq. 27 is exact for two layers. For more the distribution of a row's support is "
    "iterated; iterating eq. 27 on the mean density counts too many.",
)
def five_layers() -> Check:
    """Compare with the chain of support sizes in plain arithmetic."""
    mean = cf.expected_synapses(60, 0.03, 5).mean
    shown = f"{mean:.1f} (eq. 27 iterated: {_mean_field(60, 0.03, 5):.1f})"
    return Check(mean, _mean_by_chain(60, 0.03, 5), shown=shown)


def _mean_field(n: int, p: float, depth: int) -> float:
    """Insert the mean density into eq. 27 again and again."""
    density = p
    for _ in range(depth - 1):
        density = 1 - (1 - density * p) ** n
    return n * n * density


def _mean_by_chain(n: int, p: float, depth: int) -> float:
    """Iterate s -> Binomial(n, 1 - (1-p)^s) with binomial coefficients, from s = 1."""
    weights = [0.0, 1.0] + [0.0] * (n - 1)
    for _ in range(depth):
        hits = [1 - (1 - p) ** s for s in range(n + 1)]
        weights = [
            sum(
                weight * math.comb(n, t) * hit**t * (1 - hit) ** (n - t)
                for weight, hit in zip(weights, hits, strict=True)
            )
            for t in range(n + 1)
        ]
    return n * sum(s * weight for s, weight in enumerate(weights))
