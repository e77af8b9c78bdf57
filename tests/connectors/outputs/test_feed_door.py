"""Who may come in."""

from __future__ import annotations

import http

import pytest
from websockets.datastructures import Headers
from websockets.http11 import Request

from connectors.outputs.feed_door import answer, may_enter, path_of, refuse


@pytest.mark.parametrize(
    ("path", "headers", "may"),
    [
        ("/?token=s3cret", {}, True),
        ("/?a=1&token=s3cret", {}, True),
        ("/?token=s3cre", {}, False),
        ("/?token=", {}, False),
        ("/", {}, False),
        ("/", {"Authorization": "Bearer s3cret"}, True),
        ("/", {"Authorization": "Bearer é"}, False),
    ],
)
def test_the_token_opens_the_door_in_the_address_or_a_header(path: str, headers: dict[str, str], may: bool) -> None:
    assert may_enter(Request(path, Headers(headers)), "s3cret") is may


def test_without_a_token_anyone_may_enter() -> None:
    assert may_enter(Request("/", Headers()), "")


def test_the_path_has_no_query() -> None:
    assert path_of(Request("/metrics?token=x", Headers())) == "/metrics"


def test_an_answer_is_whole() -> None:
    refused = refuse(http.HTTPStatus.NOT_FOUND, "nothing here")
    assert (refused.status_code, refused.body) == (404, b"nothing here\n")
    assert answer(http.HTTPStatus.OK, b"{}").headers["Content-Length"] == "2"
