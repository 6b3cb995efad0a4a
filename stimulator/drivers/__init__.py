"""Stimulator protocols: codecs (bytes in, bytes out) and driver state machines. No I/O."""
