"""Layer 0: errors, frozen records, random streams and estimates; everything else stands on it."""
