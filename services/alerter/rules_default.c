// The built-in rules. A user's rules come before them; the first that takes an event counts.
#include "rule.h"

#define SECONDS(n)                                                                                 \
    { (n) * RF_NS_PER_S }
#define MINUTES(n)                                                                                 \
    { (n) * INT64_C(60) * RF_NS_PER_S }
#define HOURS(n)                                                                                   \
    { (n) * INT64_C(3600) * RF_NS_PER_S }

// Contacts that were set aside for the same reason are one incident. It is told within seconds, so
// that a burst is one notice; nothing ends it but quiet.
#define CONTACTS                                                                                   \
    .on = "contact.set_aside", .group = "contact", .by = "campaign reason provider",               \
    .wait = SECONDS(3), .interval = MINUTES(1), .resolve_after = MINUTES(15)

// A provider's mark says in whose hands it is.
#define MARK                                                                                       \
    .on = "mark.set", .resolve = "mark.cleared", .group = "mark", .costs = "{subject}",            \
    .interval = MINUTES(5), .title = "Provider {subject} is unusable",                             \
    .title_resolved = "Provider {subject} is usable again",                                        \
    .advice_resolved = "Nothing: the contacts that waited for it go on."

#define MARK_ADVICE                                                                                \
    "The contact, if one is named, was set aside; all others that need the provider wait until "   \
    "that has changed, or until: ringfence mark clear PROVIDER. Another provider of the chain "    \
    "serves them meanwhile, if there is one."

#define CERTIFICATE                                                                                \
    .on = "certificate.expiring", .resolve = "certificate.valid", .group = "certificate",          \
    .interval = HOURS(12), .remind = HOURS(24),                                                    \
    .title_resolved = "The certificate of {subject} is renewed",                                   \
    .advice_resolved = "Nothing: its end is far away again."

#define CERTIFICATE_ADVICE                                                                         \
    "It is the provider's to renew. If it is one of your own (a proxy, a private address), renew " \
    "it; past its end no request is sent, and the provider is marked."

const struct rf_config_alert_rule rf_alert_rules[] = {
    // An observing breaker holds nothing back: nothing for a person to do.
    {.name = "breaker-observes",
     .on = "breaker.opened",
     .where = "mode=observe force!=open|closed|disabled",
     .drop = true},
    {.name = "breaker",
     .on = "breaker.opened",
     .resolve = "breaker.closed breaker.reset",
     .costs = "{subject}",
     .interval = MINUTES(1),
     .title = "Circuit breaker of {subject} opened",
     .title_resolved = "Circuit breaker of {subject} closed",
     .advice = "Nothing at once: contacts that need this provider wait and are called after its "
               "recovery. If it stays open, look at the provider's status page.",
     .advice_resolved = "Nothing: the contacts that waited for this provider go on."},

    // Its error made a mark, which tells of it.
    {.name = "contact-marked", .on = "contact.set_aside", .where = "mark_made=true", .drop = true},
    {.name = "contact-exhausted",
     CONTACTS,
     .where = "reason=retries_exhausted",
     .inhibited_by = "breaker/{provider} provider/{provider} mark/{provider} own-side own-reach",
     .title = "Retries exhausted: contact {subject} set aside",
     .title_many = "Retries exhausted: {count} contacts of {campaign} set aside",
     .advice = "Who is named was taken out of the queue and is not called again by itself. The "
               "campaign goes on. Try them again: ringfence campaign retry NAME --reason "
               "retries_exhausted."},
    {.name = "contact-interrupted",
     CONTACTS,
     .where = "reason=interrupted",
     .title = "Interrupted too often: contact {subject} set aside",
     .title_many = "Interrupted too often: {count} contacts of {campaign} set aside",
     .advice = "An orchestrator or a gateway was lost each time that it had the contact's dial in "
               "hand: see in its log why. It is not called again by itself."},
    {.name = "contact-call-lost",
     CONTACTS,
     .where = "reason=call_lost",
     .title = "Call lost sight of: contact {subject} set aside",
     .title_many = "Calls lost sight of: {count} contacts of {campaign} set aside",
     .advice = "Look for the call in the provider's own log: it was made, and how it ended is not "
               "known. Was the account or its region changed?"},
    {.name = "contact-call-unknown",
     CONTACTS,
     .where = "reason=call_unknown",
     .title = "Not known whether called: contact {subject} set aside",
     .title_many = "Not known whether called: {count} contacts of {campaign} set aside",
     .advice = "Look for a call to this number in the provider's own log: its dial was sent and "
               "not answered, and the provider refuses to list its calls. Is the account's SID or "
               "address wrong? It is not called again by itself."},
    {.name = "contact-auth",
     CONTACTS,
     .where = "reason=permanent.auth",
     .inhibited_by = "mark/{provider}",
     .title = "Permanent failure: contact {subject} set aside",
     .title_many = "Permanent failure (key refused): {count} contacts of {campaign} set aside",
     .advice = "Check the provider's key. The other contacts wait until the key has changed."},
    {.name = "contact-quota",
     CONTACTS,
     .where = "reason=permanent.quota",
     .inhibited_by = "mark/{provider}",
     .title = "Permanent failure: contact {subject} set aside",
     .title_many = "Permanent failure (no credit): {count} contacts of {campaign} set aside",
     .advice = "Check the provider's account: credit or quota is used up. The other contacts "
               "wait."},
    {.name = "contact-config",
     CONTACTS,
     .where = "reason=permanent.config",
     .inhibited_by = "mark/{provider}",
     .title = "Permanent failure: contact {subject} set aside",
     .title_many = "Permanent failure (configuration): {count} contacts of {campaign} set aside",
     .advice = "Mend what the message names: the provider's section of the configuration "
               "(address, certificate, caller id), which the other contacts wait for; or, for a "
               "country that may be called, Twilio's geo permissions. Then: ringfence campaign "
               "retry NAME --reason permanent.config."},
    {.name = "contact-permanent",
     CONTACTS,
     .where = "reason^=permanent.",
     .title = "Permanent failure: contact {subject} set aside",
     .title_many = "Permanent failure: {count} contacts of {campaign} set aside",
     .advice = "Check the data of who is named, such as the number. The other contacts are not "
               "concerned."},

    {.name = "worker",
     .on = "worker.ejected",
     .resolve = "worker.readmitted",
     .by = "subject provider",
     .interval = MINUTES(5),
     .title = "Gateway {subject} is kept from {provider}",
     .title_resolved = "Gateway {subject} gets calls of {provider} again",
     .advice = "Look at this gateway's way to the provider: its network, DNS, proxy, clock, its "
               "configuration. Its calls are carried out by the other gateways, and no contact "
               "waits for it. It is tried again by itself, each time later while it fails.",
     .advice_resolved = "Nothing, if its calls succeed now."},
    // Told after alerter.own_side.within: the outages of others may come with it.
    {.name = "provider",
     .on = "provider.down",
     .resolve = "provider.up",
     .costs = "{subject}",
     .interval = MINUTES(5),
     .inhibited_by = "breaker/{subject} own-side own-reach",
     .title = "Provider {subject} is down",
     .title_resolved = "Provider {subject} is up again",
     .advice = "Look at the provider's status page and at our own network.",
     .advice_resolved = "Nothing: the provider answers again."},
    // Told by the health monitor, which asks the others before it takes one for down.
    {.name = "own-side-reach",
     .on = "own_side.failed",
     .resolve = "own_side.recovered",
     .group = "own-reach",
     .by = "",
     .interval = MINUTES(5),
     .title = "No provider answers on {host}: our own {subject}?",
     .title_resolved = "Providers answer again on {host}",
     .advice = "They have nothing in common but us: look at our own network, DNS, proxy and "
               "firewall. None of them is taken for down, and none is charged for it.",
     .advice_resolved = "Nothing. Who does not answer still is told by itself in a moment."},
    // Made by the engine (own_side.c), of providers that went down together.
    {.name = "own-side",
     .on = "",
     .severity = "critical",
     .interval = MINUTES(5),
     .title = "{count} providers are down together: our own side?",
     .title_many = "{count} providers are down together: our own side?",
     .title_resolved = "The providers that were down together answer again",
     .advice = "They have nothing in common but us: look at our own network, DNS, proxy, firewall "
               "and clock before you look at theirs.",
     .advice_resolved = "Nothing. Who is still down is told by itself in a moment."},
    {.name = "process",
     .on = "process.lost",
     .resolve = "process.ready",
     .resolve_by = "service",
     .title = "Process {subject} is lost",
     .title_resolved = "Process {subject} is replaced: another {service} is ready",
     .advice = "Start the process again, unless its supervisor does. Its last words are on its "
               "standard error.",
     .advice_resolved = "See in its log why it ended."},
    {.name = "process-version",
     .on = "process.refused",
     .by = "",
     .wait = SECONDS(10),
     .interval = MINUTES(5),
     .resolve_after = HOURS(1),
     .title = "Process {subject} is not let in: it speaks another version of the protocol",
     .title_many = "{count} processes are not let in: they speak another version of the protocol",
     .advice = "Upgrade what is named: the broker before the others. It takes no part until then, "
               "tries on, and is let in by itself as soon as both speak one version."},

    {.name = "mark-auth",
     MARK,
     .where = "class=permanent.auth",
     .advice = "Check the provider's key. " MARK_ADVICE},
    {.name = "mark-quota",
     MARK,
     .where = "class=permanent.quota",
     .advice = "Check the provider's account: credit or quota is used up. " MARK_ADVICE},
    {.name = "mark-config",
     MARK,
     .where = "class=permanent.config",
     .advice = "Check the provider's section of the configuration (address, certificate, caller "
               "id, permissions). " MARK_ADVICE},
    {.name = "mark",
     MARK,
     .advice = "Look at the provider's message and at its status page. " MARK_ADVICE},
    {.name = "key",
     .on = "key.set_aside",
     .resolve = "key.cleared",
     .by = "subject key",
     .interval = MINUTES(5),
     .title = "A key of provider {subject} is set aside",
     .title_resolved = "A key of provider {subject} is in use again, or gone",
     .advice = "Replace this key, or look at its account: its file is read again by itself. "
               "Nothing waits: the provider's other keys are used.",
     .advice_resolved = "Nothing."},

    {.name = "journal",
     .on = "journal.trimmed",
     .resolve_after = HOURS(1),
     .interval = MINUTES(5),
     .title = "Events may be lost: {subject} has a gap",
     .advice = "It was behind, or away, for longer than the journal keeps events: what it missed "
               "is in no log or alert of it. journal.max_age, max_events and max_bytes say how "
               "much is kept."},
    {.name = "journal-replaced",
     .on = "journal.replaced",
     .group = "journal",
     .resolve_after = HOURS(1),
     .interval = MINUTES(5),
     .title = "Events may be lost: {subject} has a gap",
     .advice = "The broker's database is another than before, or an older copy: events of the "
               "former one that it had not read are in no log or alert of it, and what it reads "
               "again may be told twice. Was a backup brought back, or state_dir emptied?"},
    // A sink that comes back by itself at once is no news.
    {.name = "sink",
     .on = "sink.failed",
     .resolve = "sink.recovered",
     .lasting = SECONDS(10),
     .interval = MINUTES(30),
     .title = "Log sink {subject} cannot be written",
     .title_resolved = "Log sink {subject} is written again",
     .advice = "See the message: is the disk full, the folder not ours, the account refused? "
               "Nothing is lost while the journal keeps the events; they are written when it works "
               "again.",
     .advice_resolved = "Nothing: what it missed is written now."},
    // Never told on the channel that it is about.
    {.name = "channel",
     .on = "channel.down",
     .resolve = "channel.up",
     .interval = MINUTES(30),
     .title = "Alerts no longer reach channel {subject}",
     .title_resolved = "Alerts reach channel {subject} again",
     .advice = "Mend what the message names: address, token or password, certificate, recipient; "
               "then: ringfence alert test {subject}. What waits is kept and sent then.",
     .advice_resolved = "Nothing: what waited is sent."},

    {.name = "dead-letter",
     .on = "alert.dead",
     .interval = MINUTES(30),
     .resolve_after = HOURS(1),
     .title = "Notices for channel {subject} were given up",
     .advice = "They are kept as dead letters: see ringfence alert dead, and send them again by "
               "ringfence alert resend when the channel works."},

    {.name = "recipient",
     .on = "alert.refused",
     .by = "subject recipient",
     .interval = HOURS(24),
     .resolve_after = HOURS(72),
     .title = "Channel {subject} cannot mail {recipient}",
     .advice = "Correct or take out this address in the channel's list of recipients: its mail "
               "server refuses it for good. The other recipients have their mails."},

    {.name = "queue",
     .on = "queue.stalled",
     .resolve = "queue.moving",
     .interval = MINUTES(30),
     .inhibited_by = "breaker/* mark/* own-side",
     .title = "Campaign {subject} stands still: {due} contacts are due",
     .title_resolved = "Campaign {subject} moves again",
     .advice = "Is a gateway running, and an orchestrator? See: ringfence status, ringfence "
               "campaign status {subject}.",
     .advice_resolved = "Nothing."},
    {.name = "disk",
     .on = "disk.low",
     .resolve = "disk.ok",
     .by = "host subject",
     .interval = MINUTES(30),
     .title = "Disk nearly full: {subject}",
     .title_resolved = "Disk has room again: {subject}",
     .advice = "Make room, or lower what is kept (journal.max_bytes, the logs' retention). When "
               "it is full, events wait in their senders' outboxes and no call is begun.",
     .advice_resolved = "Nothing."},
    {.name = "clock",
     .on = "clock.off",
     .resolve = "clock.right",
     .interval = MINUTES(30),
     .remind = HOURS(12),
     .title = "The clock of {subject} is wrong: too {way}",
     .title_resolved = "The clock of {subject} is right again",
     .advice = "Set it right, and see why nothing does (chrony, systemd-timesyncd: timedatectl). "
               "Calling hours, certificates, signed webhooks and the search for calls that are in "
               "doubt all go by it.",
     .advice_resolved = "Nothing."},
    {.name = "certificate-expired",
     CERTIFICATE,
     .where = "left_ns<0",
     .severity = "critical",
     .title = "The certificate of {subject} has expired",
     .advice = CERTIFICATE_ADVICE},
    {.name = "certificate",
     CERTIFICATE,
     .title = "The certificate of {subject} is near its end",
     .advice = CERTIFICATE_ADVICE},
    {.name = "forecast",
     .on = "forecast.short",
     .resolve = "forecast.enough",
     .interval = HOURS(1),
     .remind = HOURS(12),
     .title = "The credit of {subject} will leave about {unserved} contacts unserved",
     .title_resolved = "The credit of {subject} lasts again",
     .advice =
         "Add credit to the account, or raise its plan, before it runs out; or pause what can "
         "wait: ringfence campaign pause NAME. When it has run out, contacts wait for it "
         "unless another provider of the chain serves them.",
     .advice_resolved = "Nothing."},
    {.name = "campaign",
     .on = "campaign.finished",
     .resolve_after = SECONDS(1),
     .title = "Campaign {subject} finished: {done} of {total} done, {set_aside} set aside",
     .advice = "Nothing. The outcome of each contact: ringfence campaign export {subject}."},
};
const size_t rf_alert_rule_count = sizeof rf_alert_rules / sizeof rf_alert_rules[0];
