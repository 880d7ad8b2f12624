"""
The names that a package promises, from modules that are loaded when a name is first used (PEP 562).

So a package has its names directly, and importing one of its modules does not load all the others.
"""

from __future__ import annotations

import sys
import warnings
from collections.abc import Callable, Mapping
from importlib import import_module
from typing import Any


def lazy(
    package: str, modules: Mapping[str, str], *, renamed: Mapping[str, str] | None = None
) -> tuple[Callable[[str], Any], Callable[[], list[str]]]:
    """
    Return ``__getattr__`` and ``__dir__`` for a package whose names live in its modules.

    >>> getattribute, listing = lazy("ec2roles.world", {"clock": "ManualClock SystemClock"})
    >>> getattribute("SystemClock")
    <class 'ec2roles.world.clock.SystemClock'>

    Args:
        package: its ``__name__``.
        modules: for each module, as it is called inside the package, its promised names with spaces between them.
        renamed: names of the last release, each with the present one; they still work, and warn.
    """
    homes = {name: module for module, names in modules.items() for name in names.split()}
    namespace = vars(sys.modules[package])

    def getattribute(name: str) -> Any:
        if renamed is not None and name in renamed:
            warnings.warn(
                f"{package}.{name} is {package}.{renamed[name]} now; the old name goes in 0.3",
                DeprecationWarning,
                stacklevel=2,
            )
            return getattr(sys.modules[package], renamed[name])
        if name not in homes:
            raise AttributeError(f"module {package!r} has no attribute {name!r}")
        value = getattr(import_module(f"{package}.{homes[name]}"), name)
        namespace[name] = value  # the next one who asks does not come here
        return value

    def listing() -> list[str]:
        return sorted({*namespace, *homes})

    return getattribute, listing
