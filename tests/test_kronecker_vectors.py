"""Few columns, and vectors behind each other, through Kronecker factors: every way of the kernels.

Which way is taken depends on the blocks, on how many vectors there are and on how they lie; the
sums must not.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st

import cheapfast as cf
from cheapfast import _core
from operands import DTYPES, LAYOUTS, assert_applies, normal, placed

Array = npt.NDArray[Any]
Pattern = tuple[int, int, int, int]

# lanes along the rows of a block, along its ids, and neither: those are turned into columns
PATTERNS = [
    (3, 40, 7, 1),
    (2, 20, 5, 3),
    (1, 150, 9, 2),
    (5, 16, 3, 1),
    (1, 6, 11, 40),
    (2, 9, 4, 16),
    (2, 5, 3, 9),
    (70, 2, 3, 1),
    (33, 3, 2, 4),
    (1, 1, 7, 5),
]
COLUMNS = [1, 2, 3, 5, 8, 11, 16, 17, 31, 67]


def network(pattern: Pattern, dtype: Any, *, bias: bool = False) -> cf.Network:
    """Return one factor with values of its own everywhere."""
    rng = np.random.default_rng(31)
    a, b, _, d = pattern
    offsets = normal(rng, (a * b * d,), dtype) if bias else None
    return cf.Network([cf.KroneckerSparse(pattern, normal(rng, pattern, dtype), bias=offsets)])


@pytest.mark.parametrize("bias", [False, True])
@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("pattern", PATTERNS)
def test_every_number_of_vectors(target: str, pattern: Pattern, dtype: Any, bias: bool) -> None:
    net = network(pattern, dtype, bias=bias)
    X = normal(np.random.default_rng(32), (net.shape[1], COLUMNS[-1]), dtype)
    expected = net.apply(X)
    assert_applies(net, X, "kronecker")
    for columns in COLUMNS:
        for layout in LAYOUTS:
            result = net.apply(placed(X[:, :columns], layout), threads=1)
            np.testing.assert_array_equal(result, expected[:, :columns])
    assert _core.ran()[f"kronecker.{np.dtype(dtype).name}"] == target


@given(
    pattern=st.tuples(*[st.integers(1, most) for most in (4, 40, 20, 20)]),
    tied=st.sets(st.sampled_from(range(4))),
    bias=st.booleans(),
    columns=st.integers(1, 70),
    dtype=st.sampled_from(DTYPES),
    layout=st.sampled_from(LAYOUTS),
)
def test_any_factor_and_number_of_vectors(
    pattern: Pattern, tied: set[int], bias: bool, columns: int, dtype: Any, layout: str
) -> None:
    rng = np.random.default_rng(columns)
    a, b, _, d = pattern
    shape = tuple(1 if axis in tied else size for axis, size in enumerate(pattern))
    offsets = normal(rng, (a * b * d,), dtype) if bias else None
    net = cf.Network([cf.KroneckerSparse(pattern, normal(rng, shape, dtype), bias=offsets)])
    X = normal(rng, (net.shape[1], columns), dtype)
    assert_applies(net, placed(X, layout), "kronecker")


@pytest.mark.parametrize("bad", [np.nan, np.inf])
@pytest.mark.parametrize("pattern", PATTERNS)
def test_a_vector_does_not_see_those_beside_it(target: str, pattern: Pattern, bad: float) -> None:
    net = network(pattern, np.float32)
    X = normal(np.random.default_rng(33), (net.shape[1], 21), np.float32)
    expected = net.apply(X)
    spoilt = X.copy()
    spoilt[0, [3, 16, 20]] = bad
    others = [j for j in range(21) if j not in (3, 16, 20)]
    for layout in ("C", "F"):
        result = net.apply(placed(spoilt, layout))
        np.testing.assert_array_equal(result[:, others], expected[:, others])
        assert not np.isfinite(result[0, [3, 16, 20]]).any()
    assert _core.ran()["kronecker.float32"] == target


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("pattern", PATTERNS)
def test_nothing_is_written_beside_the_result(target: str, pattern: Pattern, dtype: Any) -> None:
    net = network(pattern, dtype)
    for columns in (1, 2, 3, 7, 18, 65):
        X = normal(np.random.default_rng(34), (net.shape[1], columns), dtype)
        size = net.shape[0] * columns
        for order in ("C", "F"):
            room = np.full(size + 64, 7, dtype)
            out = room[33 : 33 + size].reshape((net.shape[0], columns), order=order)
            net.apply(placed(X, order), out)
            assert np.all(room[:33] == 7)
            assert np.all(room[33 + size :] == 7)
            np.testing.assert_array_equal(out, net.apply(X))
    assert _core.ran()[f"kronecker.{np.dtype(dtype).name}"] == target


@pytest.mark.parametrize("pattern", [(1, 3, 6000, 1), (1, 6000, 3, 1), (1, 2, 900, 7)])
def test_blocks_too_large_to_be_turned(target: str, pattern: Pattern) -> None:
    net = network(pattern, np.float32)
    X = normal(np.random.default_rng(35), (net.shape[1], 19), np.float32)
    for layout in ("C", "F"):
        assert_applies(net, placed(X, layout), "kronecker")
    assert _core.ran()["kronecker.float32"] == target


def test_vectors_behind_each_other_are_divided_among_threads() -> None:
    for pattern in ((64, 32, 32, 1), (1, 32, 32, 64), (700, 3, 3, 1)):
        net = network(pattern, np.float32)
        X = normal(np.random.default_rng(36), (300, net.shape[1]), np.float32)
        result = net.apply(X, axis=1, threads=1)
        for threads in (2, 5):
            np.testing.assert_array_equal(net.apply(X, axis=1, threads=threads), result)
