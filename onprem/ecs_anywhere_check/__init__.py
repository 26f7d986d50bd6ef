"""Tell whether a container host's way to AWS is private, with the standard library alone.

Python 3.9 or newer: RHEL 9 has that.
"""
