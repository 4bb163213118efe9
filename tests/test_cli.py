"""The command line: what it prints, and how it ends."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import scipy.sparse as sps

import cheapfast as cf
from cheapfast.cli import main
from cheapfast.cli.built_in import BUILT_INS
from cheapfast.cli.flatten_counts import csr_bytes

KEYS = ["layers", "deep", "flat", "ratio", "kind", "bound", "method", "flat_bytes"]
KEYS += ["hidden_layers", "tolerance", "deep_neurons", "flat_neurons"]


@pytest.fixture
def chain(tmp_path: Path) -> tuple[list[str], list[Any]]:
    """Three files R, A, P in matrix order and what is in them."""
    rng = np.random.default_rng(5)
    shapes = {"R": (4, 9), "A": (9, 9), "P": (9, 3)}
    matrices = [
        sps.csr_array(rng.random(shape) * (rng.random(shape) < 0.4)) for shape in shapes.values()
    ]
    files = [str(tmp_path / f"{name}.npz") for name in shapes]
    for file, matrix in zip(files, matrices, strict=True):
        sps.save_npz(file, matrix)
    return files, matrices


def patterns_product(matrices: list[Any]) -> Any:
    product = np.eye(matrices[-1].shape[1], dtype=int)
    for matrix in reversed(matrices):
        product = ((matrix.toarray() != 0).astype(int) @ product > 0).astype(int)
    return product


def run_json(capsys: pytest.CaptureFixture[str], *arguments: str) -> dict[str, Any]:
    assert main(["flatten", "--json", *arguments]) == 0
    captured = capsys.readouterr()
    assert captured.err == ""
    report = json.loads(captured.out)
    assert isinstance(report, dict)
    return report


# -- flatten: the answer


def test_json_of_files_equals_brute_force(chain, capsys):
    files, matrices = chain
    report = run_json(capsys, *files)
    assert list(report) == KEYS
    product = patterns_product(matrices)
    assert report["flat"] == np.count_nonzero(product)
    assert report["deep"] == sum(matrix.nnz for matrix in matrices)
    assert report["ratio"] == report["flat"] / report["deep"]
    assert (report["kind"], report["bound"]) == ("structural", "exact")
    # data-flow order: the last file is applied first
    assert [layer["name"] for layer in report["layers"]] == ["P.npz", "A.npz", "R.npz"]
    assert [layer["shape"] for layer in report["layers"]] == [[9, 3], [9, 9], [4, 9]]
    assert [layer["nonzeros"] for layer in report["layers"]] == [m.nnz for m in matrices[::-1]]
    so_far = [np.count_nonzero(patterns_product(matrices[index:])) for index in (2, 1, 0)]
    for layer, expected in zip(report["layers"], so_far, strict=True):
        assert list(layer) == ["name", "shape", "nonzeros", "product_nonzeros"]
        assert layer["product_nonzeros"] in (expected, None)
    assert report["layers"][0]["product_nonzeros"] == so_far[0]
    assert report["layers"][-1]["product_nonzeros"] == so_far[-1]


def test_table_shows_the_counts_and_the_verdict(chain, capsys):
    files, matrices = chain
    assert main(["flatten", *files]) == 0
    out = capsys.readouterr().out
    for text in ("P.npz", "A.npz", "R.npz", "9 x 3", "4 x 9", "C_s", "Verdict"):
        assert text in out
    assert out.index("P.npz") < out.index("R.npz")
    assert f"{np.count_nonzero(patterns_product(matrices))}" in out
    assert f"{sum(matrix.nnz for matrix in matrices)}" in out


def test_counts_beyond_64_bits_stay_exact(capsys):
    report = run_json(capsys, "hadamard:2^60")
    assert report["deep"] == 60 * 2**61
    assert report["flat"] == 2**120
    assert report["ratio"] == 2**60 / 120
    assert len(report["layers"]) == 60
    assert report["layers"][0]["shape"] == [2**60, 2**60]
    assert report["layers"][0]["nonzeros"] == 2**61
    assert report["layers"][-1]["product_nonzeros"] == 2**120
    assert report["flat_bytes"] == csr_bytes(2**60, 2**60, 2**120, 8)


def test_deep_table_is_readable(capsys):
    assert main(["flatten", "fft:2^60"]) == 0
    out = capsys.readouterr().out
    assert "2^60 x 2^60" in out
    assert "2^120" in out
    assert "1,152,921,504,606,846,976" not in out.split("deep synapses")[0]
    assert max(map(len, out.splitlines())) < 120


@pytest.mark.parametrize(
    ("spec", "flat", "deep"),
    [
        ("fft:1024", 1024**2, 1024 * 21),
        ("fft:1024,reorder=no", 1024**2, 1024 * 20),
        ("fft:1e3", 1000**2, 1000 * 22),
        ("hadamard:2**20", 2**40, 2**21 * 20),
        ("haar:1024", 1024 * 11, 1024 * 10 + 2 * 1023),
        ("haar:1024,copies=no", 1024 * 11, 4 * 1023),
        ("butterfly:64", 64**2, 64 * 2 * 6),
        ("monarch:16x32", 512**2, 512 * 48),
        ("low_rank:100,rank=7", 100**2, 2 * 700),
    ],
)
def test_built_ins(spec, flat, deep, capsys):
    report = run_json(capsys, spec)
    assert (report["flat"], report["deep"]) == (flat, deep)


def test_random_built_in_is_seeded(capsys):
    spec = "random:n=200,p=0.02,depth=3"
    net = cf.algorithms.random_sparse(200, 0.02, 3, rng=7)
    report = run_json(capsys, f"{spec},seed=7")
    assert (report["deep"], report["flat"]) == (net.synapses, cf.synapse_count(net))
    assert run_json(capsys, spec) == run_json(capsys, f"{spec},seed=0")


@pytest.mark.parametrize(
    ("spec", "net"),
    [
        ("daubechies:64", lambda: cf.algorithms.daubechies(64, 2)),
        ("daubechies:64,order=3,copies=no", lambda: cf.algorithms.daubechies(64, 3, copies=False)),
        ("convolution:30,kernel=1:2:1", lambda: cf.algorithms.convolution([1.0, 2.0, 1.0], 30)),
        ("strassen:2", lambda: cf.algorithms.strassen(2, np.random.default_rng(0).random((4, 4)))),
        (
            "strassen:1,n=6,side=right,seed=4",
            lambda: cf.algorithms.strassen(1, np.random.default_rng(0).random((6, 6)), "right"),
        ),
    ],
)
def test_built_ins_are_the_algorithms(spec, net, capsys):
    report = run_json(capsys, spec)
    assert (report["deep"], report["flat"]) == (net().synapses, cf.synapse_count(net()))


def test_every_algorithm_has_a_name(capsys):
    names = {"fourier": "fft", "random_sparse": "random"}
    for algorithm in cf.algorithms.__all__:
        assert names.get(algorithm, algorithm) in BUILT_INS
    assert main(["flatten", "unknown:3"]) == 2
    listed = capsys.readouterr().err
    assert all(entry.usage in listed for entry in BUILT_INS.values())
    assert main(["flatten", "--help"]) == 0
    helped = capsys.readouterr().out
    assert all(f"{name}:" in helped for name in BUILT_INS)


def test_saved_network(tmp_path, capsys):
    path = tmp_path / "network.npz"
    cf.save(path, cf.algorithms.fourier(2**60))
    report = run_json(capsys, str(path))
    assert (report["flat"], report["deep"]) == (2**120, 121 * 2**60)
    assert report["layers"][0]["name"] == "Permutation"


def test_files_and_built_ins_mix(tmp_path, capsys):
    path = tmp_path / "row.npy"
    np.save(path, np.array([[1.0] + [0.0] * 7]))
    report = run_json(capsys, str(path), "hadamard:8")
    assert (report["flat"], report["deep"]) == (8, 1 + 48)
    assert report["layers"][-1]["name"] == "row.npy"


@pytest.mark.parametrize("method", ["stamps", "bitmap", "bits", "push", "intern"])
def test_method_is_passed_on(chain, method, capsys):
    files, matrices = chain
    report = run_json(capsys, "--method", method, *files)
    assert report["flat"] == np.count_nonzero(patterns_product(matrices))
    assert method in report["method"]


def test_threads_do_not_change_the_answer(chain, capsys):
    files, _ = chain
    assert run_json(capsys, "--threads", "1", *files) == run_json(capsys, "--threads", "2", *files)


@pytest.mark.parametrize(
    ("left", "right", "verdict"),
    [
        (np.ones((6, 1)), np.ones((1, 6)), "keep the layers apart: the product has 3x"),
        (np.ones((1, 6)), np.ones((6, 1)), "fuse: the product has 12x fewer"),
        (np.array([[1.0, 0.0]]), np.array([[0.0], [1.0]]), "fuse: the product is zero"),
        (np.array([[1.0, 1.0]]), np.array([[1.0, 1.0], [0.0, 0.0]]), "Verdict: fuse"),
        (np.ones((2, 1)), np.ones((1, 2)), "no difference"),
    ],
)
def test_verdict(left, right, verdict, tmp_path, capsys):
    for name, matrix in {"L.npy": left, "R.npy": right}.items():
        np.save(tmp_path / name, matrix)
    assert main(["flatten", str(tmp_path / "L.npy"), str(tmp_path / "R.npy")]) == 0
    assert verdict in capsys.readouterr().out


def test_network_without_synapses(tmp_path, capsys):
    path = tmp_path / "zero.npz"
    sps.save_npz(path, sps.csr_array((3, 3)))
    report = run_json(capsys, str(path))
    assert (report["flat"], report["deep"], report["ratio"]) == (0, 0, None)
    assert main(["flatten", str(path)]) == 0
    assert "undefined" in capsys.readouterr().out


def test_stored_zeros_are_told(tmp_path, capsys):
    matrix = sps.csr_matrix(np.array([[1.0, 2.0], [0.0, 3.0]]))
    matrix.data[1] = 0
    sps.save_npz(tmp_path / "zeros.npz", matrix)
    assert main(["flatten", "haar:2", str(tmp_path / "zeros.npz"), "--json"]) == 0
    printed = capsys.readouterr()
    assert "zeros.npz: 1 of 3 stored entries are zero or repeated" in printed.err
    assert json.loads(printed.out)["layers"][0]["nonzeros"] == 2


def test_nan_is_a_synapse_and_one_note(tmp_path, capsys):
    path = tmp_path / "nan.npy"
    np.save(path, np.array([[np.nan, 0.0], [np.inf, 1.0]]))
    assert main(["flatten", "--json", str(path), str(path)]) == 0
    captured = capsys.readouterr()
    assert json.loads(captured.out)["layers"][0]["nonzeros"] == 3
    assert captured.err.count("\n") == 1
    assert captured.err.startswith("cheapfast: note: ")
    assert "Warning" not in captured.err


# -- how it ends


def test_interrupt(monkeypatch, capsys):
    def interrupted(*_: Any, **__: Any) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(cf.counting, "structural_counts", interrupted)
    assert main(["flatten", "fft:8"]) == 130
    captured = capsys.readouterr()
    assert captured.out == ""
    assert "interrupted" in captured.err


def test_a_defect_is_not_hidden(monkeypatch):
    def defective(*_: Any, **__: Any) -> None:
        raise AssertionError("a defect of the program, not of its input")

    monkeypatch.setattr(cf.counting, "structural_counts", defective)
    with pytest.raises(AssertionError, match="defect"):
        main(["flatten", "fft:8"])


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no SIGPIPE to imitate")
@pytest.mark.parametrize("options", [[], ["--json"]])
def test_closed_pipe_is_no_error(options):
    command = [sys.executable, "-m", "cheapfast", "flatten", "hadamard:2^60", *options]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    assert process.stdout is not None
    process.stdout.close()
    _, errors = process.communicate(timeout=60)
    assert errors == b""
    assert process.returncode == 141


@pytest.mark.skipif(sys.platform == "win32", reason="needs a POSIX shell")
@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        ("flatten fft:8 >&-", 0),
        ("--help >&-", 0),
        ("flatten foo:8 2>&-", 2),
        ("flatten fft:8 >&- 2>&-", 0),
    ],
)
def test_standard_output_may_be_closed(arguments, code):
    command = f"'{sys.executable}' -m cheapfast {arguments}"
    result = subprocess.run(["sh", "-c", command], capture_output=True, text=True, check=False)
    assert (result.returncode, result.stdout, result.stderr) == (code, "", "")


def test_messages_go_to_standard_error():
    command = [sys.executable, "-m", "cheapfast", "flatten", "foo:3"]
    result = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (result.returncode, result.stdout) == (2, "")
    assert result.stderr.startswith("cheapfast: error: ")


def test_version(capsys):
    assert main(["--version"]) == 0
    assert capsys.readouterr().out == f"cheapfast {cf.__version__}\n"


@pytest.mark.parametrize("arguments", [[], ["--help"], ["-h"]])
def test_help_lists_the_verbs(arguments, capsys):
    assert main(arguments) == 0
    out = capsys.readouterr().out
    assert all(verb in out for verb in ("flatten", "paper", "bench", "Examples"))


@pytest.mark.parametrize("verb", ["flatten", "unflatten", "paper", "bench"])
def test_help_of_a_verb_shows_an_example(verb, capsys):
    assert main([verb, "--help"]) == 0
    assert f"  cheapfast {verb}" in capsys.readouterr().out


# -- paper


def test_paper_prints_every_claim(capsys):
    assert main(["paper"]) == 0
    out = capsys.readouterr().out
    assert f"{len(cf.paper.claims())} claims" in out
    assert "2^60/121" in out


def test_paper_json(capsys):
    assert main(["paper", "--json"]) == 0
    rows = json.loads(capsys.readouterr().out)
    assert len(rows) == len(cf.paper.claims())
    assert set(rows[0]) == {
        "equation",
        "statement",
        "paper_value",
        "computed_value",
        "verdict",
        "note",
    }


@pytest.mark.parametrize("options", [[], ["--json"]])
def test_paper_fails_when_a_claim_disagrees(options, monkeypatch, capsys):
    wrong = cf.paper.Claim("26", "a statement", 1, float("nan"), "disagrees", "")
    monkeypatch.setattr(cf.paper, "claims", lambda: [wrong])
    assert main(["paper", *options]) == 1
    assert "disagrees" in capsys.readouterr().out
