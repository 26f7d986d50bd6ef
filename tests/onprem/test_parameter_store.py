"""Parameter Store through TLS to an IP: a real moto behind a real TLS server on loopback."""

from __future__ import annotations

import http.client
import json
import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
import trustme
from botocore.auth import AUTH_TYPE_MAPS, SigV4Auth
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from ecs_anywhere_dns.answers.questions import Answer, Question
from ecs_anywhere_dns.outcome import BadUsage, FetchFailed, Refused
from ecs_anywhere_dns.publication.parameter_store import ParameterStore
from ecs_anywhere_dns.publication.routes import Routes, find_routes
from ecs_anywhere_dns.publication.source import NotPublished

from tests.onprem.example import settings as settings_of
from tests.onprem.lab.moto_server import Moto

HOST = "ssm.us-east-2.amazonaws.com"
NAME = "/ecs-anywhere/private-connectivity/vpc-0123456789abcdef0/forwarding"
SETTINGS = settings_of(vpc="vpc-0123456789abcdef0", host="ns1", account="123456789012")
"""Moto's own account."""


@dataclass
class Front:
    """TLS on one loopback address, in front of moto; or an answer of its own."""

    address: str
    port: int = 0
    sni: list[str | None] = field(default_factory=list)
    hosts: list[list[str]] = field(default_factory=list)
    signed: list[str] = field(default_factory=list)
    """The `Authorization` of each request."""
    own_answer: tuple[int, dict[str, Any]] | None = None


@contextmanager
def tls(moto: Moto, certificate: trustme.LeafCert, address: str, port: int = 0) -> Iterator[Front]:
    front = Front(address)

    class Forwards(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            front.signed.append(self.headers["Authorization"])
            front.hosts.append(self.headers.get_all("Host", []))
            status, answer = self.answer(body)
            self.send_response(status)
            self.send_header("Content-Type", "application/x-amz-json-1.1")
            self.send_header("Content-Length", str(len(answer)))
            self.end_headers()
            self.wfile.write(answer)

        def answer(self, body: bytes) -> tuple[int, bytes]:
            if front.own_answer is not None:
                return front.own_answer[0], json.dumps(front.own_answer[1]).encode()
            connection = http.client.HTTPConnection("127.0.0.1", moto.port, timeout=5)
            connection.request("POST", self.path, body, dict(self.headers))
            response = connection.getresponse()
            answered = response.status, response.read()
            connection.close()
            return answered

        def log_message(self, *_: Any) -> None:
            pass

    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    certificate.configure_cert(context)

    def note(_: ssl.SSLObject, name: str | None, __: ssl.SSLContext) -> None:
        front.sni.append(name)

    context.sni_callback = note

    class Quiet(ThreadingHTTPServer):
        def finish_request(self, request: Any, client_address: Any) -> None:
            # In the connection's own thread; a refused handshake is the client's to tell.
            try:
                tls_socket = context.wrap_socket(request, server_side=True)
            except OSError:
                return
            super().finish_request(tls_socket, client_address)
            tls_socket.close()

    with Quiet((address, port), Forwards) as server:
        front.port = server.server_port
        thread = threading.Thread(target=server.serve_forever, args=(0.02,))
        thread.start()
        yield front
        server.shutdown()
        thread.join()


@contextmanager
def listening(address: str = "127.0.0.1", port: int = 0) -> Iterator[socket.socket]:
    """Takes connections, and never says anything."""
    with socket.create_server((address, port)) as server:
        yield server


@dataclass(frozen=True)
class Site:
    moto: Moto
    authority: trustme.CA
    certificate: trustme.LeafCert

    def tls(self, address: str = "127.0.0.1", port: int = 0) -> Any:
        return tls(self.moto, self.certificate, address, port)


@pytest.fixture
def site(aws: Moto, authority: trustme.CA, credentials: None) -> Site:
    """An AWS with nothing in it, and a host with credentials that trusts our authority."""
    aws.post("reset")
    return Site(aws, authority, authority.issue_cert(HOST))


def resolver_says(*addresses: str) -> Any:
    """A resolver that knows the name."""

    def ask(questions: list[Question]) -> dict[Question, Answer]:
        return {
            q: Answer(rcode="NOERROR", addresses=tuple((q.name, a) for a in addresses))
            for q in questions
        }

    return ask


def store_at(port: int, *addresses: str) -> ParameterStore:
    return ParameterStore(SETTINGS, routes_to(port, *addresses))


def routes_to(port: int, *addresses: str) -> Routes:
    settings = replace(SETTINGS, resolver_ips=("10.20.0.5",), https_port=port)
    ask = resolver_says(*addresses)
    return find_routes(settings, None, ask, look_up=nothing, environment={})


def nothing(name: str) -> list[str]:
    raise OSError(f"{name} is unknown here")


def publish(site: Site, value: str = "the document") -> None:
    site.moto.client("ssm").put_parameter(Name=NAME, Value=value, Type="String")


def test_a_parameter_is_read_over_tls_from_an_ip(site: Site) -> None:
    publish(site, "the document")
    with site.tls() as front:
        assert store_at(front.port, "127.0.0.1").read(NAME) == "the document"


def test_a_parameter_of_another_account_or_region_is_refused(site: Site) -> None:
    """As credentials of another account, from whoever gave them to this host, would read it."""
    publish(site)
    with site.tls() as front:
        for account in ("111122223333", "666666666666"):
            stranger = replace(SETTINGS, account=account)
            with pytest.raises(Refused) as caught:
                ParameterStore(stranger, routes_to(front.port, "127.0.0.1")).read(NAME)
            assert ":123456789012:" in caught.value.message
            assert f"account {account}" in caught.value.message
            assert "credentials of that account" in caught.value.cure
        for arn in (
            "",
            "\x1b]0;x\x07",
            f"arn:aws:ssm:eu-west-1:{SETTINGS.account}:parameter{NAME}",
        ):
            front.own_answer = (200, {"Parameter": {"Name": NAME, "Value": "it", "ARN": arn}})
            with pytest.raises(Refused) as caught:
                store_at(front.port, "127.0.0.1").read(NAME)
            assert caught.value.message.isprintable()


def test_tls_and_http_both_name_the_host_and_not_the_ip(site: Site) -> None:
    publish(site)
    with site.tls() as front:
        store_at(front.port, "127.0.0.1").read(NAME)
    assert front.sni == [HOST]
    assert front.hosts == [[HOST]]


def test_what_is_written_is_there_and_may_be_written_again(site: Site) -> None:
    with site.tls() as front:
        store = store_at(front.port, "127.0.0.1")
        store.write(f"{NAME}s", "one")
        store.write(f"{NAME}s", "two äöü €")
        assert store.read(f"{NAME}s") == "two äöü €"


def test_a_certificate_of_another_name_is_refused(site: Site) -> None:
    other = replace(site, certificate=site.authority.issue_cert("ssm.eu-west-1.amazonaws.com"))
    publish(site)
    with other.tls() as front, pytest.raises(FetchFailed) as caught:
        store_at(front.port, "127.0.0.1").read(NAME)
    assert "certificate refused: Hostname mismatch" in caught.value.message
    assert front.hosts == []


def test_a_certificate_of_a_strangers_authority_is_refused(site: Site) -> None:
    inspected = replace(site, certificate=trustme.CA().issue_cert(HOST))
    with inspected.tls() as front, pytest.raises(FetchFailed) as caught:
        store_at(front.port, "127.0.0.1").read(NAME)
    assert "certificate refused" in caught.value.message
    assert "AWS_CA_BUNDLE" in caught.value.cure
    assert front.hosts == []


DAY = timedelta(days=1)
OWN = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Example Corp")])
USAGE = ("digital_signature", "content_commitment", "key_encipherment", "data_encipherment",
         "key_agreement", "key_cert_sign", "crl_sign", "encipher_only",
         "decipher_only")  # fmt: skip


@dataclass(frozen=True)
class Corporate:
    """An authority as companies have them: what it issues has no Authority Key Identifier."""

    key: ec.EllipticCurvePrivateKey = field(
        default_factory=lambda: ec.generate_private_key(ec.SECP256R1())
    )

    def _signed(self, builder: x509.CertificateBuilder, begins: datetime) -> bytes:
        whole = (
            builder.issuer_name(OWN)
            .serial_number(x509.random_serial_number())
            .not_valid_before(begins)
            .not_valid_after(begins + 2 * DAY)
        )
        return whole.sign(self.key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM)

    def own(self, lacking: str = "") -> bytes:
        """Return the certificate of the authority, without one extension, or with one that is not
        as it has to be."""
        usage = x509.KeyUsage(**{key: key == "key_cert_sign" for key in USAGE})
        public = self.key.public_key()
        builder = (
            x509.CertificateBuilder()
            .subject_name(OWN)
            .public_key(public)
            .add_extension(
                x509.BasicConstraints(ca=True, path_length=None),
                critical=lacking != "basicConstraints",
            )
        )
        if lacking != "keyUsage":
            builder = builder.add_extension(usage, critical=True)
        if lacking != "subjectKeyIdentifier":
            identifier = x509.SubjectKeyIdentifier.from_public_key(public)
            builder = builder.add_extension(identifier, critical=False)
        return self._signed(builder, datetime.now(UTC) - DAY)

    def issue(
        self, name: str, begins: timedelta = -DAY, *, with_issuer: bool = False
    ) -> trustme.LeafCert:
        key = ec.generate_private_key(ec.SECP256R1())
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
        builder = (
            x509.CertificateBuilder()
            .subject_name(subject)
            .public_key(key.public_key())
            .add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
        )
        if with_issuer:
            issuer = x509.AuthorityKeyIdentifier.from_issuer_public_key(self.key.public_key())
            builder = builder.add_extension(issuer, critical=False)
        private = key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.TraditionalOpenSSL,
            serialization.NoEncryption(),
        )
        certificate = self._signed(builder, datetime.now(UTC) + begins)
        return trustme.LeafCert(private, certificate, [])


@pytest.fixture
def corporate(site: Site, tmp_path: Path) -> Corporate:
    """An authority that this host trusts by AWS_CA_BUNDLE."""
    made = Corporate()
    with (tmp_path / "authority.pem").open("ab") as bundle:
        bundle.write(made.own())
    return made


def refused_by(site: Site, certificate: trustme.LeafCert, *, strict: bool = False) -> FetchFailed:
    """What is said where this certificate is presented; `strict`: as Python 3.13 does."""
    with replace(site, certificate=certificate).tls() as front:
        store = store_at(front.port, "127.0.0.1")
        if strict:
            store._trust.verify_flags |= ssl.VERIFY_X509_STRICT
        with pytest.raises(FetchFailed) as caught:
            store.read(NAME)
        assert front.hosts == []
    return caught.value


def test_a_certificate_that_only_newer_pythons_refuse_is_explained(
    site: Site, corporate: Corporate, tmp_path: Path
) -> None:
    problem = refused_by(site, corporate.issue(HOST), strict=True)
    assert "certificate refused: Missing Authority Key Identifier" in problem.message
    for said in ("Python 3.13", "authorityKeyIdentifier", str(tmp_path / "authority.pem")):
        assert said in problem.cure, problem.cure
    assert "nothing on the way" not in problem.cure


@pytest.mark.parametrize("lacking", ["subjectKeyIdentifier", "basicConstraints", "keyUsage"])
def test_the_extension_of_an_authority_that_is_not_as_it_has_to_be_is_named(
    site: Site, tmp_path: Path, lacking: str
) -> None:
    authority = Corporate()
    with (tmp_path / "authority.pem").open("ab") as bundle:
        bundle.write(authority.own(lacking))
    problem = refused_by(site, authority.issue(HOST, with_issuer=True), strict=True)
    assert f"openssl: `{lacking} = " in problem.cure, problem
    assert f"-servername {HOST} -connect" in problem.cure


def test_older_pythons_take_such_a_certificate(site: Site, corporate: Corporate) -> None:
    publish(site)
    with replace(site, certificate=corporate.issue(HOST)).tls() as front:
        store = store_at(front.port, "127.0.0.1")
        store._trust.verify_flags &= ~ssl.VERIFY_X509_STRICT
        assert store.read(NAME) == "the document"


@pytest.mark.parametrize(
    ("begins", "said"), [(-5 * DAY, "has expired"), (5 * DAY, "is not yet valid")]
)
def test_a_certificate_of_another_time_is_a_matter_of_the_clock_or_of_its_issuer(
    site: Site, corporate: Corporate, begins: timedelta, said: str
) -> None:
    problem = refused_by(site, corporate.issue(HOST, begins))
    assert said in problem.message
    for part in ("timedatectl", f"{datetime.now(UTC):%Y-%m-%d}", "renew"):
        assert part in problem.cure
    assert "AWS_CA_BUNDLE" not in problem.cure


def test_a_certificate_of_another_name_is_cured_by_its_address_or_endpoint(
    site: Site, corporate: Corporate
) -> None:
    problem = refused_by(site, corporate.issue("www.example.com"))
    assert HOST in problem.cure
    assert "endpoint_url" in problem.cure
    assert "AWS_CA_BUNDLE" not in problem.cure


def test_of_an_unknown_authority_the_file_of_those_that_are_trusted_is_named(
    site: Site, tmp_path: Path
) -> None:
    problem = refused_by(site, trustme.CA().issue_cert(HOST))
    assert str(tmp_path / "authority.pem") in problem.cure


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (b"HTTP/1.1 400 Bad Request\r\n\r\n", "does not speak TLS"),
        (b"", "closed within the TLS handshake"),
        (b"\x15\x03\x01\x00\x02\x02\x46", "no version or cipher of TLS in common"),
        (b"\x15\x03\x03\x00\x02\x02\x28", "no version or cipher of TLS in common"),
        (b"\x15\x03\x03\x00\x02\x02\x70", "refused the connection (tlsv1 unrecognized name)"),
        (b"\x15\x03\x03\x00\x02\x02\x31", "refused the connection (tlsv1 alert access denied)"),
        (b"\x15\x03\x03\x00\x02\x02\x50", "refused the connection (tlsv1 alert internal error)"),
    ],
)
def test_a_handshake_without_a_certificate_is_said_in_words(
    site: Site, answer: bytes, said: str
) -> None:
    """Plain HTTP, a firewall that hangs up, and alerts (RFC 8446: 70, 40, 112, 49, 80) of others
    than AWS."""
    with socket.create_server(("127.0.0.1", 0)) as server:

        def serve() -> None:
            link, _ = server.accept()
            with link:
                link.recv(4096)
                link.sendall(answer)

        thread = threading.Thread(target=serve)
        thread.start()
        with pytest.raises(FetchFailed) as caught:
            store_at(server.getsockname()[1], "127.0.0.1").read(NAME)
        thread.join()
    assert said in caught.value.message, caught.value.message
    assert "_ssl.c" not in caught.value.message
    assert caught.value.cure


def test_with_the_first_address_dead_the_second_is_used(site: Site) -> None:
    publish(site)
    with site.tls("127.0.0.3") as front:
        assert store_at(front.port, "127.0.0.2", "127.0.0.3").read(NAME) == "the document"


def test_an_address_with_a_wrong_certificate_is_passed_over(site: Site) -> None:
    publish(site)
    wrong = replace(site, certificate=site.authority.issue_cert("www.example.com"))
    with site.tls("127.0.0.3") as front, wrong.tls("127.0.0.2", front.port):
        assert store_at(front.port, "127.0.0.2", "127.0.0.3").read(NAME) == "the document"


def test_an_acknowledgement_goes_the_way_of_its_document(site: Site) -> None:
    publish(site)
    with site.tls("127.0.0.3") as front:
        store = store_at(front.port, "127.0.0.2", "127.0.0.3")
        store.read(NAME)
        with listening("127.0.0.2", front.port) as passed_over:
            store.write(f"{NAME}s", "applied")
            passed_over.settimeout(0.1)
            with pytest.raises(TimeoutError):
                passed_over.accept()


def test_when_the_chosen_address_dies_another_is_found(site: Site) -> None:
    publish(site)
    with site.tls("127.0.0.3") as front:
        with site.tls("127.0.0.2", front.port) as first:
            store = store_at(front.port, "127.0.0.2", "127.0.0.3")
            store.read(NAME)
        assert store.read(NAME) == "the document"
    assert (len(first.hosts), len(front.hosts)) == (1, 1)


def test_with_all_addresses_dead_each_is_named_and_tried_once(site: Site) -> None:
    # One address that takes the connection and is silent in TLS, one that refuses.
    with listening("127.0.0.2") as silent:
        port = silent.getsockname()[1]
        with pytest.raises(FetchFailed) as caught:
            store_at(port, "127.0.0.2", "127.0.0.3").read(NAME)
        silent.settimeout(0.1)
        silent.accept()[0].close()
        with pytest.raises(TimeoutError):
            silent.accept()
    resolver = "(resolver 10.20.0.5 over udp)"
    assert caught.value.message == (
        f"{HOST} cannot be reached: 127.0.0.2:{port} {resolver}: connected, then nothing was heard"
        f"; 127.0.0.3:{port} {resolver}: Connection refused"
        f"; the operating system's resolver: {HOST} is unknown here"
    )
    assert "check the link to the VPC" in caught.value.cure


def test_no_proxy_is_used_whatever_the_environment_says(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    publish(site)
    with listening() as proxy, site.tls() as front:
        for name in ("HTTPS_PROXY", "https_proxy", "HTTP_PROXY", "http_proxy", "ALL_PROXY"):
            monkeypatch.setenv(name, f"http://127.0.0.1:{proxy.getsockname()[1]}")
        monkeypatch.delenv("NO_PROXY", raising=False)
        monkeypatch.delenv("no_proxy", raising=False)
        assert store_at(front.port, "127.0.0.1").read(NAME) == "the document"
        proxy.settimeout(0.1)
        with pytest.raises(TimeoutError):
            proxy.accept()


def test_no_parameter_is_not_published_and_names_the_rollback(site: Site) -> None:
    with site.tls() as front, pytest.raises(NotPublished) as caught:
        store_at(front.port, "127.0.0.1", "127.0.0.2").read(NAME)
    assert NAME in caught.value.message
    assert "rollback --to-none" in caught.value.cure


@pytest.fixture(params=[SigV4Auth, AUTH_TYPE_MAPS["v4"]], ids=["botocore", "awscrt"])
def key(
    request: pytest.FixtureRequest, site: Site, monkeypatch: pytest.MonkeyPatch
) -> Iterator[dict[str, str]]:
    """Of one who may do everything, on an AWS that verifies signatures. Signed by either of the
    two: production has the first, and the second where awscrt happens to be installed."""
    monkeypatch.setitem(AUTH_TYPE_MAPS, "v4", request.param)
    publish(site)
    iam = site.moto.client("iam")
    iam.create_user(UserName="ns1")
    policy = {"Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}
    document = json.dumps({"Version": "2012-10-17", **policy})
    iam.put_user_policy(UserName="ns1", PolicyName="all", PolicyDocument=document)
    made: dict[str, str] = iam.create_access_key(UserName="ns1")["AccessKey"]
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", made["AccessKeyId"])
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", made["SecretAccessKey"])
    site.moto.post("reset-auth", "0")
    yield made
    site.moto.post("reset-auth", "inf")


def test_the_signature_holds_for_the_host_that_is_named(site: Site, key: dict[str, str]) -> None:
    with site.tls() as front:
        assert store_at(front.port, "127.0.0.1").read(NAME) == "the document"
    assert front.hosts == [[HOST]]


def test_a_wrong_secret_is_refused(
    site: Site, key: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """So the test above could fail. (moto's refusal is XML, which AWS's would not be.)"""
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "another")
    with site.tls() as front, pytest.raises(FetchFailed, match="SignatureDoesNotMatch"):
        store_at(front.port, "127.0.0.1").read(NAME)


def test_a_host_without_permission_is_told_which_one(site: Site) -> None:
    with site.tls() as front:
        front.own_answer = (400, {"__type": "AccessDeniedException", "Message": "User: ns1 …"})
        store = store_at(front.port, "127.0.0.1")
        with pytest.raises(FetchFailed) as read:
            store.read(NAME)
        with pytest.raises(FetchFailed) as written:
            store.write(NAME, "x")
    assert read.value.message == f"GetParameter of {NAME}: AccessDeniedException: User: ns1 …"
    arn = f"arn:aws:ssm:us-east-2:<account>:parameter{NAME}"
    assert f"ssm:GetParameter on {arn}" in read.value.cure
    assert f"ssm:PutParameter on {arn}" in written.value.cure
    assert not isinstance(read.value, NotPublished)


@pytest.mark.parametrize(
    ("code", "cure"),
    [
        ("InvalidSignatureException", "timedatectl"),
        ("ExpiredTokenException", "renew this host's temporary credentials"),
        ("UnrecognizedClientException", "access key that exists"),
        ("ThrottlingException", "the next run tries again"),
    ],
)
def test_what_aws_answers_has_its_own_cure_and_no_other_address_is_tried(
    site: Site, code: str, cure: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with site.tls("127.0.0.2") as front, site.tls("127.0.0.3", front.port) as other:
        front.own_answer = (400, {"__type": code, "message": "no"})
        with pytest.raises(FetchFailed) as caught:
            store_at(front.port, "127.0.0.2", "127.0.0.3").read(NAME)
    assert code in caught.value.message
    assert cure in caught.value.cure
    assert other.hosts == []
    assert len(front.hosts) == (3 if code == "ThrottlingException" else 1)


def test_a_host_without_credentials_is_told_where_they_come_from(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")
    with site.tls() as front, pytest.raises(FetchFailed, match="no AWS credentials") as caught:
        store_at(front.port, "127.0.0.1").read(NAME)
    assert "~/.aws/credentials" in caught.value.cure
    assert front.sni == []


def test_a_profile_that_is_not_there_is_named(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_PROFILE", "dns")
    with pytest.raises(FetchFailed, match=r"no AWS credentials.*dns"):
        store_at(1, "127.0.0.1").read(NAME)


def test_each_vpc_may_have_a_profile_for_its_account(
    site: Site, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever keys the variables hold: they are of another account."""
    file = tmp_path / "credentials"
    file.write_text("[other]\naws_access_key_id = AKIAOTHER\naws_secret_access_key = secret\n")
    file.chmod(0o600)
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(file))
    publish(site)
    with site.tls() as front:
        store = ParameterStore(
            replace(SETTINGS, profile="other"), routes_to(front.port, "127.0.0.1")
        )
        assert store.read(NAME) == "the document"
        assert "Credential=AKIAOTHER/" in front.signed[-1]
    with pytest.raises(FetchFailed, match=r"no AWS credentials.*nobody"):
        ParameterStore(replace(SETTINGS, profile="nobody"), routes_to(1, "127.0.0.1")).read(NAME)


def test_a_ca_bundle_that_is_not_there_is_named(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_CA_BUNDLE", "/nowhere/authority.pem")
    with pytest.raises(BadUsage, match=r"/nowhere/authority\.pem"):
        store_at(1, "127.0.0.1").read(NAME)


def test_the_ca_bundle_of_the_profile_counts(
    site: Site, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = tmp_path / "config"
    config.write_text(f"[default]\nca_bundle = {tmp_path / 'authority.pem'}\n")
    monkeypatch.delenv("AWS_CA_BUNDLE")
    monkeypatch.setenv("AWS_CONFIG_FILE", str(config))
    publish(site)
    with site.tls() as front:
        assert store_at(front.port, "127.0.0.1").read(NAME) == "the document"


def test_endpoint_url_is_resolved_by_the_system_and_verified_by_its_own_name(site: Site) -> None:
    publish(site)
    local = replace(site, certificate=site.authority.issue_cert("localhost"))
    with local.tls() as front:
        settings = replace(SETTINGS, endpoint_url=f"https://localhost:{front.port}")
        routes = find_routes(settings, None, resolver_says(), environment={})
        assert ParameterStore(settings, routes).read(NAME) == "the document"
    assert front.sni == ["localhost"]
    assert front.hosts == [[f"localhost:{front.port}"]]


def test_a_variable_leads_to_a_test_aws_on_this_host(site: Site) -> None:
    publish(site)
    routes = find_routes(
        SETTINGS, None, resolver_says(), environment={"AWS_ENDPOINT_URL": site.moto.url}
    )
    assert ParameterStore(SETTINGS, routes).read(NAME) == "the document"
