"""
The modules of 0.1 under their old names: they work until 0.3, with a warning that names the new one.

Python asks `Moved` for a module of this package only after it has looked for a file and found none.
"""

from __future__ import annotations

import importlib
import sys
import warnings
from collections.abc import Sequence
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec
from types import ModuleType

_PACKAGE = __package__ or "ec2roles"

_TABLE = """
adapters.api_actions adapters.aws.actions
adapters.api_needs adapters.aws.batches
adapters.api_resources adapters.aws.resources
adapters.api_roles adapters.aws.passed_roles
adapters.aws_chunked adapters.aws.chunked
adapters.aws_endpoint adapters.aws.endpoint
adapters.control adapters.http.control
adapters.dispatch adapters.aws.dispatch
adapters.fallthrough adapters.aws.fallthrough
adapters.httpx adapters.http.httpx
adapters.in_process adapters.http.in_process
adapters.moto_facts adapters.moto.facts
adapters.protocol adapters.aws.protocol
adapters.raw_http adapters.http.raw
adapters.requests adapters.http.requests
adapters.server adapters.http.server
adapters.sigv4 adapters.aws.sigv4
adapters.urllib3 adapters.http.urllib3
adapters.wsgi adapters.http.wsgi
atomic world.journal
client programs
client.aws programs.terminal.aws
client.aws_session programs.terminal.session
client.chain programs.chain
client.configure programs.terminal.configure
client.curl programs.terminal.curl
client.files programs.files
client.profiles programs.profiles
client.program programs.program
client.s3 programs.terminal.s3
client.shell programs.terminal.shell
client.terminal programs.terminal.terminal
clients api
clock world.clock
cloudtrail history.cloudtrail
ec2.fetch ec2.refresh
ec2.hardware metadata.hardware
ec2.identity_role metadata.identity_role
ec2.instance_identity metadata.identity
ec2.metadata metadata.service
ec2.metadata_defaults metadata.defaults
ec2.metadata_documents metadata.documents
ec2.metadata_metrics metadata.metrics
ec2.metadata_network metadata.network
ec2.metadata_options metadata.options
ec2.metadata_response metadata.response
ec2.metadata_text metadata.text
ec2.metadata_token metadata.tokens
ec2.metadata_tree metadata.tree
ec2.metadata_view metadata.view
ec2.notice_board ec2.events
ec2.notices metadata.notices
ec2.programs programs.place
fault_plan faults.plan
front_door gateway
iam.mfa_device iam.mfa
iam.organization organizations.organization
iam.organization_hierarchy organizations.hierarchy
iam.organization_tree organizations.tree
ids world.ids
past history.past
policy.avoid policy.explain.request_changes
policy.caller policy.principal
policy.checks policy.validation.checks
policy.conditions policy.engine.conditions
policy.element_rules policy.validation.elements
policy.grammar policy.validation.grammar
policy.matching policy.engine.matching
policy.operators policy.engine.operators
policy.plan policy.engine.index
policy.principal_rules policy.validation.principals
policy.principals policy.engine.principals
policy.problems policy.validation.problems
policy.questions policy.explain.analysis
policy.report policy.explain.report
policy.resources policy.engine.resources
policy.screen policy.explain.rendering
policy.source policy.validation.json
policy.trace policy.explain.trace
policy.values policy.engine.values
policy.variables policy.engine.variables
policy.why_not policy.explain.why_not
propagation world.propagation
services.bucket_policy services.s3.bucket_policy
services.ec2_account services.ec2.account
services.ec2_associations services.ec2.associations
services.ec2_instances services.ec2.instances
services.ec2_lists services.ec2.lists
services.ec2_members services.ec2.responses
services.ec2_needs services.ec2.permissions
services.ec2_parameters services.ec2.parameters
services.ec2_run_instances services.ec2.run_instances
services.ec2_tags services.ec2.tags
services.iam_account services.iam.account
services.iam_identities services.iam.identities
services.iam_members services.iam.responses
services.iam_parameters services.parameters
services.iam_policies services.iam.policies
services.iam_profiles services.iam.profiles
services.iam_simulate services.iam.simulate
services.iam_table services.iam.table
services.s3_api services.s3.responses
sts.authorization authorization.permissions
sts.authorization_message authorization.encoded_messages
sts.judging authorization.authorizer
sts.refusal authorization.denials
sts.credentials credentials
sts.session_store sts.sessions
timeline world.timeline
"""

MOVED = dict(line.split() for line in _TABLE.split("\n") if line)


class Moved(MetaPathFinder, Loader):
    """Finds the old names, and fills such a module with what the new one has."""

    def find_spec(
        self, fullname: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """Return the spec of a module that has moved, or None for any other."""
        package, _, name = fullname.partition(".")
        if package != _PACKAGE or name not in MOVED:
            return None
        return ModuleSpec(fullname, self, is_package=any(old.startswith(f"{name}.") for old in MOVED))

    def exec_module(self, module: ModuleType) -> None:
        """Give *module* the names of the one that took its place."""
        new = f"{_PACKAGE}.{MOVED[module.__name__.partition('.')[2]]}"
        warnings.warn(
            f"{module.__name__} has moved to {new}; the old name goes in 0.3", DeprecationWarning, stacklevel=2
        )
        place = importlib.import_module(new)
        vars(module).update({name: value for name, value in vars(place).items() if not name.startswith("__")})
        module.__doc__ = place.__doc__


def install() -> None:
    """Let Python ask here last."""
    if not any(isinstance(finder, Moved) for finder in sys.meta_path):
        sys.meta_path.append(Moved())
