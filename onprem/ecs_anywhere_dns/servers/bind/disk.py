"""BIND's configuration on the disk, as named-checkconf prints it, and our files in it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from ecs_anywhere_dns.forwarding import NOTHING, Forwarding
from ecs_anywhere_dns.memory.files import state_of, text_of
from ecs_anywhere_dns.outcome import CheckFailed, reason_of
from ecs_anywhere_dns.servers.bind.fragments import (
    TOO_OLD,
    UNKNOWN_OPTION,
    WROTE_ANEW,
    forwarding_in,
)
from ecs_anywhere_dns.servers.bind.named_conf import View, read_printed, views_of
from ecs_anywhere_dns.servers.bind.views import Ours, Places, Wanted, problems
from ecs_anywhere_dns.servers.contract import Finding, Fragment, Include
from ecs_anywhere_dns.servers.mark import has_mark, mark_in
from ecs_anywhere_dns.subprocesses import Ran, run


@dataclass(frozen=True)
class Disk:
    """The files of named, and the program that checks them; see `server.Bind` for each."""

    configuration: Path
    zones: Path
    options: Path
    options_file: Path
    checkconf: tuple[str, ...]

    @property
    def checker(self) -> tuple[str, ...]:
        """Return the command that checks files outside of any chroot: `checkconf` without `-t`, but
        with a program that it is wrapped in."""
        words = list(self.checkconf)
        if "-t" in words:
            place = words.index("-t")
            del words[place : place + 2]
        return tuple(words)

    @property
    def places(self) -> Places:
        return Places(
            self.configuration,
            f'include "{self.as_named_sees(self.zones)}";',
            f'include "{self.as_named_sees(self.options)}";',
            self.options_file,
        )

    def checked(self, fragments: Sequence[Fragment], scratch: Path) -> Ran:
        """Return the checker's result for a configuration with nothing but copies of these
        fragments."""
        lines = []
        for fragment in fragments:
            copy = scratch / fragment.path.name
            copy.write_text(fragment.text, "utf-8")
            line = f'include "{copy}";\n'
            lines.append(f"options {{ {line}}};\n" if fragment.path == self.options else line)
        whole = scratch / "named.conf"
        whole.write_text("".join(lines), "utf-8")
        return run(*self.checker, whole)

    def validates(self) -> bool:
        """Return whether any view validates DNSSEC; True where the configuration cannot be read."""
        try:
            return any(view.validates for view in self.views() if view.recurses)
        except CheckFailed:
            return True

    def includes(self) -> tuple[Include, ...]:
        """Return the line of the zones for every view that does recursion, and that of the
        options, unless nobody validates, or the administrator has a validate-except already: named
        takes only one. Nothing that named-checkconf shows to be read, or of which it cannot show
        that: of a file without a mark, which an older version wrote. Where the configuration
        cannot be read, it is as if nothing were there: whoever adds the lines has them checked."""
        try:
            views = [view for view in self.views() if view.recurses]
        except CheckFailed:
            views = [View("", (), ())]
        try:
            ours = self.ours()
        except CheckFailed:
            ours = Ours(NOTHING)
        places = self.places
        zones = tuple(
            Include(self.configuration, places.zones_line, view.label)
            for view in views
            if not (_is_unmarked(self.zones) or ours.zones_mark in view.zones)
        )
        validating = [view for view in views if view.validates]
        if not all(ours.owns_exemptions(view) for view in views) or not validating:
            return zones
        read = [ours.options_mark in view.exempt for view in validating]
        if all(read) or _is_unmarked(self.options):
            return zones
        return (*zones, Include(self.options_file, places.options_line, "options"))

    def views(self) -> tuple[View, ...]:
        """Return the views of the configuration. Raises CheckFailed."""
        for ours in (self.zones, self.options):
            state_of(ours)  # not through a link of somebody else: the checker quotes what it reads
        # -x: keys and other secrets are left out. No -z: zone files are not our business.
        ran = run(*self.checkconf, "-p", "-x", self.as_named_sees(self.configuration))
        if not ran.ok:
            raise CheckFailed(
                f"named would refuse the configuration: {ran.said}", self._cure_of(ran.everything)
            )
        return views_of(read_printed(ran.output, self._notes))

    def _notes(self) -> str:
        """Return the checker's remarks on the configuration."""
        return run(*self.checkconf, self.as_named_sees(self.configuration)).output

    def on_disk(self) -> Forwarding:
        """Return the forwarding of our own file as it is now. Raises CheckFailed."""
        try:
            text = text_of(self.zones)
        except (OSError, ValueError) as error:
            raise CheckFailed(f"{self.zones}: {reason_of(error)}", WROTE_ANEW) from None
        return forwarding_in(text, str(self.zones))

    def ours(self) -> Ours:
        """Return the content of our files. Raises CheckFailed."""
        zones, options = (
            mark_in(file) if has_mark(file) else None for file in (self.zones, self.options)
        )
        return Ours(self.on_disk(), zones, options)

    def problems(self, wanted: Forwarding, *, swapped: bool) -> Iterator[Finding]:
        """Yield every problem that keeps `wanted` from working, with our files as they are, or, if
        `swapped`, with those of `wanted`. Raises CheckFailed."""
        judged = Wanted(wanted, self.places, self.ours(), swapped)
        return problems(self.views(), judged)

    def _cure_of(self, refusal: str) -> str:
        if "all zones must be in views" in refusal:
            return f"move `{self.places.zones_line}` from the top level into each view"
        if "redefined" in refusal and "validate-except" in refusal:
            return f"remove `{self.places.options_line}`, and name our zones in the other list"
        if UNKNOWN_OPTION in refusal:
            return TOO_OLD
        ours = f"{self.zones.name} and {self.options.name}"
        return (
            f"correct the line that it names; only {ours} are ours, and each name may be defined "
            "only once"
        )

    def as_named_sees(self, path: Path) -> str:
        """Return the path within the chroot that the checker is told of, if any."""
        words = dict(zip(self.checkconf, self.checkconf[1:], strict=False))
        root = words.get("-t")
        within = root is not None and path.is_relative_to(root)
        return f"/{path.relative_to(root)}" if root is not None and within else str(path)


def _is_unmarked(file: Path) -> bool:
    return file.exists() and not has_mark(file)
