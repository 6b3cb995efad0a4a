"""Everything the guardian hears goes into its log, before it is acted upon: so its decisions can be replayed."""

from firmware_py import blackbox
from firmware_py.acts import StepLog
from firmware_py.pi.guardian.core import Incoming
from safety.clock import WRAP_MASK_US

WRAP_BITS = 30


class Recorder:
    """Notes the inputs of each step.

    log    firmware_py.hal.Log;  steps  what guard and port note into
    """

    def __init__(self, log) -> None:
        self.steps = StepLog(log)

    def note(self, now_us: int, incoming: Incoming) -> None:
        """A step at `now_us` (does not wrap) begins, with what has arrived until then."""
        t_us = now_us & WRAP_MASK_US
        steps = self.steps
        for packet in incoming.controller:
            steps.note_bytes(blackbox.CONTROLLER, t_us, packet, len(packet))
        for packet in incoming.operator:
            steps.note_bytes(blackbox.OPERATOR, t_us, packet, len(packet))
        if incoming.stop or incoming.controller_gone or incoming.slept or incoming.battery >= 0:
            steps.note(
                blackbox.INPUTS,
                t_us,
                int(incoming.stop),
                int(incoming.controller_gone),
                int(incoming.slept),
                incoming.battery,
            )
        steps.stepped(t_us, now_us >> WRAP_BITS)
