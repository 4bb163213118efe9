"""Exact counts on many machines."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from cheapfast._progress import reporting
from cheapfast._random import generator
from cheapfast._validate import choice
from cheapfast.counting.count import KINDS
from cheapfast.counting.distributed.cluster import Cluster, check_parts, connected, cuts
from cheapfast.counting.distributed.worker import Shared
from cheapfast.counting.numerical import count_numerical
from cheapfast.counting.structural import ProgressArgument, count_structural, supports_of
from cheapfast.layers import Sparse
from cheapfast.network import Network

if TYPE_CHECKING:
    from distributed import Client


@dataclass(frozen=True)
class Task:
    """What a worker does with its block of rows; what it returns is added up.

    A new kind of count is one more branch of `count`.

    Attributes
    ----------
    kind : str
        "structural" or "numerical".
    tolerance : float
        For the numerical count.
    seed : int
        The same for all blocks: they draw the same primes.
    threads : int
        Threads of one block.
    memory_limit : int or str or None
        Bytes of one block.
    """

    kind: str
    tolerance: float
    seed: int
    threads: int
    memory_limit: int | str | None

    def count(self, net: Network) -> int:
        """Count the nonzeros of one block.

        Parameters
        ----------
        net : Network
            The chain with the block's rows of its last layer.

        Returns
        -------
        int
        """
        if self.kind == "numerical":
            return count_numerical(
                net, self.tolerance, self.seed, self.threads, self.memory_limit
            ).value
        return count_structural(net, "auto", self.threads, self.memory_limit).value


def synapse_count(
    net: Network | Callable[[], Network],
    client: Client | str,
    *,
    kind: str = "structural",
    tolerance: float = 0.0,
    rng: int | np.random.Generator | None = None,
    blocks: int | None = None,
    threads: int = 1,
    memory_limit: int | str | None = None,
    retries: int = 3,
    progress: ProgressArgument = None,
) -> int:
    r"""Count the nonzeros of the matrix that a network multiplies out to, on many machines.

    Parameters
    ----------
    net : Network or callable
        The network itself is sent to every worker once. A callable without arguments is called once
        on every worker and here, and returns it: ``functools.partial(cheapfast.load, path)`` for a
        file that all of them can read.
    client : distributed.Client or str
        A client, or the address of a scheduler such as ``"tcp://10.0.0.1:8786"``.
    kind, tolerance, rng
        As for `cheapfast.synapse_count`.
    blocks : int, optional
        Blocks of rows of the last layer, of about as many synapses each; by default 8 for each
        thread of the cluster.
    threads : int, optional
        Threads that count one block. A worker has its own threads for several blocks.
    memory_limit : int or str, optional
        Bytes that the count of one block may take; by default what its machine has left.
    retries : int, optional
        How often a block is tried again after its count failed. A block whose worker died is given
        to another one by the scheduler, as often as that one allows (``allowed-failures``).
    progress : bool or callable, optional
        As for `cheapfast.synapse_count`; counts blocks.

    Returns
    -------
    int
        The same number as on one machine, for any number of workers and of blocks.

    Raises
    ------
    ImportError
        If dask.distributed is not installed.
    ConnectionError
        If no scheduler answers, none of its workers does, or blocks were lost with their workers
        too often.
    TypeError, ValueError
        For a network without supports, or an argument out of range.
    MemoryError
        If a block does not fit on its worker.

    Notes
    -----
    The rows of a product are independent: row r of :math:`W_L\cdots W_1` needs row r of
    :math:`W_L` and all of the other layers. Counts of blocks are integers, and their sum does not
    depend on the order. A product with a closed form is counted here.

    Examples
    --------
    >>> from distributed import Client, LocalCluster  # doctest: +SKIP
    >>> net = cf.algorithms.random_sparse(10**6, 4e-6, 3, rng=1)  # doctest: +SKIP
    >>> with LocalCluster(n_workers=2) as cluster, Client(cluster) as client:  # doctest: +SKIP
    ...     cf.counting.distributed.synapse_count(net, client)
    63991290
    """
    wanted, tries, workers = check_parts(blocks, retries, threads)
    task = Task(
        choice(kind, "kind", KINDS),
        tolerance,
        int(generator(rng).integers(2**62)),
        workers,
        memory_limit,
    )
    if kind == "structural" and tolerance != 0:
        raise ValueError(f"tolerance must be 0 for the structural count, got {tolerance}")
    with connected(client) as connection, reporting(progress, "counting blocks") as report:
        cluster = Cluster(connection, net, wanted, tries, report)
        closed = _closed_form(cluster.network) if kind == "structural" else None
        return count_blocks(cluster, task) if closed is None else closed


def count_blocks(cluster: Cluster, task: Task) -> int:
    """Count the rows of the last layer block by block.

    Parameters
    ----------
    cluster : Cluster
        Who counts.
    task : Task
        What.

    Returns
    -------
    int
    """
    net = cluster.network
    starts = net[len(net) - 1].to_csr().indptr
    parts = [(first, last, task) for first, last in cuts(starts, cluster.blocks)]
    return sum(cluster.each(_count_block, parts))


def _count_block(shared: Shared, first: int, last: int, task: Task) -> int:
    """Count the rows first to last - 1; runs on a worker."""
    *before, final = shared.network()
    return task.count(Network([*before, Sparse(final.to_csr()[first:last])]))


def _closed_form(net: Network) -> int | None:
    """Return the count if the supports multiply in closed form; TypeError if one has none."""
    supports_of(net)
    try:
        return count_structural(net, "closed").value
    except ValueError:
        return None
