"""Other people's clients at the same emulated stimulators, as their own examples use them, for `bench stimulator`.

python -m benchmarks.stimulator_peers pysciencemode|science_mode_4 PORT PERIOD_MS SECONDS
prints a JSON line: when each change of the amplitude was asked for (CLOCK_MONOTONIC, us) and the amplitude.
In a process of its own, because pysciencemode waits without a time-out and keeps threads alive.
"""

import asyncio
import contextlib
import io
import json
import os
import sys
import time

AMPLITUDES_MA = (16, 18, 20, 22)
CHANGE_S = 0.5


def pysciencemode(port: str, period_ms: int, seconds: float) -> list[tuple[int, int]]:
    """Two channels in the RehaStim2's list; the amplitude changes twice a second."""
    from pysciencemode import Channel, Device, Modes, Rehastim2

    stimulator = Rehastim2(port)
    channels = [
        Channel(Modes.SINGLE, number, 16, 250, False, device_type=Device.Rehastim2) for number in (1, 2)
    ]
    stimulator.init_channel(stimulation_interval=period_ms, list_channels=channels, inter_pulse_interval=9)
    stimulator.start_stimulation()
    changes = []
    end_s = time.monotonic() + seconds
    n = 0
    while time.monotonic() < end_s:
        time.sleep(CHANGE_S)
        n += 1
        amplitude = AMPLITUDES_MA[n % len(AMPLITUDES_MA)]
        changes.append((time.monotonic_ns() // 1000, amplitude))
        for channel in channels:
            channel.set_amplitude(amplitude)
        stimulator.start_stimulation(upd_list_channels=channels)
    stimulator.end_stimulation()
    return changes


def science_mode_4(port: str, period_ms: float, seconds: float) -> list[tuple[int, int]]:
    """Two channels on a P24's low level, one command a pulse, paced by the client."""
    import science_mode_4 as sm4

    def pulse(current_ma: int) -> list[sm4.ChannelPoint]:
        return [
            sm4.ChannelPoint(250, current_ma),
            sm4.ChannelPoint(100, 0),
            sm4.ChannelPoint(250, -current_ma),
        ]

    async def talk() -> None:
        connection = sm4.SerialPortConnection(port)
        connection.open()
        client = sm4.DeviceP24(connection)
        await client.initialize()
        low = client.get_layer_low_level()
        await low.init(sm4.LowLevelMode.NO_MEASUREMENT, sm4.LowLevelHighVoltageSource.STANDARD)
        began_s = time.monotonic()
        n = 0
        while time.monotonic() < began_s + seconds:
            channel = (sm4.Channel.RED, sm4.Channel.BLUE)[n % 2]
            low.send_channel_config(True, channel, sm4.Connector.YELLOW, pulse(16))
            n += 1
            while low.packet_buffer.get_packet_from_buffer() is not None:
                pass
            await asyncio.sleep(max(0.0, began_s + n * period_ms / 2000 - time.monotonic()))
        await low.stop()
        connection.close()

    asyncio.run(talk())
    return []


if __name__ == "__main__":
    client = {"pysciencemode": pysciencemode, "science_mode_4": science_mode_4}[sys.argv[1]]
    with contextlib.redirect_stdout(io.StringIO()):
        changes_made = client(sys.argv[2], int(float(sys.argv[3])), float(sys.argv[4]))
    print(json.dumps(changes_made), flush=True)
    os._exit(0)
