"""The network: what is trusted, and what goes by a proxy (K-30)."""

from __future__ import annotations

import base64
import contextlib
import socket
import ssl
from pathlib import Path

import pytest

from ocinb.client.wire.transport import Transport
from ocinb.errors import InvalidContent, NotSupported, TransferError, Unreachable, UntrustedServer
from ocinb.protocol.messages import Request
from tests.client.exchanges import QUICK, get
from tests.client.scripted import CERTIFICATE, Close, Part, ScriptedServer, answer, tls_context
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


def test_what_the_proxy_wants_to_see_goes_to_the_proxy_only(line: Transport, monkeypatch):
    """K-20."""
    with ScriptedServer(answer(200)) as proxy:
        monkeypatch.setenv("HTTP_PROXY", f"http://ada:s%3Acret@127.0.0.1:{proxy.port}")
        line.exchange(get("http://registry.example/v2/"))
        basic = base64.b64encode(b"ada:s:cret").decode()
        assert proxy.requests[0].headers["proxy-authorization"] == f"Basic {basic}"
        assert proxy.requests[0].headers["host"] == "registry.example"
        monkeypatch.setenv("NO_PROXY", "other.example")
        with pytest.raises(Unreachable):
            line.exchange(get("http://other.example/v2/"))
        assert len(proxy.requests) == 1


def test_tls_goes_through_the_proxy_untouched(tmp_path: Path, monkeypatch):
    (tmp_path / "ca.pem").write_text(CERTIFICATE)
    line = Transport(ca=tmp_path / "ca.pem", timeouts=QUICK)
    with (
        ScriptedServer(answer(200, b"by tunnel"), tls=True) as server,
        Tunnel(server.port) as proxy,
    ):
        monkeypatch.setattr("ocinb.client.addresses.kind_of_name", lambda host: None)
        monkeypatch.setenv("HTTPS_PROXY", f"http://ada:secret@127.0.0.1:{proxy.port}")
        url = f"https://localhost:{server.port}/v2/"
        assert [line.exchange(get(url)).body for _ in range(2)] == [b"by tunnel"] * 2
        line.close()
    (head,) = proxy.heads
    assert head.startswith(f"CONNECT localhost:{server.port} HTTP/1.1\r\n".encode())
    assert b"Proxy-Authorization: Basic " + base64.b64encode(b"ada:secret") in head
    assert server.requests[1].line == "GET /v2/ HTTP/1.1"
    assert "proxy-authorization" not in server.requests[0].headers


@pytest.mark.parametrize(
    "says",
    [answer(407, b"who?"), [Close()], [b"HTTP/1.1 200 OK\r\n\r\nsurplus"], [b"garbage\r\n\r\n"]],
)  # fmt: skip
def test_a_proxy_that_opens_no_tunnel_is_an_error_without_its_password(
    says: bytes | list[Part], monkeypatch, line: Transport
):
    with ScriptedServer(says) as proxy:
        monkeypatch.setenv("HTTPS_PROXY", f"http://ada:canary@127.0.0.1:{proxy.port}")
        with pytest.raises(TransferError) as caught:
            line.exchange(get("https://registry.example/v2/"))
    assert "canary" not in told(caught.value)
    assert base64.b64encode(b"ada:canary").decode() not in told(caught.value)
    if says == answer(407, b"who?"):
        assert "the proxy refused: its answer was 407" in str(caught.value)


@pytest.mark.parametrize(
    "proxy",
    ["http://ada:canary@proxy.example:port", "foo://ada:canary@proxy.example", "http://ada:canary\1@h",
     "socks5://ada:canary@proxy.example:1", "https://ada:canary@proxy.example"],
)  # fmt: skip
def test_a_proxy_that_cannot_be_used_is_said_without_its_password(monkeypatch, proxy: str):
    """K-20, K-30."""
    monkeypatch.setenv("HTTP_PROXY", proxy)
    with pytest.raises(NotSupported, match="HTTP_PROXY") as caught:
        Transport().exchange(get("http://ghcr.io/v2/"))
    assert "canary" not in told(caught.value)


class Tunnel(ScriptedServer):
    """A proxy that leads to one port of this machine; `heads` is what it heard."""

    def __init__(self, port: int) -> None:
        super().__init__()
        self._target, self.heads = port, list[bytes]()

    def _exchange(self, connection: socket.socket, number: int) -> bool:
        head = b""
        while b"\r\n\r\n" not in head and (piece := connection.recv(65_536)):
            head += piece
        if not head:
            return False
        self.heads.append(head)
        with socket.create_connection(("127.0.0.1", self._target)) as beyond:
            connection.sendall(b"HTTP/1.1 200 Connected\r\n\r\n")
            self._start(_pass_on, beyond, connection)
            _pass_on(connection, beyond)
        return False


def _pass_on(source: socket.socket, target: socket.socket) -> None:
    with contextlib.suppress(OSError):
        while piece := source.recv(65_536):
            target.sendall(piece)
        target.shutdown(socket.SHUT_WR)
