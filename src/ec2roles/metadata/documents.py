"""The JSON documents under ``iam/``: their keys, order and spacing are the real service's."""

from __future__ import annotations

from ec2roles.credentials import Credentials
from ec2roles.iam.instance_profile import InstanceProfile
from ec2roles.instants import from_microseconds, iso
from ec2roles.metadata.fetch import NO_PROFILE, NO_ROLE, Fetch
from ec2roles.metadata.text import document

_SEE = (
    "  Please see documentation at https://docs.aws.amazon.com/IAM/latest/UserGuide/"
    "troubleshoot_iam-ec2.html#troubleshoot_iam-ec2_errors-info-doc."
)


def _time(microseconds: int) -> str:
    return iso(from_microseconds(microseconds))


def profile_info(fetch: Fetch, profile: InstanceProfile, since: int) -> str:
    """
    Return ``iam/info``.

    Args:
        fetch: the newest fetch; it says what EC2 found.
        profile: the associated profile.
        since: when the association was made, in microseconds.
    """
    if fetch.problem == NO_PROFILE:
        return document(
            [
                ("Code", NO_PROFILE),
                ("Message", f"Instance Profile with Id {profile.profile_id} cannot be found.{_SEE}"),
                ("LastUpdated", _time(fetch.position[0])),
            ]
        )
    seen = [position[0] for position in profile.changes() if position <= fetch.seen]
    pairs = [
        ("Code", "Success"),
        ("LastUpdated", _time(max([since, *seen]))),
        ("InstanceProfileArn", profile.arn),
        ("InstanceProfileId", profile.profile_id),
    ]
    if fetch.problem == NO_ROLE:
        pairs.append(("Message", f"Instance Profile does not contain a role.{_SEE}"))
    return document(pairs)


def role_credentials(credentials: Credentials) -> str:
    """Return ``iam/security-credentials/ROLE``: the credentials themselves."""
    assert (
        credentials.issued is not None and credentials.expiration is not None and credentials.session_token is not None
    )
    # Written out, because it is what is asked for most.
    return (
        '{\n  "Code" : "Success",\n'
        f'  "LastUpdated" : "{iso(credentials.issued)}",\n'
        '  "Type" : "AWS-HMAC",\n'
        f'  "AccessKeyId" : "{credentials.access_key_id}",\n'
        f'  "SecretAccessKey" : "{credentials.secret_access_key.reveal()}",\n'
        f'  "Token" : "{credentials.session_token.reveal()}",\n'
        f'  "Expiration" : "{iso(credentials.expiration)}"\n}}'
    )


def assume_role_failure(fetch: Fetch, role_name: str) -> str:
    """Return ``iam/security-credentials/ROLE`` where EC2 cannot assume the role. It is sent with status 200."""
    return document(
        [
            ("Code", "AssumeRoleUnauthorizedAccess"),
            ("Message", f"EC2 cannot assume the role {role_name}.{_SEE}"),
            ("LastUpdated", _time(fetch.position[0])),
        ]
    )
