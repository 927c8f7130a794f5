# SPDX-License-Identifier: GPL-3.0-or-later
"""The commands and snippets of the README and of pages of the manual.

In the README a line that is indented by four blanks is a command, or Python
where its block begins with `import`. In pages a block fenced as `sh` is typed,
one fenced as `python` is run, and the lines of a `text` block stand in what
the commands before it printed, `...` for anything. Blocks fenced as `console`
need what a test machine lacks.
"""
import re

from support import SOURCE

README = "README.md"
TYPED = ("cases/tutorial.md", "cases/own-data.md",
         "src/flow/image_and_response.md", "src/follow/follow.md",
         "tools/python.md")


def indented_blocks():
    """The README's blocks as pairs of kind and lines without remarks."""
    text = (SOURCE / README).read_text(encoding="utf-8")
    for block in re.findall(r"(?:^    .*\n)+", text, re.MULTILINE):
        lines = [re.sub(r"\s{2,}# .*", "", line[4:])
                 for line in block.splitlines()]
        yield ("python" if lines[0].startswith("import ") else "sh"), lines


def fenced_blocks(page):
    text = (SOURCE / page).read_text(encoding="utf-8")
    for kind, body in re.findall(r"^```(\w+)\n(.*?)^```$", text,
                                 re.MULTILINE | re.DOTALL):
        yield kind, body.splitlines()


def stands_in(line, printed):
    """Whether a line of a `text` block is one of the lines printed."""
    form = ".*".join(map(re.escape, line.split("...")))
    return re.search(f"^{form}$", printed, re.MULTILINE) is not None
