"""The publication: the ways to it, the reading of it, and the acknowledgement that goes back."""
