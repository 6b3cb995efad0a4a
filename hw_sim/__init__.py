"""Stands in for hardware, muscle and limb: a second implementation of the HAL."""
