"""
Ids, keys and digests, all derived from one seed: unique by construction, repeatable, and visibly fake.

An access key id says where it came from. It is a seeded bijection of *(slot, ordinal, delivery)*: the slot of whoever
issued it, the number of the issue there, and how it was delivered. So credentials that nobody stored can be told from
credentials that never existed, however old they are.
"""

from __future__ import annotations

import hashlib

import attrs

from ec2roles.errors import Ec2RolesError
from ec2roles.world.fixed import Fixed

SLOT_BITS = 21
ORDINAL_BITS = 22
DELIVERY_BITS = 2
_KEY_BITS = SLOT_BITS + ORDINAL_BITS + DELIVERY_BITS  # 45 = nine characters of base32
_BASE32 = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"
_VALUES = {character: value for value, character in enumerate(_BASE32)}
_MARK = "EXAMPLE"
_HEXADECIMAL = frozenset("0123456789abcdef")
# The counter is fixed for everybody else.
_set = object.__setattr__


# Two letters at a time: an access key id is made for every set of credentials that is looked at.
_PAIRS = [first + second for first in _BASE32 for second in _BASE32]


def _base32(value: int, length: int) -> str:
    text = ""
    for _ in range(length // 2):
        text = _PAIRS[value & 1023] + text
        value >>= 10
    return _BASE32[value & 31] + text if length % 2 else text


def _from_base32(text: str) -> int | None:
    value = 0
    for character in text:
        digit = _VALUES.get(character)
        if digit is None:
            return None
        value = value << 5 | digit
    return value


def fixed_id(prefix: str, text: str) -> str:
    """
    Return the unique id of something that is the same in every Cloud, such as a policy of AWS's: 21 characters.

    >>> fixed_id("ANPA", "arn:aws:iam::aws:policy/AdministratorAccess")
    'ANPACSU2Y5HMPHEXAMPLE'

    Args:
        prefix: as for `Ids.entity_id`.
        text: what the id stands for.
    """
    digest = hashlib.blake2b(text.encode(), digest_size=8, person=b"fixed id").digest()
    return f"{prefix}{_base32(int.from_bytes(digest, 'big'), 10)}{_MARK}"


@attrs.frozen
class Scramble:
    """
    A seeded bijection of the whole numbers below ``2 ** bits``.

    >>> scramble = Scramble.seeded(b"any seed", bits=45)
    >>> scramble.undo(scramble.do(12345))
    12345

    It makes neighbouring numbers look unrelated. It hides nothing: secrets are made by `Ids.digest`.
    """

    bits: int
    _rounds: tuple[tuple[int, int, int], ...]

    @classmethod
    def seeded(cls, seed: bytes, *, bits: int) -> Scramble:
        """Return the bijection that belongs to *seed*."""
        modulus = 1 << bits
        rounds = []
        for number in range(3):
            digest = hashlib.blake2b(seed, digest_size=32, person=b"scramble%d" % number).digest()
            # Odd numbers have an inverse modulo a power of two, so each round can be undone.
            factor = int.from_bytes(digest[:16], "big") % modulus | 1
            rounds.append((factor, pow(factor, -1, modulus), int.from_bytes(digest[16:], "big") % modulus))
        return cls(bits, tuple(rounds))

    def do(self, value: int) -> int:
        """Return the number that stands for *value*."""
        mask = (1 << self.bits) - 1
        half = self.bits // 2 + 1
        for factor, _, offset in self._rounds:
            value = (value * factor + offset) & mask
            value ^= value >> half
        return value

    def undo(self, value: int) -> int:
        """Return the number that *value* stands for."""
        mask = (1 << self.bits) - 1
        half = self.bits // 2 + 1
        for _, inverse, offset in reversed(self._rounds):
            value ^= value >> half
            value = (value - offset) * inverse & mask
        return value


@attrs.frozen
class IssuedKey:
    """
    What an access key id says about itself.

    Args:
        slot: who issued it.
        ordinal: the number of the issue at that issuer, from 0.
        delivery: how it was handed out, 0 to 3; the issuer gives the numbers their meaning.
    """

    slot: int
    ordinal: int
    delivery: int


@attrs.define(eq=False)
class Ids(Fixed):
    """
    Makes every id and secret of one Cloud.

    >>> ids = Ids(seed=0)
    >>> key = ids.access_key_id("ASIA", slot=3, ordinal=721, delivery=2)
    >>> len(key), key[-7:]
    (20, 'EXAMPLE')
    >>> ids.read_access_key_id(key)
    IssuedKey(slot=3, ordinal=721, delivery=2)

    Args:
        seed: any int; the same seed gives the same ids.
    """

    seed: int
    _key: bytes = attrs.field(init=False, repr=False)
    _access_keys: Scramble = attrs.field(init=False, repr=False)
    _entities: Scramble = attrs.field(init=False, repr=False)
    _resources: Scramble = attrs.field(init=False, repr=False)
    made: int = attrs.field(default=0, init=False)
    """How many ids have been made that stand for nothing but their number."""

    def __attrs_post_init__(self) -> None:
        if isinstance(self.seed, bool) or not isinstance(self.seed, int):
            raise TypeError(f"seed must be int, got {type(self.seed).__name__}")
        self._key = hashlib.blake2b(b"ec2roles seed %d" % self.seed, digest_size=32).digest()
        self._access_keys = Scramble.seeded(self._key + b"access keys", bits=_KEY_BITS)
        self._entities = Scramble.seeded(self._key + b"entities", bits=50)
        self._resources = Scramble.seeded(self._key + b"resources", bits=64)

    def unmake(self, made: int) -> None:
        """Take back all ids but the first *made*."""
        _set(self, "made", made)

    def digest(self, purpose: bytes, text: str, size: int) -> bytes:
        """
        Return *size* (at most 64) bytes that only this seed gives for *purpose* and *text*.

        Args:
            purpose: at most 16 bytes; keeps the uses apart.
            text: what the digest stands for.
            size: how many bytes, 1 to 64.
        """
        return hashlib.blake2b(text.encode(), digest_size=size, key=self._key, person=purpose).digest()

    def stream(self, purpose: bytes, text: str, size: int) -> bytes:
        """Return any number of bytes that only this seed gives for *purpose* and *text*."""
        return hashlib.shake_128(self._key + purpose + b"\0" + text.encode()).digest(size)

    def entity_id(self, prefix: str) -> str:
        """
        Return a new unique id such as a role's: 21 characters, never given twice.

        >>> Ids(seed=0).entity_id("AROA")[-7:]
        'EXAMPLE'

        Args:
            prefix: ``AROA`` role, ``AIPA`` instance profile, ``AIDA`` user, ``AGPA`` group, ``ANPA`` managed policy.
        """
        _set(self, "made", self.made + 1)
        return f"{prefix}{_base32(self._entities.do(self.made), 10)}{_MARK}"

    def resource_id(self, prefix: str, number: int | None = None) -> str:
        """
        Return a unique id of an EC2 resource: *prefix*, ``-0`` and 16 hexadecimal digits.

        >>> Ids(seed=0).resource_id("i", 7) == Ids(seed=0).resource_id("i", 7)
        True

        Args:
            prefix: ``i``, ``iip-assoc``, ``eni`` ...
            number: what the id stands for, unique among this prefix; a new number if left out.
        """
        if number is None:
            _set(self, "made", self.made + 1)
            number = self.made
        return f"{prefix}-0{self._resources.do(number):016x}"

    def read_resource_id(self, prefix: str, resource_id: str) -> int | None:
        """
        Return the number that *resource_id* stands for, or None if `resource_id` never writes such an id.

        >>> ids = Ids(seed=0)
        >>> ids.read_resource_id("i", ids.resource_id("i", 7))
        7

        Args:
            prefix: as for `resource_id`.
            resource_id: any text.
        """
        digits = resource_id.removeprefix(f"{prefix}-0")
        if len(digits) != 16 or resource_id != f"{prefix}-0{digits}" or not set(digits) <= _HEXADECIMAL:
            return None
        return self._resources.undo(int(digits, 16))

    def access_key_id(self, prefix: str, *, slot: int, ordinal: int, delivery: int = 0) -> str:
        """
        Return the access key id that stands for one issue: *prefix*, nine characters, ``EXAMPLE``.

        Args:
            prefix: ``ASIA`` for temporary credentials, ``AKIA`` for a user's own.
            slot: who issues it.
            ordinal: the number of the issue there.
            delivery: 0 to 3.

        Raises:
            Ec2RolesError: if a number does not fit: 2,097,152 issuers, 4,194,304 issues each.
        """
        if slot >> SLOT_BITS or ordinal >> ORDINAL_BITS or delivery >> DELIVERY_BITS:
            raise Ec2RolesError(
                f"out of access key ids: slot '{slot}' of {1 << SLOT_BITS}, issue '{ordinal}' of {1 << ORDINAL_BITS}; "
                "what has issued so many can issue no more: use another instance, user or Cloud"
            )
        number = (slot << ORDINAL_BITS | ordinal) << DELIVERY_BITS | delivery
        return f"{prefix}{_base32(self._access_keys.do(number), 9)}{_MARK}"

    def read_access_key_id(self, access_key_id: str) -> IssuedKey | None:
        """Return what *access_key_id* stands for, or None if no simulation could have written it."""
        if len(access_key_id) != 20 or not access_key_id.endswith(_MARK):
            return None
        value = _from_base32(access_key_id[4:13])
        if value is None:
            return None
        number = self._access_keys.undo(value)
        issue, delivery = number >> DELIVERY_BITS, number & (1 << DELIVERY_BITS) - 1
        return IssuedKey(issue >> ORDINAL_BITS, issue & (1 << ORDINAL_BITS) - 1, delivery)
