"""What the operations of EC2 on tags do; only instances have tags here."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

import attrs

from ec2roles.calls import Call
from ec2roles.ec2.changes import Changes
from ec2roles.services.ec2 import parameters as given
from ec2roles.services.ec2.account import Ec2
from ec2roles.services.ec2.lists import page, read_filters
from ec2roles.sts.session import caller_of


@attrs.frozen(eq=False)
class Ec2Tags:
    """
    The operations on tags.

    Args:
        ec2_of: returns the `Ec2` of an account.
    """

    _ec2_of: Callable[[str], Ec2] = attrs.field(alias="ec2_of", repr=False)

    def _ec2(self, call: Call) -> Ec2:
        return self._ec2_of(caller_of(call).account_id)

    def create(self, call: Call) -> Mapping[str, Any]:
        """Add tags to instances."""
        tags = given.tag_pairs(call.parameters.get("Tags") or ())
        if not tags:
            raise given.missing("Tags")
        instances = self._ec2(call).some(given.tagged_ids(call))
        for one in instances:
            Changes(one).check_new_tags(tags)
        for one in instances:
            one.create_tags(tags)
        return {}

    def delete(self, call: Call) -> Mapping[str, Any]:
        """Remove tags from instances."""
        asked = call.parameters.get("Tags") or ()
        pairs = given.tag_pairs(asked)
        # A tag that is named without a value goes whatever its value is; none named means all of them.
        valued = {tag["Key"] for tag in asked if "Value" in tag}
        for one in self._ec2(call).some(given.tagged_ids(call)):
            gone = [
                key for key, value in one.tags.items() if key in pairs and (key not in valued or value == pairs[key])
            ]
            one.delete_tags(gone if pairs else list(one.tags))
        return {}

    def describe(self, call: Call) -> Mapping[str, Any]:
        """List the tags of instances."""
        ec2 = self._ec2(call)

        def all_tags() -> Iterator[tuple[str, str, str]]:
            for one in ec2.instances.values():
                for key, value in one.tags.items():
                    yield one.instance_id, key, value

        def look(name: str) -> Callable[[tuple[str, str, str]], Iterable[str]] | None:
            if name.startswith("tag:"):
                return lambda tag: (tag[2],) if tag[1] == name[4:] else ()
            return {
                "resource-id": lambda tag: (tag[0],),
                "resource-type": lambda tag: ("instance",),
                "key": lambda tag: (tag[1],),
                "value": lambda tag: (tag[2],),
            }.get(name)

        found, more = page(call, ec2.time.ids, all_tags(), read_filters(call, look))
        shown_as = [
            {"ResourceId": instance_id, "ResourceType": "instance", "Key": key, "Value": value}
            for instance_id, key, value in found
        ]
        return {"Tags": shown_as, **more}


_DEFAULT_TYPE = "t3.micro"
