# SPDX-License-Identifier: GPL-3.0-or-later
"""The README's pictures are those that the program makes, and `tools/figures
all` writes a page of all figures that needs no other file."""
import base64
import io
import re
import subprocess
from concurrent.futures import ThreadPoolExecutor

from PIL import Image

import readme_pictures
from support import CASES, SOURCE, ProgramTest, main

# Of two pictures of the same: restyled lines, chaotic points elsewhere.
ALIKE = 0.02


class Readme(ProgramTest):
    def test_its_pictures_are_those_of_today(self):
        names = readme_pictures.names()
        with ThreadPoolExecutor(2) as pool:
            paths = list(pool.map(readme_pictures.picture, names,
                                  [self.folder] * len(names)))
        made = dict(zip(names, map(readme_pictures.small, paths)))
        text = (SOURCE / "README.md").read_text(encoding="utf-8")
        for name in names:
            with self.subTest(name):
                self.assertIn(f"cases/images/{name}.png", text)
                stored = Image.open(readme_pictures.IMAGES / f"{name}.png")
                self.assertEqual(stored.width, made[name].width)
                differs = readme_pictures.difference(stored, made[name])
                self.assertLess(
                    differs, ALIKE, f"{name} looks otherwise; "
                    "tests/readme_pictures.py makes it again")
                for other in set(names) - {name}:
                    self.assertGreater(readme_pictures.difference(
                        stored, made[other]), 2 * ALIKE, "the metric sees")

    def test_they_are_small(self):
        size = sum(path.stat().st_size for path in
                   readme_pictures.IMAGES.glob("*.png"))
        self.assertLess(size, 1e6)


class Gallery(ProgramTest):
    def make_heat(self, *options):
        """The files of a figure; one of the runs diverges."""
        self.restrain("run", CASES / "heat-stable.yaml", "-q", "-o",
                      "heat-stable/run.h5", *options)
        self.restrain("run", CASES / "heat-unstable.yaml", "-q", "-o",
                      "heat-unstable/run.h5", expect=3)

    def test_it_shows_how_figures_were_made(self):
        self.make_heat()
        done = subprocess.run(
            [SOURCE / "tools/figures", "all", "-i", self.folder, "-o",
             self.folder / "drawn"], capture_output=True, text=True,
            check=False)
        # The others are missing, which is said and is no reason to stop.
        self.assertEqual(done.returncode, 4)
        page = (self.folder / "drawn" / "index.html").read_text()
        self.assertIn("index.html", done.stdout)
        self.assertEqual(re.findall('<figure id="(.*)">', page), ["heat"])
        self.assertIn("heat equation, profiles", page)
        self.assertIn("restrain run cases/heat-stable.yaml", page)
        self.assertIn("less than a second", page)
        self.assertEqual(page.count('class="kept"'), 8)
        self.assertNotIn('class="broken"', page)
        case = (CASES / "heat-stable.yaml").read_text(encoding="utf-8")
        self.assertIn(case.splitlines()[2].split("'")[0], page)
        data = re.search('src="data:image/png;base64,([^"]*)"', page)[1]
        image = Image.open(io.BytesIO(base64.b64decode(data)))
        self.assertGreater(image.width, 400)
        outside = re.findall(r'(?:src|href)="(?!data:|#)[^"]*"', page)
        self.assertEqual(outside, [])

    def test_a_promise_that_is_not_kept_shows(self):
        self.make_heat("-D", "expect.1.value=4.7")
        subprocess.run(
            [SOURCE / "tools/figures", "all", "-i", self.folder, "-o",
             self.folder], capture_output=True, text=True, check=False)
        page = (self.folder / "index.html").read_text(encoding="utf-8")
        self.assertEqual(page.count('class="broken"'), 1)

    def test_one_figure_alone_makes_no_page(self):
        done = subprocess.run(
            [SOURCE / "tools/figures", "heat", "-i", self.folder, "-o",
             self.folder], capture_output=True, text=True, check=False)
        self.assertEqual(done.returncode, 4)
        self.assertFalse((self.folder / "index.html").exists())


if __name__ == "__main__":
    main()
