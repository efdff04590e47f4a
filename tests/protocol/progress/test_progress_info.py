"""What a callback is told of a transfer."""

from __future__ import annotations

from dataclasses import FrozenInstanceError
from typing import Any

import pytest

from ocinb.protocol import endpoints
from ocinb.protocol.endpoints import Endpoint
from ocinb.protocol.events import (
    BytesMoved,
    Event,
    Mounted,
    RequestStarted,
    ResponseReceived,
    Skipped,
    Verified,
)
from ocinb.protocol.fields.headers import Headers
from ocinb.protocol.messages import Request, Step
from ocinb.protocol.progress.progress_info import Calls, ProgressInfo
from tests.protocol.transfers import ONE, PLAN, TWO, fetched, started


def told(*events: Event) -> list[ProgressInfo]:
    heard: list[ProgressInfo] = []
    observer = Calls(heard.append)
    for event in events:
        observer(event)
    return heard


def test_a_callback_hears_of_every_piece():
    heard = told(
        PLAN, *fetched(1, ONE, 400), started(2, TWO, "PUT"), BytesMoved(2, "up", 7, 3_000),
        Verified(ONE.digest, 1_000), Verified(TWO.digest, 3_000),
    )  # fmt: skip
    assert heard == [
        ProgressInfo("layer", 0, 2, 400, 0, 1_000),
        ProgressInfo("uploading", 1, 2, 0, 7, 3_000),
        ProgressInfo("layer", 0, 2, 1_000, 0, 1_000),
        ProgressInfo("uploading", 1, 2, 0, 3_000, 3_000),
    ]


def test_what_need_not_move_is_told_as_whole():
    assert told(PLAN, Skipped(ONE.digest, 1_000), Mounted(TWO.digest, 3_000, "other")) == [
        ProgressInfo("layer", 0, 2, 1_000, 0, 1_000),
        ProgressInfo("config", 1, 2, 3_000, 0, 3_000),
    ]


def of_a_manifest(number: int, endpoint: Endpoint) -> RequestStarted:
    step = Step("a manifest", Request(endpoint.method, "/v2/a/manifests/v1"), endpoint)
    return RequestStarted(number, step, endpoint.method, "http://r/x", Headers(), None)


def test_manifests_are_told_of_too_and_have_no_place_among_the_layers():
    assert told(
        of_a_manifest(1, endpoints.GET_MANIFEST), ResponseReceived(1, 200, Headers()),
        BytesMoved(1, "down", 300, None), BytesMoved(1, "down", 500, 500), PLAN,
        of_a_manifest(2, endpoints.PUT_MANIFEST), BytesMoved(2, "up", 500, 500),
    ) == [
        ProgressInfo("manifest", None, 0, 300, 0, None),
        ProgressInfo("manifest", None, 0, 500, 0, 500),
        ProgressInfo("uploading", None, 2, 0, 500, 500),
    ]  # fmt: skip


def test_refusals_and_what_nobody_planned_are_not_told():
    assert told(
        of_a_manifest(1, endpoints.GET_MANIFEST), ResponseReceived(1, 401, Headers()),
        BytesMoved(1, "down", 50, 50), of_a_manifest(2, endpoints.HEAD_MANIFEST),
        BytesMoved(2, "down", 50, 50), *fetched(3, ONE, 400), Verified(TWO.digest, 3_000),
    ) == []  # fmt: skip


def test_what_is_told_is_a_value():
    info: Any = ProgressInfo("layer", 0, 1, 0, 0, None)
    with pytest.raises(FrozenInstanceError):
        info.phase = "config"
