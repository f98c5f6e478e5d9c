"""Mails, taken apart by Python's email package with its strict policy, and their HTML by html.parser."""
import email
import email.policy
import html.parser
import unittest

from forms import HOSTILE, NOW, SECOND, alert, form, forms

STRICT = email.policy.SMTP.clone(raise_on_defect=True)
HEADERS = ["Date", "From", "To", "Message-ID", "Subject", "X-Ringfence-Alert", "X-Ringfence-Incident",
           "Auto-Submitted", "MIME-Version", "Content-Type"]


class Outline(html.parser.HTMLParser):
    """The tags with their attributes, and the text."""
    VOID = {"meta", "br", "img", "link"}

    def __init__(self, text):
        super().__init__(convert_charrefs=True)
        self.tags, self.open, self.text = [], [], ""
        self.feed(text)
        self.close()

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, tuple(attrs)))
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open and self.open.pop() == tag, f"</{tag}> out of turn"

    def handle_data(self, data):
        if "style" not in self.open:
            self.text += data


def parsed(text):
    mail = email.message_from_bytes(text.encode("ascii"), policy=STRICT)
    for part in mail.walk():
        assert part.defects == [], part.defects
    return mail


def body(mail, kind):
    return mail.get_body((kind,)).get_content().replace("\r\n", "\n")


class MailForms(unittest.TestCase):
    def test_text_and_html_say_the_same(self):
        mail = parsed(form(alert=alert()))
        self.assertEqual(mail.get_content_type(), "multipart/alternative")
        self.assertEqual([part.get_content_type() for part in mail.iter_parts()], ["text/plain", "text/html"])
        self.assertEqual([name for name, _ in mail.items()], HEADERS)
        self.assertEqual(mail["From"].addresses[0].addr_spec, "ringfence@example.org")
        self.assertEqual(mail["Message-ID"], "<01JDF@example.org>")
        self.assertEqual(mail["Auto-Submitted"], "auto-generated")
        self.assertEqual(mail["Date"].datetime.timestamp(), NOW // SECOND)
        self.assertIn("id: 01JDF", body(mail, "plain"))
        outline = Outline(body(mail, "html"))
        self.assertEqual(outline.open, [])
        for words in ("Provider twilio is down", "twilio is down: HTTP 503", "2025-11-24 10:48:00 UTC",
                      "1. twilio, HTTP 503\n2. twilio, HTTP 503", "Look at the status page.", "id: 01JDF",
                      "incident: provider/twilio"):
            self.assertIn(words, outline.text)
        self.assertIn("background-color:#D92D20", body(mail, "html"))

    def test_the_html_fetches_nothing(self):
        outline = Outline(body(parsed(form(alert=alert())), "html"))
        for tag, attributes in outline.tags:
            self.assertNotIn(tag, ("img", "link", "script", "iframe", "object", "a", "form"))
            for name, value in attributes:
                self.assertNotIn(name, ("src", "href", "background"))
                self.assertNotIn("url(", value or "")

    def test_nothing_from_outside_changes_headers_or_structure(self):
        fields = ("title", "text", "subject", "incident", "severity", "type")
        orders = [{"alert": alert(**{field: value})} for value in HOSTILE for field in fields]
        orders += [{"alert": alert(text=f"{value}\n\nName:       {' '.join(value.split())}\n")} for value in HOSTILE]
        plain = Outline(body(parsed(form(alert=alert())), "html"))
        kinds = {tag for tag, _ in plain.tags}
        for order, answer in zip(orders, forms(orders)):
            for line in answer["form"].split("\r\n"):
                self.assertLessEqual(len(line), 998)
                self.assertNotIn("\n", line)
                self.assertNotIn("\r", line)
            mail = parsed(answer["form"])
            self.assertEqual([name for name, _ in mail.items()], HEADERS, order)
            self.assertEqual(len(list(mail.walk())), 3)
            self.assertEqual(mail["X-Ringfence-Alert"], "01JDF")
            outline = Outline(body(mail, "html"))
            self.assertEqual(outline.open, [])
            self.assertLessEqual({tag for tag, _ in outline.tags}, kinds, order)
            for _, attributes in outline.tags:
                self.assertLessEqual({name for name, _ in attributes},
                                     {name for _, known in plain.tags for name, _ in known}, order)

    def test_what_came_in_is_what_can_be_read(self):
        for value in HOSTILE:
            if not value.strip() or any(ord(c) < 32 or 0x7f <= ord(c) < 0xa0 or c in "\u200e\u200f" or
                                        0x2028 <= ord(c) <= 0x202e or 0x2066 <= ord(c) <= 0x2069 for c in value):
                continue
            mail = parsed(form(alert=alert(title=value, text=value + "\n")))
            self.assertIn(value, body(mail, "plain"))
            self.assertIn(value, Outline(body(mail, "html")).text)
            self.assertTrue(str(mail["Subject"]).startswith("[ringfence] error: " + value[:100].rstrip()), value)

    def test_one_incident_is_one_thread_in_a_mail_reader(self):
        """The notices of two incidents, sorted into threads by RFC 5322's identifiers, and by subject as Gmail does."""
        def notice(number, thread, kind, **changes):
            return alert(id=f"N{number}", thread=thread, kind=kind, at=NOW + number * 60 * SECOND, **changes)
        a = alert(id="A", thread="A")
        b = alert(id="B", thread="B", title="Provider openai is down", incident="provider/openai")
        orders = [{"alert": a}, {"alert": b}]
        for first in (a, b):
            for number, kind in enumerate(("updated", "reminder", "escalated", "resolved"), 1):
                later = notice(number, first["id"], kind, title=f"something else {number}", severity="info",
                               incident=first["incident"])
                later["id"] = f"{first['id']}{number}"
                orders.append({"alert": later, "first": first, "now": later["at"]})
        mails = [parsed(answer["form"]) for answer in forms(orders)]
        threads, subjects = {}, {}
        for mail in mails:
            root = mail["References"].split()[0] if mail["References"] else mail["Message-ID"]
            self.assertEqual(mail["In-Reply-To"], mail["References"])
            threads.setdefault(root, []).append(mail["Message-ID"])
            subjects.setdefault(mail["Subject"].removeprefix("Re: "), set()).add(root)
        self.assertEqual({root: len(ids) for root, ids in threads.items()},
                         {"<A@example.org>": 5, "<B@example.org>": 5})
        self.assertEqual([len(roots) for roots in subjects.values()], [1, 1])
        self.assertEqual(len({mail["Message-ID"] for mail in mails}), 10)
        self.assertTrue(body(mails[5], "plain").startswith("Resolved after 4 min: something else 4\n\n"))
        self.assertIn("Resolved after 4 min", Outline(body(mails[5], "html")).text)

    def test_names_beyond_ascii_are_read_as_written(self):
        mail = parsed(form(alert=alert(), **{"from": "B\u00f6rse, \u2709 <a@example.org>".replace(",", ""),
                                             "to": '"M\u00fcller, Jo" <m@x.org>, "Quote \\" d" <q@x.org>, p@x.org'}))
        self.assertEqual([(a.display_name, a.addr_spec) for a in mail["To"].addresses],
                         [("M\u00fcller, Jo", "m@x.org"), ('Quote " d', "q@x.org"), ("", "p@x.org")])
        self.assertEqual(mail["From"].addresses[0].display_name, "B\u00f6rse \u2709")


if __name__ == "__main__":
    unittest.main()
