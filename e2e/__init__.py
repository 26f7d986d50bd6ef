"""One run of the app against a real account and Region, for what only AWS itself can tell. Eleven
steps, each of which may be repeated; what they meet is kept as JSON, for an issue and for a rule of
the embedded AWS (docs/decisions/0062-a-run-against-a-real-account.md)."""
