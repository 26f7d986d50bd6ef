"""The TOML of a configuration file, read, or refused in words that name the line."""

from __future__ import annotations

import codecs
import os
import re
import stat
import tomllib
from pathlib import Path
from shlex import quote
from typing import Any

from ecs_anywhere_dns.outcome import BadUsage

PLACE = re.compile(r"\(at line (\d+), column \d+\)")
UTF_16 = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
CORRECT = "correct that place of the file"
LONGEST = 80


class Broken(BadUsage):
    """The file can be read, and what stands in it is no TOML."""


def content_of(file: Path) -> dict[str, Any]:
    """Return what the file says. Raises FileNotFoundError, BadUsage where it is no file that can be
    read, and Broken where it is no TOML."""
    text = _text(file)
    try:
        return tomllib.loads(text)
    except RecursionError:
        raise Broken(f"{file} cannot be read: its lists are nested too deeply", CORRECT) from None
    except ValueError as error:
        raise Broken(f"{file} cannot be read: {_told(error, text)}", CORRECT) from None


def _text(file: Path) -> str:
    content = _bytes(file)
    if content.startswith(codecs.BOM_UTF8):
        raise Broken(
            f"{file} cannot be read: it begins with a byte order mark, as editors of Windows write",
            f"save it as UTF-8 without one: `sed -i '1s/^\\xEF\\xBB\\xBF//' {quote(str(file))}`",
        )
    if content.startswith(UTF_16):
        raise Broken(
            f"{file} cannot be read: it is UTF-16, as editors of Windows write", "save it as UTF-8"
        )
    try:
        return content.decode("utf-8").replace("\r\n", "\n")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise Broken(
            f"{file} cannot be read: line {line} is no UTF-8",
            f"save it as UTF-8: from Latin-1, `iconv -f latin1 -t utf-8 {quote(str(file))}`",
        ) from None


def _bytes(file: Path) -> bytes:
    try:
        kind = file.stat().st_mode
        if not stat.S_ISREG(kind):
            what = "a folder" if stat.S_ISDIR(kind) else "a pipe"
            raise BadUsage(
                f"{file} cannot be read: it is {what}, and no file",
                "move away what stands there, or name the file: --config <file>",
            )
        # A pipe that comes to stand there would keep us waiting.
        with os.fdopen(os.open(file, os.O_RDONLY | os.O_NONBLOCK), "rb") as opened:
            return opened.read()
    except FileNotFoundError:
        raise
    except OSError as error:
        raise BadUsage(
            f"{file} cannot be read: {error.strerror}", "run this as root, or mend its path"
        ) from None


def _told(error: ValueError, text: str) -> str:
    """Return the error of the parser, with the key that is there twice, or the line."""
    place = PLACE.search(str(error))
    if place is None:
        return str(error)
    number = int(place[1])
    line = text.split("\n")[number - 1].strip()
    if "overwrite" in str(error):
        return f"line {number} says {line.partition('=')[0].strip()[:LONGEST]} a second time"
    return f"{error}: {line[:LONGEST]}" if line else str(error)
