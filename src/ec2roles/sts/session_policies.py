"""What is passed into a session to limit and mark it: session policies and tags, and the room that they take."""

from __future__ import annotations

from collections.abc import Collection, Iterable

from ec2roles.arns import shown
from ec2roles.errors import AwsError, InvalidInputError, PolicyTooLargeError, ValidationError
from ec2roles.iam.names import Tags, check_tags, validation_message
from ec2roles.policy import Policy, load_policy

PLAINTEXT = 2_048
"""Characters of the inline session policy and the managed policies' ARNs together."""
_POLICY_ARNS = 10
_TAGS = 50


def check_texts(values: object, name: str, member: str, most: int) -> tuple[str, ...]:
    """
    Return *values* if they are a list of texts, and not too many; None is an empty list.

    >>> check_texts(["team"], "transitive_tag_keys", "transitiveTagKeys", 50)
    ('team',)

    Args:
        values: what was given.
        name: our name for it.
        member: AWS's.
        most: how many there may be.

    Raises:
        TypeError: if it is one text, or holds something else than texts.
        ValidationError: if there are more than *most*.
    """
    if values is None:
        return ()
    # A generator is refused as well: these are read twice, to judge the call and to perform it.
    if isinstance(values, (str, bytes)) or not isinstance(values, Collection):
        raise TypeError(f"{name} must be a list of texts, got {type(values).__name__}")
    texts = tuple(values)
    for text in texts:
        if not isinstance(text, str):
            raise TypeError(f"{name} must be a list of texts, and holds {type(text).__name__}")
    if len(texts) > most:
        raise ValidationError(
            validation_message([(shown(list(texts)), member, f"Member must have length less than or equal to {most}")]),
            detail=f"{len(texts)} {name}, at most {most}",
        )
    return texts


def check_session_tags(tags: object) -> Tags:
    """
    Return *tags* as pairs, if they can be a session's: at most 50.

    Raises:
        TypeError, InvalidNameError: see `check_tags`.
        AwsError: ``InvalidParameterValue``, for two keys that differ only in case, and for reserved ones.
        ValidationError: if there are more.
    """
    if tags is None:
        return ()
    if isinstance(tags, (str, bytes)) or not isinstance(tags, Collection):
        raise TypeError(f"tags must be a mapping, got {type(tags).__name__}")
    if len(tags) > _TAGS:
        limit = f"Member must have length less than or equal to {_TAGS}"
        raise ValidationError(
            validation_message([(shown(tags), "tags", limit)]), detail=f"{len(tags)} session tags, at most {_TAGS}"
        )
    try:
        return check_tags(tags, most=_TAGS)
    except InvalidInputError as error:
        # What IAM calls an invalid input, STS calls an invalid value.
        raise AwsError(error.message, code="InvalidParameterValue", detail=error.detail) from None


def check_policy_arns(values: object) -> tuple[str, ...]:
    """
    Return *values* if they can be the managed session policies of one call: at most ten.

    Raises:
        TypeError, ValidationError: see `check_texts`.
    """
    return check_texts(values, "policy_arns", "policyArns", _POLICY_ARNS)


def check_session_policies(policy: object, managed: Iterable[Policy]) -> tuple[Policy, ...]:
    """
    Return the session policies of a call: the inline one first.

    Args:
        policy: a dict, JSON text, a policy, or None.
        managed: the documents of the managed ones.

    Raises:
        TypeError: if *policy* is something else.
        PolicyError: if it is malformed.
        PolicyTooLargeError: ``PackedPolicyTooLarge``, if the plain text is too long.
    """
    policies = list(managed)
    # The limit is on the parameters as they are sent, white space and all (policy-evaluation A5).
    size = sum(len(one.arn or "") for one in policies)
    if policy is not None:
        loaded = load_policy(policy, "session").named("session policy")
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
