# SPDX-License-Identifier: GPL-3.0-or-later
"""Every command of the README and of the tutorial does what it says, in a
folder like a clone, and so do those of other pages (manual_pages.py).

CASE.yaml stands for a case of one's own.
"""
import os
import re
import shutil
import subprocess
import sys

from manual_pages import (README, TYPED, fenced_blocks, indented_blocks,
                          stands_in)
from python_package import LIBRARY
from support import PROGRAM, SOURCE, WHOLE_CASE, ProgramTest, main

# What sets up, builds, or needs hours or packages of its own: tested by the
# stages of tools/test or not at all.
ELSEWHERE = ("tools/quickstart", "tools/test", "meson ", "tools/bench",
             "tools/figures bench", "tools/instructions")


class Release(ProgramTest):
    def test_one_version_everywhere(self):
        built = self.restrain("--version").stdout.split()[1]
        for name, form in (("meson.build", "  version: '{}',"),
                           ("CITATION.cff", "version: {}"),
                           ("CHANGELOG.md", "## {}"),
                           ("tools/restrain/__init__.py",
                            "__version__ = '{}'")):
            text = (SOURCE / name).read_text(encoding="utf-8")
            self.assertIn("\n" + form.format(built), text, name)


class Readme(ProgramTest):
    def setUp(self):
        super().setUp()
        for name in ("cases", "tools", "tests"):
            os.symlink(SOURCE / name, self.folder / name)
        built = self.folder / "build" / "src"
        built.mkdir(parents=True)
        for folder in (built, self.folder):
            os.symlink(PROGRAM, folder / "restrain")
        self.write(WHOLE_CASE, "CASE.yaml")

    def execute(self, command):
        """What it printed; a run may diverge."""
        path = f"{self.folder}{os.pathsep}{os.environ['PATH']}"
        done = subprocess.run(
            ["bash", "-c", command], cwd=self.folder, check=False,
            stdin=subprocess.DEVNULL, capture_output=True, text=True,
            env=dict(os.environ, PATH=path, MPLBACKEND="Agg",
                     PYTHONPATH=str(SOURCE / "tools"),
                     RESTRAIN_LIBRARY=str(LIBRARY)))
        diverged = done.returncode == 3 and "diverged" in done.stdout
        self.assertTrue(done.returncode == 0 or diverged,
                        f"{command}\n{done.stderr}")
        return done.stdout

    def execute_python(self, lines):
        self.write("\n".join(lines), "snippet.py")
        self.execute(f"{sys.executable} snippet.py")

    def test_readme(self):
        count = 0
        for kind, lines in indented_blocks():
            if kind == "python":
                self.execute_python(lines)
                continue
            for command in lines:
                if not command.startswith(ELSEWHERE):
                    self.execute(command)
                    count += 1
        self.assertGreaterEqual(count, 5)
        text = (SOURCE / README).read_text(encoding="utf-8")
        self.assertLessEqual(len(text.splitlines()), 90)

    def follow_page(self, page):
        """Type a page from its first block to its last."""
        shutil.rmtree(self.folder / "output", ignore_errors=True)
        printed, typed = "", 0
        for kind, lines in fenced_blocks(page):
            if kind == "sh":
                printed = "".join(self.execute(line) for line in lines)
                typed += len(lines)
            elif kind == "python":
                self.execute_python(lines)
                typed += 1
            elif kind == "text":
                for line in lines:
                    self.assertTrue(stands_in(line, printed),
                                    f"{page}: '{line}' is not in\n{printed}")
            elif kind == "yaml":
                self.write("\n".join(lines), "stripes.yaml")
        return typed

    def test_pages(self):
        for page in TYPED:
            with self.subTest(page):
                self.assertGreater(self.follow_page(page), 0)

    def test_links_lead_somewhere(self):
        pages = [SOURCE / README, *(SOURCE / "cases").glob("*.md"),
                 *(SOURCE / "tools").glob("*.md"),
                 *(SOURCE / "src").glob("*/*.md"),
                 SOURCE / "src" / "README.md", SOURCE / "tests/README.md"]
        for page in pages:
            text = page.read_text(encoding="utf-8")
            for link in re.findall(r"\]\(([^)#]+)[^)]*\)", text):
                if "://" not in link:
                    self.assertTrue((page.parent / link).exists(),
                                    f"{page}: {link}")


if __name__ == "__main__":
    main()
