"""
Rebuild ``src/ec2roles/services/shapes.json.zlib``, the parameters of AWS's operations that ec2roles ships.

Run by hand when a newer set is wanted, or when operations of another name are to be performed, with a Python that has
botocore (the extra ``boto``)::

    .venv/bin/python scripts/build_shapes.py

The file is zlib over UTF-8 lines. The first line is a JSON object that says where the rest comes from. Each other line is
one service: its name, a tab, and a JSON object of two members. ``operations`` has the name of the input shape by the name of
each operation. ``shapes`` has each shape by its name; a shape has its ``type`` and what botocore's model says of it: the names
of the shapes of its ``members``, which of them are ``required``, the shape of a list's ``member`` or of a map's ``key`` and
``value``, ``enum``, ``pattern``, ``min`` and ``max``. What the wire needs (locations, names in XML) is left out.
"""

from __future__ import annotations

import json
import re
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import botocore
from botocore.loaders import Loader

TARGET = Path(__file__).parent.parent / "src/ec2roles/services/shapes.json.zlib"

# Which operations of each service: all of those whose services are small, and of EC2 what has to do with instances.
OPERATIONS = {
    "iam": ".*",
    "sts": ".*",
    "s3": ".*",
    "ec2": (
        "(Run|Describe|Start|Stop|Reboot|Terminate|Monitor|Unmonitor)Instances|DescribeInstance(Status|Attribute|Types)"
        "|(Modify|Reset)InstanceAttribute|(Modify|Get)InstanceMetadata(Options|Defaults)"
        "|(Associate|Disassociate)IamInstanceProfile|ReplaceIamInstanceProfileAssociation"
        "|DescribeIamInstanceProfileAssociations|(Create|Delete|Describe)Tags|GetConsoleOutput|GetLaunchTemplateData"
        "|Describe(Images|Regions|AvailabilityZones|Vpcs|Subnets|SecurityGroups|Volumes|NetworkInterfaces|KeyPairs)"
    ),
}
KEPT = ("type", "required", "enum", "pattern", "min", "max")


def compact(value: object) -> str:
    """Return *value* as JSON without spaces."""
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False)


def inner_shapes(shape: dict[str, Any]) -> Iterator[str]:
    """Yield the names of the shapes that *shape* is made of."""
    for member in shape.get("members", {}).values():
        yield member["shape"]
    for part in ("member", "key", "value"):
        if part in shape:
            yield shape[part]["shape"]


def reduced(shape: dict[str, Any]) -> dict[str, Any]:
    """Return what is kept of one shape."""
    kept = {name: shape[name] for name in KEPT if name in shape and shape[name] != []}
    if "members" in shape:
        kept["members"] = {name: member["shape"] for name, member in shape["members"].items()}
    for part in ("member", "key", "value"):
        if part in shape:
            kept[part] = shape[part]["shape"]
    return kept


def read_service(loader: Loader, name: str) -> dict[str, Any]:
    """Return the operations of a service and the shapes that they need."""
    model = loader.load_service_model(name, "service-2")
    operations = {
        operation: found.get("input", {}).get("shape")
        for operation, found in sorted(model["operations"].items())
        if re.fullmatch(OPERATIONS[name], operation)
    }
    waiting = [shape for shape in operations.values() if shape is not None]
    shapes: dict[str, Any] = {}
    while waiting:
        shape = waiting.pop()
        if shape not in shapes:
            shapes[shape] = reduced(model["shapes"][shape])
            waiting.extend(inner_shapes(model["shapes"][shape]))
    return {"operations": operations, "shapes": dict(sorted(shapes.items()))}


def main() -> None:
    """Write the file and say how large it is."""
    loader = Loader()
    services = {name: read_service(loader, name) for name in OPERATIONS}
    about = {
        "what": "the parameters of AWS's operations: names, types and constraints",
        "source": f"botocore {botocore.__version__}, botocore/data",
        "licence": "botocore is Apache-2.0 (https://github.com/boto/botocore)",
        "operations": {name: len(found["operations"]) for name, found in services.items()},
    }
    lines = [compact(about), *(f"{name}\t{compact(found)}" for name, found in services.items())]
    text = "\n".join(lines).encode()
    packed = zlib.compress(text, level=9)
    TARGET.write_bytes(packed)
    print(f"{TARGET.name}: {len(packed):,} bytes for {len(text):,} of text")
    print(lines[0])


if __name__ == "__main__":
    main()
