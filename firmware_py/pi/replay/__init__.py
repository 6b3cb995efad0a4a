"""Bit-exact replay: give today's code the inputs of a black box, and compare every row that it notes."""
