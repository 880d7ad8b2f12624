"""
Actions whose resources in a statement are all of another type, so that the action matches none of them.

What is here is what the package knows by itself: S3's actions on buckets and on objects, IAM's on its entities, EC2's on
instances, as the service authorization reference has them. Of others, and of actions with wildcards, nothing is said.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping

from ec2roles.arns import shown
from ec2roles.policy.engine.matching import ascii_lower
from ec2roles.policy.statement import Statement
from ec2roles.policy.validation.warning import LintWarning

_OBJECT = (
    "AbortMultipartUpload BypassGovernanceRetention DeleteObject DeleteObjectTagging DeleteObjectVersion "
    "DeleteObjectVersionTagging GetObject GetObjectAcl GetObjectAttributes GetObjectLegalHold GetObjectRetention "
    "GetObjectTagging GetObjectVersion GetObjectVersionAcl GetObjectVersionAttributes GetObjectVersionTagging "
    "ListMultipartUploadParts PutObject PutObjectAcl PutObjectLegalHold PutObjectRetention PutObjectTagging "
    "PutObjectVersionAcl PutObjectVersionTagging RestoreObject"
)
_BUCKET = (
    "CreateBucket DeleteBucket DeleteBucketPolicy GetBucketAcl GetBucketCORS GetBucketLocation GetBucketLogging "
    "GetBucketNotification GetBucketOwnershipControls GetBucketPolicy GetBucketPolicyStatus GetBucketPublicAccessBlock "
    "GetBucketTagging GetBucketVersioning GetBucketWebsite GetEncryptionConfiguration GetLifecycleConfiguration ListBucket "
    "ListBucketMultipartUploads ListBucketVersions PutBucketAcl PutBucketCORS PutBucketLogging PutBucketNotification "
    "PutBucketOwnershipControls PutBucketPolicy PutBucketPublicAccessBlock PutBucketTagging PutBucketVersioning "
    "PutBucketWebsite PutEncryptionConfiguration PutLifecycleConfiguration"
)
_BY_TYPE = {
    "iam role": "iam:AttachRolePolicy iam:CreateRole iam:DeleteRole iam:DeleteRolePermissionsBoundary iam:DeleteRolePolicy "
    "iam:DetachRolePolicy iam:GetRole iam:GetRolePolicy iam:ListAttachedRolePolicies iam:ListInstanceProfilesForRole "
    "iam:ListRolePolicies iam:ListRoleTags iam:PassRole iam:PutRolePermissionsBoundary iam:PutRolePolicy iam:TagRole "
    "iam:UntagRole iam:UpdateAssumeRolePolicy iam:UpdateRole iam:UpdateRoleDescription sts:AssumeRole",
    "iam user": "iam:AttachUserPolicy iam:CreateUser iam:DeleteUser iam:DeleteUserPolicy iam:DetachUserPolicy iam:GetUserPolicy "
    "iam:ListAttachedUserPolicies iam:ListGroupsForUser iam:ListUserPolicies iam:ListUserTags iam:PutUserPolicy iam:TagUser "
    "iam:UntagUser iam:UpdateUser iam:CreateAccessKey iam:DeleteAccessKey iam:UpdateAccessKey iam:ListAccessKeys",
    "iam group": "iam:AddUserToGroup iam:AttachGroupPolicy iam:CreateGroup iam:DeleteGroup iam:DeleteGroupPolicy "
    "iam:DetachGroupPolicy iam:GetGroup iam:GetGroupPolicy iam:ListAttachedGroupPolicies iam:ListGroupPolicies "
    "iam:PutGroupPolicy iam:RemoveUserFromGroup iam:UpdateGroup",
    "iam policy": "iam:CreatePolicy iam:CreatePolicyVersion iam:DeletePolicy iam:DeletePolicyVersion iam:GetPolicy "
    "iam:GetPolicyVersion iam:ListEntitiesForPolicy iam:ListPolicyVersions iam:SetDefaultPolicyVersion iam:TagPolicy "
    "iam:UntagPolicy",
    "iam instance-profile": "iam:AddRoleToInstanceProfile iam:CreateInstanceProfile iam:DeleteInstanceProfile "
    "iam:GetInstanceProfile iam:RemoveRoleFromInstanceProfile iam:TagInstanceProfile iam:UntagInstanceProfile",
    "ec2 instance": "ec2:AssociateIamInstanceProfile ec2:DisassociateIamInstanceProfile ec2:GetConsoleOutput "
    "ec2:ModifyInstanceMetadataOptions ec2:MonitorInstances ec2:RebootInstances ec2:ReplaceIamInstanceProfileAssociation "
    "ec2:StartInstances ec2:StopInstances ec2:TerminateInstances ec2:UnmonitorInstances",
}
_NO_RESOURCE = (
    "Describe* DescribeAvailabilityZones DescribeIamInstanceProfileAssociations DescribeImages DescribeInstances "
    "DescribeInstanceStatus DescribeInstanceTypes DescribeKeyPairs DescribeNetworkInterfaces DescribeRegions "
    "DescribeSecurityGroups DescribeSnapshots DescribeSubnets DescribeTags DescribeVolumes DescribeVpcs"
)
_OPEN = re.compile(r"[*?]|\$\{")
_VARIABLE = re.compile(r"\$\{[^}]*\}")

Fits = Callable[[str], bool]
"""Whether a pattern of a service's ARN, from its sixth part on, may match something of the type."""


def _object(rest: str) -> bool:
    return "/" in rest or _OPEN.search(rest) is not None


def _bucket(rest: str) -> bool:
    return "/" not in _VARIABLE.sub("", rest)


def _anything(rest: str) -> bool:
    # All buckets are listed on arn:aws:s3:::*, where the asterisk is an ordinary character.
    return not _VARIABLE.sub("", rest).strip("*?")


def _of_type(kind: str) -> Fits:
    def fits(rest: str) -> bool:
        literal = _OPEN.split(rest, maxsplit=1)[0]
        return literal.startswith(f"{kind}/") or (literal != rest and f"{kind}/".startswith(literal))

    return fits


def _table() -> Mapping[str, tuple[str, Fits, str]]:
    found: dict[str, tuple[str, Fits, str]] = {"s3:listallmybuckets": ("s3", _anything, "'*'")}
    for names, fits, cure in (
        (_OBJECT, _object, "arn:aws:s3:::bucket/key"),
        (_BUCKET, _bucket, "arn:aws:s3:::bucket"),
    ):
        found.update({f"s3:{name.lower()}": ("s3", fits, cure) for name in names.split()})
    for of, names in _BY_TYPE.items():
        service, kind = of.split()
        cure = f"arn:aws:{service}:{'REGION' if service == 'ec2' else ''}:ACCOUNT:{kind}/NAME"
        found.update({name.lower(): (service, _of_type(kind), cure) for name in names.split()})
    found.update({f"ec2:{name.lower()}": ("", _anything, "'*'") for name in _NO_RESOURCE.split()})
    return found


_TYPES = _table()


def other_type(statement: Statement) -> Iterator[LintWarning]:
    """Yield each action of *statement* that none of its resources is for."""
    for action in statement.actions or ():
        known = _TYPES.get(ascii_lower(action))
        if known is None or not statement.resources:
            continue
        service, fits, cure = known
        if not any([_may_match(resource, service, fits) for resource in statement.resources]):
            named = shown(statement.resources[0])
            message = f"{action} is not for {named}" + (" or the others" if len(statement.resources) > 1 else "")
            yield LintWarning(
                f"{statement.pointer}/Resource", f"{message}; it matches nothing", f"write {cure}", "resource-type"
            )


def _may_match(resource: str, service: str, fits: Fits) -> bool:
    parts = resource.split(":", 5)
    if len(parts) < 6:
        return True  # an asterisk, or what is told as malformed
    if not service:
        return not "".join(parts[2:]).strip("*")
    if _OPEN.search(parts[2]) is None and ascii_lower(parts[2]) != service:
        # An instance that is started may need a licence as well.
        return service == "ec2" and ascii_lower(parts[2]) == "license-manager"
    # Access points and the like have an account, and are buckets and what is in them.
    return fits(parts[5]) or (service == "s3" and parts[4] != "")
