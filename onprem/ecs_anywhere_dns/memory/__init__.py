"""The memory of this host, in files that survive a crash."""
