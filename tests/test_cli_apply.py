"""``cheapfast apply``: the result in a file, the passes and the time, and what it refuses."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import scipy.sparse as sps
from test_cli_refusals import assert_refused

import cheapfast as cf
from cheapfast.cli import main


def run_json(capsys: pytest.CaptureFixture[str], *arguments: str) -> dict[str, Any]:
    assert main(["apply", "--json", *arguments]) == 0
    captured = capsys.readouterr()
    assert captured.err == ""
    report: dict[str, Any] = json.loads(captured.out)
    return report


@pytest.fixture
def matrices(tmp_path: Path) -> list[str]:
    """Return two matrices in matrix order, 20 x 30 and 30 x 10."""
    rng = np.random.default_rng(3)
    paths = []
    for name, shape in (("B", (20, 30)), ("A", (30, 10))):
        paths.append(str(tmp_path / f"{name}.npz"))
        sps.save_npz(paths[-1], sps.random(*shape, density=0.3, format="csr", random_state=rng))
    return paths


@pytest.mark.parametrize(
    ("shape", "axis"), [((10,), 0), ((10, 4), 0), ((4, 10), -1), ((4, 10), 1), ((2, 10, 3), 1)]
)
def test_the_result_is_the_product(matrices, shape, axis, tmp_path, capsys):
    X = np.random.default_rng(0).standard_normal(shape)
    source, target = tmp_path / "x.npy", tmp_path / "y.npy"
    np.save(source, X)
    arguments = [*matrices, "--to", str(source), "--output", str(target), "--axis", str(axis)]
    report = run_json(capsys, *arguments)
    B, A = (cf.read_matrix(path).toarray() for path in matrices)
    expected = np.moveaxis(np.tensordot(B @ A, X, axes=(1, axis)), 0, axis)
    result = np.load(target)
    np.testing.assert_allclose(result, expected, atol=1e-12)
    assert report["input_shape"] == list(shape)
    assert report["output_shape"] == list(result.shape)
    assert report["vectors"] == X.size // 10
    assert report["calls"] == 1


def test_without_vectors_it_measures(matrices, capsys):
    report = run_json(capsys, *matrices, "--batch", "3", "--dtype", "float32", "--threads", "1")
    net = cf.chain(*map(cf.read_matrix, matrices))
    assert (report["input_shape"], report["output_shape"]) == ([10, 3], [20, 3])
    assert (report["dtype"], report["synapses"], report["vectors"]) == ("float32", net.synapses, 3)
    assert report["seconds"] > 0
    assert report["calls"] >= 1
    assert report["predicted_seconds"] > 0
    assert report["synapses_per_second"] == 3 * net.synapses / report["seconds"]
    assert [(step["start"], step["stop"]) for step in report["passes"]] == [(0, 2)]


def test_table(capsys):
    assert main(["apply", "fft:64"]) == 0
    out = capsys.readouterr().out
    for text in (
        "fused fourier",
        "0-6",
        "predicted",
        "64 complex128",
        "the fastest of",
        "synapses",
    ):
        assert text in out


def test_vectors_without_features_and_without_columns(tmp_path, capsys):
    for shape in ((0, 0), (0, 7)):
        np.save(tmp_path / "A.npy", np.ones(shape))
        report = run_json(capsys, str(tmp_path / "A.npy"), "--batch", "2")
        assert report["output_shape"] == [shape[0], 2]


def test_to_and_output_go_together(tmp_path, capsys):
    np.save(tmp_path / "x.npy", np.ones(8))
    source = str(tmp_path / "x.npy")
    assert_refused(capsys, ["apply", "fft:8", "--to", source], "--to and --output")
    assert_refused(capsys, ["apply", "fft:8", "--output", "y.npy"], "--to and --output")
    both = ["--to", source, "--output", str(tmp_path / "y.npy")]
    assert_refused(capsys, ["apply", "fft:8", *both, "--batch", "2"], "--batch", "random")


def test_wrong_vectors(tmp_path, capsys):
    source, target = tmp_path / "x.npy", tmp_path / "y.npy"
    arguments = ["apply", "fft:8", "--to", str(source), "--output", str(target)]
    assert_refused(capsys, arguments, "x.npy", "no such file")
    np.save(source, np.ones(9))
    assert_refused(capsys, arguments, "expected 8 features", "got 9")
    np.save(source, np.ones(8))
    assert_refused(capsys, [*arguments, "--axis", "1"], "axis")
    np.save(source, np.array(["a", "b"]))
    assert_refused(capsys, arguments, "x.npy", "no numbers")
    source.write_bytes(b"\x93NUMPY nothing")
    assert_refused(capsys, arguments, "x.npy", "cannot be read")
    assert not target.exists()


def test_dtype_that_would_lose_the_imaginary_part(capsys):
    assert_refused(capsys, ["apply", "fft:8", "--dtype", "float64"], "dtype must be complex")


def test_memory_limit(capsys):
    arguments = ["apply", "hadamard:2^60"]
    assert_refused(capsys, arguments, "8.00 EiB", "--batch", code=3)
    arguments = ["apply", "hadamard:2^20", "--memory-limit", "1M"]
    assert_refused(capsys, arguments, "memory_limit is 1.00 MiB", code=3)


def test_help_shows_an_example(capsys):
    assert main(["apply", "--help"]) == 0
    assert "--to x.npy --output y.npy" in capsys.readouterr().out
