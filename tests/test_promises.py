"""Each promise in docs/promises.md names tests, and they exist. Promises without a better place are proved here."""

from __future__ import annotations

import ast
import copy
import logging
import os
import pickle
import pprint
import re
import subprocess
import sys
import traceback
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import attrs
import pytest

import ec2roles
from ec2roles import Account, Credentials, Instance, PermissionPolicy, errors
from helpers.sizes import sized

ROOT = Path(__file__).parent.parent
PAGE = (ROOT / "docs" / "promises.md").read_text(encoding="utf-8")
TEST_ID = re.compile(r"`((?:tests|notebooks)/[\w/.-]+?)(?:::(\w+))?`")
SECOND = timedelta(seconds=1)
MICROSECOND = timedelta(microseconds=1)


def kept() -> list[str]:
    """The rows of the table of promises that are kept."""
    part = PAGE.partition("## Kept")[2].partition("## Not yet")[0]
    return [line for line in part.splitlines() if line.startswith("| P-")]


def problem(path: str, test: str) -> str | None:
    """Say what is wrong with a test id, or nothing."""
    if not (ROOT / path).is_file():
        return f"there is no {path}"
    tree = ast.parse((ROOT / path).read_text(encoding="utf-8"))
    functions = {node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)}
    return None if not test or test in functions else f"{path} has no {test}"


def test_every_test_that_is_named_exists() -> None:
    assert [found for path, test in TEST_ID.findall(PAGE) if (found := problem(path, test))] == []


@pytest.mark.parametrize("row", kept(), ids=lambda row: row[2:6])
def test_a_promise_that_is_kept_names_its_tests(row: str) -> None:
    assert any(test for _, test in TEST_ID.findall(row))


def test_every_promise_is_kept_or_not_yet_kept() -> None:
    numbers = re.findall(r"^\| (P-\d\d)", PAGE, re.MULTILINE)

    assert set(numbers) == {f"P-{number:02d}" for number in range(1, 30) if number != 19}


# -- promises without a better place -------------------------------------------------------------------------------------


def test_p10_credentials_are_valid_from_their_issue_and_not_at_their_expiration(
    account: Account, web: Instance
) -> None:
    account.clock.advance(hours=1)
    credentials = web.metadata.credentials()
    assert credentials is not None
    assert credentials.issued is not None
    assert credentials.expiration is not None
    account.clock.advance(days=365 * 100)

    def error_at(when: datetime) -> str:
        return account.can("s3:ListAllMyBuckets", credentials=credentials, at=when).reason

    assert error_at(credentials.issued) == "allowed"
    assert error_at(credentials.expiration - MICROSECOND) == "allowed"
    assert error_at(credentials.expiration) == "the credentials have expired"
    assert error_at(account.clock.now()) == "the credentials have expired"
    assert error_at(credentials.issued - MICROSECOND) == "the access key id is not known"


def test_p12_permissions_count_at_once_and_a_revocation_spares_new_sessions(account: Account, web: Instance) -> None:
    role = account.roles["app"]
    leaked = web.metadata.credentials()

    def ok() -> bool:
        return account.call("s3:ListAllMyBuckets", credentials=leaked).ok

    assert ok()
    role.delete_policy("list")
    assert not ok()
    role.put_policy("list", PermissionPolicy.allow("s3:ListAllMyBuckets"))
    assert ok()
    account.clock.advance(SECOND)
    role.revoke_sessions()
    assert not ok()
    assert not web.call("s3:ListAllMyBuckets")  # the metadata still has the revoked set
    account.clock.advance(hours=1)
    assert web.call("s3:ListAllMyBuckets")
    assert not ok()


@pytest.mark.usefixtures("web")
def test_p16_all_keys_of_a_fleet_differ_and_say_that_they_are_made_up(account: Account) -> None:
    fleet = account.launch_instances(300, profile="app")
    seen = []
    for _ in range(3):
        seen += [web.metadata.credentials() for web in fleet]
        account.clock.advance(hours=1)
    keys = [credentials.access_key_id for credentials in seen if credentials is not None]

    assert len(set(keys)) == len(keys) == 900
    assert all(re.fullmatch(r"ASIA[A-Z2-7]{9}EXAMPLE", key) for key in keys)


def test_p18_a_datetime_without_a_time_zone_is_refused_and_others_are_the_same_instant(
    account: Account, web: Instance
) -> None:
    naive = datetime(2026, 1, 1)  # noqa: DTZ001
    for ask in (
        lambda: web.can("s3:ListAllMyBuckets", at=naive),
        lambda: account.can("s3:ListAllMyBuckets", credentials=None, at=naive),
        lambda: web.metadata.credentials(at=naive),
        lambda: web.metadata.get("/", at=naive),
        lambda: list(account.history.events(until=naive)),
        lambda: list(account.history.events(since=naive)),
        lambda: account.clock.move_to(naive),
    ):
        with pytest.raises(errors.NaiveDatetimeError):
            ask()
    east = timezone(timedelta(hours=9))

    assert web.can("s3:ListAllMyBuckets", at=datetime(2026, 1, 1, 9, tzinfo=east))
    with pytest.raises(errors.ClockError):
        account.clock.advance(days=4_000_000)
    assert account.clock.now() == datetime(2026, 1, 1, tzinfo=timezone.utc)


def program(code: str, **environment: str) -> str:
    """Run *code* in a fresh Python and return what it printed."""
    done = subprocess.run(
        [sys.executable, "-c", code], env=environment, capture_output=True, encoding="utf-8", check=True
    )
    return done.stdout


def test_p20_the_tour_is_the_same_under_every_hash_seed_locale_and_time_zone() -> None:
    tour = "import sys; from ec2roles.cli.main import main; sys.stdout.reconfigure(encoding='utf-8'); main(['tour'])"

    first = program(tour, PYTHONHASHSEED="0", TZ="UTC", LC_ALL="C")
    second = program(tour, PYTHONHASHSEED="4242", TZ="Asia/Tokyo", LC_ALL="C.UTF-8")

    assert "All of it is in the history" in first
    assert first == second


# Two worlds of a hundred steps do all that can be done in one; twenty take what a default run has for a whole room.
@sized("steps", "200", full="2000")
def test_p20_random_steps_are_the_same_in_every_process(tmp_path: Path, steps: str) -> None:
    script = ROOT / "tests" / "model" / "script.py"
    path = os.pathsep.join(map(str, (Path(ec2roles.__file__).parent.parent, ROOT / "tests")))
    processes = [
        subprocess.Popen(
            [sys.executable, str(script), steps, "1"],
            env={"PYTHONPATH": path, **environment},
            cwd=folder,
            stdout=subprocess.PIPE,
            encoding="utf-8",
        )
        for folder, environment in (
            (ROOT, {"PYTHONHASHSEED": "0"}),
            (tmp_path, {"PYTHONHASHSEED": "1", "TZ": "Asia/Kathmandu", "LC_ALL": "C"}),
            (tmp_path, {"PYTHONHASHSEED": "random", "TZ": "America/St_Johns", "LC_ALL": "tr_TR.UTF-8"}),
        )
    ]
    digests = [process.communicate()[0] for process in processes]

    assert re.fullmatch(r"[0-9a-f]{64}\n", digests[0])
    assert digests == [digests[0]] * 3


def shown_in_a_traceback(account: Account, credentials: Credentials) -> str:
    """Sign with a wrong secret, and return all that the exception shows, with the locals of every frame but this test's."""
    wrong = attrs.evolve(credentials, secret_access_key=credentials.session_token)
    try:
        account.call("s3:ListAllMyBuckets", credentials=wrong).result()
    except errors.AwsError as error:
        trace = traceback.TracebackException.from_exception(error, capture_locals=True)
        return "".join([*trace.format(), repr(error), repr(error.args), str(vars(error))])
    raise AssertionError("a wrong secret was accepted")


def test_p22_a_secret_shows_nowhere_by_accident(
    account: Account, web: Instance, caplog: pytest.LogCaptureFixture
) -> None:
    credentials = web.metadata.credentials()
    assert credentials is not None
    assert credentials.session_token is not None
    logging.getLogger("p22").warning("got %s and %r", credentials, credentials)
    shown = [caplog.text, shown_in_a_traceback(account, credentials)]
    things: list[Any] = [
        *(credentials, copy.copy(credentials), copy.deepcopy(credentials), attrs.asdict(credentials)),
        *(
            attrs.astuple(credentials),
            web.call("s3:ListAllMyBuckets"),
            web.programs.chain,
            web,
            account,
            list(account.history),
        ),
        *(web.can("s3:ListAllMyBuckets").to_dict(), account.sts, web.run("aws configure list")),
    ]
    for thing in things:
        shown += [repr(thing), str(thing), f"{thing}", pprint.pformat(thing)]

    everything = "\n".join(shown)
    assert credentials.access_key_id in everything
    assert credentials.secret_access_key.reveal() not in everything
    assert credentials.session_token.reveal() not in everything
    with pytest.raises(TypeError, match="refusing to pickle"):
        pickle.dumps(credentials)


def test_p28_nothing_leaves_the_process() -> None:
    watched = (
        "import io, sys\n"
        "seen = []\n"
        "def hook(event, args):\n"
        "    if event.split('.')[0] in ('socket', 'subprocess', '_thread', 'shutil', 'tempfile') or event in (\n"
        "        'os.system', 'os.exec', 'os.fork', 'os.posix_spawn', 'os.putenv', 'os.remove', 'os.mkdir'):\n"
        "        seen.append(event)\n"
        "    if event == 'open' and (args[1] or 'r')[0] in 'wax+':\n"
        "        seen.append(f'{event} {args[0]}')\n"
        "    if event == 'open' and '.aws' in str(args[0]):\n"
        "        seen.append(f'{event} {args[0]}')\n"
        "sys.dont_write_bytecode = True\n"
        "sys.addaudithook(hook)\n"
        "from ec2roles.cli.main import main\n"
        "main(['tour'], io.StringIO())\n"
        "print(seen)\n"
    )
    keys = {"AWS_ACCESS_KEY_ID": "AKIAIOSFODNN7EXAMPLE", "AWS_SECRET_ACCESS_KEY": "not-used-EXAMPLEKEY"}

    assert program(watched, **keys) == "[]\n"
