"""``cheapfast flatten`` with hidden layers, within an error, on a cluster, and its pictures."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import cheapfast as cf
from cheapfast.cli import main


def run_json(capsys: pytest.CaptureFixture[str], *arguments: str) -> dict[str, Any]:
    assert main(["flatten", "--json", *arguments]) == 0
    return dict(json.loads(capsys.readouterr().out))


def test_hidden_layers(capsys: pytest.CaptureFixture[str]) -> None:
    report = run_json(capsys, "fft:256,reorder=no", "--hidden-layers", "3")
    assert (report["deep"], report["flat"], report["bound"]) == (4096, 4096, "upper")
    assert (report["hidden_layers"], report["deep_neurons"]) == (3, 7 * 256)
    assert report["flat_neurons"] == 3 * 256
    assert main(["flatten", "hadamard:64", "--hidden-layers", "1"]) == 0
    out = capsys.readouterr().out
    assert "merged layers    1-3 4-6" in out
    assert "with 1 hidden layer left there are" in out
    assert "C_n = 0.2" in out


def test_tolerance(capsys: pytest.CaptureFixture[str]) -> None:
    report = run_json(capsys, "hadamard:64", "--tolerance", "0.1")
    assert (report["flat"], report["kind"], report["bound"]) == (4056, "numerical", "exact")
    assert report["tolerance"] == 0.1
    assert report["layers"][-1]["product_nonzeros"] == 4056


def test_hidden_layers_and_tolerance_and_picture(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    pytest.importorskip("matplotlib")
    path = tmp_path / "frontier.png"
    report = run_json(
        capsys, "haar:64", "--hidden-layers", "2", "--tolerance", "0.01", "--plot", str(path)
    )
    assert report["flat"] <= cf.frontier(cf.algorithms.haar(64))[2].synapses
    assert path.read_bytes().startswith(b"\x89PNG")


def test_picture_of_the_frontier(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    pytest.importorskip("matplotlib")
    path = tmp_path / "frontier.svg"
    both = ["--hidden-layers", "2", "--tolerance", "0.01"]
    for options in ([], both):
        assert main(["flatten", "fft:64", *options, "--plot", str(path)]) == 0
        assert "hidden layers" in path.read_text()
        assert "flat synapses" in capsys.readouterr().out
    assert main(["flatten", "fft:64", *both[2:], "--plot", str(path)]) == 0
    assert "hidden layers" not in path.read_text()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--hidden-layers", "9"], "hidden_layers must be below the number of layers, 6"),
        (["--hidden-layers", "-1"], "--hidden-layers"),
        (["--tolerance", "-0.5"], "tolerance must be a finite number from 0 on"),
        (["--tolerance", "nan"], "tolerance must be a finite number from 0 on"),
        (["--plot", "picture.xyz"], "must end in one of"),
        (["--plot", "no/such/folder/f.png"], "there is no folder"),
        (["--dask", "tcp://127.0.0.1:9", "--hidden-layers", "1"], "--dask counts a product"),
        (["--dask", "tcp://127.0.0.1:9", "--tolerance", "0.1"], "--dask counts a product"),
    ],
)
def test_refusals(arguments: list[str], message: str, capsys: pytest.CaptureFixture[str]) -> None:
    if "--plot" in arguments:
        pytest.importorskip("matplotlib")
    assert main(["flatten", "hadamard:64", *arguments]) == 2
    captured = capsys.readouterr()
    assert message in captured.err
    assert captured.out == ""


def test_without_optional_packages(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setitem(sys.modules, "distributed", None)
    for verb in ("flatten", "estimate"):
        assert main([verb, "hadamard:64", "--dask", "tcp://127.0.0.1:9"]) == 2
        assert "cheapfast[dask]" in capsys.readouterr().err
    monkeypatch.setitem(sys.modules, "matplotlib.figure", None)
    assert main(["flatten", "hadamard:64", "--plot", "f.png"]) == 2
    assert "--plot needs matplotlib" in capsys.readouterr().err


@pytest.mark.filterwarnings("ignore")
def test_on_a_cluster(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    distributed = pytest.importorskip("distributed")
    rng = np.random.default_rng(0)
    path = tmp_path / "A.npy"
    np.save(path, np.where(rng.random((50, 50)) < 0.1, 1.0, 0.0))
    expected = run_json(capsys, str(path), str(path))
    # threads instead of processes: what is tested here is the command
    cluster = distributed.LocalCluster(
        n_workers=1, threads_per_worker=2, processes=False, protocol="tcp", dashboard_address=None
    )
    with cluster:
        report = run_json(capsys, str(path), str(path), "--dask", cluster.scheduler_address)
        asked = ("random:n=3000,p=0.001,depth=3", "--rel-error", "0.05", "--method", "hyperloglog")
        arguments = ["estimate", *asked, "--seed", "3", "--json"]
        assert main([*arguments, "--dask", cluster.scheduler_address]) == 0
        there = json.loads(capsys.readouterr().out)
    assert (report["flat"], report["bound"]) == (expected["flat"], "exact")
    assert report["method"] == "blocks of rows"
    assert main(arguments) == 0
    assert json.loads(capsys.readouterr().out) == there
    monkeypatch.setattr("cheapfast.counting.distributed.cluster._PATIENCE", 0.5)
    for verb in ("flatten", "estimate"):
        assert main([verb, "hadamard:64", "--dask", "tcp://127.0.0.1:9"]) == 2
        assert "no dask scheduler answers" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("matrices", "options", "why"),
    [
        (([[1.0, 0]], [[0.0], [1]]), [], "zero, no path leads through all layers"),
        (([[1.0, 1]], [[1.0], [-1]]), ["--kind", "numerical"], "zero after cancellation"),
        (([[1.0, 1]], [[1.0], [1]]), ["--tolerance", "1"], "zero within the tolerance"),
    ],
)
def test_why_a_product_is_zero(
    matrices: tuple[list[list[float]], ...],
    options: list[str],
    why: str,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    for name, matrix in zip("AB", matrices, strict=True):
        np.save(tmp_path / f"{name}.npy", np.array(matrix))
    assert main(["flatten", *(str(tmp_path / f"{name}.npy") for name in "AB"), *options]) == 0
    assert f"Verdict: fuse: the product is {why}." in capsys.readouterr().out
