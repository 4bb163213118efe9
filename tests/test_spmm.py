"""Sparse matrices times dense columns: every type, layout and target against sums in order.

The kernel adds product after product, each rounded on its own, in the order of the indices. NumPy's
elementwise operations on one nonzero at a time do the same, so the tolerance is none.
"""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import sparse

import cheapfast as cf
from cheapfast import _core, _memory
from interrupting import PATIENCE, posix_only, seconds_until_interrupted

Array = npt.NDArray[Any]
DTYPES = ("f4", "f8", "c8", "c16")
LAYOUTS = ("columns", "features", "gaps", "reversed", "unaligned")
# every register width of every instruction set, alone and with tails
COLUMNS = (0, 1, 2, 3, 4, 5, 7, 8, 15, 16, 17, 31, 33, 64, 100, 137)


def random_array(rng: np.random.Generator, shape: tuple[int, ...], dtype: str) -> Array:
    values: Array = rng.standard_normal(shape)
    if np.dtype(dtype).kind == "c":
        values = values + 1j * rng.standard_normal(shape)
    return values.astype(dtype)


def random_csr(
    rng: np.random.Generator, shape: tuple[int, int], dtype: str, density: float = 0.2
) -> Any:
    dense = random_array(rng, shape, dtype) * (rng.random(shape) < density)
    return sparse.csr_array(dense.astype(dtype))


def times(weight: Any, x: Array) -> Array:
    """Multiply by one weight, product and sum rounded on their own: no fused multiply-add."""
    if x.dtype.kind != "c":
        return np.asarray(x.dtype.type(weight) * x)
    real = x.real.dtype.type
    out = np.empty_like(x)
    if np.iscomplexobj(weight):
        re, im = real(weight.real), real(weight.imag)
        out.real = re * x.real - im * x.imag
        out.imag = re * x.imag + im * x.real
    else:
        out.real, out.imag = real(weight) * x.real, real(weight) * x.imag
    return out


def in_order(matrix: Any, X: Array, bias: Array | None = None) -> Array:
    """Multiply the dumb way: one nonzero after another."""
    Y = np.zeros((matrix.shape[0], X.shape[1]), X.dtype)
    for row, (begin, end) in enumerate(itertools.pairwise(matrix.indptr)):
        for k in range(begin, end):
            Y[row] += times(matrix.data[k], X[matrix.indices[k]])
    return Y if bias is None else Y + bias[:, None].astype(X.dtype)


def place(X: Array, layout: str) -> Array:
    """Copy an array into another layout."""
    rows, columns = X.shape
    if layout == "columns":
        return np.ascontiguousarray(X)
    if layout == "features":
        return np.asfortranarray(X)
    if layout == "gaps":
        room = np.full((2 * rows, 3 * columns), np.nan, X.dtype)[::2, ::3]
    elif layout == "reversed":
        room = np.full((rows, columns), np.nan, X.dtype)[::-1, ::-1]
    else:
        raw = np.zeros(X.nbytes + 1, np.uint8)[1:]
        room = raw.view(X.dtype).reshape(X.shape)
    room[...] = X
    return room


def layer_of(
    matrix: Any, index: Any = np.int32, bias: Any = None, order: Any = None, form: int = 0
) -> _core._SparseLayer:
    arrays = matrix.indptr.astype(index), matrix.indices.astype(index), matrix.data
    return (*matrix.shape, *arrays, bias, order, form)


def apply(
    layers: list[Any], X: Array, outputs: int, layout: str = "columns", threads: int = 1
) -> Any:
    out = place(np.full((outputs, X.shape[1]), np.nan, X.dtype), layout)
    _core.SparseChain(layers, X.dtype).apply(X, out, threads)
    return out


# -- the kernel


@pytest.mark.parametrize("index", [np.int32, np.int64])
@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("layout", LAYOUTS)
def test_equals_sums_in_order(target: str, dtype: str, index: type, layout: str) -> None:
    rng = np.random.default_rng(1)
    matrix = random_csr(rng, (23, 19), dtype)
    bias = random_array(rng, (23,), dtype)
    for columns in COLUMNS:
        X = random_array(rng, (19, columns), dtype)
        Y = apply([layer_of(matrix, index, bias)], place(X, layout), 23, layout)
        np.testing.assert_array_equal(Y, in_order(matrix, X, bias), err_msg=f"{columns} columns")
    assert _core.ran() == {f"spmm.{np.dtype(dtype).name}.{np.dtype(index).name}": target}


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("layout", LAYOUTS)
def test_parts_of_rows_that_are_read_often(target: str, dtype: str, layout: str) -> None:
    # 128 bytes of 1200 rows are near, 512 are not; each is read 20 times
    rng = np.random.default_rng(5)
    matrix = random_csr(rng, (100, 1200), dtype, 0.2)
    assert matrix.nnz >= 16 * 1200
    columns = 530 // np.dtype(dtype).itemsize
    X = random_array(rng, (1200, columns), dtype)
    Y = apply([layer_of(matrix)], place(X, layout), 100, layout, threads=2)
    for first in range(0, columns, 7):  # so few are taken at once
        some = np.ascontiguousarray(X[:, first : first + 7])
        np.testing.assert_array_equal(Y[:, first : first + 7], apply([layer_of(matrix)], some, 100))
    twice = random_csr(rng, (30, 100), dtype, 0.5)
    Z = apply([layer_of(matrix), layer_of(twice)], place(X, layout), 30, layout)
    np.testing.assert_array_equal(Z, apply([layer_of(twice)], Y, 30))


def test_only_what_is_read_often_is_copied_first() -> None:
    rng = np.random.default_rng(6)
    often = layer_of(random_csr(rng, (100, 1200), "f8", 0.5))
    seldom = layer_of(random_csr(rng, (1200, 20000), "f8", 0.001))
    X, out = np.zeros((20000, 64)), np.zeros((100, 64))
    room = _core.SparseChain([often], X.dtype).bytes(X[:1200], out)
    assert 1200 * 128 <= room < 1.1 * 1200 * 128  # its operand, 128 bytes of a row at a time
    assert _core.SparseChain([seldom, often], X.dtype).bytes(X, out) == room  # what lies between
    # 512 bytes of more than 2^15 rows are not in the last cache, 128 are
    for inputs, expected in ((40000, 40000 * 128), (30000, 0), (1 << 19, 0)):
        matrix = sparse.csr_array(np.ones((16, inputs), np.float32))
        X = place_at(np.zeros((inputs, 128), np.float32), 0)
        assert _core.SparseChain([layer_of(matrix)], X.dtype).bytes(X, X[:16]) == expected
    # as many rows of the result, which is not copied, change nothing
    inputs = 140000
    indices = np.minimum(np.arange(inputs), inputs - 16)[:, np.newaxis] + np.arange(16)
    data, starts = np.ones(16 * inputs, np.float32), 16 * np.arange(inputs + 1)
    matrix = sparse.csr_array((data, indices.ravel(), starts))
    X = place_at(np.zeros((inputs, 128), np.float32), 0)
    assert _core.SparseChain([layer_of(matrix)], X.dtype).bytes(X, X) == inputs * 128


def place_at(X: Array, skip: int, gap: int = 0) -> Array:
    """Copy an array to rows of which the first begins so many numbers after a cache line."""
    rows, columns = X.shape
    room = np.full(rows * (columns + gap) + 64, np.nan, X.dtype)
    first = -(room.ctypes.data // X.itemsize) % (64 // X.itemsize) + skip
    placed = room[first : first + rows * (columns + gap)].reshape(rows, -1)[:, :columns]
    placed[...] = X
    return placed


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("gap", [0, 3])
@pytest.mark.parametrize("columns", [64, 192])
def test_rows_across_lines_are_copied_first(
    target: str, dtype: str, gap: int, columns: int
) -> None:
    rng = np.random.default_rng(7)
    often, twice = random_csr(rng, (60, 50), dtype, 0.3), random_csr(rng, (20, 60), dtype, 0.3)
    assert often.nnz >= 16 * 50
    X = random_array(rng, (50, columns), dtype)
    placed = place_at(X, 1, gap)
    placed.flags.writeable = False
    Y = in_order(often, X)
    np.testing.assert_array_equal(apply([layer_of(often)], placed, 60), Y)
    both = [layer_of(often), layer_of(twice)]
    for layout in ("columns", "features", "gaps"):
        Z = apply(both, placed, 20, layout, threads=2)
        np.testing.assert_array_equal(Z, in_order(twice, Y))


@pytest.mark.parametrize("dtype", DTYPES)
def test_only_rows_across_lines_that_are_read_often_are_copied(dtype: str) -> None:
    rng = np.random.default_rng(8)
    X = random_array(rng, (50, 64), dtype)
    often, seldom = (layer_of(random_csr(rng, (60, 50), dtype, part)) for part in (0.3, 0.1))

    def room(layer: Any, X: Array) -> int:
        return _core.SparseChain([layer], X.dtype).bytes(X, np.empty((60, X.shape[1]), X.dtype))

    window = min(512, 64 * X.itemsize)
    assert room(often, place_at(X, 1)) == room(often, place_at(X, 0, gap=3)) == 50 * window
    assert room(often, place_at(X, 0)) == 0
    assert room(often, place_at(X[:, :31], 1)) == 0  # copied, they would lie across lines again
    assert room(seldom, place_at(X, 1)) == 0


def test_panels_are_as_large_as_what_they_hold() -> None:
    rng = np.random.default_rng(9)
    shapes = ((1000, 50), (20, 1000), (30, 20))
    chain = _core.SparseChain(
        [layer_of(random_csr(rng, s, "f8", 0.05)) for s in shapes], np.dtype("f8")
    )
    X, out = place_at(np.zeros((50, 64)), 0), np.empty((30, 64))
    assert chain.bytes(X, out) == (1000 + 20) * 512
    assert chain.bytes(X[:, ::-1], out) == (50 + 1000) * 512  # X and 20 rows by turns


@pytest.mark.parametrize("dtype", DTYPES)
def test_rows_become_columns_and_columns_rows(target: str, dtype: str) -> None:
    @given(st.integers(1, 70), st.integers(1, 40), st.integers(0, 3), st.integers(0, 2))
    @settings(max_examples=60, deadline=None)
    def check(rows: int, columns: int, shift: int, gap: int) -> None:
        X = np.arange(1, rows * columns + 1).reshape(rows, columns).astype(dtype)
        room = np.zeros((columns, rows + shift + gap), dtype)
        turned = room[:, shift : shift + rows].T
        turned[...] = X
        identity = layer_of(sparse.csr_array(sparse.identity(rows, dtype, "csr")))
        chain = _core.SparseChain([identity], X.dtype)
        out = np.full_like(X, np.nan)
        chain.apply(turned, out, 1)
        np.testing.assert_array_equal(out, X)
        turned[...] = 0
        chain.apply(X, turned, 1)
        np.testing.assert_array_equal(turned, X)
        assert not room[:, :shift].any()
        assert not room[:, shift + rows :].any()

    check()


@pytest.mark.parametrize("layout", ["columns", "features"])
def test_a_thousand_columns(target: str, layout: str) -> None:
    rng = np.random.default_rng(2)
    matrix, X = random_csr(rng, (9, 11), "f8"), random_array(rng, (11, 1000), "f8")
    Y = apply([layer_of(matrix)], place(X, layout), 9, layout)
    np.testing.assert_array_equal(Y, in_order(matrix, X))


@pytest.mark.parametrize(
    ("weights", "operand"),
    [("f4", "f8"), ("f4", "c8"), ("f4", "c16"), ("f8", "c16"), ("c8", "c16")],
)
def test_weights_narrower_than_the_operand(target: str, weights: str, operand: str) -> None:
    rng = np.random.default_rng(3)
    matrix, bias = random_csr(rng, (13, 17), weights), random_array(rng, (13,), weights)
    for columns in (1, 2, 3, 9, 40):
        X = random_array(rng, (17, columns), operand)
        layer = layer_of(matrix, bias=bias.astype(operand))
        np.testing.assert_array_equal(apply([layer], X, 13), in_order(matrix, X, bias))


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("threads", [1, 3])
def test_transpose_and_adjoint(target: str, dtype: str, layout: str, threads: int) -> None:
    rng = np.random.default_rng(4)
    matrix = random_csr(rng, (19, 23), dtype)
    for form, written_out in (
        (_core.TRANSPOSED, matrix.T.tocsr()),
        (_core.ADJOINT, matrix.conj().T.tocsr()),
    ):
        for columns in (0, 1, 2, 3, 5, 16, 33, 100):
            X = random_array(rng, (19, columns), dtype)
            Y = apply([layer_of(matrix, form=form)], place(X, layout), 23, layout, threads)
            np.testing.assert_array_equal(Y, in_order(written_out, X))


def test_order_of_the_rows() -> None:
    rng = np.random.default_rng(5)
    matrix, order = random_csr(rng, (12, 7), "f8"), rng.permutation(12)
    bias = random_array(rng, (12,), "f8")
    for columns in (1, 5):
        X = random_array(rng, (7, columns), "f8")
        Y = apply([layer_of(matrix, bias=bias, order=order)], X, 12)
        np.testing.assert_array_equal(Y, in_order(matrix, X)[order] + bias[:, None])


@settings(max_examples=60)
@given(
    sizes=st.lists(st.integers(0, 30), min_size=2, max_size=6),
    columns=st.integers(0, 70),
    dtype=st.sampled_from(DTYPES),
    layouts=st.tuples(st.sampled_from(LAYOUTS), st.sampled_from(LAYOUTS)),
    wide=st.lists(st.booleans(), min_size=5, max_size=5),
    seed=st.integers(0, 2**32),
)
def test_chains_of_any_shape(
    sizes: list[int],
    columns: int,
    dtype: str,
    layouts: tuple[str, str],
    wide: list[bool],
    seed: int,
) -> None:
    rng = np.random.default_rng(seed)
    X = expected = random_array(rng, (sizes[0], columns), dtype)
    layers = []
    for (inputs, outputs), is_wide in zip(itertools.pairwise(sizes), wide, strict=False):
        matrix = random_csr(rng, (outputs, inputs), dtype, 0.3)
        layers.append(layer_of(matrix, np.int64 if is_wide else np.int32))
        expected = in_order(matrix, expected)
    np.testing.assert_array_equal(
        apply(layers, place(X, layouts[0]), sizes[-1], layouts[1]), expected
    )


@pytest.mark.parametrize("columns", [1, 16, 200])
@pytest.mark.parametrize("layout", ["columns", "features"])
def test_threads_do_not_change_a_bit(columns: int, layout: str) -> None:
    rng = np.random.default_rng(6)
    n = 30_000  # enough work for several chunks and threads
    per_row = rng.integers(0, 9, n)
    indptr = np.concatenate(([0], np.cumsum(per_row)))
    indices = rng.integers(0, n, indptr[-1])
    matrix = sparse.csr_array((rng.standard_normal(indptr[-1]), indices, indptr), shape=(n, n))
    X = place(rng.standard_normal((n, columns)), layout)
    for form in (_core.AS_IS, _core.TRANSPOSED):
        layers = [layer_of(matrix, form=form)] * 2
        one = apply(layers, X, n, layout)
        for threads in (2, 5):
            np.testing.assert_array_equal(apply(layers, X, n, layout, threads), one)
        reference = matrix if form == _core.AS_IS else matrix.T
        np.testing.assert_allclose(one, reference @ (reference @ X), rtol=1e-10, atol=1e-10)


@pytest.mark.filterwarnings("ignore:.*(NaN|infinite|non-finite)")
@pytest.mark.parametrize("dtype", ["f4", "f8"])
def test_nan_and_infinity(target: str, dtype: str) -> None:
    matrix = sparse.csr_array(np.array([[0, 0, 0], [0, 2, 0], [np.inf, 1, 0], [0, 0, -1]], dtype))
    for columns in (1, 3, 16):
        X = np.ones((3, columns), dtype)
        X[0], X[2] = 0, np.nan
        Y = apply([layer_of(matrix)], X, 4)
        # a missing weight meets nothing; infinity times 0 is NaN; an empty row stays 0
        expected = np.array([0, 2, np.nan, np.nan], dtype)[:, None] * np.ones(columns, dtype)
        np.testing.assert_array_equal(Y, expected)
        assert not np.signbit(Y[0]).any()


def test_overflow_is_infinity() -> None:
    matrix = sparse.csr_array(np.array([[1e30]], "f4"))
    assert np.isposinf(apply([layer_of(matrix)], np.array([[1e30]], "f4"), 1)).all()


def test_what_does_not_fit_is_refused() -> None:
    matrix = sparse.csr_array(np.eye(3))
    X, out = np.ones((3, 2)), np.ones((3, 2))
    chain = _core.SparseChain([layer_of(matrix)], X.dtype)
    with pytest.raises(ValueError, match="out must have shape"):
        chain.apply(X, np.ones((2, 2)), 1)
    with pytest.raises(ValueError, match="takes 3 rows, got 4"):
        chain.apply(np.ones((4, 2)), out, 1)
    with pytest.raises(TypeError, match="dtype of the chain"):
        chain.apply(X.astype("f4"), out, 1)
    out.flags.writeable = False
    with pytest.raises(ValueError, match="read-only"):
        chain.apply(X, out, 1)
    for layer, message in (
        (layer_of(matrix.astype(complex)), "complex128 do not apply"),
        (layer_of(matrix, bias=np.ones(3), form=_core.ADJOINT), "has no bias"),
    ):
        with pytest.raises(ValueError, match=message):
            _core.SparseChain([layer], X.dtype).apply(X, np.ones((3, 2)), 1)
    with pytest.raises(ValueError, match="empty"):
        _core.SparseChain([], X.dtype).apply(X, np.ones((3, 2)), 1)
    with pytest.raises(ValueError, match="bias must have 3"):
        _core.SparseChain([layer_of(matrix, bias=np.ones(2))], X.dtype)
    with pytest.raises(TypeError, match="order must be int64"):
        _core.SparseChain([layer_of(matrix, order=np.arange(3, dtype="i4"))], X.dtype)


@posix_only
@pytest.mark.parametrize("threads", [1, 2])
def test_ctrl_c(threads: int) -> None:
    setup = """
        import numpy as np, cheapfast as cf
        from scipy import sparse
        n = 100_000
        indices = np.random.default_rng(0).integers(0, n, 4 * n, dtype=np.int32)
        indptr = np.arange(0, 4 * n + 1, 4, dtype=np.int32)
        W = sparse.csr_array((np.full(4 * n, 0.25), indices, indptr), shape=(n, n))
        net = cf.Network([cf.Sparse(W)] * 6000)
        X = np.ones((n, 32))"""
    call = f"net.apply(X, threads={threads})"
    assert seconds_until_interrupted(setup, call) < PATIENCE


# -- the plan


def kernels_of(net: cf.Network) -> list[tuple[str, int, int]]:
    return [(row.kernel, row.start, row.stop) for row in net.explain().passes]


def test_a_run_is_one_pass() -> None:
    rng = np.random.default_rng(7)
    A, B, C = (random_csr(rng, (9, 9), "f8") for _ in range(3))
    order = rng.permutation(9)
    bias = rng.standard_normal(9)
    net = cf.Network(
        [
            cf.Sparse(A, bias),
            cf.Permutation(order),
            cf.Permutation.digit_reversal((3, 3)),
            cf.Sparse(B),
            cf.Activation("relu"),
            cf.Sparse(C),
        ]
    )
    names = kernels_of(net)
    assert names == [("csr chain", 0, 4), ("elementwise", 4, 5), ("csr", 5, 6)]
    X = rng.standard_normal((9, 4))
    permuted = (A @ X + bias[:, None])[order].reshape(3, 3, 4).transpose(1, 0, 2).reshape(9, 4)
    expected = C @ np.maximum(B @ permuted, 0)
    np.testing.assert_allclose(net @ X, expected, rtol=1e-12, atol=1e-12)


def test_the_cost_of_a_run_is_that_of_its_layers() -> None:
    rng = np.random.default_rng(10)
    layers = [cf.Sparse(random_csr(rng, (9, 9), "f8")) for _ in range(3)]
    single = [cf.Network([layer]).explain(5).total for layer in layers]
    total = cf.Network(layers).explain(5).total
    assert total is not None
    assert total.flops == sum(cost.flops for cost in single if cost)
    assert total.bytes == sum(cost.bytes for cost in single if cost)


def test_permutations_that_stay_passes_of_their_own() -> None:
    A, order = sparse.csr_array(np.array([[1, 0], [2, 1]], "f4")), [1, 0]
    for other in (cf.Permutation(order, bias=[1, 2]), cf.Permutation(order, dtype="f8")):
        net = cf.Network([cf.Sparse(A), other])
        assert kernels_of(net)[0] == ("csr", 0, 1)
        expected = np.array([10.0, 3.0]) + (0 if other.bias is None else other.bias)
        np.testing.assert_array_equal(net @ np.array([3, 4], "f4"), expected)


@pytest.mark.parametrize("dtypes", list(itertools.product(("f4", "f8", "c8"), repeat=2)))
@pytest.mark.parametrize("operand", ["f4", "f8", "c8", "c16", "i8"])
def test_types_widen_on_the_way(dtypes: tuple[str, str], operand: str) -> None:
    rng = np.random.default_rng(8)
    matrices = [random_csr(rng, (6, 6), dtype, 0.6) for dtype in dtypes]
    biases = [random_array(rng, (6,), dtype) for dtype in dtypes]
    net = cf.Network([cf.Sparse(m, b) for m, b in zip(matrices, biases, strict=True)])
    X = (4 * random_array(rng, (6, 5), "c16" if operand[0] == "c" else "f8")).astype(operand)
    expected = X.astype(np.result_type(X, "f8"))
    for matrix, bias in zip(matrices, biases, strict=True):
        expected = matrix.toarray() @ expected + bias[:, None]
    Y = net @ X
    assert Y.dtype == np.result_type(net.dtype, X.dtype if operand != "i8" else "f8")
    # sums of 6 terms, twice; a term is at most some 30, of which an ulp is 30 eps
    tolerance = 500 * np.finfo(Y.dtype).eps
    np.testing.assert_allclose(Y, expected, rtol=tolerance, atol=tolerance)


def test_features_of_the_last_axis_stay_together() -> None:
    net = cf.chain(random_csr(np.random.default_rng(9), (5, 8), "f8"))
    X = np.random.default_rng(0).standard_normal((3, 8))
    assert net(X).flags.c_contiguous
    np.testing.assert_array_equal(net(X), (net @ X.T).T)


def test_out_may_be_the_operand() -> None:
    net = cf.chain(np.ones((4, 4)), np.eye(4)[::-1])
    X = np.arange(12.0).reshape(4, 3)
    expected = np.ones((4, 4)) @ X
    assert net.apply(X, out=X) is X
    np.testing.assert_array_equal(X, expected)


def test_memory_is_asked_for_first(monkeypatch: pytest.MonkeyPatch) -> None:
    row = np.ones((1, 1 << 19))
    row[0, 0] = 0  # or the kernel for dense blocks would apply it
    wide = cf.chain(row, row.T)  # thin, and wide in between
    monkeypatch.setattr(_memory, "available_bytes", lambda: 1 << 20)
    for _ in range(2):  # a second call is asked no less
        with pytest.raises(MemoryError, match=f"{504 << 19:,} bytes"):
            wide @ np.ones((1, 63))
    monkeypatch.undo()
    np.testing.assert_array_equal(wide @ np.ones((1, 63)), np.full((1, 63), 2.0**19 - 1))
    monkeypatch.setattr(_memory, "available_bytes", lambda: 1 << 20)
    with pytest.raises(MemoryError, match=f"{504 << 19:,} bytes"):
        wide @ np.ones((1, 63))
