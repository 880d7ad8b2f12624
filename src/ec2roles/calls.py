"""The words between the parts: a call, its answer, and the two ports through which lower parts reach higher ones."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Generic, Protocol

import attrs

from ec2roles.credentials import Credentials
from ec2roles.errors import AwsError
from ec2roles.policy.context import check_keys
from ec2roles.policy.decision import Decision
from ec2roles.world.ids import IssuedKey
from ec2roles.world.timeline import Position

if TYPE_CHECKING:
    # Type checkers know this module by themselves, and only there can a type variable have a default before Python 3.13.
    from typing_extensions import TypeVar

    Value_co = TypeVar("Value_co", covariant=True, default=Any)
else:
    from typing import TypeVar

    Value_co = TypeVar("Value_co", covariant=True)

NOTHING: Mapping[str, Any] = {}

_SECRETS = ("SecretAccessKey", "SessionToken")


class Caller(Protocol):
    """Who calls, once that is known: what every operation may ask of a `ec2roles.sts.Session`."""

    @property
    def arn(self) -> str:
        """The caller's ARN, as GetCallerIdentity gives it."""

    @property
    def account_id(self) -> str:
        """The account that the caller belongs to."""

    @property
    def user_id(self) -> str:
        """``aws:userid``."""


@attrs.frozen(eq=False)
class Call:
    """
    One API call, as its sender put it.

    >>> call = Call("s3:GetObject", resource="arn:aws:s3:::photos/cat.jpg", position=(0, 1))
    >>> call.parameters, call.caller
    ({}, None)

    Args:
        action: an IAM action (``s3:ListAllMyBuckets``) or an API operation (``s3:ListBuckets``).
        resource: the ARN it is about, or None where the action has none or the parameters say it.
        position: the moment at which it is judged.
        credentials: what it is signed with, or None.
        source: where those came from: ``env``, ``shared-credentials-file``, ``iam-role``; None when given by hand. Of a
            call that an AWS service makes itself, without any: its name.
        operation: the API operation, where the same IAM action serves several (``HeadObject`` needs ``s3:GetObject``).
        context: context keys that the caller adds, such as ``aws:SourceIp``.
        parameters: what the operation is given, such as ``body=b"meow"``; by AWS's names alone, once they have been read.
        api: whether the parameters came as AWS's API takes them, with its names and forms alone; in Python ours are known too.
        question: whether it is only asked about, so that what the answer does not need may be left out.
        prepared: what the operation made of its parameters, where it has more to do than to read them.
        refusal: why the sender has nothing to sign with, if its credential chain failed.
        sender: the id of the instance it comes from, if it comes from one.
        caller: the session behind the credentials, once they have been checked; None before that.
        seen: the position as of which IAM is seen; None for what the service's propagation delay says.
    """

    action: str
    resource: str | None = attrs.field(default=None, kw_only=True)
    position: Position = attrs.field(kw_only=True)
    credentials: Credentials | None = attrs.field(default=None, kw_only=True, repr=False)
    source: str | None = attrs.field(default=None, kw_only=True)
    operation: str | None = attrs.field(default=None, kw_only=True)
    context: Mapping[str, Any] = attrs.field(default=NOTHING, kw_only=True)
    parameters: Mapping[str, Any] = attrs.field(default=NOTHING, kw_only=True, repr=False)
    api: bool = attrs.field(default=False, kw_only=True, repr=False)
    question: bool = attrs.field(default=False, kw_only=True, repr=False)
    prepared: Any = attrs.field(default=None, kw_only=True, repr=False)
    refusal: AwsError | None = attrs.field(default=None, kw_only=True)
    sender: str | None = attrs.field(default=None, kw_only=True)
    caller: Caller | None = attrs.field(default=None, kw_only=True, repr=False)
    seen: Position | None = attrs.field(default=None, kw_only=True, repr=False)

    def by(self, caller: Caller | None, parameters: Mapping[str, Any], prepared: Any = None) -> Call:
        """
        Return the same call as operations get it.

        Args:
            caller: the session behind its credentials.
            parameters: as they were read.
            prepared: what the operation made of them.
        """
        # Once for each call, so without `attrs.evolve`, which looks at every field.
        return Call(
            self.action,
            resource=self.resource,
            position=self.position,
            credentials=self.credentials,
            source=self.source,
            operation=self.operation,
            context=self.context,
            parameters=parameters,
            api=self.api,
            question=self.question,
            prepared=prepared,
            refusal=self.refusal,
            sender=self.sender,
            caller=caller,
            seen=self.seen,
        )


@attrs.frozen
class Response(Generic[Value_co]):
    """
    The answer to a call: a value, or the error that AWS answers, always with the decision behind it.

    ``bool(response)`` is `ok`. A refusal is a value, so that a notebook runs on and a test can look at it;
    `result()` turns it into an exception.

    >>> Response(value=42, allowed=True).result()
    42

    Args:
        value: what the operation gave; None with an error, although its type does not say so: `result()` never gives that.
        error: what AWS answered instead, with ``.code`` and ``.message``; None when the call worked.
        allowed: whether the call was authorised.
        decision: how that was decided; None when it did not come to that.
        source: which link of the credential chain signed the call: ``env``, ``shared-credentials-file``, ``iam-role``.
    """

    value: Value_co = None  # type: ignore[assignment]  # as the docstring says
    error: AwsError | None = attrs.field(default=None, kw_only=True)
    allowed: bool = attrs.field(default=False, kw_only=True)
    decision: Decision | None = attrs.field(default=None, kw_only=True)
    source: str | None = attrs.field(default=None, kw_only=True)

    @property
    def ok(self) -> bool:
        """Whether the call was allowed and worked."""
        return self.error is None

    def __bool__(self) -> bool:
        return self.error is None

    def result(self) -> Value_co:
        """
        Return the value, or raise the error.

        Raises:
            AwsError: the `error`, if there is one.
        """
        if self.error is not None:
            raise self.error
        return self.value

    def __repr__(self) -> str:
        source = f" with {self.source}" if self.source else ""
        if self.error is not None:
            # A denial's own message says all; for other errors our detail is the useful part.
            detail = f" ({self.error.detail})" if self.error.detail and self.allowed else ""
            return f"<Response {self.error.code}{source}: {self.error.message}{detail}>"
        return f"<Response ok{source}: {_without_secrets(self.value)!r}>"


def _without_secrets(value: Any) -> Any:
    """Return *value*, which may be a response in AWS's form, with its secrets replaced."""
    if isinstance(value, Mapping):
        return {key: "****" if key in _SECRETS else _without_secrets(one) for key, one in value.items()}
    return [_without_secrets(one) for one in value] if isinstance(value, list) else value


def with_keys(keys: Mapping[str, Any], given: Mapping[str, Any] | None) -> Mapping[str, Any]:
    """
    Return *keys* with those *given* added, or put in place of those that are there, however they are written.

    >>> with_keys({"aws:SourceIp": "203.0.113.10"}, {"AWS:sourceip": "198.51.100.7", "a:b": True})
    {'aws:SourceIp': '198.51.100.7', 'a:b': True}

    Raises:
        TypeError, ArgumentError: as `ec2roles.policy.context.check_keys`.
    """
    if given is None:
        return keys
    check_keys(given)
    written = {key.lower(): key for key in keys}
    return {**keys, **{written.get(key.lower(), key): value for key, value in given.items()}}


class Api(Protocol):
    """Where calls go: the gateway of an account, or a token service alone."""

    def call(self, call: Call, *, strict: bool = False) -> Response:
        """
        Authorize *call*, perform it if it is allowed, and record it.

        Args:
            call: the call.
            strict: whether a parameter of another type is a mistake of who wrote the program: it raises, and nothing is done.
        """

    def can(self, call: Call) -> Decision:
        """Authorize *call*; change nothing and record nothing."""


class SessionIssuer(Protocol):
    """Something that issues credentials and knows them again: a token service, a user, a role's on an instance."""

    def issued_session(self, issued: IssuedKey, access_key_id: str, now: int) -> Any:
        """Return the session behind a key it had issued by *now* (microseconds), or None if it had not."""
