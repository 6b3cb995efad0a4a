// Runs one Python script under MicroPython (the wasm build), away from the real file system and network.
// Reads from stdin {"files": {"/app/safety/clock.py": "/abs/source", ...}, "script": "/app/main.py", "argv": [...]},
// copies the files into MicroPython's own memory, runs the script as __main__, prints what it prints.
// Exit code: 0, the script's own (sys.exit), 1 for an exception (traceback on stdout), 3 if MicroPython cannot start.
import { readFileSync } from "node:fs";

const job = JSON.parse(readFileSync(0, "utf8"));
let mp;
try {
  const { loadMicroPython } = await import("@micropython/micropython-webassembly-pyscript/micropython.mjs");
  // The heap's size is where it starts, no limit: it grows, unlike a board's.
  mp = await loadMicroPython({ heapsize: 4 * 1024 * 1024, stdout: (line) => console.log(line), linebuffer: true });
} catch (error) {
  console.error(`MicroPython cannot start: ${error.message}`);
  process.exit(3);
}

for (const [target, source] of Object.entries(job.files)) {
  const folders = target.split("/").slice(1, -1);
  folders.reduce((above, name) => {
    const folder = `${above}/${name}`;
    if (!mp.FS.analyzePath(folder).exists) mp.FS.mkdir(folder);
    return folder;
  }, "");
  mp.FS.writeFile(target, readFileSync(source));
}

// ".frozen" is left out of sys.path on purpose: it holds modules (functools, typing, abc) that no board has.
mp.globals.set("_job", JSON.stringify({ script: job.script, argv: [job.script, ...job.argv] }));
mp.globals.set("_code", -1);
mp.runPython(`
import sys, json
_job = json.loads(_job)
sys.path[:] = ["/app"]
sys.argv[:] = _job["argv"]
_code = 0
_main = {"__name__": "__main__", "__file__": _job["script"]}
_again = False
try:
    with open(_job["script"]) as _f:
        exec(compile(_f.read(), _job["script"], "exec"), _main)
except SystemExit as e:
    _code = e.args[0] if e.args else 0
    if _code is None:
        _code = 0
    elif not isinstance(_code, int):
        print(_code)
        _code = 1
except BaseException as e:
    sys.print_exception(e)
    _code = 1
`);
// This build collects memory only between two calls from here, where no stack has to be searched: a script that
// counts memory names a function in _job["again"], called until it returns False.
if (job.again) {
  mp.globals.set("_name", job.again);
  do {
    mp.runPython(`
if _code == 0:
    try:
        _again = _main[_name]()
    except BaseException as e:
        sys.print_exception(e)
        _code = 1
        _again = False
`);
  } while (mp.globals.get("_again"));
}
process.exitCode = Number(mp.globals.get("_code"));
