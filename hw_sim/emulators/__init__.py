"""Stimulators that behave like the devices, on a pty or in memory."""
