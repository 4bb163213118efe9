"""Estimates at one percent: how fast on large chains, how honest on small ones.

A power law squared, five random layers, an FFT as plain CSR, and the eighth power of a network with
the size and degrees of a European power grid (case9241pegase: 9241 buses, about 3.5 entries a row):
a grid of lines with some long ones.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import scipy.sparse as sps

import cheapfast as cf

from ..estimates import Estimation
from ..generate import butterflies, pattern, rmat, uniform
from ..model import Problem, Workload
from ..trials import Trials


def power_law(scale: int) -> tuple[Any, ...]:
    """Return a power-law graph, twice."""
    graph = rmat(scale, 8, np.random.default_rng(1))
    return graph, graph


def random_layers(n: int) -> tuple[Any, ...]:
    """Return five layers with 4 entries a row."""
    rng = np.random.default_rng(1)
    return tuple(uniform(n, 4, rng) for _ in range(5))


def power_grid(side: int) -> tuple[Any, ...]:
    """Return a grid with holes and long lines, eight times."""
    rng = np.random.default_rng(1)
    path = sps.csr_array(sps.diags([np.ones(side - 1)] * 2, [-1, 1]))
    eye = sps.csr_array(sps.eye(side))
    lines = sps.triu(sps.coo_array(sps.kron(eye, path) + sps.kron(path, eye)))
    kept = rng.random(lines.nnz) < 0.55
    n = side * side
    rows = np.concatenate([lines.row[kept], rng.integers(0, n, n // 10)])
    columns = np.concatenate([lines.col[kept], rng.integers(0, n, n // 10)])
    half = sps.coo_array((np.ones(len(rows)), (rows, columns)), shape=(n, n))
    grid = pattern(half + half.T + sps.eye(n))
    return (grid,) * 8


def coverage(matrices: tuple[Any, ...], runs: int) -> Problem:
    """Ask whether the 95 percent interval holds the true count, and is as narrow as asked for."""
    net = cf.chain(*matrices)
    true = cf.synapse_count(net)

    def trial(seed: int) -> bool:
        found = cf.estimate_synapses(net, rel_error=0.01, method="hyperloglog", rng=seed)
        low, high = found.interval
        if high - low > 0.02 * found.value:
            raise ValueError(f"seed {seed}: the interval is wider than rel_error allows")
        return low <= true <= high

    return Trials(trial, runs)


def _pair(
    name: str, title: str, chain: Callable[[int], tuple[Any, ...]], large: int, small: int
) -> tuple[Workload, Workload]:
    """Return a workload of speed and one of coverage."""
    tiny = max(4, small // 4)
    return (
        Workload(
            f"estimate-{name}",
            f"estimate at 1%: {title}",
            lambda size: Estimation(chain(size)),
            {"full": {"size": large}, "quick": {"size": small}, "tiny": {"size": tiny}},
            measure="estimate",
        ),
        Workload(
            f"coverage-{name}",
            f"95% intervals that hold the true count: {title}, small",
            lambda size, runs: coverage(chain(size), runs),
            {
                "full": {"size": small, "runs": 1000},
                "quick": {"size": small, "runs": 50},
                "tiny": {"size": tiny, "runs": 5},
            },
            measure="share",
        ),
    )


WORKLOADS = (
    *_pair("rmat", "R-MAT graph squared", power_law, 17, 11),
    *_pair("chain", "five random layers", random_layers, 100_000, 1500),
    *_pair("fft", "FFT as plain CSR", butterflies, 16, 9),
    *_pair("grid", "eighth power of a power grid", power_grid, 96, 40),
)
