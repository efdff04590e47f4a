"""What a person reads of a copy."""

from __future__ import annotations

from ocinb.client.repository import Repository
from ocinb.display import faces
from ocinb.protocol.events import Event, Planned
from ocinb.registry import sample
from ocinb.registry.app import LocalRegistry


def test_a_copy_calls_an_image_an_image_and_an_artifact_by_its_type():
    source = Repository("demo/app", registry=sample.school())
    image = source["latest"]["linux/amd64"]
    source.push_referrer(b"{}", "application/spdx+json", image.digest)
    target = Repository("demo/app", registry=LocalRegistry())
    for value in (target.plan_copy(image, recursive=True), target.copy(image, recursive=True)):
        said, html = faces.text(value), faces.html(value)
        (asked,) = [line for line in said.splitlines() if "asked for" in line]
        (refers,) = [line for line in said.splitlines() if "refers to it" in line]
        assert "image manifest" in asked
        assert "SBOM, SPDX" in refers
        assert "image config" not in f"{asked}{refers}"
        assert html.count(">image manifest<") == 1


def test_a_plan_does_not_say_that_what_it_plans_is_done():
    source = Repository("demo/app", registry=sample.school())
    target = Repository("demo/app", registry=LocalRegistry())
    told: list[Event] = []
    with target.registry.watched_by(told.append):
        plan = target.plan_copy(source["latest"])
    assert plan.bytes_sent
    assert not [each for each in told if isinstance(each, Planned)]
