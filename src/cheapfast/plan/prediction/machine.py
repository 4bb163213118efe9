"""What this machine is good at: measured rates, and where they are kept between runs."""

from __future__ import annotations

import hashlib
import json
import math
import os
import sys
from bisect import bisect_right
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cheapfast._processor import processor_name
from cheapfast._replacing import replacing
from cheapfast.plan.prediction.rates import RATES

#: Raised when what is measured changes: an older file is then measured anew.
FORMAT = 5

# Of rows that are so long, each register takes its time.
_BY_ROW_BYTES = frozenset({"row", "entry", "long", "complex", "scatter", "permute"})
_LARGEST = 1e300  # of what a curve is asked for: symbolic networks have sizes beyond any float


@dataclass(frozen=True)
class Curve:
    """A rate that depends on a size, linear between measured points: mostly in its logarithm.

    Parameters
    ----------
    points : tuple of (float, float)
        Size and rate, sizes rising; the first and the last rate hold beyond them.
    """

    points: tuple[tuple[float, float], ...]

    def at(self, size: float, *, linear: bool = False) -> float:
        """Return the rate at a size.

        Parameters
        ----------
        size : float
        linear : bool, optional
            Whether to interpolate in the size itself and not in its logarithm.

        Returns
        -------
        float
        """
        above = bisect_right(self.points, size, key=lambda point: point[0])
        if above == 0:
            return self.points[0][1]
        if above == len(self.points):
            return self.points[-1][1]
        (low, first), (high, last) = self.points[above - 1 : above + 1]
        if linear:
            share = (size - low) / (high - low)
        else:
            share = math.log(size / low) / math.log(high / low)
        return first + share * (last - first)


def curve(points: Iterable[tuple[float, float]]) -> Curve:
    """Make a curve of measured points; a rate below 0 is the noise of a rate of 0.

    Parameters
    ----------
    points : iterable of (float, float)

    Returns
    -------
    Curve
    """
    return Curve(tuple((float(size), max(rate, 0.0)) for size, rate in points))


def constant(rate: float) -> Curve:
    """Make a curve of a rate that depends on nothing.

    Parameters
    ----------
    rate : float

    Returns
    -------
    Curve
    """
    return curve([(1.0, rate)])


@dataclass(frozen=True)
class Machine:
    """Measured rates of a machine, for one instruction set and number of threads.

    Parameters
    ----------
    rates : mapping of str to Curve
        One for each name in `RATES`.
    threads : int
        Threads that `speedup` is for; all other rates are those of one thread.
    """

    rates: Mapping[str, Curve]
    threads: int

    def rate(self, name: str, size: float = 1.0) -> float:
        """Return a rate.

        Parameters
        ----------
        name : str
            One of `RATES`.
        size : float
            What the rate depends on, if it does.

        Returns
        -------
        float
        """
        return self.rates[name].at(min(size, _LARGEST), linear=name in _BY_ROW_BYTES)

    def to_json(self) -> dict[str, Any]:
        """Return plain values.

        Returns
        -------
        dict
        """
        return {
            "format": FORMAT,
            "threads": self.threads,
            "rates": {name: [list(point) for point in self.rates[name].points] for name in RATES},
        }

    @classmethod
    def from_json(cls, document: Any) -> Machine:
        """Read what `to_json` returned.

        Parameters
        ----------
        document : Any

        Returns
        -------
        Machine

        Raises
        ------
        ValueError
            If it is anything else.
        """
        try:
            if document["format"] != FORMAT:
                raise ValueError(f"format must be {FORMAT}, got {document['format']!r}")
            rates = {name: _read(document["rates"][name]) for name in RATES}
            threads = int(document["threads"])
        except (KeyError, TypeError, IndexError, OverflowError) as error:
            raise ValueError(f"no calibration of a machine: {error!r}") from error
        return cls(rates, threads)


def _read(points: Any) -> Curve:
    read = tuple((float(size), float(rate)) for size, rate in points)
    sizes = [size for size, _ in read]
    usable = all(size > 0 and 0 <= rate < math.inf for size, rate in read)
    if not read or not usable or sorted(set(sizes)) != sizes:
        raise ValueError(f"a rate must have positive, rising sizes, got {points!r}")
    return Curve(read)


def cache_folder() -> Path:
    """Return the folder for what is worth keeping between runs; it need not exist.

    Returns
    -------
    pathlib.Path
        The environment variable CHEAPFAST_CACHE, else the folder ``cheapfast`` where the system
        keeps such files: ``$XDG_CACHE_HOME`` or ``~/.cache``; ``~/Library/Caches`` on macOS;
        ``%LOCALAPPDATA%`` on Windows.
    """
    chosen = os.environ.get("CHEAPFAST_CACHE", "").strip()
    if chosen:
        return Path(chosen)
    if sys.platform == "win32":
        base = os.environ.get("LOCALAPPDATA", "")
        return (Path(base) if base else Path.home() / "AppData" / "Local") / "cheapfast"
    if sys.platform == "darwin":
        return Path.home() / "Library" / "Caches" / "cheapfast"
    base = os.environ.get("XDG_CACHE_HOME", "")
    # the specification says that a relative path is to be ignored
    return (Path(base) if os.path.isabs(base) else Path.home() / ".cache") / "cheapfast"


def cache_file(version: str, target: str, threads: int) -> Path:
    """Return the file that keeps the rates of this machine.

    Parameters
    ----------
    version : str
        Of this package.
    target : str
        Instruction set that the kernels use.
    threads : int

    Returns
    -------
    pathlib.Path
        Its name tells apart processors, for a home folder that several machines share.
    """
    key = "\n".join((processor_name(), str(os.cpu_count()), version, target, str(threads)))
    return cache_folder() / f"machine-{hashlib.sha256(key.encode()).hexdigest()[:16]}.json"


def load(path: Path) -> Machine | None:
    """Read a kept calibration.

    Parameters
    ----------
    path : pathlib.Path

    Returns
    -------
    Machine or None
        None if there is none that can be read: it is then measured anew.
    """
    try:
        return Machine.from_json(json.loads(path.read_text(encoding="utf-8")))
    except (OSError, ValueError):
        return None


def store(path: Path, machine: Machine, notes: Mapping[str, str]) -> bool:
    """Keep a calibration; other processes see the whole file or none of it.

    Parameters
    ----------
    path : pathlib.Path
    machine : Machine
    notes : mapping
        Written next to the rates, for people.

    Returns
    -------
    bool
        False if the folder cannot be written: nothing is kept then, which costs the next process a
        measurement and nothing else.
    """
    text = json.dumps({**notes, **machine.to_json()}, indent=1)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with replacing(path) as file:
            file.write((text + "\n").encode())
    except OSError:
        return False
    return True
