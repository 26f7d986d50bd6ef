"""Ask for a name as the agents do, at every DNS server, and open TLS where it leads."""

from __future__ import annotations

import errno
import re
import socket
import ssl
from collections.abc import Iterator, Sequence

from ecs_anywhere_check.dns import AAAA, A, DnsFailure, ask
from ecs_anywhere_check.findings import FAILED, NOTE, PRIVATE, PUBLIC, Expected, Finding
from ecs_anywhere_check.host import SECONDS, Host

OTHER_NAME = 62
"""X509_V_ERR_HOSTNAME_MISMATCH of OpenSSL: all is right but the name."""
NO_WAY = (errno.ENETUNREACH, errno.EADDRNOTAVAIL, errno.EAFNOSUPPORT)
"""Errors of a host without IPv6: whoever asked for both families goes on with the other one."""
MOST_ADDRESSES = 16
"""Addresses of one name at which TLS is tried: an endpoint has at most one in each zone."""
FORWARD = (
    "forward this name on that DNS server to the inbound resolver (ecs-anywhere-dns doctor there)"
)


def of_name(name: str, servers: Sequence[str], expected: Expected, host: Host) -> list[Finding]:
    """Ask the C library and each DNS server, and open TLS at every address that any of them gave,
    of both families."""
    found, addresses = _through_libc(name, expected, host)
    for server in servers:
        said, given = _at_server(name, server, expected, host)
        found += said
        addresses += given
    return [*found, *_secured(name, list(dict.fromkeys(addresses)), host)]


def _through_libc(name: str, expected: Expected, host: Host) -> tuple[list[Finding], list[str]]:
    """Ask as the agents do, for both families at once."""
    try:
        found = host.lookup(name, 443, 0, socket.SOCK_STREAM)
    except OSError as error:
        cure = "see what each DNS server answers in the other columns"
        return [Finding(name, "libc", FAILED, f"no answer: {error}", cure)], []
    addresses = sorted({str(each[4][0]) for each in found})
    return [_judged(name, "libc", addresses, expected, FORWARD)], addresses


def _at_server(
    name: str, server: str, expected: Expected, host: Host
) -> tuple[list[Finding], list[str]]:
    """Ask one DNS server for both families. An AAAA that fails is told beside good addresses: some
    C libraries wait for it, and some then give no address at all."""
    vantage = f"dns {server}"
    try:
        addresses = ask(name, A, server, host.dns_port)
    except DnsFailure as failure:
        is_down = "no answer" in str(failure)
        cure = f"make {server} answer: resolv.conf names it" if is_down else FORWARD
        return [Finding(name, vantage, FAILED, str(failure), cure)], []
    found: list[Finding] = []
    try:
        addresses += ask(name, AAAA, server, host.dns_port)
    except DnsFailure as failure:
        cure = f"make {server} answer AAAA, if only that there is none: some hosts then resolve"
        cure += " nothing, or slowly"
        found.append(Finding(name, vantage, FAILED, f"AAAA: {failure}", cure))
    if not addresses:
        return [*found, Finding(name, vantage, FAILED, "no address", FORWARD)], []
    return [_judged(name, vantage, addresses, expected, FORWARD), *found], addresses


def _secured(name: str, addresses: Sequence[str], host: Host) -> Iterator[Finding]:
    """Yield what TLS says at each address: `MOST_ADDRESSES` at most."""
    for address in addresses[:MOST_ADDRESSES]:
        yield _over_tls(name, address, host)
    rest = len(addresses) - MOST_ADDRESSES
    if rest > 0:
        yield Finding(name, "tls", NOTE, f"not tried at {rest} more addresses")


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
        if ":" in address and error.errno in NO_WAY:
            return Finding(name, vantage, NOTE, f"this host has no way over IPv6: {error}")
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
