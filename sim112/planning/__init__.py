"""What to do: exact results for small systems, which staffing starts from and simulation is held against."""
