"""Network against dense matrices: applying, slicing, composing, transposing, multiplying out."""

from __future__ import annotations

import copy
import pickle
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import sparse
from scipy.sparse.linalg import LinearOperator, aslinearoperator, lsqr

import cheapfast as cf
from chains import DTYPES, DrawnChain, chains, small_integers
from cheapfast import _memory


@pytest.fixture
def net() -> cf.Network:
    """A network 2 <- 4 <- 3 of float64."""
    rng = np.random.default_rng(0)
    return cf.chain(rng.standard_normal((2, 4)), rng.standard_normal((4, 3)))


@pytest.fixture
def bent() -> cf.Network:
    """A network with a bias at layer 0 and an activation at layer 1."""
    return cf.Network(
        [cf.Sparse(np.eye(3), bias=[1.0, 2.0, 3.0]), cf.Activation("relu"), np.eye(3)]
    )


# -- applying it


@given(chains(), st.data())
def test_apply_is_the_dense_product(drawn: DrawnChain, data: st.DataObject) -> None:
    net, dense = drawn.net, drawn.dense
    X = data.draw(small_integers((dense.shape[1], 3), data.draw(st.sampled_from(DTYPES))))
    Y = net.apply(X)
    assert Y.dtype == np.result_type(net.dtype, X.dtype)
    np.testing.assert_array_equal(Y, dense @ X)


@given(chains(max_layers=2), st.data())
def test_apply_along_every_axis(drawn: DrawnChain, data: st.DataObject) -> None:
    net, dense = drawn.net, drawn.dense
    ndim = data.draw(st.integers(1, 4))
    axis = data.draw(st.integers(-ndim, ndim - 1))
    shape = data.draw(st.lists(st.integers(0, 3), min_size=ndim, max_size=ndim))
    shape[axis] = dense.shape[1]
    X = data.draw(small_integers(tuple(shape), np.float64))
    expected = np.moveaxis(np.tensordot(dense, X, axes=(1, axis)), 0, axis)
    np.testing.assert_array_equal(net.apply(X, axis=axis), expected)


@given(chains(max_layers=2), st.data())
def test_matmul_follows_numpy(drawn: DrawnChain, data: st.DataObject) -> None:
    net, dense = drawn.net, drawn.dense
    outputs, inputs = dense.shape
    lead = data.draw(st.sampled_from([(), (2,), (0,), (2, 3), (2, 1, 3)]))
    k = data.draw(st.integers(0, 3))
    left = data.draw(small_integers((*lead, inputs, k), np.float64))
    right = data.draw(small_integers((*lead, outputs), np.float64))
    np.testing.assert_array_equal(net @ left, dense @ left)
    np.testing.assert_array_equal(right @ net, right @ dense)
    np.testing.assert_array_equal(net @ np.ones(inputs), dense @ np.ones(inputs))
    rows = data.draw(small_integers((*lead, inputs), np.float64))
    np.testing.assert_array_equal(net(rows), rows @ dense.T)


def test_matmul_takes_lists_and_matrices(net: cf.Network) -> None:
    dense = net.toarray()
    np.testing.assert_allclose(net @ [1.0, 2.0, 3.0], dense @ [1.0, 2.0, 3.0])
    np.testing.assert_allclose([1.0, 2.0] @ net, [1.0, 2.0] @ dense)
    assert isinstance(np.float64([1.0, 2.0]) @ net, np.ndarray)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize(
    "given_dtype",
    [bool, np.int8, np.uint64, np.float16, np.float32, np.float64, np.complex64, ">f8"],
)
def test_dtypes_promote(dtype: Any, given_dtype: Any) -> None:
    net = cf.chain(np.eye(2, dtype=dtype))
    X = np.array([1, 0], dtype=given_dtype)
    promoted = {"b": np.float64, "i": np.float64, "u": np.float64}.get(X.dtype.kind, X.dtype)
    promoted = np.float32 if X.dtype == np.float16 else np.dtype(promoted).newbyteorder("=")
    Y = net.apply(X)
    assert Y.dtype == np.result_type(dtype, promoted)
    assert Y.dtype.isnative
    np.testing.assert_array_equal(Y, [1, 0])


def test_the_whole_network_computes_in_the_precision_of_the_result() -> None:
    third = np.array([[1 / 3]], dtype=np.float32)
    net = cf.Network([third, np.eye(1)])
    X = np.array([0.1], dtype=np.float32)
    assert net.apply(X)[0] == np.float64(third[0, 0]) * np.float64(X[0])


@pytest.mark.parametrize("last", [np.float64, np.complex128])
def test_multiplying_out_loses_no_precision_of_the_network(last: Any) -> None:
    third = np.array([[1 / 3]], dtype=np.float32)
    exact = float(third[0, 0]) ** 2
    net = cf.Network([cf.Sparse(third, bias=third[0]), third, np.eye(1, dtype=last)])
    bare = cf.Network([third, *net[1:]])
    assert bare.toarray()[0, 0] == exact
    assert bare.H.toarray()[0, 0] == exact
    assert cf.flatten(bare).toarray()[0, 0] == exact
    assert cf.flatten(bare, tolerance=0.1).toarray()[0, 0] == exact
    # a group of float32 layers of such a network
    walled = cf.Network([*net[:2], cf.Activation("relu"), np.eye(1)])
    merged = cf.merge(walled)
    assert merged.depth == 2
    assert merged[0].bias is not None
    assert merged[0].to_csr().toarray()[0, 0] == merged[0].bias[0] == exact


@pytest.mark.parametrize("dtype", [np.longdouble, np.clongdouble, object, "U3", "M8[s]"])
def test_other_dtypes_are_refused(net: cf.Network, dtype: Any) -> None:
    if np.dtype(dtype) in (np.float64, np.complex128):
        pytest.skip("longdouble is double here")
    with pytest.raises(TypeError, match="X"):
        net.apply(np.zeros(3, dtype=dtype))


def test_masked_and_sparse_operands_are_refused(net: cf.Network) -> None:
    with pytest.raises(TypeError, match="masked"):
        net.apply(np.ma.ones(3))
    for operand in (sparse.csr_array((3, 3)), sparse.csr_matrix((3, 3))):
        with pytest.raises(TypeError, match=r"cheapfast\.chain"):
            net @ operand
    with pytest.raises(TypeError, match=r"cheapfast\.chain"):
        sparse.csr_array((2, 2)) @ net
    with pytest.raises(TypeError, match="toarray"):
        np.asarray(net)


def test_layout_of_the_operand_does_not_matter(net: cf.Network) -> None:
    X = np.random.default_rng(1).standard_normal((3, 6))
    expected = net.toarray() @ X
    frozen = X.copy()
    frozen.flags.writeable = False
    strided = np.repeat(X, 2, axis=1)[:, ::2]
    backwards = X[:, ::-1].copy()[:, ::-1]
    for view in (np.asfortranarray(X), frozen, strided, backwards):
        before = view.copy()
        np.testing.assert_allclose(net @ view, expected, rtol=1e-14)
        np.testing.assert_array_equal(view, before)
    broadcast = np.broadcast_to(X[:, :1], (3, 4))
    np.testing.assert_allclose(net @ broadcast, net.toarray() @ broadcast, rtol=1e-14)


def test_result_is_new_memory() -> None:
    X = np.ones(3)
    for layer in (cf.Sparse(np.eye(3)), cf.Permutation([0, 1, 2], dtype=np.float64)):
        Y = cf.Network([layer]).apply(X)
        Y[0] = 7
        assert X[0] == 1


def test_out(net: cf.Network) -> None:
    X = np.random.default_rng(2).standard_normal((5, 3))
    out = np.empty((5, 2))
    assert net(X, out=out) is out
    np.testing.assert_array_equal(out, net(X))
    strided = np.empty((5, 4))[:, ::2]
    assert net.apply(X, out=strided, axis=1) is strided
    np.testing.assert_array_equal(strided, out)


def test_out_may_alias() -> None:
    square = cf.chain(np.array([[0.0, 1.0], [1.0, 1.0]]))
    X = np.array([[1.0, 2.0], [3.0, 4.0]])
    expected = square @ X
    assert square.apply(X, out=X) is X
    np.testing.assert_array_equal(X, expected)
    X = np.arange(6.0)
    expected = square.apply(X[0:2].copy())
    square.apply(X[0:2], out=X[1:3])
    np.testing.assert_array_equal(X[1:3], expected)


def test_out_must_fit(net: cf.Network) -> None:
    X = np.ones((3, 4))
    read_only = np.empty((2, 4))
    read_only.flags.writeable = False
    for out, error, text in [
        (np.empty((4, 2)), ValueError, r"shape \(2, 4\), got \(4, 2\)"),
        (np.empty((2, 4), np.float32), TypeError, "dtype float64, got float32"),
        (read_only, ValueError, "read-only"),
        ([[0.0] * 4] * 2, TypeError, "list"),
    ]:
        with pytest.raises(error, match=text):
            net.apply(X, out=out)


def test_wrong_operands_say_what_was_expected(net: cf.Network) -> None:
    with pytest.raises(ValueError, match=r"expected 3 features along axis 0 of X, got 4"):
        net.apply(np.ones(4))
    with pytest.raises(ValueError, match=r"expected 3 features along axis 1 of X, got 5"):
        net(np.ones((3, 5)))
    with pytest.raises(ValueError, match="axis=2 is out of range"):
        net.apply(np.ones((3, 3)), axis=2)
    with pytest.raises(ValueError, match="scalar"):
        net @ 3.0
    with pytest.raises(ValueError, match="scalar"):
        3.0 @ net
    with pytest.raises(TypeError, match="axis"):
        net.apply(np.ones(3), axis=0.0)  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="threads"):
        net.apply(np.ones(3), threads=0)


def test_threads_do_not_change_the_result(net: cf.Network) -> None:
    X = np.random.default_rng(3).standard_normal((3, 100))
    np.testing.assert_array_equal(net.apply(X, threads=1), net.apply(X, threads=4))


def test_activation_and_bias() -> None:
    rng = np.random.default_rng(4)
    W, b, V = rng.standard_normal((5, 3)), rng.standard_normal(5), rng.standard_normal((2, 5))
    net = cf.Network([cf.Sparse(W, bias=b), cf.Activation("relu"), V])
    X = rng.standard_normal((3, 7))
    np.testing.assert_allclose(net @ X, V @ np.maximum(W @ X + b[:, None], 0), rtol=1e-13)
    assert (net.depth, len(net), net.neurons, net.synapses) == (2, 3, 5, 25)
    assert net.shape == (2, 3)
    assert not net.is_linear


def test_activation_takes_its_size_from_its_neighbours() -> None:
    net = cf.Network([cf.Activation("relu"), np.eye(3), cf.Activation("tanh")])
    assert net.shape == (3, 3)
    with pytest.raises(ValueError, match="at least one weight layer"):
        cf.Network([cf.Activation("relu")])


# -- describing it


def test_empty_sizes() -> None:
    none = cf.chain(np.zeros((0, 3)))
    assert none.apply(np.ones((3, 2))).shape == (0, 2)
    assert none.apply(np.ones((3, 0))).shape == (0, 0)
    from_nothing = cf.chain(np.ones((2, 0)), np.ones((0, 3)))
    np.testing.assert_array_equal(from_nothing @ np.ones(3), [0, 0])
    assert from_nothing.to_csr().nnz == 0
    assert from_nothing.T.shape == (3, 2)


@given(chains())
def test_properties(drawn: DrawnChain) -> None:
    net = drawn.net
    matrices = [part.dense for part in drawn.parts]
    assert net.shape == drawn.dense.shape
    assert net.dtype == np.result_type(*matrices)
    assert len(net) == net.depth == len(matrices)
    assert net.neurons == sum(matrix.shape[0] for matrix in matrices[:-1])
    assert net.synapses == sum(part.layer.synapses for part in drawn.parts)
    assert net.is_linear


@given(chains(), st.data())
def test_slices_compose_to_the_whole(drawn: DrawnChain, data: st.DataObject) -> None:
    net = drawn.net
    cut = data.draw(st.integers(0, len(net)))
    if 0 < cut < len(net):
        assert net[cut:] @ net[:cut] == net
    assert list(net) == [net[i] for i in range(len(net))]
    assert net[-1] is net[len(net) - 1]
    assert net[:] == net


def test_composition(net: cf.Network) -> None:
    layer = cf.Sparse(np.ones((3, 1)))
    np.testing.assert_allclose((net @ layer).toarray(), net.toarray() @ np.ones((3, 1)))
    last = cf.Sparse(np.ones((1, 2)))
    np.testing.assert_allclose((last @ net).toarray(), np.ones((1, 2)) @ net.toarray())
    assert cf.Network([layer, net]) == net @ layer
    with pytest.raises(ValueError, match="do not chain"):
        net @ net


def test_bad_slices(net: cf.Network) -> None:
    with pytest.raises(ValueError, match="neighbours"):
        net[::-1]
    with pytest.raises(ValueError, match="empty"):
        net[1:1]
    with pytest.raises(IndexError):
        net[2]
    with pytest.raises(TypeError, match="index"):
        net["a"]  # type: ignore[call-overload]


def test_chain_is_matrix_order() -> None:
    A, B, C = np.ones((2, 3)), np.ones((3, 4)), np.ones((4, 5))
    net = cf.chain(A, sparse.csr_matrix(B), cf.Sparse(C))
    np.testing.assert_array_equal(net.toarray(), A @ B @ C)
    assert net[0].shape == (4, 5)
    assert cf.chain(cf.chain(A, B), C) == net
    assert cf.chain([[1, 2]], [[3], [4]]).toarray() == 11


def test_shape_errors_name_two_layers_and_the_reversed_order() -> None:
    A, B, C = np.ones((2, 3)), np.ones((3, 4)), np.ones((4, 5))
    with pytest.raises(ValueError, match="do not chain") as info:
        cf.chain(C, B, A)
    message = str(info.value)
    assert "matrices[1] (3x4) and matrices[2] (2x3)" in message
    assert "2 values leave it, but matrices[1] takes 4" in message
    assert "did you mean matrices[2], matrices[1], matrices[0]?" in message
    assert "\n" not in message
    with pytest.raises(ValueError, match="do not chain") as info:
        cf.Network([A, B, C])
    message = str(info.value)
    assert "layers[0] (2x3) and layers[1] (3x4)" in message
    assert "data-flow order" in message
    assert "did you mean layers[2], layers[1], layers[0]?" in message
    with pytest.raises(ValueError, match="do not chain") as info:
        cf.chain(A, C)
    assert "did you mean" not in str(info.value)


@pytest.mark.parametrize("kind", [list, tuple])
def test_matrices_in_a_list_are_to_be_passed_one_by_one(kind: type) -> None:
    A, B = np.ones((2, 3)), sparse.csr_array(np.ones((3, 4)))
    for matrices in ([A, B], [A, A], [cf.Sparse(A)], [cf.chain(A)]):
        with pytest.raises(TypeError, match=r"matrices\[0\] is a .* chain\(\*matrices\)"):
            cf.chain(kind(matrices))
    with pytest.raises(TypeError, match=r"matrices\[1\] is a"):
        cf.chain(A, kind([B]))


def test_shape_errors_look_through_activations() -> None:
    with pytest.raises(ValueError, match=r"layers\[0\] \(2x3\) and layers\[2\] \(4x4\)"):
        cf.Network([np.ones((2, 3)), cf.Activation("relu"), np.ones((4, 4))])


def test_items_that_are_no_layers() -> None:
    for items, error, text in [
        ([], ValueError, "empty"),
        ([np.ones(3)], ValueError, r"layers\[0\]: .*\(3,\)"),
        (["relu"], (TypeError, ValueError), r"layers\[0\]"),
        (cf.Sparse(np.eye(2)), TypeError, r"Network\(\[layer\]\)"),
        (sparse.csr_array(np.eye(3)), TypeError, r"Network\(\[layer\]\)"),
        (7, TypeError, "sequence"),
    ]:
        with pytest.raises(error, match=text):
            cf.Network(items)
    with pytest.raises(ValueError, match="at least one"):
        cf.chain()


def test_a_broken_matrix_is_named() -> None:
    bad = sparse.csr_array(np.eye(3))
    bad.indices[1] = 9
    with pytest.raises(ValueError, match=r"matrices\[1\]: "):
        cf.chain(np.eye(3), bad)


# -- transposes and matrices


@given(chains())
def test_transposes(drawn: DrawnChain) -> None:
    net, dense = drawn.net, drawn.dense
    np.testing.assert_array_equal(net.T.toarray(), dense.T)
    np.testing.assert_array_equal(net.H.toarray(), dense.conj().T)
    assert net.T.T.shape == net.shape


@given(chains(), st.data())
def test_adjoint(drawn: DrawnChain, data: st.DataObject) -> None:
    net = drawn.net
    u = data.draw(small_integers((net.shape[1],), np.complex128))
    v = data.draw(small_integers((net.shape[0],), np.complex128))
    # small integers: exact in float64, and the weights are exact in any dtype
    assert np.vdot(v, net @ u) == np.vdot(net.H @ v, u)


def test_no_transpose_with_bias_or_activation(bent: cf.Network) -> None:
    for attempt in (
        lambda: bent.T,
        lambda: bent.H,
        bent.to_csr,
        bent.toarray,
        bent.as_linear_operator,
        lambda: np.ones(3) @ bent,
    ):
        with pytest.raises(ValueError, match=r"layers\[0\] .*layers\[1\]") as info:
            attempt()
        assert "layers[2]" not in str(info.value)
    np.testing.assert_array_equal(bent[2:].toarray(), np.eye(3))


@given(chains())
def test_to_csr_is_canonical_and_exact(drawn: DrawnChain) -> None:
    matrix = drawn.net.to_csr()
    np.testing.assert_array_equal(matrix.toarray(), drawn.dense)
    assert isinstance(matrix, sparse.csr_array)
    assert matrix.dtype == drawn.net.dtype
    assert matrix.nnz == np.count_nonzero(drawn.dense)
    assert matrix.has_canonical_format
    assert matrix.has_sorted_indices
    np.testing.assert_array_equal(drawn.net.toarray(), drawn.dense)


def test_to_csr_does_not_share_memory(net: cf.Network) -> None:
    single = net[:1]
    single.to_csr().data[:] = 0
    assert single.to_csr().data.all()


def test_infinite_weights_stay_where_they_are() -> None:
    with pytest.warns(UserWarning, match="infinite"):
        net = cf.chain(np.eye(2), np.array([[np.inf, 0.0], [0.0, 1.0]]))
    np.testing.assert_array_equal(net.toarray(), [[np.inf, 0.0], [0.0, 1.0]])


def test_memory_is_predicted(monkeypatch: pytest.MonkeyPatch) -> None:
    n = 1 << 13
    rng = np.random.default_rng(5)
    column = sparse.csr_array(np.ones((n, 1)))
    outer = cf.chain(column, column.T)  # a dense product of two thin layers
    monkeypatch.setattr(_memory, "available_bytes", lambda: 1 << 28)
    with pytest.raises(MemoryError, match=f"{n * n * 12 + (n + 1) * 4:,} bytes"):
        outer.to_csr()
    with pytest.raises(MemoryError, match=f"{n * n * 8:,} bytes"):
        outer.toarray()
    holes = sparse.csr_array(sparse.random(n, n, density=0.01, random_state=rng, format="csr"))
    with pytest.raises(MemoryError, match="bytes"):
        cf.chain(holes, holes, holes).to_csr()
    # what enters the second pass, one number a vector, and what leaves it
    with pytest.raises(MemoryError, match=f"{(1 + n) * (1 << 16) * 8:,} bytes"):
        outer.apply(np.broadcast_to(1.0, (n, 1 << 16)))


def test_operators_apply_and_hide() -> None:
    A = np.array([[1.0, 2.0], [3.0, 4.0]])
    net = cf.Network([aslinearoperator(A), A])
    np.testing.assert_array_equal(net @ [1.0, 1.0], A @ A @ [1, 1])
    np.testing.assert_array_equal(net.toarray(), A @ A)
    np.testing.assert_array_equal(net.T.toarray(), (A @ A).T)
    for attempt in (net.to_csr, lambda: net.synapses):
        with pytest.raises(TypeError, match="Operator"):
            attempt()
    assert "unknown synapses" in repr(net)
    assert "unknown" in repr(net.explain())
    assert "unknown" in net._repr_html_()


@given(chains(max_layers=2), st.data())
def test_linear_operator(drawn: DrawnChain, data: st.DataObject) -> None:
    operator, dense = drawn.net.as_linear_operator(), drawn.dense
    outputs, inputs = dense.shape
    assert isinstance(operator, LinearOperator)
    assert operator.shape == dense.shape
    assert operator.dtype == drawn.net.dtype
    x = data.draw(small_integers((inputs,), np.float64))
    y = data.draw(small_integers((outputs,), np.float64))
    np.testing.assert_array_equal(operator.matvec(x), dense @ x)
    np.testing.assert_array_equal(operator @ x[:, None], (dense @ x)[:, None])
    np.testing.assert_array_equal(operator.rmatvec(y), dense.conj().T @ y)
    X, Y = np.stack([x, x, -x], axis=1), np.stack([y, y, -y], axis=1)
    np.testing.assert_array_equal(operator.matmat(X), dense @ X)
    np.testing.assert_array_equal(operator.rmatmat(Y), dense.conj().T @ Y)
    np.testing.assert_array_equal(operator.H @ y, dense.conj().T @ y)


def test_linear_operator_solves() -> None:
    rng = np.random.default_rng(6)
    net = cf.chain(np.eye(20) + 0.1 * rng.standard_normal((20, 20)), rng.standard_normal((20, 8)))
    x = rng.standard_normal(8)
    solution = lsqr(net.as_linear_operator(), net @ x, atol=1e-14, btol=1e-14)[0]
    np.testing.assert_allclose(solution, x, rtol=1e-9)


@pytest.mark.parametrize("dtype", DTYPES)
def test_astype(dtype: Any) -> None:
    net = cf.Network([np.eye(2, dtype=np.float32), cf.Activation("relu"), [[2.0, 0.0]]])
    assert net.astype(dtype).dtype == dtype
    assert net.astype(dtype)[0].dtype == dtype


def test_astype_never_drops_imaginary_parts() -> None:
    with pytest.raises(TypeError, match="complex"):
        cf.chain(np.eye(2) * 1j).astype(np.float64)


# -- an object like others


@given(chains())
def test_pickle_copy_and_equality(drawn: DrawnChain) -> None:
    net = drawn.net
    for twin in (pickle.loads(pickle.dumps(net)), copy.deepcopy(net), copy.copy(net)):
        assert twin == net
        assert hash(twin) == hash(net)
        assert twin.shape == net.shape
        np.testing.assert_array_equal(twin.toarray(), drawn.dense)


def test_inequality(net: cf.Network) -> None:
    assert net != net[:1]
    assert net != net.astype(np.float32)
    assert net != "net"
    assert net != cf.chain(net.toarray())


def test_repr(net: cf.Network) -> None:
    text = repr(net)
    assert (
        text.splitlines()[0] == "Network(2x3, 2 layers, 20 synapses, float64), in data-flow order:"
    )
    assert text.splitlines()[2] == "  1: Sparse(2x4, 8 synapses, float64)"
    long = cf.Network([np.eye(2)] * 100)
    assert len(repr(long).splitlines()) == 14
    assert "88 more" in repr(long)


def test_symbolic_networks_stay_symbolic() -> None:
    n = 2**60
    layers = [
        cf.KroneckerSparse(
            (2**k, 2, 2, n >> (k + 1)), np.array([[1.0, 1.0], [1.0, -1.0]])[..., None]
        )
        for k in range(60)
    ]
    net = cf.Network([*layers, cf.Permutation.digit_reversal((2,) * 60)])
    assert net.shape == (n, n)
    assert net.synapses == 121 * n
    assert net.neurons == 60 * n
    assert net.T.H.shape == (n, n)
    assert str(121 * n) in repr(net)
    assert f"{120 * 2 * n:,}" in repr(net.explain())
    assert pickle.loads(pickle.dumps(net)) == net
    with pytest.raises(MemoryError, match=f"{n * 8 * 2:,} bytes"):
        net.apply(np.broadcast_to(np.float32(1), (n,)))
    with pytest.raises(MemoryError, match="bytes"):
        net.to_csr()
    with pytest.raises(MemoryError, match=f"{n * n * 8:,} bytes"):
        net.toarray()
