"""
Rebuild ``src/ec2roles/policy/validation/service_principals.txt``, the names that services of AWS are known by.

Run by hand with a Python that has botocore and this package::

    python scripts/build_service_principals.py

A name is taken from botocore where a service signs or is called by it, and from the AWS managed policies where one of them
names a principal such as ``ecs-tasks.amazonaws.com``. AWS has no list of service principals, so some that exist are missing,
and some are in it that no role is made for. One name is on each line, without ``.amazonaws.com``.
"""

from __future__ import annotations

import re
from pathlib import Path

import botocore.session

from ec2roles.iam.managed import AwsManagedPolicies

TARGET = Path(__file__).parent.parent / "src/ec2roles/policy/validation/service_principals.txt"
# Documented in AWS's guides, and in neither of the two.
DOCUMENTED = {
    "airflow-env", "build.apprunner", "directoryservice", "edgelambda", "export.rds", "logger.cloudfront",
    "monitoring.rds", "ops.apigateway", "opsworks", "osis-pipelines", "tasks.apprunner", "vpc-flow-logs",
}  # fmt: skip


def main() -> None:
    """Write the file and say how many names it has."""
    session = botocore.session.get_session()
    names = set(DOCUMENTED)
    for service in session.get_available_services():
        model = session.get_service_model(service)
        names |= {service, model.signing_name, model.endpoint_prefix}
    library = AwsManagedPolicies()
    for policy in library:
        text = library[policy].document.to_json()
        names |= set(re.findall(r'"([a-z0-9.-]+)\.amazonaws\.com(?:\.cn)?"', text))
    TARGET.write_text("\n".join(sorted(names)) + "\n", encoding="utf-8")
    print(f"{len(names)} names in {TARGET.name}")


if __name__ == "__main__":
    main()
