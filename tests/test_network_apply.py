"""Calls of a network, plain and otherwise: kernels, ways of calling, bad operands."""

from __future__ import annotations

import itertools
import threading
from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import sparse

import cheapfast as cf
from cheapfast import _core

Array = npt.NDArray[Any]

N = 64
DTYPES = ("f4", "f8", "c8", "c16")


def csr(dtype: str) -> cf.Network:
    rng = np.random.default_rng(3)
    layers = [
        sparse.random(rows, columns, 0.2, format="csr", dtype=np.dtype(dtype), random_state=rng)
        for rows, columns in ((40, N), (50, 40))
    ]
    return cf.Network(layers)


def monarch(dtype: str) -> cf.Network:
    rng = np.random.default_rng(4)
    first, second = rng.standard_normal((2, 8, 8, 8))
    bias = rng.standard_normal(N)
    return cf.Network(
        [
            cf.KroneckerSparse((8, 8, 8, 1), first[..., None].astype(dtype)),
            cf.KroneckerSparse((1, 8, 8, 8), second[None].astype(dtype), bias.astype(dtype)),
        ]
    )


NETWORKS: dict[str, Callable[[str], cf.Network]] = {
    "csr": csr,
    "monarch": monarch,
    "butterfly": lambda dtype: cf.algorithms.butterfly(N, 1, dtype),
    "hadamard": lambda dtype: cf.algorithms.hadamard(N).astype(dtype),
    "folded": lambda dtype: cf.Network(
        [
            cf.Permutation(np.arange(N)[::-1]),
            *cf.algorithms.butterfly(N, 1, dtype),
            cf.Sparse(np.diag(np.arange(1.0, N + 1)).astype(dtype), bias=np.ones(N)),
        ]
    ),
    "scaled hadamard": lambda dtype: cf.Network(
        [
            cf.Sparse(np.diag(np.arange(1.0, N + 1)).astype(dtype)),
            *cf.algorithms.hadamard(N).astype(dtype),
            cf.Permutation(np.arange(N)[::-1], bias=np.ones(N)),
        ]
    ),
    "turned": lambda dtype: csr(dtype).H @ csr(dtype),
    "mixed": lambda dtype: csr(dtype) @ cf.algorithms.butterfly(N, 1, dtype),
    "elementwise": lambda dtype: cf.Network([cf.Activation("relu"), csr(dtype)]),
}
CASES = [
    (name, dtype)
    for name in NETWORKS
    for dtype in DTYPES
    if not (name == "elementwise" and dtype[0] == "c")
]


def normal(shape: tuple[int, ...], dtype: str) -> Array:
    rng = np.random.default_rng(5)
    X = rng.standard_normal(shape)
    if dtype[0] == "c":
        X = X + 1j * rng.standard_normal(shape)
    return X.astype(dtype)


def reference(net: cf.Network, X: Array) -> Array:
    """Apply the layers one after another, features first, in double precision."""
    Y = X.astype(np.complex128 if X.dtype.kind == "c" else np.float64).reshape(len(X), -1)
    for layer in net:
        if not layer.is_linear:
            Y = layer.apply(Y)
            continue
        Y = layer.to_csr().astype(Y.dtype) @ Y
        if layer.bias is not None:
            Y = Y + layer.bias[:, None]
    return Y.reshape(-1, *X.shape[1:])


def assert_close(Y: Array, expected: Array) -> None:
    limit = 100 * np.finfo(Y.dtype).eps * np.abs(expected).max(initial=1)
    assert np.abs(Y - expected).max(initial=0) <= limit


@pytest.mark.parametrize(("name", "dtype"), CASES)
def test_every_way_of_calling_gives_the_same(name: str, dtype: str) -> None:
    net = NETWORKS[name](dtype)
    outputs = net.shape[0]
    for columns in (None, 1, 5, 16):
        X = normal((N,) if columns is None else (N, columns), dtype)
        rows = np.ascontiguousarray(X.T)
        expected = reference(net, X)
        first, first_rows = net.apply(X), net(rows)
        for _ in range(2):  # these calls are plain ones
            Y = net.apply(X)
            assert_close(Y, expected)
            np.testing.assert_array_equal(Y, first)
            assert Y.dtype == X.dtype
            assert Y.nbytes <= 1 << 13 or Y.ctypes.data % 64 == 0
            out = np.empty_like(expected, dtype=X.dtype)
            assert net.apply(X, out=out) is out
            np.testing.assert_array_equal(out, Y)
            np.testing.assert_array_equal(net @ X, Y)
            np.testing.assert_array_equal(net.apply(X, threads=2), Y)
            assert_close(first_rows, expected.T)
            np.testing.assert_array_equal(net(rows), first_rows)
            strided = np.zeros((2 * outputs, *X.shape[1:]), X.dtype)
            assert net.apply(X, out=strided[::2]) is not None
            assert_close(strided[::2], expected)
            assert not strided[1::2].any()


def random_sparse(outputs: int, inputs: int, dtype: str) -> cf.Layer:
    rng = np.random.default_rng(6)
    matrix = sparse.random(outputs, inputs, 0.2, format="csr", random_state=rng)
    return cf.Sparse(matrix.astype(dtype), bias=np.linspace(-1, 1, outputs).astype(dtype))


def random_blocks(outputs: int, inputs: int, dtype: str) -> cf.Layer:
    pattern = (8, outputs // 8, inputs // 8, 1)
    return cf.KroneckerSparse(pattern, normal(pattern, dtype))


SIZED = {"sparse": random_sparse, "kronecker": random_blocks}
WIDTHS = (N, 40, 96, 24, 56)
ORDERS = [
    names
    for names in itertools.product([*SIZED, "relu", "softmax"], repeat=4)
    if SIZED.keys() & set(names)
]


def ordered(names: tuple[str, ...], dtype: str) -> cf.Network:
    """Return a network of such layers; each one with a matrix changes the width."""
    widths, layers, inputs = iter(WIDTHS[1:]), [], N
    for name in names:
        if name in SIZED:
            outputs = next(widths)
            layers.append(SIZED[name](outputs, inputs, dtype))
            inputs = outputs
        else:
            layers.append(cf.Activation(name))
    return cf.Network(layers)


@pytest.mark.parametrize("dtype", ["f4", "f8"])
@pytest.mark.parametrize("names", ORDERS, ids="-".join)
def test_rows_pass_through_any_layers(names: tuple[str, ...], dtype: str) -> None:
    """Between sparse layers they lie as columns, and as rows wherever others need it."""
    net = ordered(names, dtype)
    for vectors in (2, 17):
        X = normal((N, vectors), dtype)
        expected = reference(net, X).T
        apart = np.zeros((vectors, 2 * N), dtype)
        apart[:, ::2] = X.T
        assert_close(net(apart[:, ::2]), expected)  # no plain call: the numbers have gaps
        assert_close(net(np.ascontiguousarray(X.T)), expected)


@pytest.mark.parametrize("dtype", ["f4", "f8"])
def test_more_rows_than_the_caches_have(dtype: str) -> None:
    net = ordered(("sparse", "relu", "sparse", "kronecker"), dtype)
    vectors = (1 << 25) // (N * np.dtype(dtype).itemsize)
    X = normal((N, vectors), dtype)
    assert_close(net(np.ascontiguousarray(X.T)), reference(net, X).T)


@pytest.mark.parametrize("real", ["f4", "f8"])
def test_the_first_call_gives_the_bits_of_the_second(real: str) -> None:
    # real weights and complex vectors: more than one kernel could do it
    rng = np.random.default_rng(6)
    first, second, imag = rng.standard_normal((3, 1, 2, 2, 1))
    net = cf.Network(
        [
            cf.KroneckerSparse((1, 2, 2, 1), first.astype(real)),
            cf.KroneckerSparse((1, 2, 2, 1), second + 1j * imag),
        ]
    )
    X = rng.standard_normal((64, 2)) + 1j * rng.standard_normal((64, 2))
    np.testing.assert_array_equal(net(X), net(X))


@pytest.mark.parametrize(("name", "dtype"), CASES)
def test_three_dimensions(name: str, dtype: str) -> None:
    net = NETWORKS[name](dtype)
    X = normal((2, 3, N), dtype)
    expected = np.moveaxis(reference(net, X.reshape(6, N).T).T.reshape(2, 3, -1), -1, 0)
    for axis in range(3):
        moved = np.ascontiguousarray(np.moveaxis(X, -1, axis))
        wanted = np.moveaxis(expected, 0, axis)
        assert_close(net.apply(moved, axis=axis), wanted)
        out = np.empty(wanted.shape, dtype)
        assert net.apply(moved, out=out, axis=axis) is out
        assert_close(out, wanted)


@pytest.mark.parametrize(
    "name", ["monarch", "butterfly", "hadamard", "folded", "scaled hadamard", "turned"]
)
@pytest.mark.parametrize("shift", [0, 1, 3, N])
def test_out_that_overlaps(name: str, shift: int) -> None:
    net = NETWORKS[name]("f8")
    room = normal((2 * N,), "f8")
    expected = net.apply(room[:N].copy())
    for _ in range(2):
        work = room.copy()
        result = net.apply(work[:N], out=work[shift : shift + N])
        np.testing.assert_array_equal(result, expected)
        assert np.shares_memory(result, work)


def test_the_operand_is_never_written_to() -> None:
    for make in NETWORKS.values():
        net = make("f4")
        X = normal((N, 4), "f4")
        before = X.copy()
        X.flags.writeable = False
        for _ in range(2):
            net.apply(X)
            np.testing.assert_array_equal(X, before)


@pytest.mark.parametrize("ready", [False, True])
def test_bad_operands(ready: bool) -> None:
    net = NETWORKS["butterfly"]("f8")
    X = normal((N, 3), "f8")
    if ready:
        net.apply(X)
    frozen = np.empty((N, 3))
    frozen.flags.writeable = False
    bad: list[tuple[type[Exception], str, dict[str, Any]]] = [
        (ValueError, r"expected 64 features along axis 0 of X, got 63", {"X": X[:-1]}),
        (ValueError, r"expected 64 features along axis 1 of X, got 3", {"axis": 1}),
        (TypeError, "the dtype of X", {"X": X.astype(object)}),
        (TypeError, "the dtype of X", {"X": X.astype(np.longdouble)}),
        (TypeError, "X is a masked array", {"X": np.ma.array(X)}),
        (ValueError, "X must be a rectangular array of numbers", {"X": [[1.0], [2.0, 3.0]]}),
        (TypeError, "got MaskedArray", {"out": np.ma.empty((N, 3))}),
        (TypeError, "float64, got >f8", {"out": np.empty((N, 3), ">f8")}),
        (TypeError, "float64, got int64", {"out": np.empty((N, 3), np.int64)}),
        (ValueError, "out must be writable", {"out": frozen}),
        (TypeError, "float64, got float32", {"out": np.empty((N, 3), "f4")}),
        (ValueError, r"shape \(64, 3\), got \(3, 64\)", {"out": np.empty((3, N))}),
        (ValueError, r"shape \(64, 3\), got \(64,\)", {"out": np.empty(N)}),
        (TypeError, "out must be a numpy.ndarray, got list", {"out": [0.0]}),
        (ValueError, "threads must be at least 1, got -1", {"threads": -1}),
        (TypeError, "threads", {"threads": 1.5}),
        (ValueError, "threads must be at most", {"threads": 1 << 40}),
        (ValueError, "axis=2 is out of range", {"axis": 2}),
        (TypeError, "axis", {"axis": None}),
        (TypeError, "axis", {"axis": 0.0}),
    ]
    for error, message, change in bad:
        with pytest.raises(error, match=message):
            net.apply(**{"X": X, **change})


def test_a_bad_setting_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    net = NETWORKS["butterfly"]("f8")
    X = normal((N, 4096), "f8")
    net.apply(X)
    monkeypatch.setenv("CHEAPFAST_NUM_THREADS", "many")
    with pytest.raises(ValueError, match="CHEAPFAST_NUM_THREADS"):
        net.apply(X)


@pytest.mark.parametrize("name", ["csr", "monarch", "butterfly", "hadamard"])
def test_other_types_are_promoted(name: str) -> None:
    net = NETWORKS[name]("f4")
    whole = np.arange(N)
    expected = reference(net, whole.astype("f8"))
    for X in (whole, whole.tolist(), whole.astype(">f8"), whole > 3):
        Y = net.apply(X)
        assert Y.dtype == np.float64
        assert_close(Y, reference(net, np.asarray(X, "f8")))
    half = net.apply(whole.astype("f2"))
    assert half.dtype == np.float32
    assert_close(half, expected)


@pytest.mark.parametrize("name", list(NETWORKS))
def test_no_columns(name: str) -> None:
    net = NETWORKS[name]("f4")
    for _ in range(2):
        assert net.apply(np.empty((N, 0), "f4")).shape == (net.shape[0], 0)
        assert net(np.empty((0, N), "f4")).shape == (0, net.shape[0])


def test_no_features() -> None:
    net = cf.Network([np.empty((0, 5)), np.empty((4, 0))])
    for _ in range(2):
        np.testing.assert_array_equal(net.apply(np.ones((5, 3))), np.zeros((4, 3)))
        assert (net[:1] @ np.ones(5)).shape == (0,)


@pytest.mark.parametrize("name", ["csr", "butterfly", "hadamard", "monarch"])
def test_overflow_is_infinite_and_nan_stays(name: str) -> None:
    net = NETWORKS[name]("f4")
    for columns in (1, 16):
        X = np.full((N, columns), np.finfo(np.float32).max, np.float32)
        X[0] = np.nan
        touched = abs(net[-1].to_csr()) @ np.ones(net[-1].shape[1]) != 0
        for _ in range(2):
            Y = net.apply(X)
            assert not np.isfinite(Y[touched]).all()
    assert not np.isfinite(net.apply(np.full(N, 3e38, np.float32))).all()


@given(st.integers(0, 5), st.booleans(), st.sampled_from(["csr", "mixed", "monarch", "butterfly"]))
def test_from_the_other_side(rows: int, one: bool, name: str) -> None:
    net = NETWORKS[name]("c16")
    if name == "monarch":
        net = net[:1]  # without the bias
    X = normal((net.shape[0],) if one else (rows, net.shape[0]), "c16")
    dense = net.toarray()
    for _ in range(2):
        assert_close(X @ net, X @ dense)
        operator = net.as_linear_operator()
        assert_close(
            operator.rmatmat(X.reshape(-1, net.shape[0]).T), dense.conj().T @ np.atleast_2d(X).T
        )


def test_a_transposed_product_copies_no_matrix(monkeypatch: pytest.MonkeyPatch) -> None:
    net = csr("f8")
    X = normal((3, net.shape[0]), "f8")
    expected = X @ net.toarray()
    narrow = net.H.astype("f4")

    def refused(_matrix: Any) -> None:
        raise AssertionError("a matrix was written out")

    monkeypatch.setattr("cheapfast.layers.sparse.canonical", refused)
    assert_close(X @ net, expected)
    assert_close(net.as_linear_operator().rmatvec(X[0]), expected[0])
    assert_close(net.T @ X[0], expected[0])
    assert_close(narrow @ X[0].astype("f4"), expected[0])
    turned = net.T
    assert (turned.synapses, turned.neurons, turned.shape) == (net.synapses, 40, (N, 50))
    assert net == turned.T


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("columns", [1, 3, 16])
def test_turned_layers_in_every_combination(dtype: str, columns: int) -> None:
    rng = np.random.default_rng(6)
    first, second = csr(dtype)
    moved, back = cf.Permutation(rng.permutation(40)), cf.Permutation(rng.permutation(N))
    net = cf.Network([back, first, moved, second])
    dense = net.toarray()
    for turned, matrix in (
        (net.T, dense.T),
        (net.H, dense.conj().T),
        (net.T.T, dense),
        (net.H.T, dense.conj()),
        (net.T.H, dense.conj()),
        (net.H.H, dense),
        (net.H @ net, dense.conj().T @ dense),
        (net @ net.T, dense @ dense.T),
    ):
        X = normal((matrix.shape[1], columns), dtype)
        for operand in (X, np.asfortranarray(X)):
            assert_close(turned.apply(operand), matrix @ X)
        assert_close(
            normal((2, len(matrix)), dtype) @ turned, normal((2, len(matrix)), dtype) @ matrix
        )
        assert_close(turned.toarray(), matrix)
        assert cf.synapse_count(turned) == np.count_nonzero(matrix)
    # a permutation between two turned layers is where the second one reads
    told = net.H.explain(columns)
    assert [step.kernel for step in told.passes] == ["csr transposed", "gather"]
    assert told.seconds is not None
    assert told.seconds > 0


@pytest.mark.parametrize("dtype", ["f4", "c8"])
@pytest.mark.parametrize("kinds", list(itertools.product(["f4", "f8", "bias", "scale"], repeat=3)))
def test_no_permutation_between_turned_layers_is_lost(dtype: str, kinds: tuple[str, ...]) -> None:
    rng = np.random.default_rng(7)
    between: list[cf.Layer] = []
    for kind in kinds:
        order = rng.permutation(40)
        if kind == "scale":
            between.append(cf.Sparse(np.diag(rng.standard_normal(40)).astype(dtype)))
        elif kind == "bias":
            between.append(cf.Permutation(order, bias=rng.standard_normal(40)))
        else:
            between.append(cf.Permutation(order, dtype=kind))
    first, second = csr(dtype)
    net = cf.Network([second.T, *between, first.T])
    X = normal((50, 3), dtype)
    for operand in (X, np.asfortranarray(X)):
        assert_close(net.apply(operand), reference(net, X))


@pytest.mark.parametrize("dtype", ["f8", "c8", "c16"])
@pytest.mark.parametrize("n", [4, 60, 128])
def test_a_fourier_transform_turned_around_takes_its_own_kernel(n: int, dtype: str) -> None:
    net = cf.algorithms.fourier(n)
    if dtype == "c8":
        net = net.astype(dtype)
    for columns in (1, 5, 16):
        X = normal((n, columns), dtype)
        for turned, expected in (
            (net.T, np.fft.fft(X, axis=0)),
            (net.H, n * np.fft.ifft(X, axis=0)),
        ):
            assert [step.kernel for step in turned.explain().passes] == ["fused fourier"]
            assert_close(turned.apply(X), expected)
            assert_close(turned.apply(np.asfortranarray(X)), expected)
        assert_close(X.T @ net, np.fft.fft(X.T))
    part = net.T[:-1]
    assert_close(part.apply(X), part.toarray() @ X)


def test_bias_and_activation_have_no_other_side() -> None:
    with pytest.raises(ValueError, match="only a linear network has a transpose"):
        np.ones(N) @ monarch("f8")


def test_many_threads_call_one_network() -> None:
    net = NETWORKS["mixed"]("f8")
    X = [normal((N, k + 1), "f8") for k in range(8)]
    expected = [net.apply(x) for x in X]
    wrong: list[int] = []

    def call(k: int) -> None:
        for _ in range(50):
            if not np.array_equal(net.apply(X[k]), expected[k]):
                wrong.append(k)

    workers = [threading.Thread(target=call, args=(k,)) for k in range(8)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert not wrong


def test_preparing_again_leaves_a_running_call_alone() -> None:
    n, dtype = 1 << 18, np.dtype("f8")  # long enough to ask for the number of threads
    indptr, indices = np.arange(n + 1, dtype="i4"), np.arange(n, dtype="i4")

    def scale(factor: float) -> _core.SparseChain:
        layer = (n, n, indptr, indices, np.full(n, factor), None, None, _core.AS_IS)
        return _core.SparseChain([layer], dtype)

    def threads(_given: object) -> int:  # what another thread does that found nothing prepared
        program.set(dtype, _core.VECTOR, [scale(3.0), scale(5.0)])
        return 1

    program = _core.Program(n, n, threads)
    program.set(dtype, _core.VECTOR, [scale(2.0)])
    call = program.callable()
    assert np.all(call(np.ones(n), None, 0, None) == 2.0)
    assert np.all(call(np.ones(n), None, 0, 1) == 15.0)


def test_another_target_does_not_run_old_weights() -> None:
    net = NETWORKS["butterfly"]("f4")
    X = normal((N,), "f4")
    expected = reference(net, X)
    before = _core.active_target()
    try:
        for name in [*_core.targets(), *_core.targets()]:
            _core.set_target(name)
            assert_close(net.apply(X), expected)
            assert_close(net.apply(X), expected)
    finally:
        _core.set_target(before)


def test_a_program_takes_its_own_arguments_only() -> None:
    call = cf.Network([np.eye(2)])._plain
    with pytest.raises(TypeError, match="arguments"):
        call(1, 2)
    program = _core.Program(2, 2, lambda _threads: 1)
    chain = _core.SparseChain(
        [(3, 2, np.zeros(4, "i4"), np.zeros(0, "i4"), np.zeros(0), None, None, _core.AS_IS)],
        np.dtype("f8"),
    )
    with pytest.raises(ValueError, match="outputs"):
        program.set(np.dtype("f8"), _core.VECTOR, [chain])
    with pytest.raises(ValueError, match="fit"):
        program.set(np.dtype("f4"), _core.VECTOR, [chain])
