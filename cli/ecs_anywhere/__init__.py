"""The command line for people: what the app will do, what it did, and what is wrong."""
