"""Reading and writing files: every format, every way in which a file can be bad."""

from __future__ import annotations

import errno
import gzip
import io as stdio
import os
import pickle
import stat
import subprocess
import sys
import threading
import warnings
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import scipy.io
from hypothesis import HealthCheck, given, settings
from scipy import sparse
from scipy.sparse.linalg import aslinearoperator

import cheapfast as cf
from chains import DrawnChain, chains
from cheapfast import _memory
from cheapfast._archive import HEADER
from cheapfast.io import load, read_chain, read_matrix, read_network, save

DENSE = np.array([[1.0, 0.0, 2.0], [0.0, 0.0, 3.0]])


def every_layer() -> dict[str, cf.Layer]:
    """One of each kind of layer, with its options."""
    values = np.arange(1.0, 9.0).reshape(1, 2, 2, 2)
    return {
        "sparse": cf.Sparse(DENSE),
        "sparse float32": cf.Sparse(DENSE.astype(np.float32)),
        "sparse complex, bias": cf.Sparse(DENSE * 1j, bias=[1.0, 2.0]),
        "sparse int64 indices": cf.Sparse(int64_indices(sparse.csr_array(DENSE))),
        "dense": cf.Sparse(np.ones((2, 2))),
        "empty": cf.Sparse(np.zeros((0, 3))),
        "kronecker": cf.KroneckerSparse((3, 2, 2, 2), values),
        "kronecker, huge": cf.KroneckerSparse((2**57, 2, 2, 2), values),
        "fourier values": cf.KroneckerSparse((2, 2, 2, 4), cf.layers.FourierValues(2, 4, -1)),
        "permutation": cf.Permutation([2, 0, 1], dtype=np.complex64),
        "permutation, huge": cf.Permutation.digit_reversal((2,) * 60),
        "convolution": cf.Convolution([[1.0, 2.0], [0.0, 3.0]], (4, 5), mode="same"),
        "convolution, circular": cf.Convolution([1.0, 2.0], (4,), bias=[1.0, 2.0, 3.0, 4.0]),
        "pass-through": cf.PassThrough(cf.Sparse(DENSE, bias=[1.0, 2.0]), 3),
        "pass-through, huge": cf.PassThrough(cf.Sparse(DENSE), 2**60),
    }


def int64_indices(matrix: sparse.csr_array) -> sparse.csr_array:
    matrix.indices = matrix.indices.astype(np.int64)
    matrix.indptr = matrix.indptr.astype(np.int64)
    return matrix


# -- save and load


@pytest.mark.parametrize("name", every_layer())
def test_every_layer_survives(name: str, tmp_path: Path) -> None:
    layer = every_layer()[name]
    net = cf.Network([layer])
    save(tmp_path / "net.npz", net)
    back = load(tmp_path / "net.npz")
    assert back == net
    assert type(back[0]) is type(layer)
    assert (back.dtype, back.shape, back.synapses) == (net.dtype, net.shape, net.synapses)
    assert repr(back) == repr(net)
    if net.shape[1] < 1000:
        X = np.random.default_rng(0).standard_normal((net.shape[1], 3))
        np.testing.assert_array_equal(back @ X, net @ X)


@pytest.mark.parametrize(
    "name", ["logistic", "tanh", "relu", "softplus", "exp", "sin", "gauss", "softmax"]
)
def test_activations_survive(name: str, tmp_path: Path) -> None:
    net = cf.Network([DENSE, cf.Activation(name)])
    save(tmp_path / "net.npz", net)
    assert load(tmp_path / "net.npz") == net


def test_maxpool_survives(tmp_path: Path) -> None:
    net = cf.Network([DENSE, cf.Activation("maxpool", window=2)])
    save(tmp_path / "net.npz", net)
    np.testing.assert_array_equal(load(tmp_path / "net.npz") @ np.ones(3), [3])


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(chains())
def test_networks_survive(tmp_path: Path, drawn: DrawnChain) -> None:
    save(tmp_path / "net.npz", drawn.net)
    back = load(tmp_path / "net.npz")
    assert back == drawn.net
    np.testing.assert_array_equal(back @ np.eye(back.shape[1]), drawn.dense)


def test_a_symbolic_network_is_a_small_file(tmp_path: Path) -> None:
    n = 2**60
    net = cf.Network(
        [cf.KroneckerSparse((2**k, 2, 2, n >> (k + 1)), np.ones((1, 2, 2, 1))) for k in range(60)]
    )
    save(tmp_path / "net.npz", net)
    assert load(tmp_path / "net.npz").synapses == 120 * n
    assert (tmp_path / "net.npz").stat().st_size < 40_000


def test_the_file_holds_no_pickle(tmp_path: Path) -> None:
    save(tmp_path / "net.npz", cf.chain(DENSE))
    with np.load(tmp_path / "net.npz", allow_pickle=False) as entries:
        assert not any(entries[name].dtype.hasobject for name in entries.files)


@pytest.mark.parametrize(
    "layer", [cf.Operator(aslinearoperator(np.eye(3))), cf.Activation(np.cbrt)], ids=repr
)
def test_what_cannot_be_saved_says_so(layer: cf.Layer, tmp_path: Path) -> None:
    (tmp_path / "net.npz").write_text("old")
    with pytest.raises(TypeError, match="cannot be saved"):
        save(tmp_path / "net.npz", cf.Network([np.eye(3), layer]))
    assert (tmp_path / "net.npz").read_text() == "old"
    assert os.listdir(tmp_path) == ["net.npz"]


def test_a_failed_save_leaves_the_old_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    save(tmp_path / "net.npz", cf.chain(DENSE))
    before = (tmp_path / "net.npz").read_bytes()
    for broken in ("fsync", "replace"):

        def fail(*args: Any) -> None:
            raise OSError("disk full")

        with monkeypatch.context() as patch:
            patch.setattr(os, broken, fail)
            with pytest.raises(OSError, match="disk full"):
                save(tmp_path / "net.npz", cf.chain(2 * DENSE))
        assert (tmp_path / "net.npz").read_bytes() == before
        assert os.listdir(tmp_path) == ["net.npz"]


def test_save_takes_the_name_as_it_is(tmp_path: Path) -> None:
    save(str(tmp_path / "net"), cf.chain(DENSE))
    assert os.listdir(tmp_path) == ["net"]
    assert load(tmp_path / "net") == cf.chain(DENSE)
    with pytest.raises(TypeError, match="net must be a cheapfast"):
        save(tmp_path / "net", DENSE)  # type: ignore[arg-type]
    with pytest.raises(FileNotFoundError):
        save(tmp_path / "nowhere" / "net.npz", cf.chain(DENSE))


@pytest.mark.skipif(os.name == "nt", reason="POSIX permissions and links")
def test_save_gives_the_usual_permissions_and_follows_links(tmp_path: Path) -> None:
    (tmp_path / "usual").write_text("")
    save(tmp_path / "net.npz", cf.chain(DENSE))
    modes = [stat.S_IMODE((tmp_path / name).stat().st_mode) for name in ("usual", "net.npz")]
    assert modes[0] == modes[1]
    (tmp_path / "link.npz").symlink_to("net.npz")
    save(tmp_path / "link.npz", cf.chain(2 * DENSE))
    assert (tmp_path / "link.npz").is_symlink()
    assert load(tmp_path / "net.npz") == cf.chain(2 * DENSE)


# -- reading matrices


@pytest.mark.parametrize("kind", ["array", "matrix"])
@pytest.mark.parametrize("fmt", ["csr", "csc", "coo", "bsr", "dia"])
def test_scipy_npz(fmt: str, kind: str, tmp_path: Path) -> None:
    make = getattr(sparse, f"{fmt}_{kind}")
    sparse.save_npz(tmp_path / "A.npz", make(DENSE))
    matrix = read_matrix(tmp_path / "A.npz")
    assert sparse.issparse(matrix)
    assert matrix.format == fmt
    np.testing.assert_array_equal(matrix.toarray(), DENSE)
    np.testing.assert_array_equal(read_network(tmp_path / "A.npz").toarray(), DENSE)


def test_dense_npz_and_npy(tmp_path: Path) -> None:
    np.savez(tmp_path / "A.npz", DENSE)
    np.savez_compressed(tmp_path / "B.npz", anything=np.asfortranarray(DENSE))
    np.save(tmp_path / "C.npy", DENSE.astype(">i2"))
    for name in ("A.npz", "B.npz", "C.npy"):
        np.testing.assert_array_equal(read_matrix(tmp_path / name), DENSE)
        np.testing.assert_array_equal(read_network(tmp_path / name).toarray(), DENSE)


def test_a_saved_network_is_a_factor_of_a_chain(tmp_path: Path) -> None:
    net = cf.chain(np.ones((4, 2)), DENSE)
    save(tmp_path / "net.npz", net)
    np.save(tmp_path / "A.npy", np.ones((1, 4)))
    assert read_matrix(tmp_path / "net.npz") == net
    both = read_chain([tmp_path / "A.npy", tmp_path / "net.npz"])
    assert both == cf.chain(np.ones((1, 4)), net)


SYMMETRIC = "%%MatrixMarket matrix coordinate real symmetric\n3 3 3\n1 1 1.5\n2 1 2\n3 3 4\n"
HERMITIAN = "%%MatrixMarket matrix coordinate complex hermitian\n2 2 2\n1 1 1 0\n2 1 2 3\n"
PATTERN = "%%MatrixMarket matrix coordinate pattern general\n2 3 2\n1 2\n2 3\n"
INTEGER = "%%MatrixMarket matrix coordinate integer general\n% comment\n2 2 1\n1 1 -7\n"
ARRAY = "%%MatrixMarket matrix array real general\n2 2\n1\n2\n3\n4\n"
MARKET = {
    SYMMETRIC: [[1.5, 2, 0], [2, 0, 0], [0, 0, 4]],
    HERMITIAN: [[1, 2 - 3j], [2 + 3j, 0]],
    PATTERN: [[0, 1, 0], [0, 0, 1]],
    INTEGER: [[-7, 0], [0, 0]],
    ARRAY: [[1, 3], [2, 4]],
}


@pytest.mark.parametrize("name", ["A.mtx", "A.MTX", "A.mtx.gz", "A.Mtx.GZ"])
@pytest.mark.parametrize("text", MARKET)
def test_matrix_market(text: str, name: str, tmp_path: Path) -> None:
    data = gzip.compress(text.encode()) if name.lower().endswith("gz") else text.encode()
    (tmp_path / name).write_bytes(data)
    np.testing.assert_array_equal(read_network(tmp_path / name).toarray(), MARKET[text])


@pytest.mark.parametrize("end", ["", " ", "\t", "\r", "\n", "\r\n", "\n\n  \n"])
@pytest.mark.parametrize("text", MARKET)
def test_matrix_market_may_end_anyhow(text: str, end: str, tmp_path: Path) -> None:
    # SciPy 1.17 alone crashes where the last line ends in a space without a newline
    (tmp_path / "A.mtx").write_bytes((text[:-1] + end).encode())
    np.testing.assert_array_equal(read_network(tmp_path / "A.mtx").toarray(), MARKET[text])


def test_matlab(tmp_path: Path) -> None:
    scipy.io.savemat(tmp_path / "one.mat", {"A": sparse.csc_array(DENSE), "name": "text"})
    np.testing.assert_array_equal(read_matrix(tmp_path / "one.mat").toarray(), DENSE)
    scipy.io.savemat(tmp_path / "dense.mat", {"A": DENSE.astype(np.int16)})
    np.testing.assert_array_equal(read_network(tmp_path / "dense.mat").toarray(), DENSE)
    scipy.io.savemat(tmp_path / "four.mat", {"A": DENSE}, format="4")
    np.testing.assert_array_equal(read_matrix(tmp_path / "four.mat"), DENSE)


def test_matlab_with_several_matrices(tmp_path: Path) -> None:
    path = tmp_path / "two.mat"
    contents = {"A": sparse.csc_array(DENSE), "B": np.eye(2), "s": {"field": 1.0}, "c": "text"}
    scipy.io.savemat(path, contents)
    with pytest.raises(ValueError, match=r"A \(2x3\), B \(2x2\); choose one as .*two\.mat:NAME"):
        read_matrix(path)
    np.testing.assert_array_equal(read_matrix(f"{path}:B"), np.eye(2))
    np.testing.assert_array_equal(read_chain([f"{path}:B", f"{path}:A"]).toarray(), DENSE)
    with pytest.raises(ValueError, match=r"no matrix named 'Z'; found: A \(2x3\), B \(2x2\)"):
        read_matrix(f"{path}:Z")
    with pytest.raises(ValueError, match="no matrix named 's'"):
        read_matrix(f"{path}:s")
    scipy.io.savemat(tmp_path / "none.mat", {"c": "text"})
    with pytest.raises(ValueError, match=r"none\.mat.*found: none$"):
        read_matrix(tmp_path / "none.mat")


@pytest.mark.skipif(os.name == "nt", reason="no colon in file names")
def test_a_colon_may_be_part_of_the_name(tmp_path: Path) -> None:
    scipy.io.savemat(tmp_path / "x.mat:y.mat", {"A": DENSE}, appendmat=False)
    np.testing.assert_array_equal(read_matrix(tmp_path / "x.mat:y.mat"), DENSE)


# -- files that are bad


class Trap:
    """What a malicious file would hold."""

    def __reduce__(self) -> Any:
        return os.mkdir, (os.environ["CHEAPFAST_TEST_TRAP"],)


def raises_one_line(path: Path | str, text: str, read: Any = read_matrix) -> None:
    with pytest.raises(ValueError, match=text) as info:
        read(path)
    message = str(info.value)
    assert "\n" not in message
    assert message.startswith(str(path))


def test_pickles_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    trap = tmp_path / "sprung"
    monkeypatch.setenv("CHEAPFAST_TEST_TRAP", str(trap))
    objects = np.array([[Trap()]], dtype=object)
    np.save(tmp_path / "A.npy", objects, allow_pickle=True)
    np.savez(tmp_path / "B.npz", objects)
    np.savez(
        tmp_path / "C.npz", format="csr", shape=(1, 1), data=objects, indices=[0], indptr=[0, 1]
    )
    np.savez(tmp_path / "D.npz", **{HEADER: objects})
    (tmp_path / "E.npy").write_bytes(pickle.dumps(Trap()))
    for name in "ABCD":
        path = next(tmp_path.glob(f"{name}.*"))
        raises_one_line(path, "pickle.* refused")
    raises_one_line(tmp_path / "E.npy", "not a NumPy array")
    raises_one_line(tmp_path / "D.npz", "pickle.* refused", load)
    assert not trap.exists()
    pickle.loads(pickle.dumps(Trap()))
    assert trap.exists()  # so the trap works


def test_missing_files_and_folders(tmp_path: Path) -> None:
    for read in (read_matrix, read_network, load, lambda path: read_chain([path])):
        with pytest.raises(FileNotFoundError, match=r"gone\.npz: no such file"):
            read(tmp_path / "gone.npz")
    with pytest.raises(FileNotFoundError, match=r"gone\.mat: no such file"):
        read_matrix(f"{tmp_path / 'gone.mat'}:A")
    (tmp_path / "folder.npz").mkdir()
    raises_one_line(tmp_path / "folder.npz", "is a folder")
    (tmp_path / "A.txt").write_text("1 2 3")
    raises_one_line(
        tmp_path / "A.txt", r"unknown kind of file.*\.npz, \.npy, \.mtx, \.mtx\.gz, \.mat"
    )


@pytest.fixture(scope="module")
def good_files(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    folder = tmp_path_factory.mktemp("good")
    rng = np.random.default_rng(0)
    matrix = sparse.csr_array(rng.standard_normal((20, 30)) * (rng.random((20, 30)) < 0.3))
    sparse.save_npz(folder / "A.npz", matrix)
    np.savez(folder / "B.npz", matrix.toarray())
    np.save(folder / "C.npy", matrix.toarray())
    scipy.io.mmwrite(folder / "D.mtx", matrix)
    (folder / "E.mtx.gz").write_bytes(gzip.compress((folder / "D.mtx").read_bytes()))
    scipy.io.savemat(folder / "F.mat", {"A": matrix})
    scipy.io.savemat(folder / "G.mat", {"A": matrix.toarray()}, do_compression=True)
    save(folder / "H.npz", cf.chain(matrix))
    return sorted(folder.iterdir())


def test_truncated_files(good_files: list[Path], tmp_path: Path) -> None:
    for path in good_files:
        data = path.read_bytes()
        # without its last bytes too: an ending that nothing needs is no failure
        for keep in (0, 1, 7, len(data) // 3, len(data) // 2, len(data) - 30):
            broken = tmp_path / path.name
            broken.write_bytes(data[:keep])
            raises_one_line(broken, "cannot be read as")


def test_other_files_under_the_same_name(good_files: list[Path], tmp_path: Path) -> None:
    for path in good_files:
        broken = tmp_path / path.name
        for data in (b"hello\n" * 1000, bytes(range(256)) * 20, b"\0" * 5000, b"<html></html>"):
            broken.write_bytes(data)
            raises_one_line(broken, "cannot be read as")


def test_a_missing_key_is_named(tmp_path: Path) -> None:
    path = tmp_path / "net.npz"
    header = b'{"format": "cheapfast.network", "version": 1, "layers": [{"kind": "Sparse"}]}'
    np.savez(path, cheapfast=np.frombuffer(header, np.uint8))
    raises_one_line(path, "it holds no 'state'", read_network)


def test_damaged_bytes_never_crash(good_files: list[Path], tmp_path: Path) -> None:
    rng = np.random.default_rng(1)
    for path in good_files:
        data = np.frombuffer(path.read_bytes(), np.uint8)
        for _ in range(60):
            damaged = data.copy()
            where = rng.integers(len(damaged), size=rng.integers(1, 4))
            damaged[where] = rng.integers(256, size=len(where))
            broken = tmp_path / path.name
            broken.write_bytes(damaged.tobytes())
            try:
                with np.errstate(all="ignore"):
                    read_network(broken)
            except (ValueError, MemoryError) as error:
                assert str(error).startswith(str(broken))  # noqa: PT017 (either outcome is right)
            except UserWarning as warning:
                assert "NaN or infinite" in str(warning)  # noqa: PT017


def test_headers_that_promise_too_much(tmp_path: Path) -> None:
    lie = stdio.BytesIO()
    np.lib.format.write_array_header_1_0(
        lie, {"descr": "<f8", "fortran_order": False, "shape": (2**30, 2**30)}
    )
    (tmp_path / "A.npy").write_bytes(lie.getvalue())
    raises_one_line(tmp_path / "A.npy", "promises 9,223,372,036,854,775,808 bytes, 0 are there")
    with zipfile.ZipFile(tmp_path / "B.npz", "w") as archive:
        archive.writestr("A.npy", lie.getvalue())
    raises_one_line(tmp_path / "B.npz", "entry 'A': truncated")


def test_large_files_are_refused_before_they_are_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    np.save(tmp_path / "A.npy", np.zeros((2048, 1025)))
    np.savez_compressed(tmp_path / "B.npz", np.zeros((2048, 1025)))
    (tmp_path / "C.mtx").write_text(
        f"%%MatrixMarket matrix coordinate real general\n9 9 {10**15}\n1 1 1\n"
    )
    monkeypatch.setattr(_memory, "available_bytes", lambda: 1 << 22)
    for name in ("A.npy", "B.npz"):
        with pytest.raises(MemoryError, match=rf"{name}: .*{2048 * 1025 * 8:,} bytes"):
            read_matrix(tmp_path / name)
    with pytest.raises(MemoryError, match=r"C\.mtx: "):
        read_matrix(tmp_path / "C.mtx")


def test_arrays_that_are_no_matrix(tmp_path: Path) -> None:
    for array, text in [
        (np.ones(3), r"no matrix: shape \(3,\)"),
        (np.ones((2, 2, 2)), r"no matrix: shape \(2, 2, 2\)"),
        (np.float64(1), r"no matrix: shape \(\)"),
        (np.array([["a"]]), "no matrix: .*dtype <U1"),
        (np.zeros((1, 1), dtype=[("x", "f8")]), "no matrix"),
    ]:
        np.save(tmp_path / "A.npy", array)
        raises_one_line(tmp_path / "A.npy", text)
        np.savez(tmp_path / "A.npz", array)
        raises_one_line(tmp_path / "A.npz", text)
    np.savez(tmp_path / "A.npz", left=DENSE, right=DENSE)
    raises_one_line(tmp_path / "A.npz", "found the arrays: left, right")
    np.savez(tmp_path / "A.npz")
    raises_one_line(tmp_path / "A.npz", "found the arrays: none")
    with zipfile.ZipFile(tmp_path / "A.npz", "w") as archive:
        archive.writestr("readme.txt", "hello")
    raises_one_line(tmp_path / "A.npz", r"entry 'readme\.txt': not a NumPy array")


@pytest.mark.parametrize("fmt", ["csr", "csc", "bsr"])
@pytest.mark.parametrize(
    ("indices", "indptr"),
    [([0, 5], [0, 1, 2]), ([0, -1], [0, 1, 2]), ([0, 1], [0, 2, 1]), ([0, 1], [0, 1, 9])],
)
def test_bad_indices(fmt: str, indices: list[int], indptr: list[int], tmp_path: Path) -> None:
    np.savez(
        tmp_path / "A.npz",
        format=fmt.encode(),
        shape=(2, 2),
        data=np.ones((2, 1, 1) if fmt == "bsr" else 2),
        indices=np.array(indices, np.int32),
        indptr=np.array(indptr, np.int32),
    )
    raises_one_line(tmp_path / "A.npz", "cannot be read as", read_network)


def test_bad_values_in_matrix_market(tmp_path: Path) -> None:
    for text in (
        "%%MatrixMarket matrix coordinate real general\n2 2 1\n3 1 1.0\n",
        "%%MatrixMarket matrix coordinate real general\n2 2 1\n0 1 1.0\n",
        "%%MatrixMarket matrix coordinate real general\n2 2 2\n1 1 1.0\n",
        "%%MatrixMarket matrix coordinate real general\n2 2 1\n1 1 x\n",
        "%%MatrixMarket matrix coordinate real general\n2 2 1\n1 1 1\0.5\n",
        "%%MatrixMarket matrix coordinate real general\n-2 2 1\n1 1 1\n",
        "%%MatrixMarket tensor coordinate real general\n2 2 1\n1 1 1\n",
    ):
        (tmp_path / "A.mtx").write_text(text)
        raises_one_line(tmp_path / "A.mtx", "cannot be read as a Matrix Market file")


def test_damaged_networks(tmp_path: Path) -> None:
    path = tmp_path / "net.npz"
    save(path, cf.chain(DENSE))
    with np.load(path) as entries:
        good = dict(entries)
    header = bytes(good[HEADER])
    array = next(name for name in good if name != HEADER)
    for name, change, text in [
        ("version", {HEADER: header.replace(b'"version": 1', b'"version": 9')}, "format version 9"),
        ("format", {HEADER: header.replace(b"cheapfast.network", b"x")}, "not that of a saved"),
        ("kind", {HEADER: header.replace(b'"sparse"', b'"opera"')}, "opera"),
        ("json", {HEADER: header[:-5]}, "cannot be read"),
        ("list", {HEADER: b"[1, 2]"}, "not that of a saved"),
        ("text", {HEADER: "\xff\xfe".encode("latin-1")}, "cannot be read"),
        ("array", {array: None}, "cannot be read"),
    ]:
        changed: dict[str, Any] = {**good, **change}
        changed = {
            key: np.frombuffer(value, np.uint8) if isinstance(value, bytes) else value
            for key, value in changed.items()
            if value is not None
        }
        with open(path, "wb") as file:
            np.savez(file, **changed)
        for read in (load, read_matrix):
            raises_one_line(path, text, read), name


def test_load_wants_a_network(tmp_path: Path) -> None:
    sparse.save_npz(tmp_path / "A.npz", sparse.csr_array(DENSE))
    raises_one_line(tmp_path / "A.npz", "read_matrix reads matrices", load)


# -- chains of files


def test_chain_of_files(tmp_path: Path) -> None:
    sparse.save_npz(tmp_path / "R.npz", sparse.csr_array(np.ones((2, 4))))
    (tmp_path / "A.mtx").write_text(SYMMETRIC.replace("3 3 3", "4 4 3"))
    np.save(tmp_path / "P.npy", np.ones((4, 3)))
    net = read_chain([tmp_path / name for name in ("R.npz", "A.mtx", "P.npy")])
    A = np.array([[1.5, 2, 0, 0], [2, 0, 0, 0], [0, 0, 4, 0], [0, 0, 0, 0]])
    np.testing.assert_array_equal(net.toarray(), np.ones((2, 4)) @ A @ np.ones((4, 3)))
    assert net[0].shape == (4, 3)  # data-flow order: P comes first


def test_wrong_shapes_name_the_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    np.save("R.npy", np.ones((2, 4)))
    np.save("A.npy", np.ones((4, 4)))
    np.save("P.npy", np.ones((4, 3)))
    with pytest.raises(ValueError, match="do not chain") as info:
        read_chain(["P.npy", "A.npy", "R.npy"])
    message = str(info.value)
    assert message.startswith("A.npy (4x4) and R.npy (2x4) do not chain")
    assert "matrix order, the last is applied first" in message
    assert "did you mean R.npy, A.npy, P.npy?" in message
    save("net.npz", cf.chain(np.ones((5, 2)), np.ones((2, 7))))
    with pytest.raises(ValueError, match=r"R\.npy \(2x4\) and net\.npz \(5x7\) do not chain"):
        read_chain(["R.npy", "net.npz"])


def test_chain_arguments(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="empty"):
        read_chain([])
    with pytest.raises(TypeError, match="sequence of paths"):
        read_chain("R.npz")


def test_nan_is_read_and_warned_about(tmp_path: Path) -> None:
    np.save(tmp_path / "A.npy", np.array([[np.nan, 1.0]]))
    with pytest.warns(UserWarning, match="NaN"):
        net = read_network(tmp_path / "A.npy")
    assert net.synapses == 2


def test_nan_in_a_saved_network_is_warned_about(tmp_path: Path) -> None:
    layers = [
        cf.PassThrough(cf.Permutation([1, 0], np.float64, bias=[np.nan, 0.0]), 2),
        cf.KroneckerSparse((4, 1, 1, 1), 1.0),
    ]
    cf.save(tmp_path / "finite.npz", cf.Network(layers))
    with warnings.catch_warnings():
        warnings.simplefilter("error")  # a bias is no synapse
        cf.load(tmp_path / "finite.npz")
    with pytest.warns(UserWarning, match="values holds"):
        layers.append(cf.KroneckerSparse((2, 2, 2, 1), [[np.nan], [np.inf]]))
    cf.save(tmp_path / "net.npz", cf.Network(layers))
    with pytest.warns(UserWarning, match=r"net\.npz holds 2 NaN") as caught:
        cf.load(tmp_path / "net.npz")
    assert len(caught) == 1
    assert caught[0].filename == __file__


def test_save_names_the_file_that_it_cannot_write(tmp_path: Path) -> None:
    net = cf.chain([[1.0]])
    with pytest.raises(FileNotFoundError, match=r"net\.npz: there is no folder .*nowhere"):
        cf.save(tmp_path / "nowhere" / "net.npz", net)
    with pytest.raises(IsADirectoryError, match="is a folder"):
        cf.save(tmp_path, net)
    assert list(tmp_path.iterdir()) == []


def test_a_full_disk_is_reported_with_the_name_of_the_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(_: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "fsync", fail)
    with pytest.raises(OSError, match=r"No space left on device: .*net\.npz") as caught:
        cf.save(tmp_path / "net.npz", cf.chain([[1.0]]))
    assert caught.value.errno == errno.ENOSPC
    assert list(tmp_path.iterdir()) == []


@pytest.mark.skipif(os.name == "nt", reason="POSIX permissions")
def test_save_keeps_the_permissions_of_a_file_that_it_replaces(tmp_path: Path) -> None:
    net, path = cf.chain([[1.0]]), tmp_path / "net.npz"
    path.write_text("old")
    path.chmod(0o600)
    cf.save(path, net)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    if os.geteuid():  # root may write to everything
        path.chmod(0o400)
        with pytest.raises(PermissionError, match=r"net\.npz: is read-only"):
            cf.save(path, net)


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="no /dev/full here")
def test_a_full_device_is_named() -> None:
    with pytest.raises(OSError, match="No space left on device: '/dev/full'"):
        cf.save("/dev/full", cf.chain([[1.0]]))
    assert not os.path.isfile("/dev/full")


@pytest.mark.skipif(not os.path.exists("/dev/stdout"), reason="no /dev/stdout here")
def test_save_writes_to_standard_output_where_that_is_a_pipe() -> None:
    code = "import cheapfast as cf; cf.save('/dev/stdout', cf.algorithms.hadamard(8))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True)
    with zipfile.ZipFile(stdio.BytesIO(done.stdout)) as archive:
        assert f"{HEADER}.npy" in archive.namelist()
    code = "import cheapfast as cf, numpy as np; cf.io.save_vectors('/dev/stdout', np.eye(3))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True)
    np.testing.assert_array_equal(np.load(stdio.BytesIO(done.stdout)), np.eye(3))


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="pipes with names are POSIX")
def test_save_writes_into_a_pipe_and_leaves_it(tmp_path: Path) -> None:
    net = cf.algorithms.hadamard(8)
    pipe, copy = tmp_path / "pipe", tmp_path / "copy.npz"
    os.mkfifo(pipe)
    reader = threading.Thread(target=lambda: copy.write_bytes(pipe.read_bytes()))
    reader.start()
    cf.save(pipe, net)
    reader.join()
    assert pipe.is_fifo()
    assert cf.load(copy) == net


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="pipes with names are POSIX")
def test_a_pipe_is_refused_and_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "A.npz")
    with pytest.raises(ValueError, match=r"A\.npz: is a pipe or a device"):
        read_matrix(tmp_path / "A.npz")
    with pytest.raises(ValueError, match="the path is empty"):
        read_matrix("")


def test_longdouble_is_refused_by_name(tmp_path: Path) -> None:
    if np.dtype(np.longdouble) == np.dtype(np.float64):
        pytest.skip("longdouble is double here")
    np.save(tmp_path / "A.npy", np.ones((2, 2), np.longdouble))
    with pytest.raises(TypeError, match=r"A\.npy: matrix must be one of float32.*got"):
        read_network(tmp_path / "A.npy")
