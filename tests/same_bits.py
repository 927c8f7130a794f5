#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Compare what two builds of the program store, bit for bit.

Runs every command on every case of cases/, in double and float, on one and
two threads, with both programs, and compares exit codes, and names, types,
shapes, scales, attributes, chunks, filters, links and bytes of all datasets
but /provenance, checkpoints included, and the sidecars; with --values-alone,
exit codes, and types, shapes and bytes of the datasets of the result that both
have, where a change is to names, words or storage. The results of a program
stay in a folder of the work folder and are taken from there the next time, as
long as the program is the same.

Meant for changes that must not change numbers: build the commit before in
another folder, then

    tests/same_bits.py /tmp/before/build/src/restrain build/src/restrain

Exit code 0 where all is the same, 1 where something differs; each difference
is a line.
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
SHORTER = {"sweep-natural": ["sweep.lr.count=8",
                             "sweep.weight_decay.count=8"]}

# Keys that switch off what gives other last bits, where the program has them.
EXACT = {"bifurcate": "bifurcation.reduction=none"}


class Program:
    """A build of the program and the folder of its results."""

    def __init__(self, path, work):
        self.path = path.resolve()
        digest = hashlib.sha256(self.path.read_bytes()).hexdigest()[:16]
        self.folder = work / digest
        self.folder.mkdir(parents=True, exist_ok=True)
        answer = subprocess.run([self.path, "help", "case"], text=True,
                                capture_output=True, check=True)
        self.keys = set(answer.stdout.split())

    def overrides(self, command, case, precision):
        """The -D of a call."""
        values = [f"flow.precision={precision}"]
        if command == "sweep":
            values += SHORTER.get(case.stem, [])
        exact = EXACT.get(command, "")
        if exact.split("=", maxsplit=1)[0] in self.keys:
            values.append(exact)
        return [part for value in values for part in ("-D", value)]

    def result(self, command, case, precision, threads):
        """Exit code of the command and the files that it made."""
        folder = (self.folder
                  / f"{case.stem}-{command}-{precision}-{threads}")
        code = folder / "exit-code"
        if not code.exists():
            folder.mkdir(exist_ok=True)
            done = subprocess.run(
                [self.path, command, case, "--quiet", "--force",
                 "--threads", str(threads), "-o", folder / "result.h5",
                 *self.overrides(command, case, precision)],
                capture_output=True, text=True, check=False)
            (folder / "messages").write_text(done.stderr)
            code.write_text(str(done.returncode))
        files = [path for path in sorted(folder.glob("result*.*"))]
        return int(code.read_text()), files


def value_of(attribute):
    """An attribute in a form that can be compared."""
    return (attribute.tobytes() if hasattr(attribute, "tobytes")
            else attribute)


def selection_of(space):
    """What is selected of a space."""
    return (space.get_simple_extent_dims(),
            space.get_regular_hyperslab()
            if space.get_select_type() == h5py.h5s.SEL_HYPERSLABS else None)


def storage_of(dataset):
    """How a dataset is stored: chunks, filters, limits, what it shows."""
    properties = dataset.id.get_create_plist()
    sources = [(source.dset_name, selection_of(source.src_space),
                selection_of(source.vspace))
               for source in dataset.virtual_sources()
               ] if dataset.is_virtual else None
    filters = [properties.get_filter(i)
               for i in range(properties.get_nfilters())]
    return (dataset.chunks, filters, dataset.maxshape, sources,
            h5py.h5ds.get_scale_name(dataset.id)
            if h5py.h5ds.is_scale(dataset.id) else None)


def describe(dataset, values_alone):
    """What of a dataset is compared."""
    values = dataset[()]
    raw = (repr(values.tolist()).encode() if dataset.dtype.hasobject
           else values.tobytes())
    if values_alone:
        return (dataset.dtype.str, dataset.shape,
                hashlib.sha256(raw).hexdigest())
    scales = [[scale.name for scale in axis.values()]
              for axis in dataset.dims]
    return (dataset.dtype.str, dataset.shape, scales,
            storage_of(dataset),
            hashlib.sha256(raw).hexdigest())


def content(path, values_alone):
    """What a file holds: descriptions by name."""
    found = {}

    def add(name, item):
        if name.split("/")[0] == "provenance":
            return
        if path.name.endswith(".checkpoint") and name == "":
            return  # among its attributes is the time that it took
        for key, attribute in item.attrs.items():
            if key not in REFERENCES and not values_alone:
                found[f"{name}@{key}"] = value_of(attribute)
        if isinstance(item, h5py.Dataset):
            found[name] = describe(item, values_alone)

    def add_links(group, path_of_group):
        for name in group:
            link = group.get(name, getlink=True)
            below = path_of_group + "/" + name
            if isinstance(link, h5py.SoftLink):
                found[below] = link.path
            elif isinstance(group[name], h5py.Group):
                add_links(group[name], below)

    if path.suffix != ".h5":
        return {"": path.readlink() if path.is_symlink()
                else path.read_text()}
    with h5py.File(path, "r") as file:
        add("", file)
        if not values_alone:
            add_links(file, "links")
        file.visititems(add)
    return found


def differences(label, before, after, values_alone):
    """Lines that say in what two results differ."""
    if before[0] != after[0]:
        yield f"{label}: exit code {before[0]} before, {after[0]} after"
    names = [[path.name for path in result[1]] for result in (before, after)]
    if names[0] != names[1] and not values_alone:
        yield f"{label}: files {names[0]} before, {names[1]} after"
        return
    for old, new in zip(before[1], after[1]):
        if values_alone and old.name != "result.h5":
            continue
        one, two = (content(path, values_alone) for path in (old, new))
        if values_alone:
            both = one.keys() & two.keys()
            one, two = ({name: of[name] for name in both}
                        for of in (one, two))
        for name in sorted(one.keys() | two.keys()):
            place = f"{label}: {old.name}:/{name}"
            if name not in two:
                yield f"{place} is gone"
            elif name not in one:
                yield f"{place} is new"
            elif one[name] != two[name]:
                yield (f"{place} differs: {one[name]} before, "
                       f"{two[name]} after")


def commands_for(case):
    """The commands that a case is made for."""
    text = case.read_text()
    yield "run"
    yield "analyze"
    if "\nbifurcation:" in text:
        yield "bifurcate"
    if "\nsweep:" in text:
        yield "sweep"


def parse():
    """The command line."""
    parser = argparse.ArgumentParser(
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("before", type=pathlib.Path)
    parser.add_argument("after", type=pathlib.Path)
    parser.add_argument("--work", type=pathlib.Path,
                        default=ROOT / "output" / "same-bits")
    parser.add_argument("--cases", default="*",
                        help="pattern of the names of cases, all by default")
    parser.add_argument("--commands", default="run,analyze,bifurcate,sweep")
    parser.add_argument("--precisions", default="double,float")
    parser.add_argument("--threads", default="1,2")
    parser.add_argument("--values-alone", action="store_true")
    parser.add_argument("--jobs", type=int, default=2,
                        help="programs that run at the same time")
    return parser.parse_args()


def main():
    """Compare; return the exit code."""
    options = parse()
    programs = [Program(path, options.work)
                for path in (options.before, options.after)]
    wanted = options.commands.split(",")
    jobs = [(command, case, precision, int(threads))
            for case in sorted((ROOT / "cases").glob(options.cases + ".yaml"))
            for command in commands_for(case) if command in wanted
            for precision in options.precisions.split(",")
            for threads in options.threads.split(",")]

    def compare(job):
        command, case, precision, threads = job
        label = f"{command} {case.name} {precision} {threads}"
        results = [program.result(*job) for program in programs]
        return list(differences(label, *results, options.values_alone))

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
