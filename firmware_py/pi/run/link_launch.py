"""Start the link's process, and another one if it ends: therapy goes on meanwhile, a trial ends in the smaller.

The sockets' ends of the link stay open here, so that the next process goes on with them; whoever was killed is silent
until then, which is what the controller looks for (`link_end.LOST_US`).
"""

import dataclasses
import json
import socket
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

from firmware_py.link.contracts import Store
from firmware_py.link.kept import confirmed_in, hash_of, kept_in
from firmware_py.link.smaller import ended
from firmware_py.link.values import SETTLED
from firmware_py.pi.console import ROOT, sentence_of
from firmware_py.pi.guardian.ports import monotonic_us
from firmware_py.pi.run.link import FILE, LinkSpec
from stimulator.drivers.capability import Capability
from stimulator.parameters import CHANNEL_PARAMETERS, WALK_PARAMETERS, channel_name
from stimulator.prescription import Prescription, problems

PROGRAM = "firmware_py.pi.run.link"
SIM_PROGRAM = "hw_sim.radio.live_link"
AGAIN_US, AGAIN_MAX_US = 500_000, 60_000_000  # until another start; doubles if it did not live for a minute
END_S = 3.0


def pair() -> tuple[socket.socket, socket.socket]:
    """Return both ends of a socket between two processes."""
    return socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)


def started_with(store: Store, named: Prescription) -> Prescription:
    """Return what the device starts with: what was confirmed over the link, unless `named` has changed since.

    named   of the configuration's file. `firmware_py.link.kept.Damaged` if the store cannot be read.
    """
    return confirmed_in(store, named) if store.load(FILE) == hash_of(named) else named


def begun_with(begin: Callable[[], Prescription], named: Prescription) -> tuple[Prescription, str]:
    """Return what the device starts with, and why the link stays off, a sentence; "" if it does not.

    begin   asks the store of the link, such as `started_with`
    Whatever is wrong in the folder of the link keeps nobody from walking. `named` may then be stronger than what was
    confirmed over the link, so leg and channels have to be checked again.
    """
    try:
        return begin(), ""
    except (OSError, ValueError) as e:
        said = f"{sentence_of(e) or e} Until then the link stays off, the prescription is that of the configuration, "
        return named, said + "and leg and channels have to be checked again."


def started_without(store: Store, named: Prescription, capability: Capability) -> Prescription:
    """Return what the device starts with while the link is switched off: that alone must not bring an older one back.

    As `started_with`; but of a trial about which nobody has decided the gentler, as the link would end it.
    """
    kept = kept_in(store) if store.load(FILE) == hash_of(named) else None
    if kept is None:
        return named
    if kept.phase == SETTLED:
        return kept.confirmed
    return ended(kept.running, kept.confirmed, kept.running, capability, lambda p: problems(p, capability))


def take_without(store: Store, named: Prescription, capability: Capability) -> Prescription:
    """Return `started_without`; another file is taken over, so what was confirmed before it never comes back."""
    if store.load(FILE) not in (None, b"", hash_of(named)):
        store.save(FILE, b"")
    return started_without(store, named, capability)


def not_the_file(used: Prescription, named: Prescription) -> str:
    """Say what runs instead of what the file says; empty if that is the same."""
    rows: list[tuple] = [(used, named, WALK_PARAMETERS, "")]
    for index, (one, other) in enumerate(zip(used.channels, named.channels, strict=False)):
        rows.append((one, other, CHANNEL_PARAMETERS, f"{channel_name(index)} "))
    found = [
        f"{where}{p.name} {getattr(one, p.name)} (file: {getattr(other, p.name)})"
        for one, other, table, where in rows
        for p in table
        if getattr(one, p.name) != getattr(other, p.name)
    ]
    if not found:
        return ""
    return (
        f"What was decided over the link runs, not the file: {', '.join(found)}. It stays so, with or without the "
        "link, until other values are written into the file."
    )


class LaunchedLink:
    """The process and what it needs to be started again.

    spec    with the descriptors of `ends`
    ends    the link's ends of its sockets, kept open
    say     shows a sentence
    parent  socket on which the parent tells (PAIR, BATTERY), and whose end ends it
    """

    def __init__(
        self,
        spec: LinkSpec,
        ends: tuple[socket.socket, ...],
        parent: socket.socket,
        say: Callable[[str], None] = print,
    ) -> None:
        self._ends, self._parent, self._say, self._is_sim = ends, parent, say, spec.is_sim
        parent.setblocking(False)
        self._wait_us = AGAIN_US
        # Both at once: when it has to be started again, the disk may be full.
        self._spec = _written(spec, "link.json")
        self._spec_again = _written(dataclasses.replace(spec, is_again=True), "link-again.json")
        self.process = self._start()

    def mend(self) -> bool:
        """Start another process if this one has ended, not too often; True if it has just been found dead."""
        if self.process.poll() is None:
            return False
        now_us = monotonic_us()
        if not self._is_dead:
            self._is_dead = True
            has_lived = now_us - self._since_us > AGAIN_MAX_US
            self._wait_us = AGAIN_US if has_lived else min(2 * self._wait_us, AGAIN_MAX_US)
            self._since_us = now_us
            self._say(f"link: it has ended ({self.process.returncode}); therapy goes on, another one starts.")
            return True
        if now_us - self._since_us > self._wait_us:
            self._spec = self._spec_again
            self.process = self._start()
        return False

    def tell(self, said: bytes) -> None:
        """Tell the link; one that does not listen misses it."""
        try:
            self._parent.send(said)
        except OSError:
            return

    def close(self) -> None:
        """End it. Safe to call twice."""
        self._parent.close()
        try:
            self.process.wait(END_S)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        for one in self._ends:
            one.close()

    def _start(self) -> subprocess.Popen:
        self._is_dead = False
        self._since_us = monotonic_us()
        program = SIM_PROGRAM if self._is_sim else PROGRAM
        return subprocess.Popen(
            [sys.executable, "-m", program, str(self._spec)],
            pass_fds=[one.fileno() for one in self._ends],
            cwd=ROOT,
        )


def _written(spec: LinkSpec, name: str) -> Path:
    path = Path(spec.session) / name
    path.write_text(json.dumps(dataclasses.asdict(spec)), encoding="utf-8")
    return path


def launch_link(
    controller: socket.socket,
    guardian: socket.socket,
    *,
    store: Path,
    session: Path,
    air: str,
    say: Callable[[str], None] = print,
    **told,
) -> LaunchedLink:
    """Start it. `controller`, `guardian`: its ends of their sockets; `told`: config, prescription, file, is_sim."""
    own, parent = pair()
    spec = LinkSpec(
        controller_fd=controller.fileno(),
        guardian_fd=guardian.fileno(),
        parent_fd=own.fileno(),
        store=str(store),
        session=str(session),
        is_again=False,
        air=air,
        **told,
    )
    return LaunchedLink(spec, (controller, guardian, own), parent, say)
