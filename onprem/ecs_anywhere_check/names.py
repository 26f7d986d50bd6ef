"""Asks for a name as the agents do, at every DNS server, and opens TLS where it leads."""

from __future__ import annotations

import re
import socket
import ssl
from collections.abc import Sequence

from ecs_anywhere_check.dns import AAAA, A, DnsFailure, ask
from ecs_anywhere_check.findings import FAILED, PRIVATE, PUBLIC, Expected, Finding
from ecs_anywhere_check.host import SECONDS, Host

OTHER_NAME = 62
"""X509_V_ERR_HOSTNAME_MISMATCH of OpenSSL: all is right but the name."""
FORWARD = (
    "forward this name on that DNS server to the inbound resolver (ecs-anywhere-dns doctor there)"
)


def of_name(name: str, servers: Sequence[str], expected: Expected, host: Host) -> list[Finding]:
    libc = _through_libc(name, expected, host)
    direct = [_at_server(name, server, expected, host) for server in servers]
    addresses = sorted({a for a in libc[1] if ":" not in a})
    secured = [_over_tls(name, address, host) for address in addresses]
    return [libc[0], *direct, *secured]


def _through_libc(name: str, expected: Expected, host: Host) -> tuple[Finding, list[str]]:
    """Ask as the agents do, for both families at once."""
    try:
        found = host.lookup(name, 443, 0, socket.SOCK_STREAM)
    except OSError as error:
        cure = "see what each DNS server answers in the other columns"
        return Finding(name, "libc", FAILED, f"no answer: {error}", cure), []
    addresses = sorted({str(each[4][0]) for each in found})
    return _judged(name, "libc", addresses, expected, FORWARD), addresses


def _at_server(name: str, server: str, expected: Expected, host: Host) -> Finding:
    vantage = f"dns {server}"
    addresses: list[str] = []
    for kind in (A, AAAA):
        try:
            addresses += ask(name, kind, server, host.dns_port)
        except DnsFailure as failure:
            if kind == A:
                is_down = "no answer" in str(failure)
                cure = f"make {server} answer: resolv.conf names it" if is_down else FORWARD
                return Finding(name, vantage, FAILED, str(failure), cure)
    if not addresses:
        return Finding(name, vantage, FAILED, "no address", FORWARD)
    return _judged(name, vantage, addresses, expected, FORWARD)


def _judged(
    name: str, vantage: str, addresses: Sequence[str], expected: Expected, cure: str
) -> Finding:
    wrong = [a for a in addresses if not expected.is_private(name, a)]
    if wrong:
        return Finding(name, vantage, PUBLIC, " ".join(wrong), cure)
    return Finding(name, vantage, PRIVATE, " ".join(addresses))


def _over_tls(name: str, address: str, host: Host) -> Finding:
    """Open TLS, as to that name, at that address. Whether it is the right one is said elsewhere."""
    vantage = f"tls {address}"
    try:
        _handshake(name, address, host)
        return Finding(name, vantage, PRIVATE, "certificate is good")
    except ssl.SSLCertVerificationError as error:
        if error.verify_code == OTHER_NAME and _is_of_names_below(name, address, host):
            return Finding(name, vantage, PRIVATE, f"certificate is good for *.{name}")
        cure = "something decrypts TLS on the way, or SSL_CERT_FILE lacks its authority"
        return Finding(name, vantage, FAILED, f"TLS: {error.verify_message}", cure)
    except ssl.SSLError as error:
        cure = "something decrypts TLS on the way: let these names through as they are"
        return Finding(name, vantage, FAILED, f"TLS: {error.reason or error}", cure)
    except OSError as error:
        cure = "let 443/tcp through to the VPC: route, firewall, security group of the endpoint"
        return Finding(name, vantage, FAILED, str(error), cure)


def _handshake(name: str, address: str, host: Host) -> None:
    plain = socket.create_connection((address, host.tls_port), SECONDS)
    with plain, ssl.create_default_context().wrap_socket(plain, server_hostname=name):
        pass


def _is_of_names_below(name: str, address: str, host: Host) -> bool:
    """Tell whether the certificate is good for the names below this one alone: nobody opens TLS to
    `dkr.ecr.<region>…` itself, and its certificate does not have it."""
    try:
        _handshake(f"any.{name}", address, host)
    except OSError:
        return False
    return True


def nameservers(host: Host) -> list[str]:
    """Return the DNS servers that are really asked: behind systemd-resolved's stub its own. The C
    library takes the first three (resolv.conf(5))."""
    named = re.findall(r"^\s*nameserver\s+(\S+)", host.read("/etc/resolv.conf"), re.MULTILINE)[:3]
    if named and all(each.startswith("127.0.0.5") for each in named):
        behind = re.findall(
            r"^\s*nameserver\s+(\S+)", host.read("/run/systemd/resolve/resolv.conf"), re.MULTILINE
        )
        named += behind
    return list(dict.fromkeys(named))
