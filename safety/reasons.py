"""Why a pulse was refused, as small whole numbers with one sentence each.

On board a refusal is a number and a row in the log; tools show the sentence.
"""

OK = 0
LOWERED = 1  # granted, but lower than asked: the rise was too steep
DISARMED = 2
NO_CYCLE = 3
CYCLE_ORDER = 4
CHANNEL_UNKNOWN = 5
REPEATED = 6
TOO_EARLY = 7
TOO_LATE = 8
NO_CURRENT = 9
CURRENT_OVER = 10
WIDTH_UNDER = 11
WIDTH_OVER = 12
GAP_OVER = 13
CHARGE_OVER = 14
TOO_SOON = 15
OVERTAKEN = 16
DEVICE_NOT_READY = 17
NOT_REPRESENTABLE = 18
CHECK_FAILED = 19
PORT_GONE = 20
DEVICE_FAULT = 21
CLOCK_JUMPED = 22
RMS_OVER = 23
CHARGE_RATE_OVER = 24
HOUR_HOLD = 25
DUTY_HOLD = 26
ON_TOO_LONG = 27
BURSTS_OVER = 28
VIOLATIONS = 29
HELD = 30
NOT_PLAUSIBLE = 31
STOPPED = 32
FAULT = 33

REASONS = (
    "Granted as asked.",
    "Granted lower than asked: the step up from the last pulse was larger than allowed.",
    "Refused: not armed. Arm the device on purpose, at rest.",
    "Refused: no control cycle has finished within the last 100 ms. The controller stalled; arm again.",
    "Refused: control cycles came out of order. The controller restarted or skipped; arm again.",
    "Refused: there is no such channel. Use the channels of the prescription.",
    "Refused: a request with this number was judged before. Requests are counted upwards.",
    "Refused: judged before its time. The controller and the guard disagree about the clock.",
    "Refused: more than 10 ms after its time. The stimulator or the loop was busy for too long.",
    "Refused: it asks for no current. Leave the request out instead.",
    "Refused: current_ua is above the channel's current_max_ua. Lower the current.",
    "Refused: width_us is below 50. Choose 50 to 450.",
    "Refused: width_us is above the channel's width_max_us. Choose 50 to 450.",
    "Refused: gap_us is outside 0 to 500.",
    "Refused: current times width is above the channel's charge_max_nc. Lower current or width.",
    "Refused: less than 16.6 ms after the channel's last pulse. Lower the rate to 60 Hz or less.",
    "Refused: the next request of this channel came before this one could be sent.",
    "Refused: the stimulator is not ready. Wait for it, or look at the device's fault.",
    "Refused: the stimulator cannot produce exactly this pulse. Use its steps of current and width.",
    "Refused: the finished frame did not decode to what was granted. Do not use this build; report it.",
    "Refused: the port to the stimulator is gone. Plug it in, then arm again.",
    "Refused: the stimulator reported a fault. Look at the fault, mend it, then arm again.",
    "Refused: the guard's clock jumped. The machine was stopped for a while; arm again.",
    "Refused: the heating current of the last second would pass its limit. Lower current, width or rate.",
    "Refused: the charge of the last second would pass 3 mC. Lower current, width or rate.",
    "Refused: this hour's charge is used up. Rest; stimulation may begin again when the hour has moved on.",
    "Refused: too much of the last ten seconds was stimulated. Shorten extension or fall.",
    "Refused: this burst has lasted more than 5.1 s. The foot must rest on the ground first.",
    "Refused: a third burst within one second. The detector stutters; check sensor and switch.",
    "Refused: three pulses beyond a limit within one second. Latched off; look for the cause, then clear.",
    "Refused: no new burst for now. The supervisor holds, or a step has to end first.",
    "Refused: the samples do not look like a step. Two plausible steps release it.",
    "Refused: stopped by the wearer, the link or a signal. Arm again on purpose.",
    "Refused: a fault is latched. Look at the fault, mend it, clear it, then arm again.",
)
