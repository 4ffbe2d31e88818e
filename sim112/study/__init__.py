"""What a simulation means: measures of a log, intervals over replications, and comparisons of scenarios."""
