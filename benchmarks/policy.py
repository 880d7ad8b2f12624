"""
What a decision costs, beside moto, cedarpy and a hand-made lower bound: ``python benchmarks/policy.py``.

Every measurement runs in a process of its own, forked from this one, so nothing is warm that should be cold; the sides
take turns, and each figure is the median of the rounds. "First pass" is the first time that each request is seen, all
lazy preparation included; "second pass" is the same requests again, each a new `Request`. A side that is not installed
is left out with a word. Every answer is compared with the lower bound's: a wrong answer is worth nothing, however fast.

    python benchmarks/policy.py --only typical many --rounds 7
"""

from __future__ import annotations

import argparse
import gc
import json
import os
import pickle
import statistics
import sys
import time
import tracemalloc
from collections.abc import Callable
from typing import Any, NamedTuple

import hostile
import peers
import workloads
from peers import Side
from workloads import Workload

from ec2roles.policy import PolicySet, Request, evaluate, load_policy

PARTS = ("small", "typical", "many", "large", "scale", "others", "hostile")
# How many requests the slow sides get of a workload; what they need for one does not depend on it.
MOST = {("cedarpy", "typical"): 600, ("cedarpy", "many"): 300, ("moto", "many"): 1000, ("moto", "large"): 1500}
SLOW = ("moto", "cedarpy")


class Goal(NamedTuple):
    """What a figure has to reach: at least so much, or at most."""

    word: str
    value: float

    def reached(self, figure: float) -> bool:
        """Return whether *figure* is good enough."""
        return figure >= self.value if self.word == "at least" else figure <= self.value


def least(value: float) -> Goal:
    """Return the goal of at least so much."""
    return Goal("at least", value)


def most(value: float) -> Goal:
    """Return the goal of at most so much."""
    return Goal("at most", value)


class Passes(NamedTuple):
    """Microseconds for one decision in the first and second pass, and the answers."""

    first: float
    second: float
    answers: list[bool]


def apart(work: Callable[[], Any]) -> Any:
    """Return what *work* returns, done in a forked process: it starts with the caches as they are here, that is cold."""
    receive, send = os.pipe()
    child = os.fork()
    if child == 0:
        code = 1
        try:
            with os.fdopen(send, "wb") as out:
                pickle.dump(work(), out)
            code = 0
        finally:
            os._exit(code)
    os.close(send)
    with os.fdopen(receive, "rb") as back:
        data = back.read()
    _, status = os.waitpid(child, 0)
    if status:
        raise SystemExit("a measurement failed; see above")
    return pickle.loads(data)


def passes(side: Side, workload: Workload) -> Passes:
    """Ask everything twice with the clock running, and once more for the answers."""
    asks = workload.asks[: MOST.get((side.name, workload.name))]
    ready = [(one.role, side.ready(one)) for one in asks]
    loaded = {role: side.load(documents) for role, documents in workload.roles.items()}
    pairs = [(loaded[role], one) for role, one in ready]
    ask, seconds = side.ask, []
    gc.collect()
    gc.freeze()  # what is loaded is not to be looked through again while the clock runs
    for _ in range(2):
        begun = time.perf_counter()
        for policies, one in pairs:
            ask(policies, one)
        seconds.append((time.perf_counter() - begun) / len(pairs) * 1e6)
    return Passes(seconds[0], seconds[1], [side.allowed(ask(policies, one)) for policies, one in pairs])


class Table:
    """Prints the rows as they come, and counts those over their goal."""

    def __init__(self) -> None:
        self.over = 0

    def title(self, text: str) -> None:
        """Print a heading."""
        print(f"\n{text}", flush=True)

    def row(
        self, what: str, value: str, figure: float | None = None, goal: Goal | None = None, unit: str = "x"
    ) -> None:
        """Print one line, with *figure* held against its *goal*."""
        found = "" if figure is None else f"{figure:,.2f} {unit}" if figure < 100 else f"{figure:,.0f} {unit}"
        good = goal is None or figure is None or goal.reached(figure)
        self.over += not good
        verdict = "" if goal is None else f"{goal.word} {goal.value:,g} {unit}".ljust(22) + ("ok" if good else "OVER")
        print(f"  {what:<46}{value:>16}{found:>14}   {verdict}".rstrip(), flush=True)


def microseconds(value: float) -> str:
    """Return a time as the table has it."""
    return f"{value:,.2f} us" if value < 100 else f"{value:,.0f} us"


def compare(table: Table, workload: Workload, rounds: int, goals: dict[tuple[str, int], Goal]) -> dict[str, Passes]:
    """Print the rows of one workload: our two passes, and beside them the passes of every other side that is there."""
    sides = [one for one in (peers.ours(), peers.lb3(), peers.moto(), peers.cedarpy(workload)) if one is not None]
    if workload.name == "large":
        sides = [one for one in sides if one.name != "cedarpy"]  # it takes minutes, and has no goal there
    found: dict[str, list[Passes]] = {side.name: [] for side in sides}
    for number in range(rounds):
        for side in sides:
            if number < 3 or side.name not in SLOW:
                found[side.name].append(apart(lambda side=side: passes(side, workload)))  # type: ignore[misc]
    medians = {
        name: Passes(
            statistics.median(x.first for x in all_), statistics.median(x.second for x in all_), all_[0].answers
        )
        for name, all_ in found.items()
    }
    table.title(
        f"{workload.name}: {len(workload.roles):,} role(s), {workload.statements:,} statements, {len(workload.asks):,} requests"
    )
    own = medians["ec2roles"]
    for index, label in enumerate(("first pass", "second pass")):
        table.row(f"{label}, a decision", microseconds(own[index]))  # type: ignore[arg-type]
        for name, other in medians.items():
            if name == "ec2roles":
                continue
            theirs: float = other[index]  # type: ignore[assignment]
            mine: float = own[index]  # type: ignore[assignment]
            ratio = mine / theirs if name == "lb3" else theirs / mine
            word = f"{label}, time / that of lb3" if name == "lb3" else f"{label}, times faster than {name}"
            table.row("  " + word, microseconds(theirs), ratio, goals.get((name, index)))
    for name, other in medians.items():
        if name != "ec2roles":
            agreed = sum(a == b for a, b in zip(own.answers, other.answers, strict=False))
            share = agreed / len(other.answers) * 100
            goal = least(100) if name == "lb3" else None
            table.row(f"same answer as {name}", f"{agreed:,}/{len(other.answers):,}", share, goal, "%")
    allowed = sum(own.answers) / len(own.answers) * 100
    table.row("share of allows", f"{allowed:.0f} %")
    return medians


# -- the rows that are about us alone -----------------------------------------------------------------------------------


def loading(table: Table, workload: Workload, rounds: int) -> None:
    """Print what it takes to load and hold every policy of *workload*."""
    documents = [document for own in workload.roles.values() for document in own]
    texts = [json.dumps(document) for document in documents]

    def timed(sources: list[Any]) -> float:
        gc.collect()
        gc.freeze()
        begun = time.perf_counter()
        kept = [load_policy(source) for source in sources]
        return (time.perf_counter() - begun) / workload.statements * 1e6 if kept else 0.0

    def size() -> float:
        # From texts, so that no string of ours is one of the caller's.
        tracemalloc.start()
        kept = [load_policy(text) for text in texts]
        gc.collect()
        return tracemalloc.get_traced_memory()[0] / workload.statements if kept else 0.0

    for word, sources in (("dicts", documents), ("JSON text", texts)):
        value = statistics.median(apart(lambda sources=sources: timed(sources)) for _ in range(rounds))  # type: ignore[misc]
        table.row(f"load and validate from {word}, a statement", "", value, most(25), "us")
    table.row("memory, a statement", "", apart(size), most(1500), "B")


def raw(table: Table, rounds: int) -> None:
    """Print what one decision costs from the raw dict: load, combine, decide."""
    [(_, [document])], one = workloads.small().roles.items(), workloads.small().asks[0]
    moto = peers.moto()

    def mine(times: int) -> float:
        begun = time.perf_counter()
        for _ in range(times):
            evaluate(
                Request(one.context["aws:PrincipalArn"], one.action, one.resource, context=one.context),
                PolicySet([document]),
            )
        return (time.perf_counter() - begun) / times * 1e6

    def theirs(side: Side, times: int) -> float:
        begun = time.perf_counter()
        for _ in range(times):
            side.ask(side.load([document]), one)
        return (time.perf_counter() - begun) / times * 1e6

    def unseen(times: int) -> float:
        fresh = [json.loads(json.dumps(document).replace("S1", f"S{number}")) for number in range(times)]
        begun = time.perf_counter()
        for each in fresh:
            evaluate(
                Request(one.context["aws:PrincipalArn"], one.action, one.resource, context=one.context),
                PolicySet([each]),
            )
        return (time.perf_counter() - begun) / times * 1e6

    found: dict[str, list[float]] = {"again": [], "unseen": [], "moto": []}
    for _ in range(rounds):
        found["again"].append(apart(lambda: mine(2000)))
        found["unseen"].append(apart(lambda: unseen(2000)))
        if moto is not None:
            found["moto"].append(apart(lambda: theirs(moto, 2000)))
    again, first = statistics.median(found["again"]), statistics.median(found["unseen"])
    table.row("from a raw dict: load and decide", microseconds(again))
    if moto is not None:
        other = statistics.median(found["moto"])
        table.row("  times faster than moto", microseconds(other), other / again, least(2))
        table.row("  every document another, never seen before", microseconds(first), other / first)


def warm(workload: Workload) -> float:
    """Return the microseconds of the second pass."""
    return passes(peers.ours(), workload).second


def growth(table: Table, rounds: int) -> None:
    """Print what a decision costs when the role has more statements."""
    sizes = [workloads.scale(size) for size in (20, 100, 500, 2000)]
    found: dict[str, list[float]] = {one.name: [] for one in sizes}
    for _ in range(rounds):
        for one in sizes:
            found[one.name].append(apart(lambda one=one: warm(one)))  # type: ignore[misc]
    table.title("growth: one role, 20 to 2,000 statements, second pass")
    medians = {name: statistics.median(values) for name, values in found.items()}
    for name, value in medians.items():
        ratio = value / medians["scale 20"]
        goal = most(3) if name == "scale 2000" else None
        table.row(f"{name.split()[1]} statements, times those of 20", microseconds(value), ratio, goal)


def others(table: Table, rounds: int) -> None:
    """Print what statements of services nobody asks about cost."""
    table.title("2,000 statements of other services added to typical")
    plain = workloads.typical()
    more = workloads.with_others(plain, 2000)
    both: list[tuple[float, float]] = [(apart(lambda: warm(plain)), apart(lambda: warm(more))) for _ in range(rounds)]
    before, after = (statistics.median(column) for column in zip(*both, strict=True))
    table.row("second pass without", microseconds(before))
    table.row("second pass with, times that", microseconds(after), after / before, most(1.1))


def bad_input(table: Table, rounds: int) -> None:
    """Print how long the worst inputs take."""
    table.title("bad input: an answer or a clear error")
    for case in hostile.CASES:

        def timed(case: hostile.Case = case) -> tuple[float, str]:
            run = case.prepare()
            gc.collect()
            gc.freeze()
            begun = time.perf_counter()
            answer = run()
            return (time.perf_counter() - begun) * 1e3, answer

        found = [apart(timed) for _ in range(min(rounds, 5))]
        table.row(case.name, found[0][1][:15], statistics.median(one[0] for one in found), most(case.limit), "ms")


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").strip().splitlines()[0])
    parser.add_argument(
        "--rounds", type=int, default=5, help="of each side, in turn; slow sides get 3 (default: %(default)s)"
    )
    parser.add_argument("--only", nargs="+", choices=PARTS, default=PARTS, metavar="PART", help=", ".join(PARTS))
    chosen = parser.parse_args()
    rounds, table = chosen.rounds, Table()
    missing = [
        name
        for name, side in (
            ("lb3", peers.lb3()),
            ("moto", peers.moto()),
            ("cedarpy", peers.cedarpy(Workload("", {}, []))),
        )
        if side is None
    ]
    if missing:
        print(f"not here, and left out: {', '.join(missing)}")
    print(f"medians of {rounds} rounds; Python {sys.version.split()[0]}")
    if "small" in chosen.only:
        compare(table, workloads.small(), rounds, {("moto", 1): least(2)})
        raw(table, rounds)
    if "typical" in chosen.only:
        goals = {("moto", 0): least(10), ("cedarpy", 0): least(20), ("lb3", 0): most(3.5), ("lb3", 1): most(2.5)}
        compare(table, workloads.typical(), rounds, goals)
    if "many" in chosen.only:
        goals = {("moto", 0): least(10), ("moto", 1): least(100), ("cedarpy", 1): least(1000)}
        compare(table, workloads.many(), rounds, goals)
    if "large" in chosen.only:
        large = workloads.large()
        compare(table, large, min(rounds, 3), {("moto", 0): least(6)})
        loading(table, large, min(rounds, 3))
    if "scale" in chosen.only:
        growth(table, rounds)
    if "others" in chosen.only:
        others(table, rounds)
    if "hostile" in chosen.only:
        bad_input(table, rounds)
    print(f"\n{table.over} over their goal" if table.over else "\nall within their goals")


if __name__ == "__main__":
    main()
