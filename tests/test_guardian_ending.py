"""A guardian that was told to end arms nobody in the moment that is left."""

import os
import signal
import socket
from types import SimpleNamespace
from typing import Any

from firmware_py import messages
from tests.guardian_frames import command
from tests.guardian_here import guardian_here


def test_a_guardian_that_ends_hears_no_operator_any_more():
    core: Any = SimpleNamespace(guard=SimpleNamespace(driver=SimpleNamespace(fault=1), due_us=lambda us: us))
    controller, controller_far = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    operator, far = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    arm = command(messages.ARM, 5)
    with guardian_here(core) as process:
        process.listen(controller, [operator], None)
        far.send(arm)
        assert process._collect().operator == (arm,)
        far.send(arm)
        os.kill(os.getpid(), signal.SIGTERM)
        incoming = process._collect()
        assert incoming.stop
        assert incoming.operator == (), "what came with the signal"
        far.send(arm)
        assert process._collect().operator == (), "and what comes after it"
    for one in (controller, controller_far, operator, far):
        one.close()
