"""Permutation: by indices and of digits."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import references
from cheapfast.layers import Permutation, layer_from_state
from cheapfast.support import DigitPermutation, KroneckerSupport


@given(st.permutations(range(7)))
def test_output_i_is_input_indices_i(indices):
    x = np.arange(10.0, 17.0)[:, None]
    layer = Permutation(indices)
    np.testing.assert_array_equal(layer.apply(x), x[indices])
    np.testing.assert_array_equal(layer.T.apply(layer.apply(x)), x)
    np.testing.assert_array_equal(layer.to_csr().toarray(), references.permutation_matrix(indices))


@given(st.lists(st.integers(1, 5), max_size=4))
def test_digit_reversal(radices):
    layer = Permutation.digit_reversal(radices)
    n = int(np.prod(radices, dtype=int))
    x = np.arange(n)
    axes = range(len(radices) - 1, -1, -1)
    expected = x.reshape(radices[::-1]).transpose(axes).ravel()
    np.testing.assert_array_equal(layer.indices(), expected)
    np.testing.assert_array_equal(expected, references.digit_reversal(radices))
    assert Permutation.digit_reversal(radices[::-1]) == layer.T
    assert layer.synapses == n


def test_bit_reversal_of_2_to_the_60_takes_no_memory():
    layer = Permutation.digit_reversal((2,) * 60)
    assert layer.shape == (2**60, 2**60)
    assert layer == layer.T
    assert isinstance(layer.permutation, DigitPermutation)
    twin = layer_from_state(layer.kind, layer.state())
    assert twin == layer
    with pytest.raises(MemoryError, match=r"[\d,]+ bytes.*symbolic"):
        layer.indices()


def test_identity_has_a_diagonal_support():
    assert Permutation(range(4)).support == KroneckerSupport.identity(4)
    assert Permutation.digit_reversal((7,)).support == KroneckerSupport.identity(7)
    assert Permutation([]).support.nnz == 0
    assert Permutation([]).shape == (0, 0)


def test_indices_are_copied():
    indices = np.array([1, 0])
    layer = Permutation(indices)
    indices[:] = 7
    assert layer.indices().tolist() == [1, 0]
    with pytest.raises(ValueError, match="read-only"):
        layer.indices()[0] = 0


def test_does_not_widen_the_result():
    x = np.ones((2, 1), dtype=np.float32)
    assert Permutation([1, 0]).apply(x).dtype == np.float32
    assert Permutation([1, 0], dtype=np.complex64).apply(x).dtype == np.complex64


@pytest.mark.parametrize(
    ("indices", "error"),
    [
        ([0, 0], ValueError),
        ([1, 2], ValueError),
        ([-1, 0], ValueError),
        ([[0, 1]], ValueError),
        ([0.0, 1.0], TypeError),
        ([True, False], TypeError),
        (np.array([2**63, 0], dtype=np.uint64), ValueError),
    ],
    ids=str,
)
def test_no_permutation(indices, error):
    with pytest.raises(error, match="indices must"):
        Permutation(indices)


@pytest.mark.parametrize("radices", [(2, 0), (2, -1), (2, 1.5), "22"], ids=str)
def test_wrong_radices(radices):
    with pytest.raises((TypeError, ValueError), match="radices must"):
        Permutation.digit_reversal(radices)


def test_wrong_dtype():
    with pytest.raises(TypeError, match="dtype must be"):
        Permutation([0], dtype="longdouble")


def test_a_saved_state_is_checked():
    with pytest.raises(ValueError, match="axes must order 2 digits"):
        layer_from_state("permutation", {"dtype": "float32", "radices": (2, 2), "axes": (0, 0)})
