"""Many threads ask one application about many instances while time passes."""

from __future__ import annotations

import json
import random
import threading

import pytest

from ec2roles import Account
from ec2roles.adapters.http.wsgi import metadata_application
from helpers.requests_to import header

THREADS, INSTANCES = 8, 50
TOKEN = header("X-aws-ec2-metadata-token")
TTL = header("X-aws-ec2-metadata-token-ttl-seconds")
DOCUMENT = "/latest/meta-data/iam/security-credentials/app"


@pytest.mark.parametrize("requests", [800, pytest.param(20_000, marks=pytest.mark.slow)])
def test_no_answer_is_torn_and_none_is_another_instances(requests: int) -> None:
    """Each document is whole, its key belongs to the instance that was asked, and it has not expired."""
    account = Account()
    account.console.create_role("app")
    fleet = account.launch_instances(INSTANCES, "app", http_tokens="required")
    lock = threading.RLock()
    application = metadata_application(account, lock=lock)
    wrong: list[object] = []
    keys: set[str] = set()

    def ask(path: str, method: str = "GET", **environ: str) -> tuple[str, str]:
        began: list[str] = []
        given = {"REQUEST_METHOD": method, "PATH_INFO": path, "HTTP_HOST": "localhost", **environ}
        body = b"".join(application(given, lambda status, headers: began.append(status[:3])))
        return began[0], body.decode()

    def work(seed: int) -> None:
        choose = random.Random(seed)
        for number in range(requests // THREADS // 2):
            web = choose.choice(fleet)
            _, token = ask(f"/{web.instance_id}/latest/api/token", "PUT", **{TTL: "21600"})
            status, body = ask(f"/{web.instance_id}{DOCUMENT}", **{TOKEN: token})
            if status == "401":
                continue  # a slow thread: the token's six hours have passed meanwhile
            if status != "200":
                wrong.append(status)
                continue
            found = json.loads(body)
            issuer = account.time.issuer_of(found["AccessKeyId"])
            if issuer is None or issuer[0] is not web or len(found) != 7:
                wrong.append(found)
            keys.add(found["AccessKeyId"])
            if number % 20 == 0:
                with lock:
                    account.clock.advance(minutes=20)

    threads = [threading.Thread(target=work, args=(seed,)) for seed in range(THREADS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert wrong == []
    assert len(keys) > INSTANCES  # they rotated meanwhile
