"""The sample of changes: reproducible, and each a change that Python can read."""

from __future__ import annotations

import ast
import tomllib

from mutation.sample import FOLDERS, ROOT, SOURCE, SURVIVORS, changes, sample, without_line

SMALL = '''
"""Words."""

def f(x: int = 3) -> "str":
    """Words."""
    if x < 2 and not x:
        return f"a{x + 1}"
    return "b" if x is None else True
'''


def test_what_is_changed_is_what_runs() -> None:
    """No documentation, no types, nothing inside an f-string."""
    found = {f"{one.old} -> {one.new}" for one in changes("x.py", SMALL)}
    assert found == {
        "3 -> (4)", "x < 2 and (not x) -> (x < 2 or not x)", "x < 2 -> (x <= 2)", "2 -> (3)", "not x -> (x)",
        "'b' if x is None else True -> (True if x is None else 'b')", "x is None -> (x is not None)", "'b' -> ('bXX')",
        "True -> (False)",
    }  # fmt: skip


def test_the_sample_is_the_same_each_time_and_reaches_every_folder() -> None:
    chosen = sample(1, 60)
    assert chosen == sample(1, 60)
    assert chosen != sample(2, 60)
    assert {one.folder for one in sample(1, 300)} == set(FOLDERS)
    for one in chosen:
        source = (ROOT / SOURCE / one.module).read_bytes()
        ast.parse(source[: one.start] + one.new.encode() + source[one.end :])
        assert all((ROOT / name).exists() for name in one.tests), one.tests


def test_every_survivor_that_is_explained_has_a_reason_and_a_place() -> None:
    entries = tomllib.loads(SURVIVORS.read_text(encoding="utf-8")).get("survivor", [])
    for entry in entries:
        assert set(entry) == {"change", "reason"}
        module, _, change = entry["change"].partition(": ")
        source = (ROOT / SOURCE / module).read_text(encoding="utf-8")
        assert change in {without_line(one.name).partition(": ")[2] for one in changes(module, source)}
