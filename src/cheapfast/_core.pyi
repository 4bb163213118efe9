"""The compiled kernels. Private: called by position, from modules that check arguments first."""

from collections.abc import Callable
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

_Index: TypeAlias = npt.NDArray[np.int32] | npt.NDArray[np.int64] | npt.NDArray[Any]
_CsrArrays: TypeAlias = tuple[int, int, _Index, _Index]  # rows, columns, indptr, indices

STRICTLY_INCREASING: int
DIAGONAL: int

def targets() -> list[str]: ...
def active_target() -> str: ...
def set_target(name: str, /) -> None: ...
def ran() -> dict[str, str]: ...
def clear_ran() -> None: ...
def compiler() -> str: ...
def check_csr(rows: int, cols: int, indptr: _Index, indices: _Index, /) -> int: ...
def scan_values(data: npt.NDArray[Any], /) -> tuple[int, int]: ...
def count_chain(
    layers: list[_CsrArrays],
    method: str,
    threads: int,
    memory_limit: int,
    progress: Callable[[int, int], None] | None,
    /,
) -> tuple[int, list[int | None], str, int]: ...
