"""The workshop for laptops without internet: one zip with the program, what it needs, and start scripts."""
