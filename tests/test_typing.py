"""What type checkers are told is true: the programs in ``typing_tests/``, which mypy checks, run."""

from __future__ import annotations

import runpy
from pathlib import Path

import pytest

PROGRAMS = sorted((Path(__file__).parent.parent / "typing_tests").glob("*.py"))


@pytest.mark.parametrize("program", PROGRAMS, ids=lambda path: path.stem)
def test_the_program_runs(program: Path) -> None:
    runpy.run_path(str(program))


def test_there_are_programs() -> None:
    assert PROGRAMS
