"""Sums over all signs: the flat product gate, neuron by neuron."""

from __future__ import annotations

from ..gates import SignSum, SortedSum
from ..model import Workload


def build(n: int, sigma: str) -> SignSum:
    """Describe a sum.

    Returns
    -------
    SignSum
    """
    return SignSum(n=n, sigma=sigma)


def _workload(sigma: str, n: int, target: str | None = None) -> Workload:
    name = f"gate-{sigma}-{n}" if target is None else f"gate-{target}-{sigma}-{n}"
    sizes = {"full": n, "quick": min(n, 20), "tiny": 6}
    return Workload(
        name,
        f"the flat product gate of 2^{n} neurons, {sigma}, added up",
        build,
        {size: {"n": chosen, "sigma": sigma} for size, chosen in sizes.items()},
        measure="apply",
        target=target,
        group="gates",
    )


def build_sorted(n: int) -> SortedSum:
    """Describe a sum of integers.

    Returns
    -------
    SortedSum
    """
    return SortedSum(n=n)


WORKLOADS = (
    *(
        _workload(sigma, 26)
        for sigma in ("logistic", "exp", "relu", "tanh", "softplus", "sin", "gauss")
    ),
    _workload("logistic", 26, "avx2"),
    _workload("logistic", 32),
    Workload(
        "gate-sorted-relu-40",
        "the sum over the signs of 40 integers, relu, exact, by sorted half sums",
        build_sorted,
        {"full": {"n": 40}, "quick": {"n": 30}, "tiny": {"n": 6}},
        measure="apply",
        group="gates",
    ),
)
