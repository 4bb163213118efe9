"""Benchmarks of structured networks: every workload at its tiny size, and a peer that is wrong."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

import cheapfast as cf
from cheapfast.bench import peers, workloads
from cheapfast.bench.model import Workload
from cheapfast.bench.networks import NetworkApplier, all_close, time_networks
from cheapfast.bench.timing import Settings
from cheapfast.bench.transforms import Array

TINY = Settings(size="tiny", repeat=2)
WORKLOADS = [workload for workload in workloads.ALL if workload.measure == "network"]


@pytest.mark.parametrize("workload", WORKLOADS, ids=lambda workload: workload.name)
def test_all_peers_agree(workload: Workload) -> None:
    problem = workload.build(**workload.sizes["tiny"])
    results = time_networks(workload, problem, peers.NETWORK_APPLIERS, TINY)
    assert not results.mismatches
    assert {"cheapfast", "scipy"} <= {figure.peer for figure in results.figures}
    assert all(figure.checked and min(figure.values) > 0 for figure in results.figures)
    skipped = {skip.peer for skip in results.skips}
    assert skipped == (set() if "fourier" in workload.name else {"scipy.fft"})


def test_a_wrong_peer_is_found_out() -> None:
    class Wrong(NetworkApplier):
        name = "wrong"

        def applier(self, net: cf.Network, threads: int) -> Callable[[Array], Array]:
            return lambda x: net.apply(x) * (1 + 1e-3)

    workload = WORKLOADS[0]
    problem = workload.build(**workload.sizes["tiny"])
    results = time_networks(workload, problem, (*peers.NETWORK_APPLIERS, Wrong()), TINY)
    assert not results.figures
    assert set(results.mismatches[0].answers) == {"cheapfast", "scipy", "wrong"}
    with pytest.raises(NotImplementedError, match="counts nothing"):
        Wrong().prepare(problem, 1)


def test_close_is_a_matter_of_the_whole_array() -> None:
    one = np.ones(100, np.float32)
    assert all_close([one, one * np.float32(1 + 1e-6)])
    assert not all_close([one, one * np.float32(1 + 1e-4)])
    assert not all_close([one, np.full(100, np.nan, np.float32)])
    assert not all_close([one, one[:, None]])
