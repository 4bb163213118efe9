"""Numerical counts against fractions, expectations against random networks."""

from __future__ import annotations

import itertools
import math
from fractions import Fraction
from typing import Any

import numpy as np

import cheapfast as cf

from ..model import Problem, Workload
from ..trials import Trials

#: n, density and depth, with networks that are sparse, critical and dense.
EXPECTED = (
    *((20, 0.1, 2), (20, 0.1, 3), (30, 0.05, 5), (60, 0.03, 5)),
    *((40, 0.02, 4), (12, 0.5, 6), (50, 0.04, 3), (25, 0.08, 10)),
)


def planted_chain(rng: np.random.Generator) -> list[Any]:
    """Return small matrices in matrix order, integers or decimal fractions, that cancel."""
    sizes = rng.integers(1, 6, rng.integers(3, 6))
    values = [-2.0, -1.0, 1.0, 2.0] if rng.random() < 0.5 else [0.1, 0.2, 0.3, -0.3, 1 / 3]
    chain = [
        np.where(rng.random(shape) < 0.6, rng.choice(values, shape), 0.0)
        for shape in itertools.pairwise(sizes)
    ]
    k = int(rng.integers(len(chain) - 1))
    chain[k], chain[k + 1] = np.hstack([chain[k]] * 2), np.vstack([chain[k + 1], -chain[k + 1]])
    if rng.random() < 0.7:  # leave something over
        chain[k + 1][-1] *= 2
    return chain


def equals_fractions(seed: int) -> bool:
    """Compare one numerical count with exact rational arithmetic."""
    matrices = planted_chain(np.random.default_rng(seed))
    product = np.vectorize(Fraction, otypes=[object])(matrices[0])
    for matrix in matrices[1:]:
        product = product @ np.vectorize(Fraction, otypes=[object])(matrix)
    count = cf.synapse_count(cf.chain(*map(cf.Sparse, matrices)), kind="numerical", rng=seed)
    return count == sum(int(entry != 0) for entry in product.flat)


def mean_of_networks(case: int, networks: int) -> bool:
    """Compare one expectation with the mean of random networks: within four standard errors."""
    n, density, depth = EXPECTED[case]
    counts = [
        cf.synapse_count(cf.algorithms.random_sparse(n, density, depth, rng=seed))
        for seed in range(networks)
    ]
    found = cf.expected_synapses(n, density, depth)
    assert found.std is not None  # all cases are small enough for the exact one
    error = found.std / math.sqrt(networks)
    return abs(float(np.mean(counts)) - found.mean) < 4 * error


def build_expected(networks: int) -> Problem:
    """Return one trial a case."""
    return Trials(lambda case: mean_of_networks(case, networks), len(EXPECTED))


WORKLOADS = (
    Workload(
        "numerical-fractions",
        "numerical counts that equal exact rational arithmetic",
        lambda runs: Trials(equals_fractions, runs),
        {"full": {"runs": 2000}, "quick": {"runs": 200}, "tiny": {"runs": 10}},
        measure="share",
    ),
    Workload(
        "expected-networks",
        "expected_synapses within 4 standard errors of random networks",
        build_expected,
        {"full": {"networks": 1000}, "quick": {"networks": 100}, "tiny": {"networks": 20}},
        measure="share",
    ),
)
