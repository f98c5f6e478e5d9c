// The parts that sentences about events (sentence.h) are made of, and the sentences.
#ifndef RF_EVENTS_SENTENCE_WORDS_H
#define RF_EVENTS_SENTENCE_WORDS_H

#include "events/sentence.h"

#define RF_SAY_NAME_BYTES 128 // of subjects and other short texts from outside

// rf_say_name: a subject or another short text from outside; "?" if there is none.
void rf_say_name(struct rf_text *text, const char *name);

// rf_say_subject: `before`, what the event is about, and `after`.
void rf_say_subject(struct rf_text *text, const struct rf_event *event, const char *before,
                    const char *after);

// rf_say_field, _number, _time, _span: `before`, the text, number, moment or span of time `key` of
// the event's data, and `after`; nothing if there is no such field.
void rf_say_field(struct rf_text *text, const struct rf_event *event, const char *before,
                  const char *key, const char *after);
void rf_say_number(struct rf_text *text, const struct rf_event *event, const char *before,
                   const char *key, const char *after);
void rf_say_time(struct rf_text *text, const struct rf_event *event, const char *before,
                 const char *key);
void rf_say_span(struct rf_text *text, const struct rf_event *event, const char *before,
                 const char *key, const char *after);

// rf_say_failure: " (transient, HTTP 503): the provider's words", as far as they are known.
void rf_say_failure(struct rf_text *text, const struct rf_event *event);

// rf_say_person: who did it, and why.
void rf_say_person(struct rf_text *text, const struct rf_event *event);

// The sentences, each after the type of its event.
typedef void rf_sentence_fn(const struct rf_event *event, struct rf_text *text);

rf_sentence_fn rf_say_process_ready;
rf_sentence_fn rf_say_process_stopped;
rf_sentence_fn rf_say_process_lost;
rf_sentence_fn rf_say_process_refused;
rf_sentence_fn rf_say_log_line;
rf_sentence_fn rf_say_breaker_opened;
rf_sentence_fn rf_say_breaker_half_open;
rf_sentence_fn rf_say_breaker_closed;
rf_sentence_fn rf_say_breaker_forced;
rf_sentence_fn rf_say_breaker_force_ended;
rf_sentence_fn rf_say_breaker_reset;
rf_sentence_fn rf_say_worker_ejected;
rf_sentence_fn rf_say_worker_readmitted;
rf_sentence_fn rf_say_provider_up;
rf_sentence_fn rf_say_provider_degraded;
rf_sentence_fn rf_say_provider_down;
rf_sentence_fn rf_say_own_side_failed;
rf_sentence_fn rf_say_own_side_recovered;
rf_sentence_fn rf_say_clock_off;
rf_sentence_fn rf_say_clock_right;
rf_sentence_fn rf_say_disk_low;
rf_sentence_fn rf_say_disk_ok;
rf_sentence_fn rf_say_certificate_expiring;
rf_sentence_fn rf_say_certificate_valid;
rf_sentence_fn rf_say_forecast_short;
rf_sentence_fn rf_say_forecast_enough;
rf_sentence_fn rf_say_mark_set;
rf_sentence_fn rf_say_mark_cleared;
rf_sentence_fn rf_say_key_set_aside;
rf_sentence_fn rf_say_key_cleared;
rf_sentence_fn rf_say_retry_scheduled;
rf_sentence_fn rf_say_retry_exhausted;
rf_sentence_fn rf_say_fallback_used;
rf_sentence_fn rf_say_metric_attempts;
rf_sentence_fn rf_say_campaign_loaded;
rf_sentence_fn rf_say_campaign_ordered;
rf_sentence_fn rf_say_campaign_set;
rf_sentence_fn rf_say_dnc_changed;
rf_sentence_fn rf_say_campaign_finished;
rf_sentence_fn rf_say_queue_stalled;
rf_sentence_fn rf_say_queue_moving;
rf_sentence_fn rf_say_contact_started;
rf_sentence_fn rf_say_contact_step;
rf_sentence_fn rf_say_contact_deferred;
rf_sentence_fn rf_say_contact_done;
rf_sentence_fn rf_say_contact_set_aside;
rf_sentence_fn rf_say_call_told;
rf_sentence_fn rf_say_alert_sent;
rf_sentence_fn rf_say_alert_failed;
rf_sentence_fn rf_say_alert_dead;
rf_sentence_fn rf_say_alert_refused;
rf_sentence_fn rf_say_alert_silenced;
rf_sentence_fn rf_say_alert_unsilenced;
rf_sentence_fn rf_say_alert_silence_ended;
rf_sentence_fn rf_say_alert_acknowledged;
rf_sentence_fn rf_say_channel_down;
rf_sentence_fn rf_say_channel_up;
rf_sentence_fn rf_say_sink_failed;
rf_sentence_fn rf_say_sink_recovered;
rf_sentence_fn rf_say_sink_dropped;
rf_sentence_fn rf_say_journal_trimmed;
rf_sentence_fn rf_say_journal_replaced;
rf_sentence_fn rf_say_subscriber_forgotten;

#endif
