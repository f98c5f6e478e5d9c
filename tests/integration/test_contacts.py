#!/usr/bin/python3
"""Contacts in and out: lists as people write them, whom nobody may call, what came of all."""

import csv
import json
import os
import subprocess
import unittest

from harness import BIN, RingfenceTest, people


# Root may mount; others may within a user namespace, where the kernel allows it.
UNSHARE = ["unshare", "--mount"] if os.getuid() == 0 else ["unshare", "--mount", "--map-root-user"]


def rows(file):
    with open(file, newline="", encoding="utf-8") as text:
        return list(csv.DictReader(text))


class Contacts(RingfenceTest):
    def write(self, name, text):
        file = self.set.root / name
        file.write_bytes(text if isinstance(text, bytes) else text.encode())
        return file

    def load(self, file, *options, code=0):
        return json.loads(self.set.cli("campaign", "load", "c", file, *options, "--json", check=code).stdout)

    def test_a_second_load_adds_nothing_and_every_refused_line_is_in_the_file_of_rejects(self):
        self.set.start("broker")
        self.set.start("orchestrator")
        self.set.cli("dnc", "add", "+4930 1234567", "--why", "by letter", check=0)
        file = self.write("list.csv", "Kunde;Telefon;Ort\nAda;030 1234566;Berlin\nBo;030 1234567;=1+1\n"
                                      "Cy;030 1234566;Bonn\nDi;keine;Bonn\nEd;+1 202 555 0100;Rom\n")
        options = ["--map", "phone=Telefon", "--map", "name=Kunde", "--separator", ";", "--country", "DE"]
        first = self.load(file, *options, code=3)
        self.assertEqual((first["added"], first["known"], first["refused_count"]), (2, 0, 3))
        self.assertEqual(first["rejects"], str(self.set.root / "list.rejects.csv"))
        refused = rows(first["rejects"])
        self.assertEqual({row["line"]: row["Kunde"] for row in refused}, {"3": "Bo", "4": "Cy", "5": "Di"})
        barred = next(row for row in refused if row["line"] == "3")
        self.assertRegex(barred["reason"], r"^is on the do-not-call list since \d{4}-\d\d-\d\d: by letter$")
        self.assertEqual((barred["Telefon"], barred["Ort"]), ("030 1234567", "'=1+1"))
        second = self.load(file, *options, code=3)
        self.assertEqual((second["added"], second["known"], second["refused_count"]), (0, 2, 3))
        more = self.write("more.csv", "phone\n+12025550101\n+12025550100\n")
        third = self.load(more)
        self.assertEqual((third["added"], third["known"]), (1, 1))
        started = json.loads(self.set.cli("campaign", "start", "c", "--json", check=0).stdout)
        self.assertEqual(started["total"], 3)

    def test_a_file_without_an_end_is_no_list(self):
        self.set.start("broker")
        self.set.start("orchestrator")
        for words in (["campaign", "load", "c", "/dev/zero"], ["dnc", "load", "/dev/zero"]):
            self.assertIn("/dev/zero:1: ", self.set.cli(*words, check=1).stderr)
        # Behind lines that are good it is given up as well.
        endless = "printf 'phone\\n+12025550100\\n'; tr '\\0' x </dev/zero"
        load = f"{BIN}/ringfence --config {self.set.config_file} campaign load c /dev/stdin --json"
        done = subprocess.run(["bash", "-c", f"({endless}) | {load}"], capture_output=True, text=True, check=False, timeout=120)
        self.assertEqual(done.returncode, 3, done.stderr)
        told = json.loads(done.stdout)
        self.assertEqual((told["added"], told["refused_count"]), (1, 2))
        self.assertIn("a line of more than 16 MiB: it is no list", done.stdout)

    def test_the_do_not_call_list_is_filled_from_a_file_of_numbers_and_by_hand(self):
        self.set.start("broker")
        self.set.start("orchestrator")
        file = self.write("register.txt", "".join(f"+1 202 555 {i:04d}\n" for i in range(2500)) + "nobody\n")
        told = json.loads(self.set.cli("dnc", "load", file, "--why", "register", "--json", check=3).stdout)
        self.assertEqual((told["added"], told["known"], told["refused_count"]), (2500, 0, 1))
        self.assertEqual(rows(told["rejects"])[0]["line"], "2501")
        again = self.set.cli("dnc", "load", file, check=3).stdout
        self.assertIn("added: 0, on it already: 2500, lines refused: 1", again)
        listed = [json.loads(line) for line in
                  self.set.cli("dnc", "list", "--json", check=0).stdout.splitlines()]
        self.assertEqual([n["phone"] for n in listed], [f"+1202555{i:04d}" for i in range(2500)])
        self.assertEqual({n["why"] for n in listed}, {"register"})
        removed = self.set.cli("dnc", "remove", "+12025550007", "+12025559999", check=0).stdout
        self.assertIn("removed: 1, not on it: 1", removed)
        self.assertNotIn("+12025550007 ", self.set.cli("dnc", "list", check=0).stdout)
        tail = [json.loads(line) for line in self.set.cli("replay", "dnc.", "--json", check=0).stdout.splitlines()]
        changes = [{key: n for key, n in event["data"].items() if key != "by"} for event in tail]
        self.assertEqual(changes, [{"added": 1000}, {"added": 1000}, {"added": 500}, {"removed": 1}])
        self.assertTrue(all(event["data"]["by"] for event in tail))
        wrong = self.set.cli("dnc", "add", "+12025550007", "030 1234567", check=2)
        self.assertIn("has no country code", wrong.stderr)
        self.assertNotIn("+12025550007 ", self.set.cli("dnc", "list", check=0).stdout)

    def test_incident_27_who_came_on_the_list_after_the_load_is_set_aside_and_not_dialled(self):
        contacts = people(6)
        self.set.start_all()
        file = self.write("c.csv", "phone,name\n" + "".join(f"{phone},{name}\n" for phone, name in contacts))
        self.load(file)
        self.set.cli("dnc", "add", contacts[1][0], contacts[4][0], check=0)
        self.set.faults({"id": "refused", "kind": "status", "status": 400,
                         "match": {"provider": "twilio", "method": "POST", "number": contacts[5][0]},
                         "body": {"code": 21211, "status": 400, "more_info": "", "message": "not valid"}})
        self.set.cli("campaign", "run", file, "--name", "c", check=3, timeout=120)
        dials = self.set.dials()
        for index, (phone, _name) in enumerate(contacts):
            self.assertEqual(dials.get(phone, 0), 0 if index in (1, 4, 5) else 1, phone)
        aside = self.set.events(type="contact.set_aside")
        self.assertEqual({(e["contact"], e["severity"], e["data"]["reason"]) for e in aside},
                         {("c-3", "info", "do_not_call"), ("c-6", "info", "do_not_call"),
                          ("c-7", "error", "permanent.invalid")})
        # Nothing was paid for them.
        self.assertEqual(len(self.set.ledger()["speeches"]), 4)
        self.assert_alerts([event for event in aside if event["severity"] == "error"])

    def test_beside_a_list_on_a_read_only_place_a_file_of_rejects_is_written_only_if_it_is_needed(self):
        self.set.start_all()
        folder = self.set.root / "lists"
        folder.mkdir()
        read_only = [*UNSHARE, "sh", "-ec", 'mount --bind "$0" "$0"; mount -o remount,ro,bind "$0"; exec "$@"', folder]
        good = self.write("lists/good.csv", "phone\n+12025550100\n")
        bad = self.write("lists/bad.csv", "phone\n+12025550101\n123\n")
        rejects = folder / "bad.rejects.csv"

        ran = self.set.cli("campaign", "run", good, check=0, through=read_only)
        self.assertEqual(ran.stderr, "")
        refused = self.set.cli("campaign", "run", bad, check=1, through=read_only)
        self.assertIn(f"{rejects}: cannot be written: Read-only file system; --rejects FILE", refused.stderr)
        self.assertEqual(self.set.dials(), {"+12025550100": 1})
        elsewhere = self.set.root / "elsewhere.csv"
        told = self.load(bad, "--rejects", elsewhere, code=3)
        self.assertEqual((told["rejects"], rows(elsewhere)[0]["line"]), (str(elsewhere), "3"))
        self.assertEqual(list(folder.glob("*.rejects.csv*")), [])

        # One of an earlier time cannot go: it is told that it is none of this load.
        (folder / "good.rejects.csv").write_text("line,reason\n2,old\n")
        loaded = self.set.cli("campaign", "load", "c", good, check=0, through=read_only)
        self.assertIn("good.rejects.csv: is of an earlier time, and cannot be taken away", loaded.stderr)
        self.assertIn("lines refused: 0\n", loaded.stdout)

    def test_a_list_without_anybody_to_call_has_its_file_of_rejects_and_a_cut_one_is_warned_of(self):
        self.set.start_all()
        for text, refused in (("phone,name\n123,a\n456,b\n", ["2", "3"]), ('phone,name\n"123,a\n', ["2"])):
            bad = self.write("bad.csv", text)
            loaded = self.set.cli("campaign", "load", "bad", bad, check=1)
            self.assertIn("there is no contact to call", loaded.stderr)
            self.assertIn(f"lines refused: {len(refused)} (they are in {self.set.root}/bad.rejects.csv)", loaded.stdout)
            self.assertEqual([row["line"] for row in rows(self.set.root / "bad.rejects.csv")], refused)
        cut = self.write("cut.csv", "phone\n+12025550100\n+12025550101")
        loaded = self.set.cli("campaign", "load", "cut", cut, check=0)
        self.assertIn("cut.csv:3: the file ends without a line break", loaded.stderr)
        self.assertIn("contacts loaded: 2", loaded.stdout)
        own = self.write("own.yaml", "campaign:\n  pace: 100\n")
        self.set.cli("campaign", "start", "cut", check=0)
        again = self.set.cli("campaign", "start", "cut", "--settings", own, check=0).stdout
        self.assertRegex(again, "(running already|nobody is called).*; settings: now those of .*own.yaml")
        twice = self.set.cli("campaign", "set", "cut", "pace=1", "campaign.pace=2", check=2)
        self.assertIn("pace is given twice", twice.stderr)
        self.assertIn("nobody of it is set aside as call_lost",
                      self.set.cli("campaign", "retry", "cut", "--reason", "call_lost", check=0).stdout)
        self.assertEqual(self.set.cli("dnc", "list", check=0).stdout, "no number is on the do-not-call list\n")
        self.set.cli("dnc", "add", "+12025550104", check=0)
        self.assertIn("the number is on the do-not-call list since",
                      self.set.cli("campaign", "why", "+12025550104", check=1).stderr)
        self.set.cli("campaign", "load", "gone", cut, check=0)
        self.set.cli("campaign", "cancel", "gone", "--yes", check=0)
        late = self.write("late.csv", "phone\n+12025550102\n")
        loaded = self.set.cli("campaign", "load", "gone", late, check=1)
        self.assertIn("campaign gone was cancelled: load ", loaded.stderr)

    def test_a_country_that_is_not_permitted_sets_its_contact_aside_and_stops_nothing_else(self):
        self.set.start_all()
        file = self.write("o.csv", "phone\n+12025550195\n+12025550100\n")
        self.set.cli("campaign", "run", file, "--name", "o", check=3, timeout=120)
        why = self.set.cli("campaign", "why", "+12025550195", check=0).stdout
        self.assertIn("geo permissions), then ringfence campaign retry NAME --reason permanent.config", why)
        self.assertEqual(self.set.dials(), {"+12025550100": 1})
        self.assertEqual(json.loads(self.set.cli("mark", "list", "--json", check=0).stdout), {})
        aside = self.set.events(type="contact.set_aside")
        self.assertEqual([(e["contact"], e["data"]["reason"]) for e in aside], [("o-2", "permanent.config")])
        self.assertEqual(self.set.events(type="mark.set") + self.set.events(type="breaker.opened"), [])
        self.assert_alerts(aside)

    def test_an_export_tells_what_came_of_each_contact(self):
        contacts = people(5)
        self.set.start_all()
        self.set.faults({"id": "refused", "kind": "status", "status": 400,
                         "match": {"provider": "twilio", "method": "POST", "number": contacts[3][0]},
                         "body": {"code": 21211, "status": 400, "more_info": "", "message": "not valid"}})
        file = self.write("c.csv", "phone,name,state,note\n" + "".join(
            f"{phone},{name},NY,=1+{i}\n" for i, (phone, name) in enumerate(contacts)))
        self.set.cli("campaign", "run", file, "--name", "c", check=3, timeout=120)
        out = self.set.root / "c.export.csv"
        self.set.cli("campaign", "export", "c", "--out", out, check=0)
        told = rows(out)
        self.assertEqual([row["line"] for row in told], ["2", "3", "4", "5", "6"])
        self.assertEqual([row["phone"] for row in told], [phone for phone, _ in contacts])
        self.assertEqual([row["note"] for row in told], [f"'=1+{i}" for i in range(5)])
        self.assertEqual({row["list.state"] for row in told}, {"NY"})
        calls = {dial["to"]: dial["sid"] for dial in self.set.ledger()["dials"]}
        for row in told:
            aside = row["phone"] == contacts[3][0]
            self.assertEqual((row["state"], row["outcome"], row["reason"]),
                             ("set_aside", "", "permanent.invalid") if aside else ("done", "completed", ""))
            self.assertEqual((row["sids"], row["provider"]), (calls.get(row["phone"], ""), "twilio"))
            self.assertEqual(row["duration_s"] == "", aside)
            self.assertEqual(row["attempts"], "1")
            self.assertLess(row["created"], row["first_dial"])
            self.assertLess(row["first_dial"], row["ended"])
        lines = self.set.cli("campaign", "export", "c", "--format", "jsonl", "--state", "done", check=0).stdout
        exact = [json.loads(line) for line in lines.splitlines()]
        self.assertEqual([c["line"] for c in exact], [2, 3, 4, 6])
        self.assertEqual(exact[0]["fields"], {"state": "NY", "note": "=1+0"})
        self.assertEqual(exact[0]["sids"], [calls[contacts[0][0]]])
        self.assertEqual(self.set.cli("campaign", "export", "none").returncode, 1)
        self.assertEqual(self.set.cli("campaign", "export", "c", "--state", "asleep").returncode, 1)


if __name__ == "__main__":
    unittest.main()
