"""The committed inputs of the fuzz targets, replayed; ``nox -s fuzz`` looks for new ones."""

from __future__ import annotations

from pathlib import Path

import pytest

from fuzz.targets import TARGETS

CORPUS = Path(__file__).parent / "corpus"


@pytest.mark.parametrize("name", TARGETS)
def test_no_target_fails_on_its_corpus(name: str) -> None:
    """Every kept input passes, and every target has some."""
    inputs = sorted((CORPUS / name).iterdir())
    assert inputs
    for path in inputs:
        try:
            TARGETS[name](path.read_bytes())
        except Exception as error:
            raise AssertionError(f"{name} fails on {path.name}") from error


def test_corpus_stays_small() -> None:
    """The inputs take 200 kB at most, and each belongs to a target."""
    assert sum(path.stat().st_size for path in CORPUS.rglob("*") if path.is_file()) <= 200_000
    assert {path.name for path in CORPUS.iterdir()} == set(TARGETS)
