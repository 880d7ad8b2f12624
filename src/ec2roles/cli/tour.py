"""``ec2roles tour``: the lesson as a session on an instance. Every output is what the simulated world answered."""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable
from typing import TextIO

import attrs

from ec2roles.account import OUTSIDE_ADDRESS, Account
from ec2roles.credentials import Credentials
from ec2roles.ec2.instance import Instance
from ec2roles.errors import AwsError
from ec2roles.iam.names import ROLE_NAME
from ec2roles.instants import iso
from ec2roles.policy import PermissionPolicy, TrustPolicy

BUCKET = "ac-instance-role-demo"
IMDS = "http://169.254.169.254/latest"


SUMMARY = "the lesson, told as a session on an instance (the default)"


def parser() -> argparse.ArgumentParser:
    """Return the parser of this subcommand."""
    parser = argparse.ArgumentParser(
        prog="ec2roles tour",
        description="Tell the lesson of EC2 instance roles: what is typed, and what the simulated AWS answers.",
    )
    parser.add_argument("--seed", type=int, default=0, help="another number gives other ids and keys (default: 0)")
    parser.add_argument("--role", default="EC2Role", metavar="NAME", help="the role's name (default: EC2Role)")
    parser.add_argument(
        "--account", default="123456789012", metavar="ID", help="the account id (default: 123456789012)"
    )
    parser.add_argument(
        "--managed-policy",
        default="AmazonS3ReadOnlyAccess",
        metavar="NAME",
        help="the AWS managed policy that the role gets, by name or ARN (default: AmazonS3ReadOnlyAccess)",
    )
    return parser


def run(options: argparse.Namespace, out: TextIO) -> int:
    """Tell the lesson, and return the exit status."""
    account = Account(options.account, seed=options.seed)
    # Checked before the first line is told.
    ROLE_NAME.check(options.role)
    account.iam.find(options.managed_policy)
    Tour(account, options.role, options.managed_policy, out).tell()
    return 0


@attrs.define(eq=False)
class Tour:
    """
    One telling of the lesson.

    Args:
        account: an empty account.
        role_name: what the role is called.
        managed_policy: the AWS managed policy it gets, by name or ARN.
        out: where it is told.
    """

    account: Account
    role_name: str
    managed_policy: str
    out: TextIO
    web: Instance = attrs.field(init=False)
    _chapter: int = attrs.field(init=False, default=0)

    # -- telling ----------------------------------------------------------------------------------------------------

    def say(self, text: str = "") -> None:
        """Tell one sentence."""
        print(text, file=self.out)

    def chapter(self, title: str) -> None:
        """Begin the next step."""
        self._chapter += 1
        self.say(f"\n== {self._chapter}. {title}")

    def type(self, command: str, *, stdin: str = "") -> bool:
        """Type a command on the instance, show what it prints, and return whether it worked."""
        host = "ip-" + self.web.private_ipv4.replace(".", "-")
        self.say(f"[ec2-user@{host} ~]$ {command}")
        done = self.web.run(command, stdin=stdin)
        for text in (done.stdout, done.stderr):
            if text.strip("\n"):
                self.say(text.strip("\n"))
        return done.exit_code == 0

    def console(self, action: str, answer: object = None) -> None:
        """Show what is done in the console, and what it shows."""
        self.say(f"[console] {action}")
        if answer is not None:
            self.say(f"          {answer}")

    def clock(self, *, days: float = 0, hours: float = 0, minutes: float = 0) -> None:
        """Let time pass."""
        before = self.account.clock.now()
        after = self.account.clock.advance(days=days, hours=hours, minutes=minutes)
        self.say(f"... {after - before} later: {iso(after)}")

    def attempt(self, action: Callable[[], object]) -> AwsError | None:
        """Do what may be refused; show the refusal and return it."""
        try:
            action()
        except AwsError as error:
            self.say(f"          {error.code}: {error.message}")
            if error.detail:
                self.say(f"          ({error.detail})")
            return error
        return None

    # -- the lesson -------------------------------------------------------------------------------------------------

    def tell(self) -> None:
        """Tell all of it."""
        account = self.account
        self.say(
            f"EC2 instance roles, in account {account.account_id}, {account.region}. It is {iso(account.clock.now())}."
        )
        self.without_a_role()
        self.make_the_role()
        self.attach_it()
        leaked = self.use_it()
        if leaked is not None:
            self.rotate(leaked)
        self.replace_it()
        self.detach_it()
        self.long_term_keys()
        self.sign_in()
        self.summary()

    def without_a_role(self) -> None:
        """An instance, a bucket, and no credentials."""
        self.chapter("An instance without a role")
        self.web = self.account.launch_instance(
            user_data="#!/bin/sh\necho export DB_PASSWORD=hunter2-EXAMPLE >> /etc/profile\n"
        )
        self.console("Launch instance, IAM instance profile: none", self.web)
        bucket = self.account.s3.create_bucket(BUCKET)
        self.console("Create bucket", bucket)
        self.type("aws s3 ls")
        self.say("The program looked in its environment, in ~/.aws, and in the instance metadata. Nothing anywhere:")
        self.type(f"curl -s -o /dev/null -w '%{{http_code}}\\n' {IMDS}/meta-data/iam/security-credentials/")

    def make_the_role(self) -> None:
        """The console makes the role, and quietly the instance profile."""
        self.chapter("A role, made in the console in one step")
        role = self.account.console.create_role(
            self.role_name, service="ec2.amazonaws.com", policies=[self.managed_policy]
        )
        self.console(f"Create role, use case EC2, permissions {self.managed_policy}", role)
        self.say("Its trust policy says who may assume it:")
        self.say(_indented(json.dumps(role.trust.to_dict())))
        self.say("Its permissions say what a session of it may do:")
        for policy in role.attached_policies:
            self.say(f"          {policy.arn}")
        profile = self.account.instance_profiles[self.role_name]
        self.say(f"The console also made the instance profile of the same name: {profile.arn}")

    def attach_it(self) -> None:
        """What is attached is the profile."""
        self.chapter("Attaching it to the running instance")
        self.console("Actions > Security > Modify IAM role offers", self.account.console.iam_role_choices())
        self.say(
            "Those are instance profiles, though the console calls them roles. The role itself cannot be attached:"
        )
        self.attempt(lambda: self.web.attach(self.account.roles[self.role_name]))  # type: ignore[arg-type]
        self.web.attach(self.role_name)
        self.console(f"Choose {self.role_name}", self.web)
        self.say(f"EC2 assumed the role at once, and the session is called {self.web.instance_id}, like the instance:")
        for event in self.account.history.events(instance=self.web, kind="assume"):
            self.say(f"          {event}")
        self.say("The role's name and its temporary credentials are in the metadata, for any process on the instance:")
        self.type(f'TOKEN=$(curl -s -X PUT {IMDS}/api/token -H "X-aws-ec2-metadata-token-ttl-seconds: 21600")')
        header = '-H "X-aws-ec2-metadata-token: $TOKEN"'
        self.type(f"curl -s {header} {IMDS}/meta-data/iam/security-credentials/")
        self.type(f"curl -s {header} {IMDS}/meta-data/iam/security-credentials/{self.role_name}")

    def use_it(self) -> Credentials | None:
        """A read, a write, and why."""
        self.chapter("Using it")
        self.type("aws sts get-caller-identity")
        self.type("aws s3 ls")
        decision = self.web.can("s3:ListAllMyBuckets")
        self.say("It is allowed. Why:" if decision else "It is denied. Why:")
        self.say(_indented(decision.explain()))
        self.say("Now a write:")
        self.type("echo meow > cat.txt")
        written = self.type(f"aws s3 cp cat.txt s3://{BUCKET}/cat.txt")
        put = self.web.can("s3:PutObject", f"arn:aws:s3:::{BUCKET}/cat.txt")
        self.say(f"{self.managed_policy} allows that as well. Why:" if written else "It is denied. Why:")
        self.say(_indented(put.explain()))
        return self.web.metadata.credentials()

    def rotate(self, leaked: Credentials) -> None:
        """New credentials appear; old ones work until they expire."""
        self.chapter("Credentials rotate, and leaked ones expire")
        self.say(f"Somebody copies the credentials off the instance: {leaked}")
        self.clock(hours=5, minutes=56)
        now = self.web.metadata.credentials()
        self.say(f"The metadata has newer ones by now: {now}")
        self._elsewhere(leaked)
        self.clock(minutes=5)
        self._elsewhere(leaked)
        refreshes = sum(1 for _ in self.account.history.events(instance=self.web, kind="issue"))
        self.say(f"Nobody had to do anything: EC2 has fetched {refreshes} sets so far, one an hour.")

    def _elsewhere(self, leaked: Credentials) -> None:
        answer = self.account.call("s3:ListAllMyBuckets", credentials=leaked)
        if answer:
            names = ", ".join(bucket.name for bucket in answer.value)
            self.say(f"The copy, used from {OUTSIDE_ADDRESS}, still lists: {names}")
        elif answer.error is not None:
            self.say(f"The copy, used from {OUTSIDE_ADDRESS}, gets: {answer.error.code}: {answer.error.message}")

    def replace_it(self) -> None:
        """Another role, made the CLI's way."""
        self.chapter("Another role, made the CLI's way in two steps")
        account = self.account
        name = "writer" if "writer" not in account.roles else "uploader"
        writer = account.create_role(name, trust=TrustPolicy.service("ec2.amazonaws.com"))
        writer.put_policy("write", PermissionPolicy.allow("s3:PutObject", resource=f"arn:aws:s3:::{BUCKET}/*"))
        self.say(f"aws iam create-role, put-role-policy: {writer}")
        self.console("Modify IAM role offers", account.console.iam_role_choices())
        self.say("The new role is not in the list: nobody has made an instance profile for it.")
        self.attempt(lambda: self.web.replace(name))
        profile = account.create_instance_profile(
            "writer-profile" if "writer-profile" not in account.instance_profiles else "uploader-profile"
        )
        profile.add_role(writer)
        self.say(f"aws iam create-instance-profile, add-role-to-instance-profile: {profile}")
        self.say("A profile holds one role, and no more:")
        self.attempt(lambda: profile.add_role(account.roles[self.role_name]))
        before = self.web.association_id
        self.web.replace(profile)
        self.console(
            f"Replace IAM role: {profile.name}", f"{self.web}, association {before} -> {self.web.association_id}"
        )
        self.type(f"aws s3 cp cat.txt s3://{BUCKET}/cat.txt")
        self.type("aws s3 ls")

    def detach_it(self) -> None:
        """No role."""
        self.chapter('Detaching it: "No role"')
        last = self.web.metadata.credentials()
        self.web.detach()
        self.console("Modify IAM role: No role", self.web)
        self.type(f"aws s3 cp cat.txt s3://{BUCKET}/cat2.txt")
        if last is not None and last.expiration is not None:
            answer = self.account.call(
                "s3:PutObject", f"arn:aws:s3:::{BUCKET}/cat2.txt", credentials=last, body=b"meow\n"
            )
            outcome = "still work" if answer else f"get {answer.error.code if answer.error else '?'}"
            self.say("Detaching is not revoking: the last credentials, kept by somebody, "
                     f"{outcome} until {iso(last.expiration)}.")  # fmt: skip

    def long_term_keys(self) -> None:
        """What people do instead."""
        self.chapter("What long-term keys do instead")
        alice = self.account.create_user("alice")
        alice.attach_policy("AmazonS3ReadOnlyAccess")
        key = alice.create_access_key()
        typed = f"{key.access_key_id}\n{key.secret_access_key.reveal()}\nus-east-1\njson\n"
        self.type("aws configure", stdin=typed)
        self.type("aws s3 ls")
        self.say(
            "It works, and the key now lies in a file that any process of this user reads, and that never expires:"
        )
        self.type("cat ~/.aws/credentials")
        self.clock(days=40)
        self.type("aws s3 ls")
        self.say("It also hides the instance role, for the metadata is asked last:")
        self.web.attach(self.role_name)
        self.type("aws configure list")
        self.say("An environment variable hides them both:")
        bob = self.account.create_user("bob").create_access_key()
        self.type(
            f"export AWS_ACCESS_KEY_ID={bob.access_key_id} AWS_SECRET_ACCESS_KEY={bob.secret_access_key.reveal()}"
        )
        self.type("aws sts get-caller-identity --query Arn --output text")
        self.type("aws s3 ls")
        self.say("User data is no place for a secret either: any process on the instance reads it.")
        self.type(f"curl -s {IMDS}/user-data")
        self.type("unset AWS_ACCESS_KEY_ID AWS_SECRET_ACCESS_KEY")
        self.type("rm ~/.aws/credentials")
        self.type("aws sts get-caller-identity --query Arn --output text")
        alice.delete_access_key(key.access_key_id)
        self.say("Only deleting alice's key ends it; the role's credentials end by themselves.")

    def sign_in(self) -> None:
        """A role has no password."""
        self.chapter("A role cannot sign in to the console")
        alice = self.account.users["alice"]
        alice.create_login_profile("correct-horse-EXAMPLE")
        self.console("Sign in as alice", self.account.console.sign_in("alice", "correct-horse-EXAMPLE"))
        self.console(f"Sign in as {self.role_name}")
        self.attempt(lambda: self.account.console.sign_in(self.role_name, "correct-horse-EXAMPLE"))

    def summary(self) -> None:
        """What the history has."""
        self.chapter("All of it is in the history")
        counts: dict[str, int] = {}
        for event in self.account.history:
            counts[event.kind] = counts.get(event.kind, 0) + 1
        self.say(", ".join(f"{count} {kind}s" for kind, count in counts.items()))


def _indented(text: str) -> str:
    return "\n".join(f"    {line}".rstrip() for line in text.splitlines())
