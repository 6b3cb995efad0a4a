"""The link's process of `./swingphase run --sim`: as on a Pi, with bumble and a virtual radio in place of BlueZ.

python -m hw_sim.radio.live_link SPEC   SPEC as of `firmware_py.pi.run.link`; other programs reach it in the air of its
folder (`./swingphase link ... --sim FOLDER`).
"""

import contextlib
import sys
from collections.abc import AsyncIterator
from pathlib import Path

from firmware_py.link.session import Session
from firmware_py.pi.run.link import LinkSpec, Serve, live
from hw_sim.radio.link_sim import on_air

PACE = "fast"


def _air(spec: LinkSpec) -> Serve:
    @contextlib.asynccontextmanager
    async def serve(session: Session, name: str) -> AsyncIterator[None]:
        folder, keys = Path(spec.air), Path(spec.store) / "bonds.json"
        async with on_air(session, folder, name=name, keys_path=keys, pace=PACE):
            print(f"link: for another terminal: ./swingphase link pair --sim {folder}", flush=True)
            yield

    return serve


if __name__ == "__main__":
    sys.exit(live(sys.argv[1:], _air))
