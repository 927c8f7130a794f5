# SPDX-License-Identifier: GPL-3.0-or-later
"""The folders of src/ depend on each other in one direction only.

Their order is that of src/meson.build: a file may include headers of its own
folder and of those before it. Also: no two files of src/ share a name.
"""
import re
from collections import Counter

from support import SOURCE, ProgramTest, main

# The folder that implements each public header.
PUBLIC = {
    "core": "context field layout ranks status",
    "hdf5": "archive",
    "krylov": "eigenpair",
    "image": "image",
    "data": "examples",
    "sampling": "sampling",
    "correlate": "correlation",
    "activation": "activation",
    "network": "network",
    "flow": "flow laplacian",
    "step": "schedule scheme",
    "stability": "central_flow event fixed_point langevin mean_square "
                 "regime sequence spectrum tangent von_neumann",
    "motion": "threshold",
    "case": "case",
    "archive": "output record version",
    "run": "ergodic orbit run",
    "analysis": "analysis",
    "follow": "follow",
    "sweep": "bifurcation sweep",
    "call": "call",
    "cli": "restrain",
}
ROOM_OF = {name: room for room, names in PUBLIC.items()
           for name in names.split()}
INCLUDE = re.compile(r'^\s*#\s*include "([^"]+)"', re.MULTILINE)


def rooms():
    """The folders in the order of the build."""
    text = (SOURCE / "src" / "meson.build").read_text()
    return re.findall(r"^subdir\('(\w+)'\)", text, re.MULTILINE)


def sources(folder):
    """The files of C below a folder of the tree."""
    return sorted(path for path in (SOURCE / folder).rglob("*")
                  if path.suffix in (".c", ".h", ".inc"))


def room_of_header(header):
    """The room that an included header belongs to."""
    folder, _, name = header.partition("/")
    return ROOM_OF[name[:-len(".h")]] if folder == "restrain" else folder


def upward(place, own, order):
    """The includes of a file that lead to a later room."""
    found = []
    for header in INCLUDE.findall(place.read_text()):
        room = room_of_header(header)
        if order.index(room) > order.index(own):
            found.append(f"{place.relative_to(SOURCE)} includes {header}")
    return found


class RoomsTest(ProgramTest):
    def test_every_folder_has_its_place(self):
        folders = sorted(path.name for path in (SOURCE / "src").iterdir()
                         if any(path.glob("*.c")))
        self.assertEqual(folders, sorted(rooms()))

    def test_every_public_header_has_a_room(self):
        headers = sorted(path.stem for path in sources("include"))
        self.assertEqual(headers, sorted(ROOM_OF))

    def test_sources_depend_downwards(self):
        order = rooms()
        found = [line for path in sources("src")
                 for line in upward(path, path.relative_to(SOURCE).parts[1],
                                    order)]
        self.assertEqual(found, [])

    def test_public_headers_depend_downwards(self):
        order = rooms()
        found = [line for path in sources("include")
                 for line in upward(path, ROOM_OF[path.stem], order)]
        self.assertEqual(found, [])

    def test_the_rule_is_able_to_fail(self):
        path = self.write('#include "cli/command.h"\n', "core.c")
        text = path.read_text()
        self.assertEqual(INCLUDE.findall(text), ["cli/command.h"])
        order = rooms()
        self.assertGreater(order.index(room_of_header("cli/command.h")),
                           order.index("core"))

    def test_no_name_stands_twice(self):
        stems = Counter(path.name for path in sources("src"))
        self.assertEqual([name for name, n in stems.items() if n > 1], [])


if __name__ == "__main__":
    main()
