"""What an answer holds."""

from __future__ import annotations

from typing import Any, assert_type

from ec2roles import Account, Call, Credentials, Response, TrustPolicy
from ec2roles.calls import Caller
from ec2roles.errors import AwsError
from ec2roles.sts import CallerIdentity

account = Account()
alice = account.create_user("alice")
key = alice.create_access_key()
assert_type(key, Credentials)
role = account.create_role("app", trust=TrustPolicy.principal(alice.arn))

assumed = account.sts.assume_role(role, "test", credentials=key)
assert_type(assumed, Response[Credentials])
assert_type(assumed.value, Credentials)
assert_type(assumed.result(), Credentials)
assert_type(assumed.error, AwsError | None)
assert_type(account.sts.get_session_token(credentials=key).result(), Credentials)
assert_type(account.sts.get_caller_identity(credentials=key).result(), CallerIdentity)
assert_type(account.service("lambda.amazonaws.com").assume_role(role).error, AwsError | None)
assert_type(account.call("s3:ListAllMyBuckets", credentials=key).value, Any)
assert_type(account.request("s3:ListBuckets", credentials=key), Response[Any])

assert_type(Response(42, allowed=True).result(), int)


def caller(call: Call) -> str:
    """Return who calls, as an operation of one's own may ask."""
    assert_type(call.credentials, Credentials | None)
    assert_type(call.caller, Caller | None)
    return "nobody" if call.caller is None else call.caller.arn


assert caller(Call("bells:Ring", position=(0, 1), credentials=key)) == "nobody"
