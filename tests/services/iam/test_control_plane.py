"""
Every operation of IAM as AWS's API has it: control_plane.json has a row for each operation and each of its errors.

The ``source`` of a row is AWS's page, botocore's service model, or ``moto`` where the words are those that moto took from
AWS.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ec2roles.services.parameters import Reader
from ec2roles.services.shapes import load
from helpers.control_world import control_world, filled
from helpers.sizes import examples
from helpers.worlds import digest

ROWS = json.loads((Path(__file__).parent / "control_plane.json").read_text(encoding="utf-8"))
SHARED = control_world()
"""One world for all that must leave it as it was."""
OPERATIONS = {operation.name: operation for operation in SHARED[0].registry.operations("iam")}


def name_of(row: dict[str, Any]) -> str:
    return f"{row['operation']}-{row['code'] or 'ok'}"


@pytest.mark.parametrize("row", [row for row in ROWS if row["code"]], ids=name_of)
def test_an_error_has_awss_code_status_and_words(row: dict[str, Any]) -> None:
    """And nothing has changed, but for the call in the history, which says who made it."""
    account, admin, words = SHARED
    before = digest(account, calls=False)
    answer = account.request(f"iam:{row['operation']}", filled(row["parameters"], words), credentials=admin)

    assert answer.error is not None, answer
    assert (answer.error.code, answer.error.status) == (row["code"], row["status"])
    assert answer.error.message == filled(row["message"], words)
    assert digest(account, calls=False) == before
    *_, event = account.history
    assert (event.kind, event.operation, event.caller) == (
        "call",
        row["operation"],
        "arn:aws:iam::123456789012:user/admin",
    )


@pytest.mark.parametrize("row", [row for row in ROWS if not row["code"]], ids=name_of)
def test_a_response_has_the_shape_that_boto3_gives(row: dict[str, Any]) -> None:
    """Botocore's own validator finds nothing missing, unknown or of another type."""
    model = service_model().operation_model(row["operation"])
    account, admin, words = control_world()
    parameters = filled(row["parameters"], words)
    answer = account.request(f"iam:{row['operation']}", parameters, credentials=admin).result()

    if model.input_shape is not None:
        assert shape_problems(parameters, model.input_shape) == ""
    if model.output_shape is None:
        assert answer == {}
    else:
        assert shape_problems(as_text(answer), model.output_shape) == ""
        assert deep_documents(answer) >= 0


def test_every_operation_has_a_row_that_works_and_one_that_fails() -> None:
    worked = Counter(row["operation"] for row in ROWS if not row["code"])
    failed = Counter(row["operation"] for row in ROWS if row["code"])
    cannot_fail = {"GetAccountSummary", "ListGroups", "ListUsers", "ListInstanceProfiles", "ListAccessKeys"}

    assert set(OPERATIONS) == set(worked)
    assert {name for name in OPERATIONS if not failed[name]} <= cannot_fail | {
        name for name in OPERATIONS if re.fullmatch("(Untag|List).*|.*Tags|ListPolicyVersions|DetachGroupPolicy", name)
    }


def test_every_operation_takes_the_parameters_of_botocores_model() -> None:
    """The required ones are simulated; of the others some may be missing here, but none is made up."""
    model = service_model()
    for name in OPERATIONS:
        shape = model.operation_model(name).input_shape
        members, required = (set(), set()) if shape is None else (set(shape.members), set(shape.required_members))
        assert required <= simulated(name) <= members, name


VALUES = st.sampled_from(
    [
        None, True, 0, -1, 7, 1.5, "", " ", "a", "app", "alice", "staff", "none", "x" * 65, "é", "/", "/web/", "\x00", "v1", "v2", "*",
        "$KEY", "$EC2", "$LIST", "$TEAM", "$S3", "$NONE", "$SLRP", "Active", "All", [], ["a"], [None], {}, {"Key": "a"}, b"a",
        [{"Key": "a", "Value": "b"}], [{"Key": 1, "Value": "b"}], [{"Key": "", "Value": ""}], ["s3:GetObject"], ["$LIST"],
        "arn:aws:iam::123456789012:role/web/app", "arn:::::", "arn:aws:iam::aws:policy/none", "arn:aws:iam:::", [["a"]], "{}", "[]",
        [{"ContextKeyName": "aws:SourceIp", "ContextKeyValues": []}], [{"ServiceControlPolicyInputList": ["$LIST"]}], 3600, 1000,
        {"Version": "2012-10-17", "Statement": []}, "QUFBQQ==", "x" * 25, "x:y:z" * 8,
    ]
)  # fmt: skip


@given(data=st.data(), name=st.sampled_from(sorted(OPERATIONS)))
@settings(max_examples=examples(150))
def test_whatever_the_parameters_a_call_is_answered_and_a_refused_one_changes_nothing(data: Any, name: str) -> None:
    """Nothing but a Response comes out, and an error is one of AWS's."""
    account, admin, words = control_world()
    known, required = simulated(name), load("iam").input(name).required
    chosen = data.draw(st.sets(st.sampled_from([*sorted(known), "Other"]), max_size=5)) | set(required)
    drawn = {one: data.draw(VALUES, label=one) for one in sorted(chosen)}
    before = digest(account, calls=False)
    answer = account.request(f"iam:{name}", filled(drawn, words), credentials=admin)

    if answer.error is not None:
        assert digest(account, calls=False) == before
        assert answer.error.code in CODES


CODES = {
    "ValidationError", "NoSuchEntity", "EntityAlreadyExists", "DeleteConflict", "LimitExceeded", "InvalidInput",
    "MalformedPolicyDocument", "UnmodifiableEntity", "PolicyNotAttachable", "AccessDenied",
}  # fmt: skip


def test_parameters_that_are_no_mapping_are_a_mistake_of_the_caller() -> None:
    account, admin, _ = control_world()
    with pytest.raises(TypeError, match="parameters must be a mapping, got list"):
        account.request("iam:GetRole", ["app"], credentials=admin)  # type: ignore[arg-type]


def simulated(name: str) -> frozenset[str]:
    """The parameters of an operation that make a difference here."""
    reader = OPERATIONS[name].read
    assert isinstance(reader, Reader)
    return reader.simulated or frozenset()


@cache
def service_model() -> Any:
    """Botocore's model of IAM."""
    session = pytest.importorskip("botocore.session")
    return session.get_session().get_service_model("iam")


def shape_problems(value: Any, shape: Any) -> str:
    """What botocore finds wrong with *value*."""
    from botocore.validate import ParamValidator

    report = ParamValidator().validate(value, shape)
    return str(report.generate_report())


def as_text(value: Any) -> Any:
    """*value* with policy documents as text, which they are before boto3 reads them."""
    if isinstance(value, list):
        return [as_text(one) for one in value]
    if isinstance(value, dict):
        if "Statement" in value:
            return json.dumps(value)
        return {key: as_text(one) for key, one in value.items()}
    return value


def deep_documents(value: Any) -> int:
    """How many policy documents are in *value*; each must be a dict."""
    if isinstance(value, list):
        return sum(deep_documents(one) for one in value)
    if not isinstance(value, dict):
        return 0
    found = 0
    for key, one in value.items():
        if key in ("Document", "PolicyDocument", "AssumeRolePolicyDocument"):
            assert isinstance(one, dict), key
            assert "Statement" in one
            found += 1
        else:
            found += deep_documents(one)
    return found
