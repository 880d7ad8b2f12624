"""``ec2roles serve``: a world for real programs: instance metadata and AWS's endpoints, on a port of this machine."""

from __future__ import annotations

import argparse
import io
import json
import secrets
import signal
import threading
from typing import TYPE_CHECKING, Any, TextIO

from ec2roles.account import Account
from ec2roles.cli.check import load_account
from ec2roles.cli.serve_clock import clock_of
from ec2roles.credentials import Credentials
from ec2roles.ec2.instance import Instance
from ec2roles.errors import ArgumentError
from ec2roles.instants import iso
from ec2roles.world.clock import Clock

if TYPE_CHECKING:
    from ec2roles.adapters.aws.dispatch import ApiRequest
    from ec2roles.adapters.http.wsgi import HttpAnswer, HttpRequest
    from ec2roles.calls import Response

BUCKET = "ac-instance-role-demo"
ROLE = "EC2Role"
ADMINISTRATOR = "admin"
MOST_INSTANCES = 1000

SUMMARY = "serve metadata and AWS's endpoints to real programs"

_EPILOG = """\
examples:
  ec2roles serve > world.sh &        then, in any shell:  . ./world.sh; aws s3 ls
  ec2roles serve --clock manual      time stands still until it is moved:
    curl -X POST -H "X-Ec2roles-Token: $EC2ROLES_CONTROL_TOKEN" "$EC2ROLES_CONTROL/advance?hours=7"
  ec2roles serve --root-key          to change the account itself:
    export AWS_ACCESS_KEY_ID=$EC2ROLES_ROOT_ACCESS_KEY_ID AWS_SECRET_ACCESS_KEY=$EC2ROLES_ROOT_SECRET_ACCESS_KEY
    aws iam list-roles
  ec2roles serve --no-profile        no role yet:
    curl -X POST -H "X-Ec2roles-Token: $EC2ROLES_CONTROL_TOKEN" "$EC2ROLES_CONTROL/attach?profile=EC2Role"
  ec2roles serve --empty             an administrator's keys, and nothing else: build all of it with the aws command

Ctrl-C and SIGTERM end it; exit status: 0 when it was ended so, 2 bad input"""


def parser() -> argparse.ArgumentParser:
    """Return the parser of this subcommand."""
    parser = argparse.ArgumentParser(
        prog="ec2roles serve",
        description="Serve an account to real programs, on 127.0.0.1. First come the variables to set, as lines "
        "'export NAME=value'; then, after '#', each request and its decision as it happens.",
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "--account", metavar="FILE", help="a real account's authorization details; the lesson's by default"
    )
    parser.add_argument(
        "--profile", metavar="NAME", help=f"the instance profile of the instances ({ROLE} in the lesson's account)"
    )
    parser.add_argument("--no-profile", action="store_true", help="launch them without one")
    parser.add_argument(
        "--empty",
        action="store_true",
        help="an account with an administrator, whose keys are printed, and nothing else",
    )
    parser.add_argument(
        "--root-key", action="store_true", help="make an access key of the account's root user, who may do everything"
    )
    parser.add_argument("--instances", type=int, default=1, metavar="N", help="how many to launch (default: 1)")
    parser.add_argument("--port", type=int, default=0, metavar="PORT", help="the port (default: one that is free)")
    parser.add_argument(
        "--clock",
        default="real",
        metavar="real|manual|xN",
        help="the machine's time, one that is moved by hand, or one that runs N times as fast (default: real)",
    )
    parser.add_argument(
        "--start",
        metavar="MOMENT",
        help="what a clock that is manual or xN shows at first, such as 2026-03-01T09:30Z; without a zone in UTC",
    )
    return parser


def run(options: argparse.Namespace, out: TextIO) -> int:
    """Serve until a signal comes, and return the exit status."""
    if not 1 <= options.instances <= MOST_INSTANCES:
        raise ArgumentError(f"--instances takes 1 to {MOST_INSTANCES}, got '{options.instances}'")
    if not 0 <= options.port <= 65_535:
        raise ArgumentError(f"--port takes 0 to 65535, got '{options.port}'")
    if options.profile is not None and options.no_profile:
        raise ArgumentError("give --profile or --no-profile, not both")
    clock = clock_of(options.clock, options.start)
    if options.empty:
        if options.account is not None or options.profile is not None or options.instances != 1:
            raise ArgumentError("with --empty there is no account, profile or number of instances to choose")
        account, instances = Account(clock=clock), []
        administrator = account.create_user(ADMINISTRATOR)
        administrator.attach_policy("AdministratorAccess")
        keys = administrator.create_access_key()
    else:
        account, profile = world(options, clock)
        instances, keys = account.launch_instances(options.instances, profile), None
    root_key = account.root.create_access_key() if options.root_key else None
    serve(account, instances, options.port, out, keys=keys, root_key=root_key)
    return 0


def world(options: argparse.Namespace, clock: Clock) -> tuple[Account[Clock], str | None]:
    """Return the account, and the instance profile to launch with."""
    if options.account is not None:
        return load_account(options.account, clock=clock), options.profile
    account = Account(clock=clock)
    account.s3.create_bucket(BUCKET)
    account.console.create_role(ROLE, service="ec2.amazonaws.com", policies=["AmazonS3ReadOnlyAccess"])
    return account, None if options.no_profile else options.profile or ROLE


def serve(
    account: Account[Clock],
    instances: list[Instance],
    port: int,
    out: TextIO,
    *,
    keys: Credentials | None = None,
    root_key: Credentials | None = None,
) -> None:
    """
    Serve *account* until SIGINT or SIGTERM.

    Args:
        account, port, out: what, where, and where it is told.
        instances: those whose metadata is exported; the shell is on the first.
        keys: what a shell that is on no instance signs with.
        root_key: the root user's, if they are exported.
    """
    # The server and the extras are for this subcommand alone.
    from ec2roles.adapters.http.control import ControlEndpoint
    from ec2roles.adapters.http.server import Server
    from ec2roles.adapters.http.wsgi import HOSTS, Application, metadata_endpoint

    token = secrets.token_urlsafe(18)
    log = Log(account, out)
    endpoints: list[Any] = [ControlEndpoint(account, token), metadata_endpoint(account)]
    hosts: tuple[str, ...] = HOSTS
    try:
        from ec2roles.adapters.aws import endpoint as aws_endpoint
    except ModuleNotFoundError as error:
        if error.name is None or error.name.partition(".")[0] not in ("boto3", "botocore"):
            raise
        missing = "AWS's endpoints are not served, only metadata: they need 'pip install ec2roles[boto]'"
        endpoints.append(Missing(missing))
    else:
        missing = ""
        endpoint = aws_endpoint.AwsEndpoint.of(account)
        endpoint.observe = log.decided
        # The models are large, and a client's first request would wait for them longer than it likes.
        threading.Thread(target=endpoint.read_models, args=(account.registry.services,), daemon=True).start()
        endpoints.append(endpoint)
        hosts = (*HOSTS, *aws_endpoint.HOSTS)
    try:
        server = Server(Application(endpoints, hosts, observe=log.answered), port)
    except OSError as error:
        raise ArgumentError(f"cannot listen on port {port}: {error.strerror}") from None
    ended = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda signum, frame: ended.set())
    for name, value in variables(account, instances, server.url, token, keys, root_key).items():
        print(f"export {name}={value}", file=out)
    log.say(
        f"account {account.account_id}, {len(instances)} instance(s), it is {iso(account.time.now())}; Ctrl-C ends it"
    )
    if missing:
        log.say(missing)
    if instances and instances[0].profile is None and account.instance_profiles:
        names = ", ".join(sorted(account.instance_profiles))
        log.say(f"there is no role on the instances; for --profile and the control's attach there are: {names}")
    # Not before: whoever waits for the port would be in the log before the variables.
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
    # An event that is waited for without end would not let signals through on every platform.
    while not ended.wait(0.5):
        pass
    server.shutdown()
    server.server_close()
    log.say("ended")


def variables(
    account: Account[Clock],
    instances: list[Instance],
    url: str,
    token: str,
    keys: Credentials | None = None,
    root_key: Credentials | None = None,
) -> dict[str, str]:
    """Return the environment that points real programs at the simulation, and at nothing else."""
    # No instance is called that, so there is no metadata.
    first = instances[0].instance_id if instances else "i-00000000000000000"
    found = {
        "AWS_EC2_METADATA_SERVICE_ENDPOINT": f"{url}/{first}",
        "AWS_EC2_METADATA_DISABLED": "false",
        "AWS_ENDPOINT_URL": url,
        "AWS_REGION": account.region,
        "AWS_DEFAULT_REGION": account.region,
        # Credentials of yours would be found before those of the instance.
        "AWS_ACCESS_KEY_ID": "" if keys is None else keys.access_key_id,
        "AWS_SECRET_ACCESS_KEY": "" if keys is None else keys.secret_access_key.reveal(),
        "AWS_SESSION_TOKEN": "",
        "AWS_CONFIG_FILE": "/dev/null",
        "AWS_SHARED_CREDENTIALS_FILE": "/dev/null",
        "NO_PROXY": "127.0.0.1,localhost",
        "no_proxy": "127.0.0.1,localhost",
        "EC2ROLES_URL": url,
        "EC2ROLES_CONTROL": f"{url}/_ec2roles",
        "EC2ROLES_CONTROL_TOKEN": token,
    }
    if root_key is not None:
        found["EC2ROLES_ROOT_ACCESS_KEY_ID"] = root_key.access_key_id
        found["EC2ROLES_ROOT_SECRET_ACCESS_KEY"] = root_key.secret_access_key.reveal()
    if len(instances) > 1:
        found.update(
            {f"EC2ROLES_INSTANCE_{number}": f"{url}/{one.instance_id}" for number, one in enumerate(instances, 1)}
        )
    return found


class Missing:
    """
    Stands where AWS's endpoints would, and says why they do not.

    Args:
        message: what is said.
    """

    def __init__(self, message: str) -> None:
        self._message = message

    def claims(self, request: HttpRequest) -> bool:
        """Return whether it is signed: others ask for metadata."""
        return "authorization" in request.headers or "X-Amz-Signature=" in request.query

    def answer(self, request: HttpRequest) -> HttpAnswer:
        """Refuse *request* in JSON or in XML; every client reads one of them."""
        from ec2roles.adapters.http.wsgi import HttpAnswer

        if "x-amz-target" in request.headers or "json" in request.headers.get("content-type", ""):
            body = json.dumps({"__type": "NotImplemented", "message": self._message})
            return HttpAnswer(501, body.encode(), [("Content-Type", "application/json")])
        error = f"<Error><Code>NotImplemented</Code><Message>{self._message}</Message></Error>"
        return HttpAnswer(
            501, f"<ErrorResponse>{error}</ErrorResponse>".encode(), [("Content-Type", "application/xml")]
        )


class Log:
    """
    Prints what happens, after ``#``: so the whole output is still a shell script.

    Args:
        account: whose time it is.
        out: where it goes.
    """

    def __init__(self, account: Account[Clock], out: TextIO) -> None:
        self._account = account
        self._out = out

    def say(self, text: str) -> None:
        """Print one line."""
        # A path may hold anything; a line must stay one.
        plain = "".join(one if one.isprintable() else "?" for one in text)
        try:
            print(f"# {plain}", file=self._out, flush=True)
        except BrokenPipeError:
            # The reader, such as head, has seen enough; whoever is served has not.
            self._out = io.StringIO()

    def decided(self, request: ApiRequest, response: Response) -> None:
        """Print a decision."""
        outcome = "allowed" if response.allowed else "DENIED"
        error = "" if response.error is None else f", {response.error.code}: {response.error.message}"
        who = "" if response.decision is None or response.decision.request is None else (
            f" by {response.decision.request.principal}"
        )  # fmt: skip
        self.say(f"{iso(self._account.time.now())} {request.service}:{request.operation}{who}: {outcome}{error}")

    def answered(self, request: HttpRequest, answer: HttpAnswer | None) -> None:
        """Print a request, without its query, which may hold a signature."""
        status = "no answer" if answer is None else answer.status
        self.say(f"{iso(self._account.time.now())} {request.method} {request.path[:200]} -> {status}")
