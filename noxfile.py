"""What .ci/run asks, one part at a time: ``nox``, ``nox -s tests-3.12``, ``nox -l``. Interpreters you lack are skipped."""

from __future__ import annotations

import shutil
from pathlib import Path

import nox

nox.options.default_venv_backend = "venv"
nox.options.error_on_missing_interpreters = False
nox.options.reuse_existing_virtualenvs = True
nox.options.sessions = ["lint", "types", "tests"]


@nox.session(python=["3.11", "3.12", "3.13", "3.14"])
def tests(session: nox.Session) -> None:
    """Run the suite: ``nox -s tests -- -k metadata``, ``nox -s tests -- -m slow``."""
    session.install("-e", ".[test]")
    session.run("python", "-m", "pytest", *session.posargs)


@nox.session
def slow(session: nox.Session) -> None:
    """Run everything in full, what is marked slow too, with five times the examples; half an hour."""
    session.install("-e", ".[test]")
    session.run("python", "-m", "pytest", "-m", "", "--hypothesis-profile=slow", *session.posargs)


@nox.session
def oldest(session: nox.Session) -> None:
    """Run the suite with the oldest attrs and dateutil that we say will do."""
    session.install("-e", ".[test]")
    # Not all of the test tools work with such an old attrs by their own word; pip says so and goes on.
    session.run(
        "python", "-m", "pip", "install", "--quiet", "--no-deps", "attrs==23.2.0", "python-dateutil==2.8.2", "six"
    )
    session.run("python", "-m", "pytest", *session.posargs)


@nox.session
def oldest_boto(session: nox.Session) -> None:
    """Run the adapters' tests with the oldest boto3 and botocore that we say will do."""
    session.install("-e", ".[test]")
    # The newest CLI brings a botocore of its own, so nothing else here minds.
    session.run("python", "-m", "pip", "install", "--quiet", "boto3==1.34.0", "botocore==1.34.0", "s3transfer<0.10")
    session.run("python", "-m", "pytest", "tests/adapters", "tests/cli", *session.posargs)


@nox.session
def moto(session: nox.Session) -> None:
    """Ask moto alone and moto behind us the same questions, and print the table: ``nox -s moto``; some minutes."""
    session.install("-e", ".[test]", "moto[all]>=5.2")
    session.run(
        "python", "-m", "pytest", "tests/adapters/moto/test_moto.py", "-m", "slow or not slow", "-s", *session.posargs
    )


@nox.session
def lint(session: nox.Session) -> None:
    """Check style; ``nox -s lint -- --fix`` mends what can be mended."""
    session.install("ruff>=0.9")
    session.run("ruff", "check", *session.posargs, ".")
    session.run("ruff", "format", *([] if "--fix" in session.posargs else ["--check"]), ".")


@nox.session
def types(session: nox.Session) -> None:
    """Check types."""
    session.install("-e", ".[test,dev]")
    session.run("mypy")


@nox.session
def verify_types(session: nox.Session) -> None:
    """Ask pyright whether every public name has a known type: not editable, as users have it."""
    session.install(
        ".[boto]", "pyright[nodejs]>=1.1.400", "httpx>=0.27", "requests>=2.31", "types-python-dateutil>=2.9"
    )
    session.run("pyright", "--verifytypes", "ec2roles", "--ignoreexternal")
    # Both checkers must read these alike; what mypy's own comments ignore, pyright reports by its own rules.
    session.run("pyright", "typing_tests")


@nox.session
def coverage(session: nox.Session) -> None:
    """Show the lines that no test reaches."""
    session.install("-e", ".[test]", "coverage[toml]")
    session.run("coverage", "run", "-m", "pytest", *session.posargs)
    session.run("coverage", "report", "--show-missing", "--skip-covered")


@nox.session
def notebooks(session: nox.Session) -> None:
    """Make the notebooks from the scripts beside them, run them, and see that they run from top to bottom as they are."""
    session.install("-e", ".[test]", "ipykernel>=6.29", "nbconvert>=7", "nbmake>=1.5.4")
    scripts = glob("notebooks/*.py")
    session.run("jupytext", "--to", "ipynb", "--update", "--set-kernel", "python3", *scripts)
    notebooks = [script.removesuffix("py") + "ipynb" for script in scripts]
    # Without the timing, running them again changes nothing.
    quiet = "--ExecutePreprocessor.record_timing=False"
    session.run("jupyter", "nbconvert", "--to", "notebook", "--execute", "--inplace", quiet, *notebooks)
    session.run("python", "-m", "pytest", "-o", "addopts=", "--nbmake", "--nbmake-timeout=120", *notebooks)


@nox.session
def benchmarks(session: nox.Session) -> None:
    """Run every benchmark: ``nox -s benchmarks``, or those named: ``nox -s benchmarks -- benchmarks/import_time.py``."""
    session.install("-e", ".")
    for path in session.posargs or glob("benchmarks/*.py"):
        session.run("python", path)


@nox.session
def differential(session: nox.Session) -> None:
    """Compare the engine with iam-simulate, which npm fetches: ``nox -s differential -- --cases 500000 --seed 2``."""
    session.install("-e", ".")
    directory = session.create_tmp()
    # AGPL: it runs as a program of its own, and nothing of it comes into this tree.
    package = "@cloud-copilot/iam-simulate@0.1.173"
    session.run("npm", "install", "--no-audit", "--no-fund", "--prefix", directory, package, external=True)
    session.run("python", "tests/differential/compare.py", directory, *session.posargs)


@nox.session
def fuzz(session: nox.Session) -> None:
    """Fuzz each target for 75 seconds, or those named: ``nox -s fuzz -- wildcards variables``."""
    session.install("-e", ".", "pytest", "atheris>=3.0")
    for name in session.posargs or [path.rpartition("/")[2] for path in glob("tests/fuzz/corpus/*")]:
        session.run("python", "tests/fuzz/run.py", name, "-max_total_time=75")


@nox.session
def mutation(session: nox.Session) -> None:
    """Change matching, conditions and combination in a copy, a little at a time: does a test fail? It takes an hour."""
    session.install("attrs>=23.2", "python-dateutil>=2.8.2", "hypothesis", "pytest", "mutmut>=3.8")
    directory = f"{session.create_tmp()}/copy"
    shutil.rmtree(directory, ignore_errors=True)
    session.run("python", "tests/mutation/run.py", directory, *session.posargs)


@nox.session
def mutation_sample(session: nox.Session) -> None:
    """Change what is around the policies in a copy, 1,500 times; 50 minutes at a time, again and again until it is done."""
    session.install("-e", ".[test]")
    # The copy stays, with what is known already; delete it when the code has changed.
    session.run("python", "tests/mutation/sample.py", f"{session.create_tmp()}/sample", *session.posargs)


@nox.session
def build(session: nox.Session) -> None:
    """Build the sdist and, from it, the wheel."""
    session.install("build>=1.2")
    shutil.rmtree("dist", ignore_errors=True)
    session.run("python", "-m", "build")


def glob(pattern: str) -> list[str]:
    """Return the files that fit *pattern*, sorted."""
    return sorted(str(path) for path in Path().glob(pattern))
