#!/usr/bin/python3
"""Several orchestrators on one PostgreSQL database: each contact is one orchestrator's, and that of the next
when the first is gone; nobody is dialled twice, whoever is killed, stopped or cut off."""

import signal
import socket
import time
import unittest

from harness import RingfenceTest, free_port, people, wait_for
from postgres import OnPostgres

LEASE_S = 3


class SharedStore(OnPostgres, RingfenceTest):
    CONFIG = {"simulator": {"talk": "400ms"},
              "orchestrator": {"concurrency": 4, "store": {"lease": f"{LEASE_S}s"}}}

    def start(self, count):
        self.set.start_all(without=["orchestrator"])
        return [self.set.start("orchestrator", name=f"orchestrator-{i}") for i in range(count)]

    def count(self, sql):
        return int(self.server.sql(sql)[0][0])

    def running(self, process=None):
        """How many contacts are in progress, or how many of one orchestrator."""
        whose = f" AND m.name LIKE '% {process.popen.pid}'" if process else ""
        return self.count("SELECT count (*) FROM contact c JOIN member m ON m.id = c.owner"
                          f" WHERE c.state LIKE 'running.%'{whose}")

    def check(self, contacts, campaign):
        self.assertEqual(campaign.wait(150), 0)
        self.assert_each_dialled_once(contacts)
        lines = [f"c-{line}" for line in range(2, len(contacts) + 2)]

        def told():
            return (len({e["contact"] for e in self.set.events(type="contact.done")}) == len(lines)
                    and self.set.events(type="campaign.finished"))
        wait_for("all events to be told", told)
        done = [e["contact"] for e in self.set.events(type="contact.done")]
        self.assertEqual(sorted(done), sorted(lines))
        self.assertEqual(len(self.set.events(type="campaign.finished")), 1)
        wait_for("the outbox to be empty", lambda: self.count("SELECT count (*) FROM outbox") == 0)

    def test_three_share_a_campaign(self):
        contacts = people(60)
        processes = self.start(3)
        campaign = self.set.campaign(contacts)
        wait_for("all to have work", lambda: all(self.running(p) > 0 for p in processes))
        self.check(contacts, campaign)

    def test_incident_18_one_that_is_killed_has_its_contacts_taken_over_after_its_lease(self):
        contacts = people(40)
        killed, survivor = self.start(2)
        campaign = self.set.campaign(contacts)
        wait_for("it to have work", lambda: self.running(killed) > 1)
        killed.kill()
        wait_for("the other to take it over", lambda: self.running(killed) == 0 or None)
        wait_for("it to be said", lambda: survivor.says("taking over"))
        self.check(contacts, campaign)
        self.assertEqual(self.count("SELECT count (*) FROM member WHERE gone = 0"), 1)
        self.assertEqual(self.count("SELECT count (*) FROM stream"), 1)

    def test_incident_47_one_that_was_stopped_for_longer_than_its_lease_dials_nobody_twice(self):
        contacts = people(40)
        stopped, _ = self.start(2)
        campaign = self.set.campaign(contacts)
        wait_for("it to have work", lambda: self.running(stopped) > 1)
        stopped.popen.send_signal(signal.SIGSTOP)
        wait_for("the other to take it over", lambda: self.running(stopped) == 0)
        stopped.popen.send_signal(signal.SIGCONT)
        wait_for("it to notice", lambda: not stopped.alive())
        self.assertEqual(stopped.popen.returncode, 1)
        self.assertTrue(stopped.says("another orchestrator has taken over"))
        del self.set.processes[stopped.name]
        self.set.start("orchestrator", name="orchestrator-again")
        self.check(contacts, campaign)

    def test_one_that_ends_in_order_leaves_its_contacts_at_once(self):
        contacts = people(40)
        leaving, _ = self.start(2)
        campaign = self.set.campaign(contacts)
        wait_for("it to have work", lambda: self.running(leaving) > 1)
        leaving.terminate()
        self.assertEqual(leaving.wait(), 0)
        self.check(contacts, campaign)

    def test_a_database_that_crashes_and_comes_back_loses_nothing_and_nobody(self):
        contacts = people(40)
        processes = self.start(2)
        campaign = self.set.campaign(contacts)
        wait_for("some calls", lambda: len(self.set.dials()) > 5)
        self.server.stop(signal.SIGQUIT)
        for process in processes:
            wait_for("it to be noticed", lambda p=process: p.says("the store's database is away"))
        self.server.start()
        self.check(contacts, campaign)
        self.assertTrue(all(process.alive() for process in processes), "nobody lost its place by it")

    def test_a_dial_of_one_that_is_killed_is_adopted_by_the_other(self):
        contacts = people(30)
        self.set.start_all(without=["orchestrator"])
        crashing = self.set.start("orchestrator", environment={"RF_CRASH_AT": "orchestrator.dial_sent:4"})
        campaign = self.set.campaign(contacts)
        crashing.wait_killed()
        self.set.start("orchestrator", name="orchestrator-other")
        self.check(contacts, campaign)

    def test_an_order_that_loses_against_another_transaction_is_carried_out_all_the_same(self):
        self.start(1)
        self.assertEqual(self.set.campaign(people(2)).wait(60), 0)
        self.server.sql("CREATE SEQUENCE tries; GRANT ALL ON tries TO ringfence;"
                        "CREATE FUNCTION deadlock () RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN"
                        " IF nextval ('tries') <= 5 THEN"
                        "  RAISE EXCEPTION 'deadlock detected' USING ERRCODE = 'deadlock_detected'; END IF;"
                        " RETURN NEW; END $$;"
                        "CREATE TRIGGER deadlock BEFORE UPDATE OF priority ON campaign"
                        " FOR EACH ROW EXECUTE FUNCTION deadlock ()")
        self.assertIn("priority 7", self.set.cli("campaign", "priority", "c", "7", check=0).stdout)
        self.assertEqual(self.count("SELECT last_value FROM tries"), 6)  # 1 + 3 alone, and asked again

    def test_a_stream_whose_rows_cannot_be_deleted_for_a_while_is_forgotten_all_the_same(self):
        contacts = people(40)
        killed, _ = self.start(2)
        campaign = self.set.campaign(contacts)
        wait_for("it to have work", lambda: self.running(killed) > 1)
        self.server.sql("CREATE SEQUENCE rows_tries; CREATE SEQUENCE streams_tries;"
                        "GRANT ALL ON rows_tries, streams_tries TO ringfence;"
                        "CREATE FUNCTION refuse () RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN"
                        " IF nextval (TG_ARGV[0]::regclass) <= 3 THEN RAISE EXCEPTION 'not now'"
                        "  USING ERRCODE = 'io_error'; END IF; RETURN NULL; END $$;"
                        "CREATE TRIGGER refuse AFTER DELETE ON stream"
                        " FOR EACH STATEMENT EXECUTE FUNCTION refuse ('streams_tries')")
        killed.kill()
        self.check(contacts, campaign)
        wait_for("the stream to be forgotten", lambda: self.count("SELECT count (*) FROM stream") == 1)
        # The last acknowledgement has come, and deleting what it was for fails.
        self.server.sql("CREATE TRIGGER refuse AFTER DELETE ON outbox"
                        " FOR EACH STATEMENT EXECUTE FUNCTION refuse ('rows_tries')")
        self.assertEqual(self.set.campaign(people(1, first=60), name="other").wait(60), 0)
        wait_for("the outbox to be empty", lambda: self.count("SELECT count (*) FROM outbox") == 0)

    def test_one_that_starts_while_its_database_is_away_waits_for_it(self):
        self.server.stop()
        self.set.start_all(without=["orchestrator"])
        waiting = self.set.launch("orchestrator")
        ended = self.set.launch("orchestrator", name="ended")
        silent = self.silent()
        words = "the store's database is away, trying again: "
        for process in (waiting, ended, silent):
            wait_for("it to wait", lambda p=process: p.says(words) or not p.alive())
            self.assertTrue(process.alive(), process.text())
            self.assertEqual(process.text().count(words), 1)
        # Whom nobody waits for any more ends at once, also in the middle of a try.
        for process in (ended, silent):
            began = time.monotonic()
            process.terminate()
            self.assertEqual(process.wait(), 0)
            self.assertLess(time.monotonic() - began, 3)
        self.assertIn("starting", self.set.cli("status").stdout)
        refused = self.set.cli("campaign", "status")
        self.assertEqual(refused.returncode, 1)
        self.server.start()
        waiting.wait_ready()
        self.assertTrue(waiting.says("the store's database is there"))
        self.check(people(3), self.set.campaign(people(3)))

    def test_one_that_starts_while_another_program_holds_the_database_waits_for_it(self):
        (first,) = self.start(1)
        first.terminate()
        self.assertEqual(first.wait(), 0)
        for table, words in (("schema_version", "migration"), ("stream", "locked by another program")):
            with self.server.session() as session:
                session.run(f"BEGIN; LOCK TABLE {table};")
                process = self.set.launch("orchestrator", name=table)
                wait_for("it to wait", lambda p=process: p.says("is held, trying again: ") or not p.alive())
                self.assertTrue(process.says(words), process.text())
                self.assertTrue(process.alive(), process.text())
            process.wait_ready()
            self.assertTrue(process.says("the store's database is there"))
            process.terminate()
            self.assertEqual(process.wait(), 0)
            self.assertEqual(self.count("SELECT count (*) FROM member WHERE gone = 0"), 0)

    def silent(self):
        """An orchestrator whose server takes the connection and says nothing."""
        listener = socket.create_server(("127.0.0.1", 0))
        self.addCleanup(listener.close)
        url = f"postgresql://ringfence@127.0.0.1:{listener.getsockname()[1]}/ringfence"
        config = self.set.write_other_config("silent", {"orchestrator": {"store": {"url": url}}})
        process = self.set.launch("orchestrator", name="silent", config=config)
        return process

    def test_the_password_is_a_secret_and_a_wrong_one_is_told_without_it(self):
        self.server.stop()
        self.server.port = free_port()
        self.server.start()
        secret = self.set.root / "secrets" / "store"
        store = {"url": f"postgresql://ringfence@127.0.0.1:{self.server.port}/ringfence",
                 "password": f"file:{secret}", "lease": f"{LEASE_S}s"}
        self.set.config["orchestrator"]["store"] = store
        self.set.write_config()
        secret.write_text("a guess\n")
        secret.chmod(0o600)
        self.set.start_all(without=["orchestrator"])
        refused = self.set.launch("orchestrator", name="refused")
        wait_for("it to be refused", lambda: not refused.alive())
        self.assertEqual(refused.popen.returncode, 1)
        self.assertTrue(refused.says("orchestrator.store.url: "), refused.text())
        self.assertTrue(refused.says("password authentication failed"), refused.text())
        self.assertFalse(refused.says("a guess"))
        del self.set.processes["refused"]
        # Nor is waited for what no server could mend.
        for wrong, words in (("sslmode=nonsense", 'invalid sslmode value: "nonsense"'),
                             ("dbname=nobody", 'database "nobody" does not exist')):
            secret.write_text("a secret\n")
            config = self.set.write_other_config("wrong", {"orchestrator": {"store": {
                "url": f"{store['url']}?{wrong}"}}})
            refused = self.set.launch("orchestrator", name="wrong", config=config)
            wait_for("it to be refused", lambda: not refused.alive())  # pylint: disable=cell-var-from-loop
            self.assertEqual(refused.popen.returncode, 1)
            self.assertEqual(refused.text().count("error: "), 1, refused.text())
            self.assertIn(words, refused.text())
            del self.set.processes["wrong"]
        self.set.start("orchestrator")
        self.run_campaign(people(3))


class LettingGo(OnPostgres, RingfenceTest):
    # There is time for a change while its call is followed.
    CONFIG = {"telephony": {"poll_initial": "4s", "poll_max": "4s"},
              "orchestrator": {"concurrency": 4, "store": {"lease": f"{LEASE_S}s"}}}

    def test_a_contact_that_another_wrote_is_let_go_when_the_store_lets_it(self):
        contacts = people(1)
        self.set.start_all()
        campaign = self.set.campaign(contacts)
        wait_for("the call", lambda: self.server.sql("SELECT 1 FROM contact WHERE state = 'running.follow'"))
        # Another has written it, and for a while the database cannot let go of it.
        self.server.sql("""
            CREATE FUNCTION full_disk() RETURNS trigger LANGUAGE plpgsql AS
            $$ BEGIN RAISE EXCEPTION 'the disk is full' USING ERRCODE = '53100'; END $$;
            CREATE TRIGGER full_disk BEFORE UPDATE ON contact FOR EACH ROW WHEN (NEW.owner = 0)
            EXECUTE FUNCTION full_disk();
            SET session_replication_role = replica;
            UPDATE attempt SET state = 'unknown', sid = NULL;
            UPDATE contact SET state = 'running.ask'""")
        orchestrator = self.set.processes["orchestrator"]
        wait_for("it to be said", lambda: orchestrator.says("the disk is full"))
        self.server.sql("DROP TRIGGER full_disk ON contact")
        self.assertEqual(campaign.wait(120), 0)
        self.assert_each_dialled_once(contacts)


if __name__ == "__main__":
    unittest.main()
