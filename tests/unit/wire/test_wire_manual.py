"""ringfence-bus(7) with ringfence-events(7), as they were built, has all that the codec knows, and the words that the broker answers with."""

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


# The rows of the page's table of limits, with the constants that the code goes by.
LIMITS = {
    "a frame": "RF_WIRE_MAX_BYTES",
    "values in a frame": "RF_WIRE_MAX_VALUES",
    "nested": "RF_WIRE_MAX_DEPTH deep",
    "a rid": "RF_PAGE_RID_BYTES bytes",
    "a stream's name": "1 to RF_STREAM_NAME_BYTES bytes",
    "streams": "RF_STREAM_BOOK_MAX, RF_STREAM_BOOK_OF_ONE of a key",
    "events in a page": "RF_PAGE_EVENTS, and 1 MiB",
    "events looked at": "RF_PAGE_SCAN for a page",
    "a page's prefixes": "RF_PAGE_PREFIXES of RF_PAGE_PREFIX_BYTES bytes",
    "a durable name": "1 to RF_SUBSCRIBER_NAME_BYTES bytes",
    "durable names": "RF_SUBSCRIBERS_MAX",
    "pages awaited from disk": "RF_PAGES_WAITING_OF_ONE of a client, RF_PAGES_WAITING",
    "a key of state": "1 to RF_STATE_KEY_BYTES bytes",
    "a value of state": "RF_STATE_VALUE_BYTES as JSON",
    "a watch's prefix": "RF_WATCH_TEXT_BYTES bytes",
    "watches": "RF_WATCHERS_MAX",
    "clients of ingest": "RF_CLIENTS_MAX",
    "workers": "RF_SEATS_MAX",
    "services": "RF_QUEUES_MAX",
    "a call's id": "RF_CALL_ID_BYTES bytes",
    "a call's names": "RF_CALL_NAME_BYTES bytes each",
    "a call.request": "RF_WIRE_REQUEST_BYTES",
    "askers of one call": "RF_JOB_MAX_ASKERS connections",
    "unread on a connection": "1,000, RF_UNREAD_OF_ONE",
}
BOUND = re.compile(r"^RF_(?!BOUND)\w+(_MAX|_BYTES|_ASKERS|_OF_ONE|_PREFIXES|_WAITING|_EVENTS|_SCAN|MAX_\w+)$")
# Bounds of the broker with itself, which no client meets.
NOT_TOLD = {
    "RF_AUTHORITY_MAX": "configured providers",
    "RF_LIMITS_MAX": "configured providers",
    "RF_EJECTIONS_MAX": "of providers and workers",
    "RF_EVIDENCE_MAX": "a window of results",
    "RF_PAUSES_MAX": "of configured providers and keys",
    "RF_ANSWERS_MAX": "told under Calls",
    "RF_ANSWERS_BYTES": "told under Calls",
    "RF_DISK_GROUP_BYTES": "one transaction",
    "RF_RETENTION_STEP_BYTES": "one transaction",
    "RF_RETENTION_STEP_EVENTS": "one transaction",
    "RF_SHAPE_MAX_FIELDS": "of the catalogue",
    "RF_PAGE_BYTES": "1 MiB with its envelope",
    "RF_WATCH_BATCH_BYTES": "a large snapshot goes on in further messages",
    "RF_WIRE_EVENT_BYTES": "1 MiB with its envelope",
    "RF_WIRE_PUBLISH_BYTES": "1 MiB with its envelope",
    "RF_QUESTION_BYTES": "the longest rid of an error, as of a page",
}


def constants():
    """{name: number} of the broker's and the codec's headers; sums of numbers, casts left away."""
    found = {}
    # Twice, as one may be made of another that stands in a later file.
    for folder in ("common/wire", "services/broker") * 2:
        for file in sorted((SOURCE / folder).glob("*.h")):
            text = file.read_text(encoding="utf-8").replace("\\\n", " ")
            for name, words in re.findall(r"^#define (RF_\w+) +(.+)$", text, re.MULTILINE):
                words = re.sub(r"\((?:size_t|int64_t)\)|INT64_C", "", words.split("//")[0]).strip()
                words = re.sub(r"RF_\w+", lambda known: str(found.get(known.group(0), "?")), words)
                if re.fullmatch(r"[0-9 ()*+<-]+", words):
                    found[name] = int(eval(words))  # pylint: disable=eval-used
    return found


CONSTANTS = constants()


def written(number):
    """As the page writes it: 16 MiB, 64 KiB, 10,000."""
    for unit, size in (("MiB", 1 << 20), ("KiB", 1 << 10)):
        if number % size == 0 and number // size > 1 and number != 1 << 20:
            return f"{number // size} {unit}"
    return f"{number:,}"


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
    for line in text.splitlines():
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
        cls.events = (PAGE.parent / "ringfence-events.7").read_text(encoding="utf-8")
        messages = entries(cls.text[cls.text.index(".Sh CATALOGUE"):cls.text.index(".Sh EXAMPLES")])
        types = entries(cls.events[cls.events.index(".Sh EVENT TYPES"):cls.events.index(".Sh SEE ALSO")])
        assert not set(messages) & set(types)
        cls.entries = {**messages, **types}

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
        flat = re.sub(r"\s+", " ", self.text + self.events)
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

    def test_the_limits_are_those_of_the_code(self):
        section = self.text[self.text.index(".Ss Limits"):self.text.index(".Ss Errors")]
        rows = dict(re.findall(r"^\.It (.+?) Ta (.+? Ta .+)$", section, re.MULTILINE))
        told = set()
        for what, words in LIMITS.items():
            told |= set(re.findall(r"RF_\w+", words))
            wanted = re.sub(r"RF_\w+", lambda name: written(CONSTANTS[name.group(0)]), words)
            self.assertTrue(rows[what].startswith(wanted), (what, rows[what], wanted))
        rest = section[section.index(".El"):]
        for constant, wanted in (("RF_SCRIBE_ANSWERS_MAX", "{} answers"), ("RF_SCRIBE_ANSWERS_BYTES", "and {} of them"),
                                 ("RF_UNREAD_LARGE", "frames of {}"),
                                 ("RF_UNREAD_OF_ONE", "the {} count")):
            self.assertIn(wanted.format(written(CONSTANTS[constant])), rest)
            told.add(constant)
        self.assertEqual({name for name in CONSTANTS if BOUND.search(name)} - told - set(NOT_TOLD), set(),
                         "a bound that the page does not tell: to LIMITS, or to NOT_TOLD with the reason")

    def test_the_client_library_refuses_what_the_broker_would(self):
        for file, name, ours in (("subscription.c", "DURABLE_BYTES", "RF_SUBSCRIBER_NAME_BYTES"),
                                 ("subscription.c", "PREFIXES_MOST", "RF_PAGE_PREFIXES"),
                                 ("subscription.c", "PREFIX_BYTES", "RF_PAGE_PREFIX_BYTES"),
                                 ("stream.c", "NAME_BYTES", "RF_STREAM_NAME_BYTES")):
            source = (SOURCE / "common/bus" / file).read_text(encoding="utf-8")
            self.assertEqual(int(re.search(rf"#define {name} +(\d+)", source).group(1)), CONSTANTS[ours], name)

    def test_the_defaults_in_it_are_those_of_the_configuration(self):
        rows = (SOURCE / "common/config/rows.c").read_text(encoding="utf-8")
        flat = re.sub(r"\s+", " ", self.text)
        for key, wanted in (("bus.heartbeat_misses", "which is {} unless"),
                            ("broker.state_entries", "values of state Ta ({:,}) Ta"), ("broker.queue_limit", "({:,} a service)")):
            default = int(re.search(rf'"{key}", COUNT, .*?, "(\d+)"', rows).group(1))
            self.assertIn(wanted.format(default), flat)
        self.assertIn('"broker.queue_bytes", SIZE, AT(broker.queue_bytes), "256MiB"', rows)
        self.assertIn("bytes of calls Ta (256 MiB) Ta", flat)
        socket = (SOURCE / "common/bus/socket.c").read_text(encoding="utf-8")
        for name, row, less in (("QUEUE_MESSAGES", "unread on a connection Ta {:,}, ", 0),
                                ("EVENTS_QUEUE_MESSAGES", "unread on Cm events Ta {:,} Ta", 0),
                                ("SUBSCRIPTION_BYTES", "a prefix on Cm events Ta {:,} bytes", 1)):
            value = int(re.search(rf"#define {name} +(\d+)", socket).group(1))
            self.assertIn(row.format(value - less), flat)

    def test_the_roles_are_those_that_the_broker_checks(self):
        rights = (SOURCE / "services/broker/rights.c").read_text(encoding="utf-8")
        section = self.text[self.text.index(".Ss Keys and roles"):self.text.index(".Ss Asking and deciding")]
        told = dict(re.findall(r"^\.It Li (\w+)\n(.*?)(?=^\.It|^\.El)", section, re.MULTILINE | re.DOTALL))
        self.assertEqual(set(told), {"publisher", "subscriber", "worker", "caller", "teller", "admin"})
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
        for text in (self.text, self.events):
            self.assertNotRegex(text, "(?m)^@")
            self.assertEqual(text.count(".Bl"), text.count(".El"))
            for line in text.splitlines():
                self.assertLess(len(line), 1024)
        if shutil.which("groff") is not None:
            done = subprocess.run(["groff", "-mdoc", "-Tutf8", "-ww", "-z", PAGE], capture_output=True, text=True,
                                  check=False)
            if "cannot" not in done.stderr:  # a groff without its macros
                self.assertEqual((done.returncode, done.stderr), (0, ""))

    def test_every_page_is_clean(self):
        pages = [*SOURCE.glob("services/*/*.[1-8]"), *PAGE.parent.glob("*.[1-8]")]
        self.assertGreater(len(pages), 10)
        told = []
        for page in pages:
            done = subprocess.run(["mandoc", "-T", "lint", "-W", "warning", page], capture_output=True, text=True,
                                  check=False)
            # Made pages have the words of the source as they stand there, a line an entry.
            told += [line for line in (done.stdout + done.stderr).splitlines()
                     if page.parent != PAGE.parent or "new sentence, new line" not in line]
        self.assertEqual(told, [])


if __name__ == "__main__":
    unittest.main()
