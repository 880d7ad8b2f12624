"""
The one reader of parameters: what a call was given, checked against AWS's own shapes, in AWS's own names.

Every operation of AWS's that is performed here has a `Reader`. A call reaches it by any way in (``call``, ``can``, ``request``,
``as_``, boto3, HTTP), and comes out with parameters that the operation can use without another look at their types.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from functools import cached_property
from typing import Any

import attrs

from ec2roles.arns import shown
from ec2roles.calls import NOTHING, Call
from ec2roles.errors import AwsError, ParameterError
from ec2roles.iam.role import Role
from ec2roles.policy import Policy
from ec2roles.services.constraints import (
    ENUM,
    LENGTH,
    NULL,
    PATTERN,
    RANGE,
    Place,
    Problem,
    Wording,
    in_sdk,
    query_error,
)
from ec2roles.services.shapes import Shape, load, matches

NOT_NULL = "Member must not be null"

# Where a service has a code of its own for names that it does not know.
_UNKNOWN = {"ec2": "UnknownParameter"}

_FAILED = "Parameter validation failed:\n"
_TYPES: dict[str, tuple[tuple[type, ...], str]] = {
    "structure": ((Mapping,), "<class 'dict'>"),
    "map": ((Mapping,), "<class 'dict'>"),
    "list": ((list, tuple), "<class 'list'>, <class 'tuple'>"),
    "string": ((str,), "<class 'str'>"),
    "character": ((str,), "<class 'str'>"),
    "integer": ((int,), "<class 'int'>"),
    "long": ((int,), "<class 'int'>"),
    "float": ((float, int), "<class 'float'>, <class 'int'>"),
    "double": ((float, int), "<class 'float'>, <class 'int'>"),
    "boolean": ((bool,), "<class 'bool'>"),
    "blob": ((bytes, bytearray, memoryview, str), "<class 'bytes'>, <class 'bytearray'>, file-like object"),
    "timestamp": ((datetime, str), "<class 'datetime.datetime'>, timestamp-string"),
}


def _names(in_a_row: str | None) -> frozenset[str] | None:
    return None if in_a_row is None else frozenset(in_a_row.split())


@attrs.frozen(eq=False, slots=False)
class Reader:
    """
    Reads the parameters of one operation of AWS's.

    >>> reader = Reader("iam", "GetRole")
    >>> from ec2roles import Timekeeper
    >>> dict(reader(Call("iam:GetRole", position=Timekeeper().as_of(None), parameters={"role_name": "app"})))
    {'RoleName': 'app'}

    Args:
        service: ``iam``, ``sts``, ``s3`` or ``ec2``.
        operation: the API's name.
        simulated: the parameters that make a difference here, in a row: ``"RoleName Path"``. The others that AWS has are
            refused with that word, unless they ask for nothing (False, an empty list). None for all that AWS has.
        also: what else a parameter is called in Python, by that name: ``{"session_name": "RoleSessionName"}``.
        partial: whether a question may leave out what is required, because the permissions do without.
        resource: returns the parameters that the ARN says for which a call is made in Python; it raises an `AwsError` for
            an ARN that it cannot be. None where it says none.
        wording: the service's own words for what breaks a constraint.
        left: the members whose enums and ranges the operation checks itself, in words of its own.
    """

    service: str
    operation: str
    simulated: frozenset[str] | None = attrs.field(default=None, converter=_names)
    also: Mapping[str, str] = attrs.field(default=NOTHING, kw_only=True, repr=False)
    partial: bool = attrs.field(default=False, kw_only=True, repr=False)
    resource: Callable[[str], Mapping[str, Any]] | None = attrs.field(default=None, kw_only=True, repr=False)
    wording: Wording = attrs.field(default=query_error, kw_only=True, repr=False)
    left: frozenset[str] = attrs.field(default=frozenset(), kw_only=True, repr=False)

    @cached_property
    def shape(self) -> Shape:
        """The operation's parameters."""
        return load(self.service).input(self.operation)

    @cached_property
    def _required(self) -> frozenset[str]:
        return frozenset(self.shape.required)

    @cached_property
    def _by_any_name(self) -> Mapping[str, str]:
        """AWS's name of each parameter by all that it is called in Python."""
        return {**self.shape.by_snake_case, **self.also, **{name: name for name in self.shape.members}}

    @cached_property
    def _accepting(self) -> Mapping[str, Callable[[Any], bool]]:
        """What accepts the value of a parameter at one look, where that can be; see `Shape.accepts`."""
        return {
            name: shape.accepts
            for name, shape in self.shape.members.items()
            if shape.accepts is not None and (self.simulated is None or name in self.simulated)
        }

    def __call__(self, call: Call) -> Mapping[str, Any]:
        """
        Return the parameters of *call* by AWS's names, checked all the way down; nothing in them is the caller's own object.

        Raises:
            ParameterError: for names that the operation does not have, and for values of another type, in boto3's words.
            AwsError: ``NotImplemented`` for what is known to AWS and not simulated here, and in the words of the service for
                values that break their constraints.
        """
        given = call.parameters
        of_resource = None if call.api or call.resource is None else self.resource
        complete = not (self.partial and call.question)
        if not given and of_resource is None and not (complete and self.shape.required):
            return NOTHING
        if not call.api:
            given = self._in_awss_names(given)
            if of_resource is not None and call.resource is not None:
                said = of_resource(call.resource)
                if given.keys().isdisjoint(said):
                    given = {**said, **given}
                else:
                    given = _joined(given, said, call.resource)
        # Most calls have nothing but a few texts and numbers that are right.
        accepting = self._accepting
        for name, value in given.items():
            accepts = accepting.get(name)
            if accepts is None or not accepts(value):
                break
        else:
            if not complete or given.keys() >= self._required:
                return dict(given)
        if call.api:
            given = {name: value for name, value in given.items() if value is not None}
        reading = Reading(in_python=not call.api)
        found = reading.structure(self.shape, given, (), required=complete)
        if reading.unfit:
            unknown = _UNKNOWN.get(self.service) if reading.unknown else None
            detail = self._cure(reading, None if call.api else call.resource)
            raise ParameterError(_FAILED + "\n".join(reading.unfit), code=unknown, detail=detail)
        self._refuse_unsimulated(found)
        problems = reading.problems
        if problems and self.left:
            problems = [one for one in problems if one.place[-1] not in self.left or one.kind not in (ENUM, RANGE)]
        if problems:
            raise self.wording(self.operation, problems)
        return found

    def check_names(self, call: Call) -> None:
        """
        Check the names of what was given in Python, and nothing else: SDKs do so before they look for credentials.

        Raises:
            ParameterError: for names that the operation does not have.
        """
        members, by_any_name = self.shape.members, self._by_any_name
        reading = Reading(in_python=True)
        for name in call.parameters:
            if by_any_name.get(name, name) not in members:
                reading.unknown.append(str(name))
                reading.unfit.append(unknown_parameter((), name, members))
        if reading.unfit:
            code = _UNKNOWN.get(self.service)
            raise ParameterError(_FAILED + "\n".join(reading.unfit), code=code, detail=self._cure(reading))

    def _in_awss_names(self, given: Mapping[str, Any]) -> dict[str, Any]:
        """Return what was given in Python under AWS's names; None is what was not given."""
        members, by_any_name = self.shape.members, self._by_any_name
        found: dict[str, Any] = {}
        said: dict[str, str] = {}
        for name, value in given.items():
            aws = by_any_name.get(name, name)
            if aws in said:
                raise ParameterError(
                    f'{_FAILED}Parameter {aws} is given twice in input: "{said[aws]}" and "{name}"',
                    detail="leave one of them out",
                )
            said[aws] = name
            if value is not None or aws not in members:
                found[aws] = value.arn if isinstance(value, Role) else value
        return found

    def _refuse_unsimulated(self, found: Mapping[str, Any]) -> None:
        if self.simulated is None:
            return
        for name, value in found.items():
            if name not in self.simulated and value not in (False, "", [], {}):
                raise AwsError(
                    f"The parameter {name} of {self.operation} is known to AWS and not simulated here.",
                    code="NotImplemented",
                    status=501,
                    detail=f"simulated are: {', '.join(sorted(self.simulated)) or 'none'}",
                )

    def _cure(self, reading: Reading, resource: str | None = None) -> str:
        import difflib  # only a failed call needs it

        if not reading.unknown:
            return f"{self.service}:{self.operation} was given a value of another type"
        name = reading.unknown[0]
        if resource is not None and self.resource is not None and name in self.resource(resource):
            return (
                f"the resource {shown(resource)} says a {name}, and {self.service}:{self.operation} is about nothing that has "
                "one; give the ARN of what it is about, or none"
            )
        near = difflib.get_close_matches(name[:128], [*self.shape.members, *self.shape.by_snake_case], n=1)
        hint = f"; did you mean {shown(near[0])}?" if near else ""
        known = ", ".join(self.shape.members if self.simulated is None else sorted(self.simulated))
        return (
            f"{self.service}:{self.operation} has no parameter {shown(name)}{hint}; context keys go into context={{...}}; "
            f"known: {known}"
        )


def _joined(given: Mapping[str, Any], of_resource: Mapping[str, Any], resource: str) -> dict[str, Any]:
    for name, value in of_resource.items():
        if name in given and (not isinstance(given[name], type(value)) or given[name] != value):
            raise ParameterError(
                f"{_FAILED}Parameter {name} is given twice in input: by the resource {shown(resource)} and by name",
                detail=f"the resource says {shown(value)}, the parameter {_of_any_type(given[name])}",
            )
    return {**of_resource, **given}


@attrs.frozen(eq=False)
class Names:
    """
    Reads the parameters of an own service's operation: it passes them on, and refuses those it does not know.

    Args:
        known: the names that there are.
    """

    known: tuple[str, ...] = attrs.field(converter=tuple)

    def __call__(self, call: Call) -> Mapping[str, Any]:
        """
        Return the parameters of *call* as they are.

        Raises:
            ParameterError: for a name that is not known.
        """
        unknown = [name for name in call.parameters if name not in self.known]
        if unknown:
            raise ParameterError(
                _FAILED + "\n".join(unknown_parameter((), name, self.known) for name in unknown),
                detail=f"{call.action} has no parameter {shown(unknown[0])}; context keys go into context={{...}}",
            )
        return call.parameters

    check_names = __call__


def pass_on(call: Call) -> Mapping[str, Any]:
    """Return the parameters of *call* as they are, whatever they are."""
    return call.parameters


def unknown_parameter(place: Place, name: object, known: Iterable[str]) -> str:
    """Return boto3's words for a name that is not known."""
    return f'Unknown parameter in {in_sdk(place)}: "{shown(name)[1:-1]}", must be one of: {", ".join(known)}'


class Reading:
    """
    One pass over the parameters of one call, which collects what is wrong with them.

    Args:
        in_python: whether they were given in Python, where tags may be a dict, and managed session policies their ARNs.
    """

    __slots__ = ("in_python", "problems", "unfit", "unknown")

    def __init__(self, *, in_python: bool) -> None:
        self.in_python: bool = in_python
        self.unfit: list[str] = []
        self.unknown: list[str] = []
        self.problems: list[Problem] = []

    def value(self, shape: Shape, value: Any, place: Place) -> Any:
        """Return one value as operations take it."""
        accepts = shape.accepts
        if accepts is not None and accepts(value):
            return value
        if self.in_python:
            value = _plain_form(shape, value)
        kind = shape.type
        types, valid = _TYPES[kind]
        fits = isinstance(value, types)
        if not fits or (isinstance(value, bool) and kind != "boolean"):
            if kind == "string" and _is_document(shape) and isinstance(value, (Mapping, Policy)):
                return _copied(value)
            if shape.name == "RunInstancesUserData" and isinstance(value, (bytes, bytearray)):
                return bytes(value)
            self.unfit.append(
                f"Invalid type for parameter {in_sdk(place)}, value: {_of_any_type(value)}, type: {type(value)}, "
                f"valid types: {valid}"
            )
            return None
        if kind == "structure":
            return self.structure(shape, value, place)
        if kind == "list":
            return self.list(shape, value, place)
        if kind == "map":
            return {
                self.key(key, place): self.value(shape.value, one, (*place, str(key))) for key, one in value.items()
            }
        if kind == "blob":
            return value.encode("utf-8", "surrogatepass") if isinstance(value, str) else bytes(value)
        if kind == "timestamp":
            return self.timestamp(value, place, valid)
        if kind == "boolean":
            return value
        if isinstance(value, str):
            value = str.__str__(value)  # of a subclass, the text alone
        self.problems.extend(broken(shape, value, place))
        return value

    def structure(
        self, shape: Shape, given: Mapping[str, Any], place: Place, *, required: bool = True
    ) -> dict[str, Any]:
        """Return a structure, member by member."""
        members = shape.members
        for name in shape.required if required else ():
            if given.get(name) is None:
                self.problems.append(Problem((*place, name), None, NULL, NOT_NULL))
        found = {}
        for name, value in given.items():
            if name in members:
                found[name] = self.value(members[name], value, (*place, name))
            else:
                self.unknown.append(str(name))
                self.unfit.append(unknown_parameter(place, name, members))
        return found

    def list(self, shape: Shape, given: Sequence[Any], place: Place) -> list[Any]:
        """Return a list, item by item."""
        self.problems.extend(_outside(shape, given, len(given), place, "length"))
        member = shape.member
        if member.type in ("structure", "list", "map"):
            return [self.value(member, one, (*place, number)) for number, one in enumerate(given, 1)]
        # Of what is wrong with single values in a list AWS says that the list has members that it must not have.
        items = Reading(in_python=self.in_python)
        found = [items.value(member, one, (*place, number)) for number, one in enumerate(given, 1)]
        self.unfit.extend(items.unfit)
        if items.problems:
            constraint = f"Member must satisfy constraint: [{', '.join(constraints(member))}]"
            self.problems.append(Problem(place, found, items.problems[0].kind, constraint, items.problems[0].limits))
        return found

    def key(self, key: Any, place: Place) -> str:
        """Return a key of a map."""
        if not isinstance(key, str):
            self.unfit.append(
                f"Invalid type for parameter {in_sdk(place)} (key: {_of_any_type(key)}), value: {_of_any_type(key)}, "
                f"type: {type(key)}, valid types: <class 'str'>"
            )
        return str(key)

    def timestamp(self, value: datetime | str, place: Place, valid: str) -> datetime | None:
        """Return an instant; text as ISO 8601 writes it."""
        moment = None
        with contextlib.suppress(ValueError):
            moment = datetime.fromisoformat(value) if isinstance(value, str) else value
        if moment is None or moment.tzinfo is None:
            self.unfit.append(
                f"Invalid type for parameter {in_sdk(place)}, value: {_of_any_type(value)}, type: {type(value)}, "
                f"valid types: {valid}, with a time zone"
            )
            return None
        return moment


def _plain_form(shape: Shape, value: Any) -> Any:
    """Return what was given in Python in AWS's form: ``{"team": "red"}`` are tags, and a policy's ARN is its structure."""
    if shape.type == "list" and shape.member.type == "structure":
        members = shape.member.members
        if tuple(members) == ("Key", "Value"):
            pairs = value.items() if isinstance(value, Mapping) else value if isinstance(value, (list, tuple)) else ()
            if isinstance(value, Mapping) or (pairs and all(isinstance(one, tuple) and len(one) == 2 for one in pairs)):
                return [{"Key": key, "Value": one} for key, one in pairs]
    elif shape.type == "structure" and isinstance(value, str) and shape.name == "PolicyDescriptorType":
        return {"arn": value}
    if shape.type == "list" and isinstance(value, (set, frozenset)) and all(isinstance(one, str) for one in value):
        return sorted(value)
    return value


def _is_document(shape: Shape) -> bool:
    """Whether it is a policy, which in Python may be a dict or one of our own objects."""
    return shape.name == "Policy" or shape.name.lower().endswith("policydocumenttype")


_DEEPEST = 40


def _copied(document: Any, depth: int = 0) -> Any:
    """Return a policy that was given as a dict, as it is now; what is nested too deeply is refused by who loads it."""
    if depth < _DEEPEST and isinstance(document, Mapping):
        return {key: _copied(one, depth + 1) for key, one in document.items()}
    if depth < _DEEPEST and isinstance(document, (list, tuple)):
        return [_copied(one, depth + 1) for one in document]
    return document


def _of_any_type(value: Any) -> str:
    """Return any object in a message; what somebody else's code would have to show is named by its type."""
    if isinstance(value, (list, tuple)):
        return f"[{', '.join(map(_of_any_type, value[:8]))}]"
    if type(value) in (str, bytes, int, float, bool, type(None)):
        return shown(value, 200)[1:-1]
    return f"<{type(value).__name__}>"


# -- constraints --------------------------------------------------------------------------------------------------------


def broken(shape: Shape, value: Any, place: Place) -> list[Problem]:
    """Return the constraints that a text or a number breaks."""
    if not isinstance(value, str):
        return _outside(shape, value, value, place, "value")
    problems = _outside(shape, value, len(value), place, "length")
    if shape.enum and value not in shape.enum:
        problems.append(Problem(place, value, ENUM, _enum(shape)))
    if shape.pattern is not None and not matches(shape.pattern, value):
        problems.append(Problem(place, value, PATTERN, _pattern(shape)))
    return problems


def _outside(shape: Shape, value: Any, size: Any, place: Place, what: str) -> list[Problem]:
    least, most = shape.least, shape.most
    kind = RANGE if what == "value" else LENGTH
    if least is not None and not size >= least:
        return [Problem(place, value, kind, f"Member must have {what} greater than or equal to {least}", (least, most))]
    if most is not None and not size <= most:
        return [Problem(place, value, kind, f"Member must have {what} less than or equal to {most}", (least, most))]
    return []


def constraints(shape: Shape) -> list[str]:
    """Return all constraints of a single value, in AWS's words and order."""
    what = "value" if shape.type in ("integer", "long", "float", "double") else "length"
    found = []
    if shape.most is not None:
        found.append(f"Member must have {what} less than or equal to {shape.most}")
    if shape.least is not None:
        found.append(f"Member must have {what} greater than or equal to {shape.least}")
    if shape.enum:
        found.append(_enum(shape))
    if shape.pattern is not None:
        found.append(_pattern(shape))
    return found


def _enum(shape: Shape) -> str:
    return f"Member must satisfy enum value set: [{', '.join(shape.enum)}]"


def _pattern(shape: Shape) -> str:
    return f"Member must satisfy regular expression pattern: {shape.pattern}"
