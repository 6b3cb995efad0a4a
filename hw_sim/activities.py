"""What a person does, one thing after the other: the words in which a walk is written down.

    Activity(do="stand", seconds=3), Activity(do="walk", seconds=20, speed_mps=0.6), Activity(do="turn", turn_deg=180)

A list of these in `WalkerSettings.activities` is walked in its order, and then the last posture is held.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, NamedTuple

from .setting import NO_OTHER_KEYS, check, number, one_of

STANDING, SITTING, HANGING = "standing", "sitting", "sitting high"


class Kind(NamedTuple):
    """What can be done: one sentence, what may be said about it, from which posture it starts and ends in which."""

    sentence: str
    keys: tuple[str, ...]
    starts: str = STANDING
    ends: str = STANDING


KINDS = {
    "stand": Kind("Stands still.", ("seconds",)),
    "walk": Kind(
        "Walks on level ground or a slope; the first step is shorter, the last one closes.",
        ("seconds", "strides", "speed_mps", "stride_s", "slope_deg", "size"),
    ),
    "turn": Kind("Turns on the spot in short steps.", ("turn_deg", "stride_s")),
    "stairs_up": Kind("Climbs stairs, foot over foot.", ("steps", "stride_s")),
    "stairs_down": Kind("Goes down stairs, foot over foot, landing on the forefoot.", ("steps", "stride_s")),
    "shift_weight": Kind("Stands and sways from foot to foot and to the toes; heels lift.", ("seconds",)),
    "freeze": Kind("Wants to walk and cannot: knees and heels tremble, the feet stay.", ("seconds",)),
    "sit_down": Kind("Sits down on a chair.", ("seconds",), STANDING, SITTING),
    "sit": Kind("Sits, both feet on the floor.", ("seconds",), SITTING, SITTING),
    "hang": Kind("Sits so high that the feet hang free.", ("seconds",), HANGING, HANGING),
    "stand_up": Kind("Stands up from the chair.", ("seconds",), SITTING, STANDING),
}
GAIT = ("walk", "turn", "stairs_up", "stairs_down")

SECONDS = {
    "stand": 3.0,
    "shift_weight": 6.0,
    "freeze": 4.0,
    "sit_down": 2.0,
    "sit": 5.0,
    "hang": 5.0,
    "stand_up": 2.0,
}
TURN_DEG, STAIRS = 180.0, 8


@dataclass(frozen=True, slots=True, kw_only=True)
class Activity:
    """One thing that a person does. What is None follows from the walker's settings or is usual."""

    __pydantic_config__ = NO_OTHER_KEYS

    do: Annotated[str, one_of(KINDS, "what is done")]
    seconds: Annotated[float | None, number(0, 1e9, "s", "how long")] = None
    strides: Annotated[
        int | None, number(2, 100_000, "", "walk: strides of this leg, instead of seconds")
    ] = None
    speed_mps: Annotated[float | None, number(0.2, 1.6, "m/s", "walk: speed")] = None
    stride_s: Annotated[float | None, number(0.5, 2.5, "s", "time from contact to contact")] = None
    slope_deg: Annotated[float, number(-12, 12, "deg", "walk: slope of the ground, uphill +")] = 0.0
    size: Annotated[float, number(0.2, 1.2, "", "walk: share of the usual range of motion (shuffling)")] = 1.0
    turn_deg: Annotated[float | None, number(-720, 720, "deg", "turn: how far, to the right +")] = None
    steps: Annotated[int | None, number(2, 200, "", "stairs: how many, both feet counted")] = None

    def __post_init__(self) -> None:
        check(self)
        told = {name for name in Activity.__dataclass_fields__ if name != "do" and self._is_told(name)}
        strange = sorted(told - set(KINDS[self.do].keys))
        if strange:
            raise ValueError(
                f"{strange[0]} is given for '{self.do}'; there may be {', '.join(KINDS[self.do].keys)}. "
                "Leave it out, or name another activity."
            )
        if self.seconds is not None and self.strides is not None:
            raise ValueError("seconds and strides are both given; a walk ends by one of them. Leave one out.")

    def _is_told(self, name: str) -> bool:
        return getattr(self, name) != Activity.__dataclass_fields__[name].default


def check_order(activities: Sequence[Activity]) -> None:
    """Raise ValueError for the first activity that cannot follow the one before it: nobody walks while sitting."""
    posture = HANGING if activities and activities[0].do == "hang" else STANDING
    for number_in_list, activity in enumerate(activities, 1):
        kind = KINDS[activity.do]
        if kind.starts != posture:
            fitting = ", ".join(name for name, other in KINDS.items() if other.starts == posture)
            raise ValueError(
                f"activity {number_in_list} is '{activity.do}', but the person is {posture} then; "
                f"possible are {fitting}. Put one of these there."
            )
        posture = kind.ends
