"""P-17: time that passes in pieces is the same time."""

from __future__ import annotations

from random import Random

import pytest

from helpers.state import lines_of
from model.operations import run
from model.pair import Pair, instant
from model.reference import HOUR


class InPieces(Pair):
    """A pair whose clock never moves far at once; an instant may be split off, and nothing may pass too."""

    def __init__(self) -> None:
        super().__init__()
        self.pieces = Random(17)
        self.moves = 0

    def advance(self, microseconds: int) -> None:
        while microseconds:
            part = min(microseconds, self.pieces.choice([0, 1, 1 + self.pieces.randrange(microseconds)]))
            super().advance(part)
            microseconds -= part
            self.moves += 1


@pytest.mark.parametrize("seed", range(3))
def test_p17_time_that_passes_in_pieces_comes_to_the_same(seed: int) -> None:
    """All that is stored is the same in the end, and the whole history is, and so is all that was seen on the way."""
    whole, pieces = run(seed, 40), run(seed, 40, InPieces())

    assert pieces.moves > 40
    assert pieces.compared == whole.compared
    assert lines_of(pieces.account) == lines_of(whole.account)
    assert list(pieces.owner) == list(whole.owner)
    since = instant(max(0, whole.model.now - 48 * HOUR))  # what is derived is derived the same
    assert repr(list(pieces.account.history.events(since=since))) == repr(
        list(whole.account.history.events(since=since))
    )
