"""Signatures: published vectors, and the receiver's code as docs/webhooks.md has it."""

import hashlib
import hmac
import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.notify.domain.signature import signature

PAGE = Path(__file__).parents[3] / "docs" / "webhooks.md"
SECRET = b"0123456789abcdef0123456789abcdef"
NOW = 1_767_225_600
BODY = '{"id":"1","texts":{"zh-CN":{"title":"积分"}}}'.encode()


def published(language: str) -> str:
    block = re.search(rf"(?ms)^```{language}\n(.*?)^```", PAGE.read_text("utf-8"))
    assert block
    return block[1]


@pytest.fixture(scope="module")
def verify() -> Callable[..., bool]:
    """The very code that receivers are given."""
    names: dict[str, Any] = {}
    exec(published("python"), names)  # noqa: S102
    found: Callable[..., bool] = names["is_from_jifen"]
    return found


def test_the_published_vectors_hold(verify: Callable[..., bool]) -> None:
    for vector in json.loads(published("json")):
        secret, body = vector["secret"].encode(), vector["body"].encode()
        assert signature(secret, vector["timestamp"], body) == vector["signature"]
        assert verify(secret, vector["signature"], body, now=vector["timestamp"])


def test_a_signature_is_the_hmac_of_time_and_body() -> None:
    expected = hmac.new(SECRET, f"{NOW}.".encode() + BODY, hashlib.sha256).hexdigest()
    assert signature(SECRET, NOW, BODY) == f"t={NOW},v1={expected}"


@pytest.mark.parametrize("shift", [-299, 0, 299])
def test_a_receivers_clock_may_differ_a_little(verify: Callable[..., bool], shift: int) -> None:
    assert verify(SECRET, signature(SECRET, NOW, BODY), BODY, now=NOW + shift)


def test_what_is_not_ours_is_refused(verify: Callable[..., bool]) -> None:
    good = signature(SECRET, NOW, BODY)
    for secret, header, body, now in (
        (SECRET, good, BODY + b" ", NOW),
        (SECRET[::-1], good, BODY, NOW),
        (SECRET, good, BODY, NOW + 301),
        (SECRET, good, BODY, NOW - 301),
        (SECRET, good.replace(f"t={NOW}", f"t={NOW + 1}"), BODY, NOW),
        (SECRET, good.replace("v1=", "v0="), BODY, NOW),
        (SECRET, "", BODY, NOW),
        (SECRET, "t=,v1=", BODY, NOW),
        (SECRET, f"t={NOW}", BODY, NOW),
        (SECRET, "v1=" + good.split("v1=")[1], BODY, NOW),
        (SECRET, "t=1e9,v1=é", BODY, NOW),
    ):
        assert not verify(secret, header, body, now=now)


def test_a_second_secret_may_sign_as_well(verify: Callable[..., bool]) -> None:
    other = signature(b"x" * 32, NOW, BODY).split(",")[1]
    assert verify(SECRET, f"{signature(SECRET, NOW, BODY)},{other}", BODY, now=NOW)
    assert verify(b"x" * 32, f"{signature(SECRET, NOW, BODY)},{other}", BODY, now=NOW)


@given(header=st.text(max_size=200))
def test_whatever_a_header_is_the_receiver_answers(header: str) -> None:
    names: dict[str, Any] = {}
    exec(published("python"), names)  # noqa: S102
    assert names["is_from_jifen"](SECRET, header, BODY, now=NOW) is False
