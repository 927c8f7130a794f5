# SPDX-License-Identifier: GPL-3.0-or-later
"""Every command of the README does what it says, in a folder like a clone.

A line of the README that is indented by four blanks is a command, or Python
where it belongs to a block that begins with `import`. CASE.yaml stands for a
case of one's own.
"""
import os
import re
import shutil
import subprocess
import sys

from support import PROGRAM, SOURCE, WHOLE_CASE, ProgramTest, main

# What sets up, builds, or needs hours or packages of its own: tested by the
# stages of tools/test or not at all.
ELSEWHERE = ("tools/quickstart", "tools/test", "meson ", "tools/bench",
             "tools/figures bench", "tools/instructions")


def blocks():
    """The indented blocks, as lists of lines without their remarks."""
    text = (SOURCE / "README.md").read_text(encoding="utf-8")
    for block in re.findall(r"(?:^    .*\n)+", text, re.MULTILINE):
        yield [re.sub(r"\s{2,}# .*", "", line[4:])
               for line in block.splitlines()]


def is_python(block):
    return block[0].startswith("import ")


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

    def execute(self, command, *, succeeds=True):
        path = f"{self.folder}{os.pathsep}{os.environ['PATH']}"
        done = subprocess.run(
            ["bash", "-c", command], cwd=self.folder, check=False,
            stdin=subprocess.DEVNULL, capture_output=True, text=True,
            env=dict(os.environ, PATH=path, MPLBACKEND="Agg"))
        if succeeds:
            self.assertEqual(done.returncode, 0, f"{command}\n{done.stderr}")

    def test_every_command(self):
        commands = [line for block in blocks() if not is_python(block)
                    for line in block if not line.startswith(ELSEWHERE)]
        self.assertGreater(len(commands), 10)
        for command in commands:
            # Each block stands for itself: no output is there already,
            # except for what is to be resumed.
            if "--resume" in command:
                self.execute(command.replace(" --resume", " --force"),
                             succeeds=False)
            else:
                shutil.rmtree(self.folder / "output", ignore_errors=True)
            self.execute(command)

    def test_python(self):
        snippets = ["\n".join(block) for block in blocks()
                    if is_python(block)]
        self.assertTrue(snippets)
        self.execute("build/src/restrain run -q "
                     "cases/restrained-checkerboard.yaml")
        for snippet in snippets:
            self.write(snippet, "snippet.py")
            self.execute(f"{sys.executable} snippet.py")


if __name__ == "__main__":
    main()
