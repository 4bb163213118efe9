"""How a run is cut: phases of tiles that stay in a cache, and passes that are done in registers."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from cheapfast.plan.runs.stages import Stage, passes_of, phases_of

Array = npt.NDArray[Any]

# A tile of so many bytes stays in a second-level cache, with room for the weights beside it.
_TILE_BYTES = 1 << 19
_FEWEST_COLUMNS = 16


@dataclass(frozen=True)
class Packing:
    """For whom weights are packed.

    Parameters
    ----------
    dtype : numpy.dtype
        Of weights and operand.
    per_lane : bool
        Whether the lanes of a register belong to neighbouring tiles of one vector, with weights of
        their own; else to vectors that share a weight.
    lanes : int
        Numbers in a register.
    as_given : bool
        Whether blocks stay as they are; else a layer's diagonal may be moved into the next layer.
    """

    dtype: np.dtype[Any]
    per_lane: bool
    lanes: int
    as_given: bool = False

    @property
    def rows(self) -> int:
        """Most rows of a tile."""
        columns = self.lanes if self.per_lane else max(_FEWEST_COLUMNS, self.lanes)
        return _TILE_BYTES // (columns * self.dtype.itemsize)

    @property
    def fewest_phases(self) -> int:
        """Two: tiles then stay in the first-level cache, and one vector fills its registers."""
        return 2


@dataclass(frozen=True)
class Phase:
    """Some stages of a run and the tiles that they do not mix.

    Parameters
    ----------
    stages : sequence of Stage
        In the order in which they run.
    features : int
    """

    stages: Sequence[Stage]
    features: int

    @property
    def stride(self) -> int:
        """Distance of neighbouring rows of a tile."""
        return min(stage.stride for stage in self.stages)

    @property
    def rows(self) -> int:
        """Rows of a tile."""
        return math.prod(stage.radix for stage in self.stages)

    @property
    def tiles(self) -> int:
        """Number of tiles: tile o * stride + j has the rows (o * rows + i) * stride + j."""
        return self.features // self.rows

    def passes(self) -> Iterator[tuple[Sequence[Stage], int, int]]:
        """Yield the stages that are done in registers together, their radix and their step.

        Such a pass joins the rows q + step * (i + radix * g), i < radix, of each tile.
        """
        position = 0
        for count in passes_of([stage.radix for stage in self.stages]):
            stages = self.stages[position : position + count]
            position += count
            radix = math.prod(stage.radix for stage in stages)
            yield stages, radix, min(stage.stride for stage in stages) // self.stride

    def places(self) -> tuple[Array, Array]:
        """Return where the rows of a tile are, and where each tile starts."""
        rows = np.arange(self.rows, dtype=np.int64) * self.stride
        tile = np.arange(self.tiles, dtype=np.int64)
        return rows, tile // self.stride * (self.rows * self.stride) + tile % self.stride


def cut_phases(run: Sequence[Stage], features: int, packing: Packing) -> list[Phase]:
    """Cut a run into phases whose tiles fit in the cache.

    Parameters
    ----------
    run : sequence of Stage
    features : int
    packing : Packing

    Returns
    -------
    list of Phase
    """
    sizes = phases_of([stage.radix for stage in run], packing.rows, packing.fewest_phases)
    ends = np.cumsum([0, *sizes])
    return [
        Phase(run[start:end], features)
        for start, end in zip(ends[:-1].tolist(), ends[1:].tolist(), strict=True)
    ]
