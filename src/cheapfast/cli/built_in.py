"""The networks that the command line can build itself: ``fft:1048576``, ``random:n=...``."""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cheapfast as cf
from cheapfast import _memory
from cheapfast._random import generator

from .numbers import parse_fraction, parse_integer

# Two letters at least: C:\matrices\A.npz is a file.
_BUILT_IN = re.compile(r"([A-Za-z][A-Za-z_]+):(.*)", re.DOTALL)


@dataclass(frozen=True)
class BuiltIn:
    """One kind of network that the command line knows by name.

    Parameters
    ----------
    usage : str
        How it is written.
    build : callable
        Makes the network from what follows the colon.
    """

    usage: str
    build: Callable[[str], Any]


def build(spec: str) -> Any:
    """Build the network that `spec` names.

    Parameters
    ----------
    spec : str
        For example ``"hadamard:2^60"``.

    Returns
    -------
    cheapfast.Network or None
        None if `spec` does not have the form of a built-in.

    Raises
    ------
    ValueError
        If the name is unknown or its parameters are wrong.
    MemoryError
        If the network would not fit in memory.
    """
    match = _BUILT_IN.fullmatch(spec)
    if match is None:
        if spec in BUILT_INS and not Path(spec).exists():
            raise ValueError(f"{spec}: no such file; a built-in is written {BUILT_INS[spec].usage}")
        return None
    name, parameters = match.groups()
    if name not in BUILT_INS:
        raise ValueError(
            f"unknown built-in {name!r} in {spec!r}: the built-ins are "
            f"{', '.join(entry.usage for entry in BUILT_INS.values())} "
            f"(a file of that name is written ./{spec})"
        )
    try:
        return BUILT_INS[name].build(parameters)
    except ValueError as error:
        # a chain may hold several built-ins: say which one
        raise ValueError(f"{spec}: {error}") from error


def _fft(parameters: str) -> Any:
    size, options = _size_and_options(parameters, {"reorder"})
    return cf.algorithms.fourier(size, reorder=_switch(options, "reorder", True))


def _hadamard(parameters: str) -> Any:
    size, _ = _size_and_options(parameters, set())
    return cf.algorithms.hadamard(size)


def _haar(parameters: str) -> Any:
    size, options = _size_and_options(parameters, {"copies"})
    return cf.algorithms.haar(size, copies=_switch(options, "copies", True))


def _random(parameters: str) -> Any:
    options = _options(parameters.split(","), {"n", "p", "depth", "seed"})
    missing = [name for name in ("n", "p", "depth") if name not in options]
    if missing:
        raise ValueError(f"{', '.join(missing)} missing; write random:n=10000,p=0.001,depth=3")
    size = parse_integer(options["n"], "n")
    density = parse_fraction(options["p"], "p")
    depth = parse_integer(options["depth"], "depth")
    return cf.algorithms.random_sparse(size, density, depth, rng=_seed(options))


def _daubechies(parameters: str) -> Any:
    size, options = _size_and_options(parameters, {"order", "copies"})
    order = parse_integer(options.get("order", "2"), "order")
    return cf.algorithms.daubechies(size, order, copies=_switch(options, "copies", True))


def _butterfly(parameters: str) -> Any:
    size, options = _size_and_options(parameters, {"seed"})
    return cf.algorithms.butterfly(size, rng=_seed(options))


def _monarch(parameters: str) -> Any:
    shape, *rest = parameters.split(",")
    options = _options(rest, {"seed"})
    sides = [parse_integer(side, "a side") for side in shape.lower().split("x")]
    if len(sides) != 2:
        raise ValueError(f"{shape!r} is not understood; write monarch:16x32")
    return cf.algorithms.monarch(sides[0], sides[1], rng=_seed(options))


def _strassen(parameters: str) -> Any:
    levels, options = _size_and_options(parameters, {"n", "side", "seed"})
    size = parse_integer(options.get("n", f"2^{min(max(levels, 0), _MOST_LEVELS)}"), "n")
    fixed = _normal((size, size), options)
    side: Any = options.get("side", "left")
    return cf.algorithms.strassen(levels, fixed, side=side)


def _convolution(parameters: str) -> Any:
    size, options = _size_and_options(parameters, {"kernel"})
    if "kernel" not in options:
        raise ValueError("kernel missing; write convolution:1024,kernel=1:2:1")
    kernel = [parse_fraction(tap, "kernel") for tap in options["kernel"].split(":")]
    return cf.algorithms.convolution(kernel, size)


def _low_rank(parameters: str) -> Any:
    size, options = _size_and_options(parameters, {"rank", "seed"})
    if "rank" not in options:
        raise ValueError("rank missing; write low_rank:1000,rank=10")
    rank = parse_integer(options["rank"], "rank")
    factors = _normal((2, size, rank), options)
    return cf.algorithms.low_rank(factors[0], factors[1].T)


BUILT_INS = {
    "fft": BuiltIn("fft:1048576[,reorder=no]", _fft),
    "hadamard": BuiltIn("hadamard:2^60", _hadamard),
    "haar": BuiltIn("haar:1024[,copies=no]", _haar),
    "daubechies": BuiltIn("daubechies:1024[,order=2][,copies=no]", _daubechies),
    "butterfly": BuiltIn("butterfly:1024[,seed=0]", _butterfly),
    "monarch": BuiltIn("monarch:16x32[,seed=0]", _monarch),
    "strassen": BuiltIn("strassen:3[,n=8][,side=right][,seed=0]", _strassen),
    "convolution": BuiltIn("convolution:1024,kernel=1:2:1", _convolution),
    "low_rank": BuiltIn("low_rank:1000,rank=10[,seed=0]", _low_rank),
    "random": BuiltIn("random:n=10000,p=0.001,depth=3[,seed=0]", _random),
}

#: More levels than this fit in no memory; 2 to their power is still a size.
_MOST_LEVELS = 60


def _seed(options: dict[str, str]) -> int:
    return parse_integer(options.get("seed", "0"), "seed")


def _normal(shape: tuple[int, ...], options: dict[str, str]) -> Any:
    """Return random weights, none of them 0; before that, whether they fit."""
    if min(shape) < 1:
        raise ValueError(f"the size must be at least 1, got {min(shape)}")
    _memory.require(8 * math.prod(shape), "its weights", "choose a smaller size")
    return generator(_seed(options)).standard_normal(shape)


def _size_and_options(parameters: str, known: set[str]) -> tuple[int, dict[str, str]]:
    size, *rest = parameters.split(",")
    return parse_integer(size, "the size"), _options(rest, known)


def _options(parts: list[str], known: set[str]) -> dict[str, str]:
    options: dict[str, str] = {}
    for part in parts:
        key, equals, value = (piece.strip() for piece in part.partition("="))
        if not equals or key not in known or key in options:
            expected = ", ".join(f"{option}=..." for option in sorted(known)) or "nothing"
            problem = "is given twice" if key in options else "is not understood"
            raise ValueError(f"{part.strip()!r} {problem}; what may be given is {expected}")
        options[key] = value
    return options


def _switch(options: dict[str, str], key: str, default: bool) -> bool:
    text = options.get(key, "yes" if default else "no").lower()
    if text in {"yes", "true", "on", "1"}:
        return True
    if text in {"no", "false", "off", "0"}:
        return False
    raise ValueError(f"{key} must be yes or no, not {text!r}")
