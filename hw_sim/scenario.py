"""A scenario: who walks where, what happens on the way, and what must be true. As data, checked by pydantic.

The models say every range; `hw_sim/scenarios/scenario.schema.json` is made from them for editors. Reading a file, and
the sentences about what is wrong in it, live in `scenario_file`.
"""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from hw_sim.activities import Activity, check_order
from hw_sim.breaks import BREAKS, HEEL, PERSON
from hw_sim.severity import SEVERITIES
from safety import faults
from stimulator.parameters import CHANNEL_PARAMETERS, WALK_PARAMETERS

LENGTH_MAX_S = 4 * 3600.0
ARMED_BY_S = 2.0  # at the earliest: the stimulator needs its time
FAULT_NAMES = tuple(f.name for f in faults.FAULTS if f.id)
MODES = ("armed", "ready", "paused", "fault", "off")

Seconds = Annotated[float, Field(ge=0, le=LENGTH_MAX_S)]
Milliseconds = Annotated[float, Field(ge=0, le=60_000)]
Count = Annotated[int, Field(ge=0, le=100_000)]


class Contradiction(ValueError):
    """Two settings that cannot both be true; `place` is the one to look at, as pydantic's `loc`."""

    def __init__(self, place: tuple[str | int, ...], sentence: str) -> None:
        super().__init__(sentence)
        self.place = place


class Model(BaseModel):
    """Unknown keys are refused: a typing error must not silently do nothing."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


class WalkerModel(Model):
    """Who walks. What is left out follows from the speed, or is the usual."""

    severity: Literal[tuple(SEVERITIES)] = Field(default="severe", description="How much the foot drops.")  # type: ignore[valid-type]
    side: Literal["right", "left"] = Field(default="right", description="The leg that is helped.")
    stride_s: float = Field(default=1.2, ge=0.8, le=2.5, description="Time of one stride, s.")
    speed_mps: float | None = Field(default=None, ge=0.2, le=1.6, description="Walking speed, m/s.")
    stance_share: float | None = Field(
        default=None, ge=0.5, le=0.78, description="Share of the stride in stance."
    )
    hip_hike_m: float = Field(default=0.0, ge=0.0, le=0.1, description="The hip lifted in swing, m.")
    circumduction_m: float = Field(default=0.0, ge=0.0, le=0.2, description="The foot swung outwards, m.")
    varies: bool = Field(default=True, description="False: every stride alike.")
    muscle: Literal["fast", "ding", "ding2007"] = Field(
        default="fast", description="The muscle's model; Ding's tire."
    )
    fatigue: float = Field(
        default=0.25,
        ge=0.0,
        le=2.0,
        description="How fast Ding's muscles tire; 1 as published for a quadriceps.",
    )
    muscle_gain: float = Field(
        default=1.0,
        ge=0.3,
        le=2.0,
        description="Scales the current that reaches the nerves: pad position, day.",
    )


class SensorsModel(Model):
    """What is worn."""

    place: Literal["foot", "shank"] = Field(default="foot", description="Where the IMU sits.")
    has_switch: bool = Field(default=True, description="Whether a heel switch is fitted.")


def _overrides(name: str, table) -> type[Model]:
    from pydantic import create_model

    fields = {
        p.name: (int | None, Field(default=None, ge=p.min, le=p.max, strict=True, description=p.help))
        for p in table
    }
    return create_model(name, __base__=Model, **fields)  # type: ignore[call-overload]


ChannelModel = _overrides("ChannelModel", CHANNEL_PARAMETERS)
WalkTimesModel = _overrides("WalkTimesModel", WALK_PARAMETERS)


class PrescriptionModel(Model):
    """What differs from the demo's prescription; keys as in a prescription file."""

    walk: WalkTimesModel = Field(default_factory=WalkTimesModel)  # type: ignore[valid-type]
    tibialis_anterior: ChannelModel | None = None  # type: ignore[valid-type]
    peroneal: ChannelModel | None = None  # type: ignore[valid-type]
    plantarflexor_medial: ChannelModel | None = None  # type: ignore[valid-type]
    plantarflexor_lateral: ChannelModel | None = None  # type: ignore[valid-type]


class EventModel(Model):
    """Something breaks, or a person does something; what must follow may stand beside it."""

    at_s: Seconds = Field(description="When, s from the beginning.")
    what: Literal[tuple(BREAKS)] = Field(description="What happens.")  # type: ignore[valid-type]
    amount: float | None = Field(default=None, description="How much, where the event has an amount.")
    until_s: Seconds | None = Field(default=None, description="When it is over again; left out: never.")
    found: list[Literal[FAULT_NAMES]] | None = Field(  # type: ignore[valid-type]
        None, description="One of these faults must come up, and no other.", min_length=1
    )
    found_within_ms: Milliseconds | None = Field(default=None, description="So soon.")
    off_within_ms: Milliseconds | None = Field(
        default=None, description="No pulse starts later than this after it, until somebody arms."
    )

    @model_validator(mode="after")
    def _fits(self) -> "EventModel":
        one = BREAKS[self.what]
        if self.amount is not None and one.amount is None:
            raise ValueError(f"'{self.what}' has no amount; allowed is none. Remove it")
        if (
            self.amount is not None
            and one.amount is not None
            and not one.amount[1] <= self.amount <= one.amount[2]
        ):
            unit, least, most, _ = one.amount
            raise ValueError(
                f"amount is {self.amount:g}; allowed is {least:g} to {most:g} {unit}. Choose one in this range"
            )
        if self.until_s is not None and one.end is None:
            raise ValueError(f"'{self.what}' cannot end by itself; allowed is no until_s. Remove it")
        if self.until_s is not None and self.until_s <= self.at_s:
            raise ValueError(
                f"until_s is {self.until_s:g}, at_s is {self.at_s:g}; allowed is an until_s after at_s. "
                "Correct one of them"
            )
        if self.found_within_ms is not None and self.found is None:
            raise ValueError(
                "found_within_ms is given without found; allowed are both or none. Say which fault"
            )
        return self

    @property
    def group(self) -> str:
        """What it happens to."""
        return BREAKS[self.what].group

    @property
    def size(self) -> float:
        """The amount, the usual one if none is given, 0 if there is none."""
        if self.amount is not None:
            return self.amount
        amount = BREAKS[self.what].amount
        return amount[3] if amount else 0.0


class ExpectModel(Model):
    """What must be true. Steps count from from_s to until_s; what is left out is not asked."""

    from_s: Seconds = Field(
        default=6.0, description="Steps before this are not judged: help begins with the second or third."
    )
    until_s: Seconds | None = Field(
        default=None, description="Steps after this are not judged; left out: to the end."
    )
    steps_min: Count | None = Field(default=None, description="So many steps at least.")
    clearance_mm_min: float | None = Field(
        default=None, ge=0, le=100, description="Toe clearance of every step, mm."
    )
    clearance_mm_mean_min: float | None = Field(
        default=None, ge=0, le=100, description="Mean toe clearance, mm."
    )
    drag_share_max: float | None = Field(
        default=None, ge=0, le=1, description="Share of steps whose toe touches in mid-swing."
    )
    drag_share_min: float | None = Field(
        default=None, ge=0, le=1, description="The same, at least: the walker needs help."
    )
    missed_steps_max: Count | None = Field(default=None, description="Steps without help.")
    false_bursts_max: Count | None = Field(
        default=0, description="Pulse trains in true flat stance, over the whole run."
    )
    silent_steps_max: Count | None = Field(
        default=None, description="Steps without help and without a sound."
    )
    pitch_at_contact_deg_min: float | None = Field(
        default=None, ge=-60, le=60, description="Mean pitch at contact, toe-up +."
    )
    roll_at_contact_deg_max: float | None = Field(
        default=None, ge=0, le=60, description="Mean |roll| at contact."
    )
    charge_per_step_uc_max: float | None = Field(
        default=None, ge=0, le=10_000, description="Mean charge of one channel."
    )
    current_ma_max: float | None = Field(default=60.0, ge=0, le=130, description="No pulse above this, mA.")
    fatigue_deg_max: float | None = Field(
        default=None, ge=0, le=60, description="Lift lost from first to last steps, deg."
    )
    fatigue_deg_min: float | None = Field(default=None, ge=0, le=60, description="The same, at least.")
    no_fault: bool = Field(default=False, description="No fault may come up at all.")
    ends: Literal[MODES] | None = Field(default=None, description="How the device stands at the end.")  # type: ignore[valid-type]


class Scenario(Model):
    """One situation."""

    title: str = Field(min_length=3, max_length=60, description="As people would call it.")
    why: str = Field(min_length=10, max_length=240, description="One sentence: why it matters.")
    seed: int = Field(default=1, ge=0, le=2**31 - 1, description="Same seed, same walk.")
    arm_at_s: float = Field(default=ARMED_BY_S, ge=1.0, le=LENGTH_MAX_S, description="When a person arms.")
    walker: WalkerModel = Field(default_factory=WalkerModel)
    arms: bool = Field(default=True, description="False: nobody ever arms the device.")
    length_s: float = Field(ge=5, le=LENGTH_MAX_S, description="How long it is looked at, s.")
    activity: list[Activity] = Field(
        min_length=1, description="What the person does, in order; the last posture is held to the end."
    )
    sensors: SensorsModel = Field(default_factory=SensorsModel)
    prescription: PrescriptionModel = Field(default_factory=PrescriptionModel)
    event: list[EventModel] = Field(default_factory=list)
    expect: ExpectModel = Field(default_factory=ExpectModel)

    @model_validator(mode="after")
    def _agrees(self) -> "Scenario":
        for n in range(len(self.activity)):
            try:
                check_order(self.activity[: n + 1])
            except ValueError as e:
                raise Contradiction(("activity", n), str(e).rstrip(".")) from e
        for i, event in enumerate(self.event):
            where = f"event {i + 1} ('{event.what}')"
            if event.at_s >= self.length_s:
                raise Contradiction(
                    ("event", i, "at_s"),
                    f"{where}: at_s is {event.at_s:g}; allowed is 0 to {self.length_s:g}, which is length_s. "
                    "Move it, or look longer",
                )
            if event.group == HEEL and not self.sensors.has_switch:
                raise Contradiction(
                    ("event", i, "what"),
                    f"{where} contradicts has_switch = false; allowed is a heel switch's event only with a switch. "
                    "Fit one, or remove the event",
                )
            for other in self.event[:i]:
                if _overlap(event, other):
                    raise Contradiction(
                        ("event", i, "what"),
                        f"{where} at {event.at_s:g} s contradicts '{other.what}', which lasts; allowed is one event of "
                        f"the {event.group} at a time. End the first with until_s, or move one",
                    )
        return self


def _overlap(event: EventModel, other: EventModel) -> bool:
    if event.group != other.group or event.group == PERSON:
        return False
    if BREAKS[event.what].end is None or BREAKS[other.what].end is None:
        return False  # a moment, which lasts for no time
    first, last = sorted((event, other), key=lambda e: e.at_s)
    return first.until_s is None or last.at_s < first.until_s
