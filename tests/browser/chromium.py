"""A real Chromium without a window, driven over two pipes by the Chrome DevTools protocol.

https://chromedevtools.github.io/devtools-protocol: with `--remote-debugging-pipe` each message is
JSON that ends with a zero byte, read from descriptor 3 and written to 4.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import tempfile
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

PROGRAMS = ("chromium-headless-shell", "chromium", "chromium-browser", "google-chrome")
OPTIONS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--hide-scrollbars",
    "--remote-debugging-pipe",
    "--no-first-run",
)


def program() -> str:
    """Return the path of a Chromium. Raises FileNotFoundError, which says what to install."""
    found = next(filter(None, map(shutil.which, PROGRAMS)), None)
    if found is None:
        raise FileNotFoundError(f"none of {', '.join(PROGRAMS)} is here: make servers")
    return found


@dataclass
class Page:
    """One tab. `events` are those that came while answers were waited for."""

    process: subprocess.Popen[bytes]
    send: int
    receive: int
    session: str = ""
    events: list[dict[str, Any]] = field(default_factory=list)
    _last: int = 0
    _left: bytes = b""

    def call(self, method: str, **parameters: Any) -> Mapping[str, Any]:
        """Return the answer to a command. Raises AssertionError for an error."""
        self._last += 1
        number = self._last
        message: dict[str, Any] = {"id": number, "method": method, "params": parameters}
        if self.session:
            message["sessionId"] = self.session
        os.write(self.send, json.dumps(message).encode() + b"\0")
        while (came := self._next()).get("id") != number:
            self.events.append(came)
        assert "error" not in came, came["error"]
        answer: Mapping[str, Any] = came["result"]
        return answer

    def _next(self) -> dict[str, Any]:
        while b"\0" not in self._left:
            data = os.read(self.receive, 1 << 16)
            assert data, "the browser has ended"
            self._left += data
        text, _, self._left = self._left.partition(b"\0")
        return dict(json.loads(text))

    def open(self, file: Path, width: int = 1200) -> None:
        """Load a file, and forget what happened before."""
        self.events.clear()
        self.call(
            "Emulation.setDeviceMetricsOverride",
            width=width,
            height=900,
            deviceScaleFactor=1,
            mobile=False,
        )
        self.call("Page.navigate", url=file.as_uri())
        while not any(event.get("method") == "Page.loadEventFired" for event in self.events):
            self.events.append(self._next())

    def emulate(self, media: str = "screen", scheme: str = "light") -> None:
        """Show the page as on that medium, in that colour scheme."""
        features = [{"name": "prefers-color-scheme", "value": scheme}]
        self.call("Emulation.setEmulatedMedia", media=media, features=features)

    def value(self, expression: str) -> Any:
        """Return what a JavaScript expression comes to, as JSON."""
        answer = self.call("Runtime.evaluate", expression=expression, returnByValue=True)
        assert "exceptionDetails" not in answer, answer["exceptionDetails"]
        return answer["result"].get("value")

    def press(self, key: str) -> None:
        for kind in ("rawKeyDown", "keyUp"):
            self.call(
                "Input.dispatchKeyEvent", type=kind, key=key, code=key, windowsVirtualKeyCode=9
            )

    def happened(self, method: str) -> list[Mapping[str, Any]]:
        """Return the events of that name since the page was opened."""
        return [event["params"] for event in self.events if event.get("method") == method]

    def close(self) -> None:
        with suppress(OSError):
            os.close(self.send)
        self.process.terminate()
        self.process.wait(10)
        os.close(self.receive)


def start() -> Page:
    """Start a browser, and return its only tab."""
    from_us, to_us = os.pipe(), os.pipe()
    folder = tempfile.mkdtemp(prefix="chromium-")
    command = f'exec "$@" 3<&{from_us[0]} 4>&{to_us[1]}'
    process = subprocess.Popen(
        ["bash", "-c", command, "bash", program(), *OPTIONS, f"--user-data-dir={folder}"],
        pass_fds=(from_us[0], to_us[1]),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    os.close(from_us[0])
    os.close(to_us[1])
    page = Page(process, from_us[1], to_us[0])
    target = page.call("Target.createTarget", url="about:blank")["targetId"]
    attached = page.call("Target.attachToTarget", targetId=target, flatten=True)
    page.session = str(attached["sessionId"])
    for domain in ("Page", "Runtime", "Network", "Log", "Accessibility"):
        page.call(f"{domain}.enable")
    return page
