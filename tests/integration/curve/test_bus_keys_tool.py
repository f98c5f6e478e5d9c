"""`ringfence keys`: keys of the bus, and the broker's list of those it knows."""

import concurrent.futures
import json
import os
import pathlib
import pwd
import sys
import unittest

import zmq

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))

from harness import RingfenceTest, free_port  # noqa: E402  pylint: disable=wrong-import-position


NOBODY = 65534


class KeysTool(RingfenceTest):
    def setUp(self):
        super().setUp()
        self.keys = self.set.root / "state" / "keys"
        self.list = self.keys / "known_clients"

    def new(self, name, check=0):
        return self.set.cli("keys", "new", name, check=check)

    def known(self):
        return json.loads(self.set.cli("keys", "list", "--json", check=0).stdout)

    def public(self, name):
        return (self.keys / f"{name}.public").read_text().splitlines()[-1].split()[0]

    def test_a_new_key_is_a_pair_whose_secret_is_private(self):
        told = json.loads(self.set.cli("keys", "new", "gateway-1", "--json", check=0).stdout)
        secret = pathlib.Path(told["secret_file"])
        self.assertEqual(secret, self.keys / "gateway-1.secret")
        self.assertEqual(secret.stat().st_mode & 0o777, 0o600)
        self.assertEqual(self.keys.stat().st_mode & 0o777, 0o700)
        # Foreign software makes the same public key of it.
        line = secret.read_text().split()[-1]
        self.assertEqual(zmq.curve_public(line.encode()).decode(), told["key"])
        self.assertEqual(self.public("gateway-1"), told["key"])
        self.assertNotIn(line, json.dumps(told))

    def test_a_key_is_never_replaced(self):
        self.new("a")
        before = (self.keys / "a.secret").read_text()
        result = self.new("a", check=1)
        self.assertIn("a key is not replaced", result.stderr)
        self.assertEqual((self.keys / "a.secret").read_text(), before)

    def test_what_root_makes_is_the_owners_of_the_folder_and_doctor_names_what_is_not(self):
        self.assertEqual(os.geteuid(), 0, "only root makes files for another user: run this test as root")
        self.set.root.chmod(0o755)
        (self.set.root / "state").mkdir(exist_ok=True)
        for path in (self.set.root / "state", *self.set.root.glob("secrets"), *self.set.root.glob("secrets/*")):
            os.chown(path, NOBODY, NOBODY)
        self.set.config["bus"].update(
            {name: f"tcp://127.0.0.1:{free_port()}" for name in ("calls", "workers", "ingest", "events")},
            curve={"secret_file": "state/keys/{service}.secret", "server_key_file": "state/keys/broker.public"})
        self.set.write_config()
        for name in ("broker", "cli"):
            self.new(name)
        self.set.cli("keys", "allow", self.keys / "cli.public", "--role", "admin", check=0)
        made = {self.keys, *self.keys.iterdir()}
        self.assertEqual(len(made), 7, made)
        self.assertEqual({path: path.stat().st_uid for path in made}, dict.fromkeys(made, NOBODY))
        as_owner = ["setpriv", f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups"]
        self.set.cli("keys", "revoke", "cli", check=0, through=as_owner)
        self.assertIn("the 4 files of keys on this host are", self.set.cli("doctor", "--only", "keys", check=0).stdout)

        secret = self.keys / "cli.secret"
        os.chown(secret, 0, 0)
        told = self.set.cli("doctor", "--only", "keys", check=1).stdout
        user = pwd.getpwuid(NOBODY).pw_name
        self.assertIn(f"{secret} is not {user}'s, who runs the set, and may not read it\n"
                      f"        to do: chown {user} {secret}\n", told)
        told = self.set.cli("config", "check", check=0, through=as_owner).stderr
        self.assertIn(f"{secret}: is another user's, and this one may not read it", told)

    def test_a_name_stays_in_its_folder(self):
        for name in ("../a", "a/b", ".a", "a b"):
            with self.subTest(name=name):
                self.assertIn("is no name for a key", self.new(name, check=1).stderr)
        self.assertIn("argument 1 is empty", self.new("", check=2).stderr)

    def test_a_key_is_made_where_it_is_wanted(self):
        folder = self.set.root / "elsewhere"
        self.set.cli("keys", "new", "a", "--out", folder, check=0)
        self.assertEqual({file.name for file in folder.iterdir()}, {"a.secret", "a.public"})

    def test_what_was_allowed_is_listed_and_can_be_revoked(self):
        for name in ("gateway-1", "person"):
            self.new(name)
        self.assertEqual(self.known(), [])
        self.set.cli("keys", "allow", self.keys / "gateway-1.public", "--role", "worker,publisher",
                     check=0)
        self.set.cli("keys", "allow", self.public("person"), "--role", "admin", "--name", "ada",
                     check=0)
        self.assertEqual(self.known(), [
            {"name": "gateway-1", "roles": "publisher,worker", "key": self.public("gateway-1")},
            {"name": "ada", "roles": "admin", "key": self.public("person")}])
        self.assertIn("gateway-1", self.set.cli("keys", "list", check=0).stdout)
        self.set.cli("keys", "revoke", "gateway-1", check=0)
        self.set.cli("keys", "revoke", self.keys / "person.public", check=0)
        self.assertEqual(self.known(), [])
        result = self.set.cli("keys", "revoke", "gateway-1", check=1)
        self.assertIn("neither a name nor a key in", result.stderr)

    def test_allowing_twice_changes_nothing_and_other_roles_are_refused(self):
        self.new("a")
        file = self.keys / "a.public"
        self.set.cli("keys", "allow", file, "--role", "worker", check=0)
        before = self.list.read_text()
        self.assertIn("already", self.set.cli("keys", "allow", file, "--role", "worker",
                                              check=0).stdout)
        self.assertEqual(self.list.read_text(), before)
        result = self.set.cli("keys", "allow", file, "--role", "admin", check=1)
        self.assertIn("--replace", result.stderr)
        self.assertEqual(self.list.read_text(), before)
        self.set.cli("keys", "allow", file, "--role", "admin", "--replace", check=0)
        self.assertEqual([(k["name"], k["roles"]) for k in self.known()], [("a", "admin")])

    def test_a_name_passes_to_another_key_only_by_replace(self):
        for name in ("old", "new"):
            self.new(name)
        self.set.cli("keys", "allow", self.keys / "old.public", "--role", "worker", "--name", "gw",
                     check=0)
        allow = ("keys", "allow", self.keys / "new.public", "--role", "worker", "--name", "gw")
        self.assertIn("is the name of another key", self.set.cli(*allow, check=1).stderr)
        self.set.cli(*allow, "--replace", check=0)
        self.assertEqual([k["key"] for k in self.known()], [self.public("new")])

    def test_both_keys_that_a_replace_takes_out_are_told(self):
        for name in ("old", "new"):
            self.new(name)
        self.set.cli("keys", "allow", self.keys / "old.public", "--role", "admin,caller", "--name", "gw", check=0)
        self.set.cli("keys", "allow", self.keys / "new.public", "--role", "worker", check=0)
        allow = ("keys", "allow", self.keys / "new.public", "--role", "publisher", "--name", "gw")
        refused = self.set.cli(*allow, check=1).stderr
        self.assertIn("the key is allowed already, as new with the roles worker;", refused)
        self.assertIn(f"gw is the name of another key, {self.public('old')} with the roles caller,admin;", refused)
        before = self.list.read_text()
        text = self.set.cli(*allow, "--replace", check=0).stdout
        self.assertIn(f"in the place of new with the roles worker: {self.public('new')}\n"
                      f"in the place of gw with the roles caller,admin: {self.public('old')}\n", text)
        self.list.write_text(before)
        told = json.loads(self.set.cli(*allow, "--replace", "--json", check=0).stdout)
        entry = {"name": "gw", "roles": "publisher", "key": self.public("new")}
        self.assertEqual(told, {**entry, "changed": True, "replaced": [
            {"name": "new", "roles": "worker", "key": self.public("new")},
            {"name": "gw", "roles": "caller,admin", "key": self.public("old")}]})
        self.assertEqual(self.known(), [entry])
        again = json.loads(self.set.cli(*allow, "--json", check=0).stdout)
        self.assertEqual(again, {**entry, "changed": False, "replaced": []})

    def test_a_file_whose_path_looks_like_a_key_is_a_file(self):
        folder = str(self.set.root)
        name = "k" * (40 - len(folder) - len("/.public"))
        self.set.cli("keys", "new", name, "--out", folder, check=0)
        path = f"{folder}/{name}.public"
        self.assertEqual(len(path), 40)
        self.set.cli("keys", "allow", path, "--role", "caller", check=0)
        self.assertEqual([k["name"] for k in self.known()], [name])

    def test_wrong_arguments_are_told(self):
        self.new("a")
        file = self.keys / "a.public"
        for arguments, expected in (
                ((file,), "--role is missing"),
                ((file, "--role", "boss"), '"boss" is no role'),
                ((self.keys / "absent", "--role", "worker"), "is neither a public key"),
                ((self.keys / "a.secret", "--role", "worker"), "holds no public key"),
                ((self.public("a"), "--role", "worker"), "has no name")):
            with self.subTest(expected=expected):
                self.assertIn(expected, self.set.cli("keys", "allow", *arguments, check=2).stderr)

    def test_a_bad_list_is_told_with_its_line_and_left_alone(self):
        self.new("a")
        self.list.write_text("# ours\nnonsense\n")
        for command in (("list",), ("allow", self.keys / "a.public", "--role", "worker"),
                        ("revoke", "a")):
            result = self.set.cli("keys", *command, check=1)
            self.assertIn(f"{self.list}:2: ", result.stderr)
        self.assertEqual(self.list.read_text(), "# ours\nnonsense\n")

    def test_comments_and_the_mode_of_the_list_stay(self):
        self.new("a")
        self.list.write_text("# ours\n")
        self.list.chmod(0o640)
        self.set.cli("keys", "allow", self.keys / "a.public", "--role", "worker", check=0)
        self.assertTrue(self.list.read_text().startswith("# ours\n"))
        self.assertEqual(self.list.stat().st_mode & 0o777, 0o640)

    def test_keys_that_are_allowed_at_the_same_time_are_all_there(self):
        names = [f"k{i}" for i in range(12)]
        for name in names:
            self.new(name)
        with concurrent.futures.ThreadPoolExecutor(6) as pool:
            list(pool.map(lambda name: self.set.cli("keys", "allow", self.keys / f"{name}.public",
                                                    "--role", "caller", check=0), names))
        self.assertEqual({k["name"] for k in self.known()}, set(names))


if __name__ == "__main__":
    unittest.main()
