"""Figures that are measured, not tested: speed, accuracy over recordings. Run through ./swingphase bench."""
