"""
Who may import whom: the imports of every module, read from its source, against the table of rooms below.

A room is a package, or a module at the top. A row names the rooms that one may import, besides the leaves. Imports inside
functions and under ``TYPE_CHECKING`` count like all others: whoever reads a module must know what it leans on.
"""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterable, Iterator, Mapping
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

# Leaves know nothing of AWS's services. Every room may import them.
LEAVES = "_exports arns errors instants memo pointers secret"

_ABOVE_SERVICES = "world policy credentials calls iam organizations sts authorization ec2 metadata faults services"

# From the bottom up.
MAY_IMPORT = {
    "_moved": "",
    "world": "",
    "policy": "",
    "credentials": "world",
    "faults": "world",
    "calls": "policy world credentials",
    "iam": "credentials world policy",
    "organizations": "world policy iam",
    "sts": "credentials world policy calls iam",
    "authorization": "credentials sts iam organizations policy calls world faults",
    "metadata": "credentials world policy calls iam sts authorization",
    "programs": "credentials sts calls world",
    "ec2": "credentials world policy calls iam sts authorization metadata",
    "services": "credentials world policy calls iam organizations sts authorization ec2 metadata faults",
    "gateway": "credentials services authorization sts calls policy world",
    "wiring": f"{_ABOVE_SERVICES} gateway programs",
    "history": _ABOVE_SERVICES,
    "api": f"{_ABOVE_SERVICES} gateway history",
    "account": f"{_ABOVE_SERVICES} gateway history api programs",
    "cloud": f"{_ABOVE_SERVICES} gateway history api programs account",
    "ec2roles": f"_moved {_ABOVE_SERVICES} account cloud",
    "adapters": f"{_ABOVE_SERVICES} gateway account cloud programs",
    "cli": f"{_ABOVE_SERVICES} account cloud adapters",
    "__main__": "cli",
}

# Arrows that still go the wrong way; each goes when its two rooms are mended.
NOT_YET: dict[str, str] = {}


def room(module: str) -> str:
    """Return the room of a module: its package, or itself."""
    return module.partition(".")[0]


# The core needs these and no others; adapters may import the library or format that each is about.
# Type checkers bring their own typing_extensions; nobody imports it when a program runs.
RUNTIME = {"attrs", "attr", "dateutil", "typing_extensions"}


def module_name(path: Path, package: Path) -> str:
    """Return the name of a module without the package's own: ``policy.document``; the package itself keeps its name."""
    parts = path.relative_to(package).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts) or package.name


def read_modules(package: Path) -> dict[str, Path]:
    """Return every module below *package* by name."""
    return {module_name(path, package): path for path in sorted(package.rglob("*.py"))}


def imported_names(path: Path, full_name: str) -> Iterator[tuple[str, list[str]]]:
    """Yield every import in *path* as an absolute module, with the names that are taken from it."""
    home = full_name.split(".") if path.name == "__init__.py" else full_name.split(".")[:-1]
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            for name in node.names:
                yield name.name, []
        elif isinstance(node, ast.ImportFrom):
            start = home[: len(home) - node.level + 1] if node.level else []
            yield ".".join([*start, *filter(None, [node.module])]), [name.name for name in node.names]


def read_imports(package: Path) -> tuple[dict[str, set[str]], dict[str, set[str]]]:
    """Return, for each module of *package*, which of its other modules and which outside libraries it imports."""
    modules = read_modules(package)
    inside: dict[str, set[str]] = {name: set() for name in modules}
    outside: dict[str, set[str]] = {name: set() for name in modules}
    for module, path in modules.items():
        full_name = package.name if module == package.name else f"{package.name}.{module}"
        for target, names in imported_names(path, full_name):
            root, _, rest = target.partition(".")
            if root != package.name:
                if root not in sys.stdlib_module_names:
                    outside[module].add(root)
                continue
            # `from package.policy import document` means a module, `from package.policy import Policy` the package.
            found = [f"{rest}.{name}".lstrip(".") for name in names]
            submodules = [name for name in found if name in modules]
            inside[module].update(submodules)
            if len(submodules) < len(found) or not names:
                inside[module].add(rest or package.name)
    return inside, outside


def is_allowed(source: str, target: str, table: Mapping[str, str]) -> bool:
    """Return whether the room *source* may import the room *target*."""
    return source == target or target in f"{LEAVES} {table.get(source, '')}".split()


def wrong_arrows(inside: Mapping[str, Iterable[str]], table: Mapping[str, str]) -> list[str]:
    """Return a line for each import that the table does not allow, and for each room that it does not know."""
    wrong = [
        f"{module} has no room in MAY_IMPORT; where does it belong?"
        for module in inside
        if room(module) not in table and room(module) not in LEAVES.split()
    ]
    wrong.extend(
        f"{module} imports {target}"
        for module, targets in inside.items()
        for target in sorted(targets)
        if not is_allowed(room(module), room(target), table)
    )
    return wrong


def cycle(inside: Mapping[str, Iterable[str]]) -> list[str]:
    """Return modules that import each other in a circle, or none."""
    try:
        TopologicalSorter(inside).prepare()
    except CycleError as error:
        return list(error.args[1])
    return []


SOURCE = Path(__file__).parent.parent / "src" / "ec2roles"
# Two exceptions, both imported late. `wiring` builds the default parts of objects made by hand. And a decision explains
# itself when it is asked: that means to evaluate again with everything written down, so it stands above the decision.
EXPLAINING = {"policy.explain.report", "policy.explain.text", "policy.explain.why_not"}


@pytest.fixture(scope="module", name="imports")
def imports_of_ours() -> tuple[dict[str, set[str]], dict[str, set[str]]]:
    """Those of every module, read when a test asks."""
    return read_imports(SOURCE)


@pytest.fixture(name="inside")
def imports_inside(imports: tuple[dict[str, set[str]], dict[str, set[str]]]) -> dict[str, set[str]]:
    """What each module imports of ours."""
    return imports[0]


@pytest.fixture(name="arrows")
def arrows_of_the_table(inside: dict[str, set[str]]) -> dict[str, set[str]]:
    """The same without the two exceptions."""
    return {
        module: targets - {"wiring"} - (EXPLAINING if module == "policy.decision" else set())
        for module, targets in inside.items()
    }


def test_every_import_follows_the_table(arrows: dict[str, set[str]]) -> None:
    table = {name: f"{allowed} {NOT_YET.get(name, '')}" for name, allowed in MAY_IMPORT.items()}
    wrong = wrong_arrows(arrows, table)

    assert not wrong, "\n" + "\n".join(wrong)


def test_an_arrow_that_went_is_struck_off(inside: dict[str, set[str]]) -> None:
    """`NOT_YET` only grows shorter."""
    arrows = {(room(module), room(target)) for module, targets in inside.items() for target in targets}
    gone = [f"{source} {target}" for source, targets in NOT_YET.items() for target in targets.split()]

    assert [arrow for arrow in gone if tuple(arrow.split()) not in arrows] == []


def test_every_row_has_a_room(inside: dict[str, set[str]]) -> None:
    """A row that nobody needs any more goes."""
    stale = sorted({*MAY_IMPORT, *LEAVES.split()} - {room(module) for module in inside})

    assert not stale, " ".join(stale)


def test_a_row_names_only_rows_above_it() -> None:
    """So the table has no circle, and no name that is misspelt."""
    above: list[str] = LEAVES.split()
    wrong = []
    for name, allowed in MAY_IMPORT.items():
        wrong.extend(f"{name}: {one}" for one in allowed.split() if one not in above)
        above.append(name)

    assert wrong == []


def test_no_modules_import_each_other_in_a_circle(arrows: dict[str, set[str]]) -> None:
    assert cycle(arrows) == []


def test_wiring_is_imported_late() -> None:
    """By what is made by hand, in a function."""
    early = [
        module
        for module, path in read_modules(SOURCE).items()
        for node in ast.parse(path.read_text(encoding="utf-8")).body
        if isinstance(node, ast.Import | ast.ImportFrom) and "wiring" in ast.dump(node)
    ]

    assert early == []


def test_explaining_is_imported_late() -> None:
    """Deciding needs none of it."""
    path = SOURCE / "policy" / "decision.py"
    early = [
        node
        for node in ast.parse(path.read_text(encoding="utf-8")).body
        if isinstance(node, ast.Import | ast.ImportFrom) and "explain" in ast.dump(node)
    ]

    assert early == []


def test_nobody_but_the_program_that_serves_imports_an_adapter(inside: dict[str, set[str]]) -> None:
    edges = {
        module: [target for target in targets if target.split(".")[0] == "adapters"]
        for module, targets in inside.items()
        if module.split(".")[0] != "adapters" and module != "cli.serve"
    }

    assert {module: targets for module, targets in edges.items() if targets} == {}


def test_the_core_needs_attrs_and_dateutil_only(imports: tuple[dict[str, set[str]], dict[str, set[str]]]) -> None:
    extra = {
        module: sorted(libraries - RUNTIME)
        for module, libraries in imports[1].items()
        if module.split(".")[0] != "adapters"
    }

    assert {module: libraries for module, libraries in extra.items() if libraries} == {}


# -- the reader itself, on a small package ------------------------------------------------------------------------------


def make_package(folder: Path, sources: Mapping[str, str]) -> Path:
    """Write a package ``toy`` with these files into *folder*."""
    package = folder / "toy"
    for name, source in sources.items():
        path = package / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(source, encoding="utf-8")
    return package


@pytest.mark.parametrize(
    "source",
    [
        "import toy.low.deep",
        "import toy.low.deep as deep",
        "from toy.low.deep import thing",
        "from toy.low import deep",
        "from toy.low import (\n    deep,\n)",
        "from ..low import deep",
        "from ..low.deep import thing",
        "def late():\n    from toy.low import deep",
        "class Thing:\n    import toy.low.deep",
        "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    from toy.low.deep import Thing",
    ],
)
def test_an_import_is_seen_however_it_is_written(tmp_path: Path, source: str) -> None:
    package = make_package(tmp_path, {"high/top.py": source, "low/__init__.py": "", "low/deep.py": ""})

    inside, outside = read_imports(package)

    assert inside["high.top"] == {"low.deep"}
    assert outside["high.top"] == set()


def test_a_name_of_a_package_is_an_import_of_the_package(tmp_path: Path) -> None:
    source = "from toy.low import Thing\nfrom toy import low"
    package = make_package(tmp_path, {"top.py": source, "low/__init__.py": "", "low/deep.py": ""})

    assert read_imports(package)[0]["top"] == {"low"}


def test_a_library_is_seen_and_the_standard_library_is_not(tmp_path: Path) -> None:
    source = "import json\nimport os.path\ndef f():\n    from botocore.session import Session"
    package = make_package(tmp_path, {"top.py": source})

    assert read_imports(package)[1]["top"] == {"botocore"}


def test_an_arrow_out_of_the_table_is_told() -> None:
    inside = {"low.deep": {"errors", "high"}, "high": {"low.deep"}, "new.thing": {"errors"}}

    assert wrong_arrows(inside, {"low": "", "high": "low"}) == [
        "new.thing has no room in MAY_IMPORT; where does it belong?",
        "low.deep imports high",
    ]


def test_a_circle_is_told() -> None:
    assert set(cycle({"a": {"b"}, "b": {"c"}, "c": {"a"}})) == {"a", "b", "c"}
    assert cycle({"a": {"b"}, "b": {"c"}, "c": set()}) == []
