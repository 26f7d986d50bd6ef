"""The laboratory: real DNS servers between a fake VPC and a fake internet.

Everything outside the DNS servers is served by the test's own process, which so sees and decides
what each of them is asked and answers.
"""

from __future__ import annotations

from tests.onprem.lab.client import TIMEOUT, Reply
from tests.onprem.lab.dns_server import DnsServer
from tests.onprem.lab.forked import Ran
from tests.onprem.lab.lab import KINDS, Lab
from tests.onprem.lab.public import PublicServer
from tests.onprem.lab.resolver import FakeResolver

__all__ = ["KINDS", "TIMEOUT", "DnsServer", "FakeResolver", "Lab", "PublicServer", "Ran", "Reply"]
