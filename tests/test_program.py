# SPDX-License-Identifier: GPL-3.0-or-later
"""The command line: help, options, exit codes, and every kind of bad input."""
import json
import os
import re
import resource
import signal
import struct
import subprocess

import h5py
import numpy as np

from support import CASES, PROGRAM, SMALL_CASE, WHOLE_CASE, ProgramTest, main


class Help(ProgramTest):
    def test_overview_names_every_command(self):
        text = self.restrain("--help").stdout
        for command in ("run", "analyze", "check", "info", "help"):
            self.assertIn(f"restrain {command}", text)
            page = self.restrain("help", command).stdout
            self.assertIn(f"usage: restrain {command}", page)
            self.assertEqual(page, self.restrain(command, "--help").stdout)

    def test_case_reference_names_every_section(self):
        text = self.restrain("help", "case").stdout
        for key in ("flow.kind", "flow.image.kind", "step.lr",
                    "step.weight_decay", "output.every", "stop.blow_up"):
            self.assertIn(key, text)

    def test_each_key_and_section_is_a_topic(self):
        text = self.restrain("help", "case").stdout
        keys = re.findall(r"^  ([a-z]\S+)$", text, re.MULTILINE)
        self.assertGreater(len(keys), 100)
        for key in ("step.lr", "flow.layers.N.kernel", "output.every",
                    "sweep.axes.N.key"):
            self.assertIn(key, keys)
            self.assertEqual(self.restrain("help", key).stdout.split()[0], key)
        section = self.restrain("help", "step").stdout
        self.assertEqual(
            set(re.findall(r"^  (step\S+)$", section, re.MULTILINE)),
            {key for key in keys if key.startswith("step.")})
        self.assertIn("did you mean step.lr?", self.restrain(
            "help", "step.lrr", expect=2).stderr)

    def test_items_of_a_list_are_topics_by_their_number(self):
        self.assertEqual(self.restrain("help", "flow.layers.2.kernel").stdout,
                         self.restrain("help", "flow.layers.N.kernel").stdout)
        self.assertIn("no help on", self.restrain(
            "help", "flow.layers.x.kernel", expect=2).stderr)

    def test_each_way_to_do_something_is_explained(self):
        tables = json.loads(self.restrain("help", "--json").stdout)["case"]
        ways = [key for key in tables["keys"] if key["names"]
                and re.search(r"(kind|scheme|decay|function|operator|loss)$",
                              key["path"])]
        self.assertGreater(len(ways), 15)
        for key in ways:
            for word in {*key["names"]} - {"none", "file"}:
                self.assertRegex(key["help"], rf"(?<![\w-]){word}(?![\w-])",
                                 key["path"])

    def test_messages_leave_dozens_of_names_to_the_help(self):
        case = self.write(SMALL_CASE)
        for value, topic in (("output.scalars=[x]", "output.scalars"),
                             ("output.scalars=loss", "output.scalars"),
                             ("expect=[{value: 1}]", "expect.0.scalar"),
                             ("expect=[{scalar: x, value: 1}]",
                              "expect.0.scalar")):
            said = self.restrain("check", case, "-D", value, expect=2).stderr
            self.assertIn(f"those that restrain help {topic} lists", said)
            self.assertLess(len(said), 200)
            self.assertIn("lyapunov", self.restrain("help", topic).stdout)

    def test_conditions_name_each_key_once(self):
        tables = json.loads(self.restrain("help", "--json").stdout)["case"]
        for key in tables["keys"]:
            about = [part.split()[0] for part in key["when"].split("; ")
                     if part]
            self.assertEqual(len(about), len({*about}), key)
        self.assertEqual(
            {key["when"] for key in tables["keys"]
             if key["path"] == "flow.diffusion.coefficient"},
            {"flow.kind heat", "flow.kind conv, conv-linear"})

    def test_words_of_results_are_topics(self):
        run = self.restrain("run", self.write(SMALL_CASE), "--json", "-o",
                            "run.h5")
        self.assertIn(json.loads(run.stdout)["regime"], re.findall(
            r"^  (\S+)$", self.restrain("help", "regimes").stdout,
            re.MULTILINE))
        with h5py.File(self.folder / "run.h5") as file:
            for topic, name in (("scalars", "grad_norm"),
                                ("fields", "gradient")):
                text = self.restrain("help", topic).stdout
                self.assertIn(f"  {name}\n", text)
                self.assertTrue(self.restrain(
                    "help", f"output.{topic}").stdout.endswith(text))
                if name in file:
                    meaning = file[name].attrs["long_name"].decode()
                    self.assertIn(meaning, " ".join(text.split()))

    def test_each_word_is_a_topic(self):
        tables = json.loads(self.restrain("help", "--json").stdout)["case"]
        for topic in ("scalars", "fields", "evaluations", "regimes"):
            whole = self.restrain("help", topic).stdout
            heading = whole[:whole.index("  ")]
            # A word that is a section too comes after its keys.
            for word in tables[topic][::5] + tables[topic][-1:]:
                keys, found, rest = self.restrain(
                    "help", word["name"]).stdout.rpartition(heading)
                self.assertTrue(found)
                self.assertEqual(" ".join(rest.split()).removesuffix(
                    f", {word.get('units', '1')}"),
                    f"{word['name']} {word['help']}")
                for key in re.findall(r"^  (\S+)$", keys, re.MULTILINE):
                    self.assertTrue(key.startswith(word["name"] + "."), key)
        for word in ("image", "response"):
            text = self.restrain("help", word).stdout
            self.assertRegex(text, rf"\n  {word}\n +{word} [Ic]")
            self.assertIn(text.partition("\n\n")[2], self.restrain(
                "help", "output.fields").stdout)
        self.assertIn("did you mean response?", self.restrain(
            "help", "respons", expect=2).stderr)

    def test_help_keeps_within_80_columns(self):
        everything = json.loads(self.restrain("help", "--json").stdout)
        commands = [command["words"]["name"]
                    for command in everything["commands"]]
        self.assertIn("run", commands)
        for topic in ("", *commands, "case", "scalars", "fields",
                      "evaluations", "regimes"):
            text = self.restrain("help", *([topic] if topic else [])).stdout
            longest = max(text.splitlines(), key=len)
            self.assertLessEqual(len(longest), 80, longest)
            if topic in ("", "run"):
                self.assertLessEqual(text.count("\n"), 40, "one screen")

    def test_help_for_programs_says_the_same(self):
        everything = json.loads(self.restrain("help", "--json").stdout)
        self.assertEqual(everything["version"],
                         self.restrain("--version").stdout.split()[1])
        for command in everything["commands"]:
            words, options = command["words"], command["options"]
            text = " ".join(self.restrain(
                "help", words["name"]).stdout.split())
            self.assertIn(f"usage: restrain {words['name']} "
                          + words["usage"], text)
            for paragraph in words["details"].split("\n\n"):
                self.assertIn(" ".join(paragraph.split()), text)
            for option in options:
                shown = f"--{option['name']} {option['value']}".strip()
                if option["letter"]:
                    shown = f"-{option['letter']}, {shown}"
                self.assertIn(f"{shown} {option['help']}", text)
        tables = everything["case"]
        text = self.restrain("help", "case").stdout
        self.assertEqual([key["path"] for key in tables["keys"]],
                         re.findall(r"^  ([a-z]\S+)$", text, re.MULTILINE))
        joined = " ".join(text.split())
        for key in tables["keys"]:
            when = f" [{key['when']}]" if key["when"] else ""
            self.assertIn(f"{key['path']} {key['value']} {key['help']}."
                          + when, joined)
        schemes = {name for key in tables["keys"]
                   if key["path"] == "step.scheme" for name in key["names"]}
        self.assertLessEqual({"euler", "adam"}, schemes)
        for topic in ("scalars", "fields", "evaluations", "regimes"):
            text = " ".join(self.restrain("help", topic).stdout.split())
            for word in tables[topic]:
                self.assertIn(f"{word['name']} {word['help']}", text)

    def test_version(self):
        self.assertRegex(self.restrain("--version").stdout,
                         r"^restrain \d+\.\d+\.\d+ \(.+\)\n$")

    def test_no_command_is_a_usage_error(self):
        self.restrain(expect=2)


class Usage(ProgramTest):
    def faults(self, *arguments, message, expect=2):
        done = self.restrain(*arguments, expect=expect)
        self.assertIn(message, done.stderr)
        self.assertEqual(done.stdout, "")

    def test_faults_on_the_command_line(self):
        case = self.write(SMALL_CASE)
        self.faults("walk", message="'walk' is not a command")
        self.faults("run", message="a file name is missing")
        self.faults("run", case, "again", message="'again' follows")
        self.faults("run", case, "--fast", message="unknown option '--fast'")
        self.faults("info", "x.h5", "--resume", message="unknown option")
        self.faults("run", case, "-o", message="a value is missing after")
        self.faults("run", case, "--threads", "0", message="from 1 to")
        self.faults("run", case, "--threads", "two", message="not 'two'")
        self.faults("run", case, "--wall-limit", "1:99", message="hh:mm:ss")
        self.faults("run", case, "--resume", "--force", message="one of them")
        self.faults("run", case, "-D", "step.lr", message="step.lr")
        self.faults("help", "nothing", message="no help on 'nothing'")
        self.assertEqual(os.listdir(self.folder), ["case.yaml"])

    def test_a_case_from_standard_input(self):
        """Its files are relative to the current folder."""
        self.write(SMALL_CASE)
        text = (self.folder / "case.yaml").read_bytes()
        for arguments, code in ((("run", "-", "-o", "new/folder/a.h5"), 0),
                                (("run", "-"), 0), (("check", "-"), 0),
                                (("check", "-", "-D", "step.lrr=1"), 2)):
            done = subprocess.run([PROGRAM, *arguments], input=text,
                                  cwd=self.folder, capture_output=True,
                                  check=False)
            self.assertEqual(done.returncode, code, done.stderr)
        for place in ("new/folder/a.h5", "output/standard-input/run.h5"):
            with h5py.File(self.folder / place) as file:
                self.assertIn("loss", file)

    def test_a_folder_is_no_file(self):
        self.faults("info", ".", message=". is a folder; name a file in it "
                    "(it holds no result, *.h5)", expect=4)
        case = self.write(SMALL_CASE)
        self.restrain("run", case, "-o", "some/run.h5")
        self.restrain("analyze", case, "-o", "some/analysis.h5")
        self.faults("info", "some", message="some is a folder; name a file in "
                    "it: analysis.h5, run.h5\n", expect=4)

    def test_several_processes_are_refused(self):
        case = self.write(SMALL_CASE)
        several = dict(os.environ, OMPI_COMM_WORLD_SIZE="4")
        done = self.restrain("run", case, env=several, expect=2)
        self.assertIn("4 were started", done.stderr)


class BadInput(ProgramTest):
    """One clear message, the right exit code, nothing half-written."""

    def refused(self, *arguments, text=SMALL_CASE, message, expect):
        case = self.write(text)
        before = sorted(os.listdir(self.folder))
        done = self.restrain("run", case, *arguments, expect=expect)
        self.assertIn(message, done.stderr)
        self.assertEqual(done.stdout, "")
        self.assertEqual(sorted(os.listdir(self.folder)), before)
        return done.stderr

    def test_missing_case(self):
        done = self.restrain("run", "none.yaml", expect=4)
        self.assertIn("none.yaml", done.stderr)

    def test_image_missing_unreadable_or_empty(self):
        image = ("-D", "flow.image={kind: file, file: picture.png}")
        self.refused(*image, message="picture.png", expect=4)
        (self.folder / "picture.png").write_bytes(b"")
        self.refused(*image, message="picture.png", expect=4)
        (self.folder / "picture.png").write_bytes(b"\x89PNG\r\n\x1a\n broken")
        self.refused(*image, message="picture.png", expect=4)

    def test_nan_in_data(self):
        data = np.ones((24, 24))
        data[3, 4] = np.nan
        with h5py.File(self.folder / "data.h5", "w") as file:
            file["image"] = data
        self.refused("-D", "flow.image={kind: file, file: 'data.h5:/image'}",
                     message="data.h5", expect=2)

    def test_sizes(self):
        self.refused("-D", "flow.kernel=25", message="25", expect=2)
        self.refused("-D", "flow.kernel=0", message="flow.kernel", expect=2)
        self.refused("-D", "flow.image.size=0", message="size", expect=2)

    def test_values_out_of_range_or_of_the_wrong_type(self):
        for override, message in (("step.weight_decay=-1", "weight_decay"),
                                  ("step.lr=0", "lr"),
                                  ("step.lr=fast", "lr"),
                                  ("step.lr=[1, 2]", "lr"),
                                  ("step.iterations=1.5", "iterations"),
                                  ("flow=heat", "flow"),
                                  ("flow.label=2", "label")):
            with self.subTest(override):
                self.refused("-D", override, message=message, expect=2)

    def test_unknown_names_get_the_nearest_one(self):
        text = self.refused("-D", "step.scheme=eular", message="eular",
                            expect=2)
        self.assertIn("euler", text)
        text = self.refused("-D", "step.weight_dacay=1", message="dacay",
                            expect=2)
        self.assertIn("weight_decay", text)

    def test_all_errors_of_a_file_come_at_once_with_place_and_caret(self):
        wrong = SMALL_CASE.replace("lr: 0.05", "lr: -1").replace(
            "kernel: 5", "kernal: 5").replace("euler", "ruler")
        text = self.refused(text=wrong, message="case.yaml:5:", expect=2)
        self.assertIn("case.yaml:7:", text)
        for fragment in ("kernel", "euler", "lr", "^"):
            self.assertIn(fragment, text)

    def test_output_folder_that_cannot_be_made_or_written(self):
        self.refused("-o", "case.yaml/run.h5", message="case.yaml", expect=4)
        (self.folder / "output").write_text("a file in the way")
        self.refused(message="output", expect=4)
        self.refused("-o", "/proc/run.h5", message="/proc", expect=4)

    def test_existing_output_is_kept_without_force(self):
        case = self.write(SMALL_CASE)
        self.restrain("run", case, "-o", "run.h5")
        content = (self.folder / "run.h5").read_bytes()
        done = self.restrain("run", case, "-o", "run.h5", expect=4)
        self.assertIn("--force", done.stderr)
        self.assertEqual((self.folder / "run.h5").read_bytes(), content)
        self.restrain("run", case, "-o", "run.h5", "--force",
                      "-D", "step.iterations=8")
        with h5py.File(self.folder / "run.h5") as file:
            self.assertEqual(len(file["loss"]), 9)

    def test_not_an_hdf5_file(self):
        self.write("no HDF5", "plain.h5")
        done = self.restrain("info", "plain.h5", expect=4)
        self.assertIn("plain.h5", done.stderr)


class Results(ProgramTest):
    def test_default_place_and_sidecars(self):
        case = self.write(SMALL_CASE, "two.dots.yaml")
        done = self.restrain("run", case)
        self.assertIn("output/two.dots/run.h5", done.stdout)
        self.assertEqual(done.stderr, "")
        made = self.folder / "output" / "two.dots"
        for name in ("run.h5", "run.xdmf", "run.vtkhdf"):
            self.assertTrue((made / name).exists(), name)

    def test_json(self):
        case = self.write(SMALL_CASE)
        told = json.loads(self.restrain("run", case, "--json").stdout)
        self.assertEqual(told["last"], 40)
        with h5py.File(self.folder / told["output"]) as file:
            self.assertEqual(file["loss"][-1], told["loss"])
        effective = json.loads(self.restrain("check", case, "--json").stdout)
        self.assertEqual(effective["step"]["lr"], 0.05)
        about = json.loads(
            self.restrain("info", told["output"], "--json").stdout)
        self.assertIsInstance(about, dict)

    def test_effective_case_is_a_case_with_the_same_result(self):
        case = self.write(SMALL_CASE)
        text = self.restrain("check", case, "-D", "step.lr=0.04").stdout
        again = self.write(text, "again.yaml")
        self.assertEqual(self.restrain("check", again).stdout, text)
        self.restrain("run", case, "-D", "step.lr=0.04", "-o", "a.h5")
        self.restrain("run", again, "-o", "b.h5")
        with h5py.File(self.folder / "a.h5") as a, \
                h5py.File(self.folder / "b.h5") as b:
            np.testing.assert_array_equal(a["kernel"], b["kernel"])
            self.assertEqual(a["provenance/effective"][()],
                             b["provenance/effective"][()])

    def test_dry_run_writes_nothing(self):
        case = self.write(SMALL_CASE)
        text = self.restrain("run", case, "--dry-run").stdout
        self.assertIn("40 iterations", text)
        self.assertEqual(os.listdir(self.folder), ["case.yaml"])

    def test_divergence_has_its_exit_code_and_a_complete_file(self):
        case = self.write(SMALL_CASE)
        self.restrain("run", case, "-o", "run.h5", "-D", "step.lr=1.1",
                      "-D", "step.iterations=1000", expect=3)
        with h5py.File(self.folder / "run.h5") as file:
            norms = file["weight_norm"][()]
            limit = 1e6 * max(norms[0], 1.0)
            self.assertGreater(norms[-1], limit)
            self.assertTrue((norms[:-1] <= limit).all())
            self.assertEqual(file["step"][-1], len(norms) - 1)
            self.assertEqual(
                file["provenance"].attrs["exit_reason"].decode()
                if isinstance(file["provenance"].attrs["exit_reason"], bytes)
                else file["provenance"].attrs["exit_reason"], "diverged")

    def test_info_tells_what_and_how(self):
        case = self.write(SMALL_CASE)
        self.restrain("run", case, "-o", "run.h5")
        text = self.restrain("info", "run.h5").stdout
        for fragment in ("kernel", "loss", "version", "wall_seconds", "argv"):
            self.assertIn(fragment, text)

    def test_rows_belong_to_the_state_before_the_update(self):
        case = self.write(SMALL_CASE)
        self.restrain("run", case, "-o", "run.h5", "-D", "output.every=1",
                      "-D", "output.fields=[gradient]",
                      "-D", "output.scalars=[max_abs, step_size]")
        with h5py.File(self.folder / "run.h5") as file:
            kernel = file["kernel"][()]
            gradient = file["gradient"][()]
            self.assertEqual(len(file["iteration"]), 41)
            np.testing.assert_allclose(file["time"], 0.05 * np.arange(41),
                                       rtol=4e-16)
            norm = np.sqrt((kernel ** 2).sum(axis=(1, 2)))
            self.assert_close(file["weight_norm"][()], norm, 1e-14)
            self.assert_close(file["max_abs"][()],
                              abs(kernel).max(axis=(1, 2)), 0)
            self.assert_close(file["grad_norm"][()],
                              np.sqrt((gradient ** 2).sum(axis=(1, 2))), 1e-13)
            update = np.sqrt((np.diff(kernel, axis=0) ** 2).sum(axis=(1, 2)))
            self.assert_close(file["update_ratio"][:-1], update / norm[:-1],
                              1e-12)
            self.assertTrue(np.isnan(file["update_ratio"][-1]))
            self.assert_close(kernel[:-1] - 0.05 * gradient[:-1], kernel[1:],
                              1e-9)
            self.assert_close(file["loss"][()], file["data_loss"][()]
                              + norm ** 2, 1e-13)

    def test_cadences(self):
        case = self.write(SMALL_CASE)
        self.restrain("run", case, "-o", "linear.h5", "-D", "output.every=7")
        self.restrain("run", case, "-o", "log.h5", "-D",
                      "output={cadence: logarithmic, every: 4}")
        with h5py.File(self.folder / "linear.h5") as file:
            self.assertEqual(list(file["step"]), [0, 7, 14, 21, 28, 35, 40])
        with h5py.File(self.folder / "log.h5") as file:
            self.assertEqual(list(file["step"]), [0, 1, 2, 3, 6, 10, 18, 32,
                                                  40])

    def test_a_users_own_images(self):
        width, height = 30, 21
        grey = np.arange(width * height, dtype=np.uint16).reshape(height,
                                                                  width)
        (self.folder / "own.pgm").write_bytes(
            b"P5\n%d %d\n%d\n" % (width, height, grey.max())
            + struct.pack(f">{grey.size}H", *grey.ravel()))
        with h5py.File(self.folder / "own.h5", "w") as file:
            file["image"] = 2 * (grey / grey.max()) - 1
        case = self.write(SMALL_CASE)
        for name, out in (("own.pgm", "a.h5"), ("own.h5:/image", "b.h5")):
            self.restrain("run", case, "-o", out, "-D",
                          f"flow.image={{kind: file, file: '{name}'}}")
        with h5py.File(self.folder / "a.h5") as a, \
                h5py.File(self.folder / "b.h5") as b:
            np.testing.assert_allclose(a["loss"], b["loss"], rtol=1e-12)

    def test_memory_is_below_forty_images(self):
        case = self.write(SMALL_CASE)
        size = 1024
        self.restrain("run", case, "-o", "run.h5", "-D",
                      f"flow.image.size={size}", "-D", "flow.kernel=32",
                      "-D", "step.iterations=3")
        # Of all programs run so far; the others are small. KiB on Linux.
        peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
        self.assertLess(1024 * peak, 40 * 8 * size ** 2)

    def test_every_shipped_case_is_valid(self):
        cases = sorted(CASES.glob("*.yaml"))
        self.assertGreater(len(cases), 10)
        for case in cases:
            with self.subTest(case.name):
                effective = json.loads(
                    self.restrain("check", case, "--json").stdout)
                for key in ("title", "reference", "cost"):
                    self.assertTrue(effective[key], key)
                self.assertTrue(effective["expect"])


class Profile(ProgramTest):
    """Where the time of a run goes."""

    HEAT = "flow={kind: heat, points: 31, diffusion: {coefficient: 1}}"

    def profile(self, case, *arguments):
        told = json.loads(self.restrain(
            "run", case, "--profile", "--json", "--force", "-o", "run.h5",
            *arguments).stdout)
        stages = {stage["stage"]: stage["seconds"]
                  for stage in told["profile"]["stages"]}
        self.assertEqual(len(stages), 10)
        total = told["profile"]["seconds"]
        self.assert_close(sum(stages.values()), total, 1e-12)
        # The profile goes on until the file is closed.
        self.assertGreater(total, 0.999 * told["wall_seconds"])
        for stage in told["profile"]["stages"]:
            self.assert_close(stage["share"], stage["seconds"] / total, 1e-12)
            self.assert_close(stage["per_update"] * told["last"],
                              stage["seconds"], 1e-12)
        return told, stages

    def test_stages_are_those_of_the_case(self):
        case = self.write(SMALL_CASE.replace("size: 24", "size: 64").replace(
            "kernel: 5", "kernel: 5\n  operator: fft"))
        network = {"correlation", "activation", "adjoint", "loss", "update"}
        frame = {"observation", "output", "frame"}
        for settings, stages in (
                ("twins=[]", network | frame),
                ("twins=[3]", network | frame | {"twins"}),
                ("output.scalars=[lyapunov]",
                 network - {"update"} | frame | {"perturbations"}),
                (self.HEAT, {"loss", "update"} | frame)):
            with self.subTest(settings):
                told, seconds = self.profile(case, "-D", settings)
                spent = {name for name, value in seconds.items() if value > 0}
                # An update of few weights takes no longer than the clock.
                self.assertEqual(spent | {"update"}, stages | {"update"})
                self.assertEqual(told["profile"]["timed"], 41)

    def test_few_iterations_stand_for_many(self):
        case = self.write(SMALL_CASE)
        told, _ = self.profile(case, "-D", "step.iterations=20000",
                               "-D", self.HEAT, "-D",
                               "output.every=20000")
        self.assertTrue(64 < told["profile"]["timed"] < 10000)

    def test_results_do_not_change(self):
        case = self.write(SMALL_CASE)
        self.restrain("run", case, "-o", "plain.h5", "-D", "twins=[3]")
        text = self.restrain("run", case, "-o", "run.h5", "-D", "twins=[3]",
                             "--profile").stdout
        self.assertRegex(text, r"time by stages, from 41 of 41 iterations")
        self.assertRegex(text, r"(?m)^  adjoint +\d+\.\d+ +\d+\.\d % +\d")
        self.assert_same_datasets(self.folder / "plain.h5",
                                  self.folder / "run.h5")

    def test_it_must_be_asked_for(self):
        case = self.write(SMALL_CASE)
        self.assertNotIn("stages", self.restrain("run", case).stdout)
        told = self.restrain("run", case, "--json", "-o", "run.h5").stdout
        self.assertNotIn("profile", json.loads(told))

    def test_threads_and_schemes(self):
        case = self.write(SMALL_CASE)
        images = "flow={kind: conv, kernel: 5, images: [{kind: constant, " \
                 "size: 24, label: 1}, {kind: checkerboard, size: 24}]}"
        self.profile(case, "-D", images, "--threads", "2")
        for scheme in ("heavy-ball", "rk4"):
            self.profile(case, "-D", f"step.scheme={scheme}")


class Automation(ProgramTest):
    """What scripts and batch systems rely on."""

    def setUp(self):
        super().setUp()
        self.write(WHOLE_CASE)

    def test_dry_runs_are_objects_too(self):
        for command in ("run", "analyze", "sweep", "bifurcate"):
            told = json.loads(self.restrain(command, "case.yaml", "--dry-run",
                                            "--json").stdout)
            self.assertEqual(told["dry_run"], command)
            self.assertEqual(told["output"].split("/")[:2],
                             ["output", "case"])
            self.assertFalse((self.folder / "output").exists())

    def peak_of(self, *arguments):
        """Bytes of memory that the program held at most."""
        process = self.start(*arguments, "--quiet", "--json")
        process.stdout.read()
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        self.assertEqual(process.returncode, 0, process.stderr.read())
        process.stdout.close()
        process.stderr.close()
        return 1024 * usage.ru_maxrss  # KiB on Linux

    def test_memory_and_file_are_foretold(self):
        for name, *given in (
                ("few snapshots", "step.iterations=20000",
                 "output.every=2000"),
                ("many snapshots", "step.iterations=1000", "output.every=1"),
                ("logarithmic", "step.iterations=30000", "twins=[3, float]",
                 "output.cadence=logarithmic", "output.scalars=[lyapunov]"),
                ("few rows", "step.iterations=50000", "output.every=5000",
                 "output.scalars_every=10")):
            options = [part for value in given for part in ("-D", value)]
            with self.subTest(name):
                told = json.loads(self.restrain(
                    "run", "case.yaml", "--dry-run", "--json",
                    *options).stdout)
                peak = self.peak_of("run", "case.yaml", "-o", "run.h5",
                                    "--force", *options)
                size = (self.folder / "run.h5").stat().st_size
                self.assertLess(abs(told["file_bytes"] / size - 1), 0.2)
                self.assertLess(told["memory_bytes"], 2 * peak)
                self.assertLess(peak, 2 * told["memory_bytes"])

    def test_the_memory_of_a_run_does_not_grow_with_its_length(self):
        peaks = [self.peak_of(
            "run", "case.yaml", "-o", "run.h5", "--force", "-D",
            f"step.iterations={number}", "-D", "output.every=1000000", "-D",
            "flow.image.size=8", "-D", "flow.kernel=2")
                 for number in (200000, 800000)]
        self.assertLess(peaks[1] - peaks[0], 8 * 600000)

    def test_errors_are_objects_too(self):
        for command, given, code in (
                ("run", ("case.yaml", "-D", "step.lr=x"), 2),
                ("info", ("absent.h5",), 4)):
            done = self.restrain(command, *given, "--json", expect=code)
            told = json.loads(done.stdout)
            self.assertEqual(told["exit_code"], code)
            self.assertIn(told["error"], done.stderr)

    def test_each_signal_that_ends_jobs_leaves_a_checkpoint(self):
        # Who tests under nohup passes an ignored SIGHUP on.
        before = signal.signal(signal.SIGHUP, signal.SIG_DFL)
        self.addCleanup(signal.signal, signal.SIGHUP, before)
        for name in ("SIGTERM", "SIGHUP", "SIGUSR1", "SIGXCPU"):
            output = self.folder / f"{name}.h5"
            told = self.interrupt(
                "run", "case.yaml", "-D", "step.iterations=2000000", "-D",
                "output.every=100000", "-o", output, begun=output.exists,
                work=0.05, number=getattr(signal, name))
            self.assertIn(name, told)
            self.assertTrue(
                (self.folder / f"{name}.checkpoint").exists())

    def test_output_that_does_not_fit_is_told(self):
        with open("/dev/full", "w", encoding="utf-8") as full:
            done = subprocess.run([PROGRAM, "help", "case"], stdout=full,
                                  stderr=subprocess.PIPE, check=False)
        self.assertEqual(done.returncode, 4)
        self.assertIn(b"standard output", done.stderr)

    def test_times_as_batch_systems_write_them(self):
        for time in ("5", "1:00", "1:00:00", "2-00:00:00", "90s", "1.5h",
                     "30m", "1d"):
            self.restrain("run", "case.yaml", "--dry-run", "--wall-limit",
                          time)
        for time in ("0", "0s", "-5", "1-", "-1:00", "2w", "1:99", "1-2-3",
                     "h", "1e999h"):
            self.restrain("run", "case.yaml", "--dry-run",
                          "--wall-limit=" + time, expect=2)

    def test_names_that_paraview_does_not_take(self):
        done = self.restrain("run", "case.yaml", "-o", "run_18:30.h5")
        self.assertIn("contains ':' or '|'", done.stderr)


if __name__ == "__main__":
    main()
