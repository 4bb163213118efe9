"""How many synapses a flattened network has, to a given error and without counting all of them."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from cheapfast import _core, _memory
from cheapfast._arrays import aligned
from cheapfast._progress import check_progress, reporting
from cheapfast._random import generator
from cheapfast._validate import thread_count
from cheapfast.counting.cohen import batch_total, require_ranks
from cheapfast.counting.csr import csr_arrays, with_used_columns
from cheapfast.counting.estimation import Estimate, Question
from cheapfast.counting.registers import RowRegisters
from cheapfast.counting.sketches import rows_memory
from cheapfast.counting.steps import Report, Steps
from cheapfast.counting.structural import ProgressArgument, count_structural, merged_supports
from cheapfast.network import Network, require_network
from cheapfast.support import CsrSupport, Support

#: Neither push nor stamps can number more rows or columns.
_MOST_NODES = 2**31 - 1

#: What to do where the layers do not fit, through which sampled rows are pushed.
_INSTEAD = "take method='cohen', which writes out one layer at a time"

#: A limit above is none.
_MOST_BYTES = 2**62


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
    require_network(net)
    question = Question(rel_error, confidence, method)
    random, workers = generator(rng), thread_count(threads)
    check_progress(progress)  # products in closed form report none
    given = _memory.parse_bytes(memory_limit)
    supports, closed = merged_supports(net)
    if closed is not None:
        return Estimate.exact(closed, question.confidence)
    if question.exact_is_cheaper(supports):
        counted = count_structural(net, "auto", threads, memory_limit, progress)
        return Estimate.exact(counted.value, question.confidence)
    question.require_reachable()
    with reporting(progress, "estimating synapses") as report:
        return question.answer(LocalRows(supports, workers, given, report), random)


class LocalRows:
    """The rows of a product, sketched and counted in this process.

    Parameters
    ----------
    supports : list of Support
        Two or more, in matrix order.
    threads : int
        Number of threads; no answer depends on it.
    memory_limit : int or None
        Bytes; None for what is available.
    report : callable or None
        Called as ``report(done, total)``.
    """

    def __init__(
        self, supports: list[Support], threads: int, memory_limit: int | None, report: Report
    ) -> None:
        self.supports = [*supports[:-1], with_used_columns(supports[-1])]
        self._threads, self._report = threads, report
        needed = rows_memory(self.supports, threads)
        self._limit = min(_memory.allowance(needed, memory_limit), _MOST_BYTES)
        self._layers: list[_core._CsrArrays] | None = None
        self._taken = 0

    def registers(self, seed: int) -> RowRegisters:
        """Return the registers of all rows, to be asked for any of them.

        Parameters
        ----------
        seed : int
            Of the hash.

        Returns
        -------
        RowRegisters
        """
        _require_countable(self.supports)
        return RowRegisters(self.supports, seed, self._threads, self._limit)

    def sums(self, seed: int) -> npt.NDArray[np.uint64]:
        """Return the sums over the registers of every row.

        Parameters
        ----------
        seed : int
            Of the hash.

        Returns
        -------
        numpy.ndarray of uint64
        """
        self._taken = 8 * self.supports[0].shape[0]
        return self.registers(seed).sums(self.supports[0], self._report)

    def counts(self, rows: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
        """Count rows exactly, each passed through all layers.

        Parameters
        ----------
        rows : numpy.ndarray of int64
            Which.

        Returns
        -------
        numpy.ndarray of int64
        """
        left = self._limit - self._taken
        symbolic = sum(s.csr_bytes for s in self.supports if not isinstance(s, CsrSupport))
        if self._layers is None:
            _memory.require(
                symbolic + self._taken,
                "writing out the layers without closed form, through which sampled rows are "
                "pushed,",
                _INSTEAD,
                limit=self._limit,
            )
            self._layers = [csr_arrays(s) for s in self.supports]
        rows = aligned(rows)  # they may have come over a network
        with _memory.advising(_INSTEAD, self._limit):
            return _core.count_rows(
                self._layers, rows, self._threads, left - symbolic, self._report
            )

    def batches(self, seeds: list[int]) -> npt.NDArray[np.float64]:
        """Return Cohen's estimate of the total for each seed.

        Parameters
        ----------
        seeds : list of int
            Of the ranks.

        Returns
        -------
        numpy.ndarray of float64
        """
        require_ranks(self.supports, self._limit)
        steps = Steps(self._report, len(seeds) * sum(s.shape[0] for s in self.supports))
        totals = [batch_total(self.supports, seed, self._threads, steps) for seed in seeds]
        return np.array(totals)


def _require_countable(supports: list[Support]) -> None:
    most = max(max(support.shape) for support in supports)
    if most > _MOST_NODES:
        raise ValueError(
            f"net must have fewer than 2^31 rows and columns in each layer, got {most:,}"
        )
