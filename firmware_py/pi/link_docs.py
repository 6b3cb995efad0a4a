"""Write the tables of docs/link.md from the code: `python -m firmware_py.pi.link_docs`."""

from pathlib import Path

from firmware_py.link import gatt, ops, values

PAGE = Path(__file__).resolve().parents[2] / "docs" / "link.md"
BEGIN, END = "<!-- from the code: {} -->", "<!-- end -->"


def filled(page: str) -> str:
    """Return `page` with every table between its marks made anew; ValueError if a mark is missing."""
    for name, lines in _tables().items():
        begin = BEGIN.format(name)
        before, found, rest = page.partition(begin)
        _, ended, after = rest.partition(END)
        if not found or not ended:
            raise ValueError(
                f"{PAGE.name} has no place for {name}: write {begin} and {END} where it belongs."
            )
        page = before + begin + "\n" + "\n".join(lines) + "\n" + END + after
    return page


def _tables() -> dict[str, list[str]]:
    return {
        "operations": _operations(),
        "results": _numbered(ops.RESULTS, "result", "sentence"),
        "events": _numbered(ops.EVENTS, "event", "meaning"),
        "characteristics": _characteristics(),
        "values": _values(),
    }


def _operations() -> list[str]:
    rows = [
        f"| 0x{op.code:04X} | `{op.name}` | {ops.ROLE_NAMES[op.role]} | {_fields(op.request)} "
        f"| {_fields(op.reply)} | {op.help} |"
        for op in ops.OPS
    ]
    return [
        "| number | name | role | fields of the request | of the answer | |",
        "| --- | --- | --- | --- | --- | --- |",
        *rows,
    ]


def _numbered(sentences: tuple[str, ...], what: str, means: str) -> list[str]:
    rows = [f"| {number} | {sentence} |" for number, sentence in enumerate(sentences) if sentence]
    return [f"| {what} | {means} |", "| --- | --- |", *rows]


def _characteristics() -> list[str]:
    names = ((gatt.READ, "read"), (gatt.WRITE, "write"), (gatt.NOTIFY, "notify"), (gatt.INDICATE, "indicate"))
    rows = []
    for service in gatt.table(True):
        rows.append(f"| `{service.uuid}` | service | | {service.help} |")
        for c in service.characteristics:
            may = ", ".join(name for bit, name in names if c.properties & bit)
            rows.append(f"| `{c.uuid}` | {may} | {'paired' if c.is_secure else 'anybody'} | {c.help} |")
    return ["| UUID | may | who | |", "| --- | --- | --- | --- |", *rows]


def _values() -> list[str]:
    named = (
        ("Info", values.INFO),
        ("Active, Committed", values.PRESCRIPTION),
        ("Status", values.STATUS),
        ("Stage", values.PIECE),
        ("Telemetry, head", values.TELEMETRY_HEAD),
        ("Log, head", values.LOG_HEAD),
    )
    rows = [f"| {name} | `{f.name}` {f.kind} | {f.help} |" for name, layout in named for f in layout.fields]
    return ["| value | field | |", "| --- | --- | --- |", *rows]


def _fields(layout) -> str:
    return ", ".join(f"`{f.name}` {f.kind}" for f in layout.fields)


if __name__ == "__main__":
    PAGE.write_text(filled(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
