"""ringfence-bus(7), as it was built, has all that the codec knows, and the words that the broker answers with."""

import os
import pathlib
import re
import shutil
import subprocess
import unittest

SOURCE = pathlib.Path(__file__).resolve().parents[3]
PAGE = pathlib.Path(os.environ.get("RF_PAGE", SOURCE / "build/asan/man/ringfence-bus.7"))

# The catalogue as the compiler sees it, one row a line: this test shares no parser with the page.
ROWS = r"""
#define MESSAGE(name, type, flow, meaning) @M|type|flow|meaning
#define ITEM(name, meaning) @I|#name|meaning
#define STR(field, need) @F|#field|text|#need
#define I64(field, need, least, most) @F|#field|integer|#need
#define BOOL(field, need) @F|#field|true or false|#need
#define JSON(field, need) @F|#field|map or array|#need
#define BIN(field, need) @F|#field|bytes|#need
#define STRS(field, need) @F|#field|array of texts|#need
#define LIST(field, need, item) @F|#field|array of item|#need
#define EVENT(name, type, severity, meaning) @E|type|severity|meaning
#include <ringfence/messages.def>
"""


def catalogue():
    """[(kind, words...)] in order."""
    preprocessed = subprocess.run(
        [os.environ.get("RF_CC", "cc"), "-E", "-P", "-x", "c", f"-I{SOURCE / 'include'}", "-"],
        input=ROWS, capture_output=True, text=True, check=True).stdout
    rows = []
    for row in re.sub(r"\s+", " ", preprocessed).split("@")[1:]:
        words = [re.sub(r'^#?\s*"?|"?$', "", word.strip()) for word in row.strip().split("|", 3)]
        rows.append(tuple(words))
    return rows


def entries(text):
    """{name: (words, {field: words})} of the generated part."""
    found, name, field = {}, None, None
    depth = 0
    for line in text[text.index(".Sh CATALOGUE"):text.index(".Sh EXAMPLES")].splitlines():
        if line.startswith(".Bl"):
            depth += 1
        elif line.startswith(".El"):
            depth -= 1
            field = None
        elif line.startswith(".It"):
            word = line.split(" ", 2)[2]
            if depth == 1:
                name, field = word, None
                found[name] = ["", {}]
            else:
                field = word
                found[name][1][field] = ""
        elif depth == 1:
            found[name][0] += line
        elif depth == 2:
            found[name][1][field] += line
    return found


class Manual(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.text = PAGE.read_text(encoding="utf-8")
        cls.entries = entries(cls.text)

    def test_every_message_field_and_event_of_the_codec_is_in_the_page(self):
        rows = catalogue()
        self.assertGreater(len(rows), 250)
        current, fields = None, {}
        for kind, name, *words in rows:
            if kind == "F":
                fields[current].add(name)
                told = self.entries[current][1][name]
                need = {"REQ": "required", "OPT": "optional"}[words[1]]
                self.assertTrue(told.startswith(f"\\&({words[0]}"), (current, name, told))
                self.assertIn(f"{need})", told, (current, name))
                continue
            current, fields[name] = name, set()
            for word in words:
                self.assertIn(word, self.entries[name][0], name)
        self.assertEqual({name: set(told[1]) for name, told in self.entries.items()}, fields)

    def test_the_remarks_of_the_catalogue_are_in_the_page(self):
        source = (SOURCE / "include/ringfence/messages.def").read_text(encoding="utf-8")
        remarks = re.findall(r"^ +.*?// (.*)$", source[source.index("clang-format off"):], re.MULTILINE)
        self.assertGreater(len(remarks), 100)
        flat = re.sub(r"\s+", " ", self.text)
        for remark in remarks:
            self.assertIn(re.sub(r"\s+", " ", remark.strip()), flat)

    def test_the_words_of_refusals_and_classes_are_explained(self):
        sources = {file.name: file.read_text(encoding="utf-8")
                   for folder in ("services/broker", "common/resilience")
                   for file in (SOURCE / folder).glob("*.c")}
        codes = set()
        for text in sources.values():
            for call in re.findall(r"rf_ground_refuse\((.*?)\);", text, re.DOTALL):
                codes |= set(re.findall(r'"([a-z_]+)"', call))
        codes |= set(re.findall(r'code = "([a-z_]+)"', sources["core.c"]))
        classes = set(re.findall(r'"((?:permanent\.)?[a-z_]+)"', sources["class.c"])) - {"unknown"}
        self.assertGreater(len(codes), 6)
        self.assertGreater(len(classes), 8)
        prose = self.text[:self.text.index(".Sh CATALOGUE")]
        explained = set()
        for line in re.findall(r"^\.It Li (.*)$", prose, re.MULTILINE):
            explained |= set(re.split(r"[ ,]+", line))
        self.assertEqual((codes | classes) - explained, set())

    def test_the_roles_are_those_that_the_broker_checks(self):
        rights = (SOURCE / "services/broker/rights.c").read_text(encoding="utf-8")
        section = self.text[self.text.index(".Ss Keys and roles"):self.text.index(".Ss Asking and deciding")]
        told = dict(re.findall(r"^\.It Li (\w+)\n(.*?)(?=^\.It|^\.El)", section, re.MULTILINE | re.DOTALL))
        self.assertEqual(set(told), {"publisher", "subscriber", "worker", "caller", "admin"})
        checked = 0
        for name, roles in re.findall(r"\[RF_MESSAGE_(\w+)\] = ([A-Z| ]+),", rights):
            kind = name.replace("_", ".", 1)
            for role in roles.replace(" ", "").lower().split("|"):
                if role == "any" or (role == "worker" and name.startswith(("worker_", "permit_", "limit_", "call_"))):
                    continue
                self.assertIn(kind, re.split(r"[\s,;]+", told[role]), role)
                checked += 1
        self.assertGreater(checked, 10)
        for prefix, roles in re.findall(r'\{"(\w+/)", (\w+)\}', rights):
            place = section if roles == "ANY" else told[roles.lower()]
            self.assertIn(prefix, place)

    def test_nothing_in_it_stops_a_formatter(self):
        self.assertNotIn("@MESSAGES@", self.text)
        self.assertEqual(self.text.count(".Bl"), self.text.count(".El"))
        for line in self.text.splitlines():
            self.assertLess(len(line), 1024)
        if shutil.which("groff") is not None:
            done = subprocess.run(["groff", "-mdoc", "-Tutf8", "-ww", "-z", PAGE], capture_output=True, text=True,
                                  check=False)
            if "cannot" not in done.stderr:  # a groff without its macros
                self.assertEqual((done.returncode, done.stderr), (0, ""))


if __name__ == "__main__":
    unittest.main()
