"""`python -m ecs_anywhere_check`."""

import sys

from ecs_anywhere_check.cli import main

sys.exit(main())
