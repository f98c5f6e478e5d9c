#!/usr/bin/python3
"""Calls that were placed are followed to their end: by asking, whatever keeps others from being placed, and by
what the provider tells of them."""

import base64
import hashlib
import hmac
import signal
import unittest
import urllib.error
import urllib.parse
import urllib.request

from harness import RingfenceTest, people, wait_for

BUSY, NO_ANSWER, FAILED, MACHINE, LONG = (f"+12025550{n}" for n in (190, 191, 192, 197, 198))
ADA = people(1)


class FollowTest(RingfenceTest):
    def done(self):
        return [event["data"]["phone"] for event in self.set.events(type="contact.done")]

    def outcomes(self):
        return {e["data"]["phone"]: e["data"]["outcome"] for e in self.set.events(type="contact.done")}

    def questions(self):
        """What the provider was asked about calls."""
        return [r for r in self.set.requests("twilio", "/Calls") if r["method"] == "GET"]


class UnderAMark(FollowTest):
    CONFIG = {"telephony": {"poll_initial": "100ms", "poll_max": "300ms"},
              "simulator": {"talk": "400ms"}}
    LATER = people(3)

    def refuse_dials(self, status, code):
        self.set.faults({"id": "refused", "kind": "status", "status": status,
                         "match": {"provider": "twilio", "method": "POST", "path": "*/Calls.json"},
                         "body": {"code": code, "message": "no more calls", "status": status}})

    def place_one_and_mark(self, status, code):
        self.set.start_all()
        popen = self.set.campaign([(LONG, "Lo")])
        wait_for("the first call", lambda: self.set.dials() == {LONG: 1})
        self.refuse_dials(status, code)
        other = self.set.campaign(self.LATER, "later")
        wait_for("the mark", lambda: self.set.events(type="mark.set"))
        self.assertEqual(self.done(), [])
        return popen, other

    def end(self, *campaigns):
        for popen in campaigns:
            popen.terminate()
            popen.wait()

    def test_an_account_without_money_still_tells_how_its_calls_end(self):
        first, later = self.place_one_and_mark(400, 10001)
        self.assertEqual(first.wait(60), 0)
        wait_for("the end of the call", lambda: self.done() == [LONG])
        self.assertEqual(self.set.events(type="mark.cleared"), [])
        self.assertIn("twilio", self.set.cli("mark", "list", check=0).stdout)
        self.assertEqual(self.set.dials(), {LONG: 1})  # and places no other
        self.end(later)

    def test_a_bad_caller_id_does_not_hide_the_ends_of_calls(self):
        first, later = self.place_one_and_mark(400, 21210)
        self.assertEqual(first.wait(60), 0)
        wait_for("the end of the call", lambda: self.done() == [LONG])
        self.assertEqual(self.set.events(type="mark.cleared"), [])
        self.end(later)

    def test_a_revoked_key_asks_nothing_and_the_new_one_takes_it_up(self):
        first, later = self.place_one_and_mark(401, 20003)
        asked = len(self.set.requests("twilio", "/Calls/"))
        wait_for("others to wait for the mark", lambda: self.set.events(type="contact.deferred"))
        self.assertLessEqual(len(self.set.requests("twilio", "/Calls/")), asked + 1)  # one was on its way
        self.assertEqual(self.done(), [])
        self.set.faults()
        self.set.write_key("twilio", "twilio-new")
        self.assertEqual(first.wait(60), 0)
        self.assertEqual(later.wait(60), 3)  # one of them met the key that was refused
        wait_for("all ends", lambda: len(self.done()) == 3)
        self.assertIn(LONG, self.done())
        self.assertTrue(all(count == 1 for count in self.set.dials().values()), self.set.dials())


class CallbackTest(FollowTest):
    """The dial says where its call is to be told of. POLL is how often calls are asked about all the same."""

    POLL = "1h"

    def setUp(self):
        super().setUp()
        self.set.config["telephony"] |= {"callback_url": f"http://127.0.0.1:{self.set.ports['console']}",
                                         "callback_poll": self.POLL}
        self.set.write_config()

    def callbacks(self, **wanted):
        return [c for c in self.set.ledger()["callbacks"] if all(c.get(k) == v for k, v in wanted.items())]

    def finish(self):
        logs = [*(self.set.root / "out").iterdir(), *(self.set.root / "log").iterdir()]
        found = [file.name for file in logs if b"twilio-good" in file.read_bytes()]
        super().finish()
        self.assertEqual(found, [], "the auth token is in these files")

    def post(self, attempt, form, token="twilio-good", signature=None):
        """Tells of a call as the provider does; the signature is made here anew, from its documentation."""
        url = f"http://127.0.0.1:{self.set.ports['console']}/twilio/status/{attempt}"
        text = url + "".join(name + form[name] for name in sorted(form))
        signature = signature or base64.b64encode(
            hmac.new(token.encode(), text.encode(), hashlib.sha1).digest()).decode()
        request = urllib.request.Request(url, urllib.parse.urlencode(form).encode(), method="POST",
                                         headers={"X-Twilio-Signature": signature})
        try:
            with urllib.request.urlopen(request, timeout=20) as reply:
                return reply.status
        except urllib.error.HTTPError as error:
            return error.code

    def followed(self, phone):
        """Waits until the dial's reply is stored; returns the sid of its call."""
        steps = wait_for("the call", lambda: [e for e in self.set.events(type="contact.step")
                                              if e["data"].get("step") == "dial" and e["data"]["phone"] == phone])
        return steps[-1]["data"]["sid"]


class Callbacks(CallbackTest):
    PEOPLE = [*people(3), (BUSY, "Busy"), (NO_ANSWER, "Noa"), (FAILED, "Fay")]
    OUTCOMES = {BUSY: "busy", NO_ANSWER: "no-answer", FAILED: "failed",
                **{phone: "completed" for phone, _ in people(3)}}

    def end_as_told(self):
        self.run_campaign(self.PEOPLE)
        wait_for("the log", lambda: len(self.done()) >= len(self.PEOPLE))
        self.assertEqual(self.outcomes(), self.OUTCOMES)
        self.assertEqual(sorted(self.done()), sorted(self.OUTCOMES))  # each once
        self.assert_each_dialled_once(self.PEOPLE)
        self.assertEqual(self.questions(), [])  # nobody had to ask

    def test_calls_end_as_they_are_told_and_nobody_asks(self):
        self.set.start_all()
        self.end_as_told()
        wait_for("all callbacks", lambda: len(self.callbacks(status=204)) == 2 * len(self.PEOPLE))
        self.assertEqual(len(self.callbacks()), 2 * len(self.PEOPLE))
        told = wait_for("the log", lambda: [e for e in self.set.events(type="call.told")
                                            if e["data"]["status"] == "completed"])
        self.assertEqual({e["subject"] for e in told},
                         {d["sid"] for d in self.set.ledger()["dials"] if d["status"] == "completed"})
        self.assertEqual(told[0]["data"]["duration_s"], 1)
        self.assertEqual(self.set.alert_ids()["email"], [])

    def test_doubled_and_late_callbacks_change_nothing(self):
        self.set.start_all()
        self.set.faults({"id": "late", "kind": "late", "delay_ms": 700,
                         "match": {"provider": "callbacks", "text": "CallStatus=initiated"}},
                        {"id": "twice", "kind": "doubled", "match": {"provider": "callbacks"}})
        self.end_as_told()
        # Those that are late come when their calls have ended long ago.
        wait_for("all callbacks", lambda: len(self.callbacks(status=204)) == 3 * len(self.PEOPLE))
        wait_for("what they tell", lambda: len(self.set.events(type="call.told")) == 3 * len(self.PEOPLE))
        self.assertEqual(sorted(self.done()), sorted(self.OUTCOMES))

    def test_an_end_is_told_while_the_provider_answers_no_question(self):
        self.set.start_all()
        self.set.faults({"id": "deaf", "kind": "status", "status": 503,
                         "match": {"provider": "twilio", "method": "GET"}})
        self.end_as_told()

    def test_a_dial_whose_reply_is_lost_is_cleared_up_by_its_callback(self):
        """To prove by asking whether there is a call takes the list's lag; to be told takes nothing."""
        self.set.config["telephony"] |= {"list_lag": "5m"}
        self.set.write_config()
        self.set.start_all()
        self.set.faults({"id": "lost", "kind": "reset_after",
                         "match": {"provider": "twilio", "method": "POST", "path": "*/Calls.json"}})
        self.end_as_told()

    def test_what_was_told_while_nobody_listened_is_read_afterwards(self):
        self.set.start_all()
        self.set.faults({"id": "deaf", "kind": "status", "status": 503,
                         "match": {"provider": "twilio", "method": "GET"}})
        self.set.campaign([(LONG, "Lo")])
        sid = self.followed(LONG)
        self.set.processes["orchestrator"].kill()
        wait_for("the end of the call", lambda: self.callbacks(event="completed", status=204))
        wait_for("it to be told", lambda: [e for e in self.set.events(type="call.told")
                                           if e["data"]["status"] == "completed"])
        self.set.start("orchestrator")
        wait_for("the contact to be done", lambda: self.outcomes() == {LONG: "completed"})
        self.assertEqual(self.set.events(type="contact.done")[0]["data"]["sid"], sid)
        self.assertEqual(self.set.dials(), {LONG: 1})

    def test_a_broker_that_is_killed_loses_nothing_of_what_the_console_took(self):
        self.set.start_all()
        self.set.campaign([(LONG, "Lo")])
        self.followed(LONG)
        self.set.processes["broker"].kill()
        wait_for("the end of the call", lambda: self.callbacks(event="completed", status=204))
        self.set.start("broker")
        wait_for("the contact to be done", lambda: self.outcomes() == {LONG: "completed"})
        self.assertEqual(self.set.dials(), {LONG: 1})

    def test_a_token_that_is_replaced_is_read_from_its_file(self):
        self.set.start_all()
        self.set.campaign([(LONG, "Lo")])
        self.followed(LONG)
        self.set.admin("PUT", "keys", {"twilio": ["twilio-new"]})
        self.set.write_key("twilio", "twilio-new")
        wait_for("the contact to be done", lambda: self.outcomes() == {LONG: "completed"})
        self.assertEqual(self.callbacks(event="completed")[0]["status"], 204)

    def test_callbacks_begin_and_end_with_the_configuration(self):
        url = self.set.config["telephony"].pop("callback_url")
        self.set.config["telephony"]["callback_poll"] = "200ms"
        self.set.write_config()
        self.set.start_all()
        self.run_campaign(people(1), "before")
        self.assertEqual(self.callbacks(), [])
        self.set.config["telephony"] |= {"callback_url": url, "callback_poll": "1h"}
        self.reload()
        asked = len(self.questions())
        self.run_campaign(people(2, 1), "with")
        self.assertEqual(len(self.questions()), asked)
        del self.set.config["telephony"]["callback_url"]
        self.reload()
        self.run_campaign(people(1, 3), "after")
        self.assertEqual(len(self.callbacks()), 4)
        self.assertEqual(self.post("01JAR5ZX3N0000000000000000", {"CallSid": "CA1", "CallStatus": "busy"}), 404)

    def reload(self):
        self.set.write_config()
        for name in ("service-gateway", "orchestrator", "console"):
            self.set.processes[name].reload()


class Forged(CallbackTest):
    """The provider's own callbacks do not come; others tell instead."""

    CONFIG = {"simulator": {"talk": "1h"}}

    def test_only_what_is_signed_and_of_this_call_ends_it(self):
        self.set.start_all()
        self.set.campaign(ADA)
        phone = ADA[0][0]
        sid = self.followed(phone)
        first = wait_for("its beginning", lambda: self.callbacks(event="initiated"))[0]
        attempt = first["url"].rsplit("/", 1)[1]
        end = {"CallSid": sid, "CallStatus": "completed", "CallDuration": "3", "AccountSid": "AC" + 32 * "0"}
        self.assertEqual(self.post(attempt, end, token="guessed"), 403)
        self.assertEqual(self.post(attempt, end, signature="A" * 27 + "="), 403)
        # A true signature of something else: of the beginning, or of another dial's address.
        self.assertEqual(self.post(attempt, end, signature=self.signature(first)), 403)
        self.assertEqual(self.post("01JAR5ZX3N0000000000000000", end, signature=self.signature(first)), 403)
        # Signed, but of no dial of ours, or of another call, or of nothing.
        self.assertEqual(self.post("01JAR5ZX3N0000000000000000", end), 204)
        self.assertEqual(self.post(attempt, end | {"CallSid": "CA" + 32 * "9"}), 204)
        self.assertEqual(self.post(attempt, end | {"CallStatus": "ringing"}), 204)
        self.assertEqual(self.post(attempt, {"Body": "hello"}), 400)
        self.assertEqual(self.post(attempt, end | {"More": "x" * 20000}), 413)
        self.assertEqual(self.post("..%2F..%2Fhealthz", end), 404)
        orchestrator = self.set.processes["orchestrator"]
        wait_for("the other call to be noticed", lambda: orchestrator.says("it may have dialled twice"))
        self.assertIn("refused: 1 requests, the last one as its signature", self.set.processes["console"].text())
        self.assertEqual(self.done(), [])
        self.assertEqual(self.post(attempt, end), 204)
        wait_for("the contact to be done", lambda: self.outcomes() == {phone: "completed"})
        self.assertEqual(self.set.events(type="contact.done")[0]["data"]["duration_s"], 3)
        # And once more, and otherwise, when it is over.
        self.assertEqual(self.post(attempt, end), 204)
        self.assertEqual(self.post(attempt, end | {"CallStatus": "busy"}), 204)
        wait_for("all to be told", lambda: len(self.set.events(type="call.told")) == 7)
        self.assertEqual(self.done(), [phone])
        self.assertEqual(self.questions(), [])

    def signature(self, callback):
        form = dict(urllib.parse.parse_qsl(callback["form"], keep_blank_values=True))
        text = callback["url"] + "".join(name + form[name] for name in sorted(form))
        return base64.b64encode(hmac.new(b"twilio-good", text.encode(), hashlib.sha1).digest()).decode()


class RefusedReload(CallbackTest):
    CONFIG = CallbackTest.CONFIG | {"console": {"tokens": [{"name": "vera", "role": "viewer", "token": "t" * 24}]}}

    def test_a_reload_that_is_refused_changes_no_token(self):
        console, attempt = self.set.start("console"), "01M8JSGFCE06PQAQXMFNT4F85G"
        self.assertEqual(self.post(attempt, {"no": "call"}), 400)  # it is signed
        self.assertEqual(self.post(attempt, {"no": "call"}, token="another"), 403)
        # With neither console.tokens nor a token in the file that stands in for them, nobody could be let in.
        (self.set.root / "state" / "console.token").write_text("guess")
        self.set.config["providers"]["twilio"]["key"] = "another"
        self.set.config["console"]["tokens"] = []
        self.set.write_config()
        console.terminate(signal.SIGHUP)
        wait_for("the refusal", lambda: console.says("holds a token that can be guessed"))
        self.assertEqual(self.post(attempt, {"no": "call"}, token="another"), 403)
        self.assertEqual(self.post(attempt, {"no": "call"}), 400)


class LostCallbacks(CallbackTest):
    POLL = "400ms"

    def test_what_is_not_told_is_asked_for(self):
        self.set.start_all()
        self.set.faults({"id": "lost", "kind": "lost", "match": {"provider": "callbacks", "number": BUSY}},
                        {"id": "forged", "kind": "wrong_signature", "match": {"provider": "callbacks"}})
        self.run_campaign([*ADA, (BUSY, "Busy")])
        wait_for("the log", lambda: len(self.outcomes()) == 2)
        self.assertEqual(self.outcomes(), {ADA[0][0]: "completed", BUSY: "busy"})
        wait_for("the callbacks", lambda: len(self.callbacks(fault="forged")) == 2)
        self.assertEqual({c["status"] for c in self.callbacks(fault="forged")}, {403})
        self.assertEqual(self.set.events(type="call.told"), [])
        self.assertIn("does telephony.callback_url lead to the console?", self.set.processes["orchestrator"].text())
        self.assert_each_dialled_once([*ADA, (BUSY, "")])

    def test_a_console_that_is_killed_keeps_nobody_waiting(self):
        self.set.start_all()
        popen = self.set.campaign([(LONG, "Lo")])
        self.followed(LONG)
        self.set.processes["console"].kill()
        self.assertEqual(popen.wait(60), 0)
        wait_for("the log", lambda: self.outcomes() == {LONG: "completed"})
        wait_for("the callback", lambda: self.callbacks(event="completed", status=0))

    def test_kills_of_both_ends_lose_no_call_and_end_none_twice(self):
        self.set.start_all()
        contacts = people(24)
        popen = self.set.campaign(contacts)
        for turn in range(6):
            wait_for("some ends", lambda n=turn: len(self.done()) > 3 * n)
            name = "console" if turn % 2 else "orchestrator"
            self.set.processes[name].kill()
            self.set.start(name)
        self.assertEqual(popen.wait(180), 0)
        wait_for("the log", lambda: len(self.done()) == len(contacts))
        self.assertEqual(sorted(self.done()), sorted(phone for phone, _ in contacts))
        self.assert_each_dialled_once(contacts)


class WhoAnswered(CallbackTest):
    CONFIG = {"telephony": {"machine_detection": True}}

    def test_it_comes_with_the_end_of_the_call(self):
        self.set.start_all()
        self.run_campaign([*ADA, (MACHINE, "Max"), (BUSY, "Busy")])
        wait_for("the log", lambda: len(self.done()) == 3)
        self.assertEqual(self.outcomes(), {ADA[0][0]: "completed", MACHINE: "voicemail", BUSY: "busy"})
        self.assertEqual(self.questions(), [])


class WhoAnsweredLater(CallbackTest):
    CONFIG = {"telephony": {"machine_detection": True, "async_detection": True}, "simulator": {"talk": "600ms"}}

    def test_it_comes_by_itself(self):
        self.set.start_all()
        self.run_campaign([*ADA, (MACHINE, "Max")])
        wait_for("the log", lambda: len(self.done()) == 2)
        self.assertEqual(self.outcomes(), {ADA[0][0]: "completed", MACHINE: "voicemail"})
        self.assertEqual(len(self.callbacks(event="amd", status=204)), 2)
        self.assertEqual(self.questions(), [])

    def test_a_call_of_which_it_is_not_told_is_asked_about_at_its_end(self):
        self.set.start_all()
        self.set.faults({"id": "lost", "kind": "lost", "match": {"provider": "callbacks", "text": "AnsweredBy"}})
        self.run_campaign([*ADA, (MACHINE, "Max"), (BUSY, "Busy")])
        wait_for("the log", lambda: len(self.done()) == 3)
        self.assertEqual(self.outcomes(), {ADA[0][0]: "completed", MACHINE: "voicemail", BUSY: "busy"})
        self.assertEqual(len(self.questions()), 2)  # of the two that were answered


if __name__ == "__main__":
    unittest.main()
