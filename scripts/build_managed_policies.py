"""
Rebuild ``src/ec2roles/iam/managed_policies.json.zlib``, the AWS managed policies that ec2roles ships.

Run by hand when a newer set is wanted, with a Python that has moto, which is needed for nothing else::

    python3 -m venv /tmp/moto && /tmp/moto/bin/pip install moto && /tmp/moto/bin/python scripts/build_managed_policies.py

The file is zlib over UTF-8 lines. The first line is a JSON object that says where the rest comes from. Each other line
is one policy, sorted by name, in six columns divided by tabs: name, path, default version, create date, update date,
document. The document is JSON without spaces, so a tab or a line break can only be a divider. A reader can hence find a
policy without parsing any other; and neighbours by name are alike, which is what zlib makes small.
"""

from __future__ import annotations

import json
import zlib
from importlib.metadata import version
from pathlib import Path

from moto.iam.aws_managed_policies import aws_managed_policies_data

TARGET = Path(__file__).parent.parent / "src/ec2roles/iam/managed_policies.json.zlib"
COLUMNS = ("name", "path", "default_version_id", "create_date", "update_date", "document")


def compact(value: object) -> str:
    """Return *value* as JSON without spaces; keys keep the order that AWS gave them."""
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False)


def in_order(document: dict[str, object]) -> dict[str, object]:
    """Return *document* with its version first, as AWS writes it; moto's makers have sorted the elements by name."""
    return dict(sorted(document.items(), key=lambda item: item[0] != "Version"))


def lines(policies: dict[str, dict[str, object]], moto_version: str) -> list[str]:
    """Return the lines of the file: what it is, then each policy."""
    about = {
        "what": "AWS managed IAM policies, each in its default version",
        "source": f"moto {moto_version}, moto/iam/aws_managed_policies.py, which its makers read from the IAM API",
        "licence": "moto is Apache-2.0 (https://github.com/getmoto/moto); the texts of the policies are AWS's",
        "newest_update": max(str(policy["UpdateDate"]) for policy in policies.values()),
        "count": len(policies),
        "columns": COLUMNS,
    }
    rows = [compact(about)]
    for name, policy in sorted(policies.items()):
        fields = [
            name,
            policy["Path"],
            policy["DefaultVersionId"],
            policy["CreateDate"],
            policy["UpdateDate"],
            compact(in_order(dict(policy["Document"]))),  # type: ignore[call-overload]
        ]
        row = "\t".join(str(field) for field in fields)
        if row.count("\t") != len(COLUMNS) - 1 or len(row.splitlines()) != 1:
            raise ValueError(f"policy {name!r} holds a tab or a line break outside its document")
        rows.append(row)
    return rows


def main() -> None:
    """Write the file and say how large it is."""
    text = "\n".join(lines(json.loads(aws_managed_policies_data), version("moto"))).encode()
    packed = zlib.compress(text, level=9)
    TARGET.write_bytes(packed)
    print(f"{TARGET.name}: {len(packed):,} bytes for {len(text):,} of text")
    print(text.split(b"\n", 1)[0].decode())


if __name__ == "__main__":
    main()
