"""Programs that read 169.254.169.254 themselves, with requests, httpx or urllib3, in one process."""

from __future__ import annotations

from io import BytesIO

import pytest

from ec2roles import Account, Instance

BASE = "http://169.254.169.254/latest"
TTL = {"X-aws-ec2-metadata-token-ttl-seconds": "60"}


@pytest.fixture
def web() -> Instance:
    account = Account()
    account.console.create_role("app")
    return account.launch_instance(
        "app", http_tokens="required", tags={"Name": "wéb"}, instance_metadata_tags="enabled"
    )


def test_requests(web: Instance) -> None:
    requests = pytest.importorskip("requests")
    from ec2roles.adapters.http.requests import MetadataAdapter

    session = requests.Session()
    session.mount("http://169.254.169.254", MetadataAdapter(web))
    token = session.put(f"{BASE}/api/token", headers=TTL).text
    found = session.get(f"{BASE}/meta-data/tags/instance/Name", headers={"X-aws-ec2-metadata-token": token})

    assert found.content == "wéb".encode()
    assert session.get(f"{BASE}/meta-data/").status_code == 401
    for body in ("text", b"bytes", BytesIO(b"a file"), iter([b"in", b"parts"])):
        assert session.post(f"{BASE}/meta-data/", data=body).status_code == 405
    session.mount("http://169.254.169.254", MetadataAdapter(web.container()))
    with pytest.raises(requests.exceptions.ReadTimeout):
        session.put(f"{BASE}/api/token", headers=TTL)


def test_httpx(web: Instance) -> None:
    httpx = pytest.importorskip("httpx")
    from ec2roles.adapters.http.httpx import MetadataTransport

    with httpx.Client(mounts={"http://169.254.169.254": MetadataTransport(web)}) as client:
        token = client.put(f"{BASE}/api/token", headers=TTL).text
        found = client.get(f"{BASE}/meta-data/tags/instance/Name", headers={"X-aws-ec2-metadata-token": token})
        assert found.content == "wéb".encode()
        assert client.get(f"{BASE}/meta-data/").status_code == 401
    with (
        httpx.Client(transport=MetadataTransport(web.container())) as client,
        pytest.raises(httpx.ReadTimeout, match="does not answer"),
    ):
        client.put(f"{BASE}/api/token", headers=TTL)


def test_urllib3(web: Instance) -> None:
    urllib3 = pytest.importorskip("urllib3")
    from ec2roles.adapters.http.urllib3 import MetadataPoolManager

    pool = MetadataPoolManager(web)
    token = pool.request("PUT", f"{BASE}/api/token", headers=TTL).data.decode()
    found = pool.request("GET", f"{BASE}/meta-data/tags/instance/Name", headers={"X-aws-ec2-metadata-token": token})

    assert found.data == "wéb".encode()
    assert pool.request("GET", f"{BASE}/meta-data/").status == 401
    with pytest.raises(urllib3.exceptions.ReadTimeoutError):
        MetadataPoolManager(web.container()).request("PUT", f"{BASE}/api/token", headers=TTL)
