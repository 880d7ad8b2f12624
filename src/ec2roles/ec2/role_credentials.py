"""The credentials of the role on an instance: EC2's side of them, which fetches them, shows them and knows them again."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import attrs

from ec2roles.calls import Api
from ec2roles.credentials import Credentials
from ec2roles.ec2.association import RUNNING, InstanceRecord
from ec2roles.ec2.refresh import Fetcher
from ec2roles.ec2.state import InstanceState
from ec2roles.errors import InstanceError
from ec2roles.instants import from_microseconds, iso_exact
from ec2roles.metadata.fetch import NO_PROFILE, STS_DOWN, Fetch
from ec2roles.metadata.hardware import Hardware
from ec2roles.metadata.host import Record, Served, not_yet_launched
from ec2roles.metadata.metrics import MetadataMetrics
from ec2roles.metadata.options import DISABLED
from ec2roles.metadata.service import V1, V2, MetadataService
from ec2roles.sts.session import Session
from ec2roles.world.ids import IssuedKey
from ec2roles.world.part import Part
from ec2roles.world.propagation import EC2_CREDENTIALS
from ec2roles.world.timekeeper import Timekeeper
from ec2roles.world.timeline import Position


class RoleCredentials(Part):
    """
    What EC2 fetches for one instance and hands out through its metadata; a view, made when somebody asks.

    It is what the metadata service knows of the instance (its port, `ec2roles.metadata.host.Host`), and what the session
    store asks about keys that come back. Nothing is stored: a fetch is worked out again whenever it is asked about.

    >>> from ec2roles import Account
    >>> account = Account()
    >>> role = account.console.create_role("app")
    >>> credentials = account.launch_instance("app").role_credentials
    >>> now = account.clock.advance(hours=2)
    >>> [fetch.ok for fetch in credentials.fetches(account.time.as_of(None))]
    [True, True, True]

    Args:
        instance: whose role's credentials they are.
    """

    __slots__ = ("_instance",)

    # It stores no public attribute, so there is none to guard; and it is made for every look at the metadata.
    if not TYPE_CHECKING:
        __setattr__ = object.__setattr__

    def __init__(self, instance: InstanceState) -> None:
        self._instance = instance

    # -- the instance, as its metadata service knows it -------------------------------------------------------------

    @property
    def instance_id(self) -> str:
        """``i-0...``."""
        return self._instance._instance_id

    @property
    def time(self) -> Timekeeper:
        """The Cloud's timekeeper."""
        return self._instance._launch.time

    @property
    def hardware(self) -> Hardware:
        """What it is and where it stands."""
        return self._instance._launch.hardware

    @property
    def api(self) -> Api:
        """Where the calls of the instance's programs go."""
        return self._instance._launch.api

    @property
    def private_ipv4(self) -> str:
        """Its address in the VPC."""
        number = self._instance._slot + 10
        return f"10.{number >> 16 & 255}.{number >> 8 & 255}.{number & 255}"

    @property
    def slot(self) -> int:
        """Its number among all that issue credentials in the Cloud."""
        return self._instance._slot

    @property
    def launch_index(self) -> int:
        """Its number among the instances of its launch, from 0."""
        return self._instance._slot - self._instance._launch.first_slot

    @property
    def refresh(self) -> int:
        """How far apart the scheduled refreshes are, in microseconds."""
        return self._instance._launch.rotation.refresh_microseconds

    @property
    def lifetime(self) -> int:
        """How long one set of credentials lives, in microseconds."""
        return self._instance._launch.rotation.lifetime_microseconds

    @property
    def metrics(self) -> MetadataMetrics:
        """How many requests without a token have been sent to its metadata service."""
        return self._instance._metrics

    def count_no_token(self, *, rejected: bool) -> None:
        """Count a request without a token; no answer depends on it."""
        known = self._instance._metrics
        self._instance._metrics = MetadataMetrics(known.no_token + (not rejected), known.no_token_rejected + rejected)

    def record_at(self, position: Position) -> InstanceRecord | None:
        """Return all that can change about it as of *position*, or None before its launch."""
        record = self._instance._states.at(position)
        if record is not None and record.association is not None and record.association.effective > position[0]:
            # It is associating: the instance does not have the profile yet, nor the one that this took the place of.
            return attrs.evolve(record, association=None, epoch=None)
        return record

    # -- what is fetched, and what of it is shown ---------------------------------------------------------------------

    @property
    def fetcher(self) -> Fetcher:
        """Works out the fetches."""
        launch = self._instance._launch
        rotation = launch.rotation
        offset = rotation.offset(launch.time.ids, self._instance._instance_id) if rotation.jitter else 0
        delay = 0 if launch.time.propagation is None else launch.time.delay_of(EC2_CREDENTIALS)
        return Fetcher(self._instance._instance_id, launch.sts, rotation, offset, delay)

    def newest_fetch(self, record: Record, now: int) -> Fetch:
        """Return the newest fetch by *now* from which EC2 learnt anything, for a *record* with an epoch."""
        return self.fetcher.known(_own(record), now)

    def served(self, record: Record, now: int, delivery: int) -> Served | None:
        """
        Return what the metadata shows under ``iam/security-credentials/`` at *now*, or None if no credentials are there.

        Args:
            record: the instance's state at that moment.
            now: microseconds.
            delivery: 1 for a request without a token, 2 for one with; they get separate credentials.
        """
        known = self._instance._served
        if known is None or known.record is not record or not known.since <= now < known.until:
            known = self._serve(_own(record), now)
            # A look into the past may be remembered as well: what it shows can never change again.
            self._instance._served = known
        if known.role is None or delivery == V2:
            return known if known.role is not None else None
        return attrs.evolve(known, credentials=self._mint(known.ordinal, known.issued, known.expires, V1))

    def _serve(self, record: InstanceRecord, now: int) -> Served:
        fetcher = self.fetcher
        since = fetcher.instant(record, fetcher.newest(record, now))
        until = fetcher.next_refresh(record, now)
        fetch = fetcher.served(record, now)
        if fetch is None:
            return Served(record, since, until)
        issued = fetch.position[0]
        credentials = self._mint(fetch.ordinal, issued, fetch.expires, V2)
        return Served(
            record, since, min(until, fetch.expires), fetch.role, credentials, fetch.ordinal, issued, fetch.expires
        )

    def access_key_id(self, ordinal: int, delivery: int = V2) -> str:
        """Return the access key id that came of the fetch of that number, as handed out through IMDSv2 (or v1)."""
        return self.time.ids.access_key_id("ASIA", slot=self.slot, ordinal=ordinal, delivery=delivery)

    def _mint(self, ordinal: int, issued: int, expires: int, delivery: int) -> Credentials:
        key_id = self.access_key_id(ordinal, delivery)
        return Credentials.mint(self.time.ids, key_id, issued=issued, expires=expires)

    def fetches(self, until: Position, since: int | None = None) -> Iterator[Fetch]:
        """
        Iterate over the fetches of its credentials up to *until*, oldest first; nothing of it is stored.

        Args:
            until: a position; what is later than now has not happened.
            since: microseconds; earlier fetches are left out.
        """
        return self.fetcher.each(self._instance._states, min(until, self.time.as_of(None)), since)

    # -- what its programs ask ----------------------------------------------------------------------------------------

    def require_running(self, position: Position) -> None:
        """Raise `InstanceError` if the instance does not run as of *position*."""
        record = self._instance._states.at(position)
        if record is None:
            raise not_yet_launched(self)
        if record.state != RUNNING:
            raise InstanceError(
                f"The instance '{self.instance_id}' is not in the 'running' state.",
                code="IncorrectInstanceState",
                detail=f"no program runs on it: it is {record.state}",
            )

    def why_none(self, position: Position) -> str:
        """Return in one phrase why its metadata has no credentials as of *position*."""
        record = self.record_at(position)
        if record is None or record.state != RUNNING:
            return "the instance is not running"
        if record.options.http_endpoint == DISABLED:
            return "the metadata endpoint is disabled"
        if record.association is None or record.epoch is None:
            return "no instance profile is attached to the instance"
        fetcher = self.fetcher
        number = fetcher.newest(record, position[0])
        fetch = fetcher.fetch(record, number)
        if number == 0 and fetcher.is_retried(record):
            again = iso_exact(from_microseconds(fetcher.instant(record, fetcher.retry)))
            return f"EC2 has not seen the latest changes in IAM yet; it tries again at {again}"
        profile = fetch.profile.name
        if fetch.problem == NO_PROFILE:
            return f"the instance profile '{profile}' that was attached has been deleted"
        if fetch.role is None:
            return f"the instance profile '{profile}' holds no role"
        if fetch.problem == STS_DOWN:
            return f"STS was not available when EC2 wanted to assume the role '{fetch.role.name}'"
        if fetch.decision is not None and not fetch.decision.allowed:
            return f"EC2 cannot assume the role '{fetch.role.name}': {fetch.decision.message}"
        if self.time.faults is not None and MetadataService(self).credentials_at(position) is None:
            return "the metadata service does not answer"
        return "the metadata has credentials, but the program does not ask for them"

    # -- keys that come back ------------------------------------------------------------------------------------------

    def issued_session(self, issued: IssuedKey, access_key_id: str, now: int) -> Session | None:
        """Return the session behind a key that its metadata had handed out by *now*, or None if it had not."""
        hardware, instance = self.hardware, self._instance
        context = {
            "ec2:SourceInstanceARN": arn_of(hardware, instance._instance_id),
            "aws:Ec2InstanceSourceVpc": hardware.vpc_id,
            "aws:Ec2InstanceSourcePrivateIPv4": self.private_ipv4,
        }
        if issued.delivery not in (V1, V2):
            from ec2roles.metadata.identity_role import identity_session

            return identity_session(self, issued, now, context)
        fetch = self.fetcher.numbered(instance._states, issued.ordinal, now)
        if fetch is None or not fetch.ok or fetch.role is None:
            return None
        credentials = self._mint(fetch.ordinal, fetch.position[0], fetch.expires, issued.delivery)
        if credentials.access_key_id != access_key_id:
            return None
        known = instance._served
        if known is not None and known.credentials == credentials:
            credentials = known.credentials
        return instance._launch.sts.sessions.role_session(
            fetch.role,
            instance._instance_id,
            credentials,
            issued=fetch.position[0],
            expires=fetch.expires,
            context={**context, "ec2:RoleDelivery": f"{issued.delivery}.0"},
        )

    def has_forgotten(self, issued: IssuedKey) -> bool:
        """Return whether a key is of so long ago that nothing else is known of it (`remember`)."""
        states = self._instance._states
        first = next((record.epoch for _, record in states.spans() if record.epoch is not None), None)
        ordinal = states.last.next_ordinal if first is None else first.first_ordinal
        return issued.delivery in (V1, V2) and issued.ordinal < ordinal


def arn_of(hardware: Hardware, instance_id: str) -> str:
    """Return ``arn:aws:ec2:REGION:ACCOUNT:instance/ID``."""
    return f"arn:aws:ec2:{hardware.region}:{hardware.account_id}:instance/{instance_id}"


def _own(record: Record) -> InstanceRecord:
    """The record that the metadata service hands back is the one that it was given."""
    assert isinstance(record, InstanceRecord)
    return record
