"""An independent client (science_mode_4, MIT) drives the emulated P24, and agrees with our encoder."""

import asyncio
import random
import threading

import pytest

from hw_sim.emulators.p24 import P24
from hw_sim.emulators.serve import serve
from stimulator.drivers import sciencemode4_codec as codec
from stimulator.drivers.sciencemode4_frame import FrameWriter

sm4 = pytest.importorskip("science_mode_4", reason="the independent client science_mode_4 is not installed")


def with_client(device, conversation):
    """Serve `device`, open the client on it, and run `conversation(client's device)` to its end."""
    stop, ready, paths = threading.Event(), threading.Event(), []

    def on_ready(path):
        paths.append(path)
        ready.set()

    thread = threading.Thread(target=serve, args=(device, stop.is_set), kwargs={"on_ready": on_ready})
    thread.start()
    try:
        assert ready.wait(10)
        connection = sm4.SerialPortConnection(paths[0])
        connection.open()
        try:
            asyncio.run(conversation(sm4.DeviceP24(connection)))
        finally:
            connection.close()
    finally:
        stop.set()
        thread.join(10)


def biphasic(width_us, current_ma):
    return [
        sm4.ChannelPoint(width_us, current_ma),
        sm4.ChannelPoint(100, 0),
        sm4.ChannelPoint(width_us, -current_ma),
    ]


def test_client_connects_and_gives_pulses_on_the_low_level():
    device = P24()

    async def talk(client):
        await client.initialize()
        assert client.get_layer_general().device_id == "EMULATED24"
        low = client.get_layer_low_level()
        await low.init(sm4.LowLevelMode.NO_MEASUREMENT, sm4.LowLevelHighVoltageSource.STANDARD)
        for channel in (sm4.Channel.RED, sm4.Channel.WHITE):
            low.send_channel_config(True, channel, sm4.Connector.GREEN, biphasic(250, 20.5))
            ack = None
            while ack is None:
                ack = low.packet_buffer.get_packet_from_buffer()
                await asyncio.sleep(0)
            assert ack.result == sm4.ResultAndError.NO_ERROR
        await low.stop()

    with_client(device, talk)
    assert [(p.channel, p.current_ma, p.width_us, p.net_charge_nc) for p in device.pulses] == [
        (4, 20.5, 250, 0),
        (7, 20.5, 250, 0),
    ]
    assert not device.is_low_level_on


def test_client_runs_the_mid_level_and_sees_which_electrode_is_off():
    device = P24()
    device.set_open_channels(1)

    async def talk(client):
        await client.initialize()
        mid = client.get_layer_mid_level()
        await mid.init(False)
        on = sm4.MidLevelChannelConfiguration(True, 3, 20, biphasic(300, 20))
        await mid.update([on, on, None, None, on, None, None, None])
        for _ in range(20):
            data = await mid.get_current_data()
        assert [bool(a) for a in data.is_stimulation_active_per_channel] == [i in (0, 4) for i in range(8)]
        assert [e.name for e in data.channel_error][:2] == ["NO_ERROR", "ELECTRODE_ERROR"]
        await mid.stop()

    with_client(device, talk)
    on_open_lead = [(p.current_ma, p.reached_ma) for p in device.pulses if p.channel == 1]
    assert on_open_lead == [(5, 0), (10, 0), (15, 0)], "its ramp is noticed from 15 mA on"
    assert not device.is_mid_level_running


def test_client_and_our_encoder_give_the_same_bytes_for_1000_random_pulses():
    rng = random.Random(4)
    writer = FrameWriter(64)
    for _ in range(1000):
        channel, packet_number = rng.randrange(8), rng.randrange(64)
        steps, width_us = rng.randint(0, 260), rng.randint(10, 4095)
        packet = sm4.PacketLowLevelChannelConfig()
        packet.number = packet_number
        packet.execute_stimulation = True
        packet.channel = sm4.Channel(channel % 4)
        packet.connector = sm4.Connector(channel // 4)
        packet.points = biphasic(width_us, steps / 2)
        n = codec.encode_pulse(writer, packet_number, channel, 500 * steps, width_us, 100)
        assert bytes(writer.buf[:n]) == bytes(sm4.Protocol.packet_to_bytes(packet))
