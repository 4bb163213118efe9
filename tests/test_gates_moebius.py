"""Sums over subsets: every type, size and instruction set against their definition."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cheapfast import _core
from cheapfast.gates import inverse_moebius_transform, moebius_transform

Array = npt.NDArray[Any]


def by_definition(values: list[int], alternating: bool) -> list[int]:
    """Add up subset by subset."""
    return [
        sum(
            (-1) ** ((x ^ y).bit_count() if alternating else 0) * values[y]
            for y in range(len(values))
            if y & ~x == 0
        )
        for x in range(len(values))
    ]


def bit_by_bit(values: Array, add: bool) -> Array:
    """Do one bit after the other, each in one line of NumPy: the same roundings in one order."""
    table = values.copy()
    for half in (1 << bit for bit in range(len(values).bit_length() - 1)):
        pairs = table.reshape(-1, 2, half)
        pairs[:, 1] = pairs[:, 1] + pairs[:, 0] if add else pairs[:, 1] - pairs[:, 0]
    return table


@pytest.mark.parametrize("n", range(9))
def test_definition(target: str, n: int) -> None:
    values = np.random.default_rng(n).integers(-9, 10, 1 << n)
    assert moebius_transform(values).tolist() == by_definition(values.tolist(), True)
    assert inverse_moebius_transform(values).tolist() == by_definition(values.tolist(), False)
    assert _core.ran() == {"subset_sums.int64": target}


@pytest.mark.parametrize("dtype", [np.float32, np.float64, np.int64])
@pytest.mark.parametrize("n", [*range(1, 8), 11, 12, 13, 14, 15, 16, 17, 18])
def test_same_bits_as_numpy(target: str, n: int, dtype: type) -> None:
    rng = np.random.default_rng(n)
    values = (rng.normal(size=1 << n) * 1000).astype(dtype)
    for add, transform in ((False, moebius_transform), (True, inverse_moebius_transform)):
        expected = bit_by_bit(values, add)
        for threads in (1, 2, 5):
            result = transform(values, threads=threads)
            assert result.dtype == dtype
            assert (result == expected).all()
    assert _core.ran() == {f"subset_sums.{np.dtype(dtype).name}": target}


def test_infinite_and_missing_numbers_stay_above_themselves(target: str) -> None:
    values = np.zeros(1 << 7)
    values[[5, 80]] = np.inf, np.nan
    with np.errstate(invalid="ignore"):
        np.testing.assert_array_equal(moebius_transform(values), bit_by_bit(values, False))


@given(st.lists(st.integers(-(2**70), 2**70), min_size=16, max_size=16))
def test_integers_of_any_size(values: list[int]) -> None:
    assert moebius_transform(values).tolist() == by_definition(values, True)
    assert inverse_moebius_transform(moebius_transform(values)).tolist() == values


def test_integers_of_both_signs_beyond_int64() -> None:
    # NumPy makes floats of these
    assert moebius_transform([2**63, -1]).tolist() == [2**63, -1 - 2**63]


def test_layouts_and_types() -> None:
    whole = np.arange(64, dtype=np.float64) ** 2
    expected = bit_by_bit(whole[::2].copy(), False)
    whole.flags.writeable = False
    assert (moebius_transform(whole[::2]) == expected).all()
    for dtype in (np.int8, np.uint64, np.float16, np.longdouble, ">f8", "<i4"):
        values = np.array([3, 1, 4, 1, 5, 9, 2, 6], dtype)
        assert moebius_transform(values).tolist() == by_definition(values.tolist(), True)
    assert moebius_transform(np.array([1, 2], np.longdouble)).dtype == np.longdouble
    assert moebius_transform([True, False]).dtype == np.int64


def test_misaligned_memory() -> None:
    memory = np.zeros(8 * 4096 + 4, np.uint8)
    data = memory[4:].view(np.float64)  # 8 bytes each, at an odd multiple of 4
    data[:] = np.random.default_rng(0).normal(size=4096)
    assert (moebius_transform(data) == bit_by_bit(data.copy(), False)).all()
    with pytest.raises(ValueError, match="data must be aligned"):
        _core.subset_sums(data, True, 2)


def test_what_the_kernel_refuses() -> None:
    for data, error in [
        (np.zeros(3), ValueError),
        (np.zeros(0), ValueError),
        (np.zeros((2, 2)), ValueError),
        (np.zeros(8)[::2], ValueError),
        (np.zeros(4, np.int32), TypeError),
    ]:
        with pytest.raises(error):
            _core.subset_sums(data, False, 1)
    data = np.zeros(4)
    data.flags.writeable = False
    with pytest.raises(ValueError, match="not writeable"):
        _core.subset_sums(data, False, 1)
