"""Counts on a cluster of two worker processes: the same numbers, whatever happens to a worker."""

from __future__ import annotations

import functools
import os
import pickle
import signal
import sys
from collections.abc import Iterator
from concurrent.futures import CancelledError
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import cheapfast as cf
from cheapfast.counting import distributed
from cheapfast.counting.distributed import cluster as clusters
from cheapfast.counting.distributed import count as counts
from cheapfast.counting.distributed import worker

dask_distributed = pytest.importorskip("distributed")
pytestmark = pytest.mark.filterwarnings("ignore")  # dask's own, and its event loop's at the end


@pytest.fixture(scope="module")
def client() -> Iterator[Any]:
    cluster = dask_distributed.LocalCluster(
        n_workers=2, threads_per_worker=1, processes=True, dashboard_address=None
    )
    with cluster, dask_distributed.Client(cluster) as connection:
        yield connection


@pytest.fixture(scope="module")
def chain() -> cf.Network:
    return cf.algorithms.random_sparse(500, 0.006, 4, rng=7)


@pytest.mark.parametrize("blocks", [None, 1, 3, 40, 10_000])
def test_equals_one_machine(client: Any, chain: cf.Network, blocks: int | None) -> None:
    seen: list[tuple[int, int]] = []
    count = distributed.synapse_count(
        chain, client, blocks=blocks, progress=lambda done, total: seen.append((done, total))
    )
    assert count == cf.synapse_count(chain)
    assert seen[-1][0] == seen[-1][1] <= (blocks or 16)
    assert [done for done, _ in seen] == list(range(1, len(seen) + 1))


def test_numerical_count(client: Any) -> None:
    rng = np.random.default_rng(0)
    cancelling = [rng.integers(-1, 2, (60, 60)).astype(float) for _ in range(3)]
    net = cf.Network(cancelling)
    count = distributed.synapse_count(net, client, kind="numerical", rng=1, blocks=7)
    product = cancelling[2] @ cancelling[1] @ cancelling[0]
    assert count == np.count_nonzero(product) == cf.synapse_count(net, kind="numerical")


def test_workers_read_files(client: Any, chain: cf.Network, tmp_path: Path) -> None:
    path = tmp_path / "chain.npz"
    cf.save(path, chain)
    count = distributed.synapse_count(functools.partial(cf.load, path), client, blocks=6)
    assert count == cf.synapse_count(chain)


@pytest.mark.parametrize(
    "net", ["closed", "kronecker", "one layer", "wires", "rectangular", "empty"]
)
def test_all_kinds_of_networks(client: Any, net: str) -> None:
    network = {
        "closed": lambda: cf.algorithms.fourier(2**40),
        "kronecker": lambda: cf.algorithms.convolution([1.0, 2.0, 5.0], 60),
        "one layer": lambda: cf.Network([np.eye(5)]),
        "wires": lambda: cf.algorithms.haar(32, copies=False),
        "rectangular": lambda: cf.chain(np.ones((3, 4)), np.eye(4, 7)),
        "empty": lambda: cf.Network([np.zeros((0, 4))]),
    }[net]()
    assert distributed.synapse_count(network, client, blocks=4) == cf.synapse_count(network)


def test_a_worker_is_killed_between_two_blocks(client: Any, chain: cf.Network) -> None:
    """The nanny starts another one; nothing is lost, and nothing is counted twice."""
    pids = list(client.run(os.getpid).values())

    def kill_once(done: int, total: int) -> None:
        if done == 1:
            os.kill(pids[0], getattr(signal, "SIGKILL", signal.SIGTERM))

    count = distributed.synapse_count(chain, client, blocks=60, progress=kill_once)
    assert count == cf.synapse_count(chain)
    client.wait_for_workers(2, timeout=240)
    assert distributed.synapse_count(chain, client, blocks=5) == count


@pytest.fixture(scope="module")
def wide() -> cf.Network:
    """Return layers of which drawn rows are counted; the last one is symbolic, columns are few."""
    net = cf.algorithms.random_sparse(4000, 0.001, 3, rng=3)
    return net @ cf.algorithms.convolution([1.0, 2.0], 4000)


@pytest.mark.parametrize("blocks", [None, 1, 7])
@pytest.mark.parametrize("method", ["hyperloglog", "cohen"])
def test_an_estimate_is_that_of_one_machine(
    client: Any, wide: cf.Network, method: str, blocks: int | None
) -> None:
    asked: dict[str, Any] = {"rel_error": 0.03, "method": method}
    seen: list[tuple[int, int]] = []
    found = distributed.estimate_synapses(
        wide,
        client,
        **asked,
        rng=5,
        blocks=blocks,
        progress=lambda done, total: seen.append((done, total)),
    )
    assert found == cf.estimate_synapses(wide, **asked, rng=5)
    assert found.method == method
    assert [done for done, _ in seen] == list(range(1, len(seen) + 1))
    assert seen[-1][0] == seen[-1][1]


def test_an_estimate_in_slices(client: Any, wide: cf.Network) -> None:
    """64 bytes a node do not fit, 16 do."""
    layers = wide[-3:]
    asked: dict[str, Any] = {"rel_error": 0.05, "method": "hyperloglog", "rng": 1}
    found = distributed.estimate_synapses(layers, client, **asked, memory_limit=400_000)
    assert found == cf.estimate_synapses(layers, **asked)


@pytest.mark.parametrize("moment", [1, 9])
def test_an_estimate_outlives_a_worker(client: Any, wide: cf.Network, moment: int) -> None:
    """It is killed while rows are sketched, and while they are counted."""
    client.wait_for_workers(2, timeout=240)
    pids = list(client.run(os.getpid).values())

    def kill_once(done: int, total: int) -> None:
        if done == moment:
            os.kill(pids[0], getattr(signal, "SIGKILL", signal.SIGTERM))

    asked: dict[str, Any] = {"rel_error": 0.03, "method": "hyperloglog", "rng": 2}
    found = distributed.estimate_synapses(wide, client, **asked, blocks=6, progress=kill_once)
    assert found == cf.estimate_synapses(wide, **asked)
    client.wait_for_workers(2, timeout=240)


@pytest.mark.parametrize("moment", [1, 6])
def test_a_network_that_is_lost_is_sent_again(client: Any, wide: cf.Network, moment: int) -> None:
    """The last copy is gone while rows are sketched, and before they are counted."""

    def lose(done: int, total: int) -> None:
        if done == moment:
            sent = [key for key in client.futures if key.startswith("Shared-")]
            client.cancel([dask_distributed.Future(key, client) for key in sent], force=True)

    asked: dict[str, Any] = {"rel_error": 0.03, "method": "hyperloglog", "rng": 2}
    losing: dict[str, Any] = {**asked, "blocks": 6, "progress": lose}
    assert distributed.estimate_synapses(wide, client, **losing) == cf.estimate_synapses(
        wide, **asked
    )
    with pytest.raises(ConnectionError, match="gave up the count"):
        distributed.estimate_synapses(wide, client, **losing, retries=0)


@pytest.mark.parametrize(("reason", "times"), [("lost dependencies", 3), ("someone said so", 1)])
def test_a_network_is_sent_again_before_it_is_known_to_be_lost(
    client: Any, wide: cf.Network, reason: str, times: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The scheduler gives the blocks up, and the client has not yet heard of the network."""
    sources: list[Any] = []

    def give_up(self: clusters.Cluster, *_arguments: Any) -> None:
        sources.append(self._shared())
        error: Any = CancelledError("a block")
        error.reason = reason
        raise error

    monkeypatch.setattr(clusters.Cluster, "_collect", give_up)
    with pytest.raises(ConnectionError, match="gave up the count: a block"):
        distributed.synapse_count(wide, client, retries=2)
    assert len({source.key for source in sources}) == len(sources) == times


def test_estimates_from_files(client: Any, wide: cf.Network, tmp_path: Path) -> None:
    path = tmp_path / "wide.npz"
    cf.save(path, wide)
    load = functools.partial(cf.load, path)
    found = distributed.estimate_synapses(load, client, rel_error=0.05, method="hyperloglog", rng=4)
    assert found == cf.estimate_synapses(wide, rel_error=0.05, method="hyperloglog", rng=4)


def test_estimates_that_are_counts(client: Any, chain: cf.Network) -> None:
    found = distributed.estimate_synapses(chain, client, blocks=3)
    assert found == cf.estimate_synapses(chain)
    assert found.method == "exact"
    closed = cf.algorithms.fourier(2**40)
    assert distributed.estimate_synapses(closed, client) == cf.estimate_synapses(closed)


@pytest.mark.parametrize(
    ("arguments", "error", "match"),
    [
        ({"rel_error": 0.0}, ValueError, "rel_error must be above 0"),
        ({"rel_error": 1e-7, "method": "hyperloglog"}, ValueError, "more than the budget"),
        ({"method": "guess"}, ValueError, "method must be one of"),
        ({"blocks": 0}, ValueError, "blocks must be at least 1"),
        ({"memory_limit": "much"}, ValueError, "memory_limit"),
        ({"method": "hyperloglog", "memory_limit": 10, "retries": 0}, MemoryError, "sketch"),
    ],
)
def test_bad_arguments_of_estimates(
    client: Any,
    wide: cf.Network,
    arguments: dict[str, Any],
    error: type[Exception],
    match: str,
) -> None:
    with pytest.raises(error, match=match):
        distributed.estimate_synapses(wide, client, **arguments)


def test_what_workers_keep() -> None:
    first, second = worker.Shared(np.eye), worker.Shared(np.eye)  # type: ignore[arg-type]
    assert first.keep("a", lambda: 1) == first.keep("a", lambda: 2) == 1
    assert first.keep("b", lambda: 3) == 3
    first.drop("a")
    first.drop("c")
    assert first.keep("a", lambda: 4) == 4
    assert second.keep("a", lambda: 5) == 5
    assert first.keep("b", lambda: 6) == 6


def test_errors_of_workers_come_back(client: Any, chain: cf.Network) -> None:
    with pytest.raises(MemoryError):
        distributed.synapse_count(chain, client, memory_limit=10, retries=0)
    with pytest.raises(TypeError, match=r"returns a cheapfast\.Network, got int"):
        distributed.synapse_count(functools.partial(int, 3), client)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("arguments", "error", "match"),
    [
        ({"blocks": 0}, ValueError, "blocks must be at least 1"),
        ({"retries": -1}, ValueError, "retries must be at least 0"),
        ({"threads": 0}, ValueError, "threads must be at least 1"),
        ({"kind": "other"}, ValueError, "kind must be one of"),
        ({"tolerance": 0.1}, ValueError, "tolerance must be 0"),
    ],
)
def test_bad_arguments(
    client: Any, chain: cf.Network, arguments: dict[str, Any], error: type[Exception], match: str
) -> None:
    with pytest.raises(error, match=match):
        distributed.synapse_count(chain, client, **arguments)


def test_layers_without_a_support(client: Any) -> None:
    with pytest.raises(TypeError, match="tanh"):
        distributed.synapse_count(cf.Network([np.eye(3), cf.Activation("tanh")]), client)


def test_what_is_no_network_and_no_client(client: Any) -> None:
    with pytest.raises(TypeError, match=r"net must be a cheapfast\.Network or a callable"):
        distributed.synapse_count(np.eye(3), client)  # type: ignore[arg-type]
    with pytest.raises(TypeError, match=r"client must be a distributed\.Client or an address"):
        distributed.synapse_count(cf.algorithms.hadamard(8), 3)  # type: ignore[arg-type]


def test_what_is_no_address() -> None:
    with pytest.raises(ValueError, match=r"client must be an address such as .*, got 'nowhere'"):
        distributed.synapse_count(cf.algorithms.hadamard(8), "nowhere")


def test_a_scheduler_that_does_not_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clusters, "_PATIENCE", 0.5)
    with pytest.raises(ConnectionError, match=r"no dask scheduler answers at tcp://127\.0\.0\.1:9"):
        distributed.synapse_count(cf.algorithms.hadamard(8), "tcp://127.0.0.1:9")


@pytest.mark.parametrize("address", ["nowhere", "tcp://127.0.0.1:9"])
def test_what_cannot_connect_is_closed(address: str, monkeypatch: pytest.MonkeyPatch) -> None:
    # the garbage collector would close it at a time when dask cannot, and wait for ever
    from distributed import Client

    closed: list[str] = []
    close = Client.close

    def recording(self: Client) -> None:
        close(self)
        closed.append(self.status)

    monkeypatch.setattr(Client, "close", recording)
    monkeypatch.setattr(clusters, "_PATIENCE", 0.5)
    with pytest.raises((ValueError, ConnectionError)):
        distributed.synapse_count(cf.algorithms.hadamard(8), address)
    assert set(closed) == {"closed"}


def test_an_address_is_enough(client: Any, chain: cf.Network) -> None:
    address = client.scheduler.address
    assert distributed.synapse_count(chain, address, blocks=3) == cf.synapse_count(chain)


def test_without_dask(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "distributed", None)
    with pytest.raises(ImportError, match=r"pip install 'cheapfast\[dask\]'"):
        distributed.synapse_count(cf.algorithms.hadamard(8), "tcp://127.0.0.1:9")


def test_tasks_travel() -> None:
    task = counts.Task("structural", 0.0, 1, 1, None)
    assert pickle.loads(pickle.dumps(task)) == task
