# SPDX-License-Identifier: GPL-3.0-or-later
"""Sphinx's settings. The source folder is the project's: pages lie beside the
code that they explain. RESTRAIN_TABLES names what `restrain help --json`
printed, RESTRAIN_API the XML of doxygen; meson sets both."""
import json
import os
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

with open(os.environ['RESTRAIN_TABLES'], encoding='utf-8') as tables:
    restrain_tables = json.load(tables)

project = 'restrain'
author = 'the developers of restrain'
copyright = 'the developers of restrain, GPL-3.0-or-later'
release = version = restrain_tables['version']

extensions = ['myst_parser', 'breathe', 'reference_pages']
root_doc = 'src/manual/index'
source_suffix = {'.md': 'markdown'}
include_patterns = ['*.md', 'cases/*.md', 'src/*.md', 'src/*/*.md',
                    'tools/*.md', 'tests/README.md']
exclude_patterns = ['build*', 'output', '.git', '.ci']
myst_enable_extensions = ['deflist', 'colon_fence']
myst_heading_anchors = 3
breathe_projects = {'restrain': os.environ['RESTRAIN_API']}
breathe_default_project = 'restrain'
breathe_domain_by_extension = {'h': 'c'}
primary_domain = 'c'
highlight_language = 'text'

html_theme = 'furo'
html_title = f'restrain {release}'
html_copy_source = False
html_show_sphinx = False
html_static_path = ['style']
html_css_files = ['restrain.css']
