"""
The policies that AWS itself maintains, such as ``AmazonS3ReadOnlyAccess``: about 1,600, shipped as package data.

The file is read when the first policy is asked for, and a document is parsed when that policy is asked for.
``scripts/build_managed_policies.py`` makes the file and describes its format.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache

import attrs

from ec2roles.arns import shown
from ec2roles.errors import NoSuchEntityError
from ec2roles.policy import Policy, load_policy
from ec2roles.world.ids import fixed_id
from ec2roles.world.timeline import Position

DATA_FILE = "managed_policies.json.zlib"
ARN_PREFIX = "arn:aws:iam::aws:policy"


@attrs.frozen(repr=False)
class AwsManagedPolicy:
    """
    One policy that AWS maintains, in its default version.

    >>> AwsManagedPolicies().find("AmazonS3ReadOnlyAccess").name
    'AmazonS3ReadOnlyAccess'

    Args:
        name: such as ``AmazonS3ReadOnlyAccess``.
        path: such as ``/`` or ``/service-role/``; a part of the ARN.
        version_id: the default version, such as ``v3``.
        create_date: when AWS made the policy, ISO 8601.
        update_date: when AWS made the default version, ISO 8601.
        document: the parsed policy.
    """

    name: str
    path: str = attrs.field(kw_only=True)
    version_id: str = attrs.field(kw_only=True)
    create_date: str = attrs.field(kw_only=True)
    update_date: str = attrs.field(kw_only=True)
    document: Policy = attrs.field(kw_only=True, repr=False)

    @property
    def arn(self) -> str:
        """The ARN, which has ``aws`` where others have an account id."""
        return f"{ARN_PREFIX}{self.path}{self.name}"

    @property
    def policy_id(self) -> str:
        """
        A unique id of the usual form, made from the ARN: AWS's own ids are not published.

        >>> AwsManagedPolicies()["AdministratorAccess"].policy_id
        'ANPACSU2Y5HMPHEXAMPLE'
        """
        return fixed_id("ANPA", self.arn)

    @property
    def tags(self) -> dict[str, str]:
        """Its tags: AWS puts none on its own policies."""
        return {}

    @property
    def attachable(self) -> bool:
        """Whether a role of yours may have it: policies for service-linked roles belong to those alone."""
        return not self.path.startswith("/aws-service-role/")

    def __repr__(self) -> str:
        return f"<AwsManagedPolicy {self.name} {self.version_id}>"

    def document_at(self, position: Position) -> Policy:
        """Return the document as of *position*: always the same one, for AWS's own changes are not simulated."""
        return self.document


@attrs.frozen(eq=False)
class _Row:
    """One line of the file, its document still text."""

    path: str
    version_id: str
    create_date: str
    update_date: str
    document: str


@attrs.define(eq=False)
class AwsManagedPolicies:
    """
    The AWS managed policies, by name or ARN.

    >>> library = AwsManagedPolicies()
    >>> library["AmazonS3ReadOnlyAccess"].arn
    'arn:aws:iam::aws:policy/AmazonS3ReadOnlyAccess'
    >>> library["arn:aws:iam::aws:policy/service-role/AmazonEC2RoleforSSM"].name
    'AmazonEC2RoleforSSM'
    >>> "AmazonS3ReadOnly" in library
    False

    One library may serve any number of accounts: it never changes, it only remembers what it has read.
    """

    _parsed: dict[str, AwsManagedPolicy] = attrs.field(factory=dict, init=False, repr=False)

    def __getitem__(self, name_or_arn: str) -> AwsManagedPolicy:
        """
        Return the policy with that name or ARN.

        Raises:
            NoSuchEntityError: if AWS has none of that name, or has it under another path than the ARN says.
        """
        name = self._name(name_or_arn)
        if name is None:
            raise NoSuchEntityError(
                f"Policy {name_or_arn} does not exist or is not attachable.", detail=self._what_is_wrong(name_or_arn)
            )
        found = self._parsed.get(name)
        if found is None:
            row = _rows()[name]
            document = load_policy(row.document, "managed", stored=True)
            found = self._parsed[name] = AwsManagedPolicy(
                name,
                path=row.path,
                version_id=row.version_id,
                create_date=row.create_date,
                update_date=row.update_date,
                document=document.named(name, arn=f"{ARN_PREFIX}{row.path}{name}"),
            )
        return found

    def find(self, name_or_arn: str) -> AwsManagedPolicy:
        """Do as ``library[name_or_arn]`` does, so that a library alone can serve a role that is built by hand."""
        return self[name_or_arn]

    def arn_of(self, name: str) -> str:
        """Return the ARN of the policy of that name; its document is not read for that."""
        return f"{ARN_PREFIX}{_rows()[name].path}{name}"

    def __contains__(self, name_or_arn: object) -> bool:
        return isinstance(name_or_arn, str) and self._name(name_or_arn) is not None

    def __iter__(self) -> Iterator[str]:
        """Iterate over the names, in alphabetical order."""
        return iter(_rows())

    def __len__(self) -> int:
        return len(_rows())

    def _name(self, name_or_arn: str) -> str | None:
        """Return the name that *name_or_arn* stands for, or None if AWS has no such policy."""
        rows = _rows()
        if not name_or_arn.startswith("arn:"):
            return name_or_arn if name_or_arn in rows else None
        name = name_or_arn.rpartition("/")[2]
        return name if name in rows and name_or_arn == f"{ARN_PREFIX}{rows[name].path}{name}" else None

    def _what_is_wrong(self, name_or_arn: str) -> str:
        """Say in our words why there is no such policy, and which ones may be meant."""
        import difflib  # only a failed look-up needs it

        rows = _rows()
        name = name_or_arn.rpartition("/")[2]
        if name in rows:
            return f"the ARN of AWS's policy '{name}' is '{ARN_PREFIX}{rows[name].path}{name}'"
        # Names differ more often in case than in letters, and difflib counts case as a difference.
        by_lower_case = {known.lower(): known for known in rows}
        near = difflib.get_close_matches(name[:128].lower(), by_lower_case, n=3)
        hint = ", ".join(f"'{by_lower_case[one]}'" for one in near)
        return f"AWS has no managed policy {shown(name)}" + (f"; did you mean {hint}?" if hint else "")


@cache
def _rows() -> dict[str, _Row]:
    """Return the rows of the file, read the first time that a library needs them: they are the same for all."""
    # Few programs come here, so `import ec2roles` does not pay for these two.
    import zlib
    from importlib.resources import files

    text = zlib.decompress(files("ec2roles.iam").joinpath(DATA_FILE).read_bytes()).decode()
    rows = {}
    for line in text.split("\n")[1:]:  # the first line says where the rest comes from
        name, *columns = line.split("\t")
        rows[name] = _Row(*columns)
    return rows
