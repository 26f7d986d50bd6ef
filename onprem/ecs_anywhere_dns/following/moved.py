"""The paths of our files, where the configuration names others than before.

The former files, still included, have the same zones: answers are right, and nobody reads the new
ones, until a publication changes.
"""

from __future__ import annotations

from collections.abc import Sequence

from ecs_anywhere_dns.host import Host
from ecs_anywhere_dns.outcome import CheckFailed
from ecs_anywhere_dns.servers.contract import Fragment


def former_paths(host: Host, fragments: Sequence[Fragment]) -> tuple[str, ...]:
    """Return the paths that the last switch wrote, and that are none of these; none where nothing
    is written to another place than then."""
    written = host.state.applied().written
    now = {fragment.path for fragment in fragments}
    if not written or now <= written:
        return ()
    return tuple(str(path) for path in sorted(written - now))


def check_still_read(host: Host, fragments: Sequence[Fragment]) -> None:
    """Check that the server reads our files where they are to be now. Raises CheckFailed."""
    if host.state.applied().forwarding.is_none:
        return
    former = former_paths(host, fragments)
    missing = host.server.includes() if former else ()
    if missing:
        lines = ", ".join(f"`{include.line}`" for include in missing)
        raise CheckFailed(
            f"the configuration names other files than before, and {host.server.title} does not "
            f"read them: {missing[0].file} lacks {lines}, and the former {', '.join(former)} "
            "serves on",
            f"take out the include of {', '.join(former)}, then `ecs-anywhere-dns init --include`; "
            "or name the former path again",
        )
