"""``cheapfast unflatten`` from the outside: files in, tables, JSON and exit codes out."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import scipy.io
import scipy.sparse

import cheapfast as cf
from cheapfast.cli import main


def test_a_built_in_is_multiplied_out_and_found_again(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["unflatten", "fft:64", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["family"] == "butterfly"
    assert found["synapses"] == 768
    assert found["saving"] == pytest.approx(4096 / 768)
    assert found["error"] < 1e-14
    assert sum(layer["synapses"] for layer in found["layers"]) == 768
    assert found["candidates"][0]["family"] == "as it is"


def test_the_network_is_saved(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    matrix = np.kron(np.arange(1.0, 26).reshape(5, 5) ** 2, np.vander(np.arange(1.0, 8)))
    np.save(tmp_path / "matrix.npy", matrix)
    command = ["unflatten", str(tmp_path / "matrix.npy"), "-o", str(tmp_path / "network.npz")]
    assert main(command) == 0
    out = capsys.readouterr().out
    assert "saves" in out
    assert "butterfly" in out
    network = cf.load(tmp_path / "network.npz")
    np.testing.assert_allclose(network.toarray(), matrix, rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize("suffix", [".npy", ".npz", ".mtx"])
def test_matrices_come_in_any_format_and_networks_go_back(
    tmp_path: Path, suffix: str, capsys: pytest.CaptureFixture[str]
) -> None:
    block = np.outer(np.arange(1.0, 9), np.arange(2.0, 10))
    matrix = np.kron(np.eye(4), block)
    source, target = tmp_path / f"matrix{suffix}", tmp_path / "network.npz"
    if suffix == ".npy":
        np.save(source, matrix)
    elif suffix == ".npz":
        scipy.sparse.save_npz(source, scipy.sparse.csr_matrix(matrix))
    else:
        scipy.io.mmwrite(source, scipy.sparse.coo_matrix(matrix))
    assert main(["unflatten", str(source), "-o", str(target), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["synapses"] == 64
    np.testing.assert_allclose(cf.load(target).toarray(), matrix, rtol=1e-12, atol=1e-12)


def test_memory_limit(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    dense, large = tmp_path / "dense.npy", tmp_path / "sparse.npz"
    np.save(dense, np.ones((1000, 1000)))
    scipy.sparse.save_npz(large, scipy.sparse.identity(1000, format="csr"))
    for spec, instead in [
        ("fft:1024", "count with cheapfast.synapse_count(net)"),
        (str(dense), "save the matrix in a sparse format"),
        (str(large), "unflatten its connected components"),
    ]:
        assert main(["unflatten", spec, "--memory-limit", "1M"]) == 3
        told = capsys.readouterr().err
        assert "memory_limit is 1.00 MiB; raise it, or " in told
        assert instead in told
    assert main(["unflatten", "fft:64", "--memory-limit", "1M", "--json"]) == 0
    capsys.readouterr()
    np.save(dense, np.random.default_rng(0).standard_normal((300, 300)))
    assert main(["unflatten", str(dense), "--memory-limit", "1M"]) == 3
    told = capsys.readouterr().err
    assert "of a matrix of shape (300, 300) needs " in told
    assert "memory_limit is 1.00 MiB; raise it, or unflatten a part of the matrix" in told


@pytest.mark.parametrize("options", [[], ["--json"]])
def test_no_structure_is_exit_code_1(
    tmp_path: Path, options: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    np.save(tmp_path / "noise.npy", np.random.default_rng(0).standard_normal((16, 16)))
    assert main(["unflatten", str(tmp_path / "noise.npy"), *options]) == 1
    out, err = capsys.readouterr()
    assert "no network of at most 204 synapses" in err
    assert "as it is" in out
    if options:
        assert json.loads(out)["family"] is None


def test_options_reach_the_search(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    rng = np.random.default_rng(0)
    matrix = cf.algorithms.hadamard(32).toarray() + 1e-6 * rng.standard_normal((32, 32))
    np.save(tmp_path / "noisy.npy", matrix)
    name = str(tmp_path / "noisy.npy")
    assert main(["unflatten", name]) == 1
    options = ["--tolerance", "1e-5", "--seed", "7", "--threads", "1", "--no-progress"]
    assert main(["unflatten", name, *options]) == 0
    assert main(["unflatten", name, *options, "--min-saving", "50"]) == 1
    capsys.readouterr()


@pytest.mark.parametrize(
    ("matrix", "message"),
    [
        (np.array([[1.0, np.nan]]), "matrix must be finite"),
        (np.empty((0, 4)), "empty"),
        (np.ones((2, 2, 2)), "is no matrix: shape (2, 2, 2)"),
    ],
)
def test_bad_matrices_are_exit_code_2(
    tmp_path: Path, matrix: np.ndarray, message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    np.save(tmp_path / "matrix.npy", matrix)
    output = tmp_path / "network.npz"
    assert main(["unflatten", str(tmp_path / "matrix.npy"), "-o", str(output)]) == 2
    assert message in capsys.readouterr().err
    assert not output.exists()


def test_a_zero_matrix_saves_no_infinite_times(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    np.save(tmp_path / "zeros.npy", np.zeros((4, 6)))
    assert main(["unflatten", str(tmp_path / "zeros.npy")]) == 0
    printed = capsys.readouterr().out
    assert "zero within the tolerance" in printed
    assert "inf" not in printed
    assert "zero within the tolerance)" in repr(cf.unflatten(np.zeros((4, 6))))


@pytest.mark.parametrize(
    "arguments",
    [["missing.npy"], *(["fft:8", "--tolerance", text] for text in ("-1", "nan", "1", "2"))],
)
def test_bad_input_is_exit_code_2(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["unflatten", *arguments]) == 2
    assert "error" in capsys.readouterr().err
