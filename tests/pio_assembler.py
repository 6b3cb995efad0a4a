"""Assemble the few PIO instructions that our pulse program uses; a line it does not know is an error.

Written from the RP2040 datasheet, chapter PIO, and without a look at the committed opcodes: it is what they
are compared with.
"""

CONDITIONS = {"": 0, "!x": 1, "x--": 2, "!y": 3, "y--": 4, "x!=y": 5}
OUT_TO = {"pins": 0, "x": 1, "y": 2, "null": 3}
SET_TO = {"pins": 0, "x": 1, "y": 2}
MOV_TO = {"x": 1, "y": 2, "isr": 6, "osr": 7}


def assemble(text: str) -> tuple[list[int], int, int]:
    """Return (opcodes, wrap target, wrap) of one `.program`."""
    labels: dict[str, int] = {}
    lines: list[str] = []
    wrap_target = wrap = 0
    for raw in text.splitlines():
        line = raw.split(";")[0].strip()
        if line == ".wrap_target":
            wrap_target = len(lines)
        elif line == ".wrap":
            wrap = len(lines) - 1
        elif line.endswith(":"):
            labels[line[:-1]] = len(lines)
        elif line and not line.startswith(".program"):
            lines.append(line)
    return [_opcode(line, labels) for line in lines], wrap_target, wrap


def _opcode(line: str, labels: dict[str, int]) -> int:
    body, _, delay = line.partition("[")
    word, _, rest = body.strip().partition(" ")
    operands = [part.strip() for part in rest.replace(",", " ").split()]
    cycles = int(delay.rstrip("]")) if delay else 0
    if not 0 <= cycles <= 31:
        raise ValueError(f"{line}: a delay is 0 to 31")
    return _plain(word, operands, labels) | cycles << 8


def _plain(word: str, operands: list[str], labels: dict[str, int]) -> int:
    if word == "jmp":
        condition = operands[0] if len(operands) == 2 else ""
        return CONDITIONS[condition] << 5 | labels[operands[-1]]
    if word == "pull" and operands == ["block"]:
        return 0x80A0
    if word == "push" and operands == ["noblock"]:
        return 0x8000
    if word == "out":
        n = int(operands[1])
        if not 1 <= n <= 32:
            raise ValueError(f"out {operands}: 1 to 32 bits")
        return 0x6000 | OUT_TO[operands[0]] << 5 | n % 32
    if word == "mov":
        return 0xA000 | MOV_TO[operands[0]] << 5 | MOV_TO[operands[1]]
    if word == "set":
        value = int(operands[1])
        if not 0 <= value <= 31:
            raise ValueError(f"set {operands}: 0 to 31")
        return 0xE000 | SET_TO[operands[0]] << 5 | value
    raise ValueError(f"{word} is not known")
