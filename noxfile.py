#!/usr/bin/env -S uv run --script
# /// script
# dependencies = ["nox>=2025.2"]
# ///
"""Tasks: `nox` runs the default ones, `nox -l` lists all, `nox -s NAME -- ARGUMENTS` runs one."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import nox

nox.needs_version = ">=2025.2"
nox.options.default_venv_backend = "uv|virtualenv"

ROOT = Path(__file__).parent
PYPROJECT = nox.project.load_toml("pyproject.toml")
PYTHONS = ["3.10", "3.11", "3.12", "3.13"]
DEVELOPMENT_PYTHON = "3.12"


def group(name: str) -> list[str]:
    """Return the requirements of one dependency group of pyproject.toml."""
    return list(nox.project.dependency_groups(PYPROJECT, name))


def lower_bounds() -> list[str]:
    """Return the run-time requirements at exactly their lowest version."""
    return [item.replace(">=", "==") for item in PYPROJECT["project"]["dependencies"]]


@nox.session(python=PYTHONS)
def tests(session: nox.Session) -> None:
    """Run the tests against the installed package."""
    session.install(".", *group("test"))
    session.run("python", "-m", "pytest", *session.posargs)


@nox.session(python="3.14", default=False)
def tests_next(session: nox.Session) -> None:
    """Run the tests on the next Python: configured, not promised."""
    session.install(".", *group("test"))
    session.run("python", "-m", "pytest", *session.posargs)


@nox.session(python="3.10")
def tests_lower_bounds(session: nox.Session) -> None:
    """Run tests and examples at the lowest numpy, scipy, click and rich of pyproject.toml."""
    session.install(".", *group("test"), *lower_bounds())
    session.run("python", "-m", "pytest", *session.posargs)
    session.run("python", "-m", "pytest", "--doctest-modules", "--pyargs", "cheapfast")


@nox.session(python=DEVELOPMENT_PYTHON)
def lint(session: nox.Session) -> None:
    """Check style, format, spelling and the repository's own rules."""
    session.install(*group("lint"))
    session.run("ruff", "check")
    session.run("ruff", "format", "--check")
    sources = sorted(
        str(path.relative_to(ROOT))
        for folder in ("src/cpp", "tests/cpp")
        for suffix in ("*.hpp", "*.cpp")
        for path in (ROOT / folder).rglob(suffix)
    )
    session.run("clang-format", "--dry-run", "--Werror", *sources)
    session.run("codespell")
    session.run("sp-repo-review", ".")


@nox.session(python=[PYTHONS[0], PYTHONS[-1]])
def typecheck(session: nox.Session) -> None:
    """Check the types, and the stub of the extension against the extension."""
    session.install(".", *group("typecheck"))
    session.run("mypy")
    session.run("python", "-m", "mypy.stubtest", "cheapfast._core")


@nox.session(python=DEVELOPMENT_PYTHON)
def docs(session: nox.Session) -> None:
    """Build the documentation; a warning is an error."""
    session.install(".", *group("docs"))
    session.run("sphinx-build", "-W", "-n", "--keep-going", "docs", "docs/_build/html")


@nox.session(python=DEVELOPMENT_PYTHON)
def doctest(session: nox.Session) -> None:
    """Run the examples of the docstrings and of the documentation."""
    session.install(".", *group("test"))
    session.run("python", "-m", "pytest", "--doctest-modules", "--pyargs", "cheapfast")
    session.run("python", "-m", "pytest", "--doctest-glob=*.rst", "docs")


@nox.session(python=DEVELOPMENT_PYTHON, default=False)
def bench(session: nox.Session) -> None:
    """Measure against the peers: `nox -s bench -- --only count`."""
    session.install(".[bench]")
    session.run("cheapfast", "bench", *session.posargs)


@nox.session(python=DEVELOPMENT_PYTHON, default=False)
def cpp(session: nox.Session) -> None:
    """Build and run the C++ tests, and check the symbols of the per-target objects."""
    session.install(*group("build"))
    build = session.create_tmp()
    pybind11 = session.run("python", "-m", "pybind11", "--cmakedir", silent=True)
    session.run(
        *("cmake", "-S", str(ROOT), "-B", build, "-G", "Ninja", "-DCMAKE_BUILD_TYPE=Release"),
        *("-DCHEAPFAST_CPP_TESTS=ON", f"-Dpybind11_DIR={str(pybind11).strip()}"),
    )
    session.run("cmake", "--build", build)
    session.run("ctest", "--test-dir", build, "--output-on-failure")
    session.run("python", "tools/check_symbols.py", build)


@nox.session(python=DEVELOPMENT_PYTHON, default=False)
def asan(session: nox.Session) -> None:
    """Run the tests with the address and undefined-behaviour sanitizers (Linux, GCC)."""
    compiler = shutil.which("g++")
    if compiler is None:
        session.error("this session needs g++")
    session.install(
        *("-Ccmake.build-type=RelWithDebInfo", "-Cbuild-dir=build/asan"),
        *("-Ccmake.define.CHEAPFAST_SANITIZE=ON", "-Ccmake.define.CHEAPFAST_CPP_TESTS=ON", "."),
        *group("test"),
    )
    session.run("build/asan/cheapfast_cpp_tests", external=True)
    preload = [
        subprocess.run(
            [compiler, f"-print-file-name={library}"], check=True, capture_output=True, text=True
        ).stdout.strip()
        for library in ("libasan.so", "libstdc++.so")
    ]
    session.run(
        *("python", "-m", "pytest", *session.posargs),
        # Python's own small leaks at exit are not ours
        env={"LD_PRELOAD": " ".join(preload), "ASAN_OPTIONS": "detect_leaks=0"},
    )


if __name__ == "__main__":
    nox.main()
