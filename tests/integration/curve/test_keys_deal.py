"""`ringfence keys deal`: the keys of a whole set, and a set that runs with them."""

import json
import unittest

from curve_set import ROLES, CurveTest, wait_for


class Deal(CurveTest):
    def setUp(self):
        super().setUp()
        self.folder = self.set.root / "dealt"
        self.set.config["bus"]["curve"] = {"secret_file": "dealt/{service}/{service}.secret",
                                           "server_key_file": "dealt/cli/broker.public"}
        self.set.config.setdefault("broker", {})["known_clients"] = "dealt/broker/known_clients"
        self.set.write_config()

    def deal(self):
        told = json.loads(self.set.cli("keys", "deal", self.folder, "--json", check=0).stdout)
        return {one["name"]: one for one in told}

    def content(self):
        return {str(file.relative_to(self.folder)): file.read_text()
                for file in self.folder.rglob("*") if file.is_file()}

    def test_a_file_in_the_place_of_the_folder_is_told(self):
        self.folder.write_text("")
        self.assertIn("dealt is no folder: give one, or a new name",
                      self.set.cli("keys", "deal", self.folder, check=1).stderr)

    def test_a_set_runs_with_what_was_dealt(self):
        told = self.deal()
        self.assertEqual(set(told), {"broker", *ROLES})
        for name, roles in ROLES.items():
            admin = {"admin"} if name in ("cli", "console") else set()
            self.assertEqual(set(told[name]["roles"].split(",")), set(roles.split(",")) | admin)
            folder = self.folder / name
            self.assertEqual({file.name for file in folder.iterdir()},
                             {f"{name}.secret", f"{name}.public", "broker.public"})
            self.assertEqual((folder / f"{name}.secret").stat().st_mode & 0o777, 0o600)
            self.assertEqual(folder.stat().st_mode & 0o777, 0o700)
            self.assertNotIn((folder / f"{name}.secret").read_text().split()[-1], json.dumps(told))
        self.assertEqual(json.loads(self.set.cli("config", "check", "--json", check=0).stdout)["warnings"], [])
        self.set.start_all()
        wait_for("all to be there", lambda: self.set.cli("status", check=0).stdout.count("ready") >= 6)

    def test_done_again_it_adds_what_is_missing_and_no_more(self):
        first = self.deal()
        before = self.content()
        again = self.deal()
        self.assertEqual(self.content(), before)
        self.assertEqual([one["new"] for one in again.values()], [False] * len(first))
        # A key that is gone is made anew, and put in the place of the old one; roles that a person changed stay.
        self.set.cli("keys", "allow", self.folder / "alerter/alerter.public", "--role", "publisher", "--replace", check=0)
        for file in (self.folder / "logger").iterdir():
            file.unlink()
        third = self.deal()
        self.assertEqual([name for name, one in third.items() if one["new"]], ["logger"])
        listed = {one["name"]: one for one in json.loads(self.set.cli("keys", "list", "--json", check=0).stdout)}
        self.assertEqual(listed["logger"]["key"], third["logger"]["key"])
        self.assertNotEqual(listed["logger"]["key"], first["logger"]["key"])
        self.assertEqual(listed["alerter"]["roles"], "publisher")
        self.assertEqual(len(listed), len(ROLES))

    def test_a_folder_that_cannot_be_made_is_told(self):
        self.folder.write_text("")
        done = self.set.cli("keys", "deal", self.folder, check=1)
        self.assertIn(str(self.folder), done.stderr)


if __name__ == "__main__":
    unittest.main()
