"""One fault at every call, a death at every state: the whole app converges by itself each time."""
