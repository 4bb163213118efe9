"""Section III.G, eq. 27: random sparse matrices."""

from __future__ import annotations

import itertools
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


@section.row(
    "27",
    "a hundred random layers, n = 24 and p = 0.1: expected flat synapses",
    paper="two layers only",
    note="The same distribution, at any depth.",
)
def hundred_layers() -> Check:
    """Compare with the chain of support sizes in plain arithmetic."""
    return Check(
        cf.expected_synapses(24, 0.1, 100).mean, _mean_by_chain(24, 0.1, 100), tolerance=1e-10
    )


@section.row(
    "27",
    "four random layers, n = 7 and p = 0.2: standard deviation of the flat synapses",
    paper="not given",
    note="Rows share all layers but one: their covariance counts, and makes most of it.",
)
def spread_of_the_total() -> Check:
    """Compare with the joint distribution of two rows in plain arithmetic."""
    n, p, depth = 7, 0.2, 4
    found = cf.expected_synapses(n, p, depth)
    demanded = _deviation_by_pairs(n, p, depth)
    apart = math.sqrt(n) * found.row_std
    shown = f"{found.std:.4g} (independent rows: {apart:.4g})"
    return Check(found.std or math.nan, demanded, tolerance=1e-9, shown=shown)


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


def _deviation_by_pairs(n: int, p: float, depth: int) -> float:
    """Deviation of the total, from the joint distribution of the columns that two rows reach.

    The state is how many columns only the one, only the other, and both reach.
    """
    pairs = {(1, 1, 0): 1.0}
    for _ in range(depth):
        following: dict[tuple[int, int, int], float] = {}
        for (a, b, c), weight in pairs.items():
            miss_a, miss_b, none = (1 - p) ** (a + c), (1 - p) ** (b + c), (1 - p) ** (a + b + c)
            only_a, only_b, both = miss_b - none, miss_a - none, 1 - miss_a - miss_b + none
            for i, j in itertools.product(range(n + 1), repeat=2):
                for k in range(n + 1 - i - j):
                    rest = n - i - j - k
                    ways = math.comb(n, i) * math.comb(n - i, j) * math.comb(n - i - j, k)
                    share = ways * only_a**i * only_b**j * both**k * none**rest
                    following[i, j, k] = following.get((i, j, k), 0.0) + weight * share
        pairs = following
    mean = sum(w * (i + k) for (i, _, k), w in pairs.items())
    square = sum(w * (i + k) ** 2 for (i, _, k), w in pairs.items())
    product = sum(w * (i + k) * (j + k) for (i, j, k), w in pairs.items())
    return math.sqrt(n * (square - mean**2) + n * (n - 1) * (product - mean**2))
