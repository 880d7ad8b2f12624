"""A bucket policy as S3 keeps it: bound to the users and roles that its principals named when it was saved."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping

import attrs

from ec2roles.arns import shown
from ec2roles.errors import DuplicateKeyError, PolicyError, PolicySyntaxError, ResourceError, TrustPolicyError
from ec2roles.iam.trust import arns_by_id, bind_principals, show_now
from ec2roles.policy import Policy, load_policy
from ec2roles.policy.statement import Statement
from ec2roles.services.s3.public_access import public_statement

_CODE = "MalformedPolicy"
_NO_JSON = "Policies must be valid JSON and the first byte must be '{'"
# How long a text may be that is looked at again for the words of its refusal.
_READ_AGAIN = 100_000


@attrs.frozen(eq=False)
class BucketPolicy:
    """
    A bucket policy with its principals resolved.

    A user or role that is deleted and made again under the same name is another one, and the policy does not mean it.

    Args:
        written: the policy as it was given.
        judged: the policy that counts: unique ids in place of the ARNs that were resolved.
        principals: the ARNs that were resolved, each with its unique id.
    """

    written: Policy
    judged: Policy
    principals: tuple[tuple[str, str], ...] = ()
    public: Statement | None = attrs.field(init=False)
    """The statement that makes it public, or None."""
    restricted: Policy = attrs.field(init=False)
    """What is left of it for other accounts where public buckets are restricted: what it denies."""

    def __attrs_post_init__(self) -> None:
        object.__setattr__(self, "public", public_statement(self.written))
        restricted = self.judged if self.public is None else _denials(self.judged)
        object.__setattr__(self, "restricted", restricted)

    @classmethod
    def bind(cls, policy: object, bucket: str, find_principal: Callable[[str], str | None] | None) -> BucketPolicy:
        """
        Resolve the principals of *policy*.

        Args:
            policy: our object, a dict or JSON text.
            bucket: the name of the bucket that gets it.
            find_principal: as for `Trust.bind`; None resolves nothing.

        Raises:
            PolicyError: ``MalformedPolicy``, if it is malformed, or about another bucket.
            ResourceError: ``MalformedPolicy``, if a principal in it does not exist.
        """
        name = f"bucket policy of {bucket}"
        if isinstance(policy, str) and not policy.startswith("{"):
            raise PolicySyntaxError(_NO_JSON, code=_CODE, detail=f"it begins with {shown(policy[:16])}")
        try:
            written = load_policy(policy, "resource").named(name)
        except PolicyError as error:
            raise _in_s3s_words(error, policy) from None
        for statement in written.statements:
            if statement.principal is statement.not_principal is None:
                raise PolicyError(
                    "Missing required field Principal",
                    code=_CODE,
                    detail=f"{statement.pointer} says of nobody that he may or may not",
                )
            _check_resources(statement, bucket)
        if find_principal is None:
            return cls(written, written)
        document = written.to_dict()
        try:
            principals = bind_principals(document, find_principal)
        except TrustPolicyError as error:
            raise ResourceError("Invalid principal in policy", code=_CODE, detail=error.detail) from None
        if not principals:
            return cls(written, written)
        judged = load_policy(document, "resource").named(name).saved_with(arns_by_id(principals))
        return cls(written, judged, principals)

    def shown(self, arn_now: Callable[[str, str], str | None] | None) -> Policy:
        """Return the policy as S3 shows it: with the names of now, and the raw unique id where the principal is gone."""
        document = self.written.to_dict()
        if arn_now is None or not show_now(document, self.principals, arn_now):
            return self.written
        return load_policy(document, "resource").named(self.written.name or "")


def _denials(policy: Policy) -> Policy:
    """The statements of *policy* that deny."""
    document = policy.to_dict()
    statements = document["Statement"] if isinstance(document["Statement"], list) else [document["Statement"]]
    kept = [statement for statement in statements if statement["Effect"] == "Deny"]
    # A policy cannot be without a statement: this one is about nobody.
    nobody = {"Effect": "Deny", "Principal": {"Service": "nobody.invalid"}, "Action": "s3:*", "Resource": "*"}
    return load_policy({**document, "Statement": kept or [nobody]}, "resource").named(policy.name)


def _in_s3s_words(error: PolicyError, policy: object) -> PolicyError:
    message = error.message
    if isinstance(error, PolicySyntaxError) and not isinstance(error, DuplicateKeyError):
        message = _NO_JSON
    elif isinstance(policy, str) and len(policy) <= _READ_AGAIN:
        missing = _missing(policy)
        message = message if missing is None else f"Missing required field {missing}"
    return type(error)(message, code=_CODE, status=400, detail=error.detail)


def _missing(policy: str) -> str | None:
    """The first element that a document needs and has not; None too where it is refused for its numbers or its depth."""
    try:
        document = json.loads(policy)
    except (ValueError, RecursionError):
        return None
    if not isinstance(document, Mapping) or not document.get("Statement"):
        return "Statement"
    statements = document["Statement"] if isinstance(document["Statement"], list) else [document["Statement"]]
    for statement in statements:
        for element in ("Effect", "Principal", "Action", "Resource"):
            if isinstance(statement, Mapping) and not {element, f"Not{element}"} & set(statement):
                return element
    return None


def _check_resources(statement: Statement, bucket: str) -> None:
    """Check that what a statement is about can be in this bucket."""
    arn = f"arn:aws:s3:::{bucket}"
    for resource in statement.resources or statement.not_resources or ():
        named = resource.split(":", 5)[-1].partition("/")[0]
        if any(sign in named for sign in "*?$") or named == bucket:
            continue
        raise PolicyError(
            "Policy has invalid resource",
            code=_CODE,
            detail=f"{statement.pointer} is about '{resource}', and this is the policy of '{bucket}': "
            f"its resources are '{arn}' and '{arn}/*'",
        )
