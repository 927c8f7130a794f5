# SPDX-License-Identifier: GPL-3.0-or-later
"""The example program uses the library as it is installed: pkg-config finds
it, the headers compile, and the number is that of the program `restrain`."""
import json
import os
import re
import shlex
import subprocess
from pathlib import Path

import h5py
import numpy as np

from support import PROGRAM, SOURCE, ProgramTest, main

EXAMPLE = SOURCE / "tests" / "example" / "lr_lo.c"


class ExampleTest(ProgramTest):
    def call(self, *command, **environment):
        done = subprocess.run(command, env={**os.environ, **environment},
                              capture_output=True, text=True, check=False)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        return done.stdout

    def install(self):
        """The folder that holds the installed tree."""
        root = self.folder / "installed"
        self.call("meson", "install", "-C", Path(PROGRAM).parents[1],
                  "--no-rebuild", "--destdir", root)
        return root

    def test_the_installed_library_serves_a_program(self):
        root = self.install()
        place = next(root.rglob("restrain.pc")).parent
        flags = shlex.split(self.call(
            "pkg-config", "--cflags", "--libs", "restrain",
            PKG_CONFIG_PATH=str(place), PKG_CONFIG_SYSROOT_DIR=str(root)))
        program = self.folder / "lr_lo"
        self.call("gcc", "-Wall", "-Wextra", "-Werror", EXAMPLE, "-o",
                  program, *flags, "-lm")
        told = self.call(program, LD_LIBRARY_PATH=str(place.parent))
        number = float(re.fullmatch(r"lr_lo = (\S+)\n", told)[1])
        y, x = np.mgrid[0:64, 0:64]
        with h5py.File(self.folder / "image.h5", "w") as file:
            file["image"] = np.cos(0.3 * x) * np.sin(0.2 * y)
        case = self.write("""\
flow: {kind: conv, kernel: 8, image: {kind: file, file: "image.h5:/image"}}
step: {lr: 0.1, weight_decay: 0.5, iterations: 1}
""")
        found = json.loads(self.restrain("analyze", case, "--json").stdout)
        self.assert_close(number, found["lr_lo"], 1e-8)

    def test_it_is_short(self):
        lines = EXAMPLE.read_text().splitlines()
        self.assertLessEqual(len(lines), 40)


if __name__ == "__main__":
    main()
