"""Run by tests/test_rehastim2_peer.py in a process of its own: `pysciencemode` at the port given, a JSON line out.

In its own process because the client waits without a time-out and keeps its threads alive after an error.
"""

import contextlib
import io
import json
import os
import sys

from pysciencemode import Channel, Device, Modes, Rehastim2


def channel(number: int, mode: Modes, current_ma: int, width_us: int, *, low: bool = False) -> Channel:
    return Channel(mode, number, current_ma, width_us, low, device_type=Device.Rehastim2)


def talk(port: str) -> str:
    """Connect, prepare, start, update, pause, end, disconnect: what its own examples do, without their sleeps."""
    stimulator = Rehastim2(port)
    channels = [channel(1, Modes.SINGLE, 20, 250), channel(5, Modes.DOUBLET, 30, 300, low=True)]
    stimulator.init_channel(
        stimulation_interval=40, list_channels=channels, inter_pulse_interval=9, low_frequency_factor=1
    )
    stimulator.start_stimulation()
    for current_ma in (24, 26, 28):
        channels[0].set_amplitude(current_ma)
        stimulator.start_stimulation(upd_list_channels=channels)
    stimulator.pause_stimulation()
    stimulator.end_stimulation()
    stimulator.disconnect()
    stimulator.close_port()
    return "went to its end"


if __name__ == "__main__":
    said = io.StringIO()
    with contextlib.redirect_stdout(said):
        ending = talk(sys.argv[1])
    print(json.dumps({"ending": ending}), flush=True)
    os._exit(0)
