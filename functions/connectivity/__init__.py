"""Private connectivity for ECS Anywhere.

`domain` decides, `usecases` carry out what was decided, `adapters` call AWS.
"""
