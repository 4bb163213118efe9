"""How many synapses a flattened network has, to a given error and without counting all of them."""

from __future__ import annotations

import math
import numbers
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from cheapfast import _core, _memory
from cheapfast._progress import reporting
from cheapfast._random import generator
from cheapfast._validate import choice, thread_count
from cheapfast.counting.cohen import cohen_total
from cheapfast.counting.csr import csr_arrays, with_used_columns
from cheapfast.counting.registers import SKETCH_ERROR, Report, row_sizes
from cheapfast.counting.sampling import (
    MOST_DRAWS,
    PILOT,
    UNSEEN,
    Plan,
    RowSampler,
    Sampled,
    mean_by_draws,
    predicted_draws,
)
from cheapfast.counting.structural import ProgressArgument, count_structural, merged_supports
from cheapfast.network import Network
from cheapfast.support import CsrSupport, Support

#: What `method` may be: "auto" counts exactly where that is no dearer.
ESTIMATE_METHODS = ("auto", "hyperloglog", "cohen")

#: Rows for each row drawn up to which all are counted: drawn rows are the long ones.
_FEW_ROWS = 4

#: Operations of some hundred picoseconds up to which counting 512 columns at a time takes no longer
#: than a sketch and its draws.
_CHEAP_WORK = 4_000_000
_COLUMNS_TOGETHER = 512

#: Neither push nor stamps can number more rows or columns.
_MOST_NODES = 2**31 - 1

#: A limit above is none.
_MOST_BYTES = 2**62


@dataclass(frozen=True, repr=False)
class Estimate:
    """An estimated number of synapses, and how far it may be off.

    Attributes
    ----------
    value : float or int
        Estimate of the structural count; an int where it is exact.
    standard_error : float
        Of `value`, estimated from the same draws; 0 where the count is exact.
    interval : tuple of float
        Confidence interval (low, high).
    confidence : float
        Probability with which such intervals hold the true count.
    method : str
        "hyperloglog", "cohen", or "exact" where all was counted after all.
    """

    value: float
    standard_error: float
    interval: tuple[float, float]
    confidence: float
    method: str

    def __repr__(self) -> str:
        if self.method == "exact":
            return f"Estimate({self.value}, exact)"
        low, high = self.interval
        return (
            f"Estimate({self.value:.6g} +- {self.standard_error:.2g}, {self.confidence:g} "
            f"confidence: {low:.6g} to {high:.6g}, method={self.method!r})"
        )

    def _repr_html_(self) -> str:
        low, high = self.interval
        exact = self.method == "exact"
        rows = (
            ("synapses", f"{self.value:,}" if exact else f"{self.value:,.0f}"),
            ("standard error", f"{self.standard_error:,.0f}"),
            (
                f"{100 * self.confidence:g}% confidence",
                "exact" if exact else f"{low:,.0f} to {high:,.0f}",
            ),
            ("method", self.method),
        )
        cells = "".join(f"<tr><th>{name}</th><td>{value}</td></tr>" for name, value in rows)
        return f"<table>{cells}</table>"


def estimate_synapses(
    net: Network,
    *,
    rel_error: float = 0.01,
    confidence: float = 0.95,
    method: str = "auto",
    rng: int | np.random.Generator | None = None,
    threads: int | None = None,
    memory_limit: int | str | None = None,
    progress: ProgressArgument = None,
) -> Estimate:
    r"""Estimate the nonzeros of the matrix that a linear network multiplies out to.

    Parameters
    ----------
    net : Network
        Linear layers with known supports; biases do not matter.
    rel_error : float, optional
        Half-width of the confidence interval relative to the estimate, between 0 and 1.
    confidence : float, optional
        Probability that the interval holds the true structural count, between 0 and 1.
    method : {"auto", "hyperloglog", "cohen"}, optional
        "hyperloglog": sketches say how large each row is, about; rows drawn in proportion are
        counted exactly. "cohen": random ranks only, no row is counted. "auto": the exact count
        where there is a closed form, where so many rows would be drawn that all may as well be
        counted, or where that takes some milliseconds only; otherwise "hyperloglog".
    rng : None, int or numpy.random.Generator, optional
        Source of the hash and of the draws; None takes fresh entropy.
    threads : int, optional
        Number of threads; by default CHEAPFAST_NUM_THREADS, else the CPUs that the process may use.
        The result does not depend on it.
    memory_limit : int or str, optional
        Bytes beyond the network itself, such as ``"8G"``; by default the memory available now. It
        decides whether the sketches are made in one pass (64 bytes a node) or in four (16 bytes);
        the result does not depend on it.
    progress : bool or callable, optional
        True shows a bar on a terminal; a callable is called as ``progress(done, total)``.

    Returns
    -------
    Estimate
        Its interval is at most `rel_error` of its value wide on either side.

    Raises
    ------
    TypeError
        If a layer has no support to count, or an argument is of the wrong type.
    ValueError
        If an argument is out of range, or `rel_error` would take more than 1,000,000 drawn rows
        (4,096 batches of ranks with "cohen").
    MemoryError
        Before more than `memory_limit` would be allocated.

    See Also
    --------
    synapse_count : the exact count; never an estimate.

    Notes
    -----
    Every row gets a HyperLogLog sketch, 64 registers, by one pass over the entries of all layers;
    it gives row sizes :math:`\hat s_r` with a standard deviation of about 13 percent. Rows are
    drawn with probability :math:`\pi_r \propto \hat s_r` and their sizes :math:`s_r` counted. The
    mean of :math:`s_r/\pi_r` (Hansen and Hurwitz, 1943) is unbiased whatever the sketch got wrong,
    and its error is estimated from the draws; their number follows from `rel_error`, about 650
    for one percent. The interval is Student's.

    Examples
    --------
    >>> import cheapfast as cf
    >>> net = cf.algorithms.random_sparse(20_000, 5e-4, 3, rng=0)
    >>> estimate = cf.estimate_synapses(net, rng=1)
    >>> estimate.method, abs(estimate.value / cf.synapse_count(net) - 1) < 0.02
    ('hyperloglog', True)
    >>> cf.estimate_synapses(cf.algorithms.fourier(2**40))
    Estimate(1208925819614629174706176, exact)
    """
    if not isinstance(net, Network):
        raise TypeError(f"net must be a cheapfast.Network, got {type(net).__name__}")
    wanted = between_0_and_1(rel_error, "rel_error")
    probability = between_0_and_1(confidence, "confidence")
    choice(method, "method", ESTIMATE_METHODS)
    random, workers = generator(rng), thread_count(threads)
    given = _memory.parse_bytes(memory_limit)
    supports, closed = merged_supports(net)
    if closed is not None:
        return _exact(closed, probability)
    draws = _predicted_draws(wanted, probability)
    if method == "auto" and _exact_is_cheaper(supports, draws):
        return _exact(
            count_structural(net, "auto", threads, memory_limit, progress).value, probability
        )
    if method != "cohen" and draws > MOST_DRAWS:
        raise ValueError(
            f"rel_error={wanted:g} needs about {draws:,} sampled rows, more than the budget of "
            f"{MOST_DRAWS:,}: ask for a larger rel_error, or count exactly with synapse_count"
        )
    supports[-1] = with_used_columns(supports[-1])
    limit = min(_memory.available_bytes() if given is None else given, _MOST_BYTES)
    with reporting(progress, "estimating synapses") as report:
        if method == "cohen":
            sampled = cohen_total(supports, wanted, probability, random, workers, limit, report)
        else:
            sampled = _sampled_total(supports, wanted, probability, random, workers, limit, report)
    low, high = sampled.value - sampled.half_width, sampled.value + sampled.half_width
    return Estimate(
        sampled.value,
        sampled.standard_error,
        (max(low, 0.0), high),
        probability,
        "cohen" if method == "cohen" else "hyperloglog",
    )


def between_0_and_1(value: object, name: str) -> float:
    """Return a number strictly between 0 and 1.

    Parameters
    ----------
    value : object
        What the caller passed.
    name : str
        Name of the argument, for the message.

    Returns
    -------
    float

    Raises
    ------
    TypeError
        If it is no real number.
    ValueError
        If it is out of range, or NaN.
    """
    if isinstance(value, bool) or not isinstance(value, numbers.Real):
        raise TypeError(f"{name} must be a number between 0 and 1, got {value!r}")
    if not 0.0 < float(value) < 1.0:
        raise ValueError(f"{name} must be above 0 and below 1, got {value!r}")
    return float(value)


def _exact(count: int, confidence: float) -> Estimate:
    return Estimate(count, 0.0, (count, count), confidence, "exact")


def _exact_is_cheaper(supports: list[Support], draws: int) -> bool:
    """Say whether counting everything takes no longer than so many draws."""
    batches = -(-supports[-1].shape[1] // _COLUMNS_TOGETHER)
    few_rows = supports[0].shape[0] <= max(_FEW_ROWS * draws, PILOT)
    return few_rows or batches * sum(s.nnz for s in supports) <= _CHEAP_WORK


def _predicted_draws(rel_error: float, confidence: float) -> int:
    """Draws that reach an error if sketches are as good as the theory of large sets says."""
    from scipy.special import ndtri

    return math.ceil((float(ndtri(0.5 + confidence / 2)) * SKETCH_ERROR / rel_error) ** 2)


def _sampled_total(
    supports: list[Support],
    rel_error: float,
    confidence: float,
    rng: np.random.Generator,
    threads: int,
    limit: int,
    report: Report,
) -> Sampled:
    """Sketch all rows, then draw and count until the interval is narrow enough."""
    _require_countable(supports)
    seed = int(rng.integers(2**64, dtype=np.uint64))
    sizes = row_sizes(supports, seed, threads, limit, report)
    sampler = RowSampler(sizes, _row_counter(supports, sizes.nbytes, threads, limit, report), rng)
    if sampler.nothing:
        return Sampled(0.0, 0.0, 0.0, 0)
    plan = Plan(rel_error, confidence, PILOT, MOST_DRAWS, UNSEEN)
    result = mean_by_draws(sampler.draw, plan)
    if result.relative > rel_error:
        raise ValueError(
            f"rel_error={rel_error:g} needs about {predicted_draws(result, plan):,} sampled rows, "
            f"the budget is {MOST_DRAWS:,}; after {result.draws:,} the half-width is "
            f"{result.relative:.2g}: ask for a larger rel_error, or count exactly with "
            "synapse_count"
        )
    return result


def _row_counter(
    supports: list[Support], taken: int, threads: int, limit: int, report: Report
) -> Callable[[npt.NDArray[np.int64]], npt.NDArray[np.int64]]:
    """Return what counts rows of the product exactly, each pushed through all layers."""
    symbolic = sum(s.csr_bytes for s in supports if not isinstance(s, CsrSupport))
    _memory.require(
        symbolic + taken,
        "writing out the layers without closed form, through which sampled rows are pushed,",
        "raise memory_limit, or take method='cohen', which writes out one layer at a time",
        limit=limit,
    )
    layers = [csr_arrays(s) for s in supports]

    def count(rows: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
        return _core.count_rows(layers, rows, threads, limit - symbolic - taken, report)

    return count


def _require_countable(supports: list[Support]) -> None:
    most = max(max(support.shape) for support in supports)
    if most > _MOST_NODES:
        raise ValueError(
            f"net must have fewer than 2^31 rows and columns in each layer, got {most:,}"
        )
