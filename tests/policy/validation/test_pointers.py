"""Where our messages say something stands, it stands: JSON pointers, whatever the keys are called."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import ec2roles
from ec2roles.errors import PolicyError
from ec2roles.pointers import below
from ec2roles.policy import PolicySet, Request, evaluate, lint, load_policy

KEYS = st.text(st.sampled_from("aB:/~01 ."), min_size=1, max_size=8)
TRUST = {"Effect": "Allow", "Action": "sts:AssumeRole"}
ALL = {"Effect": "Allow", "Action": "*", "Resource": "*"}


def found_at(document: Any, pointer: str) -> Any:
    """Return what stands at a JSON pointer, read as RFC 6901 says."""
    for step in pointer.split("/")[1:]:
        key = step.replace("~1", "/").replace("~0", "~")
        document = document[int(key)] if isinstance(document, list) else document[key]
    return document


def refused(statement: dict[str, Any], kind: str = "identity") -> tuple[Any, str]:
    """Return the document of a statement that must be refused, and the pointer in the message."""
    document = {"Version": "2012-10-17", "Statement": [statement]}
    with pytest.raises(PolicyError) as caught:
        load_policy(document, kind)
    assert caught.value.detail is not None
    return document, caught.value.detail.rpartition(" at ")[2]


@given(st.lists(st.one_of(KEYS, st.integers(0, 3)), max_size=4))
def test_a_pointer_leads_to_where_it_was_made_for(steps: list[str | int]) -> None:
    document: Any = "here"
    for step in reversed(steps):
        document = {step: document} if isinstance(step, str) else [None] * step + [document]
    assert found_at(document, below("", *steps)) == "here"


@given(KEYS)
def test_a_message_leads_to_the_value_that_is_wrong(key: str) -> None:
    """A date, a value that is none, an operator's block, a principal of an unknown type."""
    for block in ({"DateLessThan": {key: "soon"}}, {"Bool": {key: None}}, {"Bool": {"a": "true", key: [{}]}}):
        document, pointer = refused({**ALL, "Condition": block})
        assert found_at(document, pointer) == list(next(iter(block.values())).values())[-1]  # type: ignore[attr-defined]
    document, pointer = refused({**ALL, "Condition": {key: "no object"}})
    assert found_at(document, pointer) == "no object"
    document, pointer = refused({**TRUST, "Principal": {key: "x"}}, "trust")
    assert found_at(document, pointer) == "x"


@given(KEYS)
def test_advice_and_explanations_lead_there_too(key: str) -> None:
    document = {"Version": "2012-10-17", "Statement": [{**ALL, "Condition": {"NumericLessThan": {key: "ten"}}}]}
    policy = load_policy(document)
    (warning,) = [one for one in lint(policy) if one.code == "value"]
    assert found_at(document, warning.pointer) == "ten"
    decision = evaluate(Request("arn:aws:iam::123456789012:user/a", "s3:GetObject"), PolicySet([policy]))
    assert found_at(document, decision.layers[0].findings[0].failed[0].pointer) == "ten"


def test_one_function_writes_them() -> None:
    """No other module escapes the characters that pointers need escaped."""
    source = Path(ec2roles.__file__).parent
    writers = [path.name for path in sorted(source.rglob("*.py")) if re.search(r"~[01]", path.read_text("utf-8"))]
    assert writers == ["pointers.py"]
