"""Memory: limits are read right, and work that does not fit is refused."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cheapfast import _memory


@pytest.mark.parametrize(
    ("limit", "expected"),
    [
        (None, None),
        (0, 0),
        (2**70, 2**70),
        ("123", 123),
        ("8G", 8 * 2**30),
        ("8g", 8 * 2**30),
        ("500M", 500 * 2**20),
        ("1K", 1024),
        ("1.5 GiB", 3 * 2**29),
        (" 2 TB ", 2 * 2**40),
        ("0.1K", 102),
        ("3P", 3 * 2**50),
        ("1E", 2**60),
        ("7B", 7),
    ],
)
def test_limits(limit, expected):
    assert _memory.parse_bytes(limit) == expected


@pytest.mark.parametrize("limit", ["", "G", "8X", "-1G", "1e9", "8GG", ".5G", "8 G B", "nan"])
def test_unreadable_limits(limit):
    with pytest.raises(ValueError, match="memory_limit must be bytes or a number like '8G'"):
        _memory.parse_bytes(limit)


@pytest.mark.parametrize(
    ("limit", "error"), [(-1, ValueError), (1.5, TypeError), (True, TypeError)]
)
def test_wrong_limits(limit, error):
    with pytest.raises(error, match="memory_limit must be"):
        _memory.parse_bytes(limit)


@pytest.mark.parametrize(
    ("count", "text"),
    [
        (0, "0 B"),
        (1023, "1023 B"),
        (1024, "1.00 KiB"),
        (10 * 1024, "10.0 KiB"),
        (1023 * 1024, "1023 KiB"),
        (2**30, "1.00 GiB"),
        (2**60, "1.00 EiB"),
        (2**120, f"{2**60} EiB"),
        (1075, "1.05 KiB"),
        (10_239, "10.00 KiB"),
        (1023 * 1024 + 512, "1024 KiB"),
    ],
)
def test_human(count, text):
    assert _memory.human(count) == text


@given(st.integers(1024, 2**60))
def test_human_can_be_read_back(count):
    back = _memory.parse_bytes(_memory.human(count))
    assert abs(back - count) <= 0.01 * count


def test_require_with_a_limit():
    _memory.require(1024, "the count", "ask less", limit="1K")
    with pytest.raises(MemoryError) as caught:
        _memory.require(1025, "the count", "ask less", limit="1K")
    assert str(caught.value) == (
        "the count needs 1,025 bytes (1.00 KiB), but memory_limit is 1.00 KiB; "
        "raise it, or ask less"
    )


def test_require_without_a_limit(monkeypatch):
    monkeypatch.setattr(_memory, "available_bytes", lambda: 2**30)
    _memory.require(2**30, "the count", "ask less")
    with pytest.raises(MemoryError, match=r"only 1\.00 GiB are available; ask less"):
        _memory.require(2**30 + 1, "the count", "ask less")
    found = _memory.Available(1000)
    _memory.require(1000, "the count", "ask less", limit=found)
    with pytest.raises(MemoryError, match=r"only 1000 B are available; ask less"):
        _memory.require(1001, "the count", "ask less", limit=found)


def test_small_work_does_not_ask_the_system(monkeypatch):
    asked = []
    monkeypatch.setattr(_memory, "available_bytes", lambda: asked.append(1) or 2**40)
    _memory.require(2**20, "the count", "ask less")
    assert not asked
    _memory.require(2**30, "the count", "ask less")
    assert asked


def test_available_bytes_is_sensible():
    assert 2**20 < _memory.available_bytes() < 2**60


def test_the_containers_limit_counts(monkeypatch, tmp_path):
    limit, used = tmp_path / "limit", tmp_path / "used"
    limit.write_text("1000000\n", encoding="ascii")
    used.write_text("400000\n", encoding="ascii")
    monkeypatch.setattr(_memory, "_CGROUP_FILES", ((str(limit), str(used)),))
    assert _memory.available_bytes() == 600000
    limit.write_text("max\n", encoding="ascii")
    assert _memory.available_bytes() > 2**20
    limit.write_text("300000\n", encoding="ascii")
    assert _memory.available_bytes() == 1  # over the limit: nothing is left, but 0 is no limit


def test_a_limit_holds_inside_its_block_only():
    with _memory.limited("1K"), _memory.limited(None):
        _memory.require(1024, "the count", "ask less")
        _memory.require(2048, "the count", "ask less", limit="2K")
        with pytest.raises(MemoryError, match=r"memory_limit is 1\.00 KiB"):
            _memory.require(1025, "the count", "ask less")
    _memory.require(1025, "the count", "ask less")


def test_systems_without_meminfo(monkeypatch):
    def missing(self, encoding):
        raise OSError(self)

    monkeypatch.setattr(Path, "read_text", missing)
    assert _memory.available_bytes() > 2**20
