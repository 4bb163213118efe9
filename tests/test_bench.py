"""The benchmarks on tiny sizes: every answer is right, and a wrong one fails the run."""

from __future__ import annotations

import io
import json
import subprocess
import sys
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from rich.console import Console

import cheapfast as cf
from cheapfast.bench import generate, machine, peers, requirements, run, workloads
from cheapfast.bench.counting import Counter, Product, time_counts
from cheapfast.bench.entering import refusal
from cheapfast.bench.model import UnavailableError, Workload
from cheapfast.bench.report import format_value
from cheapfast.bench.results import Answer
from cheapfast.bench.timing import Settings
from cheapfast.cli import main

TINY = Settings(size="tiny", repeat=2)
TIMED = [workload for workload in workloads.ALL if workload.measure == "time"]
COUNTERS = [peer for peer in peers.ALL if peer.solves is Product]
IN_MEMORY = [workload for workload in workloads.ALL if workload.measure == "memory"]


class Fake(Counter):
    """A peer that answers with the truth plus an error."""

    def __init__(self, name: str = "fake", error: int = 0, predicted: int = 0) -> None:
        self.name = name
        self.error = error
        self.predicted = predicted
        self.calls: list[str] = []

    def refuses(self, problem: Product) -> str | None:
        return None

    def predicted_bytes(self, problem: Product) -> int:
        return self.predicted

    def prepare(self, problem: Product, threads: int) -> Callable[[], Answer]:
        def solve() -> Answer:
            self.calls.append(self.name)
            count = cf.synapse_count(problem.network())
            return Answer(count + self.error, problem.synapses)

        return solve


class Absent(Fake):
    def missing(self) -> str | None:
        return "not installed here"


class OutOfMemory(Fake):
    def prepare(self, problem: Product, threads: int) -> Callable[[], Answer]:
        def solve() -> Answer:
            raise MemoryError("needs 5 bytes")

        return solve


class Broken(Fake):
    def prepare(self, problem: Product, threads: int) -> Callable[[], Answer]:
        def solve() -> Answer:
            raise RuntimeError("no luck")

        return solve


def build(workload: Workload) -> Any:
    try:
        return workload.build(**workload.sizes["tiny"])
    except UnavailableError as error:
        pytest.skip(str(error))


def brute_force(problem: Product) -> Answer:
    matrices = problem.matrices or tuple(layer.to_csr() for layer in reversed(problem.network()))
    product = np.eye(matrices[-1].shape[1], dtype=bool)
    for matrix in reversed(matrices):
        product = (matrix.toarray() != 0) @ product
    return Answer(int(product.sum()), sum(int(np.count_nonzero(m.toarray())) for m in matrices))


def pair() -> Product:
    rng = np.random.default_rng(3)
    return Product((generate.uniform(30, 3, rng), generate.uniform(30, 3, rng)))


def fake_workload() -> Workload:
    return Workload("fake-pair", "two layers", pair, {"tiny": {}, "quick": {}, "full": {}})


# -- workloads and peers


@pytest.mark.parametrize("workload", TIMED, ids=lambda workload: workload.name)
def test_every_peer_is_right_on_every_workload(workload):
    problem = build(workload)
    results = time_counts(workload, problem, peers.ALL, TINY)
    assert not results.mismatches
    assert {figure.answer for figure in results.figures} == {brute_force(problem)}
    names = {figure.peer for figure in results.figures}
    assert "cheapfast" in names
    assert problem.symbolic is not None or {"cheapfast-from-scipy", "scipy", "scipy-maxnnz"} < names
    assert all(len(figure.values) == 2 and figure.checked for figure in results.figures)
    assert names | {skip.peer for skip in results.skips} == {peer.name for peer in COUNTERS}


@pytest.mark.parametrize("workload", IN_MEMORY, ids=lambda workload: workload.name)
@pytest.mark.skipif(sys.platform == "win32", reason="peak memory is not measured on Windows")
def test_memory_workloads(workload):
    chosen = [peer for peer in COUNTERS if peer.name in {"cheapfast", "scipy"}]
    results = run.run([workload], chosen, TINY)
    assert [figure.peer for figure in results.figures] == ["cheapfast", "scipy"]
    assert {figure.answer for figure in results.figures} == {brute_force(build(workload))}
    assert all(0 <= figure.minimum < 2**30 and figure.checked for figure in results.figures)


def test_import_workload():
    (workload,) = (workload for workload in workloads.ALL if workload.measure == "import")
    (figure,) = run.run([workload], peers.ALL, Settings(repeat=1)).figures
    assert figure.minimum > 0


def test_names_are_unique_and_sizes_complete():
    names = [workload.name for workload in workloads.ALL]
    assert len(set(names)) == len(names)
    assert all(set(workload.sizes) == {"full", "quick", "tiny"} for workload in workloads.ALL)
    pairs = [(peer.solves, peer.name) for peer in peers.ALL]
    assert len(set(pairs)) == len(pairs)


# -- the runner


@pytest.mark.parametrize("error", [1, -1])
def test_wrong_answer_is_a_mismatch_and_nothing_is_timed(error):
    wrong = Fake("wrong", error)
    results = time_counts(fake_workload(), pair(), [Fake("right"), wrong], TINY)
    assert not results.figures
    (mismatch,) = results.mismatches
    assert mismatch.answers["wrong"].flat == mismatch.answers["right"].flat + error
    assert wrong.calls == ["wrong"]


def test_wrong_answer_is_found_by_the_formula_alone():
    matrices = generate.butterflies(3)
    problem = Product(matrices, flat=64, deep=48)
    assert time_counts(fake_workload(), problem, [Fake("right")], TINY).figures
    assert time_counts(fake_workload(), problem, [Fake("wrong", 1)], TINY).mismatches


def test_planted_mismatch_fails_the_command(monkeypatch, capsys):
    monkeypatch.setattr(workloads, "ALL", (fake_workload(),))
    monkeypatch.setattr(peers, "ALL", (Fake("right"), Fake("wrong", 1)))
    assert main(["bench", "--quick"]) == 1
    assert "the answers differ" in capsys.readouterr().out
    monkeypatch.setattr(peers, "ALL", (Fake("right"), Fake("also-right")))
    assert main(["bench", "--quick"]) == 0
    assert "equal" in capsys.readouterr().out


def test_memory_mismatch(monkeypatch):
    from cheapfast.bench import memory

    answers = {"right": Answer(5, 9), "wrong": Answer(6, 9)}
    monkeypatch.setattr(memory, "_run_child", lambda _, peer, __: (1.0, answers[peer]))
    chosen = [Fake("right"), Fake("wrong")]
    results = memory.measure_memory(fake_workload(), pair(), chosen, TINY)
    assert results.mismatches
    assert not results.figures


def test_memory_child_that_fails_is_reported(monkeypatch):
    from cheapfast.bench import memory

    results = memory.measure_memory(fake_workload(), pair(), [Fake("nobody")], TINY)
    assert not results.figures
    assert [skip.peer for skip in results.skips] == ["nobody"]
    assert "exit code 1" in results.skips[0].reason


@pytest.mark.parametrize(
    ("peer", "reason"),
    [
        (Absent("left-out"), "not installed here"),
        (OutOfMemory("left-out"), "out of memory: needs 5 bytes"),
        (Fake("left-out", predicted=2**80), "may need"),
        (Broken("left-out"), "failed: RuntimeError: no luck"),
    ],
)
def test_peers_that_cannot_run_are_reported(peer, reason):
    results = time_counts(fake_workload(), pair(), [Fake("right"), peer], TINY)
    assert [figure.peer for figure in results.figures] == ["right"]
    assert [skip.peer for skip in results.skips] == ["left-out"]
    assert reason in results.skips[0].reason
    assert not results.figures[0].checked  # nobody to compare with


def test_own_failure_is_a_defect_and_not_hidden():
    with pytest.raises(RuntimeError, match="no luck"):
        time_counts(fake_workload(), pair(), [Broken("cheapfast")], TINY)


def test_missing_package_leaves_the_workload_out():
    def unavailable() -> Product:
        raise UnavailableError("pyamg is not installed")

    workload = Workload("absent", "", unavailable, {"tiny": {}})
    (skip,) = run.run([workload], peers.ALL, TINY).skips
    assert (skip.peer, skip.reason) == ("*", "pyamg is not installed")


def test_peers_take_turns():
    order: list[str] = []
    contestants = [Fake("a"), Fake("b"), Fake("c")]
    for peer in contestants:
        peer.calls = order
    time_counts(fake_workload(), pair(), contestants, Settings("tiny", repeat=3))
    assert order == ["a", "b", "c"] * 4  # once for the check, then three rounds


def test_slow_peers_are_not_repeated():
    results = time_counts(
        fake_workload(), pair(), [Fake("a"), Fake("b")], Settings("tiny", 5, max_seconds=0.0)
    )
    assert [len(figure.values) for figure in results.figures] == [1, 1]


def test_each_number_of_threads_is_measured():
    chosen = [peer for peer in COUNTERS if peer.name in {"cheapfast", "scipy"}]
    results = time_counts(fake_workload(), pair(), chosen, Settings("tiny", 1, (1, 2)))
    settings = [(figure.peer, figure.threads) for figure in results.figures]
    assert settings == [("cheapfast", 1), ("cheapfast", 2), ("scipy", 1)]


def test_large_products_are_predicted_not_tried():
    problem = Product(generate.butterflies(16))
    for peer in COUNTERS:
        if peer.name in {"scipy", "scipy-maxnnz", "graphblas", "mkl"} and peer.missing() is None:
            # 2^32 nonzeros; a machine with hundreds of gigabytes may try
            assert peer.predicted_bytes(problem) > 2**34
    assert refusal(Fake(predicted=2**80), problem) is not None


def test_missed_requirement_fails_the_command(monkeypatch, capsys):
    monkeypatch.setattr(workloads, "ALL", (fake_workload(),))
    monkeypatch.setattr(peers, "ALL", (Fake("cheapfast"),))
    for bound, code in {1e-12: 1, 1e6: 0}.items():
        monkeypatch.setattr(
            requirements, "REQUIREMENTS", (requirements.Within("fake-pair", bound),)
        )
        assert main(["bench", "--check-targets"]) == code
        assert ("missed" in capsys.readouterr().out) == (code == 1)


# -- what is printed and written


def test_json_file(tmp_path, capsys):
    path = tmp_path / "out.json"
    arguments = ["--workload", "hadamard-60", "--quick", "--repeat", "1", "--json", str(path)]
    assert main(["bench", *arguments]) == 0
    document = json.loads(path.read_text())
    assert list(document) == [
        "machine",
        "settings",
        "figures",
        "skipped",
        "mismatches",
        "requirements",
    ]
    assert {entry["flat"] for entry in document["figures"]} == {2**120}
    assert {entry["peer"] for entry in document["figures"]} == {"cheapfast", "cheapfast-cost"}
    for key in ("date", "cheapfast", "commit", "cpu", "cores", "targets", "compiler", "packages"):
        assert key in document["machine"]
    assert document["machine"]["packages"]["numpy"] == np.__version__
    assert "hadamard-60" in capsys.readouterr().out


def test_record_names_the_packages_of_the_peers():
    packages = machine.record(peers.ALL)["packages"]
    assert {"numpy", "scipy", "python-graphblas", "sparse-dot-mkl", "mkl"} <= set(packages)


def test_only_and_list(capsys):
    assert main(["bench", "--only", "memory", "--list"]) == 0
    out = capsys.readouterr().out
    assert "rmat-17-memory" in out
    assert "import" not in out.split("peers:")[0]
    assert "scipy-maxnnz" in out


def test_module_runs():
    command = [sys.executable, "-m", "cheapfast.bench", "--list", "--workload", "import"]
    result = subprocess.run(command, capture_output=True, text=True, check=True)
    assert result.stdout.startswith("workloads:\n  import")


def test_table_escapes_markup():
    console = Console(file=io.StringIO(), width=160)
    workload = Workload("fake-pair", "a [bold]title[/bold]", pair, {"tiny": {}})
    run.run([workload], [Absent("[x]")], TINY, console)
    assert isinstance(console.file, io.StringIO)
    assert "a [bold]title[/bold]" in console.file.getvalue()
    assert "[x]: not installed here" in console.file.getvalue()


@pytest.mark.parametrize(
    ("value", "measure", "text"),
    [
        (1.5, "time", "1.5 s"),
        (0.0015, "time", "1.5 ms"),
        (2.5e-6, "import", "2.5 us"),
        (3e-9, "time", "3 ns"),
        (13e6, "memory", "13.0 MB"),
    ],
)
def test_format_value(value, measure, text):
    assert format_value(value, measure) == text
