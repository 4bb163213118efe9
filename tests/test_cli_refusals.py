"""What the command line refuses: one line on standard error, an exit code, never a traceback."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import scipy.sparse as sps
from commands import assert_refused
from scipy.io import savemat

import cheapfast as cf
from cheapfast.cli import main


@pytest.mark.parametrize(
    ("spec", "words"),
    [
        ("hadamard:12", ["power of two"]),
        ("hadamard:0", ["n must be"]),
        ("fft:0", ["n must be"]),
        ("fft:-8", ["n must be"]),
        ("fft:abc", ["fft:", "'abc'", "whole number"]),
        ("fft:", ["whole number"]),
        ("fft:1.5", ["whole number"]),
        ("fft:nan", ["whole number"]),
        ("fft:9^9^9", ["whole number"]),
        ("fft:9^999999999", ["at most 2^1000"]),
        ("fft:1e999999999", ["at most 2^1000"]),
        ("fft:8,reorder=perhaps", ["reorder", "yes or no"]),
        ("fft:8,order=no", ["'order=no'", "reorder="]),
        ("foo:3", ["unknown built-in 'foo'", "hadamard:2^60"]),
        ("monarch:16", ["monarch:16x32"]),
        ("monarch:4x5x6", ["monarch:16x32"]),
        ("monarch:0x5", ["a must be"]),
        ("strassen:-1", ["levels must be at least 0"]),
        ("strassen:2,n=6", ["2^levels", "got 6"]),
        ("strassen:1,side=top", ["side must be one of"]),
        ("strassen:1,n=0", ["at least 1"]),
        ("strassen:1,seed=-1", ["rng must be", "from 0 on"]),
        ("convolution:9", ["kernel missing"]),
        ("convolution:9,kernel=1:x", ["kernel must be a number"]),
        ("low_rank:9", ["rank missing"]),
        ("low_rank:9,rank=0", ["at least 1"]),
        ("daubechies:12", ["power of two"]),
        ("daubechies:16,order=21", ["order"]),
        ("random:n=10", ["p, depth missing", "random:n=10000,p=0.001,depth=3"]),
        ("random:n=10,p=x,depth=2", ["random:n=10,p=x,depth=2: p must be", "'x'"]),
        ("random:n=10,n=11,p=.1,depth=2", ["given twice"]),
        ("random:n=10,p=2,depth=2", ["density"]),
        ("random:n=10,p=.1,depth=0", ["depth"]),
        ("random:n=10,p=.1,depth=1.5", ["depth", "whole number"]),
        ("random:n=10,p=.1,depth=2,seed=-1", ["seed=-1: rng must be", "from 0 on"]),
    ],
)
def test_wrong_built_ins(spec, words, capsys):
    assert_refused(capsys, ["flatten", spec], *words)


@pytest.mark.parametrize("spec", ["strassen:10", "strassen:99", "low_rank:2^40,rank=2^40"])
def test_built_ins_that_do_not_fit(spec, capsys):
    assert main(["flatten", spec, "--memory-limit", "8G"]) == 3
    assert "needs" in capsys.readouterr().err


def test_a_wrong_built_in_among_others_is_named(capsys):
    assert_refused(
        capsys, ["flatten", "hadamard:8", "hadamard:12", "hadamard:8"], "hadamard:12: n must be"
    )


def test_shapes_that_do_not_chain(tmp_path, capsys):
    shapes = {"R.npy": (4, 9), "A.npy": (9, 9), "P.npy": (9, 3)}
    for name, shape in shapes.items():
        np.save(tmp_path / name, np.ones(shape))
    files = [str(tmp_path / name) for name in shapes]
    assert main(["flatten", *files]) == 0
    capsys.readouterr()
    assert_refused(capsys, ["flatten", *files[::-1]], "P.npy", "revers")


def test_missing_file(tmp_path, capsys):
    assert_refused(
        capsys, ["flatten", str(tmp_path / "nowhere.npz")], "nowhere.npz", "no such file"
    )


def test_a_built_in_without_its_size(capsys):
    assert_refused(capsys, ["flatten", "fft"], "fft: no such file", "written fft:1048576")


@pytest.mark.parametrize("command", ["merge", "unflatten"])
def test_no_file_that_is_read_is_replaced(command, tmp_path, capsys):
    path = tmp_path / "A.npy"
    np.save(path, np.ones((4, 4)))
    before = path.read_bytes()
    output = tmp_path / "." / "link.npz"
    output.symlink_to(path)
    arguments = [command, str(path), "--output", str(output)]
    assert_refused(capsys, arguments, "would replace", "choose another name")
    assert path.read_bytes() == before


@pytest.mark.parametrize("name", ["out.mtx", "out.npy", "out", "out.npz.gz"])
@pytest.mark.parametrize("command", ["merge", "unflatten"])
def test_an_output_of_another_format(command, name, tmp_path, capsys):
    output = tmp_path / name
    assert_refused(capsys, [command, "hadamard:8", "-o", str(output)], f"{output} must end in .npz")
    assert not output.exists()


def test_results_are_written_as_npy_only(tmp_path, capsys):
    np.save(tmp_path / "x.npy", np.ones(8))
    vectors, output = str(tmp_path / "x.npy"), str(tmp_path / "y.txt")
    arguments = ["apply", "hadamard:8", "--to", vectors, "--output", output]
    assert_refused(capsys, arguments, f"{output} must end in .npy")


@pytest.mark.parametrize("victim", ["x.npy", "A.npy"])
def test_apply_replaces_neither_vectors_nor_weights(victim, tmp_path, capsys):
    for name in ("A.npy", "x.npy"):
        np.save(tmp_path / name, np.ones((4, 4)))
    vectors, output = str(tmp_path / "x.npy"), str(tmp_path / victim)
    arguments = ["apply", str(tmp_path / "A.npy"), "--to", vectors, "--output", output]
    assert_refused(capsys, arguments, f"--output {output} would replace")
    np.testing.assert_array_equal(np.load(output), np.ones((4, 4)))


def test_a_picture_replaces_no_matrix(tmp_path, capsys):
    path = tmp_path / "A.npy"
    np.save(path, np.ones((4, 4)))
    picture = tmp_path / "A.png"
    picture.symlink_to(path)
    assert_refused(capsys, ["flatten", str(path), "--plot", str(picture)], "would replace")


def test_one_of_several_matrices_is_not_replaced_either(tmp_path, capsys):
    path = tmp_path / "both.mat"
    savemat(path, {"A": np.ones((4, 4)), "B": np.ones((4, 4))})
    assert_refused(capsys, ["merge", f"{path}:A", "--output", str(path)], "would replace")


def test_results_of_a_benchmark_that_cannot_be_written(tmp_path, capsys):
    target = str(tmp_path / "nowhere" / "run.json")
    arguments = ["bench", "--quick", "--workload", "fft-13", "--json", target]
    assert_refused(capsys, arguments, "there is no folder")


def damaged(write: Callable[[Path], None], name: str, tmp_path: Path) -> str:
    path = tmp_path / name
    write(path)
    return str(path)


def write_truncated(path: Path) -> None:
    sps.save_npz(path, sps.eye(100, format="csr"))
    path.write_bytes(path.read_bytes()[:200])


def write_pickle(path: Path) -> None:
    np.savez(path, data=np.array([{"a": 1}], dtype=object))


def write_pickled_npy(path: Path) -> None:
    np.save(path, np.array([[{"a": 1}]], dtype=object), allow_pickle=True)


def write_bad_indices(path: Path) -> None:
    fields = {"format": b"csr", "shape": (2, 2), "data": [1.0], "indices": [5], "indptr": [0, 1, 1]}
    np.savez(path, **{key: np.array(value) for key, value in fields.items()})


def write_bad_indptr(path: Path) -> None:
    fields = {
        "format": b"csr",
        "shape": (2, 2),
        "data": [1.0, 1.0],
        "indices": [0, 1],
        "indptr": [0, 2, 1],
    }
    np.savez(path, **{key: np.array(value) for key, value in fields.items()})


@pytest.mark.parametrize(
    ("write", "name"),
    [
        (write_truncated, "truncated.npz"),
        (write_pickle, "pickle.npz"),
        (write_pickled_npy, "pickle.npy"),
        (write_bad_indices, "indices.npz"),
        (write_bad_indptr, "indptr.npz"),
        (lambda path: path.write_bytes(b""), "empty.npz"),
        (lambda path: path.write_text("hello"), "words.mtx"),
        (lambda path: path.write_bytes(b"hello"), "words.mat"),
        (lambda path: path.write_text("hello"), "words.txt"),
        (lambda path: np.save(path, np.zeros((2, 2, 2))), "cube.npy"),
        (lambda path: np.save(path, np.array([["a", "b"]])), "text.npy"),
        (lambda path: path.mkdir(), "folder.npz"),
    ],
)
def test_damaged_files(write, name, tmp_path, capsys):
    assert_refused(capsys, ["flatten", damaged(write, name, tmp_path)], name)


def test_activation_has_no_count(tmp_path, capsys):
    path = tmp_path / "network.npz"
    weights = cf.Sparse(np.eye(3))
    cf.save(path, cf.Network([weights, cf.Activation("relu"), weights]))
    assert_refused(capsys, ["flatten", str(path)], "relu")


@pytest.mark.parametrize(
    "arguments",
    [
        ["flatten"],
        ["flatten", "--threads", "0", "fft:8"],
        ["flatten", "--threads", "x", "fft:8"],
        ["flatten", "--method", "guess", "fft:8"],
        ["flatten", "--memory-limit", "much", "fft:8"],
        ["flatten", "--unknown", "fft:8"],
        ["flattn", "fft:8"],
        ["--unknown"],
        ["bench", "--workload", "nothing"],
        ["bench", "--threads", "1,0"],
        ["bench", "--quick", "--check-targets"],
    ],
)
def test_wrong_arguments(arguments, capsys):
    assert_refused(capsys, arguments)


@pytest.mark.parametrize(
    "spec", ["random:n=20000,p=0.01,depth=2", "random:n=2^30,p=0.5,depth=2,seed=1", "haar:2^16"]
)
def test_memory_limit_stops_before_the_input(spec, capsys):
    assert_refused(capsys, ["flatten", "--memory-limit", "1M", spec], "bytes", "1.00 MiB", code=3)


def test_memory_limit_stops_before_a_file_is_read(tmp_path, capsys):
    path = tmp_path / "A.npy"
    np.save(path, np.ones((400, 400)))
    assert_refused(
        capsys, ["flatten", "--memory-limit", "1M", str(path)], "1,280,000 bytes", code=3
    )


def test_memory_limit_stops_before_the_count(tmp_path, capsys):
    path = tmp_path / "A.npz"
    sps.save_npz(path, sps.random(3000, 3000, density=0.01, format="csr", random_state=1))
    assert_refused(
        capsys, ["flatten", "--memory-limit", "10", str(path), str(path)], "bytes", code=3
    )


@pytest.mark.parametrize("verb", ["merge", "unflatten"])
def test_an_output_that_cannot_be_written_is_found_before_the_work(
    verb, tmp_path, capsys, monkeypatch
):
    def too_late(*_: object, **__: object) -> None:
        raise AssertionError("the work was begun")

    monkeypatch.setattr(cf, "plan_merge", too_late)
    monkeypatch.setattr(cf, "unflatten", too_late)
    target = str(tmp_path / "nowhere" / "net.npz")
    assert_refused(capsys, [verb, "hadamard:8", "--output", target], "there is no folder")
    assert_refused(capsys, [verb, "hadamard:8", "--output", str(tmp_path)], "director")
