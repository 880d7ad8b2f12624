"""The samples of the design, line for line."""

from __future__ import annotations

from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import ec2roles
from ec2roles import policy

SAMPLES = Path(__file__).parent / "samples"


def run(name: str, replacements: dict[str, str] | None = None, **names: Any) -> dict[str, Any]:
    """Run a sample, and return the names it leaves."""
    text = (SAMPLES / f"{name}.py").read_text(encoding="utf-8")
    for placeholder, code in (replacements or {}).items():
        assert placeholder in text
        text = text.replace(placeholder, code)
    exec(compile(text, f"{name}.py", "exec"), names)
    return names


def test_the_sample_with_an_account_runs_and_prints_what_its_comments_say(capsys: Any) -> None:
    """Every line of the lesson's sample, and what its comments promise."""
    names = run("with_an_account")
    printed = capsys.readouterr().out
    instance_id = names["web"].instance_id

    assert printed.startswith(
        f"User: arn:aws:sts::123456789012:assumed-role/EC2Role/{instance_id} is not authorized to perform: s3:PutObject "
        'on resource: "arn:aws:s3:::ac-instance-role-demo/cat.jpg" '
        "because no identity-based policy allows the s3:PutObject action\n"
    )
    assert names["web"].profile is None


def test_the_terminal_prints_what_the_comments_of_the_sample_say() -> None:
    """The two outputs that the sample mentions only in comments."""
    account = ec2roles.Account()
    account.s3.create_bucket("ac-instance-role-demo")
    account.console.create_role("EC2Role", service="ec2.amazonaws.com", policies=["AmazonS3ReadOnlyAccess"])
    web = account.launch_instance()
    before = web.run("aws s3 ls")
    web.attach("EC2Role")
    after = web.run("aws s3 ls")

    assert before.stderr == 'Unable to locate credentials. You can configure credentials by running "aws configure".\n'
    assert before.stdout == ""
    assert before.exit_code == 255
    assert after.stdout == "2026-01-01 00:00:00 ac-instance-role-demo\n"
    assert after.exit_code == 0


class Foreign:
    """A clock of another simulator: it has a now(), and nothing else."""

    def now(self) -> datetime:
        """Return the instant at which that simulator stands."""
        return datetime(2031, 5, 6, 7, 8, 9, tzinfo=timezone.utc)


def test_the_sample_by_hand_runs_on_a_foreign_clock() -> None:
    """No account, no clock of ours."""
    names = run("by_hand", anything_with_now=Foreign(), **{name: getattr(ec2roles, name) for name in ec2roles.__all__})
    expiration = names["instance"].metadata.credentials().expiration

    assert expiration == datetime(2031, 5, 6, 13, 8, 9, tzinfo=timezone.utc)


def test_the_sample_of_the_engine_alone_runs_with_policies_in_its_gaps() -> None:
    """Every layer of the sample's PolicySet, with documents in the places of its dots."""
    allow_all = {"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": "*", "Resource": "*"}}
    deny_other = {
        "Version": "2012-10-17",
        "Statement": {"Effect": "Deny", "Principal": "*", "Action": "s3:*", "Resource": "arn:aws:s3:::other/*"},
    }
    read = policy.PermissionPolicy.allow("s3:GetObject", resource="arn:aws:s3:::photos/*")
    names = run(
        "engine_alone",
        {
            "identity=[...]": "identity=[read]",
            "resource=...": "resource=deny_other",
            "boundaries=[...]": "boundaries=[allow_all]",
            "session=[...]": "session=[allow_all]",
            "[[...root...], [...ou...], [...account...]]": "[[allow_all], [allow_all], [allow_all]]",
            "rcps=[[...], ...]": "rcps=[[deny_other]]",
            "endpoint=[...]": "endpoint=[{**allow_all, 'Statement': {**allow_all['Statement'], 'Principal': '*'}}]",
        },
        allow_all=allow_all,
        deny_other=deny_other,
        read=read,
        document=allow_all,
    )
    decision = names["decision"]

    assert decision.allowed is True
    assert bool(decision) is True
    assert decision.outcome is policy.Outcome.ALLOWED
    assert decision.denied_by is None
    assert "s3:GetObject" in decision.explain()
