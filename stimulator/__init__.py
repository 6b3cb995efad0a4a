"""Gait events and a prescription in, pulse requests and stimulator bytes out. No I/O."""
