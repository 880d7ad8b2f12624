"""``ec2roles serve`` as a process, and the real AWS CLI on it: the lesson, typed."""

from __future__ import annotations

import http.client
import json
import signal
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator
from datetime import datetime, timezone
from pathlib import Path

import pytest
from botocore.exceptions import ClientError

from ec2roles import Credentials
from ec2roles.cli.main import main
from ec2roles.cli.serve_clock import ScaledClock, clock_of
from ec2roles.errors import ArgumentError, ClockError
from ec2roles.world.clock import ManualClock, SystemClock
from helpers.serve_process import World, needs_cli, start
from helpers.served import client


@pytest.fixture
def world(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[World]:
    found = start(tmp_path, *request.node.get_closest_marker("serve").args)
    yield found
    if found.process.poll() is None:
        found.process.kill()
    found.process.communicate()


@needs_cli
@pytest.mark.serve("--clock", "manual", "--no-profile")
def test_the_lesson_typed_with_the_real_cli(world: World, tmp_path: Path) -> None:
    """No role; a role; what it may read and may not write; its credentials expire; it is taken away."""
    code, out, err = world.aws("s3", "ls")
    assert (code, out) == (255, "")
    assert "Unable to locate credentials" in err

    state = world.control("attach?profile=EC2Role")
    (instance_id,) = state["instances"]
    assert state["instances"] == {instance_id: "EC2Role"}
    code, out, err = world.aws("s3", "ls")
    assert (code, err) == (0, "")
    assert out.endswith(" ac-instance-role-demo\n")
    code, out, _ = world.aws("sts", "get-caller-identity", "--query", "Arn", "--output", "text")
    assert (code, out) == (0, f"arn:aws:sts::123456789012:assumed-role/EC2Role/{instance_id}\n")
    code, out, _ = world.aws("configure", "list")
    assert out.count("iam-role") == 2

    cat = tmp_path / "cat.txt"
    cat.write_text("meow\n")
    code, out, err = world.aws("s3", "cp", str(cat), "s3://ac-instance-role-demo/cat.txt")
    assert code == 1
    assert "(AccessDenied) when calling the PutObject operation: User: arn:aws:sts::123456789012:assumed-role/" in err
    assert "because no identity-based policy allows the s3:PutObject action" in err

    # The keys are kept by somebody, as leaked ones are, and used after their end.
    endpoint = world.environment["AWS_EC2_METADATA_SERVICE_ENDPOINT"]
    with urllib.request.urlopen(f"{endpoint}/latest/meta-data/iam/security-credentials/EC2Role") as answer:
        leaked = json.loads(answer.read())
    keys = {
        "AWS_ACCESS_KEY_ID": leaked["AccessKeyId"],
        "AWS_SECRET_ACCESS_KEY": leaked["SecretAccessKey"],
        "AWS_SESSION_TOKEN": leaked["Token"],
    }
    elsewhere = World(world.process, {**world.environment, **keys})
    assert elsewhere.aws("s3", "ls")[0] == 0
    world.control("advance?hours=6&minutes=1")
    code, _, err = elsewhere.aws("s3", "ls")
    assert code == 255
    assert "(ExpiredToken) when calling the ListBuckets operation: The provided token has expired." in err
    assert world.aws("s3", "ls")[0] == 0
    world.control("detach")
    assert world.aws("s3", "ls")[0] == 255

    status, out, err = world.end()
    assert (status, err) == (0, "")
    assert "s3:PutObject by arn:aws:sts::123456789012:assumed-role/EC2Role/" in out
    assert leaked["SecretAccessKey"] not in out
    assert leaked["Token"] not in out
    assert all(line.startswith("# ") for line in out.splitlines())


TRUST = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Principal": {"Service": "ec2.amazonaws.com"}, "Action": "sts:AssumeRole"}],
}
EVERYTHING = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "s3:*", "Resource": "*"}]}
ROLE = {
    "RoleName": "writer",
    "RoleId": "AROAEXAMPLEWRITER",
    "Arn": "arn:aws:iam::123456789012:role/writer",
    "AssumeRolePolicyDocument": TRUST,
}
PROFILE = {
    "InstanceProfileName": "writer-profile",
    "InstanceProfileId": "AIPAEXAMPLEWRITER",
    "Arn": "arn:aws:iam::123456789012:instance-profile/writer-profile",
    "Roles": [ROLE],
}
INLINE = {"PolicyName": "s3", "PolicyDocument": EVERYTHING}
WRITER = {"RoleDetailList": [{**ROLE, "RolePolicyList": [INLINE], "InstanceProfileList": [PROFILE]}]}


@needs_cli
@pytest.mark.slow
def test_files_are_copied_both_ways_on_an_account_of_ones_own(tmp_path: Path) -> None:
    account = tmp_path / "account.json"
    account.write_text(json.dumps(WRITER))
    world = start(tmp_path, "--account", str(account), "--profile", "writer-profile", "--clock", "x60")
    try:
        cat, back = tmp_path / "cat two.txt", tmp_path / "back.txt"
        cat.write_text("meow\n")
        assert world.aws("s3", "mb", "s3://photos") == (0, "make_bucket: photos\n", "")
        code, out, err = world.aws("s3", "cp", str(cat), "s3://photos/a b/ü.txt")
        assert (code, err) == (0, "")
        code, out, _ = world.aws("s3", "ls", "s3://photos")
        assert out.strip() == "PRE a b/"
        assert world.aws("s3", "cp", "s3://photos/a b/ü.txt", str(back))[0] == 0
        assert back.read_text() == "meow\n"
        assert world.aws("s3", "rb", "s3://photos", "--force")[0] == 0
        assert world.end(signal.SIGINT)[0] == 0
    finally:
        world.process.kill()
        world.process.communicate()


@needs_cli
@pytest.mark.slow
@pytest.mark.serve("--root-key", "--no-profile", "--clock", "manual")
def test_the_lesson_is_built_with_the_real_cli(world: World, tmp_path: Path) -> None:
    """Issue 6: a role from its trust file, a profile, an instance; used there, replaced and taken away."""
    root = World(
        world.process,
        {
            **world.environment,
            "AWS_ACCESS_KEY_ID": world.environment["EC2ROLES_ROOT_ACCESS_KEY_ID"],
            "AWS_SECRET_ACCESS_KEY": world.environment["EC2ROLES_ROOT_SECRET_ACCESS_KEY"],
        },
    )
    trust = tmp_path / "trust.json"
    trust.write_text(json.dumps(TRUST))

    def ok(*arguments: str, shell: World = root) -> str:
        code, out, err = shell.aws(*arguments)
        assert (code, err) == (0, ""), arguments
        return out.strip()

    ok("iam", "create-role", "--role-name", "web", "--assume-role-policy-document", f"file://{trust}")
    ok(
        "iam",
        "attach-role-policy",
        "--role-name",
        "web",
        "--policy-arn",
        "arn:aws:iam::aws:policy/AmazonS3ReadOnlyAccess",
    )
    ok("iam", "create-instance-profile", "--instance-profile-name", "web-profile")
    ok("iam", "add-role-to-instance-profile", "--instance-profile-name", "web-profile", "--role-name", "web")
    launch = (
        "ec2",
        "run-instances",
        "--image-id",
        "ami-12345678",
        "--query",
        "Instances[0].InstanceId",
        "--output",
        "text",
    )
    instance_id = ok(*launch)
    ok("ec2", "wait", "instance-running", "--instance-ids", instance_id)
    on_it = World(
        world.process,
        {
            **world.environment,
            "AWS_EC2_METADATA_SERVICE_ENDPOINT": f"{world.environment['AWS_ENDPOINT_URL']}/{instance_id}",
        },
    )
    assert on_it.aws("s3", "ls")[0] == 255
    associate = ("ec2", "associate-iam-instance-profile", "--iam-instance-profile", "Name=web-profile")
    association = ok(
        *associate,
        "--instance-id",
        instance_id,
        "--query",
        "IamInstanceProfileAssociation.AssociationId",
        "--output",
        "text",
    )
    assert ok("s3", "ls", shell=on_it).endswith("ac-instance-role-demo")
    identity = ok("sts", "get-caller-identity", "--query", "Arn", "--output", "text", shell=on_it)
    assert identity == f"arn:aws:sts::123456789012:assumed-role/web/{instance_id}"
    replaced = ok(
        "ec2", "replace-iam-instance-profile-association", "--association-id", association,
        "--iam-instance-profile", "Name=EC2Role", "--query", "IamInstanceProfileAssociation.AssociationId", "--output", "text",
    )  # fmt: skip
    identity = ok("sts", "get-caller-identity", "--query", "Arn", "--output", "text", shell=on_it)
    assert identity == f"arn:aws:sts::123456789012:assumed-role/EC2Role/{instance_id}"
    ok("ec2", "disassociate-iam-instance-profile", "--association-id", replaced)
    assert on_it.aws("s3", "ls")[0] == 255


@pytest.mark.serve("--instances", "3", "--clock", "manual")
def test_each_instance_has_metadata_of_its_own(world: World) -> None:
    seen = set()
    for number in (1, 2, 3):
        url = world.environment[f"EC2ROLES_INSTANCE_{number}"]
        with urllib.request.urlopen(f"{url}/latest/meta-data/instance-id") as answer:
            seen.add(answer.read().decode())
    assert len(seen) == 3
    assert world.environment["AWS_EC2_METADATA_SERVICE_ENDPOINT"] == world.environment["EC2ROLES_INSTANCE_1"]
    for token, path, status in (
        ("wrong", "state", 403),
        ("right", "nope", 400),
        ("right", "advance?hours=x", 400),
        ("right", "advance?hour=7", 400),
        ("right", "advance?months=x", 400),
        ("right", "advance?to=x", 400),
        ("right", "advance?to=2020-01-01", 400),
        ("right", "advance?to=9999-12-31&hours=1", 400),
        ("right", "advance?years=999999999", 400),
        ("right", "state?hours=7", 400),
    ):
        given = world.environment["EC2ROLES_CONTROL_TOKEN"] if token == "right" else token
        request = urllib.request.Request(
            f"{world.environment['EC2ROLES_CONTROL']}/{path}", method="POST", headers={"X-Ec2roles-Token": given}
        )
        with pytest.raises(urllib.error.HTTPError) as caught:
            urllib.request.urlopen(request)
        with caught.value:
            assert caught.value.status == status
    before, after = world.control("state")["now"], world.control("advance?hours=1")["now"]
    assert before < after
    assert world.control("advance?to=2500-01-31")["now"] == "2500-01-31T00:00:00Z"
    assert world.control("advance?months=1&hours=1")["now"] == "2500-02-28T01:00:00Z"
    port = int(world.environment["AWS_ENDPOINT_URL"].rpartition(":")[2])
    connection = http.client.HTTPConnection("127.0.0.1", port)
    connection.request("GET", "/", headers={"Host": "evil.example"})
    assert connection.getresponse().status == 403
    connection.close()
    assert world.end()[0] == 0


WITHOUT_BOTO = """
import sys

class Missing:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in ("boto3", "botocore"):
            raise ModuleNotFoundError(f"No module named '{name}'", name=name)

sys.meta_path.insert(0, Missing())
from ec2roles.cli.main import main
sys.exit(main(["serve"]))
"""


def test_without_the_extra_there_is_metadata_and_it_says_what_is_missing() -> None:
    process = subprocess.Popen(
        [sys.executable, "-c", WITHOUT_BOTO], stdout=subprocess.PIPE, stderr=subprocess.PIPE, encoding="utf-8"
    )
    assert process.stdout is not None
    lines: list[str] = []
    while not (lines and "pip install" in lines[-1]):
        lines.append(process.stdout.readline())
        assert lines[-1]
    endpoint = next(line for line in lines if "METADATA_SERVICE_ENDPOINT" in line).partition("=")[2].strip()
    with urllib.request.urlopen(f"{endpoint}/latest/meta-data/iam/security-credentials/") as answer:
        assert answer.read() == b"EC2Role"
    for service, call in (("s3", "list_buckets"), ("sts", "get_caller_identity"), ("sqs", "list_queues")):
        found = client(service, endpoint.rpartition("/")[0], Credentials("AKIAIOSFODNN7EXAMPLE", "x" * 40))
        with pytest.raises(ClientError, match=r"NotImplemented.*pip install ec2roles\[boto\]"):
            getattr(found, call)()
    process.send_signal(signal.SIGTERM)
    _, err = process.communicate(timeout=20)
    assert (process.returncode, err) == (0, "")
    assert "not served, only metadata: they need 'pip install ec2roles[boto]'" in lines[-1]


IMPATIENT = """
import http.client, io, os, signal, sys, threading
from ec2roles.cli.serve import parser, run

class Out(io.StringIO):
    asking = None

    def write(self, text):
        if self.asking is None and "EC2ROLES_URL=" in self.getvalue() + text:
            address = (self.getvalue() + text).partition("EC2ROLES_URL=http://")[2].strip()
            self.asking = threading.Thread(target=self.ask, args=(address,), daemon=True)
            self.asking.start()
            self.asking.join(0.2)
        if "/who -> " in text:
            os.kill(os.getpid(), signal.SIGTERM)
        return super().write(text)

    def ask(self, address):
        connection = http.client.HTTPConnection(address)
        connection.request("GET", "/i-00000000000000000/who")
        connection.getresponse()

out = Out()
status = run(parser().parse_args(["--account", sys.argv[1]]), out)
sys.stdout.write(out.getvalue())
sys.exit(status)
"""


def test_the_variables_come_first_whoever_waits_for_the_port() -> None:
    """And an account's profiles are named, if none was chosen."""
    account = str(Path(__file__).parents[2] / "examples" / "account.json")
    ended = subprocess.run(
        [sys.executable, "-c", IMPATIENT, account], capture_output=True, encoding="utf-8", timeout=60, check=False
    )
    assert (ended.returncode, ended.stderr) == (0, "")
    lines = ended.stdout.splitlines()
    first = next(number for number, line in enumerate(lines) if not line.startswith("export "))
    assert all(line.startswith("# ") for line in lines[first:])
    assert lines[first - 1].startswith("export EC2ROLES_CONTROL_TOKEN=")
    assert lines[first + 1].endswith("there are: gallery-servers, thumbnail-servers")
    assert lines[-2].endswith("GET /i-00000000000000000/who -> 404")


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--clock", "fast"], "--clock takes real, manual or xN"),
        (["--clock", "x0"], "--clock takes real, manual or xN"),
        (["--instances", "0"], "--instances takes 1 to 1000"),
        (["--port", "70000"], "--port takes 0 to 65535"),
        (["--profile", "a", "--no-profile"], "not both"),
        (["--profile", "nobody"], "nobody"),
        (["--empty", "--instances", "2"], "with --empty there is no"),
        (["--account", "no-such-file"], "cannot read"),
    ],
)
def test_bad_options_are_refused(options: list[str], said: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["serve", *options]) == 2
    printed = capsys.readouterr()
    assert printed.out == ""
    assert said in printed.err


def test_the_clocks() -> None:
    """A faster clock starts at the clock's time, and never goes back."""
    base = ManualClock()
    fast = ScaledClock(60, base)
    assert fast.now() == base.now()
    base.advance(minutes=2)
    assert fast.now() - fast.started == (base.now() - fast.started) * 60
    assert isinstance(clock_of("real"), SystemClock)
    assert isinstance(clock_of("manual"), ManualClock)
    assert clock_of("manual", "2026-03-01").now().isoformat() == "2026-03-01T00:00:00+00:00"
    assert clock_of("x60", "2500-03-01T09:30+01:00").now() >= datetime(2500, 3, 1, 8, 30, tzinfo=timezone.utc)
    with pytest.raises(ArgumentError, match="--start needs"):
        clock_of("real", "2026-03-01")
    with pytest.raises(ClockError, match="'--start' must be a moment"):
        clock_of("manual", "soon")
    for text in ("x", "x-1", "x1.5", "x1000000", "X2"):
        with pytest.raises(ArgumentError):
            clock_of(text)
