# SPDX-License-Identifier: GPL-3.0-or-later
"""The manual builds without a warning and has every key; the man page and the
completions of the shells say what `restrain help` says.

What makes or shows them may be missing; such tests are skipped and say so.
"""
import importlib.util
import json
import os
import pty
import re
import select
import shutil
import subprocess
import sys
import time
import unittest

from support import SOURCE, ProgramTest, main

HELP_PAGES = SOURCE / "tools" / "help_pages"


def needs(*programs):
    lacking = [name for name in programs if not shutil.which(name)]
    return unittest.skipIf(lacking, f"{', '.join(lacking)} not installed")


def lacks_sphinx():
    modules = ("sphinx", "myst_parser", "breathe", "furo")
    return [name for name in modules if not importlib.util.find_spec(name)]


class Made(ProgramTest):
    """What is made of `restrain help --json`."""

    def setUp(self):
        super().setUp()
        text = self.restrain("help", "--json").stdout
        self.tables = json.loads(text)
        self.file = self.write(text, "help.json")

    def make(self, kind, name):
        subprocess.run([sys.executable, HELP_PAGES, kind, self.file,
                        self.folder / name], check=True)
        return (self.folder / name).read_text(encoding="utf-8")


class ManPage(Made):
    def test_it_has_every_command_option_and_key(self):
        page = self.make("man", "restrain.1").replace("\\-", "-")
        for command in self.tables["commands"]:
            self.assertIn(f".SS restrain {command['words']['name']} ", page)
            for option in command["options"]:
                self.assertIn("--" + option["name"], page)
        for key in self.tables["case"]["keys"]:
            self.assertIn(f"\\fB{key['path']}\\fR\n", page)
        for row in self.tables["exit_codes"]:
            self.assertIn(row["meaning"], page)

    @needs("man")
    def test_man_shows_it_without_a_warning(self):
        self.make("man", "restrain.1")
        done = subprocess.run(
            ["man", "--warnings", "-l", self.folder / "restrain.1"],
            capture_output=True, text=True, check=True,
            env=dict(os.environ, MANWIDTH="80", LC_ALL="C.UTF-8"))
        self.assertEqual(done.stderr, "")
        self.assertIn("step.lr\n", done.stdout)

    @needs("mandoc")
    def test_mandoc_finds_no_fault(self):
        self.make("man", "restrain.1")
        done = subprocess.run(
            ["mandoc", "-Tlint", "-Werror", self.folder / "restrain.1"],
            capture_output=True, text=True, check=False)
        self.assertEqual((done.returncode, done.stdout), (0, ""))


class Bash(Made):
    def complete(self, line, words):
        """What bash offers at the end of a line, which readline has cut into
        these words."""
        quoted = " ".join(f"'{word}'" for word in words)
        script = (f"source restrain; COMP_LINE=$1; COMP_POINT=${{#1}}; "
                  f"COMP_WORDS=({quoted}); COMP_CWORD={len(words) - 1}; "
                  "_restrain; printf '%s\\n' \"${COMPREPLY[@]}\"")
        done = subprocess.run(
            ["bash", "-c", script, "bash", line], cwd=self.folder,
            capture_output=True, text=True, check=True)
        self.assertEqual(done.stderr, "")
        return done.stdout.split()

    def test_commands_options_keys_and_values(self):
        self.make("bash", "restrain")
        registered = subprocess.run(
            ["bash", "-c", "source restrain; complete -p restrain"],
            cwd=self.folder, capture_output=True, text=True, check=True)
        self.assertEqual(registered.stdout.strip(),
                         "complete -F _restrain restrain")
        (self.folder / "one.yaml").touch()
        (self.folder / "one.h5").touch()
        self.assertEqual(self.complete("restrain bif", ["restrain", "bif"]),
                         ["bifurcate"])
        self.assertIn("--wall-limit", self.complete(
            "restrain run --w", ["restrain", "run", "--w"]))
        self.assertNotIn("--resume", self.complete(
            "restrain info --", ["restrain", "info", "--"]))
        self.assertEqual(self.complete(
            "restrain run one.yaml -D step.l",
            ["restrain", "run", "one.yaml", "-D", "step.l"]), ["step.lr="])
        self.assertEqual(self.complete(
            "restrain run -D step.scheme=heavy",
            ["restrain", "run", "-D", "step.scheme", "=", "heavy"]),
            ["heavy-ball"])
        self.assertIn("nesterov", self.complete(
            "restrain run -D step.scheme=",
            ["restrain", "run", "-D", "step.scheme", "="]))
        self.assertEqual(self.complete(
            "restrain help regim", ["restrain", "help", "regim"]),
            ["regimes"])
        self.assertEqual(self.complete(
            "restrain run o", ["restrain", "run", "o"]), ["one.yaml"])
        self.assertEqual(self.complete(
            "restrain info o", ["restrain", "info", "o"]), ["one.h5"])

    @needs("shellcheck")
    def test_shellcheck_has_nothing_to_say(self):
        self.make("bash", "restrain")
        done = subprocess.run(
            ["shellcheck", "-s", "bash", "-S", "warning", "restrain"],
            cwd=self.folder, capture_output=True, text=True, check=False)
        self.assertEqual(done.stdout, "")


class Zsh(Made):
    def read(self, terminal, until, seconds=60):
        text, end = "", time.monotonic() + seconds
        while until not in text and time.monotonic() < end:
            if select.select([terminal], [], [], 0.2)[0]:
                text += os.read(terminal, 65536).decode(errors="replace")
        self.assertIn(until, text)
        return text

    @needs("zsh")
    def test_commands_options_keys_and_values(self):
        self.make("zsh", "_restrain")
        child, terminal = pty.fork()
        if child == 0:
            os.chdir(self.folder)
            os.execvpe("zsh", ["zsh", "-f", "-i"],
                       dict(os.environ, TERM="dumb", PS1="> "))
        try:
            os.write(terminal, b"unsetopt zle_bracketed_paste; fpath=($PWD "
                     b"$fpath); autoload -Uz compinit; compinit -u -D; "
                     b"print rea''dy\n")
            self.read(terminal, "ready\r")
            for typed, offered in (
                    ("restrain bif", "bifurcate "),
                    ("restrain run --wall", "--wall-limit"),
                    ("restrain run -D step.l", "step.lr="),
                    ("restrain run -D step.scheme=heavy",
                     "step.scheme=heavy-ball"),
                    ("restrain help regim", "regimes ")):
                os.write(terminal, typed.encode() + b"\t")
                self.read(terminal, offered)
                os.write(terminal, b"\x15")
        finally:
            os.write(terminal, b"\x15exit\n")
            os.close(terminal)
            os.waitpid(child, 0)


class Manual(Made):
    @needs("sphinx-build", "doxygen")
    @unittest.skipIf(lacks_sphinx(), f"no module {lacks_sphinx()}")
    def test_it_builds_without_a_warning(self):
        form = (SOURCE / "src/manual/Doxyfile.in").read_text()
        for name, value in (("VERSION", "0"), ("SOURCE", SOURCE),
                            ("OUTPUT", self.folder)):
            form = form.replace(f"@{name}@", str(value))
        done = subprocess.run(["doxygen", self.write(form, "Doxyfile")],
                              capture_output=True, text=True, check=False)
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        done = subprocess.run(
            ["sphinx-build", "-q", "-W", "--keep-going", "-c",
             SOURCE / "src/manual", "-d", self.folder / "trees", SOURCE,
             self.folder / "html"], capture_output=True, text=True,
            check=False, env=dict(os.environ, RESTRAIN_TABLES=str(self.file),
                                  RESTRAIN_API=str(self.folder / "xml")))
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        pages = {page: (self.folder / "html" / page).read_text(
            encoding="utf-8") for page in (
                "index.html", "cases/tutorial.html", "src/case/keys.html",
                "src/cli/commands.html", "src/manual/api.html",
                "src/stability/theory.html")}
        for key in self.tables["case"]["keys"]:
            self.assertIn(f">{key['path']}</span>", pages[
                "src/case/keys.html"])
        for topic in ("scalars", "fields", "evaluations", "regimes"):
            for word in self.tables["case"][topic]:
                self.assertIn(f">{word['name']}</span>", pages[
                    "src/case/keys.html"])
        self.assertIn("rst_flow_evaluate", pages["src/manual/api.html"])
        self.assertIn("src/manual/index.html", pages["index.html"])
        # Nothing is fetched from elsewhere when a page is opened.
        for page, text in pages.items():
            fetched = re.findall(r'<(?:script|img|link)[^>]*(?:src|href)='
                                 r'"(https?:)?//[^"]*"', text)
            self.assertEqual(fetched, [], page)


if __name__ == "__main__":
    main()
