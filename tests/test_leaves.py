"""The leaves that know nothing of AWS's services: clock, timeline, ids, ARNs, secrets."""

from __future__ import annotations

import copy
import pickle
from datetime import date, datetime, timedelta, timezone, tzinfo
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ec2roles import ManualClock, SystemClock, Timekeeper
from ec2roles.arns import Arn, check_account_id, shown
from ec2roles.errors import ArnError, ClockError, Ec2RolesError, NaiveDatetimeError
from ec2roles.instants import EPOCH, from_microseconds, iso, iso_exact, to_microseconds, to_utc
from ec2roles.secret import Secret
from ec2roles.world.ids import DELIVERY_BITS, ORDINAL_BITS, SLOT_BITS, Ids, IssuedKey, Scramble
from ec2roles.world.timeline import FIRST, LAST, Timeline

UTC = timezone.utc
START = datetime(2026, 1, 1, tzinfo=UTC)
LAST_DAY = datetime(9999, 12, 31, tzinfo=UTC)


class Shows:
    """A foreign clock that shows what it is told."""

    def __init__(self, when: Any) -> None:
        self.when = when

    def now(self) -> Any:
        return self.when


class Patched(datetime):
    """The kind of datetime that time-patching libraries make."""


# -- the clock ----------------------------------------------------------------------------------------------------------


def test_a_manual_clock_stands_still_until_it_is_moved() -> None:
    """Nothing but advance and move_to changes what it shows."""
    clock = ManualClock()

    assert clock.now() == clock.now() == START
    assert clock.advance(timedelta(hours=1), minutes=30) == clock.now() == START + timedelta(minutes=90)
    assert clock.move_to(START + timedelta(days=1)) == clock.now() == START + timedelta(days=1)
    assert clock.advance() == START + timedelta(days=1)


@pytest.mark.parametrize(
    ("args", "units", "says"),
    [
        ((timedelta(microseconds=-1),), {}, "cannot move the clock back"),
        ((timedelta(hours=1),), {"hours": -2}, "cannot move the clock back"),
        ((), {"seconds": -1}, "cannot move the clock back"),
        ((), {"days": -(10**9)}, "cannot move the clock back"),
        ((), {"hours": True}, "must be a finite number"),
        ((), {"hours": float("nan")}, "must be a finite number"),
        ((), {"hours": float("inf")}, "must be a finite number"),
        ((), {"hours": "6"}, "must be a finite number"),
        ((), {"hours": None}, "must be a finite number"),
        ((), {"hours": Fraction(1, 2)}, "must be a finite number"),
        ((-1,), {}, "must be a timedelta"),
        ((True,), {}, "must be a timedelta"),
        ((float("nan"),), {}, "must be a timedelta"),
        ((), {"days": 3_000_000}, "past the year 9999"),
        ((), {"days": 10**400}, "past the year 9999"),
        ((), {"microseconds": 10**400}, "past the year 9999"),
        ((timedelta.max,), {}, "past the year 9999"),
    ],
)
def test_a_bad_step_is_refused_and_moves_nothing(args: Any, units: Any, says: str) -> None:
    """Backwards, past the year 9999, or no number."""
    clock = ManualClock()
    with pytest.raises(ClockError, match=says):
        clock.advance(*args, **units)

    assert clock.now() == START


@pytest.mark.parametrize("when", [START - timedelta(microseconds=1), datetime(1, 1, 1, tzinfo=UTC)])
def test_a_clock_is_not_set_back(when: datetime) -> None:
    """Not even by a microsecond, and the message shows it."""
    clock = ManualClock()
    with pytest.raises(ClockError, match="cannot move the clock back") as caught:
        clock.move_to(when)

    assert iso_exact(when) in str(caught.value)
    assert clock.now() == START


@given(st.integers(0, 10**12), st.integers(0, 10**12))
def test_two_steps_are_one(first: int, second: int) -> None:
    """advance(a); advance(b) is advance(a + b)."""
    twice, once = ManualClock(), ManualClock()
    twice.advance(microseconds=first)
    twice.advance(timedelta(microseconds=second))

    assert twice.now() == once.advance(timedelta(microseconds=first + second))


class NoOffset(tzinfo):
    """A time zone that does not know its offset."""

    def utcoffset(self, when: datetime | None) -> None:
        return None


@pytest.mark.parametrize("tz", [None, NoOffset()])
def test_a_datetime_without_a_time_zone_is_refused(tz: tzinfo | None) -> None:
    """Everywhere, with the cure."""
    naive = datetime(2026, 1, 1, tzinfo=tz)
    for call in (lambda: ManualClock(naive), lambda: ManualClock().move_to(naive), lambda: Timekeeper().as_of(naive)):
        with pytest.raises(NaiveDatetimeError, match=r"has no time zone; use datetime\.timezone\.utc"):
            call()
    with pytest.raises(NaiveDatetimeError, match=r"'clock.now\(\)' has no time zone"):
        Timekeeper(Shows(naive)).now()


@pytest.mark.parametrize("value", [None, 0, "2026-01-01T00:00:00Z", date(2026, 1, 1), START.time()])
def test_what_is_no_datetime_is_refused(value: Any) -> None:
    """Text is never parsed as a time."""
    for call in (lambda: ManualClock().move_to(value), lambda: Timekeeper(Shows(value)).instant()):
        with pytest.raises(TypeError, match="must be a datetime"):
            call()


def test_datetimes_become_plain_ones_in_utc() -> None:
    """Other zones and other classes of datetime do not get in."""
    ahead = timezone(timedelta(hours=5, minutes=45))
    for value in (datetime(2026, 1, 1, 5, 45, tzinfo=ahead), Patched(2026, 1, 1, tzinfo=UTC)):
        got = to_utc(value)
        assert got == START
        assert type(got) is datetime
        assert got.tzinfo is UTC


@pytest.mark.parametrize(
    "value",
    [
        datetime(9999, 12, 31, 23, 59, tzinfo=timezone(timedelta(hours=-1))),
        datetime(1, 1, 1, tzinfo=timezone(timedelta(hours=1))),
    ],
)
def test_a_datetime_that_leaves_the_years_in_utc_is_refused(value: datetime) -> None:
    """As a ClockError, not as Python's OverflowError."""
    with pytest.raises(ClockError, match="past the year 9999 or before the year 1"):
        to_utc(value)


@pytest.mark.parametrize("microseconds", [10**18, -(10**17), 253_402_300_800_000_000])
def test_microseconds_outside_of_the_years_are_refused(microseconds: int) -> None:
    """As a ClockError, not as Python's OverflowError."""
    with pytest.raises(ClockError, match="past the year 9999"):
        from_microseconds(microseconds)


@given(st.datetimes(timezones=st.just(UTC)))
def test_microseconds_and_datetimes_are_the_same(when: datetime) -> None:
    """There and back, and written to the second as Python writes it."""
    assert from_microseconds(to_microseconds(when)) == when
    assert iso(when) == when.replace(microsecond=0).isoformat().replace("+00:00", "Z")
    assert datetime.fromisoformat(iso_exact(when)) == when


def test_the_system_clock_never_goes_back(monkeypatch: pytest.MonkeyPatch) -> None:
    """A machine that is set back a little does not stop the simulation."""

    class Machine(datetime):
        shows = START

        @classmethod
        def now(cls, tz: Any = None) -> datetime:
            return cls.shows

    monkeypatch.setattr("ec2roles.world.clock.datetime", Machine)
    clock = SystemClock()
    assert clock.now() == START
    Machine.shows = START - timedelta(seconds=1)
    assert clock.now() == START
    Machine.shows = START + timedelta(seconds=1)
    assert clock.now() == START + timedelta(seconds=1)


# -- the timekeeper -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("clock", [5, "now", object()])
def test_a_clock_must_have_now(clock: Any) -> None:
    """Anything else is refused when the world is made, and not at the first call."""
    with pytest.raises(TypeError, match=r"a clock must have a method now\(\)"):
        Timekeeper(clock)


@pytest.mark.parametrize("seed", [True, 1.0, "1", None, b"1"])
def test_a_seed_is_an_int(seed: Any) -> None:
    """No other type is turned into one."""
    with pytest.raises(TypeError, match="seed must be int"):
        Timekeeper(seed=seed)


@pytest.mark.parametrize("remember", [1, "day", True])
def test_remember_is_a_timedelta(remember: Any) -> None:
    """No other type is turned into one."""
    with pytest.raises(TypeError, match="remember must be a timedelta"):
        Timekeeper(remember=remember)


@pytest.mark.parametrize("remember", [timedelta(0), timedelta(hours=23), timedelta(days=-2)])
def test_a_day_is_the_least_that_is_remembered(remember: timedelta) -> None:
    """The life of credentials must lie within it."""
    with pytest.raises(ClockError, match="at least a day"):
        Timekeeper(remember=remember)


def test_writes_at_one_instant_have_an_order() -> None:
    """Each gets the next one, whatever it is about."""
    time = Timekeeper()
    positions = [time.write("PutRolePolicy", name, account_id="123456789012") for name in "abc"]

    assert positions == sorted(set(positions))
    assert {instant for instant, _ in positions} == {to_microseconds(START)}
    assert [change.subject for change in time.changes] == ["a", "b", "c"]


def test_a_write_earlier_than_the_last_is_refused_and_leaves_no_trace() -> None:
    """A foreign clock that goes back stops the writing, not the reading."""
    clock = Shows(START)
    time = Timekeeper(clock)
    time.write("CreateRole", "a", account_id="123456789012")
    clock.when = START - timedelta(microseconds=1)
    with pytest.raises(ClockError, match=r"the clock went back: it shows 2025-12-31T23:59:59\.999999Z"):
        time.write("CreateRole", "b", account_id="123456789012")

    assert [change.subject for change in time.changes] == ["a"]
    assert time.as_of(None) == (to_microseconds(clock.when), LAST)
    clock.when = START
    assert time.write("CreateRole", "c", account_id="123456789012")[1] == 2


def test_the_future_cannot_be_asked_about() -> None:
    """Not a microsecond of it."""
    time = Timekeeper()
    assert time.as_of(START) == (to_microseconds(START), LAST)
    with pytest.raises(ClockError, match="'at' is in the future"):
        time.as_of(START + timedelta(microseconds=1))


def test_what_is_not_remembered_cannot_be_asked_about() -> None:
    """The last remembered instant can, the one before it raises."""
    time = Timekeeper(remember=timedelta(days=2))
    clock: Any = time.clock
    clock.advance(days=10)
    assert time.as_of(START + timedelta(days=8))
    with pytest.raises(ClockError, match="further back than this Cloud remembers"):
        time.as_of(START + timedelta(days=8) - timedelta(microseconds=1))


def test_changes_are_forgotten_with_the_rest() -> None:
    """A Cloud that remembers two days does not grow for ever."""
    time = Timekeeper(remember=timedelta(days=2))
    clock: Any = time.clock
    for _ in range(30):
        time.write("TagRole", "a", account_id="123456789012")
        clock.advance(days=1)

    assert len(time.changes) == 5


def test_objects_of_two_timekeepers_do_not_mix() -> None:
    """The message says what to do."""
    time = Timekeeper()
    time.require_same(time, "this")
    with pytest.raises(Ec2RolesError, match="role 'x' belongs to another Timekeeper"):
        time.require_same(Timekeeper(), "role 'x'")


# -- timelines ----------------------------------------------------------------------------------------------------------


@given(st.lists(st.integers(0, 5), min_size=1, max_size=20), st.integers(-1, 6))
def test_a_timeline_answers_as_a_list_of_writes_does(instants: list[int], asked: int) -> None:
    """The value at a position is that of the last write up to it; FIRST sees none of an instant's writes, LAST all."""
    writes = [((instant, order), order) for order, instant in enumerate(sorted(instants), 1)]
    timeline = Timeline(*writes[0])
    for position, value in writes[1:]:
        timeline.write(position, value)

    for position in [(asked, FIRST), (asked, LAST), *[position for position, _ in writes]]:
        seen = [value for written, value in writes if written <= position]
        assert timeline.at(position) == (seen[-1] if seen else None)
    assert timeline.last == writes[-1][1]
    assert list(timeline.spans()) == writes
    assert (timeline.first_position, timeline.last_position) == (writes[0][0], writes[-1][0])


@pytest.mark.parametrize("position", [(1, 1), (1, 2), (0, 9)])
def test_a_timeline_is_only_written_at_its_end(position: tuple[int, int]) -> None:
    """A write before or at the last one raises and changes nothing."""
    timeline = Timeline((1, 2), "a")
    with pytest.raises(ClockError, match="cannot follow"):
        timeline.write(position, "b")

    assert list(timeline.spans()) == [((1, 2), "a")]


def test_a_timeline_forgets_only_what_was_replaced_before() -> None:
    """What was in force at the instant from which to keep stays."""
    timeline = Timeline((0, 1), "a")
    timeline.write((10, 2), "b")
    timeline.write((20, 3), "c")
    timeline.write((30, 4), "d", keep_from=15)

    assert [value for _, value in timeline.spans()] == ["b", "c", "d"]
    assert timeline.at((15, LAST)) == "b"
    assert timeline.at((9, LAST)) is None


def test_a_copied_timeline_has_a_future_of_its_own() -> None:
    """Instances of one launch share one until they differ."""
    timeline = Timeline((0, 1), "a")
    twin = timeline.copy()
    twin.write((0, 2), "b")

    assert (timeline.last, twin.last, twin.at((0, 1))) == ("a", "b", "a")


# -- ids ----------------------------------------------------------------------------------------------------------------


@given(
    st.integers(),
    st.integers(0, (1 << SLOT_BITS) - 1),
    st.integers(0, (1 << ORDINAL_BITS) - 1),
    st.integers(0, (1 << DELIVERY_BITS) - 1),
)
def test_an_access_key_id_says_where_it_came_from(seed: int, slot: int, ordinal: int, delivery: int) -> None:
    """It is a bijection, so every id is unique and can be inverted."""
    ids = Ids(seed)
    key = ids.access_key_id("ASIA", slot=slot, ordinal=ordinal, delivery=delivery)

    assert len(key) == 20
    assert key.startswith("ASIA")
    assert key.endswith("EXAMPLE")
    assert ids.read_access_key_id(key) == IssuedKey(slot, ordinal, delivery)


@given(st.integers(), st.integers(1, 64), st.data())
def test_a_scramble_is_a_bijection(seed: int, bits: int, data: st.DataObject) -> None:
    """Undo undoes do, whatever the width."""
    scramble = Scramble.seeded(str(seed).encode()[:32], bits=bits)
    value = data.draw(st.integers(0, (1 << bits) - 1))

    assert 0 <= scramble.do(value) < 1 << bits
    assert scramble.undo(scramble.do(value)) == scramble.do(scramble.undo(value)) == value


@pytest.mark.parametrize(
    "numbers",
    [
        {"slot": 1 << SLOT_BITS, "ordinal": 0},
        {"slot": 0, "ordinal": 1 << ORDINAL_BITS},
        {"slot": 0, "ordinal": 0, "delivery": 1 << DELIVERY_BITS},
        {"slot": -1, "ordinal": 0},
        {"slot": 0, "ordinal": -1},
    ],
)
def test_a_number_that_does_not_fit_into_a_key_is_refused(numbers: dict[str, int]) -> None:
    """It would be another issue's id."""
    with pytest.raises(Ec2RolesError, match="out of access key ids"):
        Ids(0).access_key_id("ASIA", **numbers)


@pytest.mark.parametrize(
    "text", ["", "ASIA", "x" * 20, "ASIAAAAAAAAAAEXAMPL", "ASIAaaaaaaaaaEXAMPLE", "ASIA10891089AEXAMPLE", "é" * 20]
)
def test_what_no_simulation_writes_is_no_key(text: str) -> None:
    """Another length, another alphabet, another ending."""
    assert Ids(0).read_access_key_id(text) is None


def test_ids_are_never_given_twice() -> None:
    """Of one prefix or of several, and each is as long as AWS's."""
    ids = Ids(0)
    made = [ids.entity_id(prefix) for _ in range(500) for prefix in ("AROA", "AIPA", "AIDA", "ANPA")]
    made += [ids.resource_id("i") for _ in range(500)]

    assert len(set(made)) == len(made)
    assert {len(one) for one in made} == {21, 19}
    assert all(one.endswith("EXAMPLE") for one in made[:2000])


def test_a_seed_decides_all_ids_and_secrets() -> None:
    """The same again for the same seed, others for another, negative and huge ones too."""

    def world(seed: int) -> tuple[Any, ...]:
        ids = Ids(seed)
        return (
            ids.entity_id("AROA"),
            ids.resource_id("i"),
            ids.access_key_id("ASIA", slot=1, ordinal=2, delivery=1),
            ids.digest(b"secret key", "x", 24),
            ids.stream(b"session token", "x", 100),
        )

    seeds = [0, 1, -1, 2**64, -(2**200)]
    for seed in seeds:
        assert world(seed) == world(seed)
    for things in zip(*map(world, seeds), strict=True):
        assert len(set(things)) == len(seeds)


# -- ARNs ---------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "text",
    [
        "arn:aws:iam::123456789012:role/service/App",
        "arn:aws:s3:::photos/a:b:c",
        "arn:aws-cn:ec2:cn-north-1:123456789012:instance/i-0123456789abcdef0",
        "arn:aws:iam::aws:policy/AmazonS3ReadOnlyAccess",
    ],
)
def test_an_arn_is_written_as_it_was_read(text: str) -> None:
    """Colons in the resource are part of it."""
    assert str(Arn.parse(text)) == text


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("arn:aws:s3:photos", "ARN needs 6 parts"),
        ("", "ARN needs 6 parts"),
        ("nra:aws:iam::123456789012:role/x", "ARN needs 6 parts"),
        ("arn:awz:iam::123456789012:role/x", "unknown partition 'awz'"),
        ("arn:aws:iam::12345:role/x", "account must be 12 digits, got '12345'"),
        ("arn:aws:iam::١٢٣٤٥٦٧٨٩٠١٢:role/x", "account must be 12 digits"),
        ("arn:aws:iam::123456789012:", "empty service or resource"),
        ("arn:aws:::123456789012:role/x", "empty service or resource"),
    ],
)
def test_what_is_no_arn_is_refused(text: str, says: str) -> None:
    """With what is wrong about it."""
    with pytest.raises(ArnError, match=says):
        Arn.parse(text)


def test_an_account_id_is_text() -> None:
    """An int has lost its leading zeros."""
    assert check_account_id("000000000012") == "000000000012"
    with pytest.raises(TypeError, match="leading zeros are lost in int"):
        check_account_id(12)
    for wrong in ("12345", "1234567890123", "12345678901x", "", "123456789012\n"):
        with pytest.raises(ArnError, match="account must be 12 digits"):
            check_account_id(wrong)


def test_a_shown_value_is_short_and_harmless() -> None:
    """Terminal escapes and line ends do not get into messages."""
    assert shown("\x1b[31mred\n") == r"'\x1b[31mred\n'"
    assert len(shown("x" * 10_000)) < 100


# -- secrets ------------------------------------------------------------------------------------------------------------


def test_a_secret_compares_only_with_a_secret() -> None:
    """With its text it is never equal, so a test that forgot reveal() fails."""
    assert Secret("a") == Secret("a") != Secret("b")
    assert Secret("a") != "a"
    assert Secret("\ud800") == Secret("\ud800")
    assert len({Secret("a"), Secret("a"), Secret("b")}) == 2


def test_a_secret_is_copied_and_not_pickled() -> None:
    """A copy is the same object; a pickle would be plain text on a disk."""
    secret = Secret("a")

    assert copy.copy(secret) is copy.deepcopy(secret) is secret
    for protocol in range(pickle.HIGHEST_PROTOCOL + 1):
        with pytest.raises(TypeError, match="refusing to pickle a Secret"):
            pickle.dumps(secret, protocol)


@pytest.mark.parametrize("value", [None, 5, b"a", ["a"]])
def test_a_secret_is_text(value: Any) -> None:
    """And the message does not show what was given."""
    with pytest.raises(TypeError, match=rf"a secret must be str, got {type(value).__name__}$"):
        Secret(value)


def test_the_epoch_is_that_of_unix() -> None:
    """Microseconds are counted from 1970."""
    assert to_microseconds(EPOCH) == 0
