"""A company's DNS server on its site, as its administrator would have set it up.

Stands for what an on-premises network has: a recursive server that begins at the internet's
root, listens for the site's hosts, and includes the files of the pick-up tool, which are
empty at first. The server is the real one, of this machine, with configuration of its own
in a folder of its own; the machine's own configuration is neither read nor changed.
"""

from __future__ import annotations

from local.site.bind import Bind
from local.site.dns_server import DnsServer, DnsServerError, start
from local.site.installed import INSTALLABLE, NoDnsServer, installed
from local.site.question import Answer, Question
from local.site.unbound import Unbound

__all__ = [
    "INSTALLABLE", "Answer", "Bind", "DnsServer", "DnsServerError", "NoDnsServer", "Question",
    "Unbound", "installed", "start",
]  # fmt: skip
