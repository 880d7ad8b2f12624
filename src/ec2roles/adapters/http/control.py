"""What a teacher does from outside while a world is served: move its clock, attach and detach profiles. Guarded by a token."""

from __future__ import annotations

import hmac
import json
from collections.abc import Mapping
from datetime import timedelta
from typing import Any
from urllib.parse import parse_qsl

import attrs

from ec2roles.account import Account
from ec2roles.adapters.http.wsgi import HttpAnswer, HttpRequest
from ec2roles.ec2.instance import Instance
from ec2roles.errors import Ec2RolesError, UnsupportedError
from ec2roles.instants import iso, read_instant
from ec2roles.world.clock import Clock, ManualClock

PREFIX = "/_ec2roles/"
TOKEN_HEADER = "x-ec2roles-token"
_MOST_BYTES = 4096
_CALENDAR = ("years", "months")
_UNITS = ("days", "hours", "minutes", "seconds")
_TAKES = {
    "advance": {*_UNITS, *_CALENDAR, "to"},
    "attach": {"instance", "profile"},
    "detach": {"instance"},
    "state": set[str](),
}


@attrs.frozen(eq=False)
class ControlEndpoint:
    """
    Answers ``POST /_ec2roles/...`` to whoever has the token: ``advance``, ``attach``, ``detach`` and ``state``.

    Args:
        account: what it controls.
        token: has to come in the header ``X-Ec2roles-Token``.
    """

    account: Account[Clock]
    token: str = attrs.field(repr=False)

    def claims(self, request: HttpRequest) -> bool:
        """Return whether the path is one of these."""
        return request.path.startswith(PREFIX)

    def answer(self, request: HttpRequest) -> HttpAnswer:
        """Do what was asked, and answer the state after it as JSON."""
        given = request.headers.get(TOKEN_HEADER, "")
        if not hmac.compare_digest(given.encode("utf-8", "replace"), self.token.encode()):
            return _answer(403, {"error": "the header X-Ec2roles-Token is missing or wrong"})
        if request.method != "POST":
            return _answer(405, {"error": "only POST"})
        body = request.read(_MOST_BYTES)
        if body is None:
            return _answer(400, {"error": "the form is too long"})
        form = dict(parse_qsl(request.query)) | dict(parse_qsl(body.decode("utf-8", "replace")))
        try:
            self._do(request.path.removeprefix(PREFIX), form)
        except (Ec2RolesError, TypeError) as error:
            return _answer(400, {"error": str(error)})
        instances = {
            one.instance_id: None if one.profile is None else one.profile.name
            for one in self.account.instances.values()
        }
        return _answer(200, {"now": iso(self.account.time.now()), "instances": instances})

    def _do(self, what: str, form: Mapping[str, str]) -> None:
        if what not in _TAKES:
            raise UnsupportedError(f"no '{what[:64]}'; there are: {', '.join(sorted(_TAKES))}")
        unknown = set(form) - _TAKES[what]
        if unknown:
            takes = ", ".join(sorted(_TAKES[what])) or "nothing"
            raise UnsupportedError(f"'{what}' takes {takes}, not '{min(unknown)[:64]}'")
        if what == "advance":
            clock = self.account.clock
            if not isinstance(clock, ManualClock):
                raise UnsupportedError("the clock is not manual: start with --clock manual")
            if "to" not in form:
                clock.advance(_delta(form), **{unit: _whole(form, unit) for unit in _CALENDAR})
            elif len(form) > 1:
                raise UnsupportedError("give 'to', or how far the clock is moved, not both")
            else:
                clock.move_to(read_instant(form["to"], "to"))
        elif what == "attach":
            instance = self._instance(form)
            profile = form.get("profile", "")
            if instance.profile is None:
                instance.attach(profile)
            else:
                instance.replace(profile)
        elif what == "detach":
            self._instance(form).detach()

    def _instance(self, form: Mapping[str, str]) -> Instance:
        name = form.get("instance") or next(iter(self.account.instances), "")
        return self.account.instances[name]


def _delta(form: Mapping[str, str]) -> timedelta:
    """
    How far the clock is moved: ``hours=6&minutes=5``.

    Raises:
        UnsupportedError: for what is no number, or more than a century.
    """
    total = timedelta(0)
    for unit in _UNITS:
        total += timedelta(**{unit: _whole(form, unit)})
    if total > timedelta(days=36_500):
        raise UnsupportedError("that is more than a century")
    return total


def _whole(form: Mapping[str, str], unit: str) -> int:
    text = form.get(unit, "0")
    if not (text.isascii() and text.isdecimal() and len(text) < 10):
        raise UnsupportedError(f"'{unit}' must be a whole number, got '{text[:64]}'")
    return int(text)


def _answer(status: int, said: Mapping[str, Any]) -> HttpAnswer:
    return HttpAnswer(status, json.dumps(said).encode() + b"\n", [("Content-Type", "application/json")])
