"""Steps that go without help although no fault speaks: such a loss must be heard too."""

from safety.clock import Age
from safety.ledger import Window

UNHELPED_MAX = 2  # assumed: one missed step may be a stumble of the detector, two are heard
HELPED_SHARE = 3  # a swing counts as helped if at least a third of its pulses was granted

# A detector that sees no step (a dead axis, rates too small) asks for nothing. But feet strike the ground.
# On 660 recorded walks: five strikes in 8 s in 651 with the detector mute, and never without a swing.
STRIKE_MG = 1_300
STRIKE_APART_US = 400_000
STRIKES_MIN = 5
UNSEEN_US = 8_000_000


class UnhelpedSteps:
    """Count swings on end that were asked to be helped and were not, and strikes of the foot without any swing.

    restart()              a person has armed
    advance(dt_us)         time passes, us
    see(sample)            a raw safety.sample.Sample
    asked(), helped()      one pulse of this swing was asked for, or granted
    swing_ended(is_armed)  judges the swing
    is_loss()              from the second unhelped swing on until a step is helped; or while steps are unseen
    """

    def __init__(self) -> None:
        self._asked: int = 0  # pulses of this swing
        self._helped: int = 0
        self._count: int = 0  # unhelped swings on end
        self._strikes = Window(8, 1_000_000)
        self._since_strike = Age()
        self._since_swing = Age()
        self._since_swing.restart()

    def restart(self) -> None:
        """Begin to count."""
        self._asked = self._helped = self._count = 0
        self._since_swing.restart()

    def advance(self, dt_us: int) -> None:
        """Let time pass."""
        self._strikes.advance(dt_us)
        self._since_strike.advance(dt_us)
        self._since_swing.advance(dt_us)

    def see(self, sample) -> None:
        """Look for the strike of a foot; squares in (4 mg)**2, below 2**28."""
        x, y, z = sample.acc_x_mg >> 2, sample.acc_y_mg >> 2, sample.acc_z_mg >> 2
        is_hard = sample.has_imu and x * x + y * y + z * z > STRIKE_MG * STRIKE_MG >> 4
        if is_hard and self._since_strike.us >= STRIKE_APART_US:
            self._since_strike.restart()
            self._strikes.add(1)

    def asked(self) -> None:
        """A pulse was asked for."""
        self._asked = min(self._asked + 1, 1_000)

    def helped(self) -> None:
        """A pulse was granted."""
        self._helped = min(self._helped + 1, 1_000)

    def swing_ended(self, is_armed: bool) -> None:
        """The foot is down again."""
        self._since_swing.restart()
        if self._helped > 0 and self._helped * HELPED_SHARE >= self._asked:
            self._count = 0
        elif self._asked > 0 and is_armed:
            self._count = min(self._count + 1, UNHELPED_MAX)
        self._asked = self._helped = 0

    def is_loss(self) -> bool:
        """Whether steps go without help now."""
        is_unseen = self._since_swing.us >= UNSEEN_US and self._strikes.total >= STRIKES_MIN
        return self._count >= UNHELPED_MAX or is_unseen
