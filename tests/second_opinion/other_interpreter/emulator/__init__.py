"""LocalEmu with its gaps closed: JSONata, functions without Docker, AWS time, and SAM's references.

Runs under the Python of `.venv-second` alone (requirements-second.lock):
`python -m tests.second_opinion.other_interpreter.emulator`.
"""
