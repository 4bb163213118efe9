"""``cheapfast merge``: the sentence, the table, the file it writes, and how it ends."""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import scipy.sparse as sps
from rich.console import Console

import cheapfast as cf
from cheapfast.cli import main
from cheapfast.cli.merge_report import MergeReport

KEYS = {
    "advice",
    "objective",
    "applications",
    "batch",
    "threads",
    "predicted_seconds",
    "break_even",
    "pays",
    "complete",
    "apart",
    "multiplied",
    "chosen",
    "groups",
}


@pytest.fixture
def files(tmp_path: Path) -> list[str]:
    """Return R, A and P in matrix order: thin, so that their product is small."""
    rng = np.random.default_rng(5)
    shapes = {"R": (20, 2000), "A": (2000, 2000), "P": (2000, 20)}
    paths = []
    for name, shape in shapes.items():
        paths.append(str(tmp_path / f"{name}.npz"))
        matrix = sps.random(*shape, density=0.01, format="csr", random_state=rng)
        sps.save_npz(paths[-1], sps.csr_array(matrix))
    return paths


def run_json(capsys: pytest.CaptureFixture[str], *arguments: str) -> dict[str, Any]:
    assert main(["merge", "--json", *arguments]) == 0
    captured = capsys.readouterr()
    assert captured.err == ""
    report: dict[str, Any] = json.loads(captured.out)
    assert set(report) == KEYS
    return report


def test_json(files, capsys):
    report = run_json(capsys, *files, "--applications", "1e6", "--batch", "2", "--threads", "1")
    assert (report["applications"], report["batch"], report["threads"]) == (10**6, 2, 1)
    (group,) = report["groups"]
    assert group["names"] == ["P.npz", "A.npz", "R.npz"]
    assert (group["start"], group["stop"], group["exact"]) == (0, 3, True)
    assert group["merged_nonzeros"] == cf.synapse_count(cf.chain(*map(cf.read_matrix, files)))
    assert report["pays"] == [{"start": 0, "stop": 3}]
    assert report["break_even"] == group["break_even"]
    assert report["advice"].startswith("Merge P.npz, A.npz, R.npz if you apply more than ")
    chosen = report["chosen"]
    assert report["predicted_seconds"] == chosen["build_seconds"] + 1e6 * chosen["apply_seconds"]


def test_table_and_sentence(files, capsys):
    assert main(["merge", *files, "--applications", "1000000"]) == 0
    out = capsys.readouterr().out
    for text in ("1-3", "P.npz, A.npz, R.npz", "multiply out", "pays above", "this plan"):
        assert text in out
    last = out.strip().splitlines()[-1]
    assert last.startswith("Merge P.npz, A.npz, R.npz if you apply more than")


def test_one_application_keeps_the_layers_apart(files, capsys):
    report = run_json(capsys, *files)
    assert len(report["groups"]) == 3
    assert report["advice"].startswith("Keep the layers apart for 1 time; merge ")


def test_fewest_synapses(files, capsys):
    report = run_json(capsys, *files, "--objective", "synapses")
    net = cf.chain(*map(cf.read_matrix, files))
    assert report["objective"] == "synapses"
    total = sum(group["merged_nonzeros"] for group in report["groups"])
    assert total == cf.frontier(net).best.synapses


def test_symbolic_networks(capsys):
    report = run_json(capsys, "hadamard:2^60", "--applications", "2^40")
    assert report["multiplied"]["build_seconds"] is None  # too large
    assert len(report["groups"]) == 60


def test_output_is_the_merged_network(files, tmp_path, capsys):
    target = tmp_path / "merged.npz"
    assert main(["merge", *files, "--applications", "1e6", "-o", str(target)]) == 0
    net, merged = cf.chain(*map(cf.read_matrix, files)), cf.load(target)
    assert len(merged) == 1
    X = np.random.default_rng(0).standard_normal((20, 3))
    np.testing.assert_allclose(merged @ X, net @ X, atol=1e-12)


def test_recalibrate(files, capsys, monkeypatch):
    calls: list[int | None] = []
    monkeypatch.setattr(cf.flattening, "recalibrate", calls.append)
    run_json(capsys, *files, "--recalibrate", "--threads", "1")
    assert calls == [1]


def test_help_shows_an_example(capsys):
    assert main(["merge", "--help"]) == 0
    out = capsys.readouterr().out
    assert "cheapfast merge R.npz A.npz P.npz --applications 100 --batch 8" in out
    assert "CHEAPFAST_CACHE" in out


@pytest.mark.parametrize(
    ("arguments", "message", "code"),
    [
        (["--applications", "0", "fft:8"], "at least 1", 2),
        (["--applications", "1.5", "fft:8"], "whole number", 2),
        (["--batch", "x", "fft:8"], "whole number", 2),
        (["--objective", "speed", "fft:8"], "--objective", 2),
        (["--threads", "0", "fft:8"], "--threads", 2),
        (["--memory-limit", "much", "fft:8"], "memory_limit", 2),
        (["nowhere.npz"], "nowhere.npz", 2),
        (["random:n=2000,p=0.01,depth=4", "--memory-limit", "10K"], "bytes", 3),
    ],
)
def test_refusals(arguments, message, code, tmp_path, capsys):
    target = tmp_path / "out.npz"
    words = [word.replace("{target}", str(target)) for word in arguments]
    assert main(["merge", *words]) == code
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err.startswith("cheapfast: ")
    assert message in captured.err
    assert not target.exists()


def test_numbers_are_folded_and_not_cut_where_the_terminal_is_narrow(files: list[str]) -> None:
    net = cf.read_chain(files)
    plan = cf.plan_merge(net, objective="time", applications=10**6, threads=1)
    console = Console(width=60, file=io.StringIO())
    with console.capture() as capture:
        console.print(MergeReport(plan, ("P", "A", "R")).renderables()[0])
    assert "…" not in capture.get()
