// The stage with a fleet of gateways on it.
#ifndef STAGE_FLEET_H
#define STAGE_FLEET_H

#include "stage.h"

#define S        RF_NS_PER_S
#define RECOVERY (30 * S)
#define EJECTION (30 * S)
#define CONFIRM  (30 * S)
#define LEASE    (45 * S)
#define FLEET    8

extern struct stage stage;
extern struct rf_peer gateways[FLEET], client, watcher;
extern int64_t seqs[FLEET]; // of outcomes, of each gateway
extern int size;
extern char error_text[64]; // what those that fail say they met

// name_of: of a gateway.
const char *name_of(int g);
// hear: a gateway's heartbeat; `view` (may be NULL) is what it knows of elevenlabs.
void hear(int g, int64_t capacity, bool draining, struct rf_breaker_view *view);
// two_providers: for stage_open: elevenlabs and openai-tts.
void two_providers(struct rf_core_settings *settings);
// pass_without: time in which all gateways but those in `silent` (bits) live on.
void pass_without(int64_t ns, unsigned silent);
// pass: time in which all live on.
void pass(int64_t ns);
// begin: `count` gateways at a broker that has been there for longer than a lease.
void begin(int count);
// close_stage: a test's teardown.
int close_stage(void **state);
// guard: elevenlabs'.
struct rf_guard *guard(void);
// breaker: its state.
enum rf_breaker_state breaker(void);
// report: a gateway's outcome at elevenlabs.
void report(int g, const char *class, const char *permit);
// fails: `times` times.
void fails(int g, int times);
// succeed: once.
void succeed(int g);
// next_push: of one breaker, to the gateway.
const struct rf_breaker_view *next_push(int g);
// events_of: how many were published.
size_t events_of(const char *type);
// eject: `g` fails five times, and `by` is served.
void eject(int g, int by);
// retained: NULL: no such value.
json_t *retained(const char *key);

#endif
