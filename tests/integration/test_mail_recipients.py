"""Mails to several recipients, of whom the server takes some, some not yet, and some never; at a real mail server that
answers each by itself."""

import json
import unittest

from harness import Mailbox, wait_for
from test_alert_delivery import DeliveryCase
from test_alerter import closed, opened

ADA, BELA, CLEO = "ada@example.org", "bela@example.org", "cleo@example.org"
FULL, UNKNOWN = "452 4.2.2 mailbox full", "550 5.1.1 no such user"


class Choosy(Mailbox):
    """Keeps for whom each mail was taken."""

    def __init__(self):
        super().__init__()
        self.answers = {}  # by address; none: it is taken
        self.taken = []    # (Message-ID, recipients)
        self.asked = []    # recipients

    async def handle_RCPT(self, _server, _session, envelope, address, _options):
        self.asked.append(address)
        if address in self.answers:
            return self.answers[address]
        envelope.rcpt_tos.append(address)
        return "250 ok"

    async def handle_DATA(self, server, session, envelope):
        result = await super().handle_DATA(server, session, envelope)
        self.taken.append((self.mails[-1]["X-Ringfence-Alert"], self.mails[-1]["Message-ID"], list(envelope.rcpt_tos)))
        return result

    def for_whom(self, alert):
        return [whom for known, _, whom in self.taken if known == alert]


class RecipientsTest(DeliveryCase):
    def setUp(self):
        super().setUp()
        self.set.mailbox.close()
        self.server = self.set.mailbox = Choosy()
        self.server.open()
        self.set.config["alerter"]["email"].update(
            {"url": f"smtp://127.0.0.1:{self.server.port}", "to": f"Ada <{ADA}>, {BELA}, {CLEO}"})
        self.set.write_config()

    def delivery(self, alert):
        return next(iter(self.deliveries(channel="email", alert=alert)), {"state": "", "attempts": 0, "recipients": ""})

    def wait_done(self, alert):
        wait_for("the delivery to be done", lambda: self.delivery(alert)["state"] == "done")

    def refused(self):
        return [event["data"]["recipient"] for event in self.set.events(type="alert.refused")]

    def test_one_that_is_refused_for_now_is_tried_alone_and_keeps_the_mail_from_nobody(self):
        self.server.answers[BELA] = FULL
        self.set.start("alerter")
        alert, = self.publisher.publish(opened())
        wait_for("the mail of the others", lambda: self.server.for_whom(alert) == [[ADA, CLEO]])
        wait_for("tries of one alone", lambda: self.server.asked.count(BELA) >= 4)
        self.assertEqual((self.server.asked.count(ADA), self.server.asked.count(CLEO)), (1, 1))
        row = self.delivery(alert)
        self.assertEqual(row["state"], "waiting")
        self.assertIn(f"{BELA}: {FULL}", row["message"])
        del self.server.answers[BELA]
        self.wait_done(alert)
        self.assertEqual(self.server.for_whom(alert), [[ADA, CLEO], [BELA]])
        self.assertEqual(len({message for _, message, _ in self.server.taken}), 1, "one mail, by its Message-ID")
        self.assertEqual(self.set.events(type="channel.down"), [])
        self.assertEqual(self.refused(), [])

    def test_what_comes_next_does_not_wait_for_it_not_even_the_end_of_the_same_incident(self):
        self.set.config["alerter"].update({"rules": [], "retry": {"initial_delay": "1m", "max_delay": "1m",
                                                                  "jitter": "none"}})
        self.set.write_config()
        self.server.answers[BELA] = FULL
        self.set.start("alerter")
        first, = self.publisher.publish(opened())
        wait_for("the mail of the others", lambda: self.server.for_whom(first) == [[ADA, CLEO]])
        wait_for("it to be known", lambda: self.delivery(first)["attempts"] == 1)
        last, = self.publisher.publish(closed())
        wait_for("the end, told to the others", lambda: self.server.for_whom(last) == [[ADA, CLEO]])

    def test_one_that_is_refused_for_good_is_told_once_and_another_is_tried_on(self):
        self.server.answers.update({BELA: FULL, CLEO: UNKNOWN})
        self.set.start("alerter")
        alert, = self.publisher.publish(opened())
        wait_for("tries of the one that may take it", lambda: self.server.asked.count(BELA) >= 3)
        del self.server.answers[BELA]
        self.wait_done(alert)
        self.assertEqual(self.server.for_whom(alert), [[ADA], [BELA]])
        self.assertEqual(self.server.asked.count(CLEO), 1)
        wait_for("it to be told", self.refused)
        self.assertEqual(self.refused(), [CLEO])
        self.look_shown(alert)

    def look_shown(self, alert):
        shown = json.loads(self.set.cli("alert", "show", alert, "--json").stdout)
        mail = next(d for d in shown["notices"][0]["deliveries"] if d["channel"] == "email")
        self.assertEqual({who: known["state"] for who, known in mail["recipients"].items()},
                         {ADA: "done", BELA: "done", CLEO: "refused"})
        text = self.set.cli("alert", "show", alert).stdout
        self.assertRegex(text, rf"{CLEO} refused: {UNKNOWN}")

    def test_a_kill_between_two_tries_repeats_nothing(self):
        self.set.config["alerter"]["retry"] = {"initial_delay": "1m", "max_delay": "1m", "jitter": "none"}
        self.set.write_config()
        self.server.answers.update({BELA: FULL, CLEO: UNKNOWN})
        alerter = self.set.start("alerter")
        alert, = self.publisher.publish(opened())
        wait_for("it to be kept", lambda: self.delivery(alert)["recipients"])
        alerter.kill()
        self.server.answers.clear()
        self.set.config["alerter"]["retry"]["initial_delay"] = "100ms"
        self.set.write_config()
        self.set.start("alerter")
        later, = self.publisher.publish(opened("later"))  # nothing holds it back
        wait_for("it", lambda: self.server.for_whom(later) == [[ADA, BELA, CLEO]])
        self.set.processes["alerter"].reload()  # what waits is tried now
        self.wait_done(alert)
        self.assertEqual(self.server.for_whom(alert), [[ADA], [BELA]])

    def test_as_long_as_nobody_takes_it_all_are_tried(self):
        self.server.answers.update({ADA: UNKNOWN, BELA: UNKNOWN, CLEO: UNKNOWN})
        alerter = self.set.start("alerter")
        alert, = self.publisher.publish(opened())
        wait_for("the refusal", lambda: self.delivery(alert)["state"] == "refused")
        self.assertEqual(self.refused(), [])
        self.server.answers.clear()
        alerter.reload()
        self.wait_done(alert)
        self.assertEqual(self.server.for_whom(alert), [[ADA, BELA, CLEO]])

    def test_a_test_of_the_channel_names_who_does_not_get_it(self):
        self.server.answers[BELA] = UNKNOWN
        self.set.start("alerter")
        result = self.set.cli("alert", "test", "email")
        self.assertEqual(result.returncode, 1, result)
        self.assertIn(f"refuses it for {BELA}: {UNKNOWN}", result.stdout + result.stderr)


if __name__ == "__main__":
    unittest.main()
