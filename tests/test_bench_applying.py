"""Benchmarks of applying: every workload at its tiny size, and peers that are wrong or fail."""

from __future__ import annotations

import io
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from rich.console import Console

import cheapfast as cf
from cheapfast import _core
from cheapfast.bench import peers, requirements, run, workloads
from cheapfast.bench.applying import difference
from cheapfast.bench.model import Workload
from cheapfast.bench.networks import NetworkApplier, NetworkProblem
from cheapfast.bench.peers.cheapfast_hadamard import CheapfastHadamard
from cheapfast.bench.timing import Settings
from cheapfast.bench.transforms import Transform

TINY = Settings("tiny", repeat=2, threads=(1, 2))
WORKLOADS = [workload for workload in workloads.ALL if workload.measure == "apply"]


@pytest.mark.parametrize("workload", WORKLOADS, ids=lambda workload: workload.name)
def test_all_peers_agree(workload: Workload) -> None:
    results = run.run([workload], peers.ALL, TINY)
    assert not results.mismatches
    threads = {1: set(), 2: set()}  # type: dict[int, set[str]]
    for figure in results.figures:
        threads[figure.threads].add(figure.peer)
        assert figure.checked
        assert len(figure.values) == 2
        assert min(figure.values) > 0
    assert "cheapfast" in threads[1] & threads[2]
    assert threads[1] & {"scipy", "scipy-matrix", "numpy-chunks"}
    asked = {
        peer.name
        for peer in peers.ALL
        if isinstance(workload.build(**workload.sizes["tiny"]), peer.solves)
    }
    assert threads[1] | {skip.peer for skip in results.skips} == asked
    assert not [skip for skip in results.skips if "failed" in skip.reason]


def problem() -> NetworkProblem:
    return NetworkProblem(partial(cf.algorithms.butterfly, 8, 1), columns=3)


def workload_of(build: Callable[[], Any]) -> Workload:
    return Workload("w", "a workload", build, {"tiny": {}}, measure="apply")


class Right(NetworkApplier):
    name = "right"
    threaded = False

    def prepare(self, problem: NetworkProblem, threads: int) -> Callable[[], Any]:
        return lambda: problem.layers.toarray() @ problem.operand


class Wrong(Right):
    name = "wrong"

    def prepare(self, problem: NetworkProblem, threads: int) -> Callable[[], Any]:
        return lambda: problem.layers @ problem.operand * (1 + 1e-3)


class Inaccurate(Wrong):
    name = "inaccurate"
    error_factor = 1e12


class Unprepared(Right):
    name = "unprepared"

    def prepare(self, problem: NetworkProblem, threads: int) -> Callable[[], Any]:
        raise RuntimeError("no luck")


def test_a_wrong_peer_is_found_out() -> None:
    results = run.run([workload_of(problem)], [Right(), Wrong()], TINY)
    assert not results.figures
    (mismatch,) = results.mismatches
    assert mismatch.answers["right"].relative == 0
    assert mismatch.answers["wrong"].relative == pytest.approx(1e-3)
    assert "differs by 0.001" in str(mismatch.answers["wrong"])
    assert mismatch.to_json()["answers"]["wrong"].keys() == {"relative", "allowed"}


def test_what_is_known_to_be_inaccurate_may_be() -> None:
    results = run.run([workload_of(problem)], [Right(), Inaccurate()], TINY)
    assert [figure.peer for figure in results.figures] == ["right", "inaccurate"]


def test_an_instruction_set_that_is_not_there_leaves_the_workload_out() -> None:
    workload = replace(workload_of(problem), target="sse9")
    (skip,) = run.run([workload], [Right()], TINY).skips
    assert skip.peer == "*"
    assert "sse9 kernels do not run here" in skip.reason


@pytest.mark.parametrize("name", _core.targets())
def test_workloads_are_held_to_their_instruction_set(name: str) -> None:
    seen: list[str] = []

    class Looking(Right):
        name = "looking"

        def prepare(self, problem: NetworkProblem, threads: int) -> Callable[[], Any]:
            seen.append(_core.active_target())
            return super().prepare(problem, threads)

    before = _core.active_target()
    run.run([replace(workload_of(problem), target=name)], [Looking()], TINY)
    assert seen == [name]
    assert _core.active_target() == before


def test_requirements_stand_below_their_workload(monkeypatch: pytest.MonkeyPatch) -> None:
    workload = replace(workload_of(problem), sizes={"full": {}})
    demanded = (
        requirements.Within("w", 1e-12, own="right"),
        requirements.Within("w", 9, own="right"),
    )
    monkeypatch.setattr(requirements, "REQUIREMENTS", demanded)
    console = Console(file=io.StringIO(), width=160)
    run.run([workload], [Right()], Settings(repeat=1), console)
    assert isinstance(console.file, io.StringIO)
    text = console.file.getvalue()
    assert "required at most 1e-12: missed" in text
    assert "required at most 9: reached" in text
    assert "of the roof" in text


def test_a_wrong_transform_is_found_out() -> None:
    class WrongTransform(CheapfastHadamard):
        name = "wrong"

        def prepare(self, problem: Transform, threads: int) -> Callable[[], Any]:
            right = super().prepare(problem, threads)
            return lambda: right() + 1

    build = partial(Transform, (8,), "float32")
    results = run.run([workload_of(build)], [CheapfastHadamard(), WrongTransform()], TINY)
    assert results.mismatches
    assert not results.figures


def test_peers_that_fail_are_reported() -> None:
    results = run.run([workload_of(problem)], [Right(), Unprepared()], TINY)
    assert [figure.peer for figure in results.figures] == ["right"]
    (skip,) = results.skips
    assert (skip.peer, skip.reason) == ("unprepared", "failed: RuntimeError: no luck")


def test_close_is_a_matter_of_the_whole_array() -> None:
    one = np.ones(100, np.float32)

    def close(other: npt.NDArray[Any]) -> bool:
        found = difference(other, one, 100)
        return found.relative <= found.allowed

    assert close(one * np.float32(1 + 1e-6))
    assert not close(one * np.float32(1 + 1e-4))
    assert not close(np.full(100, np.nan, np.float32))
    assert not close(one[:, None])
    assert difference(0 * one, 0 * one, 0) == (0, 0)
