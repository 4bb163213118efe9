"""The verb ``estimate``, and ``flatten --kind numerical``."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import scipy.sparse as sps
from commands import assert_refused

import cheapfast as cf
from cheapfast.cli import main

SPEC = "random:n=20000,p=0.0005,depth=3,seed=2"
LOOSE = ("--rel-error", "0.05")


def run(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    assert main(list(arguments)) == 0
    captured = capsys.readouterr()
    assert captured.err == ""
    return captured.out


def run_json(capsys: pytest.CaptureFixture[str], *arguments: str) -> dict[str, Any]:
    report = json.loads(run(capsys, *arguments, "--json"))
    assert isinstance(report, dict)
    return report


def test_json(capsys: pytest.CaptureFixture[str]) -> None:
    report = run_json(capsys, "estimate", SPEC, "--seed", "1", "--rel-error", "0.02")
    assert list(report) == [
        *("value", "standard_error", "interval", "confidence", "rel_error", "method"),
        *("deep", "ratio"),
    ]
    net = cf.algorithms.random_sparse(20_000, 5e-4, 3, rng=2)
    expected = cf.estimate_synapses(net, rel_error=0.02, rng=1)
    assert report["value"] == expected.value
    assert report["interval"] == list(expected.interval)
    assert report["method"] == expected.method == "hyperloglog"
    assert report["deep"] == net.synapses
    assert report["ratio"] == expected.value / net.synapses
    low, high = report["interval"]
    assert low < cf.synapse_count(net) < high


def test_files_in_matrix_order(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    rng = np.random.default_rng(1)
    files = []
    for name, shape in {"R": (30, 40), "A": (40, 40), "P": (40, 20)}.items():
        files.append(str(tmp_path / f"{name}.npz"))
        sps.save_npz(files[-1], sps.csr_array((rng.random(shape) < 0.1).astype(float)))
    report = run_json(capsys, "estimate", *files)
    flat = json.loads(run(capsys, "flatten", "--json", *files))["flat"]
    assert (report["value"], report["method"], report["standard_error"]) == (flat, "exact", 0)


def test_exact_counts_of_any_size(capsys: pytest.CaptureFixture[str]) -> None:
    assert run_json(capsys, "estimate", "hadamard:2^60")["value"] == 2**120
    assert "2^120 (counted exactly)" in run(capsys, "estimate", "hadamard:2^60")


def test_text(capsys: pytest.CaptureFixture[str]) -> None:
    out = run(capsys, "estimate", SPEC, "--seed", "1", "--confidence", "0.99", *LOOSE)
    for words in ("flat synapses    about", "standard error", "99% confidence", "C_s about"):
        assert words in out


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (("--rel-error", "0"), 2, "rel_error must be above 0"),
        (("--rel-error", "x"), 2, "x"),
        (("--confidence", "1"), 2, "confidence must be above 0 and below 1"),
        (("--method", "guess"), 2, "method must be one of"),
        (("--seed", "-1"), 2, "-1"),
        (("--rel-error", "1e-5", "--method", "hyperloglog"), 2, "the budget of 1,000,000"),
        (("--memory-limit", "2M", "--method", "hyperloglog"), 3, "needs"),
    ],
)
def test_what_is_refused(
    arguments: tuple[str, ...], code: int, words: str, capsys: pytest.CaptureFixture[str]
) -> None:
    spec = "random:n=20000,p=1e-4,depth=2"
    assert_refused(capsys, ["estimate", spec, *arguments], words, code=code)


def test_help_shows_an_example(capsys: pytest.CaptureFixture[str]) -> None:
    assert "cheapfast estimate R.npz A.npz P.npz --rel-error 0.01" in run(
        capsys, "estimate", "--help"
    )


def test_flatten_after_cancellation(capsys: pytest.CaptureFixture[str]) -> None:
    report = run_json(capsys, "flatten", "hadamard:16", "hadamard:16", "--kind", "numerical")
    assert (report["flat"], report["kind"], report["method"]) == (16, "numerical", "modular")
    assert [layer["product_nonzeros"] for layer in report["layers"]] == [None] * 7 + [16]
    report = run_json(
        capsys,
        *("flatten", "hadamard:16", "hadamard:16", "--kind", "numerical", "--tolerance", "1e-9"),
    )
    assert (report["flat"], report["method"]) == (16, "tolerance")
    out = run(capsys, "flatten", "hadamard:16", "hadamard:16", "--kind", "numerical")
    assert "numerical, exact, method modular" in out


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--kind", "numerical", "--tolerance", "-1"), "tolerance must be at least 0"),
        (("--kind", "numerical", "--tolerance", "nan"), "tolerance must be at least 0"),
        (("--kind", "numerical", "--method", "push"), "method must be 'auto'"),
        (("--kind", "other"), "other"),
    ],
)
def test_what_flatten_refuses(
    arguments: tuple[str, ...], words: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert_refused(capsys, ["flatten", "hadamard:16", *arguments], words)
