"""Fuse or apply: six kinds of chains, every partition of which is timed."""

from __future__ import annotations

from typing import Any

import numpy as np
import scipy.sparse as sps

import cheapfast as cf

from ..generate import banded, rmat, uniform
from ..merging import MergeProblem, PlanProblem
from ..model import Workload
from .multigrid import levels


def random_chain(n: int, per_row: int, depth: int, **use: int) -> MergeProblem:
    """Draw random layers.

    Returns
    -------
    MergeProblem
    """
    rng = np.random.default_rng(1)
    return MergeProblem(tuple(uniform(n, per_row, rng) for _ in range(depth)), **_use(use))


def pruned(n: int, depth: int, **use: int) -> MergeProblem:
    """Draw the layers of a pruned network: the later, the more of a layer is left out.

    Returns
    -------
    MergeProblem
    """
    rng = np.random.default_rng(2)
    layers = [
        sps.random(n, n, density=0.4 * 0.4**i, format="csr", random_state=rng, dtype=np.float64)
        for i in range(depth)
    ]
    return MergeProblem(tuple(sps.csr_array(layer) for layer in reversed(layers)), **_use(use))


def galerkin(side: int, **use: int) -> MergeProblem:
    """Build R1 R0 A P0 P1 of a smoothed aggregation hierarchy.

    Returns
    -------
    MergeProblem
    """
    fine, coarse, *_ = levels(side, max_levels=3, max_coarse=2)
    factors = (coarse.R, fine.R, fine.A, fine.P, coarse.P)
    return MergeProblem(tuple(sps.csr_array(factor) for factor in factors), **_use(use))


def fourier(n: int, **use: int) -> MergeProblem:
    """Write the factors of a fast Fourier transform out.

    Returns
    -------
    MergeProblem
    """
    layers = cf.algorithms.fourier(n, reorder=False)
    return MergeProblem(tuple(layer.to_csr() for layer in reversed(list(layers))), **_use(use))


def bands(n: int, widths: tuple[int, ...], **use: int) -> MergeProblem:
    """Build band matrices.

    Returns
    -------
    MergeProblem
    """
    return MergeProblem(tuple(banded(n, width) for width in widths), **_use(use))


def hops(scale: int, edge_factor: int, power: int, **use: int) -> MergeProblem:
    """Take a power-law graph, some hops of it.

    Returns
    -------
    MergeProblem
    """
    graph = rmat(scale, edge_factor, np.random.default_rng(3))
    return MergeProblem((graph,) * power, **_use(use))


def plan_only(n: int, per_row: int, depth: int) -> PlanProblem:
    """Draw random layers that are planned for and not applied.

    Returns
    -------
    PlanProblem
    """
    rng = np.random.default_rng(1)
    layers = tuple(uniform(n, per_row, rng) for _ in range(depth))
    return PlanProblem(layers, applications=100, columns=8)


def plan_fourier(levels: int) -> PlanProblem:
    """Write the factors of a fast Fourier transform out, for planning only.

    Returns
    -------
    PlanProblem
    """
    matrices = fourier(1 << levels).matrices
    return PlanProblem(matrices, applications=100, columns=8)


def _use(use: dict[str, int]) -> dict[str, Any]:
    return {"applications": use.get("applications", 100), "columns": use.get("columns", 8)}


def _workload(name: str, title: str, build: Any, full: Any, quick: Any, tiny: Any) -> Workload:
    sizes = {"full": full, "quick": quick, "tiny": tiny}
    return Workload(f"merge-{name}", title, build, sizes, measure="merge")


KINDS = (
    _workload(
        "random",
        "random layers, n = 3e4, 4 entries a row: which neighbours to merge",
        random_chain,
        {"n": 30_000, "per_row": 4, "depth": 4},
        {"n": 2_000, "per_row": 3, "depth": 4},
        {"n": 30, "per_row": 2, "depth": 3},
    ),
    _workload(
        "pruned",
        "a pruned stack of six layers of 1000, 40% to 0.4% of the weights left",
        pruned,
        {"n": 1000, "depth": 6},
        {"n": 300, "depth": 5},
        {"n": 20, "depth": 3},
    ),
    _workload(
        "multigrid",
        "R1 R0 A P0 P1 of smoothed aggregation, Poisson on 40^3 points",
        galerkin,
        {"side": 40},
        {"side": 15},
        {"side": 8},
    ),
    _workload(
        "fourier",
        "the factors of a Fourier transform of 12600, as CSR",
        fourier,
        {"n": 12600},
        {"n": 1260},
        {"n": 30},
    ),
    _workload(
        "banded",
        "seven bands of 3 to 9 diagonals, n = 1e5",
        bands,
        {"n": 100_000, "widths": (3, 5, 9, 3, 7, 5, 3)},
        {"n": 5_000, "widths": (3, 5, 9, 3)},
        {"n": 30, "widths": (3, 5, 3)},
    ),
    _workload(
        "hops",
        "four hops of a power-law graph, 2^12 vertices",
        hops,
        {"scale": 12, "edge_factor": 4, "power": 4},
        {"scale": 9, "edge_factor": 4, "power": 3},
        {"scale": 5, "edge_factor": 2, "power": 3},
    ),
)

WORKLOADS = (
    *KINDS,
    _workload(
        "plan-random",
        "only planning: 16 random layers of 2^16, 4 entries a row",
        plan_only,
        {"n": 1 << 16, "per_row": 4, "depth": 16},
        {"n": 1 << 12, "per_row": 4, "depth": 16},
        {"n": 30, "per_row": 2, "depth": 3},
    ),
    _workload(
        "plan-fourier",
        "only planning: the 16 factors of a Fourier transform of 2^16, as CSR",
        plan_fourier,
        {"levels": 16},
        {"levels": 12},
        {"levels": 4},
    ),
)
