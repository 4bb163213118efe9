"""Estimates on many machines."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from cheapfast import _memory
from cheapfast._progress import reporting
from cheapfast._random import generator
from cheapfast.counting.distributed.cluster import Cluster, check_parts, connected, cuts
from cheapfast.counting.distributed.count import Task, count_blocks
from cheapfast.counting.distributed.worker import Shared
from cheapfast.counting.estimate import LocalRows
from cheapfast.counting.estimation import Estimate, Question
from cheapfast.counting.registers import RowRegisters
from cheapfast.counting.structural import ProgressArgument, merged_supports
from cheapfast.network import Network
from cheapfast.support import CsrSupport, Support

if TYPE_CHECKING:
    from distributed import Client

#: Fewer drawn rows than this are not worth a call of their own.
_LEAST_ROWS = 16


def estimate_synapses(
    net: Network | Callable[[], Network],
    client: Client | str,
    *,
    rel_error: float = 0.01,
    confidence: float = 0.95,
    method: str = "auto",
    rng: int | np.random.Generator | None = None,
    blocks: int | None = None,
    threads: int = 1,
    memory_limit: int | str | None = None,
    retries: int = 3,
    progress: ProgressArgument = None,
) -> Estimate:
    """Estimate the nonzeros of the matrix that a network multiplies out to, on many machines.

    Parameters
    ----------
    net, client, blocks, threads, memory_limit, retries, progress
        As for `cheapfast.counting.distributed.synapse_count`.
    rel_error, confidence, method, rng
        As for `cheapfast.estimate_synapses`.

    Returns
    -------
    Estimate
        With the same `rng`, the one of a single machine bit for bit, for any number of workers and
        of blocks.

    Raises
    ------
    ImportError
        If dask.distributed is not installed.
    ConnectionError
        If no scheduler answers, none of its workers does, or blocks were lost with their workers
        too often.
    TypeError, ValueError
        For a network without supports, or an argument out of range or out of reach.
    MemoryError
        If a block does not fit on its worker.

    Notes
    -----
    Every worker pushes the registers through all layers but the last once, keeps them, and sketches
    blocks of rows of the last layer; the sums, 8 bytes a row, come back. Rows are drawn here and
    counted by the workers. Batches of ``method="cohen"`` are independent, and whole.

    Examples
    --------
    >>> from distributed import Client, LocalCluster  # doctest: +SKIP
    >>> net = cf.algorithms.random_sparse(10**6, 4e-6, 4, rng=1)  # doctest: +SKIP
    >>> with LocalCluster(n_workers=2) as cluster, Client(cluster) as client:  # doctest: +SKIP
    ...     found = cf.counting.distributed.estimate_synapses(net, client, rng=1)
    >>> found == cf.estimate_synapses(net, rng=1)  # doctest: +SKIP
    True
    """
    question = Question(rel_error, confidence, method)
    random = generator(rng)
    wanted, tries, workers = check_parts(blocks, retries, threads)
    _memory.parse_bytes(memory_limit)
    with connected(client) as connection, reporting(progress, "estimating synapses") as report:
        cluster = Cluster(connection, net, wanted, tries, report)
        supports, closed = merged_supports(cluster.network)
        if closed is not None:
            return Estimate.exact(closed, question.confidence)
        if question.exact_is_cheaper(supports):
            counted = count_blocks(cluster, Task("structural", 0.0, 0, workers, memory_limit))
            return Estimate.exact(counted, question.confidence)
        question.require_reachable()
        return question.answer(_ClusterRows(cluster, supports, workers, memory_limit), random)


class _ClusterRows:
    """The rows of a product, sketched and counted by workers."""

    def __init__(
        self,
        cluster: Cluster,
        supports: list[Support],
        threads: int,
        memory_limit: int | str | None,
    ) -> None:
        self._cluster = cluster
        self._starts = supports[0].to_csr().indptr
        self._options = (threads, memory_limit)

    def sums(self, seed: int) -> npt.NDArray[np.uint64]:
        parts = [
            (first, last, seed, *self._options)
            for first, last in cuts(self._starts, self._cluster.blocks)
        ]
        return np.concatenate([np.empty(0, np.uint64), *self._cluster.each(_sums, parts)])

    def counts(self, rows: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
        pieces = max(1, min(self._cluster.blocks, len(rows) // _LEAST_ROWS))
        parts = [(piece, *self._options) for piece in np.array_split(rows, pieces)]
        return np.concatenate(self._cluster.each(_counts, parts))

    def batches(self, seeds: list[int]) -> npt.NDArray[np.float64]:
        parts = [(seed, *self._options) for seed in seeds]
        return np.array(self._cluster.each(_batch, parts))


def _sums(
    shared: Shared,
    first: int,
    last: int,
    seed: int,
    threads: int,
    memory_limit: int | str | None,
) -> npt.NDArray[np.uint64]:
    """Sketch the rows first to last - 1; runs on a worker."""

    def make() -> tuple[RowRegisters, CsrSupport]:
        rows = _local_rows(shared, threads, memory_limit)
        registers = rows.registers(seed)
        registers.prepare()
        return registers, rows.supports[0].to_csr()

    kept: tuple[RowRegisters, CsrSupport] = shared.keep("registers", make)
    registers, head = kept
    return registers.sums(_rows_of(head, first, last), None)


def _counts(
    shared: Shared, rows: npt.NDArray[np.int64], threads: int, memory_limit: int | str | None
) -> npt.NDArray[np.int64]:
    """Count some rows exactly; runs on a worker."""
    shared.drop("registers")  # all rows are sketched by now
    local: LocalRows = shared.keep("rows", lambda: _local_rows(shared, threads, memory_limit))
    return local.counts(rows)


def _batch(shared: Shared, seed: int, threads: int, memory_limit: int | str | None) -> float:
    """Estimate the total from one batch of ranks; runs on a worker."""
    local: LocalRows = shared.keep("rows", lambda: _local_rows(shared, threads, memory_limit))
    return float(local.batches([seed])[0])


def _local_rows(shared: Shared, threads: int, memory_limit: int | str | None) -> LocalRows:
    supports, _ = merged_supports(shared.network())
    return LocalRows(supports, threads, _memory.parse_bytes(memory_limit), None)


def _rows_of(support: CsrSupport, first: int, last: int) -> CsrSupport:
    """Return some rows of a support."""
    starts = support.indptr[first : last + 1]
    entries = support.indices[starts[0] : starts[-1]]
    return CsrSupport((last - first, support.shape[1]), starts - starts[0], entries)
