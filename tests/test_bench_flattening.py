"""The benchmarks of partial and approximate flattening on tiny sizes, against brute force."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

import cheapfast as cf
from cheapfast.bench import peers, workloads
from cheapfast.bench.counting import time_counts
from cheapfast.bench.flattening import TOLERANCE, Frontiers, LeastCount
from cheapfast.bench.timing import Settings

TINY = Settings(size="tiny", repeat=2)
FLATTENED = [workload for workload in workloads.ALL if workload.measure == "flatten"]


def sum_of_least_counts(net: cf.Network) -> int:
    depth = len(net)
    least: dict[int, int] = {}
    for inner in itertools.product((False, True), repeat=depth - 1):
        cuts = [0, *(i + 1 for i, cut in enumerate(inner) if cut), depth]
        total = sum(
            int(np.count_nonzero(np.abs(net[a:b].toarray()))) for a, b in itertools.pairwise(cuts)
        )
        least[len(cuts)] = min(total, least.get(len(cuts), total))
    return sum(least.values())


def entries_that_must_stay(net: cf.Network) -> int:
    squares = np.sort((np.abs(net.toarray()) ** 2).ravel())
    dropped = np.cumsum(squares) <= TOLERANCE**2 * squares.sum()
    return int(np.count_nonzero(squares) - np.count_nonzero(dropped & (squares > 0)))


@pytest.mark.parametrize("workload", FLATTENED, ids=lambda workload: workload.name)
def test_every_peer_finds_the_least_count(workload):
    problem: LeastCount = workload.build(**workload.sizes["tiny"])
    results = time_counts(workload, problem, peers.ALL, TINY)
    assert not results.mismatches
    reference = sum_of_least_counts if isinstance(problem, Frontiers) else entries_that_must_stay
    assert {figure.answer.flat for figure in results.figures} == {reference(problem.network)}
    assert len({figure.peer for figure in results.figures}) >= 2
