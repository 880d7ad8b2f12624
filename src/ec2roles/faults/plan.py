"""
What goes wrong in a world, and when.

Everything is planned: a fault begins now or later, never in the past, and nothing that happened is changed by it. So a
question about the past always gets the same answer, and asking changes nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from typing import Any, TypedDict, TypeVar, Unpack, cast

import attrs

from ec2roles.arns import check_account_id, shown
from ec2roles.errors import ArgumentError, AwsError, ClockError, Ec2RolesError
from ec2roles.faults.index import FaultIndex
from ec2roles.faults.kinds import ClockSkew, Fault, MetadataOutage, StsOutage, StsThrottling, too_skewed
from ec2roles.instants import MICROSECOND, from_microseconds, iso_exact, to_microseconds, to_utc
from ec2roles.world.journal import atomic
from ec2roles.world.part import Part
from ec2roles.world.timekeeper import BEGIN_FAULT, CLEAR_FAULT, EVERYWHERE, Timekeeper
from ec2roles.world.timeline import FIRST, Position

PACKETS_PER_SECOND = 1024
"""What one network interface may send to the metadata service, the DNS resolver and the time service together."""

TOLERANCE = timedelta(minutes=15)
"""How far the clock of a caller may be off."""

Kind = TypeVar("Kind", bound=Fault)


class WhenAndWhom(TypedDict, total=False):
    """When a fault is, and whom it is about: see `FaultPlan`."""

    begins: datetime | None
    ends: datetime | None
    account: object
    instance: object


@attrs.define(eq=False, repr=False)
class FaultPlan(Part):
    """
    The faults of a Cloud: those that were, are, and will be.

    >>> from datetime import timedelta
    >>> from ec2roles import Account
    >>> account = Account()
    >>> _ = account.console.create_role("app")
    >>> web = account.launch_instance(profile="app")
    >>> outage = account.faults.metadata_outage(instance=web)
    >>> web.metadata.get("/latest/meta-data/").timed_out, web.metadata.credentials()
    (True, None)
    >>> account.faults.clear(outage)
    >>> web.metadata.get("/latest/meta-data/").status
    200

    Every kind of fault takes the same four words:

    - ``begins``: an aware datetime, not in the past; now by default.
    - ``ends``: an aware datetime after that, the first instant at which all is well; by default it lasts until `clear`.
    - ``account``: the id of the account it is about; all accounts of the Cloud by default.
    - ``instance``: the instance it is about, or its id; all by default.

    Args:
        time: the Cloud's timekeeper.
        account_of: returns the id of the account whose instance an id is, or raises; None takes any id.
    """

    time: Timekeeper
    _account_of: Callable[[str], str] | None = attrs.field(default=None, alias="account_of")
    # The newest plan answers for every position: what was planned later begins later, and clearing leaves the past alone.
    _faults: dict[int, Fault] = attrs.field(init=False, factory=dict)
    _planned: int = attrs.field(init=False, default=0)
    # The same faults by kind, account and instance.
    _index: dict[tuple[type[Fault], str | None, str | None], FaultIndex] = attrs.field(init=False, factory=dict)
    # Of each throttling and account: when the bucket will be full again, in microseconds.
    _full: dict[tuple[int, str], int] = attrs.field(init=False, factory=dict)

    def __attrs_post_init__(self) -> None:
        if self.time.faults is not None:
            raise Ec2RolesError("this Cloud has a FaultPlan already: use account.faults or time.faults")
        # The timekeeper is below this module, and gets its plan when there is one.
        object.__setattr__(self.time, "faults", self)

    # -- planning ---------------------------------------------------------------------------------------------------

    def sts_outage(self, **when_and_whom: Unpack[WhenAndWhom]) -> StsOutage:
        """
        Plan a time in which STS does not answer.

        Refreshes of credentials that are due then fail, and the metadata keeps what it has, even beyond its expiration. The
        first scheduled refresh afterwards works again. Calls of STS get ``ServiceUnavailable``.

        Args:
            when_and_whom: ``begins``, ``ends``, ``account``, ``instance``.

        Raises:
            ClockError: if it would begin in the past, or end before it begins; nothing is planned then.
        """
        return self._plan(StsOutage, when_and_whom)

    def sts_throttling(self, *, rate: float, burst: int = 1, **when_and_whom: Unpack[WhenAndWhom]) -> StsThrottling:
        """
        Plan a time in which STS takes only so many calls of each account. EC2's own assumes are not counted.

        Args:
            rate: calls a second in the long run, above 0 and at most a million.
            burst: how many are taken at once after a pause, 1 or more.
            when_and_whom: ``begins``, ``ends``, ``account``.
        """
        if isinstance(rate, bool) or not isinstance(rate, (int, float)):
            raise TypeError(f"rate must be a number, got {type(rate).__name__}")
        if isinstance(burst, bool) or not isinstance(burst, int):
            raise TypeError(f"burst must be int, got {type(burst).__name__}")
        if not 1e-6 <= rate <= 1e6:
            raise ArgumentError(f"rate must be calls a second, from 0.000001 to 1000000, got {shown(rate)}")
        if burst < 1:
            raise ArgumentError(f"burst must be 1 or more, got '{burst}'")
        if when_and_whom.get("instance") is not None:
            raise ArgumentError("STS counts the calls of an account; leave out instance=")
        return self._plan(StsThrottling, when_and_whom, interval=round(1e6 / rate), burst=burst)

    def metadata_outage(self, **when_and_whom: Unpack[WhenAndWhom]) -> MetadataOutage:
        """
        Plan a time in which no request to the metadata service is answered.

        Args:
            when_and_whom: ``begins``, ``ends``, ``account``, ``instance``.
        """
        return self._plan(MetadataOutage, when_and_whom)

    def metadata_saturation(self, *, packets_per_second: int, **when_and_whom: Unpack[WhenAndWhom]) -> MetadataOutage:
        """
        Plan a time in which programs on the instance send more packets than the 1,024 a second that are let through.

        As many requests are lost as there are packets too many. Which ones is drawn from the seed, for each instant and path,
        so the same request at the same instant has the same fate however often it is asked.

        Args:
            packets_per_second: what is sent to the metadata service, the resolver and the time service together.
            when_and_whom: ``begins``, ``ends``, ``account``, ``instance``.
        """
        if isinstance(packets_per_second, bool) or not isinstance(packets_per_second, int):
            raise TypeError(f"packets_per_second must be int, got {type(packets_per_second).__name__}")
        if packets_per_second < 1:
            raise ArgumentError(f"packets_per_second must be 1 or more, got '{packets_per_second}'")
        lost = max(0.0, 1 - PACKETS_PER_SECOND / packets_per_second)
        return self._plan(MetadataOutage, when_and_whom, lost=lost)

    def clock_skew(
        self, offset: timedelta, *, tolerance: timedelta = TOLERANCE, **when_and_whom: Unpack[WhenAndWhom]
    ) -> ClockSkew:
        """
        Plan a time in which the clocks of instances are wrong; AWS refuses their calls if they are off too far.

        Args:
            offset: what they show too much; negative if they are slow.
            tolerance: how far they may be off, 15 minutes by default.
            when_and_whom: ``begins``, ``ends``, ``account``, ``instance``.
        """
        for name, value in (("offset", offset), ("tolerance", tolerance)):
            if not isinstance(value, timedelta):
                raise TypeError(f"{name} must be a timedelta, got {type(value).__name__}")
        if tolerance < timedelta(0):
            raise ArgumentError(f"tolerance must not be negative, got '{tolerance}'")
        return self._plan(ClockSkew, when_and_whom, offset=offset // MICROSECOND, tolerance=tolerance // MICROSECOND)

    @atomic
    def clear(self, fault: Fault) -> None:
        """
        End *fault* now, or call it off if it has not begun. One that is over stays as it was.

        Raises:
            ArgumentError: if it is not in this plan, or so long over that it has been forgotten (`remember`).
        """
        if not isinstance(fault, Fault):
            raise TypeError(f"a Fault is cleared, got {type(fault).__name__}")
        current = self._faults.get(fault.number)
        if current is None or type(current) is not type(fault) or current.begins != fault.begins:
            raise ArgumentError(f"not a fault of this Cloud: {shown(str(fault))}")
        now = self.time.instant()
        if current.ends is not None and current.ends[0] <= now:
            return
        position = self._note(CLEAR_FAULT, current, now)
        # One that was called off before it began is empty: it ends before it begins.
        self._remove(current)
        self._add(attrs.evolve(current, ends=position))

    def __iter__(self) -> Iterator[Fault]:
        return iter(tuple(self._faults.values()))

    def __len__(self) -> int:
        return len(self._faults)

    @atomic
    def _plan(self, kind: type[Kind], when_and_whom: WhenAndWhom, **details: Any) -> Kind:
        unknown = set(when_and_whom) - {"begins", "ends", "account", "instance"}
        if unknown:
            raise TypeError(f"unknown argument {shown(min(unknown))}; a fault takes begins, ends, account, instance")
        account_id, instance_id = self._whom(when_and_whom.get("account"), when_and_whom.get("instance"))
        now = self.time.instant()
        begins = _instant(when_and_whom.get("begins"), "begins")
        ends = _instant(when_and_whom.get("ends"), "ends")
        if begins is not None and begins < now:
            raise ClockError(
                f"a fault cannot begin in the past: {_iso(begins)}, and the clock shows {_iso(now)}; "
                "what has happened stays as it was"
            )
        if ends is not None and ends <= (now if begins is None else begins):
            raise ClockError(f"a fault must end after it begins: {_iso(ends)}")
        # The position of a fault that begins now is its own write's: what was done before, at this instant, went well.
        later = (begins, FIRST) if begins is not None and begins > now else None
        end = None if ends is None else (ends, FIRST)
        planned = kind(self._planned + 1, later or (now, FIRST), end, account_id, instance_id, **details)
        position = self._note(BEGIN_FAULT, planned, now)
        if later is None:
            planned = attrs.evolve(planned, begins=position)
        self._forget(now)
        self.time.journal.assign(self, "_planned", planned.number)
        self._add(planned)
        return planned

    def _add(self, fault: Fault) -> None:
        key = (type(fault), fault.account_id, fault.instance_id)
        index = self._index.get(key)
        if index is None:
            index = FaultIndex()
            self.time.journal.put(self._index, key, index)
        self.time.journal.note(index.remove, fault)
        index.insert(fault)
        self.time.journal.put(self._faults, fault.number, fault)

    def _remove(self, fault: Fault) -> None:
        index = self._index[type(fault), fault.account_id, fault.instance_id]
        self.time.journal.note(index.insert, fault)
        index.remove(fault)

    def _forget(self, now: int) -> None:
        """Forget the faults that were over before the earliest moment that a question may still be about."""
        keep_from = self.time.keep_from(now)
        if keep_from is None:
            return
        for fault in list(self._faults.values()):
            if fault.ends is None or fault.ends[0] >= keep_from:
                continue
            self._remove(fault)
            self.time.journal.remove(self._faults, fault.number)
            key = (type(fault), fault.account_id, fault.instance_id)
            if not self._index[key]:
                self.time.journal.remove(self._index, key)
            for bucket in [bucket for bucket in self._full if bucket[0] == fault.number]:
                self.time.journal.remove(self._full, bucket)

    def _whom(self, account: object, instance: object) -> tuple[str | None, str | None]:
        account_id = None if account is None else check_account_id(getattr(account, "account_id", account))
        if instance is None:
            return account_id, None
        instance_id = getattr(instance, "instance_id", instance)
        if not isinstance(instance_id, str):
            raise TypeError(f"instance must be an Instance or its id, got {type(instance).__name__}")
        if self._account_of is not None:
            owner = self._account_of(instance_id)
            if account_id not in (None, owner):
                raise ArgumentError(f"instance '{instance_id}' is of account {owner}, not of {account_id}")
            account_id = owner
        return account_id, instance_id

    def _note(self, operation: str, fault: Fault, now: int) -> Position:
        return self.time.write(
            operation,
            fault.instance_id or f"fault {fault.number}",
            account_id=fault.account_id or EVERYWHERE,
            detail=str(fault),
            now=now,
        )

    # -- what is wrong ----------------------------------------------------------------------------------------------

    def active(self, kind: type[Kind], position: Position, account_id: str, instance_id: str | None) -> Iterator[Kind]:
        """Iterate over the faults of *kind* in force at *position*, for that account and instance."""
        faults = [fault for index in self._about(kind, account_id, instance_id) for fault in index.at(position)]
        faults.sort(key=_number)
        return iter(cast("list[Kind]", faults))

    def _about(self, kind: type[Fault], account_id: str, instance_id: str | None) -> Iterator[FaultIndex]:
        for account in (None, account_id):
            for instance in (None,) if instance_id is None else (None, instance_id):
                index = self._index.get((kind, account, instance))
                if index is not None:
                    yield index

    def sts_is_down(self, position: Position, account_id: str, instance_id: str | None) -> bool:
        """Return whether STS does not answer as of *position*."""
        return any(True for _ in self.active(StsOutage, position, account_id, instance_id))

    def sts_outage_error(self, position: Position, account_id: str, instance_id: str | None) -> AwsError | None:
        """Return the error with which an STS that is down answers as of *position*; None if it is not."""
        if not self.sts_is_down(position, account_id, instance_id):
            return None
        return AwsError(
            "The request has failed due to a temporary failure of the server.",
            code="ServiceUnavailable",
            status=503,
            detail="STS is down: a fault was planned",
        )

    def sts_refuses(self, position: Position, account_id: str, instance_id: str | None) -> AwsError | None:
        """Return the error with which STS answers any call as of *position*, down or throttling; None if it takes calls."""
        error = self.sts_outage_error(position, account_id, instance_id)
        if error is not None:
            return error
        for fault in self.active(StsThrottling, position, account_id, None):
            full = self._full.get((fault.number, account_id), position[0])
            if full - position[0] > (fault.burst - 1) * fault.interval:
                wait = timedelta(microseconds=full - position[0] - (fault.burst - 1) * fault.interval)
                return AwsError(
                    "Rate exceeded", code="Throttling", status=400, detail=f"one more call is taken in {wait}"
                )
        return None

    def count_sts_call(self, position: Position, account_id: str) -> None:
        """Count a call that STS has taken."""
        for fault in self.active(StsThrottling, position, account_id, None):
            key = (fault.number, account_id)
            full = max(position[0], self._full.get(key, position[0])) + fault.interval
            self.time.journal.put(self._full, key, full)

    def metadata_is_lost(self, request: str, position: Position, account_id: str, instance_id: str) -> bool:
        """
        Return whether a request to the metadata service gets no answer.

        Args:
            request: the method and the path, such as ``GET /latest/meta-data/``.
            position: the moment it is about.
            account_id, instance_id: whose metadata it is.
        """
        for fault in self.active(MetadataOutage, position, account_id, instance_id):
            text = f"{fault.number} {instance_id} {position[0]} {request}"
            drawn = int.from_bytes(self.time.ids.digest(b"lost packet", text, 7), "big")
            if drawn < fault.lost * (1 << 56):
                return True
        return False

    def skew_refusal(self, service: str, position: Position, account_id: str, instance_id: str) -> AwsError | None:
        """
        Return the error with which a service refuses a call signed with the clock of that instance, or None.

        Args:
            service: the prefix of the action, such as ``s3``.
            position: the moment of the call, by the service's clock.
            account_id, instance_id: which instance it comes from.
        """
        skews = list(self.active(ClockSkew, position, account_id, instance_id))
        if not skews:
            return None
        offset, tolerance = sum(fault.offset for fault in skews), min(fault.tolerance for fault in skews)
        return None if abs(offset) <= tolerance else too_skewed(service, position[0], offset, tolerance)

    def metadata_is_down(self, position: Position, account_id: str, instance_id: str) -> bool:
        """Return whether every request to the metadata service is lost as of *position*."""
        return any(fault.lost >= 1 for fault in self.active(MetadataOutage, position, account_id, instance_id))

    def edges(self, account_id: str, instance_id: str, after: int) -> Iterator[int]:
        """Iterate over the instants later than *after*, in microseconds, at which a fault of an instance begins or ends."""
        for kind in {key[0] for key in self._index}:
            for index in self._about(kind, account_id, instance_id):
                yield from index.edges(after)

    def __repr__(self) -> str:
        return f"<FaultPlan of {len(self)} fault{'' if len(self) == 1 else 's'}>"


def _number(fault: Fault) -> int:
    return fault.number


def _instant(when: datetime | None, name: str) -> int | None:
    return None if when is None else to_microseconds(to_utc(when, name))


def _iso(microseconds: int) -> str:
    return iso_exact(from_microseconds(microseconds))
