"""A device that only remembers what it was asked, for tests of the link's core without a loop."""

from typing import Any

from firmware_py.link import control, gatt, ops, values
from firmware_py.link.contracts import Device
from firmware_py.link.history import read_entry
from firmware_py.link.kept import kept_in
from firmware_py.link.session import Session
from firmware_py.link.wire import without_version
from stimulator.drivers.capability import P24
from stimulator.prescription import default_prescription, problems, steep_changes
from tests.mpy.link_session import ABOUT, FEATURES, PEER, Dice, Eyes, RingLog, Talk, new_store

CYCLE_US = 5_000


def there(thing: Any) -> Any:
    """Return `thing`, which must not be None."""
    assert thing is not None
    return thing


def kept(store) -> Any:
    """Return what a store remembers of prescriptions."""
    return there(kept_in(store))


def reply_in(data: bytes) -> Any:
    """Return the answer in an indication."""
    return there(control.read_reply(data))


def value_of(rig, key: int, layout) -> Any:
    """Return the record that a characteristic holds now."""
    return there(without_version(layout, there(rig.session.read(key))))


def status_of(rig) -> Any:
    """Return Status as a client reads it."""
    return value_of(rig, gatt.STATUS, values.STATUS)


def entry_of(rig, index: int = -1) -> Any:
    """Return an entry of the history, the newest if not told otherwise."""
    history = rig.session.history
    return there(read_entry(history.entry(index if index >= 0 else history.count + index)))


def in_use(rig):
    """Return the prescription that the device uses."""
    return rig.device.in_use


class NotedDevice(Device):
    """Obeys, and writes down what it was told in `told`. A step under way holds a commit back: `ends_step`."""

    capability = P24

    def __init__(self, prescription=None):
        self.told = []
        self.in_use = default_prescription() if prescription is None else prescription
        self.waiting = None
        self.is_walking = False
        self.refuses: Exception | None = None  # an exception that every commit raises
        self.refuses_confirmation: Exception | None = None
        self.falls_back_on = None
        self.arms_after = 0
        self.armed = 0
        self.stops = self.ends = 0
        self.fault = 0
        self.battery = 255
        self.ua_max = self.total_ua()  # the most that was ever in use

    def total_ua(self):
        return sum(c.current_ua for c in self.in_use.channels)

    def commit(self, prescription, confirmed=None):
        if self.refuses is not None:
            raise self.refuses
        self.told.append("commit")
        self.falls_back_on = confirmed
        self.waiting = prescription
        if not self.is_walking:
            self.ends_step()

    def confirm(self, prescription):
        if self.refuses_confirmation is not None:
            raise self.refuses_confirmation
        self.falls_back_on = None

    def ends_step(self):
        if self.waiting is not None:
            self.in_use, self.waiting = self.waiting, None
            self.ua_max = max(self.ua_max, self.total_ua())

    def prescription(self):
        return self.in_use

    def problems(self, prescription):
        return problems(prescription, P24) + steep_changes(self.in_use, prescription)

    def set_level(self, percent):
        self.told.append(f"level {percent}")
        return percent % 5 == 0 and percent <= 100

    def hold(self, channel, current_max_ua):
        if channel > 1:
            raise ValueError(f"channel is {channel}; the prescription has 0 to 1. Name one of these.")
        self.told.append(f"hold {channel} {current_max_ua}")

    def wish(self):
        """What it does is done at once."""

    def arm_walk(self):
        return self._arm("arm walk", 1)

    def arm_test(self):
        return self._arm("arm test", 2)

    def _arm(self, what, kind):
        self.told.append(what)
        self.arms_after -= 1
        if self.arms_after < 0:
            self.armed = kind
        return self.armed == kind

    def stop(self):
        self.told.append("stop")
        self.stops += 1
        self.ends += 1
        self.armed = 0

    def disarm(self):
        self.told.append("disarm")
        self.ends += 1
        self.armed = 0

    def fill_outcome(self, outcome):
        outcome.channel, outcome.verdict, outcome.ended_by, outcome.granted = 1, 2, 3, 77
        outcome.lift_cdeg, outcome.evert_cdeg = -1234, 2345

    def fill_status(self, status):
        status.armed, status.stops, status.fault = self.armed, self.stops, self.fault
        status.ends, status.battery = self.ends, self.battery


def _noting(name):
    def deed(self):
        self.told.append(name)

    return deed


for _name in ("pause", "resume", "acknowledge", "channels_checked", "clear", "beat", "release"):
    setattr(NotedDevice, _name, _noting(_name))


class Rig:
    """A session on a NotedDevice, and somebody to talk to it."""

    def __init__(self, store=None, device=None, role=3, features=FEATURES, is_again=False):
        self.device = device or NotedDevice()
        self.store = new_store(role) if store is None else store
        self.eyes, self.log, self.chance = Eyes(), RingLog(), Dice()
        self.session = Session(
            *(self.device, self.store, self.chance, self.eyes, self.log),
            about=ABOUT,
            features=features,
            is_again=is_again,
        )
        self.talk = Talk(self.session)
        self.t_us = 0

    def pass_s(self, s, step_us=100_000):
        """Let time pass without a person."""
        for _ in range(round(s * 1_000_000 / step_us)):
            self.t_us = (self.t_us + step_us) & 0x3FFFFFFF
            self.session.step(self.t_us, step_us)

    def wearer(self):
        """Connect, encrypt, say hello; return the talk."""
        assert self.session.connected(PEER)
        self.session.mtu = 247
        self.session.secured()
        self.talk.hello()
        return self.talk

    def therapist(self):
        """The same, and unlocked."""
        self.wearer()
        self.talk.unlock()
        return self.talk

    def commit(self, prescription, txn=1):
        """Stage and commit a change; return the answer."""
        self.talk.stage(prescription, self.session.changes.revision, txn)
        return self.talk.ask(ops.COMMIT, txn, self.session.changes.revision)
