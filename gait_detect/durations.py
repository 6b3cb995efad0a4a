"""Where counters of time stop, give or take a sample: long enough for any phase of gait, and far below 2**30."""

LONG_US = 100_000_000
