"""What this host remembers, in files that survive a crash."""
