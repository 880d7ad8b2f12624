"""Each program in examples/ runs by itself and prints what is in the .out file beside it; ``...`` stands for any text."""

from __future__ import annotations

import contextlib
import doctest
import io
import os
import runpy
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from helpers.sizes import sized

EXAMPLES = Path(__file__).parents[2] / "examples"
PROGRAMS = sorted(EXAMPLES.glob("*.py"))
UNWANTED = ("PYTEST_ADDOPTS", "PYTEST_PLUGINS", "PYTHONPATH")


def run_here(program: Path) -> str:
    """Run a program in this process, as the main module, and return what it printed."""
    printed, errors = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(printed), contextlib.redirect_stderr(errors):
        runpy.run_path(str(program), run_name="__main__")
    assert errors.getvalue() == ""
    return printed.getvalue()


def run_by_itself(program: Path) -> str:
    """Run a program in a process of its own, and return what it printed."""
    environment = {name: value for name, value in os.environ.items() if name not in UNWANTED}

    done = subprocess.run(
        [sys.executable, str(program)],
        cwd=EXAMPLES.parent,
        env={
            **environment,
            "COLUMNS": "80",
            "PYTHONIOENCODING": "utf-8",
            "PYTHONHASHSEED": "random",
            "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1",
        },
        stdin=subprocess.DEVNULL,
        capture_output=True,
        encoding="utf-8",
        check=False,
    )

    assert done.stderr == ""
    assert done.returncode == 0
    return done.stdout


# Eighteen interpreters take longer to start than all programs to run, and only the first import is another.
@sized("run", run_here, full=run_by_itself)
@pytest.mark.parametrize("program", PROGRAMS, ids=lambda path: path.name)
def test_the_example_prints_what_its_out_file_says(
    program: Path, run: Callable[[Path], str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(EXAMPLES.parent)
    monkeypatch.setenv("COLUMNS", "80")
    expected = program.with_suffix(".out").read_text(encoding="utf-8")
    # One of them starts pytest, which ends the process that it is in.
    printed = (run_by_itself if "pytest.main(" in program.read_text(encoding="utf-8") else run)(program)
    if not doctest.OutputChecker().check_output(expected, printed, doctest.ELLIPSIS):
        assert expected.splitlines() == printed.splitlines()


def test_every_example_is_on_the_page() -> None:
    page = (EXAMPLES.parent / "docs" / "security-scenarios.md").read_text(encoding="utf-8")
    assert [path.name for path in PROGRAMS if f"| [{path.name}](../examples/{path.name}) |" not in page] == []


def test_every_example_says_what_it_prints() -> None:
    assert [path.stem for path in PROGRAMS] == sorted(path.stem for path in EXAMPLES.glob("*.out"))
