"""docs/lesson-cli.md is typed into a shell, with the real ``aws`` command, and prints what the page shows."""

from __future__ import annotations

import doctest
import os
import re
import subprocess
from pathlib import Path

import pytest

from helpers.serve_process import AWS, needs_cli, start
from test_documents import blocks, commands

PAGE = Path(__file__).parents[2] / "docs" / "lesson-cli.md"
BY_THE_TEST = re.compile(r"ec2roles serve|\. ")
MARK = "=== what comes next belongs to command"


def typed() -> list[tuple[str, str]]:
    """The commands of the page, each with what it shows."""
    found: list[tuple[str, str]] = []
    for block in blocks(PAGE.read_text(encoding="utf-8")):
        if "<<'END'" in block.text:
            # The one command of several lines.
            document, _, rest = block.text.removeprefix("$ ").partition("\nEND\n")
            found += [(f"{document}\nEND", ""), *commands(rest)]
        else:
            found += commands(block.text)
    return found


@needs_cli
@pytest.mark.slow
def test_the_lesson_from_an_empty_account(tmp_path: Path) -> None:
    lesson = [(command, shown) for command, shown in typed() if not BY_THE_TEST.match(command)]
    assert len(lesson) > 35
    world = start(tmp_path, "--empty")
    try:
        assert AWS is not None
        script = "".join(f"{command}\necho '{MARK}'\n" for command, _ in lesson)
        done = subprocess.run(
            ["bash"],
            input=script,
            cwd=tmp_path,
            env={**world.environment, "PATH": f"{Path(AWS).parent}{os.pathsep}{os.environ['PATH']}"},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            encoding="utf-8",
            check=False,
            timeout=600,
        )
    finally:
        status, _, err = world.end()
    assert (status, err) == (0, "")
    printed = done.stdout.split(f"{MARK}\n")
    assert len(printed) == len(lesson) + 1
    for (command, shown), found in zip(lesson, printed, strict=False):
        if not doctest.OutputChecker().check_output(shown, found, doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE):
            assert found.strip().splitlines() == shown.strip().splitlines(), command
