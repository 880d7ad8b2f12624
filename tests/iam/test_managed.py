"""AWS's own managed policies: all of them, by name and ARN, and read only when asked for."""

from __future__ import annotations

import json
import zlib
from importlib.resources import files

import pytest

from ec2roles.errors import NoSuchEntityError
from ec2roles.iam.managed import AwsManagedPolicies, _rows
from ec2roles.policy import Outcome, PolicySet, Request, evaluate

ANYBODY = "arn:aws:sts::123456789012:assumed-role/app/i-0123456789abcdef0"
BUCKET = "arn:aws:s3:::photos"


@pytest.fixture(scope="module")
def library() -> AwsManagedPolicies:
    """One library for the whole module: it never changes, it only remembers what it has read."""
    return AwsManagedPolicies()


def packed_text() -> str:
    packed = files("ec2roles.iam").joinpath("managed_policies.json.zlib").read_bytes()
    return zlib.decompress(packed).decode()


def about() -> dict[str, object]:
    """Return the file's first line, which says where the rest comes from."""
    line: dict[str, object] = json.loads(packed_text().split("\n", 1)[0])
    return line


def documents() -> dict[str, dict[str, object]]:
    """Return the documents by name, read without the library."""
    rows = [line.split("\t") for line in packed_text().split("\n")[1:]]
    return {row[0]: json.loads(row[5]) for row in rows}


def outcome(library: AwsManagedPolicies, name: str, action: str, resource: str) -> Outcome:
    policies = PolicySet(identity=[library[name].document])
    return evaluate(Request(principal=ANYBODY, action=action, resource=resource), policies).outcome


def test_all_are_there(library: AwsManagedPolicies) -> None:
    assert len(library) >= 1_400
    assert len(library) == about()["count"] == len(list(library))


def test_the_names_come_sorted(library: AwsManagedPolicies) -> None:
    assert sorted(library) == list(library)


def test_the_file_says_where_it_comes_from() -> None:
    assert {"source", "licence", "newest_update", "count", "columns"} <= set(about())
    assert str(about()["source"]).startswith("moto ")
    assert "Apache-2.0" in str(about()["licence"])


def test_every_document_loads(library: AwsManagedPolicies) -> None:
    loaded = [library[name] for name in library]

    assert [one.name for one in loaded] == list(library)
    assert all(one.document.name == one.name and one.document.arn == one.arn for one in loaded)


def test_each_is_found_by_its_arn_too(library: AwsManagedPolicies) -> None:
    assert all(library[library[name].arn] is library[name] for name in library)
    assert all(library[name].arn in library for name in library)


@pytest.mark.parametrize(
    ("name", "arn"),
    [
        ("AmazonS3ReadOnlyAccess", "arn:aws:iam::aws:policy/AmazonS3ReadOnlyAccess"),
        ("AmazonEC2RoleforSSM", "arn:aws:iam::aws:policy/service-role/AmazonEC2RoleforSSM"),
        ("ViewOnlyAccess", "arn:aws:iam::aws:policy/job-function/ViewOnlyAccess"),
        (
            "AmazonECSServiceRolePolicy",
            "arn:aws:iam::aws:policy/aws-service-role/AmazonECSServiceRolePolicy",
        ),
    ],
)
def test_the_arn_has_aws_for_an_account_and_the_path(library: AwsManagedPolicies, name: str, arn: str) -> None:
    assert library[name].arn == arn
    assert library.find(arn) is library[name]


def test_the_known_read_only_policy_of_s3(library: AwsManagedPolicies) -> None:
    """Version 3 of 2023-08-10 added s3:Describe*."""
    policy = library["AmazonS3ReadOnlyAccess"]

    assert policy.version_id == "v3"
    assert policy.update_date.startswith("2023-08-10")
    assert documents()["AmazonS3ReadOnlyAccess"]["Statement"] == [
        {
            "Action": ["s3:Get*", "s3:List*", "s3:Describe*", "s3-object-lambda:Get*", "s3-object-lambda:List*"],
            "Effect": "Allow",
            "Resource": "*",
        }
    ]


@pytest.mark.parametrize(
    ("name", "action", "resource", "expected"),
    [
        ("AmazonS3ReadOnlyAccess", "s3:ListAllMyBuckets", "arn:aws:s3:::*", Outcome.ALLOWED),
        ("AmazonS3ReadOnlyAccess", "s3:DescribeJob", "*", Outcome.ALLOWED),
        ("AmazonS3ReadOnlyAccess", "s3:PutObject", f"{BUCKET}/cat.jpg", Outcome.IMPLICIT_DENY),
        ("AmazonS3FullAccess", "s3:PutObject", f"{BUCKET}/cat.jpg", Outcome.ALLOWED),
        ("AdministratorAccess", "iam:CreateUser", "*", Outcome.ALLOWED),
        ("PowerUserAccess", "iam:CreateUser", "*", Outcome.IMPLICIT_DENY),
        ("PowerUserAccess", "iam:ListRoles", "*", Outcome.ALLOWED),
        ("PowerUserAccess", "s3:PutObject", f"{BUCKET}/cat.jpg", Outcome.ALLOWED),
        ("AWSDenyAll", "s3:ListAllMyBuckets", "arn:aws:s3:::*", Outcome.EXPLICIT_DENY),
        ("AmazonSSMManagedInstanceCore", "ssm:GetParameter", "*", Outcome.ALLOWED),
        ("AmazonSSMManagedInstanceCore", "s3:GetObject", f"{BUCKET}/cat.jpg", Outcome.IMPLICIT_DENY),
        ("CloudWatchAgentServerPolicy", "cloudwatch:PutMetricData", "*", Outcome.ALLOWED),
    ],
)
def test_known_policies_decide_as_documented(
    library: AwsManagedPolicies, name: str, action: str, resource: str, expected: Outcome
) -> None:
    assert outcome(library, name, action, resource) is expected


def test_policies_of_service_linked_roles_cannot_be_attached(library: AwsManagedPolicies) -> None:
    linked = [name for name in library if not library[name].attachable]

    assert "AmazonECSServiceRolePolicy" in linked
    assert {library[name].path for name in linked} == {"/aws-service-role/"}
    assert library["AmazonS3ReadOnlyAccess"].attachable
    assert library["AmazonEC2RoleforSSM"].attachable


@pytest.mark.parametrize(
    ("wanted", "hint"),
    [
        ("AmazonS3ReadonlyAcess", "AmazonS3ReadOnlyAccess"),
        ("amazons3readonlyaccess", "AmazonS3ReadOnlyAccess"),
        ("arn:aws:iam::aws:policy/AmazonS3ReadOnly", "AmazonS3ReadOnlyAccess"),
        ("arn:aws:iam::aws:policy/AmazonEC2RoleforSSM", "arn:aws:iam::aws:policy/service-role/AmazonEC2RoleforSSM"),
        ("arn:aws:iam::123456789012:policy/AmazonS3ReadOnlyAccess", "arn:aws:iam::aws:policy/AmazonS3ReadOnlyAccess"),
    ],
)
def test_an_unknown_policy_raises_with_the_ones_that_may_be_meant(
    library: AwsManagedPolicies, wanted: str, hint: str
) -> None:
    with pytest.raises(NoSuchEntityError) as raised:
        library[wanted]

    assert wanted not in library
    assert raised.value.code == "NoSuchEntity"
    assert raised.value.message == f"Policy {wanted} does not exist or is not attachable."
    assert f"'{hint}'" in str(raised.value.detail)


@pytest.mark.parametrize("wanted", ["", "arn:", "arn:aws:iam::aws:policy/", "q" * 10_000, "zzzzqqqq", "a/b\n"])
def test_nonsense_raises_the_same_error_and_a_short_one(library: AwsManagedPolicies, wanted: str) -> None:
    with pytest.raises(NoSuchEntityError) as raised:
        library[wanted]

    assert len(str(raised.value.detail)) < 400
    assert "\n" not in str(raised.value.detail)


def test_no_key_but_text_is_in_a_library(library: AwsManagedPolicies) -> None:
    assert None not in library
    assert 3 not in library


def test_nothing_is_read_before_it_is_asked_for() -> None:
    """The file waits for the first question, and each document for its own."""
    _rows.cache_clear()
    library = AwsManagedPolicies()
    assert _rows.cache_info().currsize == 0

    assert "AmazonS3ReadOnlyAccess" in library
    assert library._parsed == {}

    first = library["AmazonS3ReadOnlyAccess"]
    assert list(library._parsed) == ["AmazonS3ReadOnlyAccess"]
    assert library["arn:aws:iam::aws:policy/AmazonS3ReadOnlyAccess"] is first


def test_two_libraries_share_nothing() -> None:
    one, other = AwsManagedPolicies(), AwsManagedPolicies()

    assert one["AdministratorAccess"] is not other["AdministratorAccess"]
    assert one["AdministratorAccess"].arn == other["AdministratorAccess"].arn
