"""Every example in a docstring runs and prints what it says."""

from __future__ import annotations

import doctest
import pkgutil
from collections.abc import Iterator
from importlib import import_module

import pytest

import ec2roles

OPTIONS = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE


def module_names() -> Iterator[str]:
    yield "ec2roles"
    for module in pkgutil.walk_packages(ec2roles.__path__, "ec2roles."):
        # Importing __main__ is running the program, and not everybody has these two libraries.
        if not module.name.endswith(("__main__", "adapters.httpx", "adapters.requests")):
            yield module.name


def examples() -> Iterator[object]:
    finder = doctest.DocTestFinder(exclude_empty=True)
    for name in module_names():
        for example in finder.find(import_module(name), name):
            if example.examples:
                yield pytest.param(example, id=example.name)


@pytest.mark.parametrize("example", list(examples()))
def test_the_example_runs(example: doctest.DocTest) -> None:
    report: list[str] = []

    doctest.DocTestRunner(optionflags=OPTIONS).run(example, out=report.append)

    assert not report, "\n" + "".join(report)
