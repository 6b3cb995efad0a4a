"""A simulated device and a laptop in one process on one air, for tests of the radio; every test makes its own."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Coroutine
from pathlib import Path
from typing import Any

from bumble import att
from bumble.device import Connection

from firmware_py.link import gatt
from firmware_py.link.session import Session
from hw_sim.radio.air import Air, RadioController
from hw_sim.radio.bleak_backend import Laptop
from hw_sim.radio.peripheral import Peripheral
from tests.link_rig import NotedDevice
from tests.mpy.link_session import ABOUT, FEATURES, Dice, Eyes, RingLog, new_store

ADDRESS = "F0:5A:C0:00:00:01"
STEP_US = 5_000


class Ward:
    """A device in the air: its session on a NotedDevice, and a clock that runs in real time."""

    def __init__(
        self,
        folder: Path,
        *,
        device=None,
        store=None,
        air=None,
        compare=None,
        seed=1,
        features=FEATURES,
        address=None,
        name="SWP-TEST",
    ):
        self.folder = folder
        self.air = air or Air(supervision_s=0.05)
        self.device = device or NotedDevice()
        self.store = new_store() if store is None else store
        self.eyes, self.log = Eyes(), RingLog()
        self.session = Session(
            self.device, self.store, Dice(seed), self.eyes, self.log, about=ABOUT, features=features
        )
        self.controller = RadioController("device", self.air)
        self.peripheral = Peripheral(
            self.session,
            self.controller,
            self.controller,
            address=address or ADDRESS,
            name=name,
            keys_path=folder / f"device-keys{'' if address is None else address[-2:]}.json",
            compare=compare,
            has_running=bool(features & 16),
        )
        self.t_us = 0
        self.speed = 1  # cycles for each cycle of real time

    async def __aenter__(self) -> "Ward":
        await self.peripheral.start()
        self._clock = asyncio.get_running_loop().create_task(self._tick())
        return self

    async def __aexit__(self, *_: object) -> None:
        self._clock.cancel()
        await self.peripheral.stop()

    async def _tick(self) -> None:
        while True:
            for _ in range(self.speed):
                self.t_us = (self.t_us + STEP_US) & 0x3FFFFFFF
                self.session.step(self.t_us, STEP_US)
            await asyncio.sleep(STEP_US / 1e6)

    async def reads_display(self) -> int:
        """What a person types who looks at the device."""
        for _ in range(400):
            if not self.eyes.is_dark:
                return self.eyes.seen[-1]
            await asyncio.sleep(0.005)
        raise AssertionError("the display stays dark")

    def is_patient(self) -> None:
        """Let a stranger stay for another minute, for what takes longer than 20 s."""
        self.session.access._stranger.start(60)

    async def bonds(self) -> list[str]:
        """Return whom the device knows."""
        return [name for name, _ in await self.peripheral.keys.get_all()]

    async def forget_bonds(self) -> None:
        """Let the device forget everybody."""
        await self.peripheral.keys.delete_all()
        await self.peripheral.keys.remember()

    def last_handle(self) -> int:
        """Return the highest handle there is."""
        return max(a.handle for a in self.peripheral.device.gatt_server.attributes)

    def laptop(self, name="laptop", **how: Any) -> Laptop:
        """Return a laptop with its own bonds, not switched on yet; its person types what the device shows."""
        controller = RadioController(name, self.air)
        how.setdefault("passkey", self.reads_display)
        return Laptop(controller, controller, keys_path=self.folder / f"{name}-keys.json", **how)


async def until(is_so, seconds=3.0) -> None:
    """Wait until something is so; fail if it never is."""
    for _ in range(int(seconds / 0.005)):
        if is_so():
            return
        await asyncio.sleep(0.005)
    raise AssertionError("it never came true")


def run(deed: Coroutine) -> Any:
    """Run a test's coroutine."""
    return asyncio.run(asyncio.wait_for(deed, 60))


class Raw:
    """A stranger with a radio: sends any bytes as PDUs and collects what comes back."""

    def __init__(self, laptop: Laptop, connection: Connection) -> None:
        self.laptop, self.connection = laptop, connection
        self.answers: asyncio.Queue[bytes] = asyncio.Queue()
        channels = laptop.device.l2cap_channel_manager
        channels.register_fixed_channel(att.ATT_CID, lambda _, pdu: self.answers.put_nowait(pdu))

    def send(self, pdu: bytes, cid: int = att.ATT_CID) -> None:
        """Send `pdu` as it is."""
        self.connection.send_l2cap_pdu(cid, pdu)

    async def ask(self, pdu: bytes) -> bytes:
        """Send and wait for the answer."""
        self.send(pdu)
        return await self.heard()

    async def heard(self, seconds: float = 5) -> bytes:
        """Wait for what comes back next."""
        return await asyncio.wait_for(self.answers.get(), seconds)


@contextlib.asynccontextmanager
async def raw_connection(ward: Ward, laptop: Laptop) -> AsyncIterator[Raw]:
    """Connect without any client above."""
    from bumble import hci

    connection = await laptop.device.connect(hci.Address(ADDRESS), timeout=3)
    await until(lambda: ward.session.access.state != 0)
    yield Raw(laptop, connection)


def handle_of(ward: Ward, key: int) -> int:
    """Return the handle of a characteristic's value."""
    return ward.peripheral._characteristics[key].handle


def cccd_of(ward: Ward, key: int) -> int:
    """Return the handle of a characteristic's subscription."""
    return ward.peripheral._characteristics[key].descriptors[0].handle


ALL_KEYS = tuple(c.key for s in gatt.table() for c in s.characteristics)
SECURE_KEYS = tuple(c.key for s in gatt.table() for c in s.characteristics if c.is_secure)
