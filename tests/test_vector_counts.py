"""Any number of vectors: registers that are not filled, and nothing written beside the result."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st

import cheapfast as cf
from cheapfast import _core

Array = npt.NDArray[Any]

DTYPES = ("f4", "f8", "c8", "c16")
COUNTS = (*range(1, 20), 31, 32, 33, 47, 63, 64, 65, 81, 128, 130, 260)
GUARD = 64  # numbers beside the result


def monarch(dtype: str) -> cf.Network:
    first, second = np.random.default_rng(4).standard_normal((2, 8, 8, 8)).astype(dtype)
    return cf.Network(
        [
            cf.KroneckerSparse((8, 8, 8, 1), first[..., None]),
            cf.KroneckerSparse((1, 8, 8, 8), second[None]),
        ]
    )


def scaled(net: cf.Network) -> cf.Network:
    n = net.shape[0]
    diagonal = np.arange(1, n + 1).astype(net.dtype)
    ends = cf.KroneckerSparse((n, 1, 1, 1), diagonal.reshape(n, 1, 1, 1), bias=diagonal)
    return cf.Network([cf.Permutation(np.arange(n)[::-1]), *net, ends])


KINDS: dict[str, Callable[[str], cf.Network]] = {
    "butterfly": lambda dtype: cf.algorithms.butterfly(64, 1, dtype),
    "scaled butterfly": lambda dtype: scaled(cf.algorithms.butterfly(64, 1, dtype)),
    "fourier": lambda dtype: cf.algorithms.fourier(60, dtype=dtype),
    "scaled fourier": lambda dtype: scaled(cf.algorithms.fourier(64, dtype=dtype)),
    "scaled hadamard": lambda dtype: scaled(cf.algorithms.hadamard(64).astype(dtype)),
    "monarch": monarch,
}
CASES = [(kind, dtype) for kind in KINDS for dtype in DTYPES[2 * ("fourier" in kind) :]]


def in_double(net: cf.Network, X: Array) -> Array:
    for layer in net:
        X = layer.to_csr().astype(np.result_type(net.dtype, np.float64)) @ X
        X = X if layer.bias is None else X + layer.bias[:, np.newaxis]
    return X


def normal(shape: tuple[int, ...], dtype: str) -> Array:
    rng = np.random.default_rng(5)
    X = rng.standard_normal(shape)
    return (X + 1j * rng.standard_normal(shape) if dtype[0] == "c" else X).astype(dtype)


def assert_close(result: Array, expected: Array) -> None:
    digits = np.finfo(result.dtype).eps
    assert np.abs(result - expected).max() <= 100 * digits * np.abs(expected).max()


@pytest.mark.parametrize(("kind", "dtype"), CASES)
@pytest.mark.parametrize("axis", [0, 1])
def test_every_count_and_nothing_beside(kind: str, dtype: str, axis: int, target: str) -> None:
    net = KINDS[kind](dtype)
    n = net.shape[0]
    marker = np.array(7.0, dtype)
    for vectors in COUNTS:
        columns = normal((n, vectors), dtype)
        X = np.ascontiguousarray(columns if axis == 0 else columns.T)
        room = np.full(n * vectors + 2 * GUARD, marker)
        out = room[GUARD:-GUARD].reshape(X.shape)
        expected = in_double(net, columns)
        for _ in range(2):  # weights are packed for the second call at the latest
            net.apply(X, out=out, axis=axis, threads=1)
            assert_close(out if axis == 0 else out.T, expected)
            assert np.all(room[:GUARD] == marker)
            assert np.all(room[-GUARD:] == marker)


def room_behind_a_line(size: int, skip: int, dtype: str) -> Array:
    """Make a place for numbers of which the first comes so many after a line of the cache."""
    room = np.full(size + 2 * GUARD, 7, dtype)
    first = GUARD - room.ctypes.data // room.itemsize % (64 // room.itemsize) + skip
    return room[first : first + size]


@pytest.mark.parametrize(("kind", "dtype"), CASES)
def test_vectors_that_begin_within_a_line(kind: str, dtype: str, target: str) -> None:
    """Squares are turned from the next line on; some numbers are left before and behind them."""
    net = KINDS[kind](dtype)
    n = net.shape[0]
    skips = [(0, 0), (1, 0), (0, 1), (2, 3), (4, 4), (7, 6), (15, 13)]
    for vectors, (skip, skip_out) in itertools.product((1, 2, 17, 40), skips):
        X = normal((vectors, n), dtype)
        placed = room_behind_a_line(X.size, skip, dtype).reshape(X.shape)
        placed[...] = X
        result = room_behind_a_line(X.size, skip_out, dtype)
        out = result.reshape(X.shape)
        net.apply(placed, axis=1, out=out, threads=1)
        assert_close(out.T, in_double(net, X.T))
        room = result.base
        assert room is not None
        begin = (result.ctypes.data - room.ctypes.data) // room.itemsize
        assert np.all(room[:begin] == 7)
        assert np.all(room[begin + X.size :] == 7)


@pytest.mark.parametrize("dtype", DTYPES)
@given(
    vectors=st.integers(2, 140),
    log2n=st.integers(5, 9),
    order=st.sampled_from("CF"),
    out_order=st.sampled_from("CF"),
)
def test_operand_and_result_in_any_order(
    dtype: str, vectors: int, log2n: int, order: Any, out_order: Any
) -> None:
    net = cf.algorithms.butterfly(1 << log2n, vectors, dtype)
    X = np.asarray(normal((1 << log2n, vectors), dtype), order=order)
    wide = np.full((1 << log2n, vectors + 3), 7.0, dtype, order=out_order)
    out = wide[:, 1:-2]
    net.apply(X, out=out, threads=1)
    assert_close(out, in_double(net, X))
    assert np.all(wide[:, 0] == 7)
    assert np.all(wide[:, -2:] == 7)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("vectors", [3, 17, 63])
def test_scratch_for_rows_that_are_not_whole_registers(dtype: str, vectors: int) -> None:
    net = cf.algorithms.butterfly(1 << 14, 1, dtype)
    X = normal((1 << 14, vectors), dtype)
    assert_close(net.apply(X, threads=1), in_double(net, X))
    assert np.array_equal(net.apply(X, threads=1), net.apply(X, threads=2))


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("layers", [4, 13])
def test_a_result_beyond_the_caches(dtype: str, layers: int, target: str) -> None:
    """The rows of 16 MiB are copied before they are mixed, those of 64 columns are not."""
    net = cf.algorithms.butterfly(1 << 13, 2, dtype)[:layers]
    vectors = 2048 // np.dtype(dtype).itemsize
    X = normal((1 << 13, vectors), dtype)
    few = [net.apply(np.ascontiguousarray(X[:, i : i + 64])) for i in range(0, vectors, 64)]
    expected = np.concatenate(few, axis=1)
    for threads in (1, 2):
        assert np.array_equal(net.apply(X, threads=threads), expected)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("beside", [(0, 0), (0, 1), (1, 0), (1, 1), (64, 64)])
@pytest.mark.parametrize("missing", [0, 1])
def test_rows_with_gaps_beyond_the_caches(
    dtype: str, beside: tuple[int, int], missing: int, target: str
) -> None:
    """Whose units are not in one piece, as read or as written, or whose registers are not full."""
    net = cf.algorithms.butterfly(1 << 16, 3, dtype)[:4]
    vectors = 256 // np.dtype(dtype).itemsize - missing
    columns = normal((1 << 10, vectors), dtype)
    X = np.tile(columns, (64, 1))
    room_in = np.full((1 << 16, vectors + beside[0]), np.nan, dtype)
    room_out = np.full((1 << 16, vectors + beside[1]), 7, dtype)
    room_in[:, :vectors] = X
    out = room_out[:, :vectors]
    net.apply(room_in[:, :vectors], out=out, threads=1)
    half = vectors // 2
    few = [net.apply(np.ascontiguousarray(part)) for part in (X[:, :half], X[:, half:])]
    assert np.array_equal(out, np.concatenate(few, axis=1))
    assert np.all(room_out[:, vectors:] == 7)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("axis", [0, 1])
def test_a_vector_of_nan_leaves_the_others_alone(dtype: str, axis: int, target: str) -> None:
    net = cf.algorithms.butterfly(64, 1, dtype)
    for vectors in (2, 3, 5, 17, 33):
        columns = normal((64, vectors), dtype)
        columns[:, -1] = np.nan
        X = np.ascontiguousarray(columns if axis == 0 else columns.T)
        result = net.apply(X, axis=axis, threads=1)
        result = result if axis == 0 else result.T
        assert_close(result[:, :-1], in_double(net, columns[:, :-1]))
        assert np.all(np.isnan(result[:, -1]))


def laid_out(X: Array, layout: str) -> Array:
    """Copy an array into rows, into columns, or into rows with gaps."""
    if layout != "gaps":
        return np.array(X, order=layout)  # type: ignore[call-overload, no-any-return]
    room = np.full((X.shape[0], 2 * X.shape[1]), 7.0, X.dtype)
    room[:, ::2] = X
    return room[:, ::2]


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_other_blocks_where_operand_and_result_lie_differently(
    dtype: str, value: float, target: str
) -> None:
    net = scaled(cf.algorithms.butterfly(64, 1, dtype))[1:]  # a bias in the end
    columns = normal((64, 9), dtype)
    expected = in_double(net, columns)[:, 1:]
    columns[5, 0] = value
    for layout, result_layout in itertools.product(("C", "F", "gaps"), repeat=2):
        X = laid_out(columns, layout)
        assert_close(net.apply(X)[:, 1:], expected)
        out = laid_out(np.zeros_like(columns), result_layout)
        net.apply(X, out=out)
        assert_close(out[:, 1:], expected)


def test_shapes_that_weights_are_packed_for(target: str) -> None:
    for dtype in map(np.dtype, DTYPES):
        lanes = _core.fused_lanes(dtype)
        limits = {
            True: lanes * (2 if dtype.kind == "c" else 1) // 8,
            False: 3 * lanes // 4,
        }
        few, many = (
            {True: _core.FEW_COLUMNS, False: _core.FEW_ROWS},
            {True: _core.COLUMNS, False: _core.ROWS},
        )
        for side_by_side, limit in limits.items():
            shapes = [_core.operand_shape(dtype, side_by_side, count) for count in range(1, 20)]
            for count, shape in enumerate(shapes[1:], 2):
                assert shape == (few if count <= limit else many)[side_by_side]
            assert shapes[0] == _core.VECTOR
