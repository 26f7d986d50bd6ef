"""The pick-up tool: keeps a company's own DNS servers right, and never breaks them.

The story is told in `sequence`: fetch what a VPC publishes, refuse what is unfit, ask the
resolvers, render the DNS server's fragment, swap it in, reload, ask through the server whether
every name resolves as published, and go back to what was before at any failure.

This file is read by any Python, and so it is written for the oldest: whoever starts the tool with
one that its libraries have given up reads what to do, and no traceback.
"""

import sys

__version__ = "0.1.0"

if sys.version_info < (3, 11):  # noqa: UP036 - it is an older one that reads it
    sys.stderr.write(
        "ecs-anywhere-dns needs Python 3.11 or newer, and this is Python %d.%d\n"  # noqa: UP031
        "  cure: install a newer Python beside it, and the tool with that one (RHEL 8 and 9: "
        "`dnf install python3.12`; Ubuntu 22.04: `apt install python3.11 python3.11-venv`)\n"
        % sys.version_info[:2]
    )
    sys.exit(2)
