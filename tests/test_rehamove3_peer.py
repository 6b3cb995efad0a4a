"""An independent client of the P24 (science_mode_4, MIT) at the emulated RehaMove3: what fits both, and what does not.

There is no client for a RehaMove3 in any registry; its frames come from the maker's library (tests/golden).
"""

import asyncio

import pytest
import science_mode_4 as sm4
from science_mode_4.protocol.exceptions import ProtocolError

from hw_sim.emulators.rehamove3 import RehaMove3
from tests.test_p24_peer import biphasic, with_client


async def read_on(buffer):
    while True:
        buffer.get_packet_from_buffer()
        await asyncio.sleep(0)


def test_client_switches_the_low_level_on_gives_a_pulse_and_stops():
    device = RehaMove3()

    async def talk(client):
        low = client.get_layer_low_level()
        await low.init(sm4.LowLevelMode.NO_MEASUREMENT, sm4.LowLevelHighVoltageSource.STANDARD)
        low.send_channel_config(True, sm4.Channel.WHITE, sm4.Connector.YELLOW, biphasic(250, 20.5))
        while not device.pulses:
            await asyncio.sleep(0)
        # It reads a measurement type, which this device's answer does not have.
        with pytest.raises(IndexError):
            await read_on(low.packet_buffer)
        await low.stop()

    with_client(device, talk)
    assert [(p.channel, p.current_ma, p.width_us, p.net_charge_nc) for p in device.pulses] == [
        (3, 20.5, 250, 0)
    ]
    assert not device.is_low_level_on


def test_client_runs_the_mid_level_on_four_channels():
    device = RehaMove3()

    async def talk(client):
        mid = client.get_layer_mid_level()
        await mid.init(False)
        on = sm4.MidLevelChannelConfiguration(True, 3, 20, biphasic(300, 20))
        await mid.update([on, None, None, on, None, None, None, None])
        while len(device.pulses) < 10:
            await asyncio.sleep(0)
        await mid.stop()

    with_client(device, talk)
    assert {p.channel for p in device.pulses} == {0, 3}
    assert [p.current_ma for p in device.pulses][:2] == [5.0, 5.0], "its ramp of three pulses"
    assert not device.is_mid_level_running


def test_client_that_asks_for_what_only_a_p24_has_is_told_so_and_nothing_is_on():
    device = RehaMove3()

    async def talk(client):
        with pytest.raises(ProtocolError, match="INVALID_CMD_ERROR"):
            await client.initialize()

    with_client(device, talk)
    assert device.pulses == []
    assert not device.is_low_level_on
