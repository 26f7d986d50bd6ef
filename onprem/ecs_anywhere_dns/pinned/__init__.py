"""The pins of this host: the keys, the account, the networks and the zones that it was told to
believe."""
