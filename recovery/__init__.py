"""Rebuild a lost ledger, or one that was restored from a former day, out of what AWS shows.

It is run by a person with their own AWS credentials, and never inside AWS: a tag proves nothing
(docs/decisions/0056), so a person sees each id before it counts as ours.
"""
