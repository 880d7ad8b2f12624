"""The policies that are evaluated together, layer by layer."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, cast

from ec2roles.policy.document import Policy
from ec2roles.policy.engine.index import Layer
from ec2roles.policy.loading import load_policy, load_resource_policy
from ec2roles.policy.validation.grammar import IDENTITY_LIKE

Source = Policy | Mapping[str, Any] | str
Levels = Iterable[Iterable[Source]] | tuple[Layer, ...]
_KEEP: Any = object()
_NONE: Any = ()


def _load(source: Source, kind: str) -> Policy:
    if isinstance(source, Policy) and (source.kind == kind or {source.kind, kind} <= IDENTITY_LIKE):
        return source
    return load_policy(source, kind)


def _layer(kind: str, sources: Iterable[Source] | Source | None) -> Layer | None:
    if sources is None:
        return None
    if type(sources) is not list and isinstance(sources, (Policy, Mapping, str)):
        sources = (sources,)
    policies = tuple([_load(source, kind) for source in sources])
    return Layer(kind, policies) if policies else None


def _levels(kind: str, levels: Levels | None) -> tuple[Layer, ...]:
    if not levels:
        return ()
    if type(levels) is tuple and type(levels[0]) is Layer:
        return cast("tuple[Layer, ...]", levels)  # compiled before
    if isinstance(levels, (Policy, Mapping, str)):
        raise TypeError(f"{kind}s must be a sequence of levels, each a sequence of policies")
    compiled = []
    for level in cast("Iterable[Iterable[Source]]", levels):
        if isinstance(level, (Policy, Mapping, str)):
            raise TypeError(f"each level of {kind}s must be a sequence of policies: write {kind}s=[[policy], [policy]]")
        compiled.append(Layer(kind, tuple([_load(source, kind) for source in level])))
    return tuple(compiled)


def compile_levels(kind: str, levels: Iterable[Iterable[Source]]) -> tuple[Layer, ...]:
    """
    Return the policies of an organisation's levels, compiled once for all the sets that they will be put into.

    Args:
        kind: ``scp`` or ``rcp``.
        levels: root, each unit on the path, account; each a sequence of policies.
    """
    return _levels(kind, levels)


def _resource(source: Source | None) -> Layer | None:
    if source is None:
        return None
    if not isinstance(source, (Policy, Mapping, str)):
        raise TypeError(f"a resource has one policy: pass it as such, got {type(source).__name__}")
    known = isinstance(source, Policy) and source.kind in ("trust", "resource")
    policy = cast(Policy, source) if known else load_resource_policy(source)
    return Layer(policy.kind, (policy,))


class PolicySet:
    """
    Every policy that has a say in a request, layer by layer. Build it once, and ask it many times.

    Each policy is a loaded one, a dict or JSON text. ``None`` or ``()`` means that a layer is absent; only the identity's
    policies always count, so with none of them nothing is allowed.

    >>> from ec2roles.policy import PermissionPolicy
    >>> PolicySet(identity=[PermissionPolicy.allow("s3:*")], boundaries=[PermissionPolicy.allow("*")])
    <PolicySet identity 1, boundaries 1>

    Args:
        identity: what is attached to the caller.
        resource: the policy of the resource; for sts:AssumeRole* the role's trust policy.
        boundaries: the caller's permissions boundary.
        session: the policies that were passed when the session began.
        scps: service control policies, level by level: root, each unit on the path, account.
        rcps: resource control policies, level by level.
        endpoint: the policy of the VPC endpoint that the call goes through.

    Raises:
        PolicyError: if AWS would refuse one of them.
    """

    __slots__ = ("_alone", "_boundary", "_endpoint", "_identity", "_rcps", "_resource", "_scps", "_session")

    def __init__(
        self,
        identity: Iterable[Source] | Source | None = (),
        *,
        resource: Source | None = None,
        boundaries: Iterable[Source] | Source | None = _NONE,
        session: Iterable[Source] | Source | None = _NONE,
        scps: Levels | None = _NONE,
        rcps: Levels | None = _NONE,
        endpoint: Iterable[Source] | Source | None = _NONE,
    ) -> None:
        self._identity: Layer = _layer("identity", identity) or Layer("identity", ())
        self._resource = self._boundary = self._session = self._endpoint = None
        self._scps = self._rcps = _NONE
        # Most sets have no other layer; skipping the look into each of them halves the time it takes to make a set.
        self._alone: bool = boundaries is session is scps is rcps is endpoint is _NONE and resource is None
        if not self._alone:
            self._resource = _resource(resource)
            self._boundary, self._session = _layer("boundary", boundaries), _layer("session", session)
            self._scps, self._rcps = _levels("scp", scps), _levels("rcp", rcps)
            self._endpoint = _layer("endpoint", endpoint)
            self._settle()

    def _settle(self) -> None:
        # Most calls are decided by the identity's policies alone; `evaluate` has a short way for them.
        self._alone = not (
            self._resource or self._boundary or self._session or self._scps or self._rcps or self._endpoint
        )

    def with_layers(
        self,
        *,
        resource: Source | None = _KEEP,
        boundaries: Iterable[Source] | Source | None = _KEEP,
        session: Iterable[Source] | Source | None = _KEEP,
        scps: Levels | None = _KEEP,
        rcps: Levels | None = _KEEP,
        endpoint: Iterable[Source] | Source | None = _KEEP,
    ) -> PolicySet:
        """
        Return a set with the same identity and the given layers, sharing what this one has prepared.

        >>> from ec2roles.policy import PermissionPolicy
        >>> PolicySet([PermissionPolicy.allow("s3:*")]).with_layers(session=[PermissionPolicy.allow("s3:GetObject")])
        <PolicySet identity 1, session 1>

        Args:
            resource: as for `PolicySet`; what is not given stays as it is.
            boundaries: as for `PolicySet`.
            session: as for `PolicySet`.
            scps: as for `PolicySet`.
            rcps: as for `PolicySet`.
            endpoint: as for `PolicySet`.
        """
        made = object.__new__(PolicySet)
        made._identity = self._identity
        made._resource = self._resource if resource is _KEEP else _resource(resource)
        made._boundary = self._boundary if boundaries is _KEEP else _layer("boundary", boundaries)
        made._session = self._session if session is _KEEP else _layer("session", session)
        made._scps = self._scps if scps is _KEEP else _levels("scp", scps)
        made._rcps = self._rcps if rcps is _KEEP else _levels("rcp", rcps)
        made._endpoint = self._endpoint if endpoint is _KEEP else _layer("endpoint", endpoint)
        made._settle()
        return made

    @property
    def identity(self) -> tuple[Policy, ...]:
        """The caller's own policies."""
        return self._identity.policies

    @property
    def resource(self) -> Policy | None:
        """The resource's policy, or the role's trust policy."""
        return self._resource.policies[0] if self._resource else None

    @property
    def boundaries(self) -> tuple[Policy, ...]:
        """The permissions boundary."""
        return self._boundary.policies if self._boundary else ()

    @property
    def session(self) -> tuple[Policy, ...]:
        """The session policies."""
        return self._session.policies if self._session else ()

    @property
    def scps(self) -> tuple[tuple[Policy, ...], ...]:
        """The service control policies, level by level."""
        return tuple(level.policies for level in self._scps)

    @property
    def rcps(self) -> tuple[tuple[Policy, ...], ...]:
        """The resource control policies, level by level."""
        return tuple(level.policies for level in self._rcps)

    @property
    def endpoint(self) -> tuple[Policy, ...]:
        """The VPC endpoint's policy."""
        return self._endpoint.policies if self._endpoint else ()

    def layers(self) -> tuple[tuple[str, Layer], ...]:
        """Return the layers that are there, each with the name a decision gives it, in the order of their precedence."""
        layers: list[tuple[str, Layer]] = [("scp", level) for level in self._scps]
        layers += [("rcp", level) for level in self._rcps]
        layers.append(("identity", self._identity))
        named = (("boundary", self._boundary), ("session", self._session))
        layers += [(name, layer) for name, layer in named if layer is not None]
        if self._resource is not None:
            layers.append((self._resource.kind, self._resource))
        if self._endpoint is not None:
            layers.append(("endpoint", self._endpoint))
        return tuple(layers)

    def __repr__(self) -> str:
        counts = [
            f"{name} {len(getattr(self, name))}"
            for name in ("identity", "boundaries", "session", "scps", "rcps", "endpoint")
            if name == "identity" or getattr(self, name)
        ]
        if self._resource is not None:
            counts.append(self._resource.kind)
        return f"<PolicySet {', '.join(counts)}>"
