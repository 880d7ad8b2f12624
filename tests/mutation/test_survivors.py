"""The list of mutants that no test can see: each has a reason, and is still about a line that is there."""

from __future__ import annotations

import ast
import tomllib
from pathlib import Path
from typing import Any

import pytest

from mutation import run

POLICY = Path(__file__).parents[2] / "src" / "ec2roles" / "policy"
ENTRIES = tomllib.loads(run.SURVIVORS.read_text(encoding="utf-8"))["survivor"]


def body(module: str, function: str) -> list[str]:
    """Return the lines of a function, without their indents."""
    source = (POLICY / f"{module.replace('.', '/')}.py").read_text(encoding="utf-8")
    found: Any = ast.parse(source)
    for name in function.split("."):
        (found,) = [node for node in found.body if getattr(node, "name", None) == name]
    return [line.strip() for line in source.splitlines()[found.lineno - 1 : found.end_lineno]]


@pytest.mark.parametrize("entry", ENTRIES, ids=[f"{entry['module']}.{entry['function']}" for entry in ENTRIES])
def test_a_survivor_is_about_a_line_that_is_there(entry: dict[str, str]) -> None:
    """The list does not outlive the code."""
    assert set(entry) == {"module", "function", "change", "reason"}
    lines_changed = run.changed(entry["change"])
    before = [line[1:] for line in lines_changed if line.startswith("-")]
    after = [line[1:] for line in lines_changed if line.startswith("+")]
    lines = body(entry["module"], entry["function"])
    assert before != after
    assert any(lines[at : at + len(before)] == before for at in range(len(lines)))


def test_no_survivor_is_listed_twice() -> None:
    """Each has one reason."""
    assert len(run.explained()) == len(ENTRIES)
    assert all(run.explained().values())


def test_a_survivor_is_found_by_its_place_and_its_lines() -> None:
    """As mutmut names and shows it, wherever it stands and whatever its number."""
    assert run.place("ec2roles.policy.engine.index.xǁLayerǁabout__mutmut_3") == ("engine.index", "Layer.about")
    assert run.place("ec2roles.policy.engine.index.xǁStatementIndexǁ__init____mutmut_24") == (
        "engine.index",
        "StatementIndex.__init__",
    )
    assert run.place("ec2roles.policy.engine.index.x__by_service__mutmut_14") == ("engine.index", "_by_service")
    shown = "# x: survived\n--- a.py\n+++ a.py\n@@ -1,2 +1,2 @@\n def f():\n-    return 1\n+    return 2\n"
    assert run.changed(shown) == run.changed("- return 1\n+ return 2\n") == ("-return 1", "+return 2")
