"""The compiled kernels. Private: called by position, from modules that check arguments first."""

from collections.abc import Callable
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

_Index: TypeAlias = npt.NDArray[np.int32] | npt.NDArray[np.int64] | npt.NDArray[Any]
# rows, columns, indptr, indices, data
_CsrMatrix: TypeAlias = tuple[int, int, _Index, _Index, npt.NDArray[Any]]
_CsrArrays: TypeAlias = tuple[int, int, _Index, _Index]  # rows, columns, indptr, indices

# rows, columns, indptr, indices, data, bias (one an output, of the operand's dtype), order
# (output i is row order[i], int64), form; with a form other than AS_IS neither bias nor order
_SparseLayer: TypeAlias = tuple[
    int,
    int,
    _Index,
    _Index,
    npt.NDArray[Any],
    npt.NDArray[Any] | None,
    npt.NDArray[np.int64] | None,
    int,
]

STRICTLY_INCREASING: int
DIAGONAL: int
AS_IS: int
TRANSPOSED: int
ADJOINT: int
REGISTERS: int
SLICED_REGISTERS: int
RANKS: int
MOST_RANK: int
EMPTY_SHIFT: int
SIGMAS: tuple[str, ...]

def targets() -> list[str]: ...
def active_target() -> str: ...
def set_target(name: str, /) -> None: ...
def ran() -> dict[str, str]: ...
def clear_ran() -> None: ...
def compiler() -> str: ...
def check_csr(rows: int, cols: int, indptr: _Index, indices: _Index, /) -> int: ...
def scan_values(data: npt.NDArray[Any], /) -> tuple[int, int]: ...
def split(
    matrices: npt.NDArray[Any],
    rows: npt.NDArray[np.int64],
    columns: npt.NDArray[np.int64],
    sizes: tuple[int, int, int],
    left: npt.NDArray[Any],
    right: npt.NDArray[Any],
    limit: float,
    threads: int,
    progress: Callable[[int, int], None] | None,
    /,
) -> tuple[float, float, bool]: ...
def measure(data: npt.NDArray[Any], threads: int, /) -> tuple[int, int, float]: ...
def squared_distance(
    matrix: npt.NDArray[Any],
    rows: npt.NDArray[np.int64],
    left: npt.NDArray[np.float64],
    right: npt.NDArray[np.float64],
    starts: npt.NDArray[np.int64],
    same: bool,
    threads: int,
    /,
) -> float: ...
def hadamard_plain(
    x: object,
    out: object,
    axis: object,
    threads: object,
    thread_count: Callable[[int | None], int],
    /,
) -> npt.NDArray[Any] | None: ...
def hadamard_strided(
    source: npt.NDArray[Any], out: npt.NDArray[Any], axis: int, threads: int, /
) -> bool: ...
def fused_lanes(dtype: np.dtype[Any], /) -> int: ...
def sweep_radix(dtype: np.dtype[Any], per_lane: bool, step: int, /) -> int: ...

VECTOR: int
COLUMNS: int
FEW_COLUMNS: int
ROWS: int
FEW_ROWS: int

def operand_shape(dtype: np.dtype[Any], side_by_side: bool, vectors: int, /) -> int: ...

class Step:
    def __init__(self, *args: object, **kwargs: object) -> None: ...  # refuses

class Factor(Step):
    def __init__(
        self,
        pattern: tuple[int, int, int, int],
        values: npt.NDArray[Any],
        strides: tuple[int, ...],
        bias: npt.NDArray[Any] | None,
        /,
    ) -> None: ...
    def apply(self, x: npt.NDArray[Any], out: npt.NDArray[Any], threads: int, /) -> None: ...

class FactorPair(Step):
    def __init__(self, first: Factor, second: Factor, /) -> None: ...
    def apply(self, x: npt.NDArray[Any], out: npt.NDArray[Any], threads: int, /) -> None: ...

def factors_pair(
    first: tuple[int, int, int, int], second: tuple[int, int, int, int], /
) -> bool: ...

class PackedRun(Step):
    def __init__(
        self, features: int, dtype: np.dtype[Any], per_lane: bool, phases: list[tuple[Any, ...]], /
    ) -> None: ...
    def apply(self, x: npt.NDArray[Any], out: npt.NDArray[Any], threads: int, /) -> bool: ...

class PackedSweeps(Step):
    def __init__(
        self,
        features: int,
        dtype: np.dtype[Any],
        per_lane: bool,
        passes: list[tuple[Any, ...]],
        least: float,
        /,
    ) -> None: ...
    def apply(self, x: npt.NDArray[Any], out: npt.NDArray[Any], threads: int, /) -> bool: ...

class HadamardStep(Step):
    def __init__(
        self, features: int, levels: int, stride: int, dtype: np.dtype[Any], /
    ) -> None: ...
    def apply(self, x: npt.NDArray[Any], out: npt.NDArray[Any], threads: int, /) -> None: ...

# order, scale, bias
_Arrays = tuple[npt.NDArray[Any] | None, npt.NDArray[Any] | None, npt.NDArray[Any] | None]

class Reorder(Step):
    def __init__(self, features: int, dtype: np.dtype[Any], arrays: _Arrays, /) -> None: ...
    def apply(self, x: npt.NDArray[Any], out: npt.NDArray[Any], threads: int, /) -> bool: ...

class Framed(Step):
    def __init__(self, inner: Step, before: _Arrays, after: _Arrays, /) -> None: ...
    def apply(self, x: npt.NDArray[Any], out: npt.NDArray[Any], threads: int, /) -> bool: ...

class Elementwise(Step):
    def __init__(self, kind: int, features: int, dtype: np.dtype[Any], /) -> None: ...
    def apply(self, x: npt.NDArray[Any], out: npt.NDArray[Any], threads: int, /) -> None: ...

class Softmax(Step):
    def __init__(self, features: int, dtype: np.dtype[Any], /) -> None: ...
    def apply(self, x: npt.NDArray[Any], out: npt.NDArray[Any], threads: int, /) -> None: ...

class Maxpool(Step):
    def __init__(self, outputs: int, window: int, dtype: np.dtype[Any], /) -> None: ...
    def apply(self, x: npt.NDArray[Any], out: npt.NDArray[Any], threads: int, /) -> None: ...

class Program:
    def __init__(
        self,
        inputs: int,
        outputs: int,
        thread_count: Callable[[int | None], int],
        /,
        widened: dict[np.dtype[Any], np.dtype[Any]] = ...,
        splits: bool = ...,
        widest: int = ...,
    ) -> None: ...
    def set(self, dtype: np.dtype[Any], shape: int, steps: list[Step], /) -> None: ...
    def is_set(self, dtype: np.dtype[Any], shape: int, /) -> bool: ...
    def is_ready(self, dtype: np.dtype[Any], shape: int, /) -> bool: ...
    def parts_shape(self, dtype: np.dtype[Any], vectors: int, /) -> int: ...
    # called with (X, out, axis, threads), or with X for numpy.matmul's rule: the result, or None
    def callable(self) -> Callable[..., npt.NDArray[Any] | None]: ...

def stream_read(data: npt.NDArray[np.float32], repeats: int, threads: int, /) -> float: ...
def stream_update(
    data: npt.NDArray[np.float32], factor: float, repeats: int, threads: int, /
) -> None: ...
def iterate(factor: float, single: bool, steps: int, threads: int, /) -> tuple[float, float]: ...
def multiply(
    left: _CsrMatrix,
    right: _CsrMatrix,
    threads: int,
    memory_limit: int,
    progress: Callable[[int, int], None] | None,
    /,
) -> tuple[npt.NDArray[Any], npt.NDArray[Any], npt.NDArray[Any]]: ...

class SparseChain(Step):
    def __init__(self, layers: list[_SparseLayer], dtype: np.dtype[Any], /) -> None: ...
    def apply(self, x: npt.NDArray[Any], out: npt.NDArray[Any], threads: int, /) -> None: ...
    def bytes(self, x: npt.NDArray[Any], out: npt.NDArray[Any], /) -> int: ...

def count_chain(
    layers: list[_CsrArrays],
    method: str,
    threads: int,
    memory_limit: int,
    progress: Callable[[int, int], None] | None,
    /,
) -> tuple[int, list[int | None], str, int]: ...
def sketch_columns(
    kind: int,
    columns: int,
    first_register: int,
    seed: int,
    out: npt.NDArray[np.uint8],
    threads: int,
    /,
) -> None: ...
def sketch_layer(
    kind: int,
    layer: _CsrArrays,
    sketches: npt.NDArray[np.uint8],
    out: npt.NDArray[np.uint8],
    threads: int,
    progress: Callable[[int, int], None] | None,
    /,
) -> None: ...
def sketch_sums(
    kind: int,
    layer: _CsrArrays,
    sketches: npt.NDArray[np.uint8],
    sums: npt.NDArray[Any],
    threads: int,
    progress: Callable[[int, int], None] | None,
    /,
) -> None: ...
def count_rows(
    layers: list[_CsrArrays],
    rows: npt.NDArray[np.int64],
    threads: int,
    memory_limit: int,
    progress: Callable[[int, int], None] | None,
    /,
) -> npt.NDArray[np.int64]: ...
def count_rows_on_the_way(
    layers: list[_CsrArrays],
    rows: npt.NDArray[np.int64],
    threads: int,
    memory_limit: int,
    progress: Callable[[int, int], None] | None,
    /,
) -> npt.NDArray[np.int64]: ...
def count_modular(
    layers: list[_CsrMatrix],
    first: tuple[int, int],
    second: tuple[int, int],
    threads: int,
    memory_limit: int,
    progress: Callable[[int, int], None] | None,
    /,
) -> int: ...
def count_with_tolerance(
    layers: list[_CsrMatrix],
    tolerance: float,
    threads: int,
    memory_limit: int,
    progress: Callable[[int, int], None] | None,
    /,
) -> int: ...
def count_prefixes(
    layers: list[_CsrArrays],
    threads: int,
    memory_limit: int,
    progress: Callable[[int, int], None] | None,
    /,
) -> list[int]: ...
def sign_sum(
    kind: int,
    single: bool,
    steps: npt.NDArray[np.float64],
    bias: float,
    degree: int,
    threads: int,
    progress: Callable[[int, int], None] | None,
    /,
) -> float: ...
def sign_sum_double(
    kind: int,
    high: npt.NDArray[np.float64],
    low: npt.NDArray[np.float64],
    bias: tuple[float, float],
    degree: int,
    threads: int,
    progress: Callable[[int, int], None] | None,
    /,
) -> tuple[float, float]: ...
def sign_sum_function(
    capsule: Any,
    steps: npt.NDArray[np.float64],
    bias: float,
    threads: int,
    progress: Callable[[int, int], None] | None,
    /,
) -> float: ...
def call_function(capsule: Any, u: npt.NDArray[np.float64], /) -> npt.NDArray[np.float64]: ...
def subset_sums(data: npt.NDArray[Any], add: bool, threads: int, /) -> None: ...
def activate(kind: int, u: npt.NDArray[Any], degree: int, /) -> npt.NDArray[Any]: ...
