"""Where and with what a run was made: without this a stored figure means nothing."""

from __future__ import annotations

import importlib.metadata
import os
import platform
import subprocess
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import cheapfast as cf
from cheapfast import _core, _memory
from cheapfast._processor import processor_name

from .model import Peer

#: What the core needs and real input comes from; the peers name their own.
PACKAGES = ("numpy", "scipy", "pyamg")


def record(peers: Iterable[Peer]) -> dict[str, Any]:
    """Describe the machine and the software.

    Parameters
    ----------
    peers : iterable of Peer
        Whose versions to record.

    Returns
    -------
    dict
        Strings and numbers for JSON.
    """
    packages = sorted({*PACKAGES, *(name for peer in peers for name in peer.packages)})
    build = cf.build_info()
    return {
        "date": datetime.now(timezone.utc).isoformat(timespec="seconds"),
        "cheapfast": build.version,
        "commit": commit(),
        "cpu": processor_name(),
        "cores": usable_cores(),
        "memory_available": _memory.available_bytes(),
        "targets": list(build.targets),
        "active_target": build.active_target,
        "compiler": build.compiler,
        "system": platform.platform(),
        "python": platform.python_version(),
        "packages": {name: version(name) for name in packages},
        "environment": {
            key: value
            for key, value in sorted(os.environ.items())
            if key.startswith(("CHEAPFAST_", "OPENBLAS_", "OMP_", "GOMP_", "KMP_", "MKL_NUM_"))
        },
    }


@contextmanager
def held_to(target: str | None) -> Iterator[str | None]:
    """Hold cheapfast's kernels to an instruction set, as ``CHEAPFAST_TARGET`` does for a process.

    Parameters
    ----------
    target : str or None
        Which; None changes nothing.

    Yields
    ------
    str or None
        Why it cannot be had here; None if it is in use.
    """
    before = _core.active_target()
    if target is not None and target not in _core.targets():
        yield f"{target} kernels do not run here: there are {', '.join(_core.targets())}"
        return
    _core.set_target(target or before)
    try:
        yield None
    finally:
        _core.set_target(before)


def version(distribution: str) -> str | None:
    """Return the version of a distribution.

    Returns
    -------
    str or None
        None if it is not installed.
    """
    try:
        return importlib.metadata.version(distribution)
    except importlib.metadata.PackageNotFoundError:
        return None


def usable_cores() -> int:
    """Return how many processors this process may use.

    Returns
    -------
    int
    """
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def commit() -> str | None:
    """Return the commit of the source tree that this file lies in, or that was installed.

    Returns
    -------
    str or None
        With ``-dirty`` when files had changed. None if neither git nor the version says it.
    """
    folder = Path(__file__).resolve().parent
    if not (folder.parent / ".git").exists():
        return commit_of_version(cf.build_info().version)
    try:
        text = subprocess.run(
            ["git", "-C", str(folder), "describe", "--always", "--dirty", "--abbrev=12"],
            capture_output=True,
            text=True,
            check=True,
        ).stdout.strip()
    except (OSError, subprocess.CalledProcessError):
        return None
    return text or None


def commit_of_version(version: str) -> str | None:
    """Read the commit out of a version; a release is its own tag.

    Parameters
    ----------
    version : str
        As setuptools-scm writes it.

    Returns
    -------
    str or None
        None if it names none.

    Examples
    --------
    >>> commit_of_version("0.2.dev3+g21b485f"), commit_of_version("0.2.dev3+g21b485f.d20261122")
    ('21b485f', '21b485f-dirty')
    >>> commit_of_version("0.2.0")
    'v0.2.0'
    """
    release, _, local = version.partition("+")
    parts = local.split(".")
    if parts[0].startswith("g"):
        return parts[0][1:] + ("-dirty" if parts[1:] else "")
    return None if "dev" in release else f"v{release}"
