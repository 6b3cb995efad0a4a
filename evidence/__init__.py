"""What shows that the requirements hold: requirements as data, the last results, mutants, the safety case."""
