"""What is true without AWS: values, decisions and their reasons. Standard library only."""
