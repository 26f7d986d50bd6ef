"""The pick-up tool: keeps a company's own DNS servers right, and never breaks them.

The story is told in `sequence`: fetch what a VPC publishes, refuse what is unfit, ask the
resolvers, render the DNS server's fragment, swap it in, reload, ask through the server whether
every name resolves as published, and go back to what was before at any failure.
"""

from __future__ import annotations

__version__ = "0.1.0"
