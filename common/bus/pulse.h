// Whether the broker is there: heartbeats in, changes out. Pure.
//
// A lost peer is known by silence alone: a socket connects again by itself and tells nobody, and
// messages to a peer that was restarted vanish without an error.
#ifndef RF_BUS_PULSE_H
#define RF_BUS_PULSE_H

#include <stdbool.h>

#include <ringfence/time.h>

#define RF_PULSE_NAME_SIZE 128

// Who is silent for two heartbeats is lost, by default: so each says something this often in one,
// and a message that is lost or late harms nobody.
#define RF_PULSE_BEATS 3

struct rf_pulse {
    char broker[RF_PULSE_NAME_SIZE]; // instance heard last; "" before the first
    bool connected;
    struct rf_duration limit; // silent for longer: lost
    struct rf_instant heard;  // when it was heard last
    struct rf_instant alone_since;
    struct rf_instant told; // when somebody was told last that we wait
    bool waiting_told;
};

enum rf_pulse_news {
    RF_PULSE_SAME,    // all is as it was
    RF_PULSE_CAME,    // connected now, and was not before
    RF_PULSE_CHANGED, // another broker, or one that does not know us any more; was connected before
};

// rf_pulse_init: not connected since `now`; lost after `limit` of silence.
void rf_pulse_init(struct rf_pulse *pulse, struct rf_duration limit, struct rf_instant now);

// rf_pulse_interval: of our own heartbeats: ours is `heartbeat`, and the broker's the other, of
// which the shorter holds.
struct rf_duration rf_pulse_interval(struct rf_duration heartbeat, int64_t brokers_ns);

// rf_pulse_is_another: whether `broker` is another instance than the one heard last, or the first.
bool rf_pulse_is_another(const struct rf_pulse *pulse, const char *broker);

// rf_pulse_heard: the broker answered a heartbeat. `registered`: it did not know us before. After
// CAME as after CHANGED everything must be set up anew: what was sent in the meantime may be lost.
enum rf_pulse_news rf_pulse_heard(struct rf_pulse *pulse, const char *broker, bool registered,
                                  struct rf_instant now);

// rf_pulse_silent: true once when the silence passes the limit; not connected from then on.
bool rf_pulse_silent(struct rf_pulse *pulse, struct rf_instant now);

// rf_pulse_waiting: true when it is time to say that we wait for the broker: after 1 s, then every
// 30 s.
bool rf_pulse_waiting(struct rf_pulse *pulse, struct rf_instant now);

#endif
