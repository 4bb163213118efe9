"""Runs whose diagonals were moved into the next layer: half the weights, and the same results."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st

import cheapfast as cf
from cheapfast import _core
from cheapfast.plan.runs.phases import Packing
from cheapfast.plan.runs.stages import run_from
from cheapfast.plan.runs.sweeps import count_trips, pack_sweeps
from cheapfast.plan.runs.unit_blocks import range_of, unit_passes

Array = npt.NDArray[Any]

DTYPES = (np.float32, np.float64, np.complex64, np.complex128)
_WARNED = pytest.mark.filterwarnings("ignore:values holds")


def butterfly(n: int, dtype: Any = np.float32, seed: int = 3) -> cf.Network:
    return cf.algorithms.butterfly(n, seed, dtype)


def with_values(values: Sequence[Array]) -> cf.Network:
    """Return layers of 2 x 2 blocks, the closest features first, of values (a, 2, 2, d)."""
    return cf.Network(
        [
            cf.KroneckerSparse((array.shape[0], 2, 2, array.shape[3]), np.ascontiguousarray(array))
            for array in values
        ]
    )


def changed(net: cf.Network, change: Any) -> cf.Network:
    return with_values([change(layer.values.materialize().copy()) for layer in net])


def shifted(net: cf.Network, bias: Array, diagonal: Array) -> cf.Network:
    n = diagonal.size
    last = cf.KroneckerSparse((n, 1, 1, 1), diagonal.reshape(n, 1, 1, 1), bias=bias)
    return cf.Network([*net, last])


def in_double(net: cf.Network, X: Array) -> Array:
    for layer in net:
        X = layer.to_csr().astype(np.result_type(net.dtype, np.float64)) @ X
    return X


def units(net: cf.Network) -> Any:
    return unit_passes([run_from(list(net), 0)], net.dtype)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("transposed", [False, True])
def test_layers_are_scaled_unit_blocks(dtype: Any, transposed: bool) -> None:
    net = butterfly(32, dtype).T if transposed else butterfly(32, dtype)
    (taken,) = units(net)
    X = np.random.default_rng(1).standard_normal((32, 3))
    result = X
    for layer, blocks in zip(net, taken.blocks, strict=True):
        assert blocks.dtype == dtype
        pairs = result.reshape(-1, 2, layer.pattern[3], 3)
        result = (pairs + blocks[:, :, 0, :, None] * pairs[:, ::-1]).reshape(32, 3)
    result = taken.scale[:, None] * result
    expected = in_double(net, X)
    error = np.linalg.norm(result - expected) / np.linalg.norm(expected)
    assert error < 10 * np.finfo(dtype).eps


def doubled_diagonal(array: Array) -> Array:
    array[:, 0, 0] *= 2.0**-30
    return array


def test_scales_out_of_range_are_taken_off_between_passes() -> None:
    run = run_from(list(changed(butterfly(16), doubled_diagonal)), 0)
    first, second = unit_passes([run[:2], run[2:]], np.dtype(np.float32))  # type: ignore[misc]
    assert first.scale is not None
    assert second.scale is not None
    assert unit_passes([run], np.dtype(np.float32)) is None


def zero_diagonal(array: Array) -> Array:
    array[0, 1, 1, 0] = 0
    return array


def not_finite(array: Array) -> Array:
    array[0, 0, 1, 0] = np.inf
    return array


@pytest.mark.parametrize(
    "change",
    [
        zero_diagonal,
        pytest.param(not_finite, marks=_WARNED),
        np.rint,
        lambda a: a * np.float32(1e-30),
        lambda a: a[:1],
    ],
)
def test_where_it_would_be_wrong_or_of_no_use_blocks_stay(change: Any) -> None:
    net = butterfly(16)
    if change(np.ones((2, 2, 2, 1))).shape[0] == 1:  # tied
        stages = run_from(
            [
                cf.KroneckerSparse(layer.pattern, change(layer.values.materialize()))
                for layer in net
            ],
            0,
        )
    else:
        stages = run_from(list(changed(net, change)), 0)
    assert len(stages) == 4
    assert unit_passes([stages], np.dtype(np.float32)) is None


@pytest.mark.parametrize("columns", [1, 5, 64])
def test_integers_stay_exact(target: str, columns: int) -> None:
    rng = np.random.default_rng(5)
    net = changed(butterfly(256, np.float64), lambda a: rng.integers(-3, 4, a.shape).astype(float))
    X = rng.integers(-9, 10, (256, columns)).astype(float)
    np.testing.assert_array_equal(net.apply(X), in_double(net, X))


@pytest.mark.parametrize("size", [1e-44, 1e-38, 1e-30, 1e-20, 1e20, 1e30, 3e35])
@pytest.mark.parametrize("columns", [1, 64])
def test_numbers_that_leave_the_range_in_between(target: str, size: float, columns: int) -> None:
    # results are small where 32-bit numbers between the layers, divided by scales, are too large
    small = np.float32(1e-3)
    net = changed(butterfly(64), lambda a: small * a)
    rng = np.random.default_rng(6)
    X = (size * rng.standard_normal((64, columns))).astype(np.float32)
    operand = X[:, 0] if columns == 1 else X
    expected = in_double(net, X.astype(float)).reshape(operand.shape)
    assert units(net) is not None
    result = net.apply(operand)
    tiny = np.finfo(np.float32).smallest_subnormal * 64 * 10
    assert np.linalg.norm(result - expected) <= 1e-5 * np.linalg.norm(expected) + tiny
    out = np.empty_like(operand)
    assert net.apply(operand, out=out) is out
    np.testing.assert_array_equal(out, result)


@pytest.mark.parametrize("bad", [np.nan, np.inf, "tiny"])
@pytest.mark.parametrize("dtype", DTYPES)
def test_a_result_of_no_use_comes_from_the_layers(target: str, bad: Any, dtype: Any) -> None:
    net = butterfly(128, dtype)
    X = np.ones((128, 16), dtype)
    if bad == "tiny":
        X[:, 2] = np.finfo(dtype).tiny
    else:
        X[5, 2] = bad
    run = run_from(list(net), 0)
    lanes = _core.fused_lanes(np.dtype(dtype))
    out, plain = np.empty_like(X), np.empty_like(X)
    given = pack_sweeps(run, 128, Packing(np.dtype(dtype), False, lanes, as_given=True))
    assert given.apply(X, plain, 1)
    assert not pack_sweeps(run, 128, Packing(np.dtype(dtype), False, lanes)).apply(X, out, 1)
    np.testing.assert_array_equal(net.apply(X), plain)
    np.testing.assert_array_equal(net.apply(X, threads=2), plain)


@pytest.mark.parametrize("columns", [1, 5, 64, 130])
@pytest.mark.parametrize("order", ["C", "F"])
@pytest.mark.parametrize("dtype", DTYPES)
def test_vectors_of_zeros_are_not_too_small(
    target: str, columns: int, order: Any, dtype: Any
) -> None:
    net = butterfly(128, dtype)
    X = np.random.default_rng(4).standard_normal((128, columns)).astype(dtype, order=order)
    X[:, ::3] = 0
    packing = Packing(np.dtype(dtype), columns == 1, _core.fused_lanes(np.dtype(dtype)))
    out = np.ones_like(X)
    assert pack_sweeps(run_from(list(net), 0), 128, packing).apply(X, out, 1)
    assert np.all(out[:, ::3] == 0)
    assert np.all(np.any(out != 0, axis=0) == np.any(X != 0, axis=0))


@pytest.mark.parametrize("dtype", DTYPES)
@given(
    place=st.tuples(st.integers(0, 511), st.integers(0, 99)),
    columns=st.integers(1, 100),
    layout=st.sampled_from(["columns", "vectors", "every other"]),
    imaginary=st.booleans(),
)
def test_one_number_among_zeros_is_seen(
    dtype: Any, place: tuple[int, int], columns: int, layout: str, imaginary: bool
) -> None:
    net = butterfly(512, dtype)
    run, lanes = run_from(list(net), 0), _core.fused_lanes(np.dtype(dtype))
    order: Any = "F" if layout == "vectors" else "C"
    X = np.full((512, 2 * columns), 7, dtype, order)
    X = X[:, ::2] if layout == "every other" else X[:, :columns].copy(order)
    X[:] = -np.zeros((512, columns), dtype)
    out = np.empty((512, columns), dtype, order)
    packed = pack_sweeps(run, 512, Packing(np.dtype(dtype), False, lanes))
    assert packed.apply(X, out, 1)
    tiny = np.finfo(dtype).tiny
    X[place[0], place[1] % columns] = 1j * tiny if imaginary and out.dtype.kind == "c" else tiny
    assert not packed.apply(X, out, 1)


@given(
    st.lists(st.integers(-135, 90), min_size=1, max_size=70),
    st.booleans(),
    st.sampled_from([1, 2]),
)
def test_every_vector_is_as_accurate_as_alone(
    exponents: list[int], transposed: bool, threads: int
) -> None:
    # results are normal numbers where those between the layers, divided by scales, are not
    net = changed(butterfly(64), lambda a: np.float32(5) * a)
    X = np.random.default_rng(7).standard_normal((64, len(exponents)))
    X = (X * 2.0 ** np.array(exponents)).astype(np.float32)
    X = np.asfortranarray(X) if transposed else X
    expected = in_double(net, X.astype(float))
    tiny = np.finfo(np.float32).smallest_subnormal * 5**6
    errors = np.linalg.norm(net.apply(X, threads=threads) - expected, axis=0)
    assert np.all(errors <= 1e-5 * np.linalg.norm(expected, axis=0) + tiny)


@given(st.integers(4, 9), st.integers(1, 80), st.sampled_from(DTYPES), st.booleans())
def test_both_ways_agree(log2n: int, columns: int, dtype: Any, transposed: bool) -> None:
    n = 1 << log2n
    net = butterfly(n, dtype, seed=columns)
    run = run_from(list(net.T if transposed else net), 0)
    X = np.random.default_rng(columns).standard_normal((n, columns)).astype(dtype)
    results = []
    for as_given in (False, True):
        lanes = _core.fused_lanes(np.dtype(dtype))
        packing = Packing(np.dtype(dtype), columns == 1 and n > 16, lanes, as_given)
        out = np.empty_like(X)
        assert pack_sweeps(run, n, packing).apply(X, out, 1)
        results.append(out)
    error = np.linalg.norm(results[0] - results[1]) / np.linalg.norm(results[1])
    assert error < 10 * log2n * np.finfo(dtype).eps


@pytest.mark.parametrize("transposed", [False, True])
@pytest.mark.parametrize("dtype", DTYPES)
def test_what_the_second_level_cache_does_not_have(
    target: str, dtype: Any, transposed: bool
) -> None:
    n, columns = 1 << 13, 64
    net = butterfly(n, dtype)
    net = net.T if transposed else net
    X = np.random.default_rng(13).standard_normal((n, columns)).astype(dtype)
    expected = in_double(net, X)
    for out in (np.empty_like(X), np.empty((n, columns + 3), dtype)[:, 3:]):
        error = np.linalg.norm(net.apply(X, out=out) - expected) / np.linalg.norm(expected)
        assert error < 130 * np.finfo(dtype).eps


def test_only_rows_that_follow_each_other_go_sixteen_at_a_time(target: str) -> None:
    for dtype in DTYPES:
        largest = 16 if target == "avx512" and np.dtype(dtype).kind == "f" else 8
        for per_lane, step, expected in ((False, 1, largest), (False, 2, 8), (True, 2, largest)):
            assert _core.sweep_radix(np.dtype(dtype), per_lane, step) == expected
    dtype = np.dtype(np.float32)
    one = (0, 16, 2, np.zeros((1, 1, 64), np.float32), 0, 0, 1 << 30, False, False, False)
    with pytest.raises(ValueError, match="radix must be a power of two up to 8"):
        _core.PackedSweeps(64, dtype, False, [one], 0.0)


@given(st.integers(4, 8), st.integers(1, 70), st.sampled_from(DTYPES), st.booleans(), st.booleans())
def test_a_bias_is_added_by_the_last_pass(
    log2n: int, columns: int, dtype: Any, transposed: bool, scaled: bool
) -> None:
    n = 1 << log2n
    rng = np.random.default_rng(columns)
    plain = butterfly(n, dtype, seed=columns)
    plain = plain.T if transposed else plain
    bias = rng.standard_normal(n).astype(dtype)
    diagonal = rng.standard_normal(n).astype(dtype) if scaled else np.ones(n, dtype)
    net = shifted(plain, bias, diagonal)
    X = rng.standard_normal((n, columns)).astype(dtype)
    expected = diagonal[:, np.newaxis] * in_double(plain, X) + bias[:, np.newaxis]
    error = np.linalg.norm(net.apply(X) - expected) / np.linalg.norm(expected)
    assert error < 10 * log2n * np.finfo(dtype).eps
    np.testing.assert_allclose(net.apply(X[:, 0]), net.apply(X)[:, 0], rtol=1e-3, atol=1e-3)
    lanes = _core.fused_lanes(np.dtype(dtype))
    for per_lane in (False, True)[: 1 + (columns == 1 and n > 16)]:
        packing = Packing(np.dtype(dtype), per_lane, lanes)
        assert isinstance(
            pack_sweeps(run_from(list(plain), 0), n, packing, bias), _core.PackedSweeps
        )


@pytest.mark.parametrize("columns", [1, 3, 64])
@pytest.mark.parametrize("odd", [np.finfo(np.float32).tiny, np.inf])
def test_a_bias_is_added_to_a_result_of_the_layers(target: str, columns: int, odd: float) -> None:
    net, bias = butterfly(64), np.arange(64, dtype=np.float32)
    X = np.full((64, columns), odd, np.float32)
    result = shifted(net, bias, np.ones(64, np.float32)).apply(X)
    np.testing.assert_array_equal(result, net.apply(X) + bias[:, np.newaxis])


def test_trips_are_those_of_the_sweeps(target: str) -> None:
    dtype = np.dtype(np.float32)
    packing = Packing(dtype, False, _core.fused_lanes(dtype))
    # passes of 8 rows that are 1, 8, 64 and 512 apart; blocks of 2^18 bytes
    net = butterfly(1 << 12)
    run = run_from(list(net), 0)
    # up to 2 KB of a row go together, and 64 columns of longer ones
    for columns, trips in ((64, 2), (128, 2), (256, 3), (512, 3), (576, 2), (1024, 2)):
        assert count_trips(run, 1 << 12, packing, columns) == trips
        moved = 2 * trips * columns * dtype.itemsize << 12
        total = net.explain(columns).total
        assert total is not None
        assert total.bytes == moved + (12 * 4 * dtype.itemsize << 11)
    # rows that do not fill registers are copied, 64 columns at a time
    run = run_from(list(butterfly(1 << 10)), 0)
    assert (count_trips(run, 1 << 10, packing, 500) == 1) == (500 % packing.lanes > 0)
    # and so are those across cache lines if there are few
    run = run_from(list(butterfly(1 << 9)), 0)
    assert count_trips(run, 1 << 9, packing, 484) == 1
    one = Packing(dtype, True, packing.lanes)
    assert count_trips(run_from(list(net), 0), 1 << 12, one, 1) == 1


def test_types_of_one_precision_share_a_range() -> None:
    assert range_of(np.dtype(np.complex64)) == range_of(np.dtype(np.float32))
