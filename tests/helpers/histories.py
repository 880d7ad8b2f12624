"""Random histories of a small account, and every question that can be put to it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import attrs
from hypothesis import strategies as st

from ec2roles import Account, Credentials, Instance, PermissionPolicy, TrustPolicy
from ec2roles.ec2.rotation import Rotation
from ec2roles.errors import Ec2RolesError
from ec2roles.world.propagation import Propagation
from helpers.worlds import EC2, LIST, NOBODY

CREDENTIALS = "/latest/meta-data/iam/security-credentials/"
PATHS = [CREDENTIALS, CREDENTIALS + "app", "/latest/meta-data/iam/info", "/latest/meta-data/", "/latest/nowhere"]
TTL = {"X-aws-ec2-metadata-token-ttl-seconds": "21600"}

OPTIONS = st.fixed_dictionaries(
    {
        "seed": st.integers(0, 20),
        "propagation": st.sampled_from(
            [None, None, timedelta(minutes=2), Propagation(timedelta(seconds=30), fixed=True), timedelta(hours=2)]
        ),
        "rotation": st.sampled_from(
            [
                Rotation(),
                Rotation(jitter=timedelta(minutes=16)),
                Rotation(association_delay=timedelta(minutes=5)),
                Rotation(timedelta(hours=2), timedelta(minutes=30), on_refresh_failure="drop"),
            ]
        ),
    }
)

_MINUTES = st.sampled_from([0, 1, 10, 29, 30, 59, 60, 61, 120, 300, 361, 1500])
STEPS = st.one_of(
    st.tuples(st.just("wait"), _MINUTES),
    st.tuples(st.sampled_from(["launch", "attach", "replace", "detach", "stop", "start", "reboot"]), st.integers(0, 2)),
    st.tuples(
        st.sampled_from(["policy", "no policy", "trust ec2", "trust nobody", "empty", "fill", "revoke"]), st.none()
    ),
    st.tuples(st.sampled_from(["profile gone", "profile made", "user", "key", "assume", "bucket policy"]), st.none()),
    st.tuples(st.sampled_from(["endpoint", "tag", "call"]), st.integers(0, 2)),
    st.tuples(st.sampled_from(["sts down", "metadata down", "saturated", "skewed", "throttled"]), _MINUTES),
    st.tuples(st.just("clear"), st.integers(0, 3)),
)


@attrs.define(eq=False)
class World:
    """An account in which things are done by name. What AWS refuses is noted, and that is all."""

    account: Account
    fleet: list[Instance] = attrs.field(factory=list)
    keys: list[Credentials] = attrs.field(factory=list)
    refusals: list[str] = attrs.field(factory=list)

    @classmethod
    def make(cls, options: dict[str, Any]) -> World:
        """A role that may list, a user, a bucket, and an instance; all of it a day old."""
        account = Account(**options)
        assert len(account.faults) == 0  # the plan itself is made when it is first asked for
        account.s3.create_bucket("photos")
        account.console.create_role("app").put_policy("list", PermissionPolicy.allow(LIST))
        alice = account.create_user("alice")
        key = alice.create_access_key()
        account.create_role("hers", trust=TrustPolicy.principal(alice.arn))
        account.clock.advance(days=1)
        return cls(account, [account.launch_instance("app")], [key])

    def do(self, step: tuple[str, Any]) -> None:
        """Do one thing."""
        what, which = step
        try:
            getattr(self, "_" + what.replace(" ", "_"))(which)
        except Ec2RolesError as error:
            self.refusals.append(f"{what}: {error}")

    def _instance(self, which: int) -> Instance:
        return self.fleet[which % len(self.fleet)]

    def _wait(self, minutes: int) -> None:
        self.account.clock.advance(minutes=minutes)

    def _launch(self, which: int) -> None:
        if len(self.fleet) < 4:
            self.fleet.append(self.account.launch_instance("app" if which else None))

    def _attach(self, which: int) -> None:
        self._instance(which).attach("app")

    def _replace(self, which: int) -> None:
        self._instance(which).replace("app")

    def _detach(self, which: int) -> None:
        self._instance(which).detach()

    def _stop(self, which: int) -> None:
        self._instance(which).stop()

    def _start(self, which: int) -> None:
        self._instance(which).start()

    def _reboot(self, which: int) -> None:
        self._instance(which).reboot()

    def _endpoint(self, which: int) -> None:
        instance = self._instance(which)
        disabled = instance.metadata_options.http_endpoint == "disabled"
        instance.modify_metadata_options(http_endpoint="enabled" if disabled else "disabled")

    def _tag(self, which: int) -> None:
        self.account.roles["app"].tag({"n": str(which)})

    def _call(self, which: int) -> None:
        response = self._instance(which).call("s3:PutObject", "arn:aws:s3:::photos/cat", body=b"meow")
        self.refusals.append(repr(response))

    def _policy(self, _: None) -> None:
        self.account.roles["app"].put_policy("list", PermissionPolicy.allow("s3:*"))

    def _no_policy(self, _: None) -> None:
        self.account.roles["app"].delete_policy("list")

    def _trust_ec2(self, _: None) -> None:
        self.account.roles["app"].update_trust(EC2)

    def _trust_nobody(self, _: None) -> None:
        self.account.roles["app"].update_trust(NOBODY)

    def _revoke(self, _: None) -> None:
        self.account.roles["app"].revoke_sessions()

    def _empty(self, _: None) -> None:
        self.account.instance_profiles["app"].remove_role()

    def _fill(self, _: None) -> None:
        self.account.instance_profiles["app"].add_role(self.account.roles["app"])

    def _profile_gone(self, _: None) -> None:
        self._empty(None)
        self.account.delete_instance_profile("app")

    def _profile_made(self, _: None) -> None:
        self.account.create_instance_profile("app").add_role(self.account.roles["app"])

    def _user(self, _: None) -> None:
        self.account.create_user(f"user{len(self.account.users)}").put_policy("list", PermissionPolicy.allow(LIST))

    def _key(self, _: None) -> None:
        self.keys.append(self.account.users.values()[-1].create_access_key())

    def _assume(self, _: None) -> None:
        self.keys.append(self.account.sts.assume_role("hers", "session", credentials=self.keys[0]).result())

    def _bucket_policy(self, _: None) -> None:
        bucket = self.account.s3["photos"]
        statement = {"Effect": "Allow", "Principal": "*", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::photos/*"}
        bucket.policy = None if bucket.policy else {"Version": "2012-10-17", "Statement": [statement]}

    def _when(self, minutes: int) -> dict[str, Any]:
        begins = self.account.clock.now() + timedelta(minutes=minutes % 61)
        return {"begins": begins, "ends": begins + timedelta(minutes=1 + minutes)}

    def _sts_down(self, minutes: int) -> None:
        self.account.faults.sts_outage(**self._when(minutes))

    def _metadata_down(self, minutes: int) -> None:
        self.account.faults.metadata_outage(instance=self.fleet[0], **self._when(minutes))

    def _saturated(self, minutes: int) -> None:
        self.account.faults.metadata_saturation(packets_per_second=2000, instance=self.fleet[-1], **self._when(minutes))

    def _skewed(self, minutes: int) -> None:
        self.account.faults.clock_skew(timedelta(minutes=minutes - 30), instance=self.fleet[0], **self._when(minutes))

    def _throttled(self, minutes: int) -> None:
        self.account.faults.sts_throttling(rate=0.01, burst=2, **self._when(minutes))

    def _clear(self, which: int) -> None:
        faults = list(self.account.faults)
        if faults:
            self.account.faults.clear(faults[which % len(faults)])

    # -- questions ------------------------------------------------------------------------------------------------------

    def questions(self, at: datetime, which: int) -> dict[str, Callable[[], object]]:
        """Everything that can be asked about a moment, by name, each as a function without arguments."""
        account, instance, key = self.account, self._instance(which), self.keys[which % len(self.keys)]
        metadata = instance.metadata

        def document(path: str) -> Callable[[], object]:
            return lambda: (metadata.get(path, at=at).status, metadata.get(path, at=at).body)

        def told(decision: Any) -> object:
            return decision.explain(), decision.to_dict(), str(decision.why_not()) if not decision else ""

        def token() -> object:
            sent = metadata.put("/latest/api/token", headers=TTL, at=at)
            answer = metadata.get(CREDENTIALS, headers={"X-aws-ec2-metadata-token": sent.body}, at=at)
            return sent.status, answer.status, answer.body

        def past() -> object:
            then = account.as_of(at)
            return (
                [
                    (role.name, role.trust.to_json(), sorted(role.policies), dict(role.tags))
                    for role in then.roles.values()
                ],
                [(one.name, one.role and one.role.role_id) for one in then.instance_profiles.values()],
                [
                    (one.instance_id, one.state, one.association_id, repr(one.profile))
                    for one in then.instances.values()
                ],
                [(user.name, dict(user.access_keys), user.groups) for user in then.users.values()],
                [(bucket.name, str(bucket.policy)) for bucket in then.buckets.values()],
            )

        bucket_object = "arn:aws:s3:::photos/cat"
        return {
            "token": token,
            "as_of": past,
            **{path: document(path) for path in PATHS},
            "credentials": lambda: revealed(metadata.credentials(at=at)),
            "can": lambda: told(instance.can(LIST, at=at)),
            "can get": lambda: told(instance.can("s3:GetObject", bucket_object, at=at)),
            "key can": lambda: told(account.can(LIST, credentials=key, at=at)),
            "key can assume": lambda: told(
                account.can("sts:AssumeRole", account.roles["hers"].arn, credentials=key, at=at)
            ),
            "credentials can": lambda: told(account.can(LIST, credentials=metadata.credentials(at=at), at=at)),
            "next change": lambda: instance.next_change_after(at),
            "history": lambda: [repr(event) for event in account.history.events(until=at)],
            "its history": lambda: [repr(event) for event in account.history.events(instance=instance, until=at)],
            "why none": lambda: instance.role_credentials.why_none(account.time.as_of(at)),
        }

    def looks(self) -> list[object]:
        """What there is to be seen now, without a moment to ask about."""
        account = self.account
        return [
            *[repr(one) for one in (account, account.history, account.faults, account.s3, account.roles, account.sts)],
            *[(repr(one), one.tags, one.association_id, repr(one.metadata)) for one in self.fleet],
            *[(one.name, one.policies.keys(), one.tags, one.trust.to_json()) for one in account.roles.values()],
            [str(fault) for fault in account.faults],
            account.users["alice"].access_keys,
        ]


def revealed(credentials: Credentials | None) -> object:
    """All of a set of credentials, its secrets too."""
    if credentials is None:
        return None
    token = credentials.session_token
    return str(credentials), credentials.secret_access_key.reveal(), token and token.reveal(), credentials.issued


def answer(question: Callable[[], object]) -> object:
    """The answer to a question, or the error."""
    try:
        return question()
    except Ec2RolesError as error:
        return f"{type(error).__name__}: {error}"
