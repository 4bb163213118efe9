"""A network and the workers that know it: work goes out in parts, answers come back in order."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import CancelledError
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from cheapfast._validate import integer
from cheapfast.counting.distributed.worker import Shared, called
from cheapfast.network import Network

if TYPE_CHECKING:
    from distributed import Client

Report = Callable[[int, int], None] | None

#: Blocks for each thread of the cluster: some are dearer than others, and a lost one is done again.
_BLOCKS_A_THREAD = 8

#: The scheduler's reason for giving up what needs data that died with its workers.
_LOST = "lost dependencies"

#: Seconds that a scheduler has to answer.
_PATIENCE = 10.0


class Cluster:
    """The workers of a client, and the network that they work on.

    Parameters
    ----------
    client : distributed.Client
        A connected client.
    net : Network or callable
        As for `cheapfast.counting.distributed.synapse_count`; sent when the first work goes out.
    blocks : int or None
        Into how many parts to cut the rows.
    retries : int
        How often failed work is tried again.
    report : callable or None
        Called as ``report(done, total)`` in parts; the total grows with every call of `each`.
    """

    def __init__(
        self,
        client: Client,
        net: Network | Callable[[], Network],
        blocks: int | None,
        retries: int,
        report: Report,
    ) -> None:
        self.network = net if isinstance(net, Network) else called(net)
        self._client, self._net = client, net
        self._blocks, self._retries, self._report = blocks, retries, report
        self._source: Any = None
        self._done = 0

    @property
    def blocks(self) -> int:
        """Into how many parts to cut the rows.

        Raises
        ------
        ConnectionError
            If it was left to the number of workers and there are none.
        """
        threads: dict[str, int] = self._client.nthreads()
        if not threads:
            raise ConnectionError(
                "the dask scheduler has no workers; start some with `dask worker ADDRESS`"
            )
        return self._blocks or _BLOCKS_A_THREAD * sum(threads.values())

    def each(self, work: Callable[..., Any], parts: Sequence[tuple[Any, ...]]) -> list[Any]:
        """Give the parts of some work out, and collect what comes back.

        Parameters
        ----------
        work : callable
            Called on a worker as ``work(shared, *part)``.
        parts : sequence of tuple
            The other arguments, part by part.

        Returns
        -------
        list
            The answers in the order of the parts.

        Raises
        ------
        ConnectionError
            If a part was lost with its worker too often, or the scheduler is gone.
        """
        from distributed import KilledWorker

        answers: dict[int, Any] = {}
        total, tries = self._done + len(parts), self._retries
        while len(answers) < len(parts):
            try:
                self._collect(work, parts, answers, total)
            except KilledWorker as error:
                raise ConnectionError(
                    f"a block of rows was lost with its worker too often ({error}); workers that "
                    "run out of memory die so: use more blocks, or a memory_limit"
                ) from error
            except CancelledError as error:
                if tries == 0 or not self._network_was_lost(error):
                    raise ConnectionError(
                        f"the dask scheduler gave up the count: {error}"
                    ) from error
                tries -= 1
                self._source = None  # is sent again
        return [answers[place] for place in range(len(parts))]

    def _collect(
        self,
        work: Callable[..., Any],
        parts: Sequence[tuple[Any, ...]],
        answers: dict[int, Any],
        total: int,
    ) -> None:
        """Add the answers that are not there yet, as they come."""
        from distributed import as_completed

        source = self._shared()
        futures = {
            self._client.submit(work, source, *part, retries=self._retries, pure=False): place
            for place, part in enumerate(parts)
            if place not in answers
        }
        try:
            for future in as_completed(futures):
                answers[futures[future]] = future.result()
                self._done += 1
                if self._report is not None:
                    self._report(self._done, total)
        finally:
            self._client.cancel([future for future in futures if not future.done()])

    def _network_was_lost(self, error: CancelledError) -> bool:
        """Whether the network that was sent died with the workers that knew it.

        The scheduler may drop copies that no block waits for, and cannot make the last one again.
        What it says of the blocks may come before what it says of the network.
        """
        if not isinstance(self._net, Network) or self._source is None:
            return False
        is_lost = getattr(error, "reason", None) == _LOST or self._source.cancelled()
        return bool(is_lost and self._client.status == "running")

    def _shared(self) -> Any:
        """Return what stands for the network on the workers."""
        if self._source is None:
            shared = Shared(self._net)
            self._source = (
                self._client.scatter(shared, broadcast=True, hash=False)
                if isinstance(self._net, Network)
                else shared
            )
        return self._source


def cuts(starts: npt.NDArray[Any], blocks: int) -> list[tuple[int, int]]:
    """Cut rows into blocks of about equally many entries.

    Parameters
    ----------
    starts : numpy.ndarray
        Where each row starts, one more than there are rows.
    blocks : int
        At most so many.

    Returns
    -------
    list of (int, int)
        First row of each block, and the row after its last.
    """
    rows = len(starts) - 1
    shares = np.linspace(0, int(starts[-1]), min(blocks, max(1, rows)) + 1)[1:-1]
    inner = np.searchsorted(starts, shares).tolist()
    ends = sorted({0, *inner, rows})
    return list(itertools.pairwise(ends))


def check_parts(blocks: Any, retries: Any, threads: Any) -> tuple[int | None, int, int]:
    """Return the numbers that say how work is given out.

    Parameters
    ----------
    blocks : int or None
        At least 1.
    retries : int
        At least 0.
    threads : int
        At least 1.

    Returns
    -------
    tuple
        The three.

    Raises
    ------
    TypeError, ValueError
        If one is no integer, or too small.
    """
    return (
        None if blocks is None else integer(blocks, "blocks", minimum=1),
        integer(retries, "retries", minimum=0),
        integer(threads, "threads", minimum=1),
    )


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
    # Made before it connects, so that one that fails to is closed here. The garbage collector may
    # close it while the next one starts: it would wait for ever for the lock that that one holds.
    opened = Client.__new__(Client)
    try:
        _connect(opened, client)
        yield opened
    finally:
        opened.close()


def _connect(client: Client, address: str) -> None:
    import asyncio  # dear to import, and dask has done so

    try:
        client.__init__(address, timeout=_PATIENCE)
    except ValueError as error:
        raise ValueError(
            f"client must be an address such as tcp://host:8786, got {address!r}: {error}"
        ) from error
    except (OSError, asyncio.TimeoutError) as error:
        raise ConnectionError(
            f"no dask scheduler answers at {address} within {_PATIENCE:g} s; start one with "
            "`dask scheduler` and workers with `dask worker ADDRESS`"
        ) from error
