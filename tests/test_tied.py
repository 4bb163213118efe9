"""Factors that are one small block between two diagonals: recognised, and applied as that."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.fft import dct

import cheapfast as cf
from cheapfast.plan.passes.tied import tied_block
from operands import DTYPES, LAYOUTS, Array, assert_applies, normal, placed


def tied_values(pattern: tuple[int, int, int, int], rng: np.random.Generator, dtype: Any) -> Array:
    """Return a random block between random diagonals, none of them wide, written out."""
    a, b, c, d = pattern
    block = normal(rng, (1, b, c, 1), dtype)
    before, after = (
        (numbers / np.abs(numbers) * rng.uniform(0.5, 2, numbers.shape)).astype(dtype)
        for numbers in (normal(rng, shape, dtype) for shape in ((a, 1, c, d), (a, b, 1, d)))
    )
    return np.asarray(after * block * before)


def cosines(size: int, dtype: Any) -> Array:
    """Return the orthonormal matrix of the discrete cosine transform."""
    return np.asarray(dct(np.eye(size), axis=0, norm="ortho")).astype(dtype)


@given(
    pattern=st.tuples(
        *[st.integers(1, 6), st.integers(4, 9), st.integers(4, 9), st.integers(1, 20)]
    ),
    dtype=st.sampled_from(DTYPES),
    seed=st.integers(0, 2**32),
)
def test_what_is_found_makes_up_the_values(
    pattern: tuple[int, int, int, int], dtype: Any, seed: int
) -> None:
    values = tied_values(pattern, np.random.default_rng(seed), dtype)
    found = tied_block(values)
    if found is None:  # no row or no column of the first block is far enough from 0
        size = np.abs(values[0, :, :, 0])
        pivot = min(size.min(axis=1).max(), size.min(axis=0).max())
        assert pattern[0] * pattern[3] == 1 or pivot < 1e-3 * size.max()
        return
    again = found.after[:, :, None] * found.block[:, :, None] * found.before[:, None]
    assert np.all(np.abs(again - values) <= 100 * np.finfo(dtype).eps * np.abs(values))


@pytest.mark.parametrize("size", [4, 8, 16])
def test_cosine_transforms_are_found(size: int) -> None:
    rng = np.random.default_rng(1)
    block = cosines(size, np.float64)[None, :, :, None]
    assert tied_block(np.tile(block, (3, 1, 1, 5))) is not None
    twisted = block * rng.standard_normal((3, 1, size, 5))
    assert tied_block(twisted) is not None
    changed = twisted.copy()
    changed[1, 2, 3, 4] *= 1 + 1e-12
    assert tied_block(changed) is None
    changed[1, 2, 3, 4] = np.nan
    assert tied_block(changed) is None


@pytest.mark.parametrize("small", [1e-3, 1e-9, 1e-16, 0.0])
def test_a_small_entry_of_its_own_is_not_lost(small: float) -> None:
    """It is far below the rounding of the largest ones, and all that some vectors meet."""
    rng = np.random.default_rng(5)
    pattern = (3, 8, 8, 16)
    values = tied_values(pattern, rng, np.float64)
    values[:, 5, 2] *= small
    assert tied_block(values) is not None
    values[1, 5, 2, 7] = 1e-16 if small == 0 else values[1, 5, 2, 7] * (1 + 1e-7)
    assert tied_block(values) is None
    net = cf.Network([cf.KroneckerSparse(pattern, values)])
    x = np.zeros((3, 8, 16))
    x[1, 2, 7] = 1
    assert net.apply(x.ravel()).reshape(3, 8, 16)[1, 5, 7] == values[1, 5, 2, 7]


def test_what_is_not_worth_it_or_no_such_thing() -> None:
    rng = np.random.default_rng(2)
    assert tied_block(tied_values((5, 3, 3, 5), rng, np.float64)) is None  # too small
    assert tied_block(rng.standard_normal((1, 8, 8, 1))) is None  # one block is tied to nothing
    assert tied_block(rng.standard_normal((3, 8, 8, 2))) is None
    assert tied_block(np.zeros((3, 8, 8, 2))) is None
    assert tied_block(np.full((3, 8, 8, 2), np.inf)) is None
    hollow = tied_values((4, 8, 8, 4), rng, np.float64)
    hollow[:, range(8), range(8)] = 0  # a 0 in each row and column: nothing to divide by
    assert tied_block(hollow) is None


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("pattern", [(6, 8, 8, 1), (3, 8, 4, 16), (1, 5, 6, 40), (2, 4, 4, 5)])
def test_applied(target: str, pattern: tuple[int, int, int, int], dtype: Any) -> None:
    rng = np.random.default_rng(3)
    values = tied_values(pattern, rng, dtype)
    a, b, c, d = pattern
    outputs, inputs = a * b * d, a * c * d
    bias = normal(rng, (outputs,), dtype)
    plain = cf.Network([cf.KroneckerSparse(pattern, values)])
    around = cf.Network(
        [
            cf.Permutation(rng.permutation(inputs)),
            cf.Sparse(np.diag(normal(rng, (inputs,), dtype))),
            cf.KroneckerSparse(pattern, values, bias),
            cf.Permutation(rng.permutation(outputs)),
            cf.Sparse(np.diag(normal(rng, (outputs,), dtype))),
        ]
    )
    for net in (plain, around):
        for columns in (1, 5):
            X = normal(rng, (inputs, columns), dtype)
            for layout in LAYOUTS:
                assert_applies(net, placed(X, layout), "kronecker")


@pytest.mark.parametrize("columns", [1, 7])
def test_a_cosine_transform_by_pieces(columns: int) -> None:
    """The two-dimensional transform of 8 x 8 tiles, with weights as image formats quantise."""
    rng = np.random.default_rng(4)
    tiles, block = 12, cosines(8, np.float64)
    weights = rng.uniform(1, 2, (tiles, 8, 8))
    rows = np.tile(block[None, :, :, None], (tiles, 1, 1, 8))
    across = np.tile(block[None, :, :, None], (tiles * 8, 1, 1, 1)) * weights.reshape(-1, 8, 1, 1)
    net = cf.Network(
        [
            cf.KroneckerSparse((tiles, 8, 8, 8), rows),
            cf.KroneckerSparse((tiles * 8, 8, 8, 1), across),
        ]
    )
    X = rng.standard_normal((tiles, 8, 8, columns))
    expected = dct(dct(X, axis=1, norm="ortho"), axis=2, norm="ortho") * weights[..., None]
    result = net.apply(X.reshape(-1, columns))
    np.testing.assert_allclose(result, expected.reshape(-1, columns), atol=1e-13)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("share", [0.05, 0.1, 0.2])
def test_wide_diagonals_neither_overflow_nor_underflow(share: float, dtype: Any) -> None:
    rng = np.random.default_rng(3)
    limits, exact = np.finfo(dtype), np.result_type(dtype, np.float64)
    decades = share * np.log10(float(limits.max))
    for base in 10.0 ** rng.uniform(-decades, decades, 20):
        powers = 10.0 ** rng.uniform(-decades, decades, (2, 2, 1, 1, 32))
        before = rng.uniform(1, 2, (2, 1, 8, 32)) * powers[0]
        after = rng.uniform(1, 2, (2, 8, 1, 32)) * powers[1]
        block = base * normal(rng, (1, 8, 8, 1), exact)
        values = (after * block * before).astype(dtype)
        net = cf.Network([cf.KroneckerSparse((2, 8, 8, 32), values)])
        x = normal(rng, (2, 8, 32), exact)
        largest = np.einsum("abcd,acd->abd", np.abs(values), np.abs(x)).max()
        # nearly as large and as small as the factor as it is can take
        for wanted in (float(limits.max) * 2.0**-30, float(limits.smallest_normal) * 2.0**30):
            scaled = x * min(wanted / largest, float(limits.max) / 100)
            given_x = scaled.astype(dtype)
            expected = np.einsum("abcd,acd->abd", values.astype(exact), given_x.astype(exact))
            size = np.einsum("abcd,acd->abd", np.abs(values), np.abs(given_x).astype(np.float64))
            error = np.abs(net.apply(given_x.ravel()).reshape(expected.shape) - expected)
            lost = 100 * float(limits.smallest_subnormal)
            assert np.all(error <= 100 * limits.eps * size + lost)
