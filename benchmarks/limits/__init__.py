"""What the policies promise, measured on real processes: one file, one figure."""
