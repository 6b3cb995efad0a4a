"""Pictures of what each setting of a walk does to the pulses that the emulated stimulator delivers."""

from dataclasses import dataclass

import matplotlib.pyplot as plt
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from hw_sim.emulators.load import DeliveredPulse
from hw_sim.pictures import BLUE, GREEN, GREY, ORANGE, draw_sticks, svg_text
from hw_sim.tally import tally_rows
from hw_sim.walk_run import WalkRun
from hw_sim.walker import WalkerSettings
from stimulator import cues
from stimulator.parameters import ALTERNATING, ASYMMETRIC, WIDTH
from stimulator.prescription import Prescription, channel_name, default_prescription
from stimulator.presets import PRESETS, named, prescription_of
from stimulator.wearer import DOWN, MUTE, PAUSE

SWING_COLOUR = "#fff3c4"


@dataclass(frozen=True, slots=True, kw_only=True)
class Shot:
    """One run, looked at from `from_s` to `to_s` of the world's time."""

    run: WalkRun
    from_s: float
    to_s: float

    def pulses(self, channel: int) -> list[DeliveredPulse]:
        return [
            p
            for p in self.run.device.pulses
            if p.channel == channel and self.from_s <= p.start_us / 1e6 <= self.to_s
        ]

    def swings(self) -> list[tuple[float, float]]:
        """Heel-off and contact of each step as the detector said them, s."""
        found = tally_rows(bytes(self.run.world.rows)).swings
        return [(s.start_us / 1e6, s.end_us / 1e6) for s in found]


def walked(prescription: Prescription, seconds: float, stride_s: float = 1.2, **how) -> WalkRun:
    """Return a finished walk of a steady walker with a mild drop."""
    walker = WalkerSettings(severity="mild", stride_s=stride_s, varies=False)
    return WalkRun(prescription, walker, **how).run(seconds)


def of_step(run: WalkRun, step: int, before_s: float = 0.15, after_s: float = 1.3) -> Shot:
    """Look at the step that begins with heel-off number `step` (from 0, or from the end)."""
    heel_off_s = Shot(run=run, from_s=0, to_s=0).swings()[step][0]
    return Shot(run=run, from_s=heel_off_s - before_s, to_s=heel_off_s + after_s)


def draw_swings(axes: Axes, shot: Shot, zero_s: float) -> None:
    """Shade heel-off to contact."""
    for a, b in shot.swings():
        if b > shot.from_s and a < shot.to_s:
            axes.axvspan(max(a, shot.from_s) - zero_s, min(b, shot.to_s) - zero_s, color=SWING_COLOUR, lw=0)


def draw_channel(axes: Axes, shot: Shot, channel: int, zero_s: float, *, by_width: bool = False) -> None:
    """Draw one channel's pulses as sticks over the shaded swings."""
    draw_swings(axes, shot, zero_s)
    values = [
        (p.start_us / 1e6 - zero_s, float(p.width_us) if by_width else abs(p.current_ma))
        for p in shot.pulses(channel)
    ]
    draw_sticks(axes, values, channel)
    axes.set_xlim(shot.from_s - zero_s, shot.to_s - zero_s)
    axes.set_ylim(bottom=0)
    axes.set_ylabel("us" if by_width else "mA")


def stack(shot: Shot, title: str, channels: int = 2) -> Figure:
    """Return one strip per channel, time from the first heel-off in sight."""
    figure, strips = plt.subplots(
        channels, 1, figsize=(8.5, 0.7 + 1.1 * channels), sharex=True, layout="constrained", squeeze=False
    )
    zero_s = next(a for a, _ in shot.swings() if a >= shot.from_s)
    for channel, axes in enumerate(strips[:, 0]):
        draw_channel(axes, shot, channel, zero_s)
        axes.set_title(channel_name(channel).replace("_", " "), fontsize=9, fontweight="normal")
    figure.suptitle(title, fontsize=11, x=0.01, ha="left")
    strips[-1, 0].set_xlabel("s since heel-off (shaded: heel-off to contact, as the detector saw them)")
    return figure


def step_picture() -> str:
    """Delay, rise, hold, extension, fall."""
    prescription = default_prescription()._replace(delay_ms=50)
    shot = of_step(walked(prescription, 8), -3)
    title = "One step: delay 50 ms, rise 200 ms, hold until contact, extension 100 ms, fall 150 ms"
    return svg_text(stack(shot, title))


def timeout_picture() -> str:
    """A step that lasts longer than the time-out."""
    prescription = default_prescription()._replace(timeout_ms=1000)
    shot = of_step(walked(prescription, 16, 2.5), -2, after_s=2.2)
    return svg_text(
        stack(shot, "Time-out of 1000 ms in a step that lasts longer: it falls before the contact")
    )


def extension_picture() -> str:
    """Fixed, with the cadence, in per cent of the time on the ground; quick and slow steps."""
    figure, grid = plt.subplots(3, 2, figsize=(8.5, 4.4), sharey=True, sharex="col", layout="constrained")
    names = ("in ms: 150 ms", "with the cadence: 150 ms at 1.1 s", "20 % of the time on the ground")
    for by, name in enumerate(names):
        prescription = default_prescription()._replace(
            extension_by=by, extension_ms=150, extension_percent=20, fall_ms=50
        )
        for column, stride_s in enumerate((0.9, 2.0)):
            shot = of_step(walked(prescription, 5 + 5 * stride_s, stride_s), -2, after_s=0.9 * stride_s)
            axes = grid[by, column]
            draw_channel(axes, shot, 0, shot.from_s + 0.15)
            axes.set_title(
                f"extension_by {by}, {name}" if column == 0 else "", fontsize=9, fontweight="normal"
            )
            axes.set_ylabel("mA" if column == 0 else "")
    for column, stride in enumerate(("0.9 s a stride", "2.0 s a stride")):
        grid[2, column].set_xlabel(f"s since heel-off; {stride}")
    return svg_text(figure)


def other_heel_picture() -> str:
    """The same walk, begun at heel-off and at the contact of the other heel."""
    figure, strips = plt.subplots(2, 1, figsize=(8.5, 3), sharex=True, layout="constrained")
    for start_at, axes in enumerate(strips):
        prescription = default_prescription()._replace(start_at=start_at)
        shot = of_step(walked(prescription, 9, switch_foot="other", other_behind=0.63), -3)
        zero_s = shot.from_s + 0.15
        draw_channel(axes, shot, 0, zero_s)
        label: str | None = "the other heel meets the ground"
        for contact_s in shot.run.other_contacts_s():
            if shot.from_s < contact_s < shot.to_s:
                axes.axvline(contact_s - zero_s, color=GREEN, lw=2, ls=":", label=label)
                label = None
        axes.legend(frameon=False, fontsize=8, loc="upper right")
        names = ("start_at 0: at heel-off", "start_at 1: when the other heel meets the ground")
        axes.set_title(names[start_at], fontsize=9, fontweight="normal")
    strips[1].set_xlabel("s since heel-off (shaded: heel-off to contact)")
    return svg_text(figure)


def windows_picture() -> str:
    """Push-off first, then tibialis anterior, then peroneal."""
    push = prescription_of(named(PRESETS, "push-off"), 20_000)
    tibialis, peroneal, calf = push.channels
    push = push._replace(channels=(tibialis, peroneal._replace(start_percent=35, end_percent=90), calf))
    shot = of_step(walked(push, 10), -3, after_s=1.2)
    title = "Tibialis anterior from 15 %, peroneal from 35 to 90 %, plantarflexor from 0 to 25 % of the step"
    return svg_text(stack(shot, title, 3))


def waveform_picture() -> str:
    """One or two delivered pulses of each waveform, and gaps."""
    base = default_prescription()
    shapes = [
        ("waveform 0: symmetric, gap 100 us", {}),
        (
            "waveform 1: asymmetric, a quarter for four times as long",
            {"waveform": ASYMMETRIC, "current_ua": 24_000},
        ),
        ("waveform 2: alternating, pulse by pulse", {"waveform": ALTERNATING}),
        ("no gap, 200 us", {"gap_us": 0, "width_us": 200}),
        ("gap 500 us, 450 us", {"gap_us": 500, "width_us": 450}),
    ]
    figure, strips = plt.subplots(len(shapes), 1, figsize=(8.5, 6), sharex=True, layout="constrained")
    for axes, (name, changes) in zip(strips, shapes, strict=True):
        channels = (base.channels[0]._replace(**changes), base.channels[1])
        pulses = of_step(walked(base._replace(channels=channels), 6), -2).pulses(0)[15:17]
        for i, pulse in enumerate(pulses):
            draw_pulse(axes, pulse, i * 3_000)
        axes.set_title(name, fontsize=9, fontweight="normal")
        axes.set_ylabel("mA")
        axes.set_ylim(-32, 32)
        axes.axhline(0, color=GREY, lw=0.5)
    strips[-1].set_xlabel("us (two pulses one after the other, drawn 3 ms apart)")
    return svg_text(figure)


def draw_pulse(axes: Axes, pulse: DeliveredPulse, at_us: int) -> None:
    """Draw the points of one delivered pulse; the charge of both phases is the same."""
    second_us = pulse.duration_us - pulse.width_us - pulse.gap_us
    second_ma = -pulse.current_ma * pulse.width_us / second_us
    edges = [0, 0, pulse.width_us, pulse.width_us, pulse.width_us + pulse.gap_us]
    edges += [pulse.width_us + pulse.gap_us, pulse.duration_us, pulse.duration_us]
    levels = [0, pulse.current_ma, pulse.current_ma, 0, 0, second_ma, second_ma, 0]
    axes.plot([at_us + e for e in edges], levels, color=BLUE, lw=1.4)


def width_picture() -> str:
    """Ramps of the current and of the width."""
    base = default_prescription()._replace(rise_ms=300)
    by_width = base._replace(channels=(base.channels[0]._replace(controls=WIDTH), base.channels[1]))
    figure, grid = plt.subplots(2, 2, figsize=(8.5, 3.4), sharex=True, sharey="row", layout="constrained")
    for column, prescription in enumerate((base, by_width)):
        shot = of_step(walked(prescription, 6), -2)
        for row in (0, 1):
            draw_channel(grid[row, column], shot, 0, shot.from_s + 0.15, by_width=row == 1)
        name = ("controls 0: the current follows the ramps", "controls 1: the width does")[column]
        grid[0, column].set_title(name, fontsize=9, fontweight="normal")
        grid[1, column].set_xlabel("s since heel-off")
    return svg_text(figure)


def doublet_picture() -> str:
    """The onset of a step with and without a doublet."""
    base = default_prescription()._replace(rise_ms=50)
    figure, strips = plt.subplots(2, 1, figsize=(8.5, 2.8), sharex=True, sharey=True, layout="constrained")
    for axes, doublet_ms in zip(strips, (0, 12), strict=True):
        channels = (base.channels[0]._replace(doublet_ms=doublet_ms), base.channels[1])
        shot = of_step(walked(base._replace(channels=channels), 6), -2, before_s=0.02, after_s=0.2)
        draw_channel(axes, shot, 0, shot.from_s + 0.02)
        axes.set_title(f"doublet_ms {doublet_ms}", fontsize=9, fontweight="normal")
    strips[1].set_xlabel("s since heel-off")
    return svg_text(figure)


def soft_start_picture() -> str:
    """The first steps of a walk."""
    run = walked(default_prescription()._replace(soft_start_steps=3), 9.5)
    shot = Shot(run=run, from_s=2.0, to_s=9.5)
    return svg_text(stack(shot, "soft_start_steps 3: the first three steps of a walk grow"))


def level_picture() -> str:
    """The wearer turns down within a step, then pauses."""
    presses = [(3_000, MUTE, 2_100), *((5_300 + 200 * i, DOWN, 80) for i in range(8)), (8_000, PAUSE, 80)]

    def deeds(run: WalkRun) -> None:
        ms = run.now_us // 1000
        for at_ms, key, held_ms in presses:
            if ms == at_ms:
                run.wearer.key_down(key)
                run.wearer.is_muted = False
            elif ms == at_ms + held_ms:
                run.wearer.key_up(key)

    run = walked(default_prescription(), 12, deeds=deeds)
    figure = stack(Shot(run=run, from_s=2.2, to_s=12.0), "The wearer turns down to 60 %, then pauses", 1)
    zero_s = next(a for a, _ in Shot(run=run, from_s=2.2, to_s=12.0).swings() if a >= 2.2)
    axes = figure.axes[0]
    for cue, name, mark, colour in (
        (cues.CLICK, "click: a step is helped", "v", BLUE),
        (cues.LEVEL_CHANGED, "beep: level changed", "s", ORANGE),
        (cues.PAUSED, "beep: paused", "X", GREEN),
    ):
        at = [t / 1e6 - zero_s for t, kind, number in run.signals.told if kind == "beep" and number == cue]
        axes.plot(at, [29] * len(at), mark, color=colour, ms=6, ls="none", label=name)
    axes.set_ylim(0, 46)
    axes.legend(frameon=False, fontsize=8, loc="upper right", ncols=4)
    return svg_text(figure)


PICTURES = {
    "walk-step": step_picture,
    "walk-timeout": timeout_picture,
    "walk-extension": extension_picture,
    "walk-other-heel": other_heel_picture,
    "walk-windows": windows_picture,
    "walk-waveforms": waveform_picture,
    "walk-width": width_picture,
    "walk-doublet": doublet_picture,
    "walk-soft-start": soft_start_picture,
    "walk-level": level_picture,
}
