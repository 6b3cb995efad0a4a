"""A/B: two prescriptions take turns within one walk, so that wearer and report can tell which one helps more.

Both are checked before. Whoever walks meets a change only between two steps, and no stride rises by more than one
change may (`safety.changes`): what lies between is prepared before the first step, because nothing allocates in one.
"""

from safety.changes import RISE_MAX_NC, RISE_MAX_UA
from safety.supervisor import ARMED, PAUSED, WALK
from stimulator.parameters import CHANNEL_PARAMETERS, WAVEFORM_NAMES, Parameter, channel_name
from stimulator.prescription import ChannelSetting, Prescription, prescription_hash, problems
from stimulator.waveform import recharge_of

# fmt: off
COMPARISON_PARAMETERS = (
    Parameter(120, "strides", "", 1, 20, 5, 20, 1, 10, "So many strides with the one, then with the other."),
    Parameter(121, "blocks", "", 2, 40, 4, 20, 1, 6,
              "How many times in all, A first; then the walk goes on with A, the committed prescription."),
)
# fmt: on

NOTHING, A, B, ON_THE_WAY = range(4)  # what a stride is called in the log
LABEL_NAMES = ("no comparison", "A", "B", "between A and B")
WORDS = 4  # a hash as numbers of 16 bits
BEGUN_MASK = 0xFFFF


def comparison_problems(a, b, strides: int, blocks: int) -> list:
    """Return what forbids to compare two checked prescriptions in this way, as sentences."""
    found = []
    for p, value in zip(COMPARISON_PARAMETERS, (strides, blocks)):
        if not isinstance(value, int) or isinstance(value, bool) or not p.min <= value <= p.max:
            found.append(
                f"{p.name} is {value!r}; allowed is a whole number from {p.min} to {p.max}. Choose one."
            )
    if len(a.channels) != len(b.channels):
        return found + [
            f"B has {len(b.channels)} channels; with this A allowed are {len(a.channels)}. Give both the same channels."
        ]
    if a == b:
        found.append("A and B are the same; two that differ are allowed. Change one of them.")
    for index in range(len(a.channels)):
        one, other = a.channels[index], b.channels[index]
        if one.waveform != other.waveform and one.current_ua > 0 and other.current_ua > 0:
            found.append(
                f"channel {channel_name(index)}: A is {WAVEFORM_NAMES[one.waveform]}, B is "
                f"{WAVEFORM_NAMES[other.waveform]}; within one walk the waveform stays. Compare them in two walks."
            )
    return found


def way(old, new, capability) -> tuple:
    """Return the prescriptions from `old` to `new`, without `old`: each rises by no more than one change may.

    ValueError if one on the way must not be used on this stimulator; then there is no comparison.
    """
    made = []
    while old != new:
        channels = [
            _nearer(old.channels[i], new.channels[i], capability.current_step_ua)
            for i in range(len(new.channels))
        ]
        after = Prescription(*[tuple(channels) if v is new.channels else v for v in new])
        found = problems(after, capability)
        if found or after == old:
            raise ValueError("\n".join(found) or "A and B cannot be reached from each other in gentle steps.")
        made.append(after)
        old = after
    return tuple(made)


def _nearer(old, new, step_ua: int) -> ChannelSetting:
    """Return `new` with as much current as may follow `old` at once: falls, width and rate come at once."""
    old_nc = old.current_ua * old.width_us // 1000
    most_nc = old_nc + RISE_MAX_NC
    if new.rate_hz > old.rate_hz:
        most_nc = most_nc * old.rate_hz // new.rate_hz
    current_ua = min(new.current_ua, old.current_ua + RISE_MAX_UA, most_nc * 1000 // new.width_us)
    if current_ua < new.current_ua:
        current_ua -= current_ua % (step_ua * recharge_of(new.waveform))
    return ChannelSetting(
        *[current_ua if p.name == "current_ua" else getattr(new, p.name) for p in CHANNEL_PARAMETERS]
    )


class Comparison:
    """Say before each stride which prescription it has.

    a               what is committed and runs now;  b  the other one; both checked, ValueError if they do not compare
    strides, blocks as COMPARISON_PARAMETERS
    capability      of the stimulator
    supervisor      what says `state` and `mode`: whoever is not armed for walking has A again, at once
    step(is_between, begun)   once a cycle; returns the prescription that the next stride has, None for no change
        is_between   no stride is under way;  begun  counts the strides that have begun, wraps at 2**16
    end()           a person has seen enough: back to A, stride by stride. Allocates: not inside the cycle
    drop()          over at once, for a commit of less
    label           NOTHING, A, B or ON_THE_WAY: what the stride under way, or the next one, is;  block  1 to blocks
    strides         of each block;  both  (a, b)
    words           hash of A or B as four numbers of 16 bits, of what `label` says; 0 for the others
    is_over         A runs again, and for good
    """

    def __init__(self, a, b, strides: int, blocks: int, capability, supervisor) -> None:
        found = comparison_problems(a, b, strides, blocks)
        if found:
            raise ValueError("\n".join(found))
        self.label: int = A
        self.block: int = 1
        self.is_over: bool = False
        self._a = a
        self.both = (a, b)
        self._capability = capability
        self._supervisor = supervisor
        self._to_b = way(a, b, capability)
        self._to_a = way(b, a, capability)
        self._words = ((0,) * WORDS, _words_of(a), _words_of(b), (0,) * WORDS)
        self.strides: int = strides
        self._blocks: int = blocks
        self._now = self._before = a
        self._to: int = A
        self._way = ()  # to it, one element a stride
        self._at: int = 0  # so many are behind us
        self._begun: int = -1
        self._walked: int = 0  # strides since the last change
        self._is_ending: bool = False

    @property
    def words(self):
        """Four numbers of 16 bits."""
        return self._words[self.label]

    def end(self) -> None:
        """Back to A from where it is; a second call changes nothing."""
        if self._is_ending or self.is_over:
            return
        self._is_ending = True
        if self._to == B:  # from what was walked with: a change that no stride has had yet is taken back
            self._go(A, way(self._now if self._walked > 0 else self._before, self._a, self._capability))
            self._walked = 1

    def drop(self) -> None:
        """Over at once: whoever calls this says what runs from the next stride on."""
        self._finish()

    def step(self, is_between: bool, begun: int):
        """Look once a cycle."""
        sup = self._supervisor
        if self.is_over:
            return None
        if sup.mode != WALK or not ARMED <= sup.state <= PAUSED:
            return self._finish()
        if self._begun < 0:
            self._begun = begun
        if not is_between:
            return None
        self._walked += (begun - self._begun) & BEGUN_MASK
        self._begun = begun
        if self._walked == 0:
            return None
        if self._at == len(self._way) and not self._turns():
            return None
        return self._finish() if self._at == len(self._way) else self._change()

    def _turns(self) -> bool:
        """Whether what runs now has been walked for long enough; if so, choose where to go from here."""
        if self._is_ending:
            return True
        if self._walked < self.strides:
            return False
        self._is_ending = self.block == self._blocks
        self.block = min(self.block + 1, self._blocks)
        if self._to == B:
            self._go(A, self._to_a)
        elif not self._is_ending:
            self._go(B, self._to_b)
        return True

    def _go(self, to: int, on_the_way) -> None:
        self._to = to
        self._way = on_the_way
        self._at = 0

    def _change(self):
        """One element further."""
        self._before = self._now
        self._now = self._way[self._at]
        self._at += 1
        self._walked = 0
        if self._at < len(self._way):
            self.label = ON_THE_WAY
        elif self._is_ending:
            return self._finish()
        else:
            self.label = self._to
        return self._now

    def _finish(self):
        self.is_over = True
        self.label = NOTHING
        self._now = self._a
        return self._a


def _words_of(prescription) -> tuple:
    name = prescription_hash(prescription)
    return tuple([int(name[4 * i : 4 * i + 4], 16) for i in range(WORDS)])
