"""Errors of product gates and of the activations that they are made of."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ..deviations import Deviation
from ..gate_promises import (
    method_holds,
    methods_agree,
    rounding_is_within,
    sorted_is_exact,
    tree_error,
    truncation_is_bounded,
)
from ..model import Problem, Workload
from ..sigma_errors import largest_error
from ..trials import Trials

TYPES = {"f32": np.float32, "f64": np.float64}
SIGMAS = ("exp", "logistic", "sin", "tanh", "softplus", "gauss")


def _ulps(sigma: str, short: str) -> Workload:
    def build(count: int) -> Problem:
        return Deviation(lambda: largest_error(sigma, TYPES[short], count))

    return Workload(
        f"sigma-ulp-{sigma}-{short}",
        f"{sigma}, {np.dtype(TYPES[short]).name}: largest error in ulp, on every instruction set",
        build,
        {"full": {"count": 10**6}, "quick": {"count": 10**5}, "tiny": {"count": 1000}},
        measure="error",
        group="gates",
    )


def _promise(
    name: str,
    title: str,
    trial: Callable[[int], bool],
    runs: tuple[int, int, int],
    target: str | None = None,
) -> Workload:
    sizes = dict(zip(("full", "quick", "tiny"), ({"runs": count} for count in runs), strict=True))
    return Workload(
        name,
        title,
        lambda runs: Trials(trial, runs),
        sizes,
        measure="share",
        target=target,
        group="gates",
    )


def _roundings(target: str, short: str) -> Workload:
    precision = np.dtype(TYPES[short]).name
    return _promise(
        f"gate-rounding-{target}-{short}",
        f"direct sums in {precision}, every activation: within their rounding estimates",
        lambda seed: rounding_is_within(seed, precision),
        (10_000, 500, 18),
        target,
    )


def _tree(n: int) -> Workload:
    def build(draws: int) -> Problem:
        return Deviation(lambda: tree_error(n, draws))

    sizes: dict[str, dict[str, Any]] = {
        "full": {"draws": 1000},
        "quick": {"draws": 100},
        "tiny": {"draws": 3},
    }
    return Workload(
        f"gate-tree-{n}",
        f"tree_product of {n} factors: root mean square of the relative errors",
        build,
        sizes,
        measure="error",
        group="gates",
    )


WORKLOADS = (
    *(_ulps(sigma, short) for sigma in SIGMAS for short in TYPES),
    _promise(
        "gate-truncation",
        "gates whose distance from the product is within the proven bound",
        truncation_is_bounded,
        (10_000, 500, 14),
    ),
    *(_roundings(target, short) for target in ("baseline", "avx2", "avx512") for short in TYPES),
    _promise(
        "gate-series",
        "series right to 1e-13, within their estimates, or refused; up to 14 factors",
        lambda seed: method_holds(seed, "series"),
        (1000, 100, 6),
    ),
    _promise(
        "gate-sinc",
        "Fourier averages right to 1e-13, within their estimates, or refused; up to 14 factors",
        lambda seed: method_holds(seed, "sinc"),
        (1000, 100, 4),
    ),
    _promise(
        "gate-series-sinc",
        "series that equal Fourier averages, up to 1024 factors",
        methods_agree,
        (200, 20, 4),
    ),
    _promise(
        "gate-sorted",
        "sorted sums of integers that equal all neurons added up, up to 22 factors",
        sorted_is_exact,
        (132, 44, 18),
    ),
    _tree(32),
    _tree(1024),
)
