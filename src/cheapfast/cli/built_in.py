"""The networks that the command line can build itself: ``fft:1048576``, ``random:n=...``."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import cheapfast as cf

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
    seed = parse_integer(options.get("seed", "0"), "seed")
    return cf.algorithms.random_sparse(size, density, depth, rng=seed)


BUILT_INS = {
    "fft": BuiltIn("fft:1048576[,reorder=no]", _fft),
    "hadamard": BuiltIn("hadamard:2^60", _hadamard),
    "haar": BuiltIn("haar:1024[,copies=no]", _haar),
    "random": BuiltIn("random:n=10000,p=0.001,depth=3[,seed=0]", _random),
}


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
