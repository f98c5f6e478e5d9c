"""Telegram messages, read by a parser of MarkdownV2 that was written for this test alone (after
core.telegram.org/bots/api, "MarkdownV2 style"), and counted as Telegram counts."""
import json
import unittest

from forms import HOSTILE, alert, form, forms

RESERVED = set("_*[]()~`>#+-=|{}.!")


def units(text):
    return len(text.encode("utf-16-le")) // 2


def read(markdown):
    """(text, entities) as a Telegram client shows them; ValueError where Telegram refuses."""
    text, entities, opened, i = "", [], [], 0
    while i < len(markdown):
        c = markdown[i]
        if c == "\\" and i + 1 < len(markdown) and 0 < ord(markdown[i + 1]) <= 126:
            text += markdown[i + 1]
            i += 2
        elif c == "`" or (c in "*_" and not (opened and opened[-1][0] == "`")):
            if opened and opened[-1][0] == c:
                entities.append((c, text[opened.pop()[1]:]))
            else:
                opened.append((c, len(text)))
            i += 1
        elif c in RESERVED and not (opened and opened[-1][0] == "`"):
            raise ValueError(f"{c!r} at {i}")
        else:
            text += c
            i += 1
    if opened:
        raise ValueError(f"{opened} does not end")
    return text, entities


class TelegramForms(unittest.TestCase):
    def body(self, **order):
        return json.loads(form(channel="telegram", **order))

    def test_title_is_bold_and_the_id_is_code(self):
        body = self.body(alert=alert())
        text, entities = read(body["text"])
        self.assertEqual(body["parse_mode"], "MarkdownV2")
        self.assertEqual(entities, [("*", "[error] Provider twilio is down"), ("`", "01JDF")])
        self.assertEqual(text, "[error] Provider twilio is down\n\n" + alert()["text"] + "\nid: 01JDF")

    def test_nothing_from_outside_changes_a_messages_shape(self):
        fields = ("title", "text", "subject", "incident", "severity")
        orders = [{"channel": "telegram", "alert": alert(**{field: value}), "plain": plain}
                  for value in HOSTILE for field in fields for plain in (False, True)]
        for order, answer in zip(orders, forms(orders)):
            body = json.loads(answer["form"])
            keys = {"chat_id", "text", "link_preview_options"} | (set() if order["plain"] else {"parse_mode"})
            self.assertEqual(set(body), keys)
            text = body["text"]
            if not order["plain"]:
                text, entities = read(text)
                self.assertEqual([kind for kind, _ in entities], ["*", "`"], order)
                self.assertEqual(entities[1][1], "01JDF")
            self.assertLessEqual(units(text), 4096)
            self.assertTrue(text.endswith("\nid: 01JDF"), text[-40:])

    def test_incident_35_a_cut_breaks_no_escape_and_no_entity(self):
        """Around the limit, with characters that are escaped, and of one and two units."""
        pieces = [".", "\\", "a", "\u00e4", "\U0001f525", "*_", "\U0001f525.", "`"]
        orders = [{"channel": "telegram", "alert": alert(text=piece * count + "\n")}
                  for piece in pieces for count in (*range(1990, 2060, 7), *range(3990, 4060, 7), 10000)]
        for order, answer in zip(orders, forms(orders)):
            text, entities = read(json.loads(answer["form"])["text"])
            self.assertLessEqual(units(text), 4096)
            self.assertEqual(len(entities), 2)
            given = order["alert"]["text"]
            if "characters left out]" in text:
                self.assertGreater(units(text), 4096 - 80)
                kept, rest = text.split("\n\n", 1)[1].split("\n[", 1)
                self.assertTrue(given.startswith(kept))
                self.assertEqual(int(rest.split()[0]) + len(kept), len(given))
            else:
                self.assertIn(given, text)

    def test_a_title_that_is_too_long_does_not_cost_the_message(self):
        text, _ = read(self.body(alert=alert(title="T" * 9000, text="t" * 9000))["text"])
        self.assertLessEqual(units(text), 4096)
        self.assertIn("\nid: 01JDF", text)

    def test_a_later_notice_says_what_became_of_it(self):
        later = alert(kind="resolved", id="01JDG", at=alert()["at"] + 720 * 10**9, title="Provider twilio is up again")
        body = self.body(alert=later, remote="7")
        self.assertEqual(body["reply_parameters"], {"message_id": 7, "allow_sending_without_reply": True})
        self.assertIn("\nResolved after 12 min\n", read(body["text"])[0])


if __name__ == "__main__":
    unittest.main()
