#!/usr/bin/env python3
"""Check that no per-target object defines a weak symbol outside its own namespace.

A kernel is compiled once per instruction set. A weak symbol (an inline function, an instance of a
template) with the same name in two of those objects is merged by the linker, which keeps either
one: code compiled for AVX-512 may then run on a machine without it. Weak symbols are therefore
allowed only inside `cheapfast::<target>::`.

Usage: check_symbols.py BUILD_DIRECTORY
"""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

FOLDER = re.compile(r"cheapfast_target_(\w+)\.dir$")
WEAK = frozenset("WwVvu")
# what the compiler emits about a function or a class, before the name of what it is about
ABOUT = re.compile(r"^(guard variable|vtable|VTT|typeinfo( name)?|(non-)?virtual thunk) (for|to) ")
ANGLE_OPERATOR = re.compile(r"operator(<=>|<<=|>>=|->\*|->|<<|>>|<=|>=|<|>)")


def target_folders(build: Path) -> dict[str, Path]:
    """Return the folder with the objects of each target, by the name of the target."""
    found = (path for path in build.rglob("cheapfast_target_*.dir") if path.is_dir())
    return {match[1]: path for path in found if (match := FOLDER.search(path.name))}


def weak_symbols(path: Path) -> list[str]:
    """Return the demangled names of the weak symbols that an object file defines."""
    command = ["nm", "-C", "--defined-only", "--format=posix", str(path)]
    lines = subprocess.run(command, check=True, capture_output=True, text=True).stdout.splitlines()
    matches = (re.match(r"(.*?) ([A-Za-z]) [0-9a-f]+ ?[0-9a-f]*$", line) for line in lines)
    return [match[1] for match in matches if match and match[2] in WEAK]


def without_templates(name: str) -> str:
    """Return a demangled name without its template arguments."""
    name, previous = ANGLE_OPERATOR.sub("operator", name), ""
    while name != previous:
        name, previous = re.sub(r"<[^<>]*>", "", name), name
    return name


def is_own(symbol: str, target: str) -> bool:
    """Say whether a demangled symbol lives in the namespace of its target.

    Arguments do not count (`std::sort<cheapfast::avx2::Item*>` is foreign), and neither does the
    return type that stands before the name of a template's instance.
    """
    name = without_templates(ABOUT.sub("", symbol)).split("(", 1)[0]
    return name.rsplit(" ", 1)[-1].startswith(f"cheapfast::{target}::")


def main(arguments: list[str]) -> int:
    """Check every object of every target; return the exit code."""
    if len(arguments) != 1:
        print(__doc__, file=sys.stderr)
        return 2
    folders = target_folders(Path(arguments[0]))
    if not folders:
        print(f"no cheapfast_target_*.dir below {arguments[0]}: build first", file=sys.stderr)
        return 2
    failures = 0
    for target, folder in sorted(folders.items()):
        objects = sorted(path for path in folder.rglob("*.o*") if path.suffix in {".o", ".obj"})
        weak = [(path, symbol) for path in objects for symbol in weak_symbols(path)]
        foreign = [(path, symbol) for path, symbol in weak if not is_own(symbol, target)]
        for path, symbol in foreign:
            print(f"{path.relative_to(folder)}: weak symbol outside cheapfast::{target}: {symbol}")
        print(f"{target}: {len(objects)} objects, {len(weak)} weak symbols, {len(foreign)} foreign")
        failures += len(foreign) + (not objects)
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
