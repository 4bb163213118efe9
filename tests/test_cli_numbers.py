"""Numbers on the command line, read and written."""

from __future__ import annotations

import numpy as np
import pytest
import scipy.sparse as sps
from hypothesis import given
from hypothesis import strategies as st

from cheapfast.cli.flatten_counts import csr_bytes
from cheapfast.cli.numbers import format_bytes, format_count, format_ratio, parse_integer


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("1024", 1024),
        ("1_000", 1000),
        ("2^20", 2**20),
        ("2**20", 2**20),
        ("1e6", 10**6),
        ("1.5e3", 1500),
        ("2^1000", 2**1000),
        ("0", 0),
        ("0^0", 1),
        ("1^999", 1),
        (" 8 ", 8),
        ("9007199254740993", 2**53 + 1),
    ],
)
def test_parse_integer(text, value):
    assert parse_integer(text, "n") == value


@given(st.integers(min_value=0, max_value=2**1000))
def test_parse_integer_is_exact(value):
    assert parse_integer(str(value), "n") == value


@pytest.mark.parametrize("text", ["", "x", "1,5", "0.5", "inf", "2^", "^2", "2^2^2", "1e-3", "٣^"])
def test_parse_integer_refuses(text):
    with pytest.raises(ValueError, match="whole number"):
        parse_integer(text, "n")


@given(st.integers(min_value=0, max_value=2**400))
def test_format_count_reads_back(count):
    text = format_count(count)
    assert parse_integer(text.replace(",", ""), "n") == count


def test_format():
    assert format_count(999_999_999_999) == "999,999,999,999"
    assert format_count(10**12) == "10^12"
    assert format_count(2**120) == "2^120"
    assert format_count(60 * 2**61) == "138,350,580,552,821,637,120"
    assert format_ratio(2**60 / 120) == "9.61e+15"
    assert format_ratio(12345.6) == "12,346"
    assert format_bytes(2**124) == "1.84e+19 EiB"


@pytest.mark.parametrize("dtype", [np.float32, np.complex128])
def test_csr_bytes_is_what_scipy_takes(dtype):
    matrix = sps.random(70, 90, density=0.1, format="csr", random_state=2).astype(dtype)
    taken = matrix.data.nbytes + matrix.indices.nbytes + matrix.indptr.nbytes
    assert csr_bytes(70, 90, int(matrix.nnz), matrix.dtype.itemsize) == taken


def test_csr_bytes_changes_to_long_indices():
    assert csr_bytes(1, 2**31 - 1, 5, 8) == 5 * 12 + 2 * 4
    assert csr_bytes(1, 2**31, 5, 8) == 5 * 16 + 2 * 8
    assert csr_bytes(1, 10, 2**31, 8) == 2**31 * 16 + 2 * 8
