"""The code base checks itself."""

from __future__ import annotations

import ast
import itertools
import re
import tokenize
from pathlib import Path

import pytest

import cheapfast
from cheapfast.cli import main

PACKAGE = Path(cheapfast.__file__).parent
SOURCES = sorted(path for path in PACKAGE.rglob("*") if path.suffix in {".py", ".pyi"})
TESTS = sorted(Path(__file__).parent.glob("*.py"))
MAXIMUM_LINES = 300
NO_CODE = {
    tokenize.COMMENT,
    tokenize.DEDENT,
    tokenize.ENDMARKER,
    tokenize.INDENT,
    tokenize.NEWLINE,
    tokenize.NL,
}


def name(path: Path) -> str:
    return str(path.relative_to(PACKAGE if path.is_relative_to(PACKAGE) else path.parent))


def lines_of_code(path: Path) -> int:
    """Count the lines that hold code: documentation may be as long as it needs to be."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    documentation = {
        line
        for node in ast.walk(tree)
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
        for line in range(node.lineno, (node.end_lineno or node.lineno) + 1)
    }
    with tokenize.open(path) as file:
        code = {
            line
            for token in tokenize.generate_tokens(file.readline)
            if token.type not in NO_CODE
            for line in range(token.start[0], token.end[0] + 1)
        }
    return len(code - documentation)


@pytest.mark.parametrize("path", SOURCES, ids=name)
def test_files_are_small(path: Path) -> None:
    assert lines_of_code(path) <= MAXIMUM_LINES


def test_lines_of_code_are_counted(tmp_path: Path) -> None:
    path = tmp_path / "three.py"
    path.write_text('"""Two\nlines."""\n\n# why\nx = """a\nb"""\ny = 1\n', encoding="utf-8")
    assert lines_of_code(path) == 3


@pytest.mark.parametrize("path", SOURCES + TESTS, ids=name)
def test_annotations_are_not_evaluated(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    if path.suffix == ".pyi" or not re.search(r"^(def|class|import|from) ", text, re.MULTILINE):
        return
    assert "from __future__ import annotations" in text


@pytest.mark.parametrize("path", SOURCES, ids=name)
def test_library_never_prints(path: Path) -> None:
    if path.suffix == ".pyi" or name(path).startswith(("cli", "bench")):
        return
    with tokenize.open(path) as file:
        tokens = [token.string for token in tokenize.generate_tokens(file.readline)]
    assert ("print", "(") not in set(itertools.pairwise(tokens))


@pytest.mark.parametrize("path", SOURCES + TESTS, ids=name)
def test_nothing_is_left_to_do(path: Path) -> None:
    markers = "|".join(["TO" + "DO", "FIX" + "ME", "XX" + "X", "HA" + "CK"])
    with tokenize.open(path) as file:
        comments = [
            token.string
            for token in tokenize.generate_tokens(file.readline)
            if token.type == tokenize.COMMENT
        ]
    assert not [comment for comment in comments if re.search(rf"\b({markers})\b", comment)]


def test_public_names_exist_and_are_documented() -> None:
    for public in cheapfast.__all__:
        value = getattr(cheapfast, public)
        assert public == "__version__" or (value.__doc__ or "").strip(), public


def test_package_is_typed() -> None:
    assert (PACKAGE / "py.typed").is_file()
    assert (PACKAGE / "_core.pyi").is_file()


def test_version_is_the_distributions() -> None:
    assert re.match(r"\d+\.\d+", cheapfast.__version__)


README = Path(__file__).parents[1] / "README.md"


@pytest.mark.skipif(not README.is_file(), reason="tests without the checkout")
def test_python_of_the_readme_runs_and_prints_what_it_says(
    capsys: pytest.CaptureFixture[str],
) -> None:
    (code,) = re.findall(r"^```python\n(.*?)^```$", README.read_text(encoding="utf-8"), re.M | re.S)
    told = re.findall(r"^print\(.*\)  # (\d+)", code, re.M)
    exec(compile(code, "README.md", "exec"), {})
    printed = capsys.readouterr().out.splitlines()
    assert len(told) == 4
    assert [line for line in printed if line.isdecimal()] == told


#: What `cheapfast flatten` prints is shown word for word in these.
SHOWN = [
    path
    for path in (README, README.with_name("docs"))
    for path in ([path] if path.is_file() else sorted(path.rglob("*.rst")))
    if "flattening cost  C_s" in path.read_text(encoding="utf-8")
]


@pytest.mark.parametrize("path", SHOWN, ids=lambda path: path.name)
def test_output_that_is_shown_has_all_lines(path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["flatten", "fft:8"]) == 0
    caption = "the first row is applied first"
    printed = capsys.readouterr().out.partition(caption)[2]
    assert "deep synapses" in labels_of(printed)
    assert labels_of(path.read_text(encoding="utf-8").partition(caption)[2]) == labels_of(printed)


def labels_of(text: str) -> list[str]:
    lines = [line.strip() for line in text.partition("Verdict")[0].splitlines()]
    return [line[:16].strip() for line in lines if line]
