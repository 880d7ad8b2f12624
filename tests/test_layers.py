"""
Who may import whom: the imports of every module, read from its source, against the table below.

A new module needs a row. A row names the modules that one may import, without ``ec2roles.``; ``policy`` means the names
that ``policy/__init__.py`` gives, ``policy.*`` any module of that package. Imports inside functions and under
``TYPE_CHECKING`` count like all others: whoever reads a module must know what it leans on.
"""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterable, Iterator, Mapping
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

# Leaves know nothing of AWS's services. Everybody may import them, and they may import each other.
LEAVES = "arns atomic clock errors fault_plan faults ids propagation secret timeline"

# The core's parts, for the rows at the top of the house.
CORE = "policy policy.* calls iam.* sts.* client.* ec2.* services.* front_door history past"

# From the bottom up: a module comes after those that it may import.
MAY_IMPORT = {
    # -- policy: documents and a request in, a decision out. `decision` words its explanation through `explain`, which it
    #    loads by name when it is asked, for `explain` looks at everything here; `report` and `why_not` likewise. --------
    "policy.values": "",
    "policy.operators": "",
    "policy.semantics": "",
    "policy.statement": "",
    "policy.source": "",
    "policy.screen": "",
    "policy.caller": "",
    "policy.context": "",
    "policy.principal_rules": "",
    "policy.matching": "",
    "policy.problems": "policy.source",
    "policy.element_rules": "policy.problems",
    "policy.variables": "policy.matching",
    "policy.resources": "policy.matching policy.variables",
    "policy.grammar": (
        "policy.element_rules policy.operators policy.principal_rules policy.problems policy.statement policy.values"
    ),
    "policy.checks": "policy.operators policy.source policy.statement policy.values policy.variables",
    "policy.document": "policy.checks policy.grammar policy.source policy.statement",
    "policy.lint": "policy.checks policy.document policy.matching",
    "policy.request": "policy.caller policy.context policy.matching",
    "policy.conditions": "policy.matching policy.operators policy.statement policy.values policy.variables",
    "policy.principals": "policy.caller",
    "policy.decision": "policy.document policy.request policy.semantics policy.statement",
    "policy.plan": (
        "policy.caller policy.conditions policy.document policy.matching policy.principals policy.request policy.resources"
        " policy.semantics policy.statement"
    ),
    "policy.policy_set": "policy.document policy.plan",
    "policy.evaluate": (
        "policy.caller policy.decision policy.matching policy.plan policy.policy_set policy.principals policy.request"
        " policy.semantics"
    ),
    "policy.trace": (
        "policy.conditions policy.decision policy.document policy.matching policy.operators policy.plan policy.principals"
        " policy.request policy.resources policy.source policy.statement policy.variables"
    ),
    "policy.report": "policy.caller policy.decision policy.document policy.evaluate policy.trace",
    "policy.explain": (
        "policy.caller policy.decision policy.document policy.evaluate policy.matching policy.report policy.request"
        " policy.screen policy.statement policy.trace"
    ),
    "policy.avoid": (
        "policy.conditions policy.operators policy.request policy.statement policy.trace policy.values policy.variables"
    ),
    "policy.why_not": (
        "policy.avoid policy.caller policy.decision policy.document policy.evaluate policy.grammar policy.matching"
        " policy.policy_set policy.report policy.request policy.screen policy.source policy.statement policy.trace"
    ),
    "policy.questions": (
        "policy.caller policy.context policy.decision policy.evaluate policy.matching policy.policy_set policy.request"
        " policy.semantics"
    ),
    "policy": "policy.*",
    # -- the words between the parts ----------------------------------------------------------------------------------
    "calls": "policy.decision",
    # -- sts: credentials and the sessions behind them. A session's principal is a Protocol, so it does not import iam,
    #    and iam's roles and users can say which session a key of theirs stands for.
    "sts": "",
    "sts.credentials": "",
    "sts.session": "sts.credentials policy",
    "sts.refusal": "sts.session",
    # -- iam: what an account holds -----------------------------------------------------------------------------------
    "iam": "",
    "iam.quotas": "",
    "iam.names": "",
    "iam.entities": "",
    "iam.trust": "policy",
    "iam.managed": "policy",
    "iam.customer_managed": "iam.names iam.quotas policy",
    "iam.identity": "iam.names iam.quotas iam.managed policy",
    "iam.group": "iam.identity iam.names policy",
    "sts.mfa": "iam.names sts.session",
    "iam.mfa_device": "sts.mfa",
    "iam.role": "iam.identity iam.names iam.trust sts.credentials sts.session policy",
    "iam.user": "iam.identity iam.names iam.group iam.mfa_device sts.credentials sts.session policy",
    "iam.root_user": "iam.mfa_device iam.quotas sts.credentials sts.session policy",
    "iam.organization_tree": "policy policy.plan policy.policy_set",
    "iam.organization_hierarchy": "iam.names iam.organization_tree",
    "iam.organization": "iam.names iam.organization_hierarchy iam.organization_tree policy",
    "iam.instance_profile": "iam.names iam.quotas iam.role",
    "iam.directory": (
        "iam.names iam.quotas iam.entities iam.managed iam.customer_managed iam.identity iam.group iam.role iam.user"
        " iam.instance_profile"
    ),
    "iam.authorization_details": (
        "iam.managed iam.customer_managed iam.identity iam.group iam.role iam.user iam.instance_profile iam.directory"
        " policy"
    ),
    "iam.console": "iam.identity iam.role iam.user iam.directory policy",
    # -- sts, the service ---------------------------------------------------------------------------------------------
    "sts.authorization_message": "policy",
    "sts.authorization": "sts.session policy policy.plan calls",
    "sts.session_policies": "iam.names policy",
    "sts.assume_role": "sts.authorization sts.mfa sts.session sts.session_policies iam.names iam.role policy",
    "sts.session_store": "sts.credentials sts.session iam.role calls",
    "sts.get_session_token": "sts.session_store sts.assume_role sts.authorization sts.credentials sts.mfa sts.session policy",
    "sts.judging": (
        "sts.authorization sts.credentials sts.refusal sts.session sts.session_store iam.role policy policy.evaluate calls"
    ),
    "sts.operations": (
        "sts.assume_role sts.authorization sts.authorization_message sts.credentials sts.get_session_token sts.judging"
        " sts.session sts.session_policies iam.names iam.role policy calls"
    ),
    "sts.stand_alone": "sts.authorization sts.operations policy calls",
    "sts.token_service": (
        "sts.assume_role sts.authorization sts.credentials sts.operations sts.stand_alone iam.role calls"
    ),
    "sts.service_principal": "sts.assume_role sts.session sts.token_service iam.role policy calls",
    # -- client: what runs on an instance -----------------------------------------------------------------------------
    "client": "",
    "client.files": "",
    "client.program": "",
    "client.shell": "client.program",
    "client.profiles": "client.files",
    "client.chain": "client.files client.profiles sts.credentials calls",
    "client.aws_session": "client.profiles client.program client.chain calls",
    "client.configure": "client.files client.profiles client.program client.aws_session",
    "client.s3": "client.files client.program client.aws_session calls",
    "client.aws": "client.program client.chain client.aws_session client.configure client.s3 calls",
    "client.curl": "client.files client.program",
    "client.terminal": ("client.files client.program client.shell client.chain client.aws client.curl calls"),
    # -- ec2 ----------------------------------------------------------------------------------------------------------
    "ec2": "",
    "ec2.rotation": "",
    "ec2.hardware": "",
    "ec2.metadata_metrics": "",
    "ec2.metadata_options": "",
    "ec2.metadata_text": "",
    "ec2.metadata_token": "",
    "ec2.metadata_defaults": "ec2.metadata_options",
    "ec2.metadata_network": "ec2.hardware",
    "ec2.instance_identity": "ec2.hardware ec2.metadata_text",
    "ec2.notices": "ec2.metadata_text",
    "ec2.association": "ec2.metadata_options ec2.notices iam.instance_profile",
    "ec2.notice_board": "ec2.association ec2.hardware ec2.notices",
    "ec2.identity_role": "ec2.hardware ec2.metadata_text ec2.rotation policy sts.credentials sts.session",
    "ec2.fetch": "ec2.rotation ec2.association iam.instance_profile iam.role sts.token_service policy",
    "ec2.metadata_documents": "ec2.fetch ec2.metadata_text iam.instance_profile sts.credentials",
    "ec2.metadata_response": "ec2.metadata_text",
    "ec2.metadata_view": (
        "ec2.association ec2.fetch ec2.hardware ec2.metadata_metrics ec2.rotation iam.role sts.credentials"
    ),
    "ec2.metadata_tree": (
        "ec2.fetch ec2.identity_role ec2.instance_identity ec2.metadata_documents ec2.metadata_network"
        " ec2.metadata_options ec2.metadata_view ec2.notices"
    ),
    "ec2.metadata": (
        "ec2.association ec2.metadata_metrics ec2.metadata_options ec2.metadata_response ec2.metadata_token"
        " ec2.metadata_tree ec2.metadata_view sts.credentials"
    ),
    "ec2.next_change": "ec2.association ec2.fetch ec2.metadata_documents ec2.metadata_view",
    "ec2.container": (
        "client.chain client.program client.terminal ec2.metadata ec2.metadata_options ec2.metadata_view policy calls"
    ),
    "ec2.launch": (
        "ec2.association ec2.hardware ec2.metadata_options ec2.rotation iam.instance_profile iam.names iam.role"
        " sts.token_service calls"
    ),
    "ec2.programs": (
        "ec2.association ec2.hardware ec2.launch ec2.metadata ec2.metadata_view client.chain client.program client.terminal"
        " policy calls"
    ),
    "ec2.instance": (
        "ec2.association ec2.container ec2.fetch ec2.hardware ec2.identity_role ec2.launch ec2.metadata"
        " ec2.metadata_metrics ec2.metadata_options ec2.metadata_view ec2.next_change ec2.notice_board ec2.programs"
        " ec2.rotation iam.instance_profile iam.names sts.credentials sts.session sts.token_service calls"
    ),
    # -- services: what a call needs, and what it does ----------------------------------------------------------------
    "services": "",
    "services.operation": "calls policy sts.refusal sts.session sts.token_service",
    "services.judged_only": "calls policy sts.token_service",
    "services.registry": "services.judged_only services.operation sts.token_service calls",
    "services.pass_role": "iam.role sts.token_service",
    "services.iam_parameters": "iam.names policy",
    "services.iam_members": (
        "iam.customer_managed iam.directory iam.group iam.identity iam.instance_profile iam.managed iam.role iam.user"
    ),
    "services.iam_table": (
        "services.operation services.pass_role services.iam_parameters calls iam.directory iam.entities iam.identity"
        " iam.user sts.token_service"
    ),
    "services.iam_identities": (
        "services.iam_members services.iam_table calls iam.group iam.role iam.user sts.credentials"
    ),
    "services.iam_profiles": (
        "services.iam_identities services.iam_members services.iam_table services.pass_role iam.instance_profile"
        " iam.role sts.token_service"
    ),
    "services.iam_policies": (
        "services.iam_identities services.iam_members services.iam_table services.pass_role iam.customer_managed"
        " iam.directory iam.entities iam.identity iam.managed"
    ),
    "services.iam_account": (
        "services.iam_members services.iam_policies services.iam_table iam.directory iam.identity iam.role"
    ),
    "services.iam_simulate": (
        "services.iam_table iam.directory iam.group iam.identity iam.role iam.user policy policy.evaluate"
    ),
    "services.iam": (
        "services.operation services.iam_account services.iam_identities services.iam_policies services.iam_profiles"
        " services.iam_simulate calls iam.directory iam.role policy"
    ),
    "services.s3_api": "calls",
    "services.bucket_policy": "iam.trust policy",
    "services.s3": "services.bucket_policy services.operation services.s3_api calls policy sts.session sts.token_service",
    "services.sts": "services.operation calls policy sts.credentials sts.session sts.token_service",
    "services.ec2_parameters": "ec2.launch ec2.metadata_defaults ec2.metadata_options calls",
    "services.ec2_run_instances": "services.ec2_parameters calls",
    "services.ec2_members": (
        "ec2.association ec2.instance ec2.metadata_defaults ec2.metadata_network iam.instance_profile"
    ),
    "services.ec2_lists": "ec2.instance services.ec2_members calls",
    "services.ec2_account": "ec2.association ec2.instance ec2.metadata_defaults iam.instance_profile",
    "services.ec2_needs": (
        "services.ec2_account services.ec2_parameters services.ec2_run_instances services.pass_role calls ec2.instance"
        " ec2.metadata_defaults ec2.metadata_network ec2.metadata_options iam.instance_profile sts.token_service"
    ),
    "services.ec2_instances": (
        "services.ec2_account services.ec2_lists services.ec2_members services.ec2_parameters services.ec2_run_instances calls"
        " ec2.association ec2.instance"
    ),
    "services.ec2_associations": (
        "services.ec2_account services.ec2_lists services.ec2_members services.ec2_parameters calls ec2.association"
        " ec2.instance"
    ),
    "services.ec2_tags": "services.ec2_account services.ec2_lists services.ec2_parameters calls",
    "services.ec2": (
        "services.operation services.ec2_account services.ec2_associations services.ec2_instances services.ec2_needs"
        " services.ec2_parameters services.ec2_run_instances services.ec2_tags calls policy sts.authorization_message"
        " sts.token_service"
    ),
    # -- the house ----------------------------------------------------------------------------------------------------
    "front_door": (
        "services.operation services.registry sts.credentials sts.session sts.token_service iam.directory policy calls"
    ),
    "cloudtrail": "calls sts.credentials sts.session",
    "history": "cloudtrail calls policy sts.credentials sts.session iam.role ec2.fetch ec2.instance",
    "clients": "calls services.registry",
    "past": "policy sts.credentials iam.* ec2.association ec2.instance ec2.metadata_options services.s3",
    "account": f"{CORE} clients past",
    "cloud": f"{CORE} account",
    "ec2roles": f"{CORE} account cloud",
    # -- the program --------------------------------------------------------------------------------------------------
    "cli": "",
    "cli.tour": "account ec2.instance iam.names sts.credentials policy",
    "cli.check": "account iam.instance_profile",
    # -- adapters: one outside library or format each; they may import account and cloud, and nobody imports them -----
    "adapters": "",
    "adapters.wsgi": "account cloud ec2.metadata ec2.metadata_response",
    "adapters.raw_http": "",
    "adapters.aws_chunked": "",
    "adapters.sigv4": "adapters.aws_chunked adapters.raw_http sts.refusal sts.session",
    "adapters.protocol": "",
    "adapters.protocol.error_codes": "",
    "adapters.protocol.signing_names": "",
    "adapters.protocol.values": "",
    "adapters.protocol.query": "adapters.protocol.values",
    "adapters.protocol.json_body": "adapters.protocol.values",
    "adapters.protocol.xml_body": "adapters.protocol.values",
    "adapters.protocol.rest": "adapters.protocol.values adapters.raw_http",
    "adapters.protocol.wire_service": (
        "adapters.protocol adapters.protocol.error_codes adapters.protocol.json_body adapters.protocol.query"
        " adapters.protocol.rest adapters.protocol.signing_names adapters.protocol.values adapters.protocol.xml_body adapters.raw_http iam.names"
    ),
    "adapters.api_resources": "",
    "adapters.api_needs": "adapters.api_resources",
    "adapters.api_actions": "adapters.api_needs adapters.api_resources",
    "adapters.api_roles": "",
    "adapters.dispatch": "adapters.api_actions adapters.api_roles calls front_door sts.credentials",
    "adapters.aws_endpoint": (
        "account adapters adapters.api_actions adapters.aws_chunked adapters.dispatch adapters.protocol.signing_names"
        " adapters.protocol.wire_service"
        " adapters.raw_http adapters.sigv4 adapters.wsgi calls cloud ec2.instance sts.credentials sts.refusal sts.session"
    ),
    "adapters.control": "account adapters.wsgi ec2.instance",
    "adapters.server": "adapters.wsgi",
    "adapters.fallthrough": "sts.credentials",
    "adapters.botocore": (
        "account adapters.api_actions adapters.dispatch adapters.fallthrough adapters.protocol.error_codes calls"
        " ec2.container ec2.instance front_door sts.credentials"
    ),
    "adapters.moto_facts": "account iam.entities policy sts.credentials",
    "adapters.moto": "adapters.fallthrough adapters.moto_facts atomic",
    "adapters.in_process": "account cloud adapters.wsgi",
    "adapters.requests": "adapters.in_process",
    "adapters.httpx": "adapters.in_process",
    "adapters.urllib3": "adapters.in_process adapters.wsgi",
    # -- the program: it serves, so it may use the adapters for that ---------------------------------------------------
    "cli.serve_clock": "",
    "cli.serve": (
        "account adapters adapters.aws_endpoint adapters.control adapters.dispatch adapters.server adapters.wsgi calls"
        " cli.check cli.serve_clock ec2.instance sts.credentials"
    ),
    "cli.main": "cli.tour cli.check cli.serve",
    "__main__": "cli.main",
}

# The core needs these and no others; adapters may import the library or format that each is about.
RUNTIME = {"attrs", "attr", "dateutil"}


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


def is_allowed(target: str, allowed: str) -> bool:
    """Return whether *target* is a leaf or in the row *allowed*."""
    return any(
        target == one or (one.endswith(".*") and target.startswith(one[:-1])) for one in f"{LEAVES} {allowed}".split()
    )


def wrong_arrows(inside: Mapping[str, Iterable[str]], table: Mapping[str, str]) -> list[str]:
    """Return a line for each import that the table does not allow, and for each module that it does not know."""
    wrong = []
    for module, targets in inside.items():
        if module not in table and module not in LEAVES.split():
            others = " ".join(sorted(target for target in targets if not is_allowed(target, "")))
            wrong.append(f"{module} has no row in MAY_IMPORT; where does it belong? It imports '{others}'")
            continue
        wrong.extend(
            f"{module} imports {target}" for target in sorted(targets) if not is_allowed(target, table.get(module, ""))
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
INSIDE, OUTSIDE = read_imports(SOURCE)


def test_every_import_follows_the_table() -> None:
    wrong = wrong_arrows(INSIDE, MAY_IMPORT)

    assert not wrong, "\n" + "\n".join(wrong)


def test_every_row_has_a_module() -> None:
    """A row that nobody needs any more goes."""
    stale = sorted({*MAY_IMPORT, *LEAVES.split()} - set(INSIDE))

    assert not stale, " ".join(stale)


def test_a_row_names_only_rows_above_it() -> None:
    """So the table has no circle, and no name that is misspelt."""
    above: list[str] = LEAVES.split()
    wrong = []
    for module, allowed in MAY_IMPORT.items():
        for one in allowed.split():
            known = any(name.startswith(one[:-1]) for name in above) if one.endswith(".*") else one in above
            late = [name for name in MAY_IMPORT if name not in above and is_allowed(name, one) and name != module]
            if not known or late:
                wrong.append(f"{module}: {one} {late or 'has no row'}")
        above.append(module)

    assert wrong == []


def test_no_modules_import_each_other_in_a_circle() -> None:
    assert cycle(INSIDE) == []


def test_nobody_but_the_program_that_serves_imports_an_adapter() -> None:
    edges = {
        module: [target for target in targets if target.split(".")[0] == "adapters"]
        for module, targets in INSIDE.items()
        if module.split(".")[0] != "adapters" and module != "cli.serve"
    }

    assert {module: targets for module, targets in edges.items() if targets} == {}


def test_the_core_needs_attrs_and_dateutil_only() -> None:
    extra = {
        module: sorted(libraries - RUNTIME)
        for module, libraries in OUTSIDE.items()
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
    inside = {"low": {"errors", "high"}, "high": {"low.deep"}, "new": {"errors", "low", "high"}}

    assert wrong_arrows(inside, {"low": "", "high": "low.*"}) == [
        "low imports high",
        "new has no row in MAY_IMPORT; where does it belong? It imports 'high low'",
    ]


def test_a_circle_is_told() -> None:
    assert set(cycle({"a": {"b"}, "b": {"c"}, "c": {"a"}})) == {"a", "b", "c"}
    assert cycle({"a": {"b"}, "b": {"c"}, "c": set()}) == []
