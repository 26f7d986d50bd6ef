"""The domain, which knows no AWS: values, decisions and their reasons. Standard library only."""
