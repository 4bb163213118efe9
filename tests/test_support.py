"""The algebra of supports is exact: compared with boolean products of dense matrices."""

from __future__ import annotations

import copy
import itertools
import math
import pickle

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from scipy import sparse

import references
from cheapfast.support import (
    Box,
    ConvolutionSupport,
    CsrSupport,
    DigitPermutation,
    DirectSumSupport,
    EmptySupport,
    Identity,
    IndexPermutation,
    KroneckerSupport,
    Ones,
    PermutedSupport,
    compose,
    compose_permutations,
    convolution_support,
    permuted,
)
from strategies import divisors


def dense(support):
    """The pattern as a dense boolean array, by way of to_csr; checks that it is canonical."""
    written = support.to_csr()
    assert written.shape == support.shape
    assert written.indices.dtype == written.indptr.dtype
    for first, last in itertools.pairwise(written.indptr):
        assert np.all(np.diff(written.indices[first:last]) > 0)
    pattern = references.csr_pattern(written.shape, written.indptr, written.indices)
    assert written.nnz == support.nnz == pattern.sum()
    assert support.every_row_occupied == pattern.any(axis=1).all()
    assert support.every_column_occupied == pattern.any(axis=0).all()
    assert support.is_full == pattern.all()
    return pattern


def check_compose(left, right):
    """Compose, compare with the dense product, and return the result."""
    product = compose(left, right)
    if product is not None:
        expected = references.boolean_product(dense(left), dense(right))
        np.testing.assert_array_equal(dense(product), expected)
    return product


# -- strategies

PIECES = st.one_of(
    st.builds(Identity, st.integers(1, 4)),
    st.builds(Ones, st.integers(1, 3), st.integers(1, 3)),
)


def rows_of(pieces):
    return math.prod(piece[0] for piece in pieces)


def columns_of(pieces):
    return math.prod(piece[-1] for piece in pieces)


@st.composite
def pieces_with_columns(draw, columns):
    """Pieces whose columns multiply to a given number, refined in a random order."""
    pieces, rest = [], columns
    while rest > 1:
        part = draw(st.sampled_from(divisors(rest)[1:]))
        rest //= part
        rows = draw(st.sampled_from([0, 0, 1, 2, 3]))
        pieces.append(Ones(rows, part) if rows else Identity(part))
        if draw(st.integers(0, 4)) == 0:
            pieces.append(Ones(draw(st.integers(1, 2)), 1))
    return pieces


@st.composite
def kronecker_chains(draw, max_length=4, max_side=300):
    """Kronecker supports in data-flow order that fit together."""
    first = draw(
        st.lists(PIECES, max_size=4).filter(lambda p: rows_of(p) <= 72 and columns_of(p) <= 72)
    )
    chain = [KroneckerSupport(first)]
    for _ in range(draw(st.integers(1, max_length - 1))):
        pieces = draw(pieces_with_columns(chain[-1].shape[0]))
        assume(rows_of(pieces) <= max_side)
        chain.append(KroneckerSupport(pieces))
    return chain


@st.composite
def digit_permutations(draw, size):
    if size == 0:
        return DigitPermutation((0,), (0,))
    radices, rest = [], size
    while rest > 1:
        radices.append(draw(st.sampled_from(divisors(rest)[1:])))
        rest //= radices[-1]
    return DigitPermutation(radices, draw(st.permutations(range(len(radices)))))


@st.composite
def index_permutations(draw, size):
    return IndexPermutation(np.array(draw(st.permutations(range(size))), dtype=np.intp))


def permutations(size):
    return st.one_of(digit_permutations(size), index_permutations(size))


@st.composite
def csr_supports(draw, rows, columns):
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    matrix = sparse.csr_array(rng.random((rows, columns)) < draw(st.floats(0, 1)))
    matrix.sort_indices()
    dtype = draw(st.sampled_from([np.int32, np.int64]))
    return CsrSupport((rows, columns), matrix.indptr.astype(dtype), matrix.indices.astype(dtype))


@st.composite
def toeplitz(draw, in_shape, box=None):
    """A zero-padded convolution on a given input grid, not necessarily in a named mode."""
    out_shape = tuple(draw(st.integers(1, 6)) for _ in in_shape)
    if draw(st.booleans()) if box is None else box:
        low = tuple(draw(st.integers(-n, m)) for n, m in zip(in_shape, out_shape, strict=True))
        high = tuple(start + draw(st.integers(1, 4)) for start in low)
        return convolution_support(Box(low, high), in_shape, out_shape, circular=False)
    axes = [st.integers(-n, m) for n, m in zip(in_shape, out_shape, strict=True)]
    offsets = draw(st.frozensets(st.tuples(*axes), max_size=4))
    return convolution_support(offsets, in_shape, out_shape, circular=False)


@st.composite
def circulants(draw, shape):
    if draw(st.booleans()):
        low = tuple(draw(st.integers(-2 * n, 2 * n)) for n in shape)
        box = Box(low, tuple(start + draw(st.integers(1, 4)) for start in low))
        return convolution_support(box, shape, shape, circular=True)
    offsets = draw(st.frozensets(st.tuples(*[st.integers(-9, 9) for _ in shape]), max_size=4))
    return convolution_support(offsets, shape, shape, circular=True)


@st.composite
def supports(draw, columns, nested=True):
    """Any kind of support with a given number of columns, at least 1."""
    kinds = [
        pieces_with_columns(columns).filter(lambda p: rows_of(p) <= 60).map(KroneckerSupport),
        st.integers(0, 12).flatmap(lambda rows: csr_supports(rows, columns)),
        st.integers(0, 12).map(lambda rows: EmptySupport((rows, columns))),
        permutations(columns).map(lambda p: permuted(KroneckerSupport.identity(columns), None, p)),
    ]
    first = draw(st.sampled_from(divisors(columns)))
    for grid in {(columns,), (first, columns // first)}:
        kinds += [toeplitz(grid), circulants(grid)]
    if nested:
        kinds.append(
            supports(columns, nested=False).flatmap(
                lambda core: st.tuples(permutations(core.shape[0]), permutations(columns)).map(
                    lambda both: permuted(core, *both)
                )
            )
        )
        if columns > 1:
            split = draw(st.integers(1, columns - 1))
            kinds.append(
                st.tuples(
                    supports(split, nested=False), supports(columns - split, nested=False)
                ).map(DirectSumSupport)
            )
    return draw(st.one_of(kinds))


# -- Kronecker


@given(st.lists(PIECES, max_size=5).filter(lambda p: max(rows_of(p), columns_of(p)) <= 300))
def test_kronecker_pattern_equals_numpy_kron(pieces):
    support = KroneckerSupport(pieces)
    np.testing.assert_array_equal(dense(support), references.kronecker_pattern(pieces))
    np.testing.assert_array_equal(dense(support.T), references.kronecker_pattern(pieces).T)


@given(st.lists(PIECES, max_size=6))
def test_kronecker_pieces_are_canonical(pieces):
    canonical = KroneckerSupport(pieces).pieces
    assert all(type(a) is not type(b) for a, b in itertools.pairwise(canonical))
    assert all(max(piece) > 1 for piece in canonical)


@settings(max_examples=400)
@given(kronecker_chains())
def test_kronecker_products_are_exact(chain):
    product, expected = chain[0], dense(chain[0])
    for support in chain[1:]:
        product = compose(support, product)
        if product is None:
            return
        expected = references.boolean_product(dense(support), expected)
        np.testing.assert_array_equal(dense(product), expected)


@given(st.data())
def test_kronecker_products_exist_on_a_common_refinement(data):
    # Digits of 2 throughout: the boundaries always form a divisibility chain.
    digits = data.draw(st.integers(0, 6))

    def draw_pieces():
        choices = data.draw(st.lists(st.booleans(), min_size=digits, max_size=digits))
        return KroneckerSupport([Identity(2) if one else Ones(2, 2) for one in choices])

    assert check_compose(draw_pieces(), draw_pieces()) is not None


def test_not_chainable_but_dense():
    product = check_compose(
        KroneckerSupport.pattern(2, 2, 2, 1), KroneckerSupport.pattern(1, 2, 2, 2)
    )
    assert product == KroneckerSupport.dense(4, 4)
    assert product.nnz == 16


def test_no_common_refinement():
    left = KroneckerSupport([Identity(2), Ones(3, 3)])
    right = KroneckerSupport([Ones(3, 3), Identity(2)])
    assert compose(left, right) is None


@pytest.mark.parametrize(("m", "n", "k"), list(itertools.product([0, 1, 2, 5], repeat=3)))
def test_every_size_of_dense_products(m, n, k):
    product = check_compose(KroneckerSupport.dense(m, n), KroneckerSupport.dense(n, k))
    assert product.nnz == (m * k if n else 0)


@pytest.mark.parametrize(("a", "b", "c", "d"), list(itertools.product([0, 1, 2], repeat=4)))
def test_patterns_with_empty_sizes(a, b, c, d):
    support = KroneckerSupport.pattern(a, b, c, d)
    assert support.shape == (a * b * d, a * c * d)
    assert support.nnz == a * b * c * d
    dense(support)


def test_hadamard_of_2_to_the_60_is_counted_by_two_pieces_a_product():
    product = KroneckerSupport.identity(2**60)
    for k in range(60):
        product = compose(KroneckerSupport.pattern(2 ** (59 - k), 2, 2, 2**k), product)
        assert len(product.pieces) <= 2  # what a product costs grows with the pieces
    assert product == KroneckerSupport.dense(2**60, 2**60)
    assert product.nnz == 2**120


def test_kronecker_too_large_to_write_out():
    with pytest.raises(MemoryError, match=r"bytes.*symbolic"):
        KroneckerSupport.dense(2**60, 2**60).to_csr()


# -- permutations


@given(
    st.integers(1, 64).flatmap(lambda n: st.tuples(digit_permutations(n), digit_permutations(n)))
)
def test_digit_permutations_compose(both):
    outer, inner = both
    np.testing.assert_array_equal(np.sort(outer.indices()), np.arange(outer.size))
    product = compose_permutations(outer, inner)
    expected = inner.indices()[outer.indices()]
    if product is not None:
        np.testing.assert_array_equal(product.indices(), expected)
        assert product.is_identity == np.array_equal(expected, np.arange(len(expected)))
    for one in both:
        assert compose_permutations(one.inverse, one).is_identity
        assert compose_permutations(one, one.inverse).is_identity
        np.testing.assert_array_equal(one.inverse.indices(), np.argsort(one.indices()))


@given(st.lists(st.integers(1, 4), max_size=5), st.randoms())
def test_digit_permutation_is_reshape_and_transpose(radices, random):
    axes = list(range(len(radices)))
    random.shuffle(axes)
    grid = np.arange(math.prod(radices)).reshape(radices)
    expected = grid.transpose(axes).ravel()
    permutation = DigitPermutation(radices, axes)
    np.testing.assert_array_equal(permutation.indices(), expected)
    assert permutation.is_identity == np.array_equal(expected, np.arange(len(expected)))


@given(st.lists(st.integers(1, 4), max_size=5))
def test_digit_reversal(radices):
    reversal = DigitPermutation.reversal(radices)
    np.testing.assert_array_equal(reversal.indices(), references.digit_reversal(radices))
    assert reversal.inverse == DigitPermutation.reversal(radices[::-1])


@given(st.integers(1, 30).flatmap(permutations))
def test_permutation_matrix(permutation):
    support = permuted(KroneckerSupport.identity(permutation.size), None, permutation)
    expected = references.permutation_matrix(permutation.indices()) != 0
    np.testing.assert_array_equal(dense(support), expected)
    np.testing.assert_array_equal(dense(support.T), expected.T)


@given(st.data())
def test_permuted_pattern_is_the_product_of_its_factors(data):
    core = data.draw(st.integers(1, 24).flatmap(lambda n: supports(n, nested=False)))
    rows = data.draw(permutations(core.shape[0]))
    columns = data.draw(permutations(core.shape[1]))
    expected = dense(core)[rows.indices()]
    expected = expected[:, np.argsort(columns.indices())]
    for support in (PermutedSupport(core, rows, columns), permuted(core, rows, columns)):
        np.testing.assert_array_equal(dense(support), expected)
        np.testing.assert_array_equal(dense(support.T), expected.T)


def test_fourier_with_reordering_of_2_to_the_60():
    reversal = DigitPermutation.reversal((2,) * 60)
    reorder = permuted(KroneckerSupport.identity(2**60), None, reversal)
    product = reorder
    for k in range(60):
        product = compose(KroneckerSupport.pattern(2 ** (59 - k), 2, 2, 2**k), product)
        assert product.nnz == 2 ** (61 + k)
    assert product == KroneckerSupport.dense(2**60, 2**60)
    assert compose(reorder.T, reorder) == KroneckerSupport.identity(2**60)


def test_conjugated_pattern_is_a_pattern():
    # Monarch: a permuted block diagonal between its permutation and the inverse.
    transpose = DigitPermutation((4, 8), (1, 0))
    shuffle = permuted(KroneckerSupport.identity(32), None, transpose)
    blocks = KroneckerSupport.pattern(8, 4, 4, 1)
    product = check_compose(check_compose(shuffle.T, blocks), shuffle)
    assert product == KroneckerSupport.pattern(1, 4, 4, 8)


@st.composite
def digitwise(draw, digits, max_rows=3):
    """A Kronecker support with one piece for each digit of its columns."""
    rows = [draw(st.integers(0, max_rows)) for _ in digits]
    return KroneckerSupport(
        [Ones(b, digit) if b else Identity(digit) for b, digit in zip(rows, digits, strict=True)]
    )


@settings(max_examples=400)
@given(st.data())
def test_permutations_move_past_kronecker_factors(data):
    digits = data.draw(st.lists(st.sampled_from([2, 3]), min_size=2, max_size=4))
    axes = data.draw(st.permutations(range(len(digits))))
    moved = [digits[axis] for axis in axes]
    shuffle = permuted(
        KroneckerSupport.identity(math.prod(digits)), None, DigitPermutation(digits, axes)
    )
    # right . digits on its rows, shuffled, then left on the shuffled digits
    left = data.draw(digitwise(moved))
    right = data.draw(digitwise(digits)).T
    shuffled_first = check_compose(left, check_compose(shuffle, right))
    shuffled_last = check_compose(check_compose(left, shuffle), right)
    assert shuffled_first is not None
    assert shuffled_last is not None
    np.testing.assert_array_equal(dense(shuffled_first), dense(shuffled_last))
    # A factor that need not split at those digits
    other = KroneckerSupport(data.draw(pieces_with_columns(math.prod(digits)))).T
    for product in (compose(left, shuffle), compose(shuffle, left.T)):
        if product is not None and product.shape[1] == other.shape[0]:
            check_compose(product, other)


def test_permutation_moves_to_the_left_where_the_right_factor_does_not_split():
    # The full block of 12 does not see an order of its digits 2, 3, 2; the 5 stays where it is.
    left = KroneckerSupport([Ones(12, 12), Identity(5)])
    right = KroneckerSupport([Ones(3, 3), Identity(20)])
    shuffle = DigitPermutation((4, 3, 5), (1, 0, 2))
    product = check_compose(permuted(left, None, shuffle), right)
    assert product is not None
    assert product.nnz == 12 * 12 * 5


def test_rotated_digits_move_to_the_left():
    left = KroneckerSupport([Identity(2), Ones(12, 12)])
    right = KroneckerSupport([Identity(2), Ones(3, 3), Identity(4)])
    for axes in itertools.permutations(range(4)):
        radices = (2, 2, 3, 2)
        shuffled = permuted(left, None, DigitPermutation(radices, axes))
        check_compose(shuffled, right)


def test_diagonal_between_explicit_permutations_cancels():
    indices = IndexPermutation(np.array([2, 0, 1]))
    identity = KroneckerSupport.identity(3)
    forward, backward = permuted(identity, None, indices), permuted(identity, None, indices.inverse)
    assert compose(backward, forward) == identity


# -- convolutions


@given(st.data())
def test_toeplitz_pattern(data):
    in_shape = data.draw(st.sampled_from([(1,), (5,), (9,), (1, 1), (3, 4), (2, 3, 2)]))
    support = data.draw(toeplitz(in_shape))
    if isinstance(support, ConvolutionSupport):
        expected = np.zeros(support.shape, dtype=bool)
        for i, j in itertools.product(
            np.ndindex(*support.out_shape), np.ndindex(*support.in_shape)
        ):
            if tuple(a - b for a, b in zip(i, j, strict=True)) in support.offsets:
                row = np.ravel_multi_index(i, support.out_shape)
                expected[row, np.ravel_multi_index(j, support.in_shape)] = True
        np.testing.assert_array_equal(dense(support), expected)
        np.testing.assert_array_equal(dense(support.T), expected.T)


@given(st.data())
def test_circulant_pattern(data):
    shape = data.draw(st.sampled_from([(1,), (5,), (8,), (3, 4), (2, 3, 2)]))
    support = data.draw(circulants(shape))
    if isinstance(support, ConvolutionSupport):
        expected = np.zeros(support.shape, dtype=bool)
        for j in np.ndindex(*shape):
            for offset in support.offsets:
                i = [(a + b) % n for a, b, n in zip(j, offset, shape, strict=True)]
                expected[np.ravel_multi_index(i, shape), np.ravel_multi_index(j, shape)] = True
        np.testing.assert_array_equal(dense(support), expected)
        np.testing.assert_array_equal(dense(support.T), expected.T)


@settings(max_examples=400)
@given(st.data())
def test_toeplitz_products_are_exact(data):
    in_shape = data.draw(st.sampled_from([(1,), (5,), (9,), (3, 4)]))
    right = data.draw(toeplitz(in_shape))
    middle = right.out_shape if isinstance(right, ConvolutionSupport) else (right.shape[0],)
    check_compose(data.draw(toeplitz(middle)), right)


@given(st.data())
def test_circulant_products_are_always_known(data):
    shape = data.draw(st.sampled_from([(1,), (5,), (12,), (3, 4), (2, 3, 2)]))
    left, right = data.draw(circulants(shape)), data.draw(circulants(shape))
    assert check_compose(left, right) is not None


@given(
    st.integers(1, 12),
    st.integers(-12, 12),
    st.integers(1, 9),
    st.integers(-12, 12),
    st.integers(1, 9),
)
def test_bands_compose_where_nothing_is_empty(n, low1, width1, low2, width2):
    one = convolution_support(Box((low1,), (low1 + width1,)), (n,), (n,), circular=False)
    two = convolution_support(Box((low2,), (low2 + width2,)), (n,), (n,), circular=False)
    product = check_compose(two, one)
    if dense(two).any(axis=1).all() and dense(one).any(axis=0).all():
        assert product is not None


def test_full_then_valid_adds_offsets():
    gap = [(0,), (3,)]
    full = convolution_support(gap, (10,), (13,), circular=False)
    assert check_compose(convolution_support(gap, (13,), (16,), circular=False), full).nnz == 30
    clipped = convolution_support(gap, (10,), (10,), circular=False)
    assert compose(clipped, clipped) is None


def test_mixed_axes_need_one_reason_each():
    # Axis 0: nothing is clipped on the right; axis 1: nothing is clipped on the left.
    right = convolution_support([(0, -1), (2, 1)], (4, 5), (6, 5), circular=False)
    left = convolution_support([(-1, -3), (1, 0)], (6, 5), (6, 2), circular=False)
    assert check_compose(left, right) is not None


def test_bands_of_2_to_the_60():
    n = 2**60
    band = convolution_support(Box((-1,), (2,)), (n,), (n,), circular=False)
    assert band.nnz == 3 * n - 2
    product = compose(band, band)
    assert product.nnz == 5 * n - 6
    ring = convolution_support([(0,), (1,), (2**59,)], (n,), (n,), circular=True)
    assert ring.nnz == 3 * n
    assert compose(ring, ring).nnz == 5 * n  # 0, 1, 2, 2^59, 2^59 + 1


@pytest.mark.parametrize("circular", [False, True])
def test_simplified_convolutions(circular):
    assert convolution_support([], (3,), (3,), circular) == EmptySupport((3, 3))
    assert convolution_support([(0,)], (3,), (3,), circular) == KroneckerSupport.identity(3)
    wide = Box((-4,), (5,))
    assert convolution_support(wide, (3,), (3,), circular) == KroneckerSupport.dense(3, 3)
    assert convolution_support([(0,)], (0,), (0,), circular) == EmptySupport((0, 0))


def test_convolution_rejects():
    with pytest.raises(ValueError, match="offsets"):
        ConvolutionSupport([], (3,), (3,), circular=False)
    with pytest.raises(ValueError, match="one shape"):
        ConvolutionSupport([(0,)], (3,), (4,), circular=True)


# -- CSR and the rest


@given(st.tuples(st.integers(0, 9), st.integers(0, 9)).flatmap(lambda s: csr_supports(*s)))
def test_csr_transposed(support):
    np.testing.assert_array_equal(dense(support.T), dense(support).T)
    assert support == support.T.T


def test_csr_is_borrowed_and_read_only():
    indptr, indices = np.array([0, 1, 2]), np.array([1, 0])
    support = CsrSupport((2, 2), indptr, indices)
    assert np.shares_memory(support.indices, indices)
    assert support.to_csr() is support
    with pytest.raises(ValueError, match="read-only"):
        support.indices[0] = 0
    indices[0] = 1  # the caller's own array stays writable


def test_csr_rejects():
    with pytest.raises(TypeError, match="int32 or both int64"):
        CsrSupport((1, 1), np.array([0, 0], np.int32), np.array([], np.int64))
    with pytest.raises(ValueError, match="3 entries"):
        CsrSupport((2, 1), np.array([0, 0]), np.array([], np.int64))


def test_csr_bytes():
    assert KroneckerSupport.dense(3, 5).csr_bytes == 4 * (4 + 15)
    assert KroneckerSupport.identity(2**31).csr_bytes == 8 * (2 * 2**31 + 1)


@settings(max_examples=1000)
@given(st.data())
def test_any_product_is_exact(data):
    right = data.draw(st.integers(1, 12).flatmap(supports))
    assume(0 < right.shape[0] <= 60)
    check_compose(data.draw(supports(right.shape[0])), right)


@settings(max_examples=300)
@given(st.data())
def test_any_longer_product_is_exact(data):
    product = data.draw(st.sampled_from([4, 6, 8, 12]).flatmap(supports))
    expected = dense(product)
    for _ in range(3):
        assume(0 < product.shape[0] <= 40)
        support = data.draw(supports(product.shape[0]))
        product = compose(support, product)
        if product is None:
            return
        expected = references.boolean_product(dense(support), expected)
        np.testing.assert_array_equal(dense(product), expected)


@given(st.integers(1, 12).flatmap(supports))
def test_neutral_and_absorbing_factors(support):
    rows, columns = support.shape
    assert compose(KroneckerSupport.identity(rows), support).nnz == support.nnz
    assert compose(support, KroneckerSupport.identity(columns)).nnz == support.nnz
    assert compose(support, EmptySupport((columns, 3))) == EmptySupport((rows, 3))
    if rows and support.every_column_occupied:
        full = KroneckerSupport.dense(2, rows)
        assert compose(full, support) == KroneckerSupport.dense(2, columns)


@given(st.integers(1, 12).flatmap(supports))
def test_pickle_copy_and_equality(support):
    for twin in (pickle.loads(pickle.dumps(support)), copy.deepcopy(support)):
        assert twin == support
        assert hash(twin) == hash(support)
        np.testing.assert_array_equal(dense(twin), dense(support))
    assert support != EmptySupport((99, 99))
    assert "(" in repr(support)


def test_compose_refuses_shapes_that_do_not_chain():
    with pytest.raises(ValueError, match="left has 3 columns, right has 4 rows"):
        compose(KroneckerSupport.identity(3), KroneckerSupport.identity(4))


def test_compose_with_csr_is_left_to_the_kernels():
    support = CsrSupport((2, 2), np.array([0, 1, 3]), np.array([0, 0, 1]))
    assert compose(support, support) is None


def test_direct_sums_split_identities():
    block = KroneckerSupport.dense(2, 2)
    first = DirectSumSupport([block, KroneckerSupport.identity(6)])
    second = DirectSumSupport([KroneckerSupport.dense(1, 4), KroneckerSupport.identity(4)])
    product = check_compose(second, DirectSumSupport([first]))
    assert product is None  # 1_{1x4} would have to be split
    third = DirectSumSupport([KroneckerSupport.identity(2), block, KroneckerSupport.identity(4)])
    assert check_compose(third, first).nnz == 12
