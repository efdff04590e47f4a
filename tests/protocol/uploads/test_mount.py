"""Taking a blob over from another repository: asked for nicely, and never relied upon."""

from __future__ import annotations

import pytest

from ocinb.errors import AuthenticationError, Denied, DigestMismatch, Unreachable
from ocinb.oci.descriptor import Descriptor
from ocinb.oci.digest import Digest
from ocinb.oci.image import Blob, Image
from ocinb.oci.media_types import LAYER
from ocinb.protocol import endpoints
from ocinb.protocol.events import Event, Mounted, Planned, Verified
from ocinb.protocol.messages import Response
from ocinb.protocol.push import push, push_blob
from ocinb.protocol.stepper import Stepper
from ocinb.protocol.uploads.mount import ANYWHERE
from tests.protocol.scripted import HOME, answers, refusal, run

BLOB = Blob.of(b"layer", LAYER)
ASKED = (f"HEAD /v2/demo/blobs/{BLOB.digest}", 404)
MOUNT = f"POST /v2/demo/blobs/uploads/?mount={BLOB.digest}&from=demo/base"
OPEN = "POST /v2/demo/blobs/uploads/"


def session(number: int) -> Response:
    return Response(202, {"Location": f"/v2/demo/blobs/uploads/{number}"})


def put(number: int) -> str:
    return f"PUT {HOME}/v2/demo/blobs/uploads/{number}?digest={BLOB.digest}"


def mounting(heard: list[Event] | None = None):
    announce = (lambda _: None) if heard is None else heard.append
    return push_blob("demo", BLOB, announce, mount_from="demo/base")


def test_C25_a_blob_that_another_repository_has_is_not_sent():
    heard = list[Event]()
    send = answers(ASKED, (MOUNT, 201))
    stepper = Stepper(mounting(heard), send)
    assert stepper.finish() == "mounted"
    assert heard == [Mounted(BLOB.digest, 5, "demo/base")]
    assert stepper.taken[1].step.endpoint is endpoints.MOUNT_BLOB
    assert send.asked[1].body.size == 0


def test_C25_the_registry_may_find_out_by_itself_where_the_blob_is():
    """end-11 without `from`."""
    heard = list[Event]()
    anywhere = f"POST /v2/demo/blobs/uploads/?mount={BLOB.digest}"
    pushing = push_blob("demo", BLOB, heard.append, mount_from=ANYWHERE)
    assert run(pushing, ASKED, (anywhere, 201)) == "mounted"
    assert heard == [Mounted(BLOB.digest, 5, "")]


def test_C25_a_blob_that_is_here_already_is_not_mounted():
    assert run(mounting(), (ASKED[0], 200)) == "existed"


def test_U8_no_token_for_the_other_repository_is_no_reason_not_to_send_it():
    no_token = AuthenticationError(403, "DENIED", "no token for repository:demo/base:pull")
    lines = ASKED, (MOUNT, no_token), (OPEN, session(7)), (put(7), 201)
    assert run(mounting(), *lines) == "uploaded"


def test_F1_a_mount_without_an_answer_still_waits():
    send = answers(ASKED, (MOUNT, Unreachable("no connection")), (MOUNT, 201))
    stepper = Stepper(mounting(), send)
    with pytest.raises(Unreachable):
        stepper.finish()
    assert stepper.waiting is not None
    assert stepper.waiting.endpoint is endpoints.MOUNT_BLOB
    assert stepper.finish() == "mounted"


def test_C25_an_upload_offered_instead_is_used():
    heard = list[Event]()
    assert run(mounting(heard), ASKED, (MOUNT, session(7)), (put(7), 201)) == "uploaded"
    assert heard == [Verified(BLOB.digest, 5)]


@pytest.mark.parametrize(
    "answer",
    [200, 204, 400, 401, 403, 404, 405, 500, Response(202), Response(202, {"Location": ""})],
)
def test_U8_whatever_else_is_said_of_mounting_the_blob_is_sent(answer):
    """A-5: also where the token was for one of the two repositories only."""
    lines = ASKED, (MOUNT, answer), (OPEN, session(1)), (put(1), 201)
    assert run(mounting(), *lines) == "uploaded"


def test_U8_what_is_wrong_altogether_is_still_an_error():
    assert refusal(Denied, mounting(), ASKED, (MOUNT, 403), (OPEN, 403)).method == "POST"


def test_U9_an_upload_offered_that_is_none_is_opened_anew():
    lines = (
        ASKED, (MOUNT, session(7)), (put(7), 404), (OPEN, session(8)), (put(8), 201),
    )  # fmt: skip
    assert run(mounting(), *lines) == "uploaded"


def test_C25_a_registry_that_mounts_another_blob_is_found_out():
    wrong = Response(201, {"Docker-Content-Digest": str(Digest.of(b"other"))})
    refusal(DigestMismatch, mounting(), ASKED, (MOUNT, wrong))
    right = Response(201, {"Docker-Content-Digest": str(Digest.of(b"layer", "sha512"))})
    assert run(mounting(), ASKED, (MOUNT, right)) == "mounted"


def test_C17_the_upload_that_may_come_of_it_knows_the_algorithm():
    descriptor = Descriptor(LAYER, Digest.of(b"layer", "sha512"), 5)
    blob = Blob(descriptor, lambda: [b"layer"])
    lines = (
        (f"HEAD /v2/demo/blobs/{blob.digest}", 404),
        (f"{OPEN}?mount={blob.digest}&from=a/b&digest-algorithm=sha512", 201),
    )
    assert run(push_blob("demo", blob, mount_from="a/b"), *lines) == "mounted"


def test_a_push_mounts_each_blob_and_says_so():
    image = Image.of(BLOB, [BLOB])
    heard = list[Event]()
    lines = ASKED, (MOUNT, 201), ("PUT /v2/demo/manifests/v1", 201)
    pushed = run(push("demo", image, ["v1"], heard.append, mount_from="demo/base"), *lines)
    assert pushed.blobs == ((BLOB.descriptor, "mounted"),)
    assert heard == [Planned((BLOB.descriptor,)), Mounted(BLOB.digest, 5, "demo/base")]
