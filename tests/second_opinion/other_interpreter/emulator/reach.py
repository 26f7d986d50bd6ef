"""The reach of LocalEmu, which listens on every address, whatever `GATEWAY_LISTEN` says."""

from __future__ import annotations

import sys
from collections.abc import Iterable


def refuse_to_be_reached(interfaces: Iterable[str]) -> None:
    """Exit with a message if a network interface is among them that is not the loopback."""
    reached = [name for name in interfaces if name != "lo"]
    if reached:
        sys.exit(f"LocalEmu would listen on {', '.join(reached)}: start it with `unshare --net`")
