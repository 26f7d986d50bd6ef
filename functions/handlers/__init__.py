"""One file per Lambda: parse, one call, answer. Importing one does nothing but define it."""
