"""Complex vectors through real networks, real ones through complex networks: compiled as well."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
import scipy.sparse as sp
from hypothesis import given, settings
from hypothesis import strategies as st

import cheapfast as cf
import strategies
from cheapfast import _core, _memory

Array = npt.NDArray[Any]
DTYPES = [np.dtype(code) for code in ("f4", "f8", "c8", "c16")]
N = 64


@pytest.fixture(params=_core.targets())
def target(request: pytest.FixtureRequest) -> Iterator[str]:
    before = _core.active_target()
    _core.set_target(request.param)
    yield request.param
    _core.set_target(before)


def sparse(rows: int, columns: int, seed: int) -> cf.Sparse:
    return cf.Sparse(sp.random(rows, columns, 0.2, random_state=seed))


NETWORKS = {
    "butterfly": cf.algorithms.butterfly(N, rng=0),
    "hadamard": cf.algorithms.hadamard(N),
    "haar": cf.algorithms.haar(N),
    "kronecker": cf.Network(
        [cf.KroneckerSparse((2, 3, 4, 8), np.random.default_rng(1).random((2, 3, 4, 8)))]
    ),
    "sparse": cf.Network([sparse(30, N, 0), cf.Permutation(np.arange(30)[::-1]), sparse(7, 30, 1)]),
    "full": cf.Network([cf.Sparse(np.random.default_rng(2).standard_normal((20, N)))]),
    "large full": cf.Network([cf.Sparse(np.random.default_rng(2).standard_normal((48, N)))]),
    "large kronecker": cf.Network(
        [cf.KroneckerSparse((1, N, N, 1), np.random.default_rng(1).random((1, N, N, 1)))]
    ),
    "convolution": cf.algorithms.convolution(np.arange(1.0, 6.0), N),
    "fourier": cf.algorithms.fourier(N),
}


def operand(shape: tuple[int, ...], dtype: np.dtype[Any], seed: int = 0) -> Array:
    rng = np.random.default_rng(seed)
    numbers = rng.standard_normal(shape)
    return (numbers + 1j * rng.standard_normal(shape) if dtype.kind == "c" else numbers).astype(
        dtype
    )


def applied(matrix: Array, X: Array, axis: int) -> Array:
    wide = X.astype(np.complex128)
    return np.moveaxis(np.tensordot(matrix.astype(np.complex128), wide, (1, axis)), 0, axis)


def assert_applied(net: cf.Network, X: Array, axis: int) -> None:
    expected = applied(net.toarray(), X, axis)
    dtype = np.result_type(net.dtype, X.dtype)
    # the matrix itself is made in the precision of the weights
    single = np.finfo(net.dtype).bits == 32
    tolerance = (1e-4 if single else 1e-11) * (1 + np.abs(expected).max(initial=0))
    before = X.copy()
    for _ in range(2):  # prepared by the first call, plain in the second one
        result = net.apply(X, axis=axis)
        assert result.dtype == dtype
        np.testing.assert_allclose(result, expected, atol=tolerance)
        out = np.full(expected.shape, np.nan, dtype)
        assert net.apply(X, out, axis) is out
        np.testing.assert_allclose(out, expected, atol=tolerance)
    np.testing.assert_array_equal(X, before)
    for threads in (1, 2):
        np.testing.assert_array_equal(net.apply(X, axis=axis, threads=threads), result)


@pytest.mark.parametrize("kind", NETWORKS)
@pytest.mark.parametrize("weights", ["f4", "f8"])
@pytest.mark.parametrize("dtype", DTYPES, ids=str)
@pytest.mark.parametrize("count", [None, 1, 2, 3, 9, 32, 33])
def test_all_types_of_operands(
    target: str, kind: str, weights: str, dtype: np.dtype[Any], count: int | None
) -> None:
    net = NETWORKS[kind]
    net = net.astype(np.result_type(weights, net.dtype.kind + "8"))
    n = net.shape[1]
    if count is None:
        assert_applied(net, operand((n,), dtype), 0)
        return
    X = operand((n, count), dtype)
    assert_applied(net, X, 0)
    assert_applied(net, np.ascontiguousarray(X.T), 1)
    assert_applied(net, np.asfortranarray(X), 0)
    assert_applied(net, np.repeat(X, 2, axis=1)[:, ::2], 0)


@pytest.mark.parametrize("kind", NETWORKS)
@pytest.mark.parametrize("dtype", DTYPES, ids=str)
@pytest.mark.parametrize("shape", [(N,), (N, 1), (N, 5), (N, 40)])
def test_columns_do_not_come_back_to_python(
    kind: str, dtype: np.dtype[Any], shape: tuple[int, ...]
) -> None:
    net = NETWORKS[kind].astype(np.result_type(NETWORKS[kind].dtype, "f4"))
    if shape[0] != net.shape[1]:
        shape = (net.shape[1], *shape[1:])
    X = operand(shape, dtype)
    result = net.apply(X)
    plain = net._plain(X, None, 0, 1)
    assert plain is not None
    np.testing.assert_array_equal(plain, result)


@settings(max_examples=60)
@given(
    layers=strategies.chains(max_length=4, max_inputs=10),
    dtype=st.sampled_from(DTYPES),
    count=st.integers(0, 5),
    axis=st.sampled_from([0, 1]),
)
def test_any_chain(layers: list[cf.Layer], dtype: np.dtype[Any], count: int, axis: int) -> None:
    net = cf.Network(layers)
    X = operand((net.shape[1], count) if axis == 0 else (count, net.shape[1]), dtype)
    assert_applied(net, X, axis)


@pytest.mark.parametrize("net", [
    cf.Network([cf.Sparse(np.eye(3), bias=np.ones(3))]),
    cf.Network([np.ones((3, 3)), cf.Activation("relu"), np.ones((2, 3))]),
], ids=["bias", "relu"])  # fmt: skip
def test_what_does_not_act_on_each_part_is_not_split(net: cf.Network) -> None:
    assert not net._plan.splits
    X = operand((3, 2), np.dtype("c16"))
    if len(net) == net.depth:  # only a bias
        np.testing.assert_allclose(net @ X, X + 1)
        np.testing.assert_allclose(net(X.T), X.T + 1)
    else:
        with pytest.raises(TypeError):
            net @ X


def test_parts_do_not_mix() -> None:
    weights = np.array([[2.0, 0.0], [1.0, -1.0]])
    X = np.array([complex(1, np.inf), complex(np.nan, 3)])
    for layer in (
        cf.Sparse(weights),
        cf.KroneckerSparse((1, 2, 2, 1), weights.reshape(1, 2, 2, 1)),
    ):
        net = cf.Network([layer])
        for _ in range(2):
            result = net @ X
            assert result[0].imag == np.inf
            assert np.isnan(result[1].real)
            np.testing.assert_array_equal(net(X[np.newaxis])[0], result)


# Those whose complex vectors, each in one piece, are taken apart.
APART = {
    "butterfly": NETWORKS["butterfly"],
    "large full": NETWORKS["large full"],
    "large kronecker": NETWORKS["large kronecker"],
    "pair": cf.algorithms.monarch(2, 32, rng=0),
    "after sparse": cf.Network(
        [sparse(N, 20, 0), cf.Permutation(np.arange(N)[::-1]), *cf.algorithms.butterfly(N, rng=0)]
    ),
}


@pytest.mark.parametrize("kind", APART)
@pytest.mark.parametrize("dtype", ["c8", "c16"])
@pytest.mark.parametrize("count", [2, 5, 64, 600, 1100])
def test_batches_taken_apart(target: str, kind: str, dtype: str, count: int) -> None:
    net = APART[kind]
    X = operand((count, net.shape[1]), np.dtype(dtype))
    assert_applied(net, X, 1)
    expected = net.apply(X, axis=1)
    assert net._plain(X, None, 1, 1) is not None  # without coming back to Python
    columns = np.ascontiguousarray(X.T)
    if count <= 64:  # all of them at a time, as columns
        np.testing.assert_array_equal(net.apply(columns).T, expected)
    room = np.full((count, 2, net.shape[0]), np.nan, expected.dtype)
    net.apply(X, room[:, 0], 1)  # with gaps
    np.testing.assert_array_equal(room[:, 0], expected)
    assert np.isnan(room[:, 1]).all()


def test_batches_through_a_wide_layer_are_cut_small() -> None:
    rng = np.random.default_rng(3)
    net = cf.Network([rng.standard_normal((2048, 32)), rng.standard_normal((32, 2048))])
    X = operand((2000, 32), np.dtype("c16"))
    result = net.apply(X, axis=1)
    assert net._plain(X, None, 1, 1) is not None  # what lies between the layers is not large
    np.testing.assert_allclose(result.real, net.apply(X.real, axis=1), rtol=1e-9, atol=1e-9)
    np.testing.assert_allclose(result.imag, net.apply(X.imag, axis=1), rtol=1e-9, atol=1e-9)


def test_batches_into_a_subclass(tmp_path: Path) -> None:
    net = NETWORKS["large full"]
    X = operand((7, N), np.dtype("c16"))
    out = np.memmap(tmp_path / "out", np.complex128, "w+", shape=(7, net.shape[0]))
    assert net.apply(X, out, 1) is out
    np.testing.assert_array_equal(out, net.apply(X, axis=1))


@pytest.mark.parametrize("kind", ["kronecker", "hadamard", "sparse", "full"])
def test_small_blocks_are_not_taken_apart(kind: str) -> None:
    assert not NETWORKS[kind]._plan.takes_apart


@pytest.mark.parametrize("dtype", ["c8", "c16"])
def test_long_vectors(target: str, dtype: str) -> None:
    weights = np.zeros(1, dtype).real.dtype
    net = cf.algorithms.butterfly(1 << 17, rng=0, dtype=weights)
    X = operand((17, net.shape[1]), np.dtype(dtype))
    result = net.apply(X, axis=1)  # of 17 MiB or more: memory is asked for
    tolerance = 1e4 * np.finfo(weights).eps
    for x, y in zip(X[::4], result[::4], strict=True):
        np.testing.assert_allclose(y, net.apply(x), rtol=tolerance, atol=tolerance)
    out = np.empty_like(X)
    for threads in (1, 2):
        assert net.apply(X, out, 1, threads=threads) is out
        np.testing.assert_array_equal(out, result)


def test_overlapping_batches_ask_for_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    net = cf.Network([cf.Sparse(np.random.default_rng(0).standard_normal((N, N)))])
    room = operand((20001, N), np.dtype("c16"))
    before = room.copy()
    result_bytes = 20000 * N * 16
    monkeypatch.setattr(_memory, "available_bytes", lambda: result_bytes - 1)
    for out in (room[1:], room[:-1]):
        with pytest.raises(MemoryError, match=f"{result_bytes:,} bytes"):
            net.apply(room[:-1], out, 1)
        np.testing.assert_array_equal(room, before)


@pytest.mark.parametrize("kind", APART)
def test_batches_in_place(kind: str) -> None:
    net = APART[kind]
    inputs, outputs = net.shape[1], net.shape[0]
    X = operand((1100, max(inputs, outputs)), np.dtype("c16"))
    if inputs != outputs:
        room = X.reshape(-1)
        X, out = (room[: 1100 * width].reshape(1100, width) for width in (inputs, outputs))
    else:
        out = X
    expected = net.apply(X.copy(), axis=1)
    assert net.apply(X, out, 1) is out  # read before it is written
    np.testing.assert_array_equal(out, expected)


def test_overlapping_batches() -> None:
    net = cf.algorithms.butterfly(N, rng=0)
    room = operand((21, N), np.dtype("c16"))
    expected = net.apply(room[:20].copy(), axis=1)
    net.apply(room[:20], room[1:], 1)
    np.testing.assert_array_equal(room[1:], expected)
