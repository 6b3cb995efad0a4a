"""A QEMU guest that sees this machine's files, read only, under a kernel of its own; the network stays outside.

Needs no image: the root of this machine is shared by 9p under an overlay in memory, and the initial ramdisk holds
busybox and the few modules that reach it. One folder can be written: what the guest leaves behind.
"""

import gzip
import lzma
import os
import shutil
import subprocess
from pathlib import Path

QEMU = "qemu-system-x86_64"
BLUETOOTHD = Path("/usr/libexec/bluetooth/bluetoothd")
MODULES = Path("/lib/modules")
FIRST = ("virtio_pci", "9p", "9pnet_virtio", "overlay")  # before anything of this machine can be seen
RADIO = "kernel/drivers/bluetooth/hci_vhci.ko"

INIT = """#!/bin/busybox sh
bb=/bin/busybox
$bb mount -t proc proc /proc
$bb mount -t sysfs sys /sys
$bb mount -t devtmpfs dev /dev
exec </dev/console >/dev/console 2>&1
for m in {modules}; do $bb insmod /modules/$m; done
$bb mount -t 9p -o ro,trans=virtio,version=9p2000.L,msize=1048576,cache=loose host /host
$bb mount -t tmpfs upper /upper
$bb mkdir /upper/u /upper/w
$bb mount -t overlay -o lowerdir=/host,upperdir=/upper/u,workdir=/upper/w root /new
for d in proc sys dev; do $bb mount --move /$d /new/$d; done
$bb mkdir /new/guest
$bb mount -t 9p -o trans=virtio,version=9p2000.L,msize=1048576 out /new/guest
exec $bb switch_root /new /bin/sh /guest/run.sh
"""

RUN = """export PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/tmp TMPDIR=/tmp LANG=C.UTF-8
mount -t tmpfs tmp /tmp
mount -t tmpfs run /run
mkdir -p /run/dbus /var/lib/bluetooth
mount -t tmpfs bonds /var/lib/bluetooth
modprobe -a drbg cmac ecb  # before bluetooth: without them its own test fails, and Secure Connections with it
modprobe hci_vhci
dbus-uuidgen --ensure
dbus-daemon --system --fork
{bluetoothd} -n -f /guest/main.conf >/guest/bluetoothd.log 2>&1 &
cd {folder}
{command} >/guest/said.txt 2>&1
echo $? >/guest/code.txt
sync
"""


def missing() -> str:
    """Return what has to be installed on this machine, as a sentence; "" if all is here."""
    packages = []
    if shutil.which(QEMU) is None:
        packages.append("qemu-system-x86")
    if _kernel() is None:
        packages.append("linux-image-amd64")
    if not BLUETOOTHD.exists():
        packages.append("bluez")
    for program, package in (("dbus-daemon", "dbus"), ("busybox", "busybox-static"), ("modprobe", "kmod")):
        if shutil.which(program) is None:
            packages.append(package)
    return f"needs the Debian packages {', '.join(packages)}: apt-get install them" if packages else ""


def _kernel() -> tuple[Path, Path] | None:
    """Return (kernel, folder of its modules) of the newest kernel with a virtual Bluetooth controller."""
    for folder in sorted(MODULES.glob("*"), reverse=True):
        image = Path("/boot", f"vmlinuz-{folder.name}")
        if image.exists() and any(folder.glob(RADIO + "*")):
            return image, folder
    return None


def run(command: str, folder: Path, out: Path, *, main_conf: str, timeout_s: float) -> str:
    """Run `command` in `folder` inside a guest beside a BlueZ with this main.conf; return what it said.

    out   folder for whatever the guest writes to /guest;  RuntimeError if the guest never got that far
    """
    found = _kernel()
    assert found is not None, missing()
    kernel, modules = found
    run_sh = RUN.format(bluetoothd=BLUETOOTHD, folder=folder, command=command)
    (out / "run.sh").write_text(run_sh, encoding="utf-8")
    (out / "main.conf").write_text(main_conf, encoding="utf-8")
    (out / "initrd.gz").write_bytes(gzip.compress(_initrd(modules), 1))
    console = out / "console.txt"
    share = "security_model=none,multidevs=remap"
    arguments = [
        QEMU,
        *("-machine", "accel=tcg", "-cpu", "max", "-smp", "2", "-m", "3072"),
        *("-nodefaults", "-no-reboot", "-display", "none", "-serial", f"file:{console}"),
        *("-kernel", str(kernel), "-initrd", str(out / "initrd.gz")),
        *("-append", "console=ttyS0 panic=-1 quiet"),
        *("-virtfs", f"local,path=/,mount_tag=host,readonly=on,{share}"),
        *("-virtfs", f"local,path={out},mount_tag=out,{share}"),
        *("-device", "virtio-rng-pci"),
    ]
    ran = subprocess.run(arguments, check=False, capture_output=True, timeout=timeout_s, text=True)
    if not (out / "code.txt").exists():
        tail = console.read_text(errors="replace")[-2000:] if console.exists() else "nothing"
        raise RuntimeError(f"The guest did not come to its end; QEMU said {ran.stderr}, its console {tail}")
    return (out / "said.txt").read_text(errors="replace")


def _initrd(modules: Path) -> bytes:
    """Return an initial ramdisk: busybox, the first modules with what they need, and what to do."""
    names = _needed(modules, FIRST)
    busybox = shutil.which("busybox")
    assert busybox is not None
    files = {"bin/busybox": Path(busybox).read_bytes()}
    order = []
    for name in names:
        plain = Path(name).name.partition(".ko")[0] + ".ko"
        data = (modules / name).read_bytes()
        files[f"modules/{plain}"] = lzma.decompress(data) if name.endswith(".xz") else data
        order.append(plain)
    files["init"] = INIT.format(modules=" ".join(order)).encode()
    folders = ("bin", "modules", "proc", "sys", "dev", "host", "upper", "new")
    entries = [_entry(name, 0o40755, b"") for name in folders]
    entries += [_entry(name, 0o100755, data) for name, data in files.items()]
    return b"".join(entries) + _entry("TRAILER!!!", 0, b"")


def _needed(modules: Path, wanted: tuple[str, ...]) -> list[str]:
    """Return the files of these modules and of all that they need, each after what it needs."""
    lines = (modules / "modules.dep").read_text(encoding="utf-8").splitlines()
    needs = {file: rest.split() for file, _, rest in (line.partition(":") for line in lines)}
    by_name = {Path(file).name.partition(".ko")[0]: file for file in needs}
    found: list[str] = []
    for name in wanted:
        file = by_name.get(name)
        if file is not None:  # else it is built in
            found += [f for f in (*reversed(needs[file]), file) if f not in found]
    return found


def _entry(name: str, mode: int, data: bytes) -> bytes:
    """Return one file of a cpio archive in the form that Linux takes ("newc")."""
    numbers = (0, mode, 0, 0, 1, 0, len(data), 0, 0, 0, 0, len(name) + 1, 0)
    head = b"070701" + b"".join(b"%08X" % n for n in numbers) + os.fsencode(name) + b"\0"
    return head + bytes(-len(head) % 4) + data + bytes(-len(data) % 4)
