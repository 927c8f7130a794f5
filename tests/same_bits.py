#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Compare what two builds of the program store, bit for bit.

Runs every command on every case of cases/, in double and float, on one and two threads, with both programs, and compares
exit codes, and names, types, shapes, attributes and bytes of all datasets but /provenance. The results of a program are
kept in a folder of the work folder and taken from there the next time, as long as the program stays the same.

Meant for changes that must not change numbers: build the commit before in another folder, then

    tests/same_bits.py /tmp/before/build/src/restrain build/src/restrain

Exit code 0 where all is the same, 1 where something differs; each difference is a line.
"""

import argparse
import concurrent.futures
import hashlib
import pathlib
import subprocess
import sys

import h5py

ROOT = pathlib.Path(__file__).resolve().parent.parent

# Scales and what they are attached to refer to places in the file.
REFERENCES = {"DIMENSION_LIST", "REFERENCE_LIST"}

# What makes a long case short enough to be compared.
SHORTER = {"sweep-natural": ["sweep.lr.count=8", "sweep.weight_decay.count=8"]}

# Keys that switch off what gives other last bits, used where the program has them.
EXACT = {"bifurcate": "bifurcation.reduction=none"}


class Program:
    """A build of the program and the folder of its results."""

    def __init__(self, path, work):
        self.path = path.resolve()
        digest = hashlib.sha256(self.path.read_bytes()).hexdigest()[:16]
        self.folder = work / digest
        self.folder.mkdir(parents=True, exist_ok=True)
        answer = subprocess.run([self.path, "help", "case"], capture_output=True, text=True, check=True)
        self.keys = set(answer.stdout.split())

    def result(self, command, case, precision, threads):
        """Exit code of the command and the files that it made."""
        name = f"{case.stem}-{command}-{precision}-{threads}"
        folder = self.folder / name
        code = folder / "exit-code"
        if not code.exists():
            folder.mkdir(exist_ok=True)
            call = [self.path, command, case, "--quiet", "--force", "--threads", str(threads),
                    "-o", folder / "result.h5", "-D", f"flow.precision={precision}"]
            for override in SHORTER.get(case.stem, []) if command == "sweep" else []:
                call += ["-D", override]
            exact = EXACT.get(command)
            if exact and exact.split("=")[0] in self.keys:
                call += ["-D", exact]
            done = subprocess.run(call, capture_output=True, text=True, check=False)
            (folder / "messages").write_text(done.stderr)
            code.write_text(str(done.returncode))
        return int(code.read_text()), sorted(folder.glob("*.h5"))


def value_of(attribute):
    """An attribute in a form that can be compared."""
    return attribute.tobytes() if hasattr(attribute, "tobytes") else attribute


def content(path):
    """What a file holds: a dictionary from names to descriptions that can be compared."""
    found = {}

    def add(name, item):
        if name.split("/")[0] == "provenance":
            return
        for key, attribute in item.attrs.items():
            if key not in REFERENCES:
                found[f"{name}@{key}"] = value_of(attribute)
        if isinstance(item, h5py.Dataset):
            scales = [[scale.name for scale in axis.values()] for axis in item.dims]
            values = item[()]
            raw = repr(values.tolist()) if item.dtype.hasobject else values.tobytes()
            found[name] = (item.dtype.str, item.shape, scales, hashlib.sha256(bytes(str(raw), "utf-8")
                           if isinstance(raw, str) else raw).hexdigest())

    with h5py.File(path, "r") as file:
        add("", file)
        file.visititems(add)
    return found


def differences(label, before, after):
    """Lines that say in what two results differ."""
    if before[0] != after[0]:
        yield f"{label}: exit code {before[0]} before, {after[0]} after"
    names = [[path.name for path in result[1]] for result in (before, after)]
    if names[0] != names[1]:
        yield f"{label}: files {names[0]} before, {names[1]} after"
        return
    for old, new in zip(before[1], after[1]):
        one, two = content(old), content(new)
        for name in sorted(one.keys() | two.keys()):
            if name not in two:
                yield f"{label}: {old.name}:/{name} is gone"
            elif name not in one:
                yield f"{label}: {new.name}:/{name} is new"
            elif one[name] != two[name]:
                yield f"{label}: {new.name}:/{name} differs: {one[name]} before, {two[name]} after"


def commands_for(case):
    """The commands that a case is made for."""
    text = case.read_text()
    yield "run"
    yield "analyze"
    if "\nbifurcation:" in text:
        yield "bifurcate"
    if "\nsweep:" in text:
        yield "sweep"


def main():
    """Compare; return the exit code."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("before", type=pathlib.Path)
    parser.add_argument("after", type=pathlib.Path)
    parser.add_argument("--work", type=pathlib.Path, default=ROOT / "output" / "same-bits")
    parser.add_argument("--cases", default="*", help="pattern of the names of cases, by default all")
    parser.add_argument("--commands", default="run,analyze,bifurcate,sweep")
    parser.add_argument("--precisions", default="double,float")
    parser.add_argument("--threads", default="1,2")
    parser.add_argument("--jobs", type=int, default=2, help="programs that run at the same time")
    options = parser.parse_args()
    programs = [Program(path, options.work) for path in (options.before, options.after)]
    wanted = options.commands.split(",")
    jobs = [(command, case, precision, int(threads))
            for case in sorted((ROOT / "cases").glob(options.cases + ".yaml"))
            for command in commands_for(case) if command in wanted
            for precision in options.precisions.split(",")
            for threads in options.threads.split(",")]

    def compare(job):
        command, case, precision, threads = job
        label = f"{command} {case.name} {precision} {threads}"
        return list(differences(label, *(program.result(*job) for program in programs)))

    different = 0
    with concurrent.futures.ThreadPoolExecutor(options.jobs) as pool:
        for lines in pool.map(compare, jobs):
            different += bool(lines)
            for line in lines:
                print(line, flush=True)
    print(f"{len(jobs)} results compared, {different} differ")
    return 1 if different or not jobs else 0


if __name__ == "__main__":
    sys.exit(main())
