"""Host on which the check runs, as it can be looked at: files, the C library, ports, the clock."""

from __future__ import annotations

import os
import socket
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

SECONDS = 3.0
"""Longest wait for one question, and for one connection."""


@dataclass
class Host:
    """Host on which the check runs; tests give it another root and other ways out."""

    root: Path = Path("/")
    environment: Mapping[str, str] = field(default_factory=lambda: dict(os.environ))
    lookup: Callable[..., Any] = socket.getaddrinfo
    dns_port: int = 53
    tls_port: int = 443
    introspection: str = "127.0.0.1:51678"
    now: Callable[[], float] = time.time

    def read(self, path: str) -> str:
        """Return a file's text; empty where there is none that may be read."""
        try:
            return (self.root / path.lstrip("/")).read_text("utf-8", "replace")
        except OSError:
            return ""
