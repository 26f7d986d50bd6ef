"""`python -m ecs_anywhere`."""

from ecs_anywhere.commands import app

app(prog_name="ecs-anywhere")
