"""Webhooks' bodies: generic, and what Slack, Discord and PagerDuty take, held against those services' bounds."""
import json
import unittest

from forms import HOSTILE, alert, form, forms

KEY = "0123456789abcdef0123456789abcdef"
FIELDS = ("title", "text", "subject", "incident", "type")
LONG = {"title": "\U0001f525&<@" * 3000, "subject": "s" * 4000, "incident": "i" * 4000,
        "text": "line <!channel> \U0001f525\n" * 1000 + "\n" + "Name:       " + "&" * 9000 + "\n" +
                "".join(f"Label {chr(65 + i % 26)}{chr(97 + i // 26)}:   {'v*' * 900}\n" for i in range(200))}


def units(text):
    return len(text.encode("utf-16-le")) // 2


def hostile(channel):
    orders = [{"channel": channel, "secret": KEY, "alert": alert(**{field: value})}
              for value in HOSTILE for field in FIELDS]
    orders += [{"channel": channel, "secret": KEY, "alert": alert(text=f"x\n\nName:       {' '.join(v.split())}\n")}
               for v in HOSTILE if v.strip()]
    orders += [{"channel": channel, "secret": KEY, "alert": alert(**{field: value})} for field, value in LONG.items()]
    orders.append({"channel": channel, "secret": KEY, "alert": alert(**LONG)})
    return orders


def bodies(channel):
    orders = hostile(channel)
    return [json.loads(answer["form"]) for answer in forms(orders)]


class Generic(unittest.TestCase):
    def test_the_payload_tells_its_place_in_its_incident(self):
        resolved = alert(kind="resolved", id="01JDG", at=alert()["at"] + 90_500_000_000)
        data = json.loads(form(channel="webhook", alert=resolved))["data"]
        self.assertEqual((data["kind"], data["incident"], data["thread"], data["opened"][:19], data["lasted_s"]),
                         ("resolved", "provider/twilio", "01JDF", "2025-11-24T10:48:00", 90.5))
        data = json.loads(form(channel="webhook", alert=alert()))["data"]
        self.assertEqual(data["kind"], "opened")
        self.assertNotIn("lasted_s", data)
        self.assertEqual(data["title"], "Provider twilio is down")

    def test_a_payload_that_is_no_object_goes_as_it_is(self):
        self.assertEqual(form(channel="webhook", alert=alert(payload="[1]")), "[1]")


class Slack(unittest.TestCase):
    def texts(self, value):
        if isinstance(value, dict):
            if value.get("type") in ("plain_text", "mrkdwn"):
                yield value
            for inner in value.values():
                yield from self.texts(inner)
        elif isinstance(value, list):
            for inner in value:
                yield from self.texts(inner)

    def check(self, body):
        self.assertEqual(set(body), {"text", "blocks", "mrkdwn", "unfurl_links", "unfurl_media"})
        self.assertIs(body["mrkdwn"], False)
        blocks = body["blocks"]
        self.assertLessEqual(len(blocks), 50)
        total = 0
        for block in blocks:
            self.assertIn(block["type"], ("header", "section", "context"))
            limit = {"header": 150, "section": 3000, "context": 2000}[block["type"]]
            if "fields" in block:
                self.assertLessEqual(len(block["fields"]), 10)
                self.assertGreater(len(block["fields"]), 0)
                limit = 2000
            for text in self.texts(block):
                self.assertEqual(text["type"], "plain_text")
                self.assertLessEqual(units(text["text"]), limit)
                self.assertGreater(len(text["text"]), 0)
                total += units(text["text"])
        self.assertLessEqual(total, 13000)
        # No mention, link or command is left: they all begin with "<".
        for text in [body["text"], *(t["text"] for t in self.texts(blocks))]:
            self.assertNotRegex(text, r"[<>]|&(?!amp;|lt;|gt;)")
        self.assertEqual(blocks[0]["type"], "header")
        self.assertEqual(blocks[-1]["elements"][0]["text"], "id: 01JDF")

    def test_an_alert_is_a_header_its_story_its_facts_and_its_id(self):
        body = json.loads(form(channel="slack", alert=alert()))
        self.check(body)
        self.assertEqual(body["text"], "[error] Provider twilio is down")
        self.assertEqual([b["type"] for b in body["blocks"]], ["header", "section", "section", "context"])
        self.assertIn("What to do: Look at the status page.", body["blocks"][1]["text"]["text"])
        fields = [t["text"] for t in body["blocks"][2]["fields"]]
        self.assertEqual(dict(zip(fields[::2], fields[1::2]))["Provider"], "twilio")

    def test_nothing_from_outside_breaks_a_bound_or_calls_a_person(self):
        for body in bodies("slack"):
            self.check(body)


class Discord(unittest.TestCase):
    MARKS = "*_~`|>#-[]()<@:."

    def check(self, body):
        self.assertEqual(set(body), {"embeds", "allowed_mentions"})
        self.assertEqual(body["allowed_mentions"], {"parse": []})
        self.assertEqual(len(body["embeds"]), 1)
        embed = body["embeds"][0]
        self.assertEqual(set(embed), {"title", "description", "color", "timestamp", "fields", "footer"})
        self.assertLessEqual(units(embed["title"]), 256)
        self.assertLessEqual(units(embed["description"]), 4096)
        self.assertLessEqual(len(embed["fields"]), 25)
        total = units(embed["title"]) + units(embed["description"]) + units(embed["footer"]["text"])
        for field in embed["fields"]:
            self.assertTrue(0 < units(field["name"]) <= 256)
            self.assertTrue(0 < units(field["value"]) <= 1024)
            total += units(field["name"]) + units(field["value"])
        self.assertLessEqual(total, 6000)
        self.assertEqual(embed["footer"]["text"], "id: 01JDF")
        for text in [embed["title"], embed["description"], *(f[k] for f in embed["fields"] for k in ("name", "value"))]:
            i = 0
            while i < len(text):
                self.assertNotIn(text[i], self.MARKS, text[max(0, i - 20):i + 20])
                i += 2 if text[i] == "\\" else 1

    def test_an_alert_is_an_embed_in_its_colour(self):
        body = json.loads(form(channel="discord", alert=alert()))
        self.check(body)
        embed = body["embeds"][0]
        self.assertEqual(embed["color"], 0xD92D20)
        self.assertEqual(embed["title"], "\\[error\\] Provider twilio is down")
        self.assertEqual(embed["fields"][2], {"name": "Provider", "value": "twilio", "inline": False})

    def test_nothing_from_outside_breaks_a_bound_or_calls_a_person(self):
        for body in bodies("discord"):
            self.check(body)


class PagerDuty(unittest.TestCase):
    def check(self, body):
        self.assertEqual(set(body), {"routing_key", "event_action", "dedup_key", "client", "payload"})
        self.assertEqual(body["routing_key"], KEY)
        self.assertTrue(0 < len(body["dedup_key"]) <= 255)
        payload = body["payload"]
        self.assertEqual(set(payload), {"summary", "source", "severity", "timestamp", "class", "custom_details"})
        self.assertLessEqual(len(payload["summary"]), 1024)
        self.assertTrue(0 < len(payload["source"]) <= 255)
        self.assertIn(payload["severity"], ("critical", "error", "warning", "info"))
        self.assertLess(len(json.dumps(body).encode()), 512 * 1024)
        for value in payload["custom_details"].values():
            self.assertIsInstance(value, str)
        self.assertEqual(payload["custom_details"]["id"], "01JDF")

    def send(self, **changes):
        body = json.loads(form(channel="pagerduty", secret=KEY, alert=alert(**changes)))
        return body["event_action"], body["dedup_key"], body["payload"]["severity"]

    def test_an_incident_is_triggered_and_resolved_by_one_key(self):
        self.assertEqual(self.send(), ("trigger", "provider/twilio", "error"))
        for kind in ("updated", "reminder", "escalated"):
            self.assertEqual(self.send(kind=kind, severity="critical"), ("trigger", "provider/twilio", "critical"))
        self.assertEqual(self.send(kind="resolved", severity="info"), ("resolve", "provider/twilio", "info"))
        self.assertEqual(self.send(kind="digest")[:2], ("trigger", "01JDF"))
        self.assertEqual(self.send(kind="test")[:2], ("trigger", "provider/twilio"))
        self.assertEqual(self.send(severity="strange")[2], "error")
        one, two = (self.send(incident="i" * 300 + end)[1] for end in "ab")
        self.assertNotEqual(one, two)

    def test_an_acknowledgement_has_the_key_of_its_incident_and_shows_nothing_new(self):
        body = json.loads(form(channel="pagerduty", secret=KEY, alert=alert(kind="acknowledged")))
        self.assertEqual(body, {"routing_key": KEY, "event_action": "acknowledge", "dedup_key": "provider/twilio",
                                "client": "Ringfence"})

    def test_nothing_from_outside_breaks_a_bound_or_the_shape(self):
        for body in bodies("pagerduty"):
            self.check(body)

    def test_without_its_key_nothing_is_made(self):
        self.assertIn("routing key", forms([{"channel": "pagerduty", "alert": alert()}])[0]["error"])


if __name__ == "__main__":
    unittest.main()
