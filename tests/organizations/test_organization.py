"""The organisation: its tree, its policies, whom they limit, and what each moment saw."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ec2roles import Account, Cloud, Credentials, PermissionPolicy, TrustPolicy
from ec2roles.errors import AwsError, Ec2RolesError
from ec2roles.organizations.organization import Organization
from ec2roles.organizations.tree import RCP, SCP
from ec2roles.policy import PolicySet, Request, evaluate
from ec2roles.world.propagation import Propagation
from helpers.sizes import examples
from helpers.worlds import EC2, LIST, OTHER, OWN, at, code, message, user_with_key

MANAGEMENT = "999999999999"
CAT = "arn:aws:s3:::photos/cat.jpg"


def policy(effect: str, *actions: str, **more: Any) -> dict[str, Any]:
    """A document of one statement."""
    statement = {"Effect": effect, "Action": list(actions), "Resource": "*", **more}
    return {"Version": "2012-10-17", "Statement": [statement]}


def world(**options: Any) -> tuple[Cloud, Organization, Account, Credentials]:
    """An organisation with one member account, in which a user may do everything."""
    cloud = Cloud()
    organization = cloud.create_organization(cloud.account(MANAGEMENT), **options)
    account = cloud.account(OWN)
    organization.add_account(account)
    return cloud, organization, account, user_with_key(account, admin=True)[1]


def attach(organization: Organization, target: Any, document: dict[str, Any], policy_type: str = SCP) -> None:
    """Create a policy and attach it."""
    made = organization.create_policy(f"policy-{len(organization.policies)}", document, policy_type=policy_type)
    organization.attach_policy(target, made)


# -- the tree -------------------------------------------------------------------------------------------------------------


def test_ids_and_arns_have_awss_form() -> None:
    """Botocore's organizations model: patterns of the ids."""
    botocore = pytest.importorskip("botocore.session")
    model = botocore.get_session().get_service_model("organizations")
    _, organization, _, _ = world()
    unit = organization.create_organizational_unit("Sandbox")
    made = organization.create_policy("NoS3", policy("Deny", "s3:*"))
    wanted = {
        "OrganizationId": [organization.id],
        "RootId": [organization.root.id],
        "OrganizationalUnitId": [unit.id],
        "PolicyId": [one.id for one in organization.policies.values()],
        "OrganizationArn": [organization.arn],
        "RootArn": [organization.root.arn],
        "OrganizationalUnitArn": [unit.arn],
        "PolicyArn": [made.arn],
    }
    for shape, values in wanted.items():
        pattern = model.shape_for(shape).metadata["pattern"]
        assert [value for value in values if not re.search(pattern, value)] == [], shape


def test_accounts_and_units_have_their_place_in_the_tree() -> None:
    """And can be moved."""
    cloud, organization, account, _ = world()
    prod = organization.create_organizational_unit("Prod")
    web = organization.create_organizational_unit("Web", prod)

    assert organization.accounts == (MANAGEMENT, OWN)
    assert organization.organizational_units == (prod, web)
    assert organization.parent(web) == prod
    assert organization.parent(prod) == organization.root
    organization.move_account(account, web)
    assert organization.parent(OWN) == web
    organization.move_account(OWN, organization.root)
    organization.delete_organizational_unit(web.id)
    assert organization.organizational_units == (prod,)
    organization.remove_account(account)
    assert organization.accounts == (MANAGEMENT,)
    organization.add_account(OTHER, prod)
    assert organization.parent(OTHER) == prod
    assert cloud.organizations == (organization,)
    assert repr(organization) == "<Organization of 999999999999: 2 accounts, 1 organizational unit, 2 policies>"


DEEP = "one two three four five".split()


def deepest(organization: Organization) -> Any:
    """The fifth of five units below each other."""
    unit = None
    for name in DEEP:
        unit = organization.create_organizational_unit(name, unit)
    return unit


NO_S3 = policy("Deny", "s3:*")
MISTAKES: list[tuple[str, Callable[[Organization, Cloud], Any]]] = [
    ("DuplicateOrganizationalUnitException", lambda o, c: [o.create_organizational_unit("a") for _ in "ab"]),
    ("ConstraintViolationException", lambda o, c: o.create_organizational_unit("six", deepest(o))),
    ("ParentNotFoundException", lambda o, c: o.create_organizational_unit("a", "ou-none-00000000")),
    ("ValidationError", lambda o, c: o.create_organizational_unit("")),
    ("OrganizationalUnitNotFoundException", lambda o, c: o.delete_organizational_unit("ou-none-00000000")),
    ("DuplicateAccountException", lambda o, c: o.add_account(OWN)),
    ("HandshakeConstraintViolationException", lambda o, c: c.create_organization(OTHER).add_account(OWN)),
    ("AlreadyInOrganizationException", lambda o, c: c.create_organization(OWN)),
    ("AccountNotFoundException", lambda o, c: o.move_account(OTHER, o.root)),
    ("DuplicateAccountException", lambda o, c: o.move_account(OWN, o.root)),
    ("DestinationParentNotFoundException", lambda o, c: o.move_account(OWN, "r-none")),
    ("AccountNotFoundException", lambda o, c: o.remove_account(OTHER)),
    ("MasterCannotLeaveOrganizationException", lambda o, c: o.remove_account(MANAGEMENT)),
    ("TargetNotFoundException", lambda o, c: o.parent(o.root)),
    ("TargetNotFoundException", lambda o, c: o.attach_policy(OTHER, "FullAWSAccess")),
    ("PolicyNotFoundException", lambda o, c: o.attach_policy(OWN, "p-nothing")),
    ("DuplicatePolicyAttachmentException", lambda o, c: o.attach_policy(OWN, "FullAWSAccess")),
    ("PolicyNotAttachedException", lambda o, c: o.detach_policy(OWN, o.create_policy("x", NO_S3))),
    ("ConstraintViolationException", lambda o, c: o.detach_policy(OWN, "FullAWSAccess")),
    ("ConstraintViolationException", lambda o, c: o.detach_policy(OWN, "p-RCPFullAWSAccess")),
    ("ConstraintViolationException", lambda o, c: [attach(o, OWN, NO_S3) for _ in range(5)]),
    ("DuplicatePolicyException", lambda o, c: [o.create_policy("x", NO_S3) for _ in "ab"]),
    ("MalformedPolicyDocumentException", lambda o, c: o.create_policy("x", policy("Deny", "s3:*", Principal="*"))),
    ("MalformedPolicyDocumentException", lambda o, c: o.create_policy("x", "{")),
    (
        "MalformedPolicyDocumentException",
        lambda o, c: o.create_policy("x", policy("Allow", "s3:*", Principal="*"), policy_type=RCP),
    ),
    ("MalformedPolicyDocumentException", lambda o, c: o.create_policy("x", policy("Deny", "s3:*"), policy_type=RCP)),
    ("ConstraintViolationException", lambda o, c: o.create_policy("x", policy("Deny", "s3:" + "x" * 5120))),
    ("InvalidInputException", lambda o, c: o.create_policy("x", NO_S3, policy_type="TAG_POLICY")),
    ("AccessDeniedException", lambda o, c: o.update_policy("FullAWSAccess", NO_S3)),
    ("AccessDeniedException", lambda o, c: o.delete_policy("RCPFullAWSAccess")),
    ("PolicyTypeAlreadyEnabledException", lambda o, c: o.enable_policy_type(SCP)),
    ("PolicyTypeNotEnabledException", lambda o, c: [o.disable_policy_type(RCP) for _ in "ab"]),
]


@pytest.mark.parametrize(("wanted", "mistake"), MISTAKES, ids=[f"{n}-{one[0]}" for n, one in enumerate(MISTAKES)])
def test_a_mistake_is_awss_error(wanted: str, mistake: Callable[[Organization, Cloud], Any]) -> None:
    """The codes of botocore's organizations model."""
    cloud, organization, _, _ = world()
    with pytest.raises(AwsError) as caught:
        mistake(organization, cloud)
    assert caught.value.code == wanted


def test_a_unit_with_something_in_it_and_a_policy_in_use_stay() -> None:
    """What is in the way is named."""
    _, organization, account, _ = world()
    unit = organization.create_organizational_unit("Sandbox")
    organization.move_account(account, unit)
    made = organization.create_policy("NoS3", NO_S3)
    organization.attach_policy(unit, made)
    with pytest.raises(AwsError, match="OrganizationalUnitNotEmptyException"):
        organization.delete_organizational_unit(unit)
    with pytest.raises(AwsError, match=f"PolicyInUseException.*{unit.id}"):
        organization.delete_policy(made)
    organization.detach_policy(unit, "NoS3")
    organization.delete_policy("NoS3")
    assert list(organization.policies) == ["FullAWSAccess", "RCPFullAWSAccess"]


@pytest.mark.parametrize("wrong", [5, None, b"x"])
def test_a_target_or_a_policy_of_another_type_is_a_mistake(wrong: Any) -> None:
    """Of the caller."""
    _, organization, _, _ = world()
    for call in (
        lambda: organization.attach_policy(wrong, "FullAWSAccess"),
        lambda: organization.attach_policy(OWN, wrong),
        lambda: organization.add_account(wrong),
        lambda: organization.create_policy("x", wrong),
    ):
        with pytest.raises(TypeError):
            call()


def test_an_account_of_another_cloud_cannot_be_added() -> None:
    """Nor create the organisation."""
    _, organization, _, _ = world()
    stranger = Account(OTHER)
    for call in (lambda: organization.add_account(stranger), lambda: Cloud().create_organization(stranger)):
        with pytest.raises(Ec2RolesError, match="another Timekeeper"):
            call()


# -- service control policies ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("level", ["root", "unit", "account"])
def test_a_deny_on_any_level_limits_the_account(level: str) -> None:
    """Root, unit and account; and it is named."""
    _, organization, account, key = world()
    unit = organization.create_organizational_unit("Sandbox")
    organization.move_account(account, unit)
    assert account.can(LIST, credentials=key)
    attach(organization, {"root": organization.root, "unit": unit, "account": account}[level], policy("Deny", "s3:*"))
    answer = account.call(LIST, credentials=key)

    assert message(answer).endswith("with an explicit deny in a service control policy")
    assert answer.decision is not None
    assert answer.decision.denied_by == "scp"
    assert account.can("ec2:DescribeInstances", credentials=key)


@pytest.mark.parametrize("level", ["root", "unit", "account"])
def test_every_level_must_allow(level: str) -> None:
    """An allow list in place of FullAWSAccess on one level is enough to take everything else away."""
    _, organization, account, key = world()
    unit = organization.create_organizational_unit("Sandbox")
    organization.move_account(account, unit)
    target: Any = {"root": organization.root, "unit": unit, "account": account}[level]
    attach(organization, target, policy("Allow", "s3:*"))
    assert account.can("ec2:DescribeInstances", credentials=key)
    organization.detach_policy(target, "FullAWSAccess")

    assert account.can(LIST, credentials=key)
    denied = account.can("ec2:DescribeInstances", credentials=key)
    assert (denied.denied_by, denied.outcome.value) == ("scp", "implicit deny")
    assert "because no service control policy allows" in denied.message


def test_an_scp_grants_nothing() -> None:
    """The identity's own policies must allow as well."""
    _, _, account, _ = world()
    _, key = user_with_key(account, "bob")
    assert account.can(LIST, credentials=key).denied_by == "identity"


WHO: list[tuple[str, bool, Callable[[Account], Credentials]]] = [
    ("user", True, lambda account: user_with_key(account, "bob", admin=True)[1]),
    ("root user", True, lambda account: account.root.create_access_key()),
    ("role session", True, lambda account: _session(account, "/")),
    ("service-linked role", False, lambda account: _session(account, "/aws-service-role/x.amazonaws.com/")),
]


def _session(account: Account, path: str) -> Credentials:
    # A service-linked role cannot be changed once it is there.
    role = account.create_role(
        "worker", trust=TrustPolicy.service("lambda.amazonaws.com"), path=path, policies=["AdministratorAccess"]
    )
    found: Credentials = account.service("lambda.amazonaws.com").assume_role(role, session_name="test").result()
    return found


@pytest.mark.parametrize(("who", "limited", "make"), WHO, ids=[one[0] for one in WHO])
def test_whom_an_scp_limits(who: str, limited: bool, make: Callable[[Account], Credentials]) -> None:
    """Policy-evaluation F1: principals of member accounts, their root users too, and not service-linked roles."""
    _, organization, account, _ = world()
    key = make(account)
    attach(organization, organization.root, policy("Deny", "s3:*"))

    assert bool(account.can(LIST, credentials=key)) is not limited


def test_an_scp_does_not_limit_the_management_account_nor_accounts_outside() -> None:
    """Even when it hangs on the root."""
    cloud, organization, _, _ = world()
    management, outside = cloud.account(MANAGEMENT), cloud.account(OTHER)
    attach(organization, organization.root, policy("Deny", "s3:*"))
    for account in (management, outside):
        assert account.can(LIST, credentials=user_with_key(account, "bob", admin=True)[1])


def test_an_scp_does_not_limit_a_service_that_assumes_a_role() -> None:
    """EC2's and Lambda's assume is asked of the trust policy alone."""
    _, organization, account, _ = world()
    account.console.create_role("EC2Role", policies=["AmazonS3ReadOnlyAccess"])
    attach(organization, organization.root, policy("Deny", "sts:*"))

    assert account.launch_instance("EC2Role").metadata.credentials() is not None
    assert _session(account, "/")


def test_get_caller_identity_cannot_be_forbidden() -> None:
    """Not even by an SCP."""
    _, organization, account, key = world()
    attach(organization, organization.root, policy("Deny", "*"))
    assert account.sts.get_caller_identity(credentials=key)


def test_across_accounts_the_callers_own_scps_count() -> None:
    """Not those of the resource's account."""
    cloud, organization, account, key = world()
    other = cloud.account(OTHER)
    organization.add_account(other)
    bucket = other.s3.create_bucket("photos")
    bucket.delete_public_access_block()
    bucket.policy = policy("Allow", "s3:GetObject", Principal="*", Resource=CAT)
    attach(organization, other, policy("Deny", "s3:*"))
    assert account.can("s3:GetObject", CAT, credentials=key)
    attach(organization, account, policy("Deny", "s3:*"))
    assert account.can("s3:GetObject", CAT, credentials=key).denied_by == "scp"


# -- resource control policies -----------------------------------------------------------------------------------------------


def perimeter(organization: Organization) -> dict[str, Any]:
    """AWS's own example: nobody outside of the organisation, but AWS's services."""
    condition = {
        "StringNotEqualsIfExists": {"aws:PrincipalOrgID": organization.id},
        "BoolIfExists": {"aws:PrincipalIsAWSService": "false"},
    }
    return policy("Deny", "s3:*", "sts:*", Principal="*", Condition=condition)


def open_bucket(account: Account) -> None:
    """A bucket with an object that its policy gives to everybody."""
    bucket = account.s3.create_bucket("photos")
    bucket.delete_public_access_block()
    bucket.put_object("cat.jpg", b"meow")
    bucket.policy = policy("Allow", "s3:GetObject", Principal="*", Resource=CAT)


def test_an_rcp_keeps_strangers_out_and_members_in() -> None:
    """A bucket that is open to everybody is open to the organisation."""
    cloud, organization, account, key = world()
    open_bucket(account)
    stranger = cloud.account(OTHER)
    _, strange_key = user_with_key(stranger, admin=True)
    assert stranger.call("s3:GetObject", CAT, credentials=strange_key)
    attach(organization, organization.root, perimeter(organization), RCP)

    assert account.call("s3:GetObject", CAT, credentials=key)
    denied = stranger.call("s3:GetObject", CAT, credentials=strange_key)
    assert (code(denied), message(denied)) == ("AccessDenied", "Access Denied")
    assert denied.decision is not None
    assert denied.decision.denied_by == "rcp"
    organization.add_account(stranger)
    assert stranger.call("s3:GetObject", CAT, credentials=strange_key)


@pytest.mark.parametrize(
    ("action", "limited"),
    [("s3:ListAllMyBuckets", True), ("kms:ListKeys", True), ("sqs:ListQueues", True), ("dynamodb:ListTables", False)],
)
def test_rcps_know_some_services(action: str, limited: bool) -> None:
    """Policy-evaluation F1: at launch s3, sts, kms, sqs, secretsmanager."""
    _, organization, account, key = world()
    attach(organization, organization.root, policy("Deny", "*", Principal="*"), RCP)
    assert bool(account.can(action, credentials=key)) is not limited


def test_the_services_that_rcps_know_can_be_chosen() -> None:
    """AWS adds some over the years."""
    _, organization, account, key = world(rcp_services={"dynamodb"})
    attach(organization, organization.root, policy("Deny", "*", Principal="*"), RCP)
    assert account.can("dynamodb:ListTables", credentials=key).denied_by == "rcp"
    assert account.can(LIST, credentials=key)


def test_an_rcp_does_not_limit_resources_of_the_management_account() -> None:
    """Nor those of accounts outside."""
    cloud, organization, _, _ = world()
    attach(organization, organization.root, policy("Deny", "*", Principal="*"), RCP)
    for account in (cloud.account(MANAGEMENT), cloud.account(OTHER)):
        _, key = user_with_key(account, "bob", admin=True)
        assert account.can(LIST, credentials=key)


def test_an_rcp_spares_service_linked_roles_and_limits_root() -> None:
    """Policy-evaluation F1."""
    _, organization, account, _ = world()
    linked, root = _session(account, "/aws-service-role/x.amazonaws.com/"), account.root.create_access_key()
    attach(organization, account, policy("Deny", "s3:*", Principal="*"), RCP)
    assert account.can(LIST, credentials=linked)
    assert account.can(LIST, credentials=root).denied_by == "rcp"


def test_an_rcp_on_sts_stops_services_that_assume_roles() -> None:
    """EC2 at its next refresh, Lambda at once, and a caller from elsewhere."""
    cloud, organization, account, _ = world()
    account.console.create_role("EC2Role")
    worker = account.create_role("worker", trust=TrustPolicy.service("lambda.amazonaws.com"))
    web = account.launch_instance("EC2Role")
    service = account.service("lambda.amazonaws.com")
    assert web.metadata.credentials() is not None
    assert service.assume_role(worker, session_name="test")
    attach(organization, organization.root, policy("Deny", "sts:AssumeRole", Principal="*"), RCP)
    refused = service.assume_role(worker, session_name="test")

    assert message(refused).endswith("with an explicit deny in a resource control policy")
    old = web.metadata.credentials()
    cloud.clock.advance(hours=2)
    assert web.metadata.credentials() == old
    cloud.clock.advance(hours=5)
    assert web.metadata.credentials() is None
    assert account.launch_instance("EC2Role").metadata.credentials() is None


def test_an_rcp_that_spares_services_leaves_ec2_alone() -> None:
    """AWS's own example has aws:PrincipalIsAWSService in it for that."""
    _, organization, account, _ = world()
    account.console.create_role("EC2Role")
    attach(organization, organization.root, perimeter(organization), RCP)
    assert account.launch_instance("EC2Role").metadata.credentials() is not None


def test_an_rcp_against_the_confused_deputy_asks_for_the_source() -> None:
    """aws:SourceOrgID, for a service that says on whose behalf it calls ."""
    cloud, organization, account, _ = world()
    role = account.create_role("worker", trust=TrustPolicy.service("lambda.amazonaws.com"))
    condition = {
        "StringNotEqualsIfExists": {"aws:SourceOrgID": organization.id},
        "Null": {"aws:SourceAccount": "false"},
        "Bool": {"aws:PrincipalIsAWSService": "true"},
    }
    attach(organization, organization.root, policy("Deny", "sts:*", Principal="*", Condition=condition), RCP)
    service = account.service("lambda.amazonaws.com")
    cloud.account(OTHER)

    assert service.assume_role(role, session_name="test", source_account=OWN)
    assert service.assume_role(role, session_name="test")
    assert code(service.assume_role(role, session_name="test", source_account=OTHER)) == "AccessDenied"


# -- policy types -----------------------------------------------------------------------------------------------------------


def test_a_policy_type_can_be_switched_off_and_on() -> None:
    """Off, all of its policies are detached; on, only AWS's own are attached again."""
    _, organization, account, key = world()
    attach(organization, account, policy("Deny", "s3:*"))
    organization.disable_policy_type(SCP)
    assert account.can(LIST, credentials=key)
    assert organization.enabled_policy_types == (RCP,)
    assert organization.attached_policies(account) == ()
    with pytest.raises(AwsError, match="PolicyTypeNotEnabledException"):
        organization.attach_policy(account, "FullAWSAccess")
    organization.enable_policy_type(SCP)
    assert [one.name for one in organization.attached_policies(account)] == ["FullAWSAccess"]
    assert account.can(LIST, credentials=key)


def test_an_organisation_without_policy_types_limits_nobody() -> None:
    """It still has ids for conditions."""
    _, organization, account, key = world(policy_types=())
    assert organization.attached_policies(organization.root, RCP) == ()
    decision = account.can(LIST, credentials=key)
    assert decision.allowed
    assert decision.request is not None
    assert decision.request.context["aws:PrincipalOrgID"] == organization.id


def test_an_updated_policy_counts_wherever_it_is_attached() -> None:
    """At once."""
    _, organization, account, key = world()
    made = organization.create_policy("guard", policy("Deny", "ec2:*"))
    organization.attach_policy(organization.root, made)
    assert account.can(LIST, credentials=key)
    organization.update_policy("guard", policy("Deny", "s3:*"))
    assert account.can(LIST, credentials=key).denied_by == "scp"
    assert organization.content(made).to_dict()["Statement"][0]["Action"] == ["s3:*"]


# -- context keys and time ------------------------------------------------------------------------------------------------------


def test_requests_carry_the_organisation() -> None:
    """Policy-evaluation E: of the principal and of the resource."""
    cloud, organization, account, key = world()
    other = cloud.account(OTHER)
    unit = organization.create_organizational_unit("Sandbox")
    organization.move_account(account, unit)
    open_bucket(other)
    decision = account.can("s3:GetObject", CAT, credentials=key)
    assert decision.request is not None
    context = decision.request.context

    assert context["aws:PrincipalOrgID"] == organization.id
    assert context["aws:PrincipalOrgPaths"] == (f"{organization.id}/{organization.root.id}/{unit.id}/",)
    assert context["aws:ResourceAccount"] == OTHER
    assert "aws:ResourceOrgID" not in context
    organization.add_account(other)
    decision = account.can("s3:GetObject", CAT, credentials=key)
    assert decision.request is not None
    assert decision.request.context["aws:ResourceOrgID"] == organization.id
    assert decision.request.context["aws:ResourceOrgPaths"] == (f"{organization.id}/{organization.root.id}/",)


def test_without_an_organisation_there_are_no_such_keys() -> None:
    """But the resource has an account."""
    account = Account()
    _, key = user_with_key(account, admin=True)
    for resource, owner in ((None, OWN), (f"arn:aws:iam::{OTHER}:role/app", OTHER)):
        decision = account.can("iam:GetRole", resource, credentials=key)
        assert decision.request is not None
        assert decision.request.context["aws:ResourceAccount"] == owner
        assert not [one for one in decision.request.context if "org" in one]


def test_a_trust_policy_can_ask_for_the_organisation() -> None:
    """Anybody, as long as it is one of us."""
    cloud, organization, account, key = world()
    condition = {"StringEquals": {"aws:PrincipalOrgID": organization.id}}
    inside = cloud.account(MANAGEMENT).create_role("app", trust=TrustPolicy.principal("*", condition=condition))
    stranger = cloud.account(OTHER)
    _, strange_key = user_with_key(stranger, admin=True)

    assert account.sts.assume_role(inside, "test", credentials=key)
    assert code(stranger.sts.assume_role(inside, "test", credentials=strange_key)) == "AccessDenied"


def test_each_moment_sees_its_own_tree_and_policies() -> None:
    """Of the past too."""
    cloud, organization, account, key = world()
    unit = organization.create_organizational_unit("Sandbox")
    made = organization.create_policy("NoS3", policy("Deny", "s3:*"))
    cloud.clock.advance(hours=1)
    organization.attach_policy(unit, made)
    cloud.clock.advance(hours=1)
    organization.move_account(account, unit)
    cloud.clock.advance(hours=1)
    organization.update_policy(made, policy("Deny", "ec2:*"))
    cloud.clock.advance(hours=1)
    organization.remove_account(account)
    seen = [account.can(LIST, credentials=key, at=at(hours=hours)).denied_by for hours in (0, 1, 2, 3, 4)]
    assert seen == [None, None, "scp", None, None]
    keys = []
    for hours in (3, 4):
        request = account.can(LIST, credentials=key, at=at(hours=hours)).request
        assert request is not None
        keys.append("aws:PrincipalOrgID" in request.context)
    assert keys == [True, False]


def test_an_account_that_joins_later_was_free_before() -> None:
    """The organisation may be older than the account, or younger."""
    cloud = Cloud()
    account = cloud.account()
    _, key = user_with_key(account, admin=True)
    cloud.clock.advance(hours=1)
    organization = cloud.create_organization(MANAGEMENT)
    attach(organization, organization.root, policy("Deny", "s3:*"))
    cloud.clock.advance(hours=1)
    organization.add_account(account)

    assert account.can(LIST, credentials=key).denied_by == "scp"
    assert account.can(LIST, credentials=key, at=at(hours=1, minutes=59))
    assert account.can(LIST, credentials=key, at=at())


def test_a_change_reaches_a_service_after_the_propagation_delay() -> None:
    """And a denial that only the delay causes says so."""
    cloud = Cloud(propagation=Propagation(timedelta(seconds=10), fixed=True))
    account = cloud.account()
    _, key = user_with_key(account, admin=True)
    organization = cloud.create_organization(MANAGEMENT)
    organization.add_account(account)
    made = organization.create_policy("NoS3", policy("Deny", "s3:*"))
    cloud.clock.advance(minutes=1)
    organization.attach_policy(account, made)
    assert account.can(LIST, credentials=key)
    cloud.clock.advance(seconds=10)
    assert account.can(LIST, credentials=key).denied_by == "scp"
    organization.detach_policy(account, made)
    denied = account.can(LIST, credentials=key)
    assert denied.denied_by == "scp"
    assert "only the propagation delay denies this: DetachPolicy" in denied.notes[-1]
    cloud.clock.advance(seconds=10)
    assert account.can(LIST, credentials=key)


def test_a_change_is_in_the_history_of_the_management_account() -> None:
    """With AWS's names."""
    cloud, organization, account, _ = world()
    unit = organization.create_organizational_unit("Sandbox")
    organization.move_account(account, unit)
    attach(organization, unit, policy("Deny", "s3:*"))
    assert [event.operation for event in cloud.account(MANAGEMENT).history.events(kind="change")] == [
        "CreateOrganization",
        "AcceptHandshake",
        "CreateOrganizationalUnit",
        "MoveAccount",
        "CreatePolicy",
        "AttachPolicy",
    ]


def test_the_policies_are_compiled_once_for_each_change() -> None:
    """Design decision 7: not for each call."""
    _, organization, account, key = world()
    attach(organization, account, policy("Deny", "ec2:*"))
    position = account.time.as_of(None)
    before = organization.membership(OWN, position)
    for _ in range(3):
        account.can(LIST, credentials=key)
    assert organization.membership(OWN, position) is before
    decision = account.can(LIST, credentials=key)
    assert before is not None
    assert decision.policy_set._scps is before.scps


def test_two_clouds_with_one_seed_give_the_same_ids() -> None:
    """Deterministic."""
    made = [world()[1].create_organizational_unit("Sandbox") for _ in range(2)]
    assert made[0] == made[1]


def test_an_instance_is_limited_as_any_other() -> None:
    """Whatever its role says."""
    _, organization, account, _ = world()
    role = account.create_role("app", trust=EC2)
    role.put_policy("list", PermissionPolicy.allow(LIST))
    account.create_instance_profile("app").add_role(role)
    web = account.launch_instance("app")
    assert web.can(LIST)
    attach(organization, account, policy("Deny", "s3:*", Condition={"StringLike": {"aws:PrincipalArn": "*role/app"}}))
    assert web.can(LIST).denied_by == "scp"


# -- the law -------------------------------------------------------------------------------------------------------------------


SCPS = [policy("Deny", "s3:*"), policy("Allow", "s3:*"), policy("Deny", "ec2:*"), policy("Allow", "iam:*", "s3:List*")]
RCPS = [policy("Deny", "s3:*", Principal="*"), policy("Deny", "sts:*", Principal="*")]
LEVEL = st.tuples(st.sets(st.sampled_from(range(len(SCPS)))), st.booleans(), st.sets(st.sampled_from(range(len(RCPS)))))


@given(st.lists(LEVEL, min_size=2, max_size=5))
@settings(max_examples=examples(60))
def test_a_member_is_judged_by_exactly_the_policies_from_the_root_down(levels: list[Any]) -> None:
    """Against the engine alone, given the same levels by hand; and an organisation only takes away."""
    _, organization, account, key = world()
    scps = [organization.create_policy(f"scp{number}", one) for number, one in enumerate(SCPS)]
    rcps = [organization.create_policy(f"rcp{n}", one, policy_type=RCP) for n, one in enumerate(RCPS)]
    targets: list[Any] = [organization.root]
    for number in range(len(levels) - 2):
        above = targets[-1] if number else None
        targets.append(organization.create_organizational_unit(f"unit{number}", above))
    if len(targets) > 1:
        organization.move_account(account, targets[-1])
    targets.append(account)
    full = policy("Allow", "*")
    expected_scps, expected_rcps = [], []
    for target, (some_scps, keeps_full, some_rcps) in zip(targets, levels, strict=True):
        for number in sorted(some_scps):
            organization.attach_policy(target, scps[number])
        for number in sorted(some_rcps):
            organization.attach_policy(target, rcps[number])
        documents = [SCPS[number] for number in sorted(some_scps)]
        if some_scps and not keeps_full:
            organization.detach_policy(target, "FullAWSAccess")
        else:
            documents.append(full)
        expected_scps.append(documents)
        expected_rcps.append([RCPS[number] for number in sorted(some_rcps)])
    user = f"arn:aws:iam::{OWN}:user/alice"
    for action in (LIST, "ec2:DescribeInstances", "iam:ListRoles", "sts:GetSessionToken"):
        known = action.partition(":")[0] in organization.rcp_services
        by_hand = evaluate(
            Request(user, action),
            PolicySet([PermissionPolicy.allow("*")], scps=expected_scps, rcps=expected_rcps if known else ()),
        )
        found = account.can(action, credentials=key)
        assert (found.outcome, found.denied_by) == (by_hand.outcome, by_hand.denied_by)
