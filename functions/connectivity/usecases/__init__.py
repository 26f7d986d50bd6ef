"""One short function per Lambda: look, decide with the domain, carry out through ports."""
