"""The sketch kernels: every instruction set and index type against NumPy's maximum and minimum."""

from __future__ import annotations

import itertools
import math
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
import scipy.sparse as sp

from cheapfast import _core
from cheapfast.counting import registers, sketches
from cheapfast.counting.registers import RowRegisters, sizes_of
from cheapfast.counting.sketches import aligned
from cheapfast.support import CsrSupport
from references import boolean_product

PLENTY = 1 << 40
SHAPES = [(1, 1), (7, 5), (0, 4), (4, 0), (300, 90), (2500, 40)]
Array = npt.NDArray[Any]


def random_layer(rng: np.random.Generator, shape: tuple[int, int], dtype: type) -> Any:
    """Return a layer as the kernels take it, and dense; some rows are empty."""
    dense = rng.random(shape) < 0.15
    dense[::5] = False
    matrix = sp.csr_matrix(dense)
    matrix.sort_indices()
    return (*shape, matrix.indptr.astype(dtype), matrix.indices.astype(dtype)), dense


def combined(dense: Array, sketches: Array, pick: Any, nothing: float) -> Array:
    """Combine the sketches of the columns of each row, one row at a time."""
    rows = [
        pick(sketches[row], axis=0) if row.any() else np.full(sketches.shape[1], nothing)
        for row in dense
    ]
    return np.array(rows, sketches.dtype).reshape(len(dense), sketches.shape[1])


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("dtype", [np.int32, np.int64])
@pytest.mark.parametrize("kind", [_core.REGISTERS, _core.SLICED_REGISTERS])
def test_maxima(target: str, kind: int, dtype: type, shape: tuple[int, int]) -> None:
    rng = np.random.default_rng(3)
    layer, dense = random_layer(rng, shape, dtype)
    lanes = sketches.bytes_of(kind)
    given = aligned(shape[1], kind)
    given[:] = rng.integers(0, _core.MOST_RANK + 1, given.shape)
    out = aligned(shape[0], kind)
    _core.sketch_layer(kind, layer, given, out, 2, None)
    expected = combined(dense, given.reshape(-1, lanes), np.max, 0)
    np.testing.assert_array_equal(out.reshape(-1, lanes), expected)
    sums = np.ones(shape[0], np.uint64)
    _core.sketch_sums(kind, layer, given, sums, 2, None)
    for row, total in zip(expected.tolist(), sums.tolist(), strict=True):
        parts = [_core.EMPTY_SHIFT if rank == 0 else _core.MOST_RANK - rank for rank in row]
        assert total == 1 + sum(2**shift for shift in parts)
    assert _core.ran() == {f"sketch_maxima.{np.dtype(dtype).name}": target}


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("dtype", [np.int32, np.int64])
def test_minima(target: str, dtype: type, shape: tuple[int, int]) -> None:
    rng = np.random.default_rng(4)
    layer, dense = random_layer(rng, shape, dtype)
    given = aligned(shape[1], _core.RANKS)
    ranks = given.view(np.float32).reshape(-1, 16)
    ranks[:] = rng.standard_exponential(ranks.shape)
    out = aligned(shape[0], _core.RANKS)
    _core.sketch_layer(_core.RANKS, layer, given, out, 2, None)
    expected = combined(dense, ranks, np.min, 3e38)
    np.testing.assert_array_equal(out.view(np.float32).reshape(-1, 16), expected)
    sums = np.empty(shape[0])
    _core.sketch_sums(_core.RANKS, layer, given, sums, 2, None)
    np.testing.assert_array_equal(sums, [sum(row) for row in expected.astype(float).tolist()])
    assert _core.ran() == {f"sketch_minima.{np.dtype(dtype).name}": target}


def test_columns_hash_to_registers_and_geometric_ranks() -> None:
    n = 200_000
    whole = aligned(n, _core.REGISTERS)
    _core.sketch_columns(_core.REGISTERS, n, 0, 99, whole, 2)
    sketches = whole.reshape(n, 64)
    assert np.all(np.count_nonzero(sketches, axis=1) == 1)
    used = np.count_nonzero(sketches, axis=0)
    assert abs(used - n / 64).max() < 6 * math.sqrt(n / 64)
    ranks = sketches.max(axis=1)
    for rank in range(1, 8):
        share = n * 2.0**-rank
        assert abs(np.count_nonzero(ranks == rank) - share) < 6 * math.sqrt(share)
    part = aligned(n, _core.SLICED_REGISTERS)
    for first in range(0, 64, 16):
        _core.sketch_columns(_core.SLICED_REGISTERS, n, first, 99, part, 1)
        np.testing.assert_array_equal(part.reshape(n, 16), sketches[:, first : first + 16])


def random_chain(rng: np.random.Generator, sizes: list[int], per_row: int) -> list[CsrSupport]:
    """Return random supports in matrix order."""
    chain = []
    for rows, columns in itertools.pairwise(sizes):
        entries = rng.integers(0, columns, rows * per_row)
        matrix = sp.csr_matrix(
            (np.ones(rows * per_row), (np.repeat(np.arange(rows), per_row), entries)),
            shape=(rows, columns),
        )
        matrix.sort_indices()
        chain.append(CsrSupport(matrix.shape, matrix.indptr, matrix.indices))
    return chain


def exact_sizes(chain: list[CsrSupport]) -> Array:
    """Row sizes of the product, by brute force."""
    dense = [
        sp.csr_array((np.ones(s.nnz), s.indices, s.indptr), s.shape).toarray() > 0 for s in chain
    ]
    product = dense[0]
    for factor in dense[1:]:
        product = boolean_product(product, factor)
    return product.sum(axis=1)


def row_sizes(chain: list[CsrSupport], seed: int, threads: int, limit: int, report: Any) -> Array:
    """Sizes of all rows."""
    return sizes_of(RowRegisters(chain, seed, threads, limit).sums(chain[0], report))


def test_slices_and_threads_change_nothing() -> None:
    chain = random_chain(np.random.default_rng(5), [900, 800, 1000, 700], 5)
    whole = row_sizes(chain, 7, 1, PLENTY, None)
    assert sketches.sketch_memory(chain, _core.REGISTERS) > 60_000
    sliced = row_sizes(chain, 7, 1, 60_000, None)
    np.testing.assert_array_equal(whole, sliced)
    np.testing.assert_array_equal(whole, row_sizes(chain, 7, 3, PLENTY, None))
    with pytest.raises(MemoryError, match="16 bytes a node"):
        row_sizes(chain, 7, 1, 10_000, None)


def test_sizes_are_about_right_and_zero_exactly_where_there_is_nothing() -> None:
    rng = np.random.default_rng(6)
    chain = random_chain(rng, [1500, 900, 3000], 40)
    indptr = chain[0].indptr.copy()
    indptr[1:5] = 0  # some empty rows
    chain[0] = CsrSupport(chain[0].shape, indptr, chain[0].indices)
    exact = exact_sizes(chain)
    assert np.all(exact[:4] == 0)
    errors = []
    for seed in range(8):
        sizes = row_sizes(chain, seed, 1, PLENTY, None)
        np.testing.assert_array_equal(sizes == 0, exact == 0)
        errors.append(sizes[exact > 0] / exact[exact > 0] - 1)
    assert np.sqrt(np.mean(np.square(errors))) == pytest.approx(0.13, rel=0.25)
    assert abs(np.mean(errors)) < 0.05


def test_small_sizes_are_not_biased() -> None:
    # one layer times the identity: rows of 1, 2, 3, ... columns
    n = 64
    lower = sp.csr_matrix(np.tri(n))
    eye = sp.csr_matrix(np.eye(n))
    chain = [CsrSupport(m.shape, m.indptr, m.indices) for m in (lower, eye)]
    mean = np.mean([row_sizes(chain, seed, 1, PLENTY, None) for seed in range(3000)], axis=0)
    np.testing.assert_allclose(mean, np.arange(1, n + 1), rtol=0.03)


@pytest.mark.parametrize("size", [10, 64, 170, 600])
def test_the_error_of_drawn_rows(size: int) -> None:
    """Rows of disjoint columns, drawn in proportion to what their sketches say."""
    rows = 3000
    entries = np.arange(rows * size)
    head = CsrSupport((rows, rows * size), np.arange(rows + 1) * size, entries)
    eye = CsrSupport((rows * size,) * 2, np.arange(rows * size + 1), entries)
    sizes = row_sizes([head, eye], 5, 2, PLENTY, None)
    values, weights = size / sizes, sizes / sizes.sum()
    mean = weights @ values
    found = math.sqrt(weights @ (values - mean) ** 2) / mean
    assert found == pytest.approx(registers.error_of_rows(size), rel=0.06)


@pytest.mark.parametrize("dtype", [np.int32, np.int64])
@pytest.mark.parametrize("threads", [1, 3])
def test_count_rows_equals_brute_force(target: str, dtype: type, threads: int) -> None:
    chain = random_chain(np.random.default_rng(8), [60, 50, 70, 40], 3)
    layers = [(*s.shape, s.indptr.astype(dtype), s.indices.astype(dtype)) for s in chain]
    rows = np.array([3, 3, 59, 0, 17])
    counted = _core.count_rows(layers, rows, threads, PLENTY, None)
    np.testing.assert_array_equal(counted, exact_sizes(chain)[rows])
    assert len(_core.count_rows(layers, np.empty(0, np.int64), threads, PLENTY, None)) == 0
    assert target in _core.ran().values()


@pytest.mark.parametrize("starts", [np.int32, np.int64])
@pytest.mark.parametrize("threads", [1, 3])
@pytest.mark.parametrize("count", [24, 25, 200, 536, 600, 1100])
def test_many_rows_at_once(target: str, starts: type, threads: int, count: int) -> None:
    """Rows that meet on their way are counted as bits, 512 at a time, the last ones perhaps not."""
    chain = random_chain(np.random.default_rng(9), [1100, 60, 70, 60, 310], 6)
    layers = [(*s.shape, s.indptr.astype(starts), s.indices.astype(starts)) for s in chain]
    rows = np.random.default_rng(count).permutation(1100)[:count]
    counted = _core.count_rows(layers, rows, threads, PLENTY, None)
    np.testing.assert_array_equal(counted, exact_sizes(chain)[rows])
    bits = f"row_bits.{np.dtype(starts).name}"
    assert (bits in _core.ran()) == (count > 25)
    assert set(_core.ran().values()) == {target}
    # without room for the bits, rows are pushed one by one
    few = _core.count_rows(layers, rows, threads, 60_000, None)
    np.testing.assert_array_equal(few, counted)


@pytest.mark.parametrize("starts", [np.int32, np.int64])
@pytest.mark.parametrize("threads", [1, 3])
@pytest.mark.parametrize("count", [0, 1, 512, 1100])
def test_rows_on_the_way(target: str, starts: type, threads: int, count: int) -> None:
    chain = random_chain(np.random.default_rng(9), [1100, 60, 70, 60, 310], 6)
    layers = [(*s.shape, s.indptr.astype(starts), s.indices.astype(starts)) for s in chain]
    rows = np.random.default_rng(count).integers(0, 1100, count)
    sizes = _core.count_rows_on_the_way(layers, rows, threads, PLENTY, None)
    assert sizes.shape == (len(chain), count)
    np.testing.assert_array_equal(sizes[0], np.diff(chain[0].indptr)[rows])
    for last in range(1, len(chain)):
        np.testing.assert_array_equal(sizes[last], exact_sizes(chain[: last + 1])[rows])
    assert set(_core.ran().values()) == {target}
    with pytest.raises(MemoryError, match="512 rows"):
        _core.count_rows_on_the_way(layers, np.zeros(1, np.int64), threads, 1000, None)


@pytest.mark.parametrize("dtype", [np.int32, np.int64])
@pytest.mark.parametrize("threads", [1, 3])
@pytest.mark.parametrize("power", [3, 8])
def test_rows_of_a_power_with_a_diagonal(
    target: str, dtype: type, threads: int, power: int
) -> None:
    """Nodes within so many steps: passed through once. Two components and a lone node."""
    rng = np.random.default_rng(power)
    dense = np.eye(400, dtype=bool)
    dense[np.arange(298), np.arange(1, 299)] = rng.random(298) < 0.9
    dense[rng.integers(0, 299, 60), rng.integers(0, 299, 60)] = True
    dense[300:399, 300:399] |= rng.random((99, 99)) < 0.02
    matrix = sp.csr_matrix(dense)
    layer = (400, 400, matrix.indptr.astype(dtype), matrix.indices.astype(dtype))
    for columns in (slice(None), slice(None, None, -1)):  # in any order within a row
        order = np.concatenate([np.sort(r)[columns] for r in np.split(layer[3], layer[2][1:-1])])
        layers = [(*layer[:3], order)] * power
        rows = rng.permutation(np.repeat(np.arange(400), 2))[:500]
        _core.clear_ran()
        counted = _core.count_rows(layers, rows, threads, 40_000, None)
        sizes = (np.linalg.matrix_power(dense.astype(float), power) > 0).sum(axis=1)
        np.testing.assert_array_equal(counted, sizes[rows])
        assert set(_core.ran()) == {f"neighbourhoods.{np.dtype(dtype).name}"}
        # with room for bits, too, and the same from copies, which are not recognised
        np.testing.assert_array_equal(
            _core.count_rows(layers, rows, threads, PLENTY, None), counted
        )
        _core.clear_ran()
        copies = [(*layer[:3], order.copy()) for _ in range(power)]
        np.testing.assert_array_equal(
            _core.count_rows(copies, rows, threads, 40_000, None), counted
        )
        assert set(_core.ran()) == {f"push_rows.{np.dtype(dtype).name}"}


def test_more_rows_of_a_power_than_marks(target: str) -> None:
    """Marks have 16 bits: rows from the 65,536th on begin anew."""
    n = 70_000
    matrix = sp.csr_matrix(sp.eye(n) + sp.eye(n, k=1))
    layer = (n, n, matrix.indptr, matrix.indices)
    _core.clear_ran()
    counted = _core.count_rows([layer] * 4, np.arange(n), 1, 2**20, None)
    np.testing.assert_array_equal(counted, np.minimum(5, n - np.arange(n)))
    assert _core.ran() == {"neighbourhoods.int32": target}


def test_a_power_without_a_diagonal_is_pushed() -> None:
    matrix = sp.csr_matrix(np.eye(90) + np.eye(90, k=1))
    matrix[40, 40] = 0
    matrix.eliminate_zeros()
    layer = (90, 90, matrix.indptr, matrix.indices)
    _core.clear_ran()
    counted = _core.count_rows([layer] * 3, np.arange(90), 1, 10_000, None)
    np.testing.assert_array_equal(counted, np.diff((matrix @ matrix @ matrix).indptr))
    assert set(_core.ran()) == {"push_rows.int32"}


def test_rows_of_equal_and_of_no_columns(target: str) -> None:
    """Every bit of a batch, more nodes than a byte counts, and rows that die out."""
    rows, columns = 900, 700
    ends = np.zeros((columns, columns), bool)
    ends[0] = True  # column 0 of the first layers leads everywhere, the others nowhere
    head = np.ones((rows, columns), bool)
    head[::3, 0] = False
    dense = [head, np.eye(columns, dtype=bool), ends]
    layers = []
    for matrix in map(sp.csr_matrix, dense):
        layers.append((*matrix.shape, matrix.indptr, matrix.indices))
    counted = _core.count_rows(layers, np.arange(rows), 2, PLENTY, None)
    np.testing.assert_array_equal(counted, np.where(head[:, 0], columns, 0))
    assert _core.ran()["row_bits.int32"] == target


def test_wrong_arrays_are_refused() -> None:
    layer = (2, 3, np.array([0, 1, 2]), np.array([0, 2]))
    room = aligned(3, _core.REGISTERS)
    with pytest.raises(ValueError, match="out must hold 3 sketches"):
        _core.sketch_columns(_core.REGISTERS, 3, 0, 1, room[:64], 1)
    with pytest.raises(ValueError, match="boundary of 64 bytes"):
        _core.sketch_layer(_core.REGISTERS, layer, aligned(4, _core.REGISTERS)[1:], room, 1, None)
    with pytest.raises(ValueError, match="one entry a row"):
        _core.sketch_sums(_core.REGISTERS, layer, room, np.zeros(2), 1, None)
    with pytest.raises(ValueError, match="rows must be rows"):
        _core.count_rows([layer, (3, 3, *layer[2:])], np.array([2]), 1, PLENTY, None)
    with pytest.raises(ValueError, match="at least two"):
        _core.count_rows([layer], np.array([1]), 1, PLENTY, None)
    for count in (_core.count_rows, _core.count_rows_on_the_way):
        with pytest.raises(ValueError, match="layers must chain"):
            count([layer, layer], np.array([1]), 1, PLENTY, None)
