"""
The README and every page of docs/ run, and show what they print.

- A ``python`` block runs; the blocks of one page share their names, from top to bottom. With ``>>>`` it is a doctest.
- An ``output`` block shows what the block before it printed.
- In a ``console`` block each line that starts with ``$`` is a command, and what follows is its output. Commands of ours
  (``ec2roles ...``, ``python -m ec2roles ...``) run, one after ``&&`` too; others (pip, git) are shown only.
- A ``sh`` block followed by an ``output`` block is checked like a ``console`` block.
- ``...`` in an output stands for any text, as in doctest.
- A block after the comment ``<!-- not run: why -->`` is not run, and one after ``<!-- needs NAME -->`` only where that
  library is installed.
"""

from __future__ import annotations

import contextlib
import doctest
import importlib.util
import io
import re
import shlex
from collections.abc import Iterator
from pathlib import Path

import attrs
import pytest

from ec2roles.cli.main import main

ROOT = Path(__file__).parent.parent
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("**/*.md"))]
OPTIONS = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE
FENCE = re.compile(r"^(?P<indent> *)```(?P<language>\w*)[^\n]*\n(?P<text>.*?)^(?P=indent)```", re.MULTILINE | re.DOTALL)
OUR_COMMAND = re.compile(r"^(?:(?:\S*/)?python3? -m )?(?:\S*/)?ec2roles\b(?P<arguments>.*)", re.DOTALL)


@attrs.frozen
class Block:
    """One fenced block of a page."""

    language: str
    text: str
    line: int  # of its first line of text, from 1
    run: bool


def blocks(page: str) -> Iterator[Block]:
    """Yield the fenced blocks of *page*, in order."""
    for fence in FENCE.finditer(page):
        indent = len(fence["indent"])
        text = "".join(line[indent:] or "\n" for line in fence["text"].splitlines(keepends=True))
        before = page[: fence.start()].rstrip().rpartition("\n")[2].strip()
        yield Block(fence["language"], text, page.count("\n", 0, fence.start("text")) + 1, runs(before))


def runs(before: str) -> bool:
    """Whether a block runs, after the line *before* it."""
    needed = re.fullmatch(r"<!-- needs (\w+) -->", before)
    if needed is not None:
        return importlib.util.find_spec(needed[1]) is not None
    return not before.startswith("<!-- not run")


def run_python(block: Block, names: dict[str, object], path: Path) -> str:
    """Run a python block among *names*, and return what it printed."""
    printed = io.StringIO()
    # Empty lines before the code make tracebacks point at the page's own line.
    code = compile("\n" * (block.line - 1) + block.text, str(path), "exec", dont_inherit=True)
    with contextlib.redirect_stdout(printed):
        exec(code, names)
    return printed.getvalue()


def run_doctest(block: Block, names: dict[str, object], path: Path) -> None:
    """Run a python block written with ``>>>`` among *names*."""
    examples = doctest.DocTestParser().get_doctest(block.text, names, path.name, str(path), block.line - 1)
    report: list[str] = []
    # The test works on its own copy of the names, unless told to keep it; the next block wants what this one made.
    doctest.DocTestRunner(optionflags=OPTIONS).run(examples, out=report.append, clear_globs=False)
    assert not report, "\n" + "".join(report)
    names.update(examples.globs)


def run_command(command: str) -> str | None:
    """Run the last part of *command* if it is ours and return all that it printed, or None if it is not."""
    ours = OUR_COMMAND.match(command.replace("\\\n", " ").rpartition("&& ")[2].strip())
    if ours is None:
        return None
    # In this process, for a page has up to ten; tests/cli starts the program as a person does.
    printed = io.StringIO()
    with (
        pytest.MonkeyPatch.context() as patch,
        contextlib.redirect_stdout(printed),
        contextlib.redirect_stderr(printed),
    ):
        # A person's terminal may be of any width; the pages show the width that argparse takes when it knows none.
        patch.setenv("COLUMNS", "80")
        with contextlib.suppress(SystemExit):  # after --help, and after a mistake
            main(shlex.split(ours["arguments"]))
    return printed.getvalue()


def commands(text: str) -> Iterator[tuple[str, str]]:
    """Yield each command of a console block with the output shown for it."""
    for part in re.split(r"^\$ ", text, flags=re.MULTILINE)[1:]:
        command = re.match(r"(?:[^\n]*\\\n)*[^\n]*", part)
        assert command is not None
        yield command[0], part[command.end() :].lstrip("\n")


def check_output(shown: str, printed: str | None, where: str) -> None:
    """Fail unless *printed* is what the page shows."""
    if printed is not None and not doctest.OutputChecker().check_output(shown, printed, doctest.ELLIPSIS):
        # Equal texts are compared so that pytest shows the lines that differ.
        assert shown.rstrip().splitlines() == printed.rstrip().splitlines(), where


def check_page(path: Path) -> None:
    """Run the blocks of a page, in order."""
    names: dict[str, object] = {"__name__": path.stem}
    printed: str | None = None
    for block in blocks(path.read_text(encoding="utf-8")):
        where = f"{path.name}, line {block.line}"
        if block.language == "output":
            check_output(block.text, printed, where)
            continue
        printed = None
        if not block.run:
            continue
        if block.language == "python" and block.text.lstrip().startswith(">>>"):
            run_doctest(block, names, path)
        elif block.language == "python":
            printed = run_python(block, names, path)
        elif block.language == "sh":
            printed = run_command(block.text.strip())
        elif block.language == "console":
            for command, shown in commands(block.text):
                check_output(shown, run_command(command), f"{where}: {command}")


# moto is in no extra and takes a second to load; `nox -s moto` runs its page.
@pytest.mark.parametrize(
    "path",
    [pytest.param(path, marks=[pytest.mark.slow] if path.name == "moto.md" else []) for path in PAGES],
    ids=[str(path.relative_to(ROOT)) for path in PAGES],
)
def test_the_page_runs(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)

    check_page(path)


SAMPLE = """
```python
answer = 6 * 7
print(answer)
```

```output
42
```

```python
>>> answer + 1
43
```
"""


def write(tmp_path: Path, text: str) -> Path:
    page = tmp_path / "page.md"
    page.write_text(text, encoding="utf-8")
    return page


def test_a_page_that_tells_the_truth_passes(tmp_path: Path) -> None:
    check_page(write(tmp_path, SAMPLE))


@pytest.mark.parametrize(
    "page",
    [
        pytest.param(SAMPLE.replace("\n42", "\n41"), id="another output"),
        pytest.param(SAMPLE.replace("\n43", "\n44"), id="another doctest result"),
        pytest.param(SAMPLE.replace("6 * 7", "no_such_name"), id="an error"),
        pytest.param("```console\n$ ec2roles --help\nnothing\n```\n", id="another output of a command"),
        pytest.param("```sh\ntrue && ec2roles --help\n```\n\n```output\nnothing\n```\n", id="the same after &&"),
    ],
)
def test_a_page_that_does_not_fails(tmp_path: Path, page: str) -> None:
    with pytest.raises((AssertionError, NameError)):
        check_page(write(tmp_path, page))


def test_a_block_may_say_why_it_does_not_run(tmp_path: Path) -> None:
    check_page(write(tmp_path, "<!-- not run: it needs boto3 -->\n```python\nno_such_name\n```\n"))


def test_every_file_that_the_architecture_names_is_there() -> None:
    """The walks name a file at each step; who follows one finds it."""
    page = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
    named = re.findall(r"`((?:\w+/)+\w+\.\w+(?:\.zlib)?|\w+\.py)`", page)

    assert len(named) > 20
    homes = (ROOT, ROOT / "src" / "ec2roles")
    assert [
        name for name in named if not any((home / name.removeprefix("ec2roles/")).is_file() for home in homes)
    ] == []
