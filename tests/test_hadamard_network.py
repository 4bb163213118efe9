"""Runs of Hadamard layers in networks: the kernel of the transform, every layout and position."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
import scipy.linalg
from hypothesis import given
from hypothesis import strategies as st

import cheapfast as cf
from cheapfast import _core

DTYPES = [np.float32, np.float64, np.complex64, np.complex128]
BLOCK = np.array([[1, 1], [1, -1]]).reshape(1, 2, 2, 1)


def run_of(outer: int, bits: int, inner: int, dtype: Any = np.float64) -> cf.Network:
    """Return I (x) H (x) I, a layer a bit, lowest first."""
    block = BLOCK.astype(dtype)
    patterns = [(outer << (bits - 1 - b), 2, 2, inner << b) for b in range(bits)]
    return cf.Network([cf.KroneckerSparse(pattern, block) for pattern in patterns])


def integers(shape: tuple[int, ...], dtype: Any) -> npt.NDArray[Any]:
    """Return small whole numbers, whose sums are exact."""
    rng = np.random.default_rng(5)
    X = rng.integers(-9, 10, shape).astype(dtype)
    if X.dtype.kind == "c":
        X = X + 1j * rng.integers(-9, 10, shape)
    return X.astype(dtype)


def expected(outer: int, bits: int, inner: int, X: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """Multiply by the definition."""
    H = scipy.linalg.hadamard(1 << bits)
    blocks = X.reshape(outer, 1 << bits, -1)
    return np.einsum("ij,ajk->aik", H.astype(X.dtype), blocks).reshape(X.shape)


@pytest.mark.parametrize("columns", [1, 2, 7, 64])
@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize(("outer", "bits", "inner"), [(1, 9, 1), (3, 4, 5), (1, 5, 16), (6, 2, 1)])
def test_any_range_of_bits(
    target: str, outer: int, bits: int, inner: int, dtype: Any, columns: int
) -> None:
    net = run_of(outer, bits, inner, dtype)
    X = integers((net.shape[1], columns), dtype)
    right = expected(outer, bits, inner, X)
    assert [step.kernel for step in net.explain().passes] == ["walsh-hadamard"]
    for operand in (X, np.asfortranarray(X), np.repeat(X, 2, axis=1)[:, ::2]):
        for _ in range(2):  # the second time without Python between the passes
            np.testing.assert_array_equal(net.apply(operand), right)
        np.testing.assert_array_equal(net.T.apply(operand), right)
        for order in "CF":
            out = np.empty_like(right, order=order)  # type: ignore[call-overload]
            assert net.apply(operand, out=out) is out
            np.testing.assert_array_equal(out, right)
    rows = np.ascontiguousarray(X.T)
    for _ in range(2):
        np.testing.assert_array_equal(net.apply(rows, axis=-1), right.T)
        np.testing.assert_array_equal(net.apply(X[:, 0]), right[:, 0])
    assert _core.ran()[f"hadamard.{np.dtype(dtype).name}"] == target


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("axis", [0, -1])
def test_threads_do_not_change_a_bit(dtype: Any, axis: int) -> None:
    net = cf.algorithms.hadamard(4096).astype(dtype)
    rng = np.random.default_rng(6)
    X = rng.standard_normal((4096, 72) if axis == 0 else (72, 4096)).astype(dtype)
    one = net.apply(X, axis=axis, threads=1)
    for threads in (2, 3):
        np.testing.assert_array_equal(net.apply(X, axis=axis, threads=threads), one)
    other = cf.hadamard_transform(X, axis=axis)
    np.testing.assert_allclose(one, other, rtol=0, atol=4096 * np.finfo(dtype).eps)


@given(
    outer=st.sampled_from([1, 2, 3]),
    bits=st.integers(2, 7),
    inner=st.sampled_from([1, 2, 3, 8]),
    columns=st.integers(0, 20),
)
def test_against_layers_one_by_one(outer: int, bits: int, inner: int, columns: int) -> None:
    net = run_of(outer, bits, inner)
    X = integers((net.shape[1], columns), np.float64)
    one_by_one = X
    for layer in net:
        one_by_one = layer.apply(one_by_one)
    np.testing.assert_array_equal(net.apply(X), one_by_one)


def test_operand_is_left_alone_and_may_be_out() -> None:
    net = cf.algorithms.hadamard(64)
    X = integers((64, 5), np.float64)
    right = expected(1, 6, 1, X)
    X.flags.writeable = False
    np.testing.assert_array_equal(net.apply(X), right)
    same = X.copy()
    np.testing.assert_array_equal(net.apply(same, out=same), right)
    np.testing.assert_array_equal(same, right)


def test_types_that_meet() -> None:
    net = cf.algorithms.hadamard(32)
    X = integers((32, 3), np.float32)
    for operand in (X, X.astype(np.int8), X.astype(np.complex64)):
        result = net.apply(operand)
        assert result.dtype == np.result_type(operand.dtype, np.float64)
        np.testing.assert_array_equal(result, expected(1, 5, 1, X))


def test_neighbours_of_a_run_keep_their_kernels() -> None:
    n = 16
    run = run_of(1, 4, 1)
    sums = cf.KroneckerSparse((4, 4, 4, 1), np.full((4, 4, 4, 1), 0.25))
    net = cf.Network([*run, sums])
    assert [step.kernel for step in net.explain().passes] == ["walsh-hadamard", "kronecker"]
    X = integers((n, 3), np.float64)
    whole = expected(1, 4, 1, X).reshape(4, 4, 3)
    right = np.repeat(0.25 * whole.sum(axis=1), 4, axis=0)
    np.testing.assert_array_equal(net.apply(X), right)


def test_a_diagonal_behind_a_run_is_folded_in() -> None:
    n = 16
    scale = cf.KroneckerSparse((n, 1, 1, 1), np.full((n, 1, 1, 1), 0.25))
    net = cf.Network([*run_of(1, 4, 1), scale])
    (told,) = net.explain().passes
    assert (told.kernel, told.folded) == ("walsh-hadamard", ("diagonal",))
    X = integers((n, 3), np.float64)
    np.testing.assert_array_equal(net.apply(X), 0.25 * expected(1, 4, 1, X))


def test_what_lies_around_a_run_is_counted() -> None:
    """Before it, and a permutation behind it, take a trip of their own; a diagonal behind none."""
    n, columns, size = 64, 5, 8
    diagonal = cf.KroneckerSparse((n, 1, 1, 1), np.full((n, 1, 1, 1), 0.25))
    order = cf.Permutation(np.arange(n)[::-1])
    run = list(cf.algorithms.hadamard(n))
    trip = 2 * n * columns * size
    for before, after, trips, numbers in (
        ([], [], 1, 0),
        ([], [diagonal], 1, 1),
        ([diagonal], [], 2, 1),
        ([], [order], 2, 1),
        ([order], [diagonal], 2, 2),
        ([diagonal, order], [order, diagonal], 3, 4),
    ):
        (told,) = cf.Network([*before, *run, *after]).explain(columns).passes
        assert told.cost is not None
        assert told.cost.bytes == trips * trip + numbers * n * size


@pytest.mark.parametrize("columns", [1, 64, 70])
def test_lights_around_a_large_run(target: str, columns: int) -> None:
    """What they return is transformed where it lies: in the result, if that is one piece."""
    n, rng = 1 << 12, np.random.default_rng(6)
    order, before = rng.permutation(n), rng.choice([-2.0, 0.5, 1.0, 4.0], n)
    diagonal = cf.KroneckerSparse((n, 1, 1, 1), before.reshape(n, 1, 1, 1))
    lights: list[cf.Layer] = [cf.Permutation(order), diagonal]
    behind: list[list[cf.Layer]] = [[], [diagonal], lights[:1]]
    X = integers((n, columns), np.float64)
    X.flags.writeable = False
    whole = cf.hadamard_transform(before[:, None] * X[order], axis=0)
    for after, right in zip(behind, (whole, before[:, None] * whole, whole[order]), strict=True):
        net = cf.Network([*lights, *cf.algorithms.hadamard(n), *after])
        for threads in (1, 2):
            np.testing.assert_array_equal(net.apply(X, threads=threads), right)
            np.testing.assert_array_equal(net.apply(X.T, axis=1, threads=threads), right.T)
        out = np.empty_like(right)
        assert net.apply(X, out) is out
        np.testing.assert_array_equal(out, right)


def not_aligned(shape: tuple[int, ...], dtype: Any) -> npt.NDArray[Any]:
    """Return an array that starts a number behind a cache line."""
    size = np.dtype(dtype).itemsize
    memory = np.empty(math.prod(shape) * size + 64 + size, np.uint8)
    start = -memory.ctypes.data % 64 + size
    made: npt.NDArray[Any] = memory[start : start + math.prod(shape) * size].view(dtype)
    return made.reshape(shape)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize(
    ("bits", "columns"),
    [(19, 1), (13, 48), (11, 131), (6, 5000), (1, 140_000), (9, 3)],
)
@pytest.mark.parametrize("what", ["scale", "bias", "both"])
def test_what_follows_is_done_piece_by_piece(
    target: str, bits: int, columns: int, dtype: Any, what: str
) -> None:
    """Pieces end anywhere within the vectors of a feature, and within the features of a vector."""
    n, rng = 1 << bits, np.random.default_rng(7)
    scale = rng.choice(np.array([-2, 1, 4, 0.5]), n).astype(dtype)
    bias = rng.integers(-9, 10, n).astype(dtype)
    if scale.dtype.kind == "c":
        scale *= rng.choice(np.array([1, 1j, -1j]), n)
    X = integers((n, columns), dtype)
    right = cf.hadamard_transform(X, axis=0)
    right = right if what == "bias" else scale[:, None] * right
    right = right if what == "scale" else right + bias[:, None]
    after = (None, None if what == "bias" else scale, None if what == "scale" else bias)
    step = _core.Framed(_core.HadamardStep(n, bits, 1, np.dtype(dtype)), (None, None, None), after)
    for threads in (1, 2):
        Y = not_aligned(X.shape, dtype)
        step.apply(X, Y, threads)
        np.testing.assert_array_equal(Y, right)
        rows = not_aligned(X.T.shape, dtype)
        step.apply(np.asfortranarray(X), rows.T, threads)
        np.testing.assert_array_equal(rows.T, right)
    assert _core.ran()[f"hadamard.{np.dtype(dtype).name}"] == target


@pytest.mark.parametrize("dtype", DTYPES)
def test_a_larger_result_is_where_it_should_be(target: str, dtype: Any) -> None:
    """Out of place, larger than the second-level cache, rows of all lengths, any alignment."""
    for bits, columns in ((14, 24), (15, 7), (8, 1200)):
        X = integers((1 << bits, columns), dtype)
        rows = np.ascontiguousarray(X.T)  # many vectors, each in a cache: another way through
        right = cf.hadamard_transform(rows).T
        for threads in (1, 2):
            Y = not_aligned(X.shape, dtype)
            assert cf.hadamard_transform(X, out=Y, axis=0, threads=threads) is Y
            np.testing.assert_array_equal(Y, right)
        assert _core.ran()[f"hadamard.{np.dtype(dtype).name}"] == target
    H = scipy.linalg.hadamard(256).astype(np.float64)
    np.testing.assert_array_equal(right, (H @ X).astype(dtype))


def test_step_refuses_what_does_not_fit() -> None:
    with pytest.raises(ValueError, match="must cover the features"):
        _core.HadamardStep(24, 4, 1, np.dtype(np.float64))
    step = _core.HadamardStep(8, 3, 1, np.dtype(np.float64))
    x = np.zeros((8, 2))
    with pytest.raises(ValueError, match="8 and 8 rows"):
        step.apply(np.zeros((4, 2)), x, 1)
    with pytest.raises(TypeError, match="dtype"):
        step.apply(x.astype(np.float32), x, 1)
    with pytest.raises(ValueError, match="same order"):
        step.apply(np.asfortranarray(x), x, 1)
    frozen = x.copy()
    frozen.flags.writeable = False
    with pytest.raises(ValueError, match="writ"):
        step.apply(x, frozen, 1)
