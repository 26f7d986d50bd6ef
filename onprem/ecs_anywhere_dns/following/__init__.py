"""Following the publication: the story of a run, and the way back."""
