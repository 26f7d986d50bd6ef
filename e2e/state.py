"""The state of a run: what was made, from before it is made, and which steps are done."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any


@dataclass
class State:
    """The state, kept in a file from the first thing that is made to the last that is removed: the
    next run goes on from one that died in between, or cleans up after it."""

    path: Path
    run: str
    """The name of the run, which begins with the time in UTC."""
    account: str
    region: str
    stack: str
    vpc: str = ""
    bucket: str = ""
    records: list[str] = field(default_factory=list)
    """Buckets of the stack that stay when it goes."""
    role: str = ""
    """A role that the policy for DNS hosts is attached to for a while."""
    host: str = ""
    """A managed instance that carries tags of the run for a while."""
    host_tags: dict[str, str | None] = field(default_factory=dict)
    """Key -> value that the host's tag had before; None where there was no such tag."""
    stack_begun: bool = False
    done: list[str] = field(default_factory=list)
    """Names of steps that have ended."""

    def keep(self, **changes: Any) -> None:
        """Change the state, and write it before anything else happens."""
        for name, value in changes.items():
            setattr(self, name, value)
        said = {name: value for name, value in asdict(self).items() if name != "path"}
        self.path.parent.mkdir(parents=True, exist_ok=True)
        part = self.path.with_suffix(".part")
        part.write_text(json.dumps(said, indent=1))
        part.replace(self.path)

    def forget(self) -> None:
        """Remove the file, when everything is gone."""
        self.path.unlink(missing_ok=True)


def read(path: Path) -> State | None:
    """Return the state of a run that did not come to its end; None where there is none."""
    if not path.exists():
        return None
    return State(path=path, **json.loads(path.read_text()))
