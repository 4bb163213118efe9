"""Diagonals, permutations and biases around Kronecker-sparse passes: folded in, and right."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import sparse

import cheapfast as cf
from cheapfast import _core
from cheapfast.plan import make_plan
from operands import DTYPES, LAYOUTS, Array, assert_applies, normal, one_by_one, placed

Rng = np.random.Generator


# -- what is around, by its first letter: d(iagonal), p(ermutation), b(ias)


def diagonal(n: int, rng: Rng, dtype: Any) -> cf.Layer:
    """Return a diagonal, written in one of the ways that there are."""
    if n % 2 == 0 and rng.random() < 0.3:
        return cf.KroneckerSparse((n // 2, 1, 1, 2), normal(rng, (1, 1, 1, 2), dtype))
    if rng.random() < 0.5:
        return cf.KroneckerSparse((n, 1, 1, 1), normal(rng, (n, 1, 1, 1), dtype))
    return cf.Sparse(sparse.csr_array(sparse.diags(normal(rng, (n,), dtype))))


def permutation(n: int, rng: Rng, _dtype: Any) -> cf.Layer:
    return cf.Permutation(rng.permutation(n))


def bias(n: int, rng: Rng, dtype: Any) -> cf.Layer:
    return cf.Permutation(np.arange(n), dtype=dtype, bias=normal(rng, (n,), dtype))


LIGHTS: dict[str, Callable[[int, Rng, Any], cf.Layer]] = {
    "d": diagonal,
    "p": permutation,
    "b": bias,
}


def with_lights(before: str, core: list[cf.Layer], after: str, rng: Rng, dtype: Any) -> cf.Network:
    """Put light layers around others."""
    inputs, outputs = core[0].shape[1], core[-1].shape[0]
    return cf.Network(
        [
            *(LIGHTS[kind](inputs, rng, dtype) for kind in before),
            *core,
            *(LIGHTS[kind](outputs, rng, dtype) for kind in after),
        ]
    )


# -- what they are around


def factor(pattern: tuple[int, ...], tied: tuple[int, ...] = ()) -> Callable[[Rng, Any], Any]:
    shape = tuple(1 if axis in tied else size for axis, size in enumerate(pattern))
    return lambda rng, dtype: [cf.KroneckerSparse(pattern, normal(rng, shape, dtype))]  # type: ignore[arg-type]


def blocks(outer: int, inner: int, length: int, falling: bool) -> Callable[[Rng, Any], Any]:
    def build(rng: Rng, dtype: Any) -> list[cf.Layer]:
        layers: list[cf.Layer] = []
        for bit in range(length):
            pattern = (outer << (length - 1 - bit), 2, 2, inner << bit)
            shape = pattern if bit % 2 == 0 else (1, 2, 2, 1)
            layers.append(cf.KroneckerSparse(pattern, normal(rng, shape, dtype)))
        return layers[::-1] if falling else layers

    return build


def fourier(n: int, reorder: bool) -> Callable[[Rng, Any], Any]:
    return lambda _rng, dtype: list(cf.algorithms.fourier(n, reorder=reorder, dtype=dtype))


CORES: dict[str, tuple[str, Callable[[Rng, Any], Any]]] = {
    "butterfly": ("fused butterfly", lambda rng, t: list(cf.algorithms.butterfly(64, rng, t))),
    "blocks of odd stride": ("fused butterfly", blocks(2, 3, 4, falling=False)),
    "falling blocks": ("fused butterfly", blocks(5, 2, 5, falling=True)),
    "hadamard": ("walsh-hadamard", lambda _rng, t: list(cf.algorithms.hadamard(32).astype(t))),
    "free factor": ("kronecker", factor((2, 5, 3, 4))),
    "tied factor": ("kronecker", factor((4, 6, 4, 3), tied=(0, 3))),
    "fourier": ("fused fourier", fourier(48, True)),
    "fourier, not reordered": ("fused fourier", fourier(210, False)),
}
ALL_ORDERS = ["".join(order) for order in itertools.permutations("dpb")]


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("core", CORES)
@pytest.mark.parametrize("order", ALL_ORDERS)
def test_all_orders_around_a_pass(target: str, order: str, core: str, dtype: Any) -> None:
    kernel, build = CORES[core]
    if kernel == "fused fourier" and np.dtype(dtype).kind != "c":
        pytest.skip("Fourier transforms are complex")
    rng = np.random.default_rng(20)
    net = with_lights(order, build(rng, dtype), order, rng, dtype)
    for columns in (1, 5, 16):
        X = normal(rng, (net.shape[1], columns), dtype)
        for layout in LAYOUTS:
            assert_applies(net, placed(X, layout), kernel)
    (told,) = net.explain().passes
    assert set(told.folded) == {"diagonal", "permutation", "bias"}
    assert (told.start, told.stop) == (0, len(net))
    assert all(name in repr(net.explain()) for name in told.folded)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("columns", [1, 3])
def test_permutations_that_are_addresses(target: str, dtype: Any, columns: int) -> None:
    """All tiles have their rows at the same distances: no feature is moved."""
    rng = np.random.default_rng(21)
    n, index = 64, np.arange(64)
    reversal = cf.Permutation.digit_reversal((2,) * 6)
    for order in (
        reversal.indices(),
        index[::-1],
        index ^ 1,
        index ^ 8,
        index ^ 32,
        (index + 8) % n,
    ):
        for core, kernel in (
            (cf.algorithms.butterfly(n, rng, dtype), "fused butterfly"),
            (cf.algorithms.butterfly(n, rng, dtype).T, "fused butterfly"),
            (cf.algorithms.hadamard(n), "walsh-hadamard"),
        ):
            net = cf.Network([cf.Permutation(order), *core])
            for layout in ("C", "F"):
                X = placed(normal(rng, (n, columns), dtype), layout)
                assert_applies(net, X, kernel)


@st.composite
def networks(draw: st.DrawFn) -> tuple[cf.Network, str, Any]:
    """Any light layers around any core, biases of its own included."""
    dtype = draw(st.sampled_from(DTYPES))
    cores = [name for name in CORES if "fourier" not in name or np.dtype(dtype).kind == "c"]
    kernel, build = CORES[draw(st.sampled_from(cores))]
    rng = np.random.default_rng(draw(st.integers(0, 2**32)))
    core = build(rng, dtype)
    last = core[-1]
    if draw(st.booleans()) and isinstance(last, cf.KroneckerSparse):
        offsets = normal(rng, (last.shape[0],), last.dtype)
        core[-1] = cf.KroneckerSparse(last.pattern, last.values, offsets)
    lights = st.text("dpb", max_size=4)
    return with_lights(draw(lights), core, draw(lights), rng, dtype), kernel, dtype


@given(networks(), st.sampled_from([1, 2, 7, 70]), st.sampled_from(LAYOUTS))
def test_any_lights_around_any_pass(
    drawn: tuple[cf.Network, str, Any], columns: int, layout: str
) -> None:
    net, kernel, dtype = drawn
    X = placed(normal(np.random.default_rng(1), (net.shape[1], columns), dtype), layout)
    assert_applies(net, X, kernel)


@pytest.mark.parametrize("columns", [1, 64, 200])
@pytest.mark.parametrize("dtype", [np.float32, np.complex128])
def test_many_tiles_and_threads(target: str, dtype: Any, columns: int) -> None:
    rng = np.random.default_rng(3)
    n = 1 << 13
    core = list(cf.algorithms.butterfly(n, rng, dtype))
    net = with_lights("pdb", core, "pd", rng, dtype)
    assert_applies(net, normal(rng, (n, columns), dtype), "fused butterfly")
    assert_applies(net, np.asfortranarray(normal(rng, (n, columns), dtype)), "fused butterfly")


@pytest.mark.parametrize("columns", [1, 3, 80])
def test_transforms_of_many_tiles(target: str, columns: int) -> None:
    rng = np.random.default_rng(4)
    for core, kernel in (
        (list(cf.algorithms.hadamard(1 << 12)), "walsh-hadamard"),
        (list(cf.algorithms.fourier(3 << 10)), "fused fourier"),
    ):
        dtype = core[-1].dtype
        net = with_lights("db", core, "bdp", rng, dtype)
        for layout in ("C", "F"):
            X = placed(normal(rng, (net.shape[1], columns), dtype), layout)
            assert_applies(net, X, kernel)


def test_complex_vectors_through_real_weights_with_a_bias() -> None:
    rng = np.random.default_rng(5)
    for core in ("butterfly", "hadamard", "tied factor", "free factor"):
        kernel, build = CORES[core]
        net = with_lights("bdp", build(rng, np.float64), "dpb", rng, np.float64)
        X = normal(rng, (net.shape[1], 5), np.complex128)
        assert_applies(net, X, kernel)
        assert_applies(net, X.astype(np.complex64), kernel)


def test_a_complex_diagonal_does_not_make_a_real_run_complex() -> None:
    rng = np.random.default_rng(6)
    core = list(cf.algorithms.butterfly(16, rng))
    turned = cf.Sparse(np.diag(normal(rng, (16,), np.complex128)))
    X = rng.standard_normal((16, 3))
    assert_applies(cf.Network([*core, turned]), X, "fused butterfly", "scale")
    assert_applies(cf.Network([turned, *core]), X, "scale", "fused butterfly")
    rotation = cf.KroneckerSparse((16, 1, 1, 1), normal(rng, (16, 1, 1, 1), np.complex128))
    assert_applies(cf.Network([rotation, *core]), X, "kronecker", "fused butterfly")


def test_free_weights_take_what_others_would_have_to_do() -> None:
    rng = np.random.default_rng(7)
    blocks_of = list(cf.algorithms.butterfly(32, rng))
    net = cf.Network([*cf.algorithms.hadamard(32), diagonal(32, rng, np.float64), *blocks_of])
    passes = net.explain().passes
    assert [(step.kernel, step.folded) for step in passes] == [
        ("walsh-hadamard", ()),
        ("fused butterfly", ("diagonal",)),
    ]
    matrix = sparse.random(32, 32, density=0.2, random_state=1, format="csr")
    scale = cf.Sparse(np.diag(rng.standard_normal(32)))
    chained = cf.Network([matrix, matrix, scale, *blocks_of])
    X = rng.standard_normal((32, 4))
    assert_applies(chained, X, "csr chain", "fused butterfly")
    assert_applies(cf.Network([matrix, scale, matrix]), X, "csr chain")


def test_lights_without_a_neighbour_are_one_pass(target: str) -> None:
    rng = np.random.default_rng(8)
    for dtype in DTYPES:
        for kinds in ("p", "pd", "dpb", "pbpd", "bb"):
            net = cf.Network([LIGHTS[kind](24, rng, dtype) for kind in kinds])
            for columns, layout in itertools.product((1, 3, 20), LAYOUTS):
                X = placed(normal(rng, (24, columns), dtype), layout)
                assert_applies(net, X, "gather")
            assert net.apply(np.ones((24, 0), dtype)).shape == (24, 0)


@pytest.mark.parametrize("dtype", DTYPES)
def test_a_diagonal_matrix_by_itself_or_among_sparse_layers(target: str, dtype: Any) -> None:
    rng = np.random.default_rng(9)
    scale = cf.Sparse(np.diag(normal(rng, (24,), dtype)), bias=normal(rng, (24,), dtype))
    matrix = sparse.csr_array(np.tri(24, k=1, dtype=dtype))
    for columns, layout in itertools.product((1, 3, 20), LAYOUTS):
        X = placed(normal(rng, (24, columns), dtype), layout)
        assert_applies(cf.Network([scale]), X, "scale")
        assert_applies(cf.Network([scale, scale]), X, "scale")
        both = cf.Network([scale, cf.Sparse(matrix)])
        assert [step.kernel for step in both.explain().passes] == ["csr chain"]
        expected, size = one_by_one(both, X)
        limit = 30 * np.finfo(dtype).eps * size
        assert np.all(np.abs(both.apply(X) - expected) <= limit)


def test_transposed_transforms_keep_their_kernel() -> None:
    rng = np.random.default_rng(9)
    net = cf.Network([cf.Permutation(rng.permutation(64)), *cf.algorithms.fourier(64).H])
    X = normal(rng, (64, 3), np.complex128)
    assert_applies(net, X, "gather", "fused fourier")


def test_without_memory_for_packed_weights(monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(10)
    core = list(cf.algorithms.butterfly(1024, rng))
    net = with_lights("pdb", core, "bdp", rng, np.float64)
    X = rng.standard_normal((1024, 2))
    expected, _ = one_by_one(net, X)
    plan = make_plan(tuple(net), [layer.shape for layer in net])
    monkeypatch.setattr("cheapfast._memory.available_bytes", lambda: 200_000)
    np.testing.assert_allclose(plan.run(X, 1), expected, rtol=1e-9, atol=1e-9)


def test_symbolic_neighbours_are_planned_at_once() -> None:
    n = 2**40
    net = cf.Network(
        [
            cf.Permutation.digit_reversal((2,) * 40),
            cf.KroneckerSparse((n, 1, 1, 1), np.full((1, 1, 1, 1), 2.0)),
            *cf.algorithms.hadamard(n),
        ]
    )
    (told,) = net.explain().passes
    assert told.folded == ("permutation", "diagonal")


@pytest.mark.parametrize("out", [False, True])
def test_plain_calls_go_through_the_program(out: bool) -> None:
    rng = np.random.default_rng(11)
    net = with_lights("pd", list(cf.algorithms.butterfly(64, rng)), "pdb", rng, np.float64)
    x = rng.standard_normal(64)
    expected, _ = one_by_one(net, x[:, None])
    target = np.empty(64) if out else None
    for _ in range(2):  # the first call prepares the second
        np.testing.assert_allclose(net.apply(x, out=target), expected[:, 0], atol=1e-11)
    assert net._plain(x, target, 0, None) is not None


@pytest.mark.parametrize("dtype", [np.float32, np.float64, np.complex64, np.complex128])
@pytest.mark.parametrize("columns", [1, 2, 3, 15, 16, 17, 70])
def test_moving_scaling_and_shifting_by_itself(target: str, columns: int, dtype: Any) -> None:
    assert _core.active_target() == target
    n, rng = 37, np.random.default_rng(8)
    order = rng.permutation(n)
    scale, bias, X = (
        (rng.integers(-9, 10, shape) * (1 if np.dtype(dtype).kind == "f" else 1 + 2j)).astype(dtype)
        for shape in (n, n, (n, columns))
    )
    for arrays in itertools.product((None, order), (None, scale), (None, bias)):
        right = X if arrays[0] is None else X[order]
        right = right if arrays[1] is None else scale[:, None] * right
        right = right if arrays[2] is None else right + bias[:, None]
        step = _core.Reorder(n, np.dtype(dtype), arrays)
        for layout in "CF":
            operand, Y = np.array(X, order=layout), np.empty(X.shape, dtype, order=layout)  # type: ignore[call-overload]
            step.apply(operand, Y, 1)
            np.testing.assert_array_equal(Y, right)
            if arrays[0] is None:
                step.apply(operand, operand, 1)
                np.testing.assert_array_equal(operand, right)


@pytest.mark.parametrize(
    ("arrays", "message"),
    [
        ((np.array([0, 1, 5]), None, None), "name features"),
        ((np.array([0, 1]), None, None), "one for each feature"),
        ((np.array([0, 1, 2], np.int32), None, None), "int64"),
        ((None, np.ones(2), None), "one entry for each feature"),
        ((None, None, np.ones(3, np.float32)), "dtype"),
    ],
)
def test_the_step_refuses_what_would_reach_beyond(
    arrays: tuple[Array | None, ...], message: str
) -> None:
    with pytest.raises((ValueError, TypeError), match=message):
        _core.Reorder(3, np.dtype(np.float64), arrays)  # type: ignore[arg-type]
    step = _core.Reorder(3, np.dtype(np.float64), (None, None, None))
    with pytest.raises(ValueError, match="rows"):
        step.apply(np.ones((4, 2)), np.ones((3, 2)), 1)
    with pytest.raises(TypeError, match="dtype"):
        step.apply(np.ones((3, 2), "f4"), np.ones((3, 2), "f4"), 1)
