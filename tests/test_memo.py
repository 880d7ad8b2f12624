"""What is remembered for the whole process is bounded by bytes, and nobody sees it."""

from __future__ import annotations

import ast
import importlib
import pkgutil
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

import ec2roles
from ec2roles.memo import Memo
from ec2roles.policy import PermissionPolicy, PolicySet, Request, evaluate, load_policy

CALLER = "arn:aws:iam::123456789012:user/alice"
SOURCE = Path(ec2roles.__file__).parent
# Of numbers, with results of a few bytes; and of what stands in the data files that belong to the library.
SMALL = {"_http_date", "_table", "_time_texts", "load", "_compiled"}


def memos() -> dict[str, Memo[object, object]]:
    """Every memo of the library."""
    modules = [
        importlib.import_module(module.name)
        for module in pkgutil.walk_packages(ec2roles.__path__, "ec2roles.")
        if "adapters" not in module.name and "__main__" not in module.name
    ]
    return {name: value for module in modules for name, value in vars(module).items() if isinstance(value, Memo)}


def test_what_modules_remember_is_a_memo() -> None:
    """No function has a cache of its own, but for those without arguments, whose one result is data of the library."""
    others = []
    for path in SOURCE.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            for decorator in getattr(node, "decorator_list", []):
                name = ast.unparse(decorator).split("(")[0].rpartition(".")[2]
                if isinstance(node, ast.FunctionDef) and name in ("lru_cache", "cache") and node.args.args:
                    others.append(node.name)

    assert sorted(set(others) - SMALL) == []
    assert set(others) >= {"_http_date"}
    assert len(memos()) >= 8


def test_policies_of_megabytes_leave_no_megabytes_behind() -> None:
    """Each of its own action, resource, condition and pattern, and asked about what is as long."""
    for number in range(12):
        long = f"{number}" * 400_000
        policy = PermissionPolicy.allow(
            [f"s3:{long}*", f"s3:G?t{long}", "s3:G*t"],
            resource=[f"arn:aws:s3:::{long}*x", f"arn:aws:s3:::?{long}?*"],
            condition={"StringLike": {"aws:UserAgent": [f"{long}*", f"?{long}"]}},
        )
        agent = {"aws:UserAgent": f"x{long}", "aws:CurrentTime": long, "aws:SourceIp": long}
        assert evaluate(Request(CALLER, "s3:GetObject", f"arn:aws:s3:::a{long}b", context=agent), PolicySet([policy]))

    assert sum(memo.held for memo in memos().values()) < 48 << 20
    assert sum(memo._most for memo in memos().values()) < 48 << 20
    assert all(memo.held <= memo._most for memo in memos().values())


@given(texts=st.lists(st.text(max_size=200), max_size=60), most=st.integers(300, 3000))
def test_a_memo_answers_as_its_function_does_and_stays_in_its_bounds(texts: list[str], most: int) -> None:
    memo = Memo(str.upper, most=most, times=2)
    for text in texts:
        assert memo[text] == text.upper()
        assert memo.held <= most
        assert memo.held >= 250 * len(memo)


def test_what_a_function_raises_is_not_remembered() -> None:
    memo: Memo[str, int] = Memo(int, most=1000)
    for _ in range(2):
        with pytest.raises(ValueError, match="invalid literal"):
            memo["x"]
    assert (len(memo), memo.held) == (0, 0)


def test_what_is_larger_than_all_that_may_be_remembered_is_not() -> None:
    memo = Memo(len, most=1000)
    assert memo["x" * 5000] == 5000
    assert memo["x"] == 1
    assert list(memo) == ["x"]


def test_a_policy_that_is_loaded_again_is_not_read_again() -> None:
    text = '{"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": "s3:*", "Resource": "*"}}'

    assert load_policy(text).statements is load_policy(text).statements
