#!/usr/bin/python3
"""Providers over TLS with a private CA; a wrong certificate is a fault of the configuration."""

import subprocess
import unittest

from harness import SOURCE, RingfenceTest, people, wait_for


class Tls(RingfenceTest):
    def use_tls(self, certificate):
        """All providers by TLS; `certificate` is what the simulator shows."""
        certs = self.set.root / "certs"
        if not certs.exists():
            subprocess.run([str(SOURCE / "deploy" / "make-certs"), str(certs)], check=True,
                           capture_output=True)
        for name, provider in self.set.config["providers"].items():
            provider["base_url"] = f"https://localhost:{self.set.ports['tls']}/{name}"
            provider["ca_file"] = str(certs / "ca.pem")
        self.set.config["simulator"].update(
            tls_listen=f"127.0.0.1:{self.set.ports['tls']}",
            cert_file=str(certs / f"{certificate}.pem"), key_file=str(certs / f"{certificate}.key"))
        self.set.write_config()

    def test_a_campaign_runs_over_tls_with_a_private_ca(self):
        self.use_tls("server")
        contacts = people(6)
        self.set.start_all()
        self.run_campaign(contacts)
        self.assert_each_dialled_once(contacts)

    def test_a_certificate_for_another_name_is_a_fault_of_the_configuration(self):
        self.refused("other-name")

    def test_an_expired_certificate_is_a_fault_of_the_configuration(self):
        self.refused("expired")

    def test_a_certificate_of_an_unknown_ca_is_a_fault_of_the_configuration(self):
        self.refused("stranger")

    def refused(self, certificate):
        """permanent.config: no retry, one contact set aside, one alert a channel, the others wait."""
        self.use_tls(certificate)
        contacts = people(6)
        self.set.start_all()
        campaign = self.set.campaign(contacts)
        aside = wait_for("one contact set aside", lambda: self.set.events(type="contact.set_aside"))
        wait_for("the others deferred", lambda: self.set.events(type="contact.deferred"))
        self.assertEqual(aside[0]["data"]["reason"], "permanent.config")
        self.assertIn("certificate", aside[0]["data"]["message"])
        self.assertEqual(self.set.events(type="retry.scheduled"), [])
        self.assert_alerts(self.set.events(type="mark.set"))
        self.assertIsNone(campaign.poll(), "the others wait")
        self.assertEqual(self.set.dials(), {})
        campaign.kill()
        campaign.wait()


if __name__ == "__main__":
    unittest.main()
