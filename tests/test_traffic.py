"""What the prediction of sparse products knows of a matrix: the dumbest way of counting it."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from cheapfast.plan.prediction.traffic import Blocks, sampled_traffics

Rows = list[list[int]]


@st.composite
def matrices(draw: st.DrawFn) -> tuple[int, list[Rows]]:
    """Draw the width of a matrix, and some blocks of neighbouring rows; many or few nonzeros."""
    width = draw(st.sampled_from([1, 3, 40, 3000]))
    row = st.lists(st.integers(0, width - 1), max_size=60, unique=True)
    rows = row.map(sorted) if draw(st.booleans()) else row
    return width, draw(st.lists(st.lists(rows, max_size=8), max_size=4))


def described(width: int, blocks: list[Rows]) -> list[float]:
    """Count touched, fresh, extent, uneven and words of `Traffic` number by number."""
    touched = fresh = extent = 0.0
    before = 0
    for number, block in enumerate(blocks, start=1):
        named = sorted({column for row in block for column in row})
        streams = 0
        for column in named:
            place = 2 * width * number + column  # far from those of other blocks
            is_apart = place - before > max(width // 64, 16)
            streams += is_apart
            extent += 1 if is_apart else place - before
            before = place
        touched += len(named)
        fresh += min(len(named), streams * len(block))
    rows = [row for block in blocks for row in block]
    pairs = [(len(a), len(b)) for block in blocks for a, b in pairwise(block)]
    words = sum(len({column // 64 for column in row}) for row in rows)
    return [
        touched / max(len(rows), 1),
        fresh / max(len(rows), 1),
        extent / max(len(blocks), 1),
        sum(a != b for a, b in pairs) / max(len(pairs), 1),
        words / sum(map(len, rows)) if any(rows) else 1.0,
    ]


@given(st.lists(matrices(), min_size=1, max_size=4), st.sampled_from([np.int32, np.int64]))
def test_several_matrices_at_once(drawn: list[tuple[int, list[Rows]]], index: Any) -> None:
    rows = [row for _, blocks in drawn for block in blocks for row in block]
    columns = np.array([column for row in rows for column in row], index)
    lengths = np.array([len(row) for row in rows], np.int64)
    sizes = np.array([len(block) for _, blocks in drawn for block in blocks], np.int64)
    owners = np.repeat(np.arange(len(drawn)), [len(blocks) for _, blocks in drawn])
    shapes = [(width, width) for width, _ in drawn]
    found = sampled_traffics(columns, lengths, Blocks(sizes, owners), shapes, [1.0] * len(drawn))
    for (width, blocks), one in zip(drawn, found, strict=True):
        values = [one.touched, one.fresh, one.extent, one.uneven, one.words]
        np.testing.assert_allclose(values, described(width, blocks), rtol=1e-12)
