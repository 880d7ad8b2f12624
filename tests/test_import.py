"""``import ec2roles`` loads little: the standard library, attrs, dateutil, and none of the data."""

from __future__ import annotations

import json
import subprocess
import sys

LISTING = """
import json, sys
opened = []
sys.addaudithook(lambda event, args: opened.append(str(args[0])) if event == "open" else None)
before = set(sys.modules)  # what a site may load on its own before any program
import ec2roles
print(json.dumps([sorted(set(sys.modules) - before), opened]))
"""

# dateutil before 4.0 needs six, which makes modules of its own.
ALLOWED = {"ec2roles", "attr", "attrs", "dateutil", "six"}


def loaded() -> tuple[list[str], list[str]]:
    """Return the modules and the files that a fresh Python loads for ``import ec2roles``."""
    done = subprocess.run([sys.executable, "-c", LISTING], capture_output=True, encoding="utf-8", check=True)
    modules, files = json.loads(done.stdout)
    return modules, files


def test_it_loads_nothing_but_the_standard_library_attrs_and_dateutil() -> None:
    modules, _ = loaded()
    roots = {name.partition(".")[0] for name in modules}

    assert "ec2roles" in roots
    assert roots - sys.stdlib_module_names - ALLOWED == set()


def test_it_does_not_read_the_managed_policies() -> None:
    _, files = loaded()

    assert [name for name in files if "managed_policies" in name] == []


def test_it_does_not_load_the_tables_that_few_programs_call() -> None:
    modules, _ = loaded()

    assert [name for name in modules if name.startswith(("ec2roles.services.iam.operations", "ec2roles.api"))] == []


def test_the_extras_are_loaded_by_their_own_adapters_only() -> None:
    """The program, and what is of the standard library alone, run where boto3 was never installed."""
    modules = "cli.main cli.serve adapters.aws.sigv4 adapters.aws.chunked adapters.http.server adapters.http.control adapters.aws.dispatch"
    names = ", ".join(f"ec2roles.{name}" for name in modules.split())
    program = (
        f"import sys, {names}; print([name for name in sys.modules if name.startswith(('boto', 'urllib3', 'moto'))])"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, encoding="utf-8", check=True)

    assert done.stdout.strip() == "[]"


def test_it_loads_neither_the_program_nor_an_adapter() -> None:
    modules, _ = loaded()

    assert [
        name for name in modules if name.startswith(("ec2roles.cli", "ec2roles.adapters", "ec2roles.__main__"))
    ] == []
