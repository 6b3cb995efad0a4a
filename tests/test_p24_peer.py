"""An independent client (science_mode_4, MIT) drives the emulated P24, and agrees with our encoder.

Where it does not agree is listed at the end: these are its deviations, and must not be copied.
"""

import asyncio
import random
import threading

import pytest
import science_mode_4 as sm4

from hw_sim.emulators.p24 import P24
from hw_sim.emulators.sciencemode_wire import FrameSplitter, encode_frame
from hw_sim.emulators.serve import serve
from stimulator.drivers import sciencemode4_codec as codec
from stimulator.drivers.sciencemode4_frame import FrameReader, FrameWriter


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


def configuration(ramp, period_ms, width_us, current_ma):
    return sm4.MidLevelChannelConfiguration(True, ramp, period_ms, biphasic(width_us, current_ma))


def update_packet(packet_number, channels):
    """The client's ml_update; channels: channel -> (ramp, period in ms, width in us, current in mA)."""
    packet = sm4.PacketMidLevelUpdate()
    packet.number = packet_number
    nothing = sm4.MidLevelChannelConfiguration()
    packet.channel_configuration = [
        configuration(*channels[c]) if c in channels else nothing for c in range(8)
    ]
    return packet


def our_update(writer, packet_number, channels):
    codec.begin_ml_update(writer, packet_number, sum(1 << c for c in channels))
    for ramp, period_ms, width_us, current_ma in channels.values():
        codec.put_ml_channel(writer, 3, ramp, round(1000 * period_ms))
        for duration_us, ua in ((width_us, 1000 * current_ma), (100, 0), (width_us, -1000 * current_ma)):
            codec.put_point(writer, duration_us, round(ua))
    return bytes(writer.buf[: writer.finish()])


def test_client_and_our_encoder_give_the_same_bytes_for_300_random_mid_level_updates():
    rng = random.Random(5)
    writer = FrameWriter(1200)
    for i in range(300):
        channels = {
            c: (rng.randrange(16), rng.randint(1, 16_383), rng.randint(10, 4095), rng.randint(-260, 260) / 2)
            for c in sorted(rng.sample(range(8), rng.randint(0, 8)))
        }
        packet = update_packet(i & 63, channels)
        assert our_update(writer, i & 63, channels) == bytes(sm4.Protocol.packet_to_bytes(packet))


def test_client_cannot_say_a_period_of_half_a_millisecond_and_we_can():
    channels = {0: (0, 12.5, 250, 20)}
    with pytest.raises(TypeError):
        sm4.Protocol.packet_to_bytes(update_packet(1, channels))
    assert our_update(FrameWriter(64), 1, channels)


def test_client_marks_long_periods_as_fine_ones_and_we_refuse_what_no_field_can_hold():
    """Above 32767 ms it counts quarters of a millisecond, which overflow the field; 16383.5 ms is the longest."""
    packet = update_packet(1, {0: (0, 32_768, 250, 20)})
    assert sm4.Protocol.packet_to_bytes(packet)[14] & 1, "the fine bit"
    assert our_update(FrameWriter(64), 1, {0: (0, 32_768, 250, 20)}) == b""


def test_client_sends_the_points_also_when_nothing_is_to_be_done_and_the_emulator_takes_it():
    packet = sm4.PacketLowLevelChannelConfig()
    packet.number = 1
    packet.execute_stimulation = False
    packet.points = biphasic(250, 20)
    (frame,) = FrameSplitter().feed(bytes(sm4.Protocol.packet_to_bytes(packet)))
    assert len(frame.data) == 13
    device = P24()
    device.feed(0, encode_frame(0, 0, b"\x00"))
    device.feed(100_000, encode_frame(frame.packet_number, frame.command, frame.data))
    device.step(200_000)
    assert device.pulses == []


def test_client_does_not_know_every_command_of_the_protocol_so_sessions_with_it_avoid_the_battery():
    assert not [c for c in sm4.Commands if c == codec.GET_BATTERY_STATUS]


def test_noise_before_an_answer_costs_the_client_the_next_answer_too():
    """Its slice counts the noise twice. Our reader loses nothing (tests of noise are therefore ours only)."""
    buffer = sm4.PacketBuffer(NoisyLine(), sm4.PacketFactory())
    found = [buffer.get_packet_from_buffer() for _ in range(2)]
    assert found[0] is not None
    assert found[1] is None
    reader = FrameReader(64)
    assert sum(reader.feed(byte) for byte in NoisyLine().read()) == 2


class NoisyLine(sm4.NullConnection):
    """What arrives: 20 bytes of noise, then two answers."""

    def __init__(self):
        super().__init__()
        self._waiting = (
            bytes(20) + encode_frame(1, 63, b"\x00\x00\x01") + encode_frame(2, 63, b"\x00\x00\x01")
        )

    def clear_buffer(self):
        self._waiting = b""

    def _read_intern(self):
        said, self._waiting = self._waiting, b""
        return said

    def read(self):
        return self._read_intern()
