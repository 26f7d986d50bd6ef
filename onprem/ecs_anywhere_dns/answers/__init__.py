"""What DNS servers answer, and whether that is what was published."""
