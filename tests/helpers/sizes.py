"""How much a proof does: a part of it in the default run, all of it behind the marker ``slow``."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import settings


def sized(name: str, usual: Any, *, full: Any) -> pytest.MarkDecorator:
    """
    Give a test the argument *name* twice: *usual* in the default run, and *full* where ``slow`` is asked for.

    What the usual size leaves out, and why that is no loss, is said where it stands.
    """
    return pytest.mark.parametrize(name, [usual, pytest.param(full, marks=pytest.mark.slow)])


def examples(full: int) -> int:
    """
    How many examples Hypothesis draws for a law that needs *full* of them.

    All with ``--hypothesis-profile=slow``; a fifth by default, and others in each run, so that many runs see them all.
    """
    return full * settings.default.max_examples // 100
