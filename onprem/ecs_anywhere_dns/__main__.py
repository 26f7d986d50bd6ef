"""`python -m ecs_anywhere_dns`: the same as the command `ecs-anywhere-dns`."""

from __future__ import annotations

import sys

from ecs_anywhere_dns.cli import main

sys.exit(main())
