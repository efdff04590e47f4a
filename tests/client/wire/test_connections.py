"""Connections: what is trusted, what goes by a proxy, and a registry in this process (K-30)."""

from __future__ import annotations

import logging
import ssl
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from ocinb.client.wire.connections import InProcess
from ocinb.client.wire.transport import Transport
from ocinb.errors import (
    InvalidContent,
    NotSupported,
    TransferError,
    TruncatedBody,
    UntrustedServer,
)
from ocinb.protocol.messages import Request, Response
from tests.client.exchanges import QUICK, Kept, Pieces, get
from tests.client.scripted import CERTIFICATE, ScriptedServer, answer, tls_context
from tests.client.traces import told


def test_a_url_is_sent_byte_for_byte(line: Transport):
    """L-5: `_state` and signatures break when anything is tidied."""
    target = "/v2/a/../b/%7Euploads/x?_state=a%2Fb%2fc==&sig=A+b%20;c|d&&="
    with ScriptedServer(answer(202)) as server:
        line.exchange(Request("PATCH", f"{server.url}{target}"))
        assert server.requests[0].line == f"PATCH {target} HTTP/1.1"


# TLS


def test_a_certificate_given_as_ca_is_trusted(tmp_path: Path):
    (tmp_path / "ca.pem").write_text(CERTIFICATE)
    line = Transport(ca=tmp_path / "ca.pem")
    with ScriptedServer(answer(200), tls=True) as server:
        assert line.exchange(get(f"{server.url}/v2/")).status == 200
        line.close()


def test_the_environment_may_name_certificates(tmp_path: Path, monkeypatch):
    """K-30."""
    (tmp_path / "ca.pem").write_text(CERTIFICATE)
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "ca.pem"))
    line = Transport()
    with ScriptedServer(answer(200), tls=True) as server:
        assert line.exchange(get(f"{server.url}/v2/")).status == 200
        line.close()


def test_insecure_holds_for_the_registry_s_own_host_only():
    """K-30."""
    line = Transport(own="elsewhere.example", insecure=True)
    with ScriptedServer(answer(200), tls=True) as server, pytest.raises(UntrustedServer):
        line.exchange(get(f"{server.url}/v2/"))
    line.close()


def test_a_file_without_certificates_is_named(tmp_path: Path):
    (tmp_path / "ca.pem").write_text("nothing")
    with pytest.raises(InvalidContent, match=r"ca\.pem"):
        Transport(ca=tmp_path / "ca.pem").exchange(get("https://127.0.0.1:1/"))


def test_a_name_is_checked_though_another_address_is_connected_to(tmp_path: Path):
    """K-3: the address is pinned, the certificate is still the name's."""
    (tmp_path / "ca.pem").write_text(CERTIFICATE)
    line = Transport(ca=tmp_path / "ca.pem", timeouts=QUICK)
    with ScriptedServer(answer(200), tls=True) as server:
        named = get(f"https://localhost:{server.port}/v2/")
        assert line.exchange(named, address="127.0.0.1").status == 200
        assert server.requests[0].headers["host"] == f"localhost:{server.port}"
        wrong = get(f"https://registry.example:{server.port}/v2/")
        with pytest.raises(UntrustedServer, match=r"registry\.example"):
            line.exchange(wrong, address="127.0.0.1")
        line.close()
    assert tls_context().verify_mode is ssl.CERT_NONE


# Proxies


def test_requests_go_through_the_proxy_and_loopback_does_not(line: Transport, monkeypatch):
    with ScriptedServer(answer(200, b"by proxy")) as proxy, ScriptedServer(answer(200)) as server:
        monkeypatch.setenv("HTTP_PROXY", proxy.url)
        assert line.exchange(get("http://registry.example/v2/")).body == b"by proxy"
        assert proxy.requests[0].line == "GET http://registry.example/v2/ HTTP/1.1"
        assert line.exchange(get(f"{server.url}/v2/")).body == b""
        assert len(proxy.requests) == 1


# In process


def test_a_registry_in_this_process_streams_both_ways():
    heard: list[str] = []

    def handle(request: Request) -> Response:
        heard.append(
            f"{request.method} {request.url} {request.body.size} {request.headers['host']}"
        )
        up = iter(request.body)
        first = next(up)

        class Echo:
            size = None

            def __iter__(self) -> Iterator[bytes]:
                yield first
                for piece in up:
                    heard.append("read late")
                    yield piece

        return Response(200, {"A": "b"}, stream=Echo())

    line, sink = Transport(handle=handle), Kept()
    response = line.exchange(
        Request("PUT", "http://school/v2/x?a=b/../c", body=Pieces(b"one", b"two"), sink=sink)
    )
    assert heard == ["PUT /v2/x?a=b/../c 6 school", "read late"]
    assert (response.headers["a"], bytes(sink.content)) == ("b", b"onetwo")


def test_httpx_can_talk_to_a_registry_in_this_process_too():
    def handle(request: Request) -> Response:
        return Response(200, {"Content-Type": "text/plain"}, b"".join(request.body) + b"!")

    with httpx.Client(transport=InProcess(handle), base_url="http://school") as client:
        response = client.put("/v2/", content=b"hello")
        assert (response.text, response.headers["content-length"]) == ("hello!", "6")
        assert client.head("/v2/").content == b""


def test_a_registry_in_this_process_that_stops_half_way_is_truncated_too():
    def handle(request: Request) -> Response:
        return Response(200, {"Content-Length": "10"}, b"12345")

    with pytest.raises(TruncatedBody, match="after 5 of 10"):
        Transport(handle=handle).exchange(get("http://school/x"))


@pytest.mark.parametrize(
    "proxy",
    ["http://ada:canary@proxy.example:port", "foo://ada:canary@proxy.example", "http://ada:canary\1@h",
     "socks9://ada:canary@proxy.example:1"],
)  # fmt: skip
def test_a_proxy_that_cannot_be_used_is_said_without_its_password(monkeypatch, proxy: str):
    """K-20, K-30."""
    monkeypatch.setenv("HTTP_PROXY", proxy)
    with pytest.raises(NotSupported, match="HTTP_PROXY") as caught:
        Transport().exchange(get("http://ghcr.io/v2/"))
    assert "canary" not in told(caught.value)


def test_what_the_library_logs_of_an_answer_holds_no_headers(caplog, line: Transport):
    """K-20: what signs a redirect, an upload's state, cookies."""
    caplog.set_level(logging.DEBUG)
    secret = ["Location: /x?_state=canary", "Set-Cookie: canary"]
    with ScriptedServer(answer(202, b"", *secret), answer(202, b"", *secret, "X: \0")) as server:
        line.exchange(get(f"{server.url}/v2/"))
        with pytest.raises(TransferError):
            line.exchange(get(f"{server.url}/v2/"))
    assert "receive_response_headers.complete" in caplog.text
    assert "canary" not in caplog.text


def test_what_the_library_logs_for_others_is_left_alone(caplog):
    caplog.set_level(logging.DEBUG)
    with ScriptedServer(answer(200, b"", "X-Theirs: theirs")) as server:
        httpx.get(server.url, trust_env=False)
    assert "X-Theirs" in caplog.text
