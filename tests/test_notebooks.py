"""Each notebook and the script that it is made from say the same, and the script runs; ``nox -s notebooks`` runs the notebook itself."""

from __future__ import annotations

import runpy
from pathlib import Path

import jupytext
import pytest

ROOT = Path(__file__).parent.parent
SCRIPTS = sorted((ROOT / "notebooks").glob("*.py"))
NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.ipynb"))


def cells(path: Path) -> list[tuple[str, str]]:
    return [(cell.cell_type, cell.source) for cell in jupytext.read(path).cells]


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda path: path.name)
def test_the_notebook_is_its_script(script: Path) -> None:
    cure = f"run: jupytext --to ipynb --update {script.relative_to(ROOT)}"

    assert cells(script) == cells(script.with_suffix(".ipynb")), cure


# A kernel takes longer to start than the cells to run.
@pytest.mark.parametrize("script", SCRIPTS, ids=lambda path: path.name)
def test_the_script_runs(script: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(script.parent)

    runpy.run_path(str(script), run_name="__main__")


def test_every_notebook_has_a_script() -> None:
    assert [path.stem for path in SCRIPTS] == [path.stem for path in NOTEBOOKS]
