"""Exact counts on many machines: blocks of rows of one chain, on the workers of dask.distributed.

Needs the extra ``cheapfast[dask]``; dask is imported when a count is asked for.
"""

from __future__ import annotations

import itertools
import threading
import uuid
from collections.abc import Callable, Iterator
from concurrent.futures import CancelledError
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from cheapfast._progress import reporting
from cheapfast._random import generator
from cheapfast._validate import choice, integer
from cheapfast.counting.count import KINDS
from cheapfast.counting.numerical import count_numerical
from cheapfast.counting.structural import count_structural
from cheapfast.layers import Sparse
from cheapfast.network import Network

if TYPE_CHECKING:
    from distributed import Client

ProgressArgument = bool | Callable[[int, int], None] | None

#: Blocks for each thread of the cluster: some are dearer than others, and a lost one is done again.
_BLOCKS_A_THREAD = 8

#: Seconds that a scheduler has to answer.
_PATIENCE = 10.0


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
    task = Task(
        choice(kind, "kind", KINDS),
        tolerance,
        int(generator(rng).integers(2**62)),
        integer(threads, "threads", minimum=1),
        memory_limit,
    )
    if kind == "structural" and tolerance != 0:
        raise ValueError(f"tolerance must be 0 for the structural count, got {tolerance}")
    tries = integer(retries, "retries", minimum=0)
    wanted = None if blocks is None else integer(blocks, "blocks", minimum=1)
    with connected(client) as connection, reporting(progress, "counting blocks") as report:
        network = net if isinstance(net, Network) else _called(net)
        closed = _closed_form(network) if kind == "structural" else None
        if closed is not None:
            return closed
        cuts = _cuts(network, wanted or _BLOCKS_A_THREAD * _cluster_threads(connection))
        source = (
            connection.scatter(net, broadcast=True, hash=False)
            if isinstance(net, Network)
            else _Loaded(net, uuid.uuid4().hex)
        )
        return _sum_of_blocks(connection, source, task, cuts, tries, report)


@contextmanager
def connected(client: Client | str) -> Iterator[Client]:
    """Yield a client; close it at the end if only its address was given.

    Parameters
    ----------
    client : distributed.Client or str
        A client, or the address of a scheduler.

    Yields
    ------
    distributed.Client

    Raises
    ------
    ImportError
        If dask.distributed is not installed.
    ConnectionError
        If nothing answers at the address.
    TypeError, ValueError
        If it is neither, or no address.
    """
    try:
        from distributed import Client
    except ImportError:
        raise ImportError(
            "counting on many machines needs dask.distributed: pip install 'cheapfast[dask]'"
        ) from None
    if isinstance(client, Client):
        yield client
        return
    if not isinstance(client, str):
        raise TypeError(
            f"client must be a distributed.Client or an address, got {type(client).__name__}"
        )
    import asyncio  # dear to import, and dask has done so

    try:
        opened = Client(client, timeout=_PATIENCE)
    except (OSError, asyncio.TimeoutError) as error:
        raise ConnectionError(
            f"no dask scheduler answers at {client} within {_PATIENCE:g} s; start one with "
            "`dask scheduler` and workers with `dask worker ADDRESS`"
        ) from error
    try:
        yield opened
    finally:
        opened.close()


class _Loaded:
    """A network that each worker loads itself, once."""

    def __init__(self, load: Callable[[], Network], token: str) -> None:
        self.load = load
        self.token = token


#: On a worker: the network that it loaded last. One is enough: a count uses one.
_LOADED: dict[str, Network] = {}
_LOCK = threading.Lock()


def _count_block(source: Network | _Loaded, first: int, last: int, task: Task) -> int:
    """Count the rows first to last - 1; runs on a worker."""
    if isinstance(source, _Loaded):
        with _LOCK:
            if source.token not in _LOADED:
                _LOADED.clear()
                _LOADED[source.token] = _called(source.load)
            net = _LOADED[source.token]
    else:
        net = source
    *before, final = net
    return task.count(Network([*before, Sparse(final.to_csr()[first:last])]))


def _called(load: Any) -> Network:
    if not callable(load):
        raise TypeError(f"net must be a cheapfast.Network or a callable, got {type(load).__name__}")
    net = load()
    if not isinstance(net, Network):
        raise TypeError(
            f"net must be a callable that returns a cheapfast.Network, got {type(net).__name__}"
        )
    return net


def _closed_form(net: Network) -> int | None:
    """Return the count if the supports multiply in closed form; TypeError if one has none."""
    for layer in net:
        _ = layer.support
    try:
        return count_structural(net, "closed").value
    except ValueError:
        return None


def _cuts(net: Network, blocks: int) -> list[int]:
    """Cut the rows of the last layer into blocks of about equally many synapses."""
    rows = net.shape[0]
    starts = net[len(net) - 1].to_csr().indptr
    shares = np.linspace(0, int(starts[-1]), min(blocks, max(1, rows)) + 1)[1:-1]
    inner = np.searchsorted(starts, shares).tolist()
    return sorted({0, *inner, rows})


def _cluster_threads(client: Client) -> int:
    threads: dict[str, int] = client.nthreads()
    if not threads:
        raise ConnectionError(
            "the dask scheduler has no workers; start some with `dask worker ADDRESS`"
        )
    return sum(threads.values())


def _sum_of_blocks(
    client: Client,
    source: Any,
    task: Task,
    cuts: list[int],
    retries: int,
    report: Callable[[int, int], None] | None,
) -> int:
    """Give the blocks out, and add up what comes back."""
    from distributed import KilledWorker, as_completed

    futures = [
        client.submit(_count_block, source, first, last, task, retries=retries, pure=False)
        for first, last in itertools.pairwise(cuts)
    ]
    total = 0
    try:
        for done, future in enumerate(as_completed(futures), start=1):
            total += future.result()
            if report is not None:
                report(done, len(futures))
    except KilledWorker as error:
        raise ConnectionError(
            f"a block of rows was lost with its worker too often ({error}); workers that run out "
            "of memory die so: use more blocks, or a memory_limit"
        ) from error
    except CancelledError as error:
        raise ConnectionError(f"the dask scheduler gave up the count: {error}") from error
    finally:
        client.cancel([future for future in futures if not future.done()])
    return total
