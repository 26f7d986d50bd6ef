"""What this host believes: the keys, the account, the networks and the zones that it was told."""
