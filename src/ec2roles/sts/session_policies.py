"""What is passed into a session to limit and mark it: session policies and tags, and the room that they take."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from ec2roles.arns import shown
from ec2roles.errors import AwsError, InvalidInputError, PolicyTooLargeError, ValidationError
from ec2roles.iam.names import Tags, check_tags, validation_message
from ec2roles.policy import Policy, Semantics
from ec2roles.policy.loading import load_session_policy

_DEFAULT = Semantics()
PLAINTEXT = 2_048
"""Characters of the inline session policy and the managed policies' ARNs together."""
_POLICY_ARNS = 10
_TAGS = 50


def session_tags(tags: Iterable[Mapping[str, str]]) -> Tags:
    """
    Return session tags as pairs.

    >>> session_tags([{"Key": "team", "Value": "red"}])
    (('team', 'red'),)

    Raises:
        InvalidNameError: see `check_tags`.
        AwsError: ``InvalidParameterValue``, for two keys that differ only in case, and for reserved ones.
    """
    try:
        return check_tags([(tag["Key"], tag["Value"]) for tag in tags], most=_TAGS)
    except InvalidInputError as error:
        # What IAM calls an invalid input, STS calls an invalid value.
        raise AwsError(error.message, code="InvalidParameterValue", detail=error.detail) from None


def policy_arns(given: Sequence[Mapping[str, str]]) -> tuple[str, ...]:
    """
    Return the ARNs of the managed session policies of one call: at most ten, which AWS's model does not say.

    >>> policy_arns([{"arn": "arn:aws:iam::aws:policy/ReadOnlyAccess"}])
    ('arn:aws:iam::aws:policy/ReadOnlyAccess',)

    Raises:
        ValidationError: if there are more.
    """
    if len(given) > _POLICY_ARNS:
        listed = ", ".join(f"{{arn={one['arn']}}}" for one in given)
        limit = f"Member must have length less than or equal to {_POLICY_ARNS}"
        raise ValidationError(
            validation_message([(shown(f"[{listed}]", 1_000), "policyArns", limit)]),
            detail=f"{len(given)} policies, at most {_POLICY_ARNS}",
        )
    return tuple(one["arn"] for one in given)


def check_session_policies(
    policy: object, managed: Iterable[Policy], semantics: Semantics = _DEFAULT
) -> tuple[Policy, ...]:
    """
    Return the session policies of a call: the inline one first.

    Args:
        policy: a dict, JSON text, a policy, or None.
        managed: the documents of the managed ones.
        semantics: whether the inline one may be of an older version.

    Raises:
        TypeError: if *policy* is something else.
        PolicyError: if it is malformed.
        PolicyTooLargeError: ``PackedPolicyTooLarge``, if the plain text is too long.
    """
    policies = list(managed)
    # The limit is on the parameters as they are sent, white space and all (API_AssumeRole, ``Policy``).
    size = sum(len(one.arn or "") for one in policies)
    if policy is not None:
        loaded = load_session_policy(policy, semantics).named("session policy")
        size += len(policy) if isinstance(policy, str) else loaded.size
        policies.insert(0, loaded)
    if size > PLAINTEXT:
        raise _too_large(
            "Packed policy consumes {}% of allotted space, please use smaller policy.",
            _percent(size, PLAINTEXT),
            f"session policies have at most {PLAINTEXT} characters, these have {size}",
        )
    return tuple(policies)


def packed_size(policies: Iterable[Policy], tags: Tags, allotted: int) -> int | None:
    """
    Return how many percent of the allotted space session policies and tags take; None if there are neither.

    AWS packs them into a binary form that nobody has described. Here their characters count: of the inline policy without
    white space, of the managed policies' ARNs, of the keys and values of the tags.

    >>> packed_size((), (("team", "red"),), 2_130)
    1

    Args:
        policies: the session policies.
        tags: the session tags.
        allotted: how many characters are 100 %: `Quotas.packed_policy_size`.

    Raises:
        PolicyTooLargeError: ``PackedPolicyTooLarge``, over 100 %.
    """
    given = list(policies)
    text = sum(len(one.arn) if one.arn else one.size for one in given)
    size = text + sum(len(key) + len(value) for key, value in tags)
    if not given and not tags:
        return None
    percent = _percent(size, allotted)
    if percent > 100:
        wording = (
            "Packed policy consumes {}% of allotted space, please use smaller policy."
            if given
            else "Packed size of session tags consumes {}% of allotted space."
        )
        raise _too_large(
            wording, percent, f"policies, their ARNs and tags have {size} characters, at most {allotted} together"
        )
    return percent


def _percent(size: int, of: int) -> int:
    return -(-100 * size // of)


def _too_large(wording: str, percent: int, detail: str) -> PolicyTooLargeError:
    return PolicyTooLargeError(wording.format(percent), code="PackedPolicyTooLarge", status=400, detail=detail)
