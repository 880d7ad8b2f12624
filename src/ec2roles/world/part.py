"""What lives in a Cloud cannot be copied on its own."""

from __future__ import annotations

from typing import Any, NoReturn

from ec2roles.world.fixed import Fixed


class Part(Fixed):
    """
    Something that lives in a Cloud, with the others: copying it alone would leave its copy in two worlds.

    >>> import copy
    >>> from ec2roles import Account
    >>> copy.deepcopy(Account())
    Traceback (most recent call last):
        ...
    TypeError: an Account is part of a Cloud and is not copied by itself: account.fork() makes a copy that lives on by itself, cloud.snapshot() one that may leave the process
    """

    __slots__ = ()

    def __copy__(self) -> NoReturn:
        raise self._refusal()

    def __deepcopy__(self, memo: dict[int, Any]) -> NoReturn:
        raise self._refusal()

    def __reduce_ex__(self, protocol: object) -> NoReturn:
        raise self._refusal()

    def _refusal(self) -> TypeError:
        return TypeError(
            f"{self._noun()} is part of a Cloud and is not copied by itself: account.fork() makes a copy that lives on by "
            "itself, cloud.snapshot() one that may leave the process"
        )
