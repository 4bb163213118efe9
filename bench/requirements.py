"""What cheapfast must reach, as ratios within one run, and whether a run reached it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from .comparisons import (
    FROM_SCIPY,
    AtMostTimes,
    Faster,
    FasterThanAll,
    GoodChoice,
    GoodMerges,
    NotTheWorst,
    Scaling,
)
from .judging import OWN, Judgement, Requirement
from .limits import (
    AtTheRoof,
    ErrorAtMost,
    FitsIn,
    KeptAtLeast,
    KeptAtMost,
    PeakBelow,
    PredictedMedian,
    PredictedWithinTwo,
    Saves,
    Within,
)
from .results import Results


def _pair(workload: str, maxnnz: float, scipy: float, graphblas: float, built: float) -> Any:
    """Compare two layers with each peer, constructed and from SciPy's matrices."""
    return (
        Faster(workload, maxnnz, "scipy-maxnnz"),
        Faster(workload, scipy, "scipy"),
        Faster(workload, graphblas, "graphblas"),
        Faster(workload, built, "scipy", own=FROM_SCIPY),
    )


def _estimates() -> Any:
    """Estimates at one percent: in 5% of SciPy's time, with intervals that hold what they say."""
    for name in ("rmat", "chain", "grid"):
        yield Faster(f"estimate-{name}", 20, "scipy")
        yield KeptAtMost(f"coverage-{name}", 0.98)
    # SciPy's product of the factors would not fit in memory; all rows are equal, and so are draws
    yield Within("estimate-fft", 0.3)
    yield from (KeptAtLeast(f"coverage-{name}", 0.93) for name in ("rmat", "chain", "fft", "grid"))
    yield KeptAtLeast("numerical-fractions", 1)
    yield KeptAtLeast("expected-networks", 1)


def _random_chain(dtype: str) -> Any:
    """Compare five random layers with SciPy, on one thread and on two."""
    return (
        Faster(f"apply-random-chain-{dtype}-64", 1.5, "scipy"),
        Faster(f"apply-random-chain-{dtype}-64", 2.5, "scipy", threads=2),
        Faster(f"apply-random-chain-{dtype}-1", 1, "scipy"),
    )


def _networks() -> Any:
    """Butterflies against SciPy's sparse matrices; the other networks against their best rivals."""
    butterflies = {(10, 1): 40, (12, 1): 25, (16, 1): 6, (20, 1): 4, (10, 64): 12, (12, 64): 15}
    for (bits, columns), bound in {**butterflies, (16, 64): 15}.items():
        yield Faster(f"apply-butterfly-f32-{bits}-{columns}", bound, "scipy")
        if columns == 1:
            yield AtTheRoof(f"apply-butterfly-f32-{bits}-1", 0.9)
    for dtype in ("f64", "c64", "c128"):
        yield Faster(f"apply-butterfly-{dtype}-12-64", 8, "scipy")
    for n in (1024, 4096):
        yield Faster(f"apply-monarch-f32-{n}-64", 1.3, "numpy-matmul")
    for peer in ("lazylinop-merged", "pyfaust-transform"):
        yield Faster("apply-hadamard-f64-14-64", 10 if peer == "lazylinop-merged" else 40, peer)
    for workload in ("butterfly-f32-16", "fourier-c128-16384", "fourier-c128-262144"):
        yield Scaling(f"apply-{workload}-64", 1.7)
    yield Scaling("apply-fourier-c128-4194304-1", 1.5)
    yield Within("apply-butterfly-f32-6-1", 3e-6)


def _batches() -> Any:
    """Vectors whose features come last, and a number of columns that fills no register."""
    yield Faster("apply-butterfly-f32-10-63", 12, "scipy")
    for vectors, bound in ((1, 2), (64, 4)):
        yield Faster(f"apply-batch-pruned-f32-{vectors}", bound, "scipy")
    for vectors, bound in ((1, 8), (64, 2)):
        yield Faster(f"apply-batch-monarch-f32-1024-{vectors}", bound, "scipy")
    for vectors, bound in ((5, 20), (63, 10)):
        yield Faster(f"apply-batch-butterfly-f32-10-{vectors}", bound, "scipy")


def _fourier() -> Any:
    """Fourier transforms against scipy.fft, MKL, and butterflies that have no structure to find."""
    for n, many, one in (
        (1 << 10, 1.8, 1.8),
        (1 << 14, 2.2, 1.8),
        (1 << 18, 2.5, 1.8),
        (75_600, 2.5, 1.6),
    ):
        yield Faster(f"apply-fourier-c128-{n}-64", many, "scipy.fft")
        yield Faster(f"apply-fourier-c128-{n}-64", 0.9 if n == 1 << 10 else 1.1, "mkl_fft")
        yield Faster(f"apply-fourier-c128-{n}-1", one, "scipy.fft")
        yield Faster(f"apply-fourier-c64-{n}-1", one, "scipy.fft")
    for bits in (10, 14, 18):
        fourier = f"apply-fourier-c128-{1 << bits}-64"
        yield AtMostTimes(f"apply-butterfly-c128-{bits}-64", 1.5, fourier)


def _gates() -> Any:
    """Compare sums over signs with jax and NumPy, two threads with one, AVX2 with the best."""
    for sigma, jax, numpy in (("logistic", 12, 25), ("exp", 2.2, 4), ("relu", 7, 15)):
        yield Faster(f"gate-{sigma}-26", jax, "jax")
        yield Faster(f"gate-{sigma}-26", numpy, "numpy-chunks")
    for sigma in ("logistic", "exp", "relu", "tanh", "softplus", "sin", "gauss"):
        yield Scaling(f"gate-{sigma}-26", 1.7)
    yield AtMostTimes("gate-avx2-logistic-26", 1 / 0.7, "gate-logistic-26")
    yield Within("gate-logistic-32", 1.0, threads=2)
    yield Within("gate-sorted-relu-40", 0.2)


def _gate_errors() -> Any:
    """Units of the last place of each activation; errors within what is promised, always."""
    ulps = {"exp": 1, "logistic": 2, "sin": 2, "tanh": 3, "softplus": 4, "gauss": 8}
    for sigma, bound in ulps.items():
        yield from (ErrorAtMost(f"sigma-ulp-{sigma}-{short}", bound) for short in ("f32", "f64"))
    for target in ("baseline", "avx2", "avx512"):
        yield from (KeptAtLeast(f"gate-rounding-{target}-{short}", 1) for short in ("f32", "f64"))
    for promise in ("truncation", "series", "sinc", "series-sinc", "sorted"):
        yield KeptAtLeast(f"gate-{promise}", 1)
    yield ErrorAtMost("gate-tree-32", 5e-10)
    yield ErrorAtMost("gate-tree-1024", 5e-9)


def _hadamard(short: str, bounds: dict[Any, float]) -> Any:
    """Compare Walsh-Hadamard transforms with the best peer, by size."""
    return (FasterThanAll(f"wht-{short}-{size}", bound) for size, bound in bounds.items())


#: Of 16 x 16 and 32 x 32 blocks: 512 * 512 / (512 * (16 + 32)) = 10.67, written 11x. More is not
#: there: such matrices have 32 * 16 * (16 + 32 - 1) degrees of freedom, a 10.9th of the entries.
MONARCH_SAVING = 10.66


def _unflatten() -> Any:
    """Fourier matrices against peers that are told the order; families and shuffles in seconds."""
    for n, bound in ((1024, 10), (2048, 12), (4096, 12)):
        yield FasterThanAll(f"unflatten-fourier-{n}", bound)
        yield ErrorAtMost(f"unflatten-fourier-{n}", 1e-14)
    # that they run at all
    yield ErrorAtMost("unflatten-fourier-8192", 1e-14)
    yield FitsIn("unflatten-hadamard-16384", 8000)
    families = {"dft-360": 21, "circulant-500": 13, "toeplitz-300": 4, "kronecker-360": 9}
    families |= {"low-rank-300": 15, "cosine-512": 8, "blocks-300": 75}
    for name, saving in (*families.items(), ("monarch-512", MONARCH_SAVING)):
        yield Saves(f"unflatten-{name}", saving)
        yield Within(f"unflatten-{name}", 1)
    yield Within("unflatten-gaussian-512", 1)
    for kind in ("fourier", "hadamard", "orthogonal", "signs"):
        for size in (256, 1024):
            yield ErrorAtMost(f"unflatten-shuffled-{kind}-{size}", 1e-12)
            yield Within(f"unflatten-shuffled-{kind}-{size}", 2)
        yield ErrorAtMost(f"unflatten-noisy-{kind}-256", 1e-5)
        yield Within(f"unflatten-noisy-{kind}-256", 2)


MERGES = tuple(
    f"merge-{kind}" for kind in ("random", "pruned", "multigrid", "fourier", "banded", "hops")
)

_GRIDS = ("butterfly", "hadamard", "fourier", "factors", "sparse", "activated", "wide", "parts")
PREDICTIONS = tuple(f"prediction-{grid}" for grid in _GRIDS)

REQUIREMENTS: tuple[Requirement, ...] = (
    *_pair("random-1e5", maxnnz=1.5, scipy=8, graphblas=5, built=6),
    *_pair("random-1e6", maxnnz=1.5, scipy=8, graphblas=5, built=6),
    *_pair("rmat-17", maxnnz=1.5, scipy=8, graphblas=5, built=6),
    *_pair("banded-1e6", maxnnz=1.5, scipy=3, graphblas=2.5, built=2),
    Faster("bernoulli-1e4", 12, "scipy-maxnnz"),
    Faster("random-chain", 2, "scipy-maxnnz"),
    GoodChoice("random-chain", 1.2),
    FasterThanAll("fft-13", 100),
    Within("fft-16", 0.2),
    Within("fft-20", 4),
    *(
        Within(workload, 0.001, own=peer)
        for workload in ("hadamard-60", "fourier-60", "fourier-60-unordered")
        for peer in (OWN, "cheapfast-cost")
    ),
    *_estimates(),
    PeakBelow("rmat-17-memory", 100),
    PeakBelow("fft-20-memory", 200),
    Scaling("rmat-17", 1.6),
    Scaling("random-1e6", 1.6),
    Within("import", 0.06),
    *_random_chain("f64"),
    *_random_chain("f32"),
    *_networks(),
    *_batches(),
    *_fourier(),
    *_gates(),
    *_gate_errors(),
    *_hadamard("f32", {6: 1, 8: 1, 10: 1.3, 12: 2, 14: 2, 16: 1.9, 18: 1.7, 20: 1.4, 24: 1.2}),
    *_hadamard("f64", {10: 1.2, 12: 1.7, 16: 1.45, 18: 1.6, 20: 1.25, 24: 1.1}),
    *_hadamard("avx2-f32", dict.fromkeys((6, 8, 10, 12, 14, 16), 1.4) | {20: 1, 24: 0.9}),
    *_hadamard("f32", {"64x4096": 2.2, "1024x1024": 2.2}),
    Scaling("wht-f32-64x4096", 1.7),
    Scaling("wht-f32-22", 1.5),
    Within("wht-f32-6", 1e-6),
    *_unflatten(),
    GoodMerges("merge-random", 5, MERGES),
    *(NotTheWorst(kind, 1) for kind in MERGES),
    Within("frontier-fft-16", 0.5, own="cheapfast-frontier"),
    Within("frontier-random-1000", 60, own="cheapfast-frontier"),
    Within("merge-plan-random", 0.5),
    Within("merge-plan-fourier", 0.5),
    PredictedWithinTwo("prediction-sparse", 0.9, PREDICTIONS),
    PredictedMedian("prediction-sparse", 1.25, PREDICTIONS),
)


def judge(results: Results) -> list[Judgement]:
    """Judge every requirement, the missed ones first, then what was not measured.

    Parameters
    ----------
    results : Results
        What a run found out.

    Returns
    -------
    list of Judgement
    """
    order: dict[bool | None, int] = {False: 0, None: 1, True: 2}
    judgements = [requirement.judge(results) for requirement in REQUIREMENTS]
    return sorted(judgements, key=lambda judgement: order[judgement.met])


def judge_latest(results: Results, ran: Sequence[str], to_come: Sequence[str]) -> list[Judgement]:
    """Judge what the workload that ran last has settled.

    Parameters
    ----------
    results : Results
        What a run has found out so far.
    ran : sequence of str
        Names of the workloads so far.
    to_come : sequence of str
        Names of those that will still run: what compares with one of them has to wait.

    Returns
    -------
    list of Judgement
        In the order of the requirements.
    """
    return [
        requirement.judge(results)
        for requirement in REQUIREMENTS
        if requirement.workload in ran
        and ran[-1] in requirement.workloads
        and requirement.workloads.isdisjoint(to_come)
    ]
