"""Sparse: what is borrowed, what is copied, what is refused."""

from __future__ import annotations

import warnings

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import sparse

from cheapfast import chain
from cheapfast.layers import Sparse, layer_from_state
from cheapfast.support import CsrSupport, EmptySupport, KroneckerSupport
from strategies import weights

FORMATS = ("csr", "csc", "coo", "bsr", "dia", "lil", "dok")


def example():
    return sparse.csr_array(np.array([[0.0, 1.0, 2.0], [3.0, 0.0, 0.0]]))


@pytest.mark.parametrize("index", [np.int32, np.int64])
def test_canonical_csr_is_borrowed(index):
    matrix = example()
    matrix.indices, matrix.indptr = matrix.indices.astype(index), matrix.indptr.astype(index)
    layer = Sparse(matrix)
    for mine, theirs in (
        (layer.support.indices, matrix.indices),
        (layer.support.indptr, matrix.indptr),
        (layer.state()["data"], matrix.data),
    ):
        assert np.shares_memory(mine, theirs)
        assert not mine.flags.writeable
        assert theirs.flags.writeable
    assert layer.support.indices.dtype == index
    assert layer.apply(np.ones((3, 1))).ravel().tolist() == [3.0, 3.0]


@pytest.mark.parametrize("kind", ["array", "matrix"])
@pytest.mark.parametrize("fmt", FORMATS)
def test_every_format(kind, fmt):
    dense = np.array([[0.0, 1.0, 2.0, 0.0], [3.0, 0.0, 0.0, 4.0]])
    layer = Sparse(getattr(sparse, f"{fmt}_{kind}")(dense))
    np.testing.assert_array_equal(layer.to_csr().toarray(), dense)


@pytest.mark.parametrize("make", [np.array, np.asmatrix, list], ids=["array", "matrix", "list"])
def test_dense_input(make):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", PendingDeprecationWarning)
        given_matrix = make([[0.0, 1.0], [2.0, 0.0], [0.0, 0.0]])
    layer = Sparse(given_matrix)
    assert layer.shape == (3, 2)
    assert layer.synapses == 2


def messy():
    """Duplicates, unsorted columns, an explicit zero, duplicates that cancel."""
    data = np.array([1.0, 2.0, 5.0, 0.0, 3.0, -3.0, 4.0])
    indices = np.array([2, 0, 2, 1, 1, 1, 0], dtype=np.int32)
    indptr = np.array([0, 4, 7], dtype=np.int32)
    matrix = sparse.csr_array((2, 3))
    matrix.data, matrix.indices, matrix.indptr = data, indices, indptr
    return matrix


@pytest.mark.parametrize("index", [np.int32, np.int64])
def test_messy_csr_becomes_canonical(index):
    matrix = messy()
    matrix.indices, matrix.indptr = matrix.indices.astype(index), matrix.indptr.astype(index)
    layer = Sparse(matrix)
    np.testing.assert_array_equal(layer.to_csr().toarray(), [[2.0, 0.0, 6.0], [4.0, 0.0, 0.0]])
    assert layer.synapses == layer.support.nnz == 3


@pytest.mark.parametrize("indices", [(2, 1, 0), (1, 2, 2), (0, 0, 0)], ids=str)
def test_unsorted_and_duplicate_columns_without_zeros(indices):
    matrix = by_hand(shape=(1, 3), indptr=(0, 3), indices=indices)
    expected = np.zeros((1, 3))
    np.add.at(expected[0], list(indices), [1.0, 2.0, 3.0])
    layer = Sparse(matrix)
    np.testing.assert_array_equal(layer.to_csr().toarray(), expected)
    written = layer.support.to_csr()
    assert written.indices.tolist() == sorted(set(indices))


def test_messy_csr_is_not_modified():
    matrix, untouched = messy(), messy()
    Sparse(matrix)
    for name in ("data", "indices", "indptr"):
        np.testing.assert_array_equal(getattr(matrix, name), getattr(untouched, name))


def test_explicit_zeros_of_canonical_csr_are_dropped():
    matrix = example()
    matrix.data[0] = 0.0
    assert Sparse(matrix).synapses == 2
    assert matrix.nnz == 3


def test_a_flag_that_lies_is_not_believed():
    matrix = messy()
    matrix.has_sorted_indices = True
    matrix.has_canonical_format = True
    assert Sparse(matrix).synapses == 3


@pytest.mark.parametrize("fmt", ["csr", "csc", "coo", "bsr"])
def test_duplicates_of_small_integers_do_not_wrap(fmt):
    data = np.array([100, 100, 56], dtype=np.int8)  # their sum is 256, which is 0 as int8
    indices, indptr = np.zeros(3, dtype=int), np.array([0, 3])
    parts = {
        "coo": (data, (indices, indices)),
        "bsr": (data.reshape(3, 1, 1), indices, indptr),
    }.get(fmt, (data, indices, indptr))
    matrix = getattr(sparse, f"{fmt}_array")(parts, shape=(1, 1))
    assert Sparse(matrix).to_csr().toarray() == [[256.0]]
    assert matrix.data.size == 3  # not modified


def test_spare_room_behind_the_indices_is_ignored():
    matrix = example()
    matrix.indices = np.append(matrix.indices, [77, 77]).astype(np.int32)
    matrix.data = np.append(matrix.data, [np.nan, 5.0])
    layer = Sparse(matrix)
    assert layer.synapses == 3
    np.testing.assert_array_equal(layer.to_csr().toarray(), example().toarray())


@given(st.tuples(st.integers(0, 6), st.integers(0, 6)).flatmap(lambda s: weights(s, zeros=True)))
def test_drawn_matrices(dense):
    layer = Sparse(dense)
    np.testing.assert_array_equal(layer.to_csr().toarray(), dense)
    assert layer.synapses == layer.support.nnz == np.count_nonzero(dense)
    np.testing.assert_array_equal(layer.H.to_csr().toarray(), dense.conj().T)


def test_simplest_support():
    assert Sparse(np.ones((2, 3))).support == KroneckerSupport.dense(2, 3)
    assert Sparse(np.diag([1.0, 2.0, 3.0])).support == KroneckerSupport.identity(3)
    assert Sparse(np.zeros((2, 3))).support == EmptySupport((2, 3))
    assert Sparse(np.zeros((0, 3))).support == EmptySupport((0, 3))
    assert isinstance(Sparse(example()).support, CsrSupport)
    holed = Sparse(np.diag([1.0, 0.0, 3.0]))  # a diagonal with a hole is not the identity
    assert isinstance(holed.support, CsrSupport)
    assert isinstance(Sparse(np.eye(2, 3)).support, CsrSupport)


@pytest.mark.parametrize(
    ("dtype", "expected"),
    [
        ("bool", "float64"),
        ("int8", "float64"),
        ("uint64", "float64"),
        (">f8", "float64"),
        (">c8", "complex64"),
        ("float32", "float32"),
    ],
)
def test_promoted_dtypes(dtype, expected):
    dense = np.array([[0, 1], [1, 0]]).astype(dtype)
    assert Sparse(dense).dtype == expected
    matrix = sparse.csr_array(dense.astype(np.dtype(dtype).newbyteorder("=")))
    layer = Sparse(matrix)
    assert layer.dtype == expected
    np.testing.assert_array_equal(layer.to_csr().toarray(), [[0, 1], [1, 0]])


def test_float16_becomes_float32():
    assert Sparse(np.eye(2, dtype=np.float16)).dtype == np.float32


@pytest.mark.parametrize("dtype", ["longdouble", "clongdouble", "O", "U3", "M8[s]"])
def test_refused_dtypes(dtype):
    with pytest.raises(TypeError, match="matrix must be one of float32"):
        Sparse(np.zeros((2, 2), dtype=dtype))


def test_refused_longdouble_sparse():
    with pytest.raises(TypeError, match="matrix must be one of"):
        Sparse(sparse.csr_array(np.eye(2, dtype=np.longdouble)))


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf, complex(0, np.nan)])
@pytest.mark.parametrize("make", [np.array, sparse.csr_array], ids=["dense", "sparse"])
def test_non_finite_weights_warn_once_and_count(value, make):
    dense = np.array([[value, 0.0], [0.0, value]])
    with pytest.warns(UserWarning, match="matrix holds 2 NaN or infinite") as caught:
        layer = Sparse(make(dense))
    assert len(caught) == 1
    assert caught[0].filename == __file__
    assert layer.synapses == 2


def by_hand(shape=(2, 3), indptr=(0, 2, 3), indices=(1, 2, 0), data=(1.0, 2.0, 3.0), index="i4"):
    matrix = sparse.csr_array(shape)
    matrix.indptr = np.array(indptr, dtype=index)
    matrix.indices = np.array(indices, dtype=index)
    matrix.data = np.array(data)
    return matrix


@pytest.mark.parametrize("index", ["i4", "i8"])
@pytest.mark.parametrize(
    "wrong",
    [
        {"indices": (1, 2, -1)},
        {"indices": (1, 3, 0)},
        {"indices": (1, 2**31 - 1, 0)},
        {"indptr": (0, 3, 2)},
        {"indptr": (0, 2, 4)},
        {"indptr": (1, 2, 3)},
        {"indptr": (0, 2)},
        {"indptr": (0, 2, 3, 3)},
        {"indptr": (0, -1, 3)},
        {"data": (1.0, 2.0)},
    ],
    ids=str,
)
def test_invalid_csr(wrong, index):
    with pytest.raises(ValueError, match="matrix"):
        Sparse(by_hand(**wrong, index=index))


@pytest.mark.parametrize("index", ["u4", "i2", "u8"])
def test_unusual_index_types(index):
    layer = Sparse(by_hand(index=index))
    np.testing.assert_array_equal(layer.to_csr().toarray(), [[0, 1, 2], [3, 0, 0]])


def test_index_arrays_of_two_types():
    matrix = by_hand()
    matrix.indptr = matrix.indptr.astype(np.int64)
    np.testing.assert_array_equal(Sparse(matrix).to_csr().toarray(), [[0, 1, 2], [3, 0, 0]])


def test_strided_arrays():
    matrix = by_hand()
    for name in ("indptr", "indices", "data"):
        setattr(matrix, name, np.repeat(getattr(matrix, name), 2)[::2])
    np.testing.assert_array_equal(Sparse(matrix).to_csr().toarray(), [[0, 1, 2], [3, 0, 0]])


@pytest.mark.parametrize("fmt", ["csc", "bsr", "coo"])
@pytest.mark.parametrize("index", [-1, 99])
def test_invalid_indices_of_other_formats(fmt, index):
    matrix = sparse.csr_array(np.ones((4, 4))).asformat(fmt)
    if fmt == "coo":
        matrix.row[3] = index
    else:
        matrix.indices[-1] = index
    with pytest.raises(ValueError, match="matrix"):
        Sparse(matrix)


@pytest.mark.parametrize("fmt", ["csr", "csc", "bsr", "coo", "dia"])
def test_fewer_values_than_indices(fmt):
    matrix = sparse.csr_array(np.ones((4, 4))).asformat(fmt)
    matrix.data = matrix.data[:-1].copy()
    with pytest.raises(ValueError, match=r"matrix must have a value for each of its \d+ indices"):
        Sparse(matrix)


def test_fewer_rows_than_columns_of_coo():
    matrix = sparse.coo_array(np.ones((4, 4)))
    matrix.row = matrix.row[:-1].copy()
    with pytest.raises(ValueError, match="matrix must have a value for each of its 16 indices"):
        Sparse(matrix)


@pytest.mark.parametrize("value", [np.ones(3), np.ones((2, 2, 2)), 3.0])
def test_wrong_number_of_dimensions(value):
    with pytest.raises(ValueError, match="matrix must have 2 dimensions"):
        Sparse(value)


def test_ragged_list():
    with pytest.raises(ValueError, match="rectangular"):
        Sparse([[1.0, 2.0], [3.0]])


def test_the_type_of_the_indices_does_not_matter_for_equality():
    wide = example()
    wide.indices, wide.indptr = wide.indices.astype(np.int64), wide.indptr.astype(np.int64)
    assert Sparse(wide) == Sparse(example())
    assert hash(Sparse(wide)) == hash(Sparse(example()))
    assert Sparse(example().astype(np.float32)) != Sparse(example())


def test_a_saved_state_is_checked():
    state = Sparse(example()).state()
    with pytest.raises(ValueError, match="matrix"):
        layer_from_state("sparse", {**state, "indices": state["indices"] + 1})


def test_adjoint_of_a_layer_with_nan():
    with pytest.warns(UserWarning, match="NaN"):
        layer = Sparse(np.array([[np.nan]]))
    assert layer == layer.astype("float64")


def test_more_rows_than_memory_are_refused_before_they_are_allocated():
    matrix = sparse.coo_array(([1.0], ([5], [7])), shape=(10**14, 10**14))
    with pytest.raises(MemoryError, match=r"matrix in CSR format needs 800,000,000,000,\d+ bytes"):
        Sparse(matrix)
    with pytest.raises(MemoryError, match=r"matrices\[1\]: a 100000000000000 x"):
        chain(sparse.coo_array((2, 10**14)), matrix)


def test_a_lil_matrix_with_a_value_missing_is_refused() -> None:
    matrix = sparse.lil_array(np.eye(3))
    matrix.rows[0] = [0, 1]  # SciPy would read past the values
    with pytest.raises(ValueError, match="a value for each index in each of its rows"):
        Sparse(matrix)
