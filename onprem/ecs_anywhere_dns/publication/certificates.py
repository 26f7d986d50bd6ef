"""Failures of TLS in words: what each says of who is there, and what to do about it.

OpenSSL numbers the reasons for which it refuses a certificate (X509_V_ERR_… in x509_vfy.h). From
Python 3.13 on `ssl.create_default_context` refuses besides what RFC 5280 does not allow
(VERIFY_X509_STRICT), as certificates of many companies' own authorities have it; see
https://docs.python.org/3/whatsnew/3.13.html.
"""

from __future__ import annotations

import ssl
from dataclasses import dataclass
from datetime import UTC, datetime

REFUSED = "certificate refused"
NOT_YET_VALID, EXPIRED, OTHER_NAME = 9, 10, 62
WEAK = (66, 67, 68)
"""A key that is too small, or a digest that is too weak."""
STRICT = range(80, 94)
"""Reasons that only VERIFY_X509_STRICT has: from a length of the path where none may be, over a
missing Authority Key Identifier (85), to extensions in a certificate of an old version."""

EXTENSIONS = {
    81: "keyUsage = critical, keyCertSign, cRLSign",
    85: "authorityKeyIdentifier = keyid",
    86: "subjectKeyIdentifier = hash",
    89: "basicConstraints = critical, CA:true",
    90: "authorityKeyIdentifier = keyid",
    91: "subjectKeyIdentifier = hash",
    92: "keyUsage = critical, keyCertSign, cRLSign",
}
"""The reason, and the line of openssl.cnf with which the extension is as it has to be."""
ALERTS = ("ALERT", "TLSV1_UNRECOGNIZED_NAME")
"""Parts of the reasons that say that the other side refused, by an alert (RFC 8446, 6)."""


@dataclass(frozen=True)
class Trouble:
    """One failure of TLS."""

    said: str
    cure: str


def trouble_of(error: ssl.SSLError, host: str, authorities: str) -> Trouble:
    """Return what a failure of TLS means where `host` was asked for, and `authorities` is the file
    of those that are trusted."""
    if isinstance(error, ssl.SSLCertVerificationError):
        said = f"{REFUSED}: {error.verify_message}"
        return Trouble(said, _cure(error.verify_code, host, authorities))
    return _without_certificate(error, host)


def _cure(code: int, host: str, authorities: str) -> str:
    if code in (NOT_YET_VALID, EXPIRED):
        return (
            f"set this host's clock if it is wrong (`timedatectl`): it says "
            f"{datetime.now(UTC):%Y-%m-%d %H:%M} UTC; if it is right, whoever presents that "
            "certificate, or issued it, has to renew it"
        )
    if code == OTHER_NAME:
        return (
            "find out who has that address: it presents a certificate of another name than "
            f"{host}. Give another host another address; or correct endpoint_url to a name that is "
            "in the certificate"
        )
    if code in STRICT:
        extension = EXTENSIONS.get(code, "")
        of_openssl = f"openssl: `{extension}` among the extensions; " if extension else ""
        return (
            "have that certificate, or the one of the authority that issued it, issued anew as RFC "
            f"5280 asks for ({of_openssl}`openssl s_client -x509_strict -CAfile {authorities} "
            f"-servername {host} -connect <that address>:443` names it): Python 3.13 and newer "
            "refuse it. Until then, install this tool with Python 3.11 or 3.12, which take it"
        )
    if code in WEAK:
        return (
            "have that certificate issued anew with a larger key and SHA-256: the security policy "
            "of this host (openssl.cnf, `update-crypto-policies`) refuses it"
        )
    return (
        "let nothing on the way open the TLS connection, or name its authority in AWS_CA_BUNDLE, "
        f"in which AWS's own authorities have to stand as well (trusted are those of {authorities}"
        "); if another host has taken the address, give it another"
    )


def _without_certificate(error: ssl.SSLError, host: str) -> Trouble:
    """Return what a handshake means that came to no certificate."""
    reason = error.reason or ""
    words = reason.lower().replace("_", " ")
    if "VERSION_NUMBER" in reason or "HTTP" in reason:
        said = "what answers there does not speak TLS"
        return Trouble(said, "correct endpoint_url, or find out who has that address and port")
    if isinstance(error, ssl.SSLEOFError | ssl.SSLZeroReturnError) or "UNEXPECTED_EOF" in reason:
        said = "the connection was closed within the TLS handshake"
        return Trouble(said, "let firewalls and inspection on the way admit TLS to that address")
    if "PROTOCOL" in reason or "HANDSHAKE_FAILURE" in reason or "CIPHER" in reason:
        said = f"no version or cipher of TLS in common ({words})"
        return Trouble(
            said,
            "AWS speaks TLS 1.2 and 1.3: find out what on the way speaks another one, and whether "
            "the security policy of this host (openssl.cnf) allows them",
        )
    if any(part in reason for part in ALERTS):
        return Trouble(
            f"what answers there refused the connection ({words})",
            f"let an inspection or an SNI filter on the way admit TLS to {host} at that address; "
            "if another host has taken the address, give it another",
        )
    return Trouble(str(error), "")
