"""The records of an account in their order: changes, calls, and every AssumeRole by EC2."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from functools import partial
from itertools import chain, takewhile
from operator import itemgetter
from typing import Any

from ec2roles.calls import Call
from ec2roles.credentials import Credentials
from ec2roles.ec2.instance import Instance
from ec2roles.ec2.refresh import EC2
from ec2roles.errors import AccessDeniedError, AwsError
from ec2roles.history.cloudtrail.owner import is_call
from ec2roles.history.cloudtrail.records import Recorder, is_answered, is_data_event
from ec2roles.history.merged import ALWAYS, Stream, by_launch, merged, not_before
from ec2roles.history.recorded import Recorded
from ec2roles.instants import to_microseconds
from ec2roles.metadata.fetch import Fetch
from ec2roles.metadata.service import V1, V2
from ec2roles.services.registry import Registry
from ec2roles.world.timekeeper import Timekeeper
from ec2roles.world.timeline import LAST, Position

Placed = tuple[Position, dict[str, Any]]


class Trail:
    """
    The trail of one account.

    Args:
        time: the Cloud's.
        account_id: whose trail it is.
        region: of the account.
        instances: the account's.
        calls: all that were recorded, oldest first.
        registry: the operations of those calls.
        data_events: whether calls on objects and the like are in it.
    """

    def __init__(
        self,
        time: Timekeeper,
        account_id: str,
        region: str,
        instances: Mapping[str, Instance],
        calls: list[Recorded],
        *,
        registry: Registry,
        data_events: bool = False,
    ) -> None:
        self._time = time
        self._account_id = account_id
        self._instances = instances
        self._calls = calls
        self._registry = registry
        self._data_events = data_events
        self._recorder = Recorder(time.ids, account_id, region)

    def records(self, start: int | None, end: Position) -> list[dict[str, Any]]:
        """
        Return the records of a span, oldest first.

        Args:
            start: the first instant, in microseconds; None for all.
            end: the position of the last that counts.
        """
        streams: list[Stream[Placed]] = [
            (ALWAYS, partial(self._changes, start)),
            (ALWAYS, partial(self._called, start)),
        ]
        assumed = by_launch(self._instances.values(), start, lambda instance: self._assumes(instance, start, end))
        placed_records = merged(chain(streams, assumed), position=itemgetter(0))
        return [record for _, record in takewhile(lambda placed: placed[0] <= end, placed_records)]

    def _changes(self, start: int | None) -> Iterator[Placed]:
        launched: dict[str, list[Instance]] | None = None
        for change in not_before(self._time.changes, start):
            # What a call changed is told by the record of the call.
            if change.account_id != self._account_id or change.caller is not None or not is_call(change):
                continue
            if change.operation != "RunInstances":
                yield change.position, self._recorder.change(change)
                continue
            if launched is None:
                launched = defaultdict(list)
                for instance in self._instances.values():
                    launched[instance.hardware.reservation_id].append(instance)
            yield change.position, self._recorder.change(change, launched.get(change.subject, ()))

    def _called(self, start: int | None) -> Iterator[Placed]:
        launched: set[str] = set()
        for recorded in self._calls:
            call, error = recorded.call, recorded.response.error
            request_id = self._launch_request(recorded, launched)
            if start is not None and recorded.position[0] < start:
                continue  # what has been forgotten by now cannot be told
            if error is not None and error.status == 503:
                continue  # the service was down, and heard nothing
            if recorded.caller is None:
                if recorded.by is not None:
                    yield recorded.position, self._service_assume(recorded, recorded.by)
                continue
            operation = recorded.operation_name
            if is_data_event(call.action.partition(":")[0].lower(), operation) and not self._data_events:
                continue
            answer = recorded.answer(self._registry) if is_answered(operation) else None
            yield (
                recorded.position,
                self._recorder.call(
                    recorded.position,
                    operation=operation,
                    call=call,
                    response=recorded.response,
                    answer=answer,
                    caller=recorded.caller,
                    request_id=request_id,
                ),
            )

    def _launch_request(self, recorded: Recorded, launched: set[str]) -> str | None:
        """Return the id of a request that launched instances; None for all others."""
        value = recorded.response.value
        if recorded.operation != "RunInstances" or not recorded.response.ok or not isinstance(value, Mapping):
            return None
        reservation_id = str(value["ReservationId"])
        if reservation_id in launched:
            return None  # a client token sent again is answered with the same reservation, by another request
        launched.add(reservation_id)
        return self._recorder.launch(reservation_id)

    def _service_assume(self, recorded: Recorded, service: str) -> dict[str, Any]:
        issued = recorded.response.value if isinstance(recorded.response.value, Credentials) else None
        expiration = None if issued is None else issued.expiration
        return self._recorder.assume(
            recorded.position,
            service=service,
            role_arn=recorded.call.resource or "",
            session_name=_session_name(recorded.call),
            access_key_id=None if issued is None else issued.access_key_id,
            expires=0 if expiration is None else to_microseconds(expiration),
            error=recorded.response.error,
        )

    def _assumes(self, instance: Instance, start: int | None, end: Position) -> Iterator[Placed]:
        for fetch in instance.role_credentials.fetches((end[0], LAST), start):
            if fetch.role is None or fetch.decision is None:
                continue  # STS was not asked, or did not hear it
            # At a launch EC2 assumes the role twice, presumably once for each version of the metadata service.
            at_launch = fetch.ordinal == 0 and fetch.position[0] == instance.hardware.launched[0]
            for delivery in (V2, V1) if at_launch else (V2,):
                yield fetch.position, self._assume(instance, fetch, fetch.role.arn, delivery, at_launch=at_launch)

    def _assume(
        self, instance: Instance, fetch: Fetch, role_arn: str, delivery: int, *, at_launch: bool
    ) -> dict[str, Any]:
        error: AwsError | None = None
        if not fetch.ok and fetch.decision is not None:
            error = AccessDeniedError(fetch.decision.message)
        return self._recorder.assume(
            fetch.position,
            service=EC2,
            role_arn=role_arn,
            session_name=instance.instance_id,
            access_key_id=instance.role_credentials.access_key_id(fetch.ordinal, delivery) if fetch.ok else None,
            expires=fetch.expires,
            error=error,
            region=instance.hardware.region,
            request_id=self._recorder.launch(instance.hardware.reservation_id) if at_launch else None,
            salt="" if delivery == V2 else f" version {delivery}",
        )


def _session_name(call: Call) -> str:
    parameters = call.parameters
    return str(parameters.get("session_name") or parameters.get("RoleSessionName") or "")
