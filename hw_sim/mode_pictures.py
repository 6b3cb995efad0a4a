"""Pictures of the modes beside the plain walk: two prescriptions compared, both legs, and test bursts."""

import matplotlib.pyplot as plt
import numpy as np

from firmware_py import blackbox
from firmware_py.both_legs import LEG_NAMES
from firmware_py.cycle import CYCLE_US
from hw_sim.both_legs import BothWorld, usual_prescription
from hw_sim.check_flow import BEAT_US, seated
from hw_sim.pictures import BLUE, GREEN, GREY, RED, draw_sticks, svg_text
from hw_sim.seated import SeatedLeg
from hw_sim.walk_pictures import SWING_COLOUR, walked
from hw_sim.walk_run import WalkRun
from hw_sim.world import world_us
from stimulator.comparison import NOTHING, ON_THE_WAY, A, B
from stimulator.prescription import default_prescription
from stimulator.test_burst import ENDS

LABEL_COLOURS = {A: "#c6dbef", B: "#fdd0a2", ON_THE_WAY: "#f0f0f0", NOTHING: "#ffffff"}
LABEL_TEXTS = {A: "A", B: "B", ON_THE_WAY: "", NOTHING: ""}
COMPARED_AT_US = 4_000_000


def comparison_picture() -> str:
    """A and B take turns, two strides each; what lies between goes by 5 mA at most."""
    a = default_prescription()
    b = a._replace(channels=(a.channels[0]._replace(current_ua=37_000), a.channels[1]))

    def deeds(run: WalkRun) -> None:
        if run.now_us == COMPARED_AT_US:
            run.world.loop.compare(b, 2, 4)

    run = walked(a, 24, deeds=deeds)
    figure, axes = plt.subplots(figsize=(8.5, 2.6), layout="constrained")
    labels, now_us = [], 0
    for kind, t_us, values in blackbox.rows(bytes(run.world.rows)):
        now_us = world_us(t_us, now_us)
        if kind == blackbox.COMPARISON:
            labels.append((now_us / 1e6, values[0]))
    ends = [at for at, _ in labels[1:]] + [24.0]
    for (at, label), end in zip(labels, ends, strict=True):
        axes.axvspan(at, end, color=LABEL_COLOURS[label], lw=0)
        axes.text((at + end) / 2, 40, LABEL_TEXTS[label], ha="center")
    pulses = [(p.start_us / 1e6, p.current_ma) for p in run.device.pulses if p.channel == 0]
    draw_sticks(axes, pulses, 0)
    axes.set_ylim(0, 44)
    axes.set_xlim(2, 24)
    axes.set_ylabel("mA")
    axes.set_xlabel("s (grey: on the way from A to B, as the log calls these strides)")
    axes.set_title(
        "A (25 mA, committed) and B (37 mA), two strides each, four blocks; tibialis anterior", fontsize=10
    )
    return svg_text(figure)


def both_legs_picture() -> str:
    """Each leg in its own steps, one stimulator; then the sensors of the left leg fail."""
    from hw_sim import faulty_sensors

    world = BothWorld((usual_prescription(), usual_prescription()), varies=False)
    world.connect()
    world.arm()
    world.advance(8_000_000 - world.now_us)
    world.sensors[0].begin(faulty_sensors.BOTH_GONE)
    world.advance(4_000_000)
    figure, strips = plt.subplots(2, 1, figsize=(8.5, 3.2), sharex=True, sharey=True, layout="constrained")
    for i, (name, axes) in enumerate(zip(LEG_NAMES, strips, strict=True)):
        for stride in world.legs[i].strides:
            axes.axvspan(stride.swing_start_us / 1e6, stride.swing_end_us / 1e6, color=SWING_COLOUR, lw=0)
        for channel in (0, 1):
            pulses = [(at / 1e6, ma) for at, on, ma in world.pulses(i) if on == channel]
            draw_sticks(axes, pulses, channel)
        axes.axvline(8.0, color=RED, ls="--", lw=1.2)
        axes.set_title(f"{name} leg", fontsize=9, fontweight="normal")
        axes.set_ylabel("mA")
        axes.set_xlim(2, 12)
    strips[0].legend(frameon=False, fontsize=8, loc="upper right", ncols=2)
    strips[0].text(8.05, 30, "the left sensors fail", color=RED, fontsize=9)
    strips[1].set_xlabel("s (shaded: toe-off to contact)")
    return svg_text(figure)


def test_burst_picture() -> str:
    """Held for longer than 2 s, let go early, and a heartbeat that stops."""
    presses = ((0.5, 3.0, 3.0), (4.0, 4.9, 4.9), (6.0, 8.0, 6.9))  # button down, up, last heartbeat, s
    seat = seated(SeatedLeg(severity="mild"))
    world, burst = seat.world, seat.world.loop.burst
    world.loop.guard.acknowledge()
    zero_us, ended = world.now_us, []
    for down_s, up_s, beats_to_s in presses:
        while not world.loop.arm_test() or world.now_us < zero_us + down_s * 1e6:
            world.advance(CYCLE_US)
        burst.hold(0)
        beat_us = world.now_us
        while world.now_us < zero_us + up_s * 1e6:
            if world.now_us - beat_us >= BEAT_US and world.now_us < zero_us + beats_to_s * 1e6:
                beat_us = world.now_us
                burst.beat()
            world.advance(CYCLE_US)
        burst.release()
        ended.append(ENDS[burst.envelope.ended_by].split(".")[0])
        world.advance(CYCLE_US)
        world.loop.guard.disarm()
        world.advance(300_000)
        world.loop.guard.open()
    figure, axes = plt.subplots(figsize=(8.5, 2.6), layout="constrained")
    for (down_s, up_s, beats_to_s), why in zip(presses, ended, strict=True):
        axes.axvspan(down_s, up_s, color="#e5f5e0", lw=0)
        beats = np.arange(down_s, beats_to_s, BEAT_US / 1e6)
        axes.plot(beats, [31] * len(beats), "|", color=GREEN, ms=8)
        axes.text(down_s, 35, why, fontsize=8, color=GREY)
    pulses = [((p.start_us - zero_us) / 1e6, p.current_ma) for p in seat.device.pulses]
    draw_sticks(axes, pulses, 0)
    axes.plot([], [], color=BLUE, label="")
    axes.set_ylim(0, 40)
    axes.set_xlim(0, 9)
    axes.set_ylabel("mA")
    axes.set_xlabel("s (green: the button is held; marks: heartbeat)")
    return svg_text(figure)


PICTURES = {
    "comparison": comparison_picture,
    "both-legs": both_legs_picture,
    "test-burst": test_burst_picture,
}
