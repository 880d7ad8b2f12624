"""AWS IAM as a table of operations. Each call is about the account of its caller, and judged on AWS's own resources."""

from __future__ import annotations

from ec2roles.authorization.denials import plain_denial
from ec2roles.calls import Call
from ec2roles.errors import AwsError
from ec2roles.iam.directory import Directory
from ec2roles.iam.role import SERVICE_LINKED, protected_role
from ec2roles.policy import Decision, Semantics
from ec2roles.services.iam.account import account_rows
from ec2roles.services.iam.context_keys import context_key_rows
from ec2roles.services.iam.identities import identity_rows
from ec2roles.services.iam.policies import policy_rows
from ec2roles.services.iam.profiles import profile_rows
from ec2roles.services.iam.service_linked import service_linked_rows
from ec2roles.services.iam.simulate import simulation_rows
from ec2roles.services.operation import Service
from ec2roles.sts.session import caller_of


def iam_service(iam: Directory, *, semantics: Semantics) -> Service:
    """
    Return the operations of IAM.

    >>> from ec2roles import Account, PermissionPolicy
    >>> account = Account()
    >>> alice = account.create_user("alice")
    >>> alice.put_policy("iam", PermissionPolicy.allow("iam:CreateUser"))
    >>> account.as_(alice.create_access_key()).iam.create_user(UserName="bob").value["User"]["Arn"]
    'arn:aws:iam::123456789012:user/bob'

    Args:
        iam: the IAM of an account; it finds those of the other accounts of its Cloud.
        semantics: the readings of open points, for simulations.
    """

    def home(call: Call) -> Directory:
        owner = caller_of(call).account_id
        found = iam if owner == iam.account_id else iam.find_directory(owner)
        assert found is not None, "whoever has credentials here belongs to an account of this Cloud"
        return found

    rows = [
        *identity_rows(),
        *service_linked_rows(),
        *profile_rows(),
        *policy_rows(),
        *account_rows(),
        *simulation_rows(semantics),
        *context_key_rows(),
    ]
    return Service("iam", [row.operation(home) for row in rows], denial=denial)


def denial(call: Call, decision: Decision) -> AwsError:
    """Return IAM's error for a call that was denied: what would change a service-linked role has one of its own."""
    request = decision.request
    operation = call.operation or call.action.partition(":")[2]
    if decision.denied_by == "service" and request is not None and operation.lower() != "createrole":
        kind, _, path_and_name = request.resource.split(":", 5)[5].partition("/")
        if kind == "role" and f"/{path_and_name}".startswith(SERVICE_LINKED):
            return protected_role(path_and_name.rpartition("/")[2])
    return plain_denial(call, decision)
