// What the parts of the engine share.
#ifndef RF_ALERTER_ENGINE_PARTS_H
#define RF_ALERTER_ENGINE_PARTS_H

#include "engine.h"

#define RF_NEVER ((struct rf_utc){INT64_MAX})

// engine.c: the list of incidents. _add: RF_OK or out of memory, told by `failed`. _forget: it is
// stored once more and freed then. _set: rf_incident_set that tells by `failed`.
void rf_engine_add(struct rf_engine *engine, struct rf_incident *incident);
void rf_engine_forget(struct rf_engine *engine, struct rf_incident *incident);
void rf_engine_text(struct rf_engine *engine, char **text, const char *value);
struct rf_incident *rf_engine_find(const struct rf_engine *engine, const char *fingerprint);
const struct rf_config_alert_rule *rf_engine_rule(const struct rf_engine *engine,
                                                  const struct rf_incident *incident);

// engine_event.c: who was met: true if for the first time.
#define RF_ENGINE_NAME_BYTES 96 // of a name that is told
bool rf_engine_meet(struct rf_engine *engine, struct rf_incident *incident, char role,
                    const char *name);

// opening.c: an incident begins; it opens once more. _changed: it opened or ended, which may be
// flapping.
struct rf_incident *rf_engine_begin(struct rf_engine *engine,
                                    const struct rf_config_alert_rule *rule,
                                    const struct rf_event *event, const char *fingerprint,
                                    struct rf_utc at, struct rf_utc now);
void rf_engine_reopen(struct rf_engine *engine, struct rf_incident *incident, struct rf_utc at);
void rf_engine_changed(struct rf_engine *engine, struct rf_incident *incident, struct rf_utc at);
// Texts, each told by `failed` if there is no memory: of outside, made safe for a line; an event as
// it is kept; a text of the rule, filled in ("" if the rule has none).
void rf_engine_clean(struct rf_engine *engine, char **text, const char *outside, size_t limit);
void rf_engine_keep(struct rf_engine *engine, char **text, const struct rf_event *event);
void rf_engine_fill(struct rf_engine *engine, char **text, const char *pattern,
                    const struct rf_event *event);

// ending.c: the incident ends; `event` is NULL where an ending has none. _end_by: whatever the
// event ends. _end_at_once: an incident that just began, if its end came before it.
void rf_engine_end_incident(struct rf_engine *engine, struct rf_incident *incident,
                            const struct rf_event *event, struct rf_utc at, struct rf_utc now);
void rf_engine_end_by(struct rf_engine *engine, const struct rf_event *event, struct rf_utc at,
                      struct rf_utc now);
void rf_engine_end_at_once(struct rf_engine *engine, struct rf_incident *incident,
                           const struct rf_config_alert_rule *rule, const struct rf_event *event,
                           struct rf_utc now);

// inhibit.c: the open incident that one of `patterns` (names, separated by blanks) means, and that
// may swallow `other` (NULL: what is not there yet); NULL: none. _released: what `ended` swallowed
// is told after alerter.settle.
struct rf_incident *rf_engine_inhibitor(const struct rf_engine *engine, const char *patterns,
                                        const struct rf_incident *other);
void rf_engine_released(struct rf_engine *engine, const struct rf_incident *ended,
                        struct rf_utc now);

// own_side.c: looks whether providers fail together, after `incident` began or ended.
void rf_own_side_look(struct rf_engine *engine, const struct rf_incident *incident,
                      const struct rf_event *event, struct rf_utc now);

// due.c: what the incident wants to be told at `now`, whatever the storm; *wake becomes the moment
// at which to ask again, if that is before what is there. It ends what is over by quiet.
enum rf_due rf_engine_due(struct rf_engine *engine, struct rf_incident *incident, struct rf_utc now,
                          struct rf_utc *wake);
unsigned rf_engine_channels(const struct rf_engine *engine, const struct rf_incident *incident,
                            enum rf_due due);

// Also due.c: what channel c is owed of it, as things stand now: as above. What is not true any
// more is forgotten.
enum rf_due rf_engine_owed(struct rf_engine *engine, struct rf_incident *incident, unsigned c,
                           struct rf_utc now, struct rf_utc *wake);

// storm.c: tells what is due of one incident to those channels that no storm keeps.
void rf_engine_consider(struct rf_engine *engine, struct rf_incident *incident, struct rf_utc now,
                        struct rf_utc *wake);

#endif
