"""A long random history as a program: ``python script.py STEPS SEED`` prints a digest of all it showed.

It is run in processes with other hash seeds, folders, time zones and locales, which must make no difference.
"""

from __future__ import annotations

import hashlib
import json
import sys
from random import Random

from model.operations import OPERATIONS, WEIGHTS, begin
from model.pair import LIST, Pair, instant


def digest(steps: int, seed: int) -> str:
    """Return the SHA-256 of the event log, and of every id, key, message and explanation that came up."""
    random, found = Random(seed), hashlib.sha256()

    def show(*things: object) -> None:
        found.update("\n".join(map(str, things)).encode())

    for _ in range(steps // EACH):
        pair = Pair()
        begin(pair, random)
        for _ in range(EACH):
            OPERATIONS[random.choices(list(OPERATIONS), list(WEIGHTS.values()))[0]](pair, random)
            credentials, _origin = random.choice(pair.held)
            answer = pair.account.call(LIST, credentials=credentials)
            show(credentials.access_key_id, answer.error, answer.decision and answer.decision.explain())
        for thing in (*pair.roles, *pair.users, *pair.managed, *pair.profiles, *pair.instances):
            show(repr(thing), thing.arn, getattr(thing, "trust", None))
        for instance in pair.instances:
            show(instance.metadata.get("/latest/meta-data/iam/info").body, instance.association_id)
        recently = instant(max(0, pair.model.now - 10**12))
        for event in pair.account.history.events(since=recently):
            show(repr(event))
        show(json.dumps(pair.account.history.to_cloudtrail(since=recently, data_events=True), default=repr))
    return found.hexdigest()


EACH = 100

if __name__ == "__main__":
    print(digest(int(sys.argv[1]), int(sys.argv[2])))
