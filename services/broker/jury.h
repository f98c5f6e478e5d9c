// The jury of one provider: on whose word its circuit breaker may open (incident 6).
//
// When the breaker would open on the word of one gateway alone, and others are there, that gateway
// is suspected: it is held back, so that the next call, its own retry too, is another one's, and
// that one's result decides:
//
//   it fails too    the breaker opens
//   it succeeds     the suspect is ejected: its results do not count, it gets no calls
//   none comes      within `confirm_within`, or nobody else is left: the one word is enough.
//                   Without calls nothing is lost by the wait, and with calls that hang the
//                   provider is more likely to be ill than the gateway
//
// What the suspect says of calls that it had begun before goes on counting, but opens nothing: its
// suspicion ends when by all of its word the breaker would stay closed.
//
// A gateway whose last failure_threshold results failed while others were served meanwhile is
// ejected without that wait: between the good results of the others it might fail for ever and
// never open anything.
//
// What does not count for the breaker may still be one gateway's own trouble: a name that it cannot
// look up, a certificate that its clock does not accept, a proxy that refuses it. Before such an
// error marks the provider as unusable for all, another gateway has to meet it as well. Only a
// CLOSED breaker that is enforced and that no person has forced has a jury. Pure: reports, the
// fleet and time in, a verdict out.
#ifndef RF_BROKER_JURY_H
#define RF_BROKER_JURY_H

#include "ejection.h"
#include "evidence.h"

// Gateways that could carry out calls at the provider now.
struct rf_fleet {
    int64_t alive;   // the ejected ones too
    int64_t ejected; // of them
};

// What a gateway reports of an attempt, now.
struct rf_report {
    uint64_t who; // rf_ejection_who
    struct rf_breaker_ticket ticket;
    enum rf_class class;
    bool slow; // it still runs after slow_after, and has no class yet
};

enum rf_verdict {
    RF_VERDICT_COUNT,   // the breaker counted the report
    RF_VERDICT_IGNORE,  // it did not
    RF_VERDICT_SUSPECT, // it did, and is not to open: jury->suspect is to be held back, and
                        // whoever was suspected before is not any more
    RF_VERDICT_CLEAR,   // jury->culprit was suspected, and is not any more
    RF_VERDICT_OPEN,    // the same, and the breaker opened
    RF_VERDICT_EJECT,   // jury->culprit is to be ejected (rf_ejections_begin)
};

struct rf_hearing {
    enum rf_verdict verdict;
    bool changed; // the breaker's state, by `transition`
    struct rf_breaker_transition transition;
};

struct rf_jury {
    struct rf_evidence evidence;
    struct rf_ejections ejections;
    uint64_t suspect;            // 0: nobody
    enum rf_breaker_cause cause; // for which the breaker would have opened; none: it wants a mark
    struct rf_instant since;     // when it came under suspicion
    struct rf_instant until;     // by when another gateway has to confirm
    uint64_t culprit;            // of the last verdict
    uint64_t accuser;            // wanted a mark that nobody has confirmed or refuted; 0: nobody
    struct rf_instant accused;   // when it did so first
    struct rf_testimony said;    // when it was found out
};

// rf_jury_hear: a report about the breaker, which was ticked before: judges it, and lets the
// breaker count it or not.
struct rf_hearing rf_jury_hear(struct rf_jury *jury, struct rf_breaker *breaker,
                               const struct rf_report *report, struct rf_fleet fleet,
                               struct rf_instant now);

// rf_jury_wait: time has passed, or the fleet is another; the suspect is still of it. IGNORE: the
// suspicion goes on, or there is none; else OPEN, or CLEAR where the failures are too old by now.
struct rf_hearing rf_jury_wait(struct rf_jury *jury, struct rf_breaker *breaker,
                               struct rf_fleet fleet, struct rf_instant now);

// rf_jury_accuse: a gateway of the fleet has met an error on its way to the provider, and wants it
// marked for all. COUNT: so be it: another one met it within `confirm_within`, or none was asked
// for so long, or none is there. IGNORE: it is to try the call elsewhere. SUSPECT: the same, and
// jury->suspect is to be held back. CLEAR: as COUNT, and jury->culprit is not suspected any more.
enum rf_verdict rf_jury_accuse(struct rf_jury *jury, uint64_t who, struct rf_fleet fleet,
                               struct rf_instant now);

// rf_jury_forget: this gateway is gone, and its word with it: if it was suspected, nobody is any
// more, and the breaker forgets. True then.
bool rf_jury_forget(struct rf_jury *jury, struct rf_breaker *breaker, uint64_t who,
                    struct rf_instant now);

// rf_jury_dismiss: the breaker changed its state: nobody is suspected, and what was said does not
// matter any more. Ejections stand.
void rf_jury_dismiss(struct rf_jury *jury);

#endif
