"""What calls are predicted to take, and what they take: a grid of networks, columns and types."""

from __future__ import annotations

import statistics
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

import cheapfast as cf
from cheapfast._stopwatch import fastest

from .model import Problem, Workload
from .results import Figure, Results
from .timing import Settings

#: Calls so short are timed together, or the clock would be timed.
_TOGETHER_SECONDS = 1e-4


@dataclass(frozen=True)
class PredictionProblem(Problem):
    """Networks that are applied to vectors side by side.

    Parameters
    ----------
    networks : tuple of (str, callable)
        Names, and what builds the network.
    columns : tuple of int
        Numbers of vectors; 1 is a vector of one dimension.
    most_numbers : int
        Larger operands are left out.
    is_complex : bool
        Whether the vectors are complex even where the network is real.
    """

    networks: tuple[tuple[str, Callable[[], cf.Network]], ...]
    columns: tuple[int, ...]
    most_numbers: int = 1 << 21
    is_complex: bool = False

    def cells(self) -> Iterator[tuple[str, cf.Network, Any]]:
        """Yield name, network and operand of each cell of the grid.

        Yields
        ------
        str, cheapfast.Network, ndarray
        """
        rng = np.random.default_rng(0)
        for name, build in self.networks:
            net = build()
            dtype = np.result_type(net.dtype, np.complex64) if self.is_complex else net.dtype
            for count in self.columns:
                inputs = net.shape[1]
                if inputs * count <= self.most_numbers:
                    shape = (inputs,) if count == 1 else (inputs, count)
                    X = rng.standard_normal(shape)
                    if self.is_complex:
                        X = X + 1j * rng.standard_normal(shape)
                    yield f"{name} x {count}", net, X.astype(dtype)


def time_predictions(workload: Workload, problem: PredictionProblem, settings: Settings) -> Results:
    """Measure the rates and then every cell, `settings.repeat` rounds.

    Parameters
    ----------
    workload : Workload
        What is measured.
    problem : PredictionProblem
        The workload at one size.
    settings : Settings
        How to measure.

    Returns
    -------
    Results
        Seconds of a call, and as many that were predicted from the rates of the same round: the
        machine may be slower in one round than in another.
    """
    cells, results = list(problem.cells()), Results()
    for threads in settings.threads:
        measured: list[list[float]] = [[] for _ in cells]
        predicted: list[list[float]] = [[] for _ in cells]
        for _ in range(settings.repeat):
            cf.flattening.recalibrate(threads)
            for i, (_, net, X) in enumerate(cells):
                columns = 1 if X.ndim == 1 else X.shape[1]
                told = net.explain(columns, dtype=X.dtype, threads=threads).seconds
                assert told is not None, "no network of the grid has an Operator"
                predicted[i].append(told)
                measured[i].append(_seconds(net, X, threads))
        results.figures += [
            Figure(
                *(workload.name, workload.measure, name, threads, tuple(took)),
                predicted=tuple(told),
            )
            for (name, *_), took, told in zip(cells, measured, predicted, strict=True)
        ]
    return results


def factor(figure: Figure) -> float:
    """Return how far a prediction is off: the larger of two times over the smaller.

    Parameters
    ----------
    figure : Figure
        With seconds that were predicted.

    Returns
    -------
    float
        At least 1: the median of the rounds.
    """
    rounds = zip(figure.predicted, figure.values, strict=True)
    ratio = statistics.median(told / took for told, took in rounds)
    return max(ratio, 1 / ratio)


def _seconds(net: cf.Network, X: Any, threads: int) -> float:
    net.apply(X, threads=threads)
    once = fastest(lambda: net.apply(X, threads=threads), enough=0.0).seconds
    loops = max(1, int(_TOGETHER_SECONDS / once))

    def run() -> None:
        for _ in range(loops):
            net.apply(X, threads=threads)

    return fastest(run).seconds / loops
