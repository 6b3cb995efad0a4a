"""Could it stop, lower or refuse stimulation? Then it lives here. Imports nothing of ours."""
