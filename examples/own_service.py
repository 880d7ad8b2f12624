"""
Another simulator plugs in its own service: ``python examples/own_service.py``.

The service here is a made-up one, for parcels. It is a table of operations: for each, what a call must be allowed to do,
and what it does then. Credentials, policies, denials, history and time come from ec2roles.
"""

from __future__ import annotations

from ec2roles import Account, Call, Decision, PermissionPolicy
from ec2roles.errors import AccessDeniedError, AwsError
from ec2roles.services import Operation, Service

DEPOT = "arn:aws:parcels:us-east-1:123456789012:depot/north"


class Depot:
    """The other simulator: it knows nothing of roles, it only keeps parcels."""

    def __init__(self, room: int) -> None:
        self.room = room
        self.parcels: list[str] = []

    def send(self, name: str) -> str:
        """Take a parcel in."""
        if len(self.parcels) >= self.room:
            # What this service answers when it cannot: its own code, its own words.
            raise AwsError("The depot is full.", code="DepotFull", status=409)
        self.parcels.append(name)
        return f"parcel {len(self.parcels)}"


def parcel_service(depot: Depot) -> Service:
    """Return the table of operations."""

    def send_needs(call: Call) -> list[tuple[object, ...]]:
        # The action, the resource, the resource's own policy (none), and the context keys of this service.
        speed = call.parameters.get("speed", "slow")
        return [("parcels:SendParcel", call.resource, None, {"parcels:Speed": speed})]

    def track_needs(call: Call) -> list[tuple[object, ...]]:
        return [("parcels:ListParcels", call.resource, None, {})]

    def denial(call: Call, decision: Decision) -> AwsError:
        # This service has its own code for a denial; the words are AWS's.
        return AccessDeniedError(decision.message, code="AccessDeniedException")

    return Service(
        "parcels",
        [
            # What it takes besides is refused.
            Operation("SendParcel", ["name", "speed"], send_needs, lambda call: depot.send(call.parameters["name"])),
            Operation("TrackParcels", track_needs, lambda call: tuple(depot.parcels)),
        ],
        # The API says TrackParcels; policies say parcels:ListParcels.
        actions={"TrackParcels": "ListParcels"},
        denial=denial,
    )


def main() -> None:
    """Send parcels from an instance."""
    account = Account()
    account.registry.register(parcel_service(Depot(room=2)))

    role = account.console.create_role("courier", service="ec2.amazonaws.com")
    role.put_policy(
        "send-slowly",
        PermissionPolicy.allow(
            "parcels:SendParcel", resource=DEPOT, condition={"StringEquals": {"parcels:Speed": "slow"}}
        ),
    )
    van = account.launch_instance(profile="courier")

    print("1. A slow parcel is allowed:")
    print("  ", van.call("parcels:SendParcel", DEPOT, name="books").value)

    print("2. A fast one is not, and the service's own code says so:")
    fast = van.call("parcels:SendParcel", DEPOT, name="ice cream", speed="fast")
    assert fast.error is not None
    print("  ", fast.error.code)
    print("  ", fast.error.message)

    print("3. Tracking is an operation; the IAM action has another name:")
    denied = van.call("parcels:TrackParcels", DEPOT)
    assert denied.decision is not None
    assert denied.decision.request is not None
    print("  ", denied.decision.request.action, "allowed" if denied.ok else "denied")
    role.put_policy("track", PermissionPolicy.allow("parcels:ListParcels", resource=DEPOT))
    print("  ", "after put_policy:", van.call("parcels:TrackParcels", DEPOT).value)

    print("4. A call can be allowed and still fail, by the service's own rules:")
    van.call("parcels:SendParcel", DEPOT, name="lamps")
    full = van.call("parcels:SendParcel", DEPOT, name="chairs")
    assert full.error is not None
    print("  ", f"allowed={full.allowed} ok={full.ok} {full.error.code}")

    print("5. The history has it all:")
    for event in account.history.events(instance=van, kind="call"):
        print("  ", event.operation, event.error.code if event.error else "ok")


if __name__ == "__main__":
    main()
