"""The parts of the benchmarks: matrices, predictions of memory, and judging requirements."""

from __future__ import annotations

import io
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from rich.console import Console

from cheapfast.bench import generate, machine, peers, requirements, workloads
from cheapfast.bench.predict import upper_bounds
from cheapfast.bench.report import print_judgements
from cheapfast.bench.results import Figure, Results
from cheapfast.bench.roofline import Roof


def test_upper_bounds_hold_and_are_exact_for_butterflies():
    rng = np.random.default_rng(8)
    matrices = tuple(generate.uniform(40, 2, rng) for _ in range(4))
    bounds = upper_bounds(matrices)
    product = matrices[-1]
    pairs = 0
    for matrix, bound in zip(reversed(matrices[:-1]), bounds.nonzeros[1:], strict=True):
        pairs += int(np.diff(product.indptr)[matrix.indices].sum())
        product = generate.pattern(matrix @ product)
        assert product.nnz <= bound
    assert 0 < pairs <= bounds.pairs
    assert bounds.nonzeros[0] == matrices[-1].nnz
    assert upper_bounds(generate.butterflies(5)).nonzeros == (64, 128, 256, 512, 1024)


def test_generated_matrices_are_canonical_and_seeded():
    def all_kinds() -> list[Any]:
        rng = np.random.default_rng(4)
        return [
            generate.uniform(50, 3, rng),
            generate.bernoulli(50, 0.1, rng),
            generate.rmat(5, 4, rng),
            generate.banded(20, 5),
            *generate.butterflies(4),
        ]

    for matrix, again in zip(all_kinds(), all_kinds(), strict=True):
        assert matrix.has_canonical_format
        assert (matrix.data == 1).all()
        assert matrix.indices.dtype == np.int32
        assert (matrix != again).nnz == 0


def test_bernoulli_has_its_density():
    n, p = 400, 0.03
    count = generate.bernoulli(n, p, np.random.default_rng(6)).nnz
    assert abs(count - n * n * p) < 6 * np.sqrt(n * n * p)


def test_bernoulli_fills_the_matrix():
    full = generate.bernoulli(20, 1.0, np.random.default_rng(0))
    assert full.nnz == 400


def test_band():
    expected = np.abs(np.subtract.outer(np.arange(7), np.arange(7))) <= 1
    assert (generate.banded(7, 3).toarray() == expected).all()


# -- requirements


def figure(workload: str, peer: str, seconds: float, threads: int = 1) -> Figure:
    return Figure(workload, "time", peer, threads, (seconds, 2 * seconds))


def judged(*figures: Figure) -> dict[tuple[str, str], requirements.Judgement]:
    judgements = requirements.judge(Results(figures=list(figures)))
    return {(entry.workload, entry.requirement): entry for entry in judgements}


def test_requirements_name_workloads_and_peers_that_exist():
    known = {workload.name for workload in workloads.ALL}
    names = {peer.name for peer in peers.ALL}
    for entry in requirements.REQUIREMENTS:
        assert entry.workloads <= known
        assert {getattr(entry, "peer", "scipy"), getattr(entry, "own", "cheapfast")} <= names


@pytest.mark.parametrize(("theirs", "met"), [(7.9, False), (8.0, True), (9.0, True)])
def test_faster(theirs, met):
    key = ("rmat-17", "cheapfast: times as fast as scipy")
    entry = judged(figure("rmat-17", "cheapfast", 1.0), figure("rmat-17", "scipy", theirs))[key]
    assert (entry.met, entry.measured) == (met, theirs)


def test_best_peer_and_best_method():
    results = judged(
        figure("fft-13", "cheapfast", 1.0),
        figure("fft-13", "cheapfast-rows", 0.1),
        figure("fft-13", "scipy", 300.0),
        figure("fft-13", "mkl", 150.0),
        figure("random-chain", "cheapfast", 1.3),
        figure("random-chain", "cheapfast-from-scipy", 0.5),
        figure("random-chain", "cheapfast-rows", 1.0),
    )
    assert results["fft-13", "cheapfast: times as fast as the best peer"].measured == 150.0
    choice = results["random-chain", "cheapfast: times the best single method"]
    assert (choice.measured, choice.met) == (1.3, False)


def test_scaling_and_limits():
    results = judged(
        figure("rmat-17", "cheapfast", 3.2),
        figure("rmat-17", "cheapfast", 2.0, threads=2),
        Figure("rmat-17-memory", "memory", "cheapfast", 1, (101e6,)),
        figure("fft-16", "cheapfast", 0.2),
    )
    assert results["rmat-17", "cheapfast: times as fast with 2 threads as with 1"].met
    assert results["rmat-17-memory", "cheapfast: megabytes above the input"].met is False
    assert results["fft-16", "cheapfast: seconds"].met


def test_the_roof_and_another_workload() -> None:
    near = Roof("L2", bandwidth_share=0.95, flops_per_second=1.0, flop_share=0.1)
    vector = replace(figure("apply-butterfly-f32-10-1", "cheapfast", 1.0), roof=near)
    results = judged(
        vector,
        figure("apply-butterfly-c128-10-64", "cheapfast", 1.6),
        figure("apply-fourier-c128-1024-64", "cheapfast", 1.0),
    )
    share = results[vector.workload, "cheapfast: share of the bandwidth of its memory level"]
    assert (share.measured, share.met) == (0.95, True)
    key = "cheapfast: times as long as apply-fourier-c128-1024-64"
    times = results["apply-butterfly-c128-10-64", key]
    assert (times.measured, times.met) == (1.6, False)


def settled(results: Results, ran: list[str], to_come: list[str]) -> list[tuple[str, bool | None]]:
    latest = requirements.judge_latest(results, ran, to_come)
    return [(entry.workload, entry.met) for entry in latest if "as long as" in entry.requirement]


def test_what_compares_two_workloads_is_judged_with_the_later_one() -> None:
    butterfly, fourier = "apply-butterfly-c128-10-64", "apply-fourier-c128-1024-64"
    results = Results(figures=[figure(butterfly, "cheapfast", 1.6)])
    assert settled(results, [butterfly], [fourier]) == []
    results.figures.append(figure(fourier, "cheapfast", 1.0))
    assert settled(results, [butterfly, fourier], ["rmat-17"]) == [(butterfly, False)]
    assert settled(results, [fourier, butterfly], []) == [(butterfly, False)]
    assert settled(results, [butterfly, fourier, "rmat-17"], []) == []


def test_what_compares_two_workloads_is_not_measured_where_the_other_does_not_run() -> None:
    butterfly, fourier = "apply-butterfly-c128-10-64", "apply-fourier-c128-1024-64"
    alone = Results(figures=[figure(butterfly, "cheapfast", 1.0)])
    assert settled(alone, [butterfly], []) == [(butterfly, None)]
    assert settled(Results(figures=[figure(fourier, "cheapfast", 1.0)]), [fourier], []) == []


@pytest.mark.parametrize(
    ("version", "commit"),
    [
        ("0.2.dev3+g21b485f", "21b485f"),
        ("0.2.dev3+g21b485f.d20261122", "21b485f-dirty"),
        ("0.2.0", "v0.2.0"),
        ("0.1.0.dev0", None),
        ("0.1.dev0+unknown", None),
    ],
)
def test_the_version_names_the_commit(version: str, commit: str | None) -> None:
    assert machine.commit_of_version(version) == commit


def test_shortfalls_come_first_and_gaps_next():
    judgements = requirements.judge(
        Results(figures=[figure("fft-16", "cheapfast", 9.0), figure("fft-20", "cheapfast", 1.0)])
    )
    assert [entry.met for entry in judgements[:1]] == [False]
    assert judgements[-1].met
    assert {entry.met for entry in judgements[1:-1]} == {None}


def test_requirements_of_workloads_that_were_not_chosen_are_only_counted() -> None:
    judgements = requirements.judge(
        Results(figures=[figure("rmat-17", "cheapfast", 1.0), figure("rmat-17", "scipy", 20.0)])
    )
    output = io.StringIO()
    print_judgements(Console(file=output, width=200), judgements, {"rmat-17"})
    text = output.getvalue()
    assert "reached" in text
    assert "not measured" in text  # other peers of the same workload
    assert "wht-f32-6" not in text
    others = sum(one.met is None and one.workload != "rmat-17" for one in judgements)
    assert f"{others} requirements are about" in text
