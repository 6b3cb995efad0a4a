"""Sensor samples in, gait events out. Imports only the clock and the sample of `safety`."""
