# SPDX-License-Identifier: GPL-3.0-or-later
"""Parts of the manual that are made from the program and its headers.

    ```{restrain-tables} keys
    ```

lists every key of case files; with commands, exit_codes, scalars, fields,
evaluations or regimes these. `restrain-headers` documents the public headers,
`restrain-topics` links all pages of src/ that its page does not name.
"""
import logging
import os

from docutils import nodes
from docutils.statemachine import StringList
from sphinx.directives.other import TocTree
from sphinx.util.docutils import SphinxDirective

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(
    os.path.abspath(__file__))))


def paragraph(*parts):
    made = nodes.paragraph()
    for part in parts:
        made += part if isinstance(part, nodes.Node) else nodes.Text(part)
    return made


def definitions(items):
    """A definition list of (name, anchor, paragraphs)."""
    made = nodes.definition_list()
    for name, anchor, paragraphs in items:
        term = nodes.term('', '', nodes.literal(text=name))
        term['ids'] = [anchor]
        made += nodes.definition_list_item(
            '', term, nodes.definition('', *paragraphs))
    return made


def anchored(name):
    return nodes.make_id(name.replace('.', '-'))


def key_section(title, keys):
    identity = anchored(f'section {title}')
    made = nodes.section(ids=[identity], names=[title])
    made += nodes.title(text=title)
    items = []
    for key in keys:
        paragraphs = [paragraph(nodes.emphasis(text=key['value'] + '.')),
                      paragraph(key['help'] + '.')]
        if key['when']:
            paragraphs.append(paragraph(f"Applies with {key['when']}."))
        items.append((key['path'], anchored(f"key {key['path']}"),
                      paragraphs))
    made += definitions(items)
    return made


def keys_of(tables):
    """A section for each outermost part of the paths, in their order."""
    groups = {}
    for key in tables['case']['keys']:
        head, dot, _ = key['path'].partition('.')
        alone = not dot and not key['below'] and head != 'twins'
        groups.setdefault('the case' if alone else head, []).append(key)
    return [key_section(title, keys) for title, keys in groups.items()]


def words_of(words):
    return [definitions(
        (word['name'], anchored(f"word {word['name']}"),
         [paragraph(word['help'] + ('' if word['units'] == '1'
                                    else f", {word['units']}") + '.')])
        for word in words)]


def options_of(command):
    items = []
    for option in command['options']:
        shown = f"--{option['name']} {option['value']}".strip()
        if option['letter']:
            shown = f"-{option['letter']}, {shown}"
        items.append((shown, anchored(
            f"option {command['words']['name']} {option['name']}"),
            [paragraph(option['help'] + '.')]))
    return definitions(items)


def commands_of(tables):
    made = []
    for command in tables['commands']:
        words = command['words']
        section = nodes.section(ids=[anchored(f"command {words['name']}")],
                                names=[words['name']])
        section += nodes.title(text=f"restrain {words['name']}")
        section += nodes.literal_block(
            text=f"restrain {words['name']} {words['usage']}")
        section += paragraph(words['summary'].capitalize() + '.')
        for part in words['details'].strip().split('\n\n'):
            section += paragraph(' '.join(part.split()).replace('`', ''))
        section += options_of(command)
        made.append(section)
    return made


def exit_codes_of(tables):
    return [definitions((str(row['code']), f"exit-{row['code']}",
                         [paragraph(row['meaning'] + '.')])
                        for row in tables['exit_codes'])]


class SameNames(logging.Filter):
    """A function and a structure of C may share a name; Sphinx thinks not."""

    def filter(self, record):
        return 'Duplicate C declaration' not in str(record.msg)


class Tables(SphinxDirective):
    required_arguments = 1

    def run(self):
        tables = self.config.restrain_tables
        what = self.arguments[0]
        self.env.note_dependency(os.environ['RESTRAIN_TABLES'])
        made = {'keys': keys_of, 'commands': commands_of,
                'exit_codes': exit_codes_of}.get(what)
        return made(tables) if made else words_of(tables['case'][what])


class Topics(TocTree):
    """A table of contents of the pages in src/ that others do not name."""

    def run(self):
        here = os.path.dirname(self.env.docname)
        with open(self.env.doc2path(self.env.docname),
                  encoding='utf-8') as file:
            named = set(file.read().split())
        pages = (os.path.relpath(page, here) for page in
                 sorted(self.env.found_docs) if page.startswith('src/'))
        self.content = StringList(
            [page for page in pages
             if page not in named and page != 'index'], source='topics')
        self.env.note_reread()
        return super().run()


class Headers(SphinxDirective):
    def run(self):
        folder = os.path.join(ROOT, 'include', 'restrain')
        made = []
        for name in sorted(os.listdir(folder)):
            if not name.endswith('.h') or name == 'restrain.h':
                continue
            self.env.note_dependency(os.path.join(folder, name))
            section = nodes.section(ids=[anchored(f'header {name}')],
                                    names=[name])
            section += nodes.title(text=name)
            # The page that holds the directive is Markdown.
            lines = StringList([f'```{{doxygenfile}} {name}', '```'],
                               source=name)
            self.state.nested_parse(lines, self.content_offset, section)
            made.append(section)
        return made


REDIRECT = ('<!DOCTYPE html><meta charset="utf-8"><title>restrain</title>'
            '<meta http-equiv="refresh" content="0; url={0}">'
            '<a href="{0}">The manual of restrain</a>\n')


def add_entrance(app, fault):
    """index.html on top of the folder, since the first page lies below."""
    if fault is None and app.builder.format == 'html':
        target = app.builder.get_target_uri(app.config.root_doc)
        with open(os.path.join(app.outdir, 'index.html'), 'w',
                  encoding='utf-8') as file:
            file.write(REDIRECT.format(target))


def setup(app):
    app.add_config_value('restrain_tables', {}, 'env')
    app.add_directive('restrain-tables', Tables)
    app.add_directive('restrain-headers', Headers)
    app.add_directive('restrain-topics', Topics)
    app.connect('build-finished', add_entrance)
    logging.getLogger('sphinx.sphinx.domains.c').addFilter(SameNames())
    return {'parallel_read_safe': True}
