"""Starts LocalEmu with its gaps closed, if nothing but this machine's loopback can reach it."""

from __future__ import annotations

import os
import socket

from localemu.runtime.main import main

from tests.second_opinion.other_interpreter.emulator import (
    expressions,
    functions,
    templates,
    waiting,
)
from tests.second_opinion.other_interpreter.emulator.reach import refuse_to_be_reached

if __name__ == "__main__":
    refuse_to_be_reached(name for _, name in socket.if_nameindex())
    time_scale, shown, read = (
        float(os.environ[f"TIME_{each}"]) for each in ("SCALE", "SHOWN", "READ")
    )
    expressions.install(time_scale, shown, read)
    waiting.install(time_scale)
    functions.install()
    templates.install()
    main()
