"""Therapy never waits for the radio: with chaos on the link, decisions and pulses are the same bytes as without one."""

import asyncio
import contextlib
import functools
import random
import struct

from bumble import att, hci
from bumble.core import BaseBumbleError

from firmware_py.cycle import CYCLE_US
from firmware_py.link import control, gatt, ops
from firmware_py.link.access import ALONE, STRANGER, WEARER
from hw_sim.radio.air import Air, Pace, RadioController
from hw_sim.radio.bleak_backend import Laptop
from hw_sim.radio.peripheral import Peripheral
from hw_sim.radio.sim_device import SimDevice
from safety.supervisor import ARMED, PAUSED
from tests.house import REPO
from tests.link_rig import there
from tests.mpy.link_session import PEER, Bench, Eyes, changed
from tests.radio_rig import ADDRESS, until
from tests.test_radio_attacks_att import fuzzed

TRACE = (REPO / "tests/golden/walk_trace.bin").read_bytes()
WALK_S = 9
ARM_CYCLE = 300


# The core alone, in the same program as the loop, as on a board --------------------------------------


def board_run(seed):
    """Walk over a stored trace; with a seed, somebody does everything to the link that is no deed of therapy."""
    bench = Bench(TRACE, session_on=seed is not None)
    draw = random.Random(seed)
    for cycle in range(9_000 // 5):
        bench.run(5)
        if cycle == 80:
            bench.loop.guard.acknowledge()
            bench.loop.arm_walk()
        if seed is not None:
            for _ in range(draw.randrange(4)):
                disturb(bench, draw)
    bench.drain()
    return (bytes(bench.all_rows), bench.port.wire_sum, bench.port.pulses), bench.talk.heard


def disturb(bench, draw):
    """Do one of everything that can be done to a link."""
    with contextlib.suppress(ValueError, IndexError, AttributeError):  # the talk has no answer to read
        draw.choices(DEEDS, WEIGHTS)[0](bench, draw)


def comes(bench, draw):
    bench.session.connected(PEER)
    bench.session.mtu = draw.choice((23, 64, 247, 517))


def proves_itself(bench, draw):
    comes(bench, draw)
    bench.session.secured()
    bench.talk.hello()


def goes(bench, draw):
    bench.session.disconnected()


def writes_anything(bench, draw):
    data = draw.randbytes(draw.randrange(60))
    if data[2:4] != struct.pack("<H", ops.STOP):  # which is a deed of therapy
        bench.session.write(draw.choice((gatt.CONTROL, gatt.STAGE)), data)


def pairs(bench, draw):
    bench.session.pairing.button()
    if bench.session.begin_pairing():
        bench.session.pairing.fresh()


def reads(bench, draw):
    for key in range(16):
        bench.session.read(key)


def listens(bench, draw):
    bench.talk.take()


def unlocks(bench, draw):
    bench.talk.unlock(key=bytes(32) if draw.random() < 0.05 else bytes(range(32)))


def watches(bench, draw):
    bench.talk.ask(ops.WATCH, draw.randrange(2))


def reads_log(bench, draw):
    bench.talk.ask(ops.LOG_REPORT, bench.log.epoch, 0, draw.choice((0, 50, 10_000)))


def stages(bench, draw):
    wanted = changed(bench.device.prescription(), 0, current_ua=draw.randrange(0, 60_000, 500))
    bench.talk.stage(wanted, bench.session.changes.revision)


def asks(bench, draw):
    bench.talk.ask(ops.HISTORY, 0, draw.randrange(300))
    bench.talk.ask(draw.choice((ops.LOG_INFO, ops.LOCK)))


DEEDS = (
    comes,
    proves_itself,
    goes,
    writes_anything,
    pairs,
    reads,
    listens,
    unlocks,
    watches,
    reads_log,
    stages,
    asks,
)
WEIGHTS = (1, 4, 1, 2, 1, 1, 4, 4, 2, 2, 4, 1)


@functools.cache
def quiet_board_run():
    return board_run(None)[0]


def test_whatever_happens_on_the_link_of_a_board_the_walk_has_the_same_bytes(pytestconfig):
    quiet = quiet_board_run()
    assert quiet[2] > 300
    for seed in range(20 if pytestconfig.getoption("--all") else 2):
        loud, heard = board_run(seed)
        assert loud == quiet
        assert {key for key, _ in heard} >= {gatt.CONTROL, gatt.STATUS, gatt.TELEMETRY, gatt.LOG}
        answers = [there(control.read_reply(value)) for key, value in heard if key == gatt.CONTROL]
        done = {answer.op for answer in answers if answer.result == ops.OK}
        assert done >= {
            ops.HELLO,
            ops.UNLOCK,
            ops.WATCH,
            ops.LOG_REPORT,
            ops.BEGIN,
            ops.VALIDATE,
            ops.HISTORY,
        }


def test_the_comparison_sees_one_deed_of_therapy():
    bench = Bench(TRACE)
    for cycle in range(9_000 // 5):
        bench.run(5)
        if cycle == 80:
            bench.loop.guard.acknowledge()
            bench.loop.arm_walk()
        if cycle == 1_200:
            bench.device.stop()
    bench.drain()
    assert bytes(bench.all_rows) != quiet_board_run()[0]


# The whole stack, with attackers in the air ----------------------------------------------------------


class Walk:
    """A simulated person who walks; the loop's rows and the stimulator's pulses are what is compared."""

    def __init__(self, folder):
        self.made = SimDevice(folder, Eyes())
        self.rows = bytearray()
        self.cycles = 0

    def cycle(self, has_link):
        world, made = self.made.world, self.made
        world.advance(CYCLE_US)
        if self.cycles == ARM_CYCLE:
            world.loop.guard.profile_changed()
            world.loop.guard.acknowledge()
            world.loop.guard.supervisor.is_checked = True  # as after the test bursts of another day
        elif ARM_CYCLE < self.cycles < ARM_CYCLE + 200 and not made.person.is_walking:
            made.person.goes(world.loop.arm_walk())
        sup = world.loop.guard.supervisor
        made.person.goes(made.person.is_walking and ARMED <= sup.state <= PAUSED)
        if has_link:
            made.device.after_cycle(world.t_us, made.session.telemetry)
            made.session.step(world.t_us, CYCLE_US)
        if world.rows:
            self.rows += world.rows
            made.log.keep(bytes(world.rows))
            world.rows.clear()
        self.cycles += 1

    def result(self):
        pulses = [(p.start_us, p.channel, p.reached_ma, p.width_us) for p in self.made.stimulator.pulses]
        return bytes(self.rows), pulses


def quiet_walk(folder):
    walk = Walk(folder)
    for _ in range(WALK_S * 1_000_000 // CYCLE_US):
        walk.cycle(False)
    return walk.result()


async def loud_walk(folder, seed):
    draw = random.Random(seed)
    walk = Walk(folder)
    session = walk.made.session
    air = Air(pace=Pace(interval_s=0.002, packets=4), loss=0.2, supervision_s=0.02, seed=seed)
    controller = RadioController("device", air)
    peripheral = Peripheral(
        session, controller, controller, address=ADDRESS, name="SWP-TEST", keys_path=folder / "keys.json"
    )
    await peripheral.start()
    states: set[int] = set()
    others = [
        asyncio.ensure_future(chaos(air, session, folder / f"{n}.json", random.Random(seed + n), n))
        for n in range(3)
    ]
    for cycle in range(WALK_S * 1_000_000 // CYCLE_US):
        walk.cycle(True)
        states.add(session.access.state)
        await asyncio.sleep(0.001 if draw.random() < 0.5 else 0)
        if not cycle % 20:
            await carried(air, cycle // 4)
        if draw.random() < 0.002:
            air.cut()
        elif draw.random() < 0.02:
            air.mend()
    for other in others:
        other.cancel()
    await asyncio.gather(*others, return_exceptions=True)
    await peripheral.stop()
    return walk.result(), air.packets, states


async def carried(air, packets, waits=200):
    """Wait for the attackers: a quick machine walks to the end before they have done much. In a cut air it goes on."""
    while air.packets < packets and waits:
        waits -= 1
        await asyncio.sleep(0.002)


async def chaos(air, session, keys_path, draw, number):
    """Connect again and again, pair now and then, and send whatever comes."""
    controller = RadioController(f"chaos {number}", air)
    eyes = session.pairing._display

    async def types():
        await until(lambda: not eyes.is_dark)
        return eyes.seen[-1]

    async with Laptop(
        controller, controller, keys_path=keys_path, address=f"F1:00:00:00:00:{number:02X}", passkey=types
    ) as laptop:
        while not there(asyncio.current_task()).cancelling():
            with contextlib.suppress(BaseBumbleError, TimeoutError, AssertionError, asyncio.CancelledError):
                connection = await laptop.device.connect(hci.Address(ADDRESS), timeout=1)
                if draw.random() < 0.5:
                    session.pairing.button()
                    await asyncio.wait_for(connection.pair(), 2)
                for _ in range(60):
                    cid, pdu = fuzzed(draw, list(range(60)))
                    if cid == att.ATT_CID and struct.pack("<H", ops.STOP) in pdu:
                        continue  # stop is a deed of therapy, and is always taken
                    connection.send_l2cap_pdu(cid, pdu)
                    if draw.random() < 0.1:
                        await asyncio.sleep(0)
                await connection.disconnect()
            await asyncio.sleep(0)


def test_with_three_attackers_in_a_lossy_air_the_walk_has_the_same_bytes(tmp_path):
    quiet_rows, quiet_pulses = quiet_walk(tmp_path / "quiet")
    (loud_rows, loud_pulses), packets, states = asyncio.run(loud_walk(tmp_path / "loud", 1))
    assert len(quiet_pulses) > 300, "it did walk with help"
    assert packets > 300, "and the air was not idle"
    assert {ALONE, STRANGER, WEARER} <= states, "they came, and one of them paired"
    assert loud_pulses == quiet_pulses
    assert loud_rows == quiet_rows
