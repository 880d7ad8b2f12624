"""The names that others build on, and no others: the ``__all__`` of every package."""

from __future__ import annotations

import ast
import importlib
import inspect
import re
import subprocess
import sys
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import pytest

import ec2roles

SOURCE = Path(ec2roles.__file__).parent
PACKAGES = sorted(
    ".".join(["ec2roles", *path.parent.relative_to(SOURCE).parts]) for path in SOURCE.rglob("__init__.py")
)
BELOW = [package for package in PACKAGES if package != "ec2roles"]

# These were promised before there was any code.
DESIGN = {
    "ec2roles": """Account Cloud Credentials Decision Instance InstanceProfile ManualClock MetadataService PermissionPolicy
        Response Role SystemClock Timekeeper TokenService TrustPolicy errors""",
    "ec2roles.policy": "Outcome PolicySet Request evaluate load_policy",
}
# A package took the place of a module, and has the names for which that was imported.
WERE_MODULES = {
    "ec2roles.adapters.botocore": "boto_session install patch_client",
    "ec2roles.adapters.moto": "MotoAccount account_from_moto read_moto",
    "ec2roles.faults": "ClockSkew Fault MetadataOutage StsOutage StsThrottling",
    "ec2roles.history": "Event History",
    "ec2roles.policy.explain": "deciding explain",
}


def promised(package: str) -> list[str]:
    names: list[str] = importlib.import_module(package).__all__
    return names


def source_of(module: str) -> Path:
    path = SOURCE.joinpath(*module.split(".")[1:])
    return path / "__init__.py" if path.is_dir() else path.with_suffix(".py")


def imported_for_types(package: str) -> dict[str, str]:
    """Return the names that a package shows to type checkers, and the module of each."""
    tree = ast.parse(source_of(package).read_text(encoding="utf-8"))
    blocks = [node for node in tree.body if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING"]
    return {
        alias.name: str(node.module)
        for block in blocks
        for node in block.body
        if isinstance(node, ast.ImportFrom)
        for alias in node.names
    }


def table(package: str) -> dict[str, str]:
    """Return the names that a package loads when they are used, and the module of each."""
    tree = ast.parse(source_of(package).read_text(encoding="utf-8"))
    calls = [node for node in ast.walk(tree) if isinstance(node, ast.Call) and ast.unparse(node.func) == "lazy"]
    return {
        name: f"{package}.{module}"
        for call in calls
        for module, names in ast.literal_eval(call.args[1]).items()
        for name in names.split()
    }


def kind_and_name(name: str) -> tuple[int, str]:
    """Constants first, then classes, then functions: as ruff sorts them."""
    return (0 if name.isupper() else 1 if name[0].isupper() else 2, name)


@pytest.mark.parametrize("package", PACKAGES)
def test_all_is_sorted_and_has_nothing_twice(package: str) -> None:
    assert promised(package) == sorted(set(promised(package)), key=kind_and_name)


@pytest.mark.parametrize("package", PACKAGES)
def test_a_star_import_gives_just_these(package: str) -> None:
    names: dict[str, object] = {}

    exec(f"from {package} import *", names)

    del names["__builtins__"]
    assert sorted(names) == sorted(promised(package))
    assert all(value is getattr(importlib.import_module(package), name) for name, value in names.items())


@pytest.mark.parametrize("package", BELOW)
def test_editors_see_the_names_that_python_finds(package: str) -> None:
    assert imported_for_types(package) == table(package)
    assert sorted(table(package)) == sorted(promised(package))


@pytest.mark.parametrize("package", PACKAGES)
def test_dir_lists_what_is_promised(package: str) -> None:
    assert set(promised(package)) <= set(dir(importlib.import_module(package)))


@pytest.mark.parametrize("package", BELOW)
def test_no_name_is_that_of_a_module_of_the_package(package: str) -> None:
    """Whoever imports that module would put it in the place of the name."""
    folder = source_of(package).parent
    modules = {path.stem for path in folder.glob("*.py")} | {path.name for path in folder.iterdir() if path.is_dir()}

    assert [name for name in promised(package) if name in modules] == []


@pytest.mark.parametrize("package", PACKAGES)
def test_another_name_is_an_attribute_error(package: str) -> None:
    with pytest.raises(AttributeError, match=f"module '{package}' has no attribute 'nonsense'"):
        importlib.import_module(package).nonsense  # noqa: B018


@pytest.mark.parametrize("package", DESIGN)
def test_what_the_design_promises_is_there(package: str) -> None:
    assert set(DESIGN[package].split()) <= set(promised(package))


@pytest.mark.parametrize("package", WERE_MODULES)
def test_a_package_that_was_a_module_has_its_names(package: str) -> None:
    assert set(WERE_MODULES[package].split()) <= set(promised(package))


def definitions(package: str) -> Iterator[tuple[str, object]]:
    for name in promised(package):
        yield name, getattr(importlib.import_module(package), name)


@pytest.mark.parametrize("package", PACKAGES)
def test_every_name_is_documented(package: str) -> None:
    """By a docstring of its own: a class that has none shows that of its base, and a constant that of its type."""
    bare = []
    for name, value in definitions(package):
        if isinstance(value, type):
            text = vars(value).get("__doc__")
        else:
            plain = not (inspect.isfunction(value) or inspect.ismodule(value))
            text = documented_constant(package, name) if plain else value.__doc__
        if not text:
            bare.append(name)

    assert bare == []


# What nobody makes or calls directly: the answer of something that has an example, or a port.
NEED_NO_EXAMPLE = set(
    """ApiRequest Change ControlEndpoint Dispatcher Fallthrough FederatedUser Finding Invocation MetadataEndpoint Miss
    MotoAccount RequestChange Resolved ScheduledEvent Signature Trail Verifier""".split()
)
# They need moto, which is not everybody's: docs/moto.md and its tests have the example.
NEED_MOTO = {"account_from_moto", "read_moto"}


def test_what_people_make_or_call_has_an_example() -> None:
    bare = {
        name
        for package in PACKAGES
        for name, value in definitions(package)
        if (inspect.isclass(value) or inspect.isfunction(value)) and ">>>" not in (value.__doc__ or "")
    }

    assert sorted(bare) == sorted(NEED_NO_EXAMPLE | NEED_MOTO)


def documented_constant(package: str, name: str) -> str:
    """Return the text below the constant *name* where it is defined."""
    body = ast.parse(source_of(table(package)[name]).read_text(encoding="utf-8")).body
    for node, following in pairwise(body):
        if isinstance(node, ast.Assign) and any(ast.unparse(target) == name for target in node.targets):
            return str(ast.literal_eval(following.value)) if isinstance(following, ast.Expr) else ""
    return ""


def test_every_public_class_says_where_it_lives() -> None:
    """A class is found where its ``__module__`` says, so a reader of a repr or a traceback finds its source."""
    classes = [value for package in PACKAGES for _, value in definitions(package) if isinstance(value, type)]

    for one in classes:
        assert getattr(importlib.import_module(one.__module__), one.__qualname__) is one


def test_a_name_at_the_top_is_the_one_below() -> None:
    below = {name: value for package in BELOW for name, value in definitions(package) if name != "Change"}

    for name, value in definitions("ec2roles"):
        assert below.get(name, value) is value


def test_about_150_names_are_promised() -> None:
    """More is a burden to whoever carries this on; a new name is worth a thought."""
    names = {id(value) for package in PACKAGES for _, value in definitions(package)}

    assert 120 <= len(names) <= 180, len(names)


def test_a_name_loads_its_own_module_and_not_its_neighbours() -> None:
    program = (
        "import sys, ec2roles; from ec2roles.policy import explain; from ec2roles.adapters.http import RawRequest;"
        "print([name for name in sys.modules if name.startswith(('ec2roles.policy.explain.', 'requests', 'httpx'))])"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, encoding="utf-8", check=True)

    assert done.stdout.strip() == "[]"


IMPORT = re.compile(r"^(?:>>> )?from (ec2roles[\w.]*) import (\([^)]*\)|.*)$", re.MULTILINE)


@pytest.mark.parametrize("folder", ["README.md", "docs", "examples", "notebooks"])
def test_what_is_shown_to_users_uses_promised_names_only(folder: str) -> None:
    place = Path(__file__).parent.parent / folder
    files = [place] if place.is_file() else [path for path in place.rglob("*") if path.suffix in {".md", ".py"}]
    others = []
    for path in files:
        for package, names in IMPORT.findall(path.read_text(encoding="utf-8")):
            imported = [name.split()[0] for name in names.partition("#")[0].strip("()\n ").split(",") if name.strip()]
            known = public_names(package)
            others.extend(f"{path.name}: {package}.{name}" for name in imported if name not in known)

    assert others == []


def public_names(module: str) -> set[str]:
    """Return what a package promises. Of the module ``errors``, which the top promises, that is all its classes."""
    if module == "ec2roles.errors":
        return {name for name, value in vars(ec2roles.errors).items() if isinstance(value, type)}
    return set(promised(module)) if module in PACKAGES else set()
