"""A bucket policy as S3 keeps it: bound to the users and roles that its principals named when it was saved."""

from __future__ import annotations

from collections.abc import Callable

import attrs

from ec2roles.errors import ResourceError, TrustPolicyError
from ec2roles.iam.trust import arns_by_id, bind_principals, show_gone
from ec2roles.policy import Policy, load_policy


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

    @classmethod
    def bind(cls, policy: object, name: str, find_principal: Callable[[str], str | None] | None) -> BucketPolicy:
        """
        Resolve the principals of *policy*.

        Args:
            policy: our object, a dict or JSON text.
            name: what it is called in explanations.
            find_principal: as for `Trust.bind`; None resolves nothing.

        Raises:
            PolicyError: if it is malformed.
            ResourceError: ``MalformedPolicy``, if a principal in it does not exist.
        """
        written = load_policy(policy, "resource").named(name)
        if find_principal is None:
            return cls(written, written)
        document = written.to_dict()
        try:
            principals = bind_principals(document, find_principal)
        except TrustPolicyError as error:
            raise ResourceError("Invalid principal in policy", code="MalformedPolicy", detail=error.detail) from None
        if not principals:
            return cls(written, written)
        judged = load_policy(document, "resource").named(name).saved_with(arns_by_id(principals))
        return cls(written, judged, principals)

    def shown(self, exists: Callable[[str, str], bool] | None) -> Policy:
        """Return the policy as S3 shows it: the raw unique id where the principal is gone."""
        document = self.written.to_dict()
        if exists is None or not show_gone(document, self.principals, exists):
            return self.written
        return load_policy(document, "resource").named(self.written.name or "")
