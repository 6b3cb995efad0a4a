"""The frame of a page that opens anywhere offline: style inside, no script, and what it is not."""

import html

STYLE = """
body { font: 16px/1.5 system-ui, sans-serif; color: #1a1a1a; background: #fff; margin: 2rem auto; max-width: 1080px;
       padding: 0 1rem; }
h1 { margin-bottom: .2rem; } h2 { margin-top: 2rem; } svg { width: 100%; height: auto; }
table { border-collapse: collapse; } th, td { padding: .3rem .9rem; border-bottom: 1px solid #ccc; text-align: left; }
td.n, th.n { text-align: right; font-variant-numeric: tabular-nums; }
.warn { border-left: .4rem solid #D55E00; background: #fdf3ec; padding: .6rem 1rem; }
.small { color: #555; font-size: .85rem; } code { font-size: .85rem; }
@media print { h2 { break-after: avoid; } svg { break-inside: avoid; } }
"""


def page(title: str, body: str) -> str:
    """Return a whole HTML page around `body`."""
    return f"""<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>{html.escape(title)}</title><style>{STYLE}</style></head><body>
<p class="warn">This is a simulation of a leg, not a measurement of a person. Swingphase is research software,
not a medical device.</p>
{body}
</body></html>
"""
