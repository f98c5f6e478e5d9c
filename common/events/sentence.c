#include "events/sentence.h"

#include <limits.h>
#include <stdatomic.h>
#include <string.h>

#include "events/sentence_words.h"

static rf_sentence_fn *const sentences[RF_EVENT_COUNT] = {
    [RF_EVENT_PROCESS_READY] = rf_say_process_ready,
    [RF_EVENT_PROCESS_STOPPED] = rf_say_process_stopped,
    [RF_EVENT_PROCESS_LOST] = rf_say_process_lost,
    [RF_EVENT_PROCESS_REFUSED] = rf_say_process_refused,
    [RF_EVENT_LOG_LINE] = rf_say_log_line,
    [RF_EVENT_BREAKER_OPENED] = rf_say_breaker_opened,
    [RF_EVENT_BREAKER_HALF_OPEN] = rf_say_breaker_half_open,
    [RF_EVENT_BREAKER_CLOSED] = rf_say_breaker_closed,
    [RF_EVENT_BREAKER_FORCED] = rf_say_breaker_forced,
    [RF_EVENT_BREAKER_FORCE_ENDED] = rf_say_breaker_force_ended,
    [RF_EVENT_BREAKER_RESET] = rf_say_breaker_reset,
    [RF_EVENT_WORKER_EJECTED] = rf_say_worker_ejected,
    [RF_EVENT_WORKER_READMITTED] = rf_say_worker_readmitted,
    [RF_EVENT_PROVIDER_UP] = rf_say_provider_up,
    [RF_EVENT_PROVIDER_DEGRADED] = rf_say_provider_degraded,
    [RF_EVENT_PROVIDER_DOWN] = rf_say_provider_down,
    [RF_EVENT_CLOCK_OFF] = rf_say_clock_off,
    [RF_EVENT_CLOCK_RIGHT] = rf_say_clock_right,
    [RF_EVENT_DISK_LOW] = rf_say_disk_low,
    [RF_EVENT_DISK_OK] = rf_say_disk_ok,
    [RF_EVENT_OWN_SIDE_FAILED] = rf_say_own_side_failed,
    [RF_EVENT_OWN_SIDE_RECOVERED] = rf_say_own_side_recovered,
    [RF_EVENT_CERTIFICATE_EXPIRING] = rf_say_certificate_expiring,
    [RF_EVENT_CERTIFICATE_VALID] = rf_say_certificate_valid,
    [RF_EVENT_FORECAST_SHORT] = rf_say_forecast_short,
    [RF_EVENT_FORECAST_ENOUGH] = rf_say_forecast_enough,
    [RF_EVENT_MARK_SET] = rf_say_mark_set,
    [RF_EVENT_MARK_CLEARED] = rf_say_mark_cleared,
    [RF_EVENT_KEY_SET_ASIDE] = rf_say_key_set_aside,
    [RF_EVENT_KEY_CLEARED] = rf_say_key_cleared,
    [RF_EVENT_RETRY_SCHEDULED] = rf_say_retry_scheduled,
    [RF_EVENT_RETRY_EXHAUSTED] = rf_say_retry_exhausted,
    [RF_EVENT_FALLBACK_USED] = rf_say_fallback_used,
    [RF_EVENT_METRIC_ATTEMPTS] = rf_say_metric_attempts,
    [RF_EVENT_CAMPAIGN_LOADED] = rf_say_campaign_loaded,
    [RF_EVENT_CAMPAIGN_ORDERED] = rf_say_campaign_ordered,
    [RF_EVENT_CAMPAIGN_SET] = rf_say_campaign_set,
    [RF_EVENT_DNC_CHANGED] = rf_say_dnc_changed,
    [RF_EVENT_CAMPAIGN_FINISHED] = rf_say_campaign_finished,
    [RF_EVENT_QUEUE_STALLED] = rf_say_queue_stalled,
    [RF_EVENT_QUEUE_MOVING] = rf_say_queue_moving,
    [RF_EVENT_CONTACT_STARTED] = rf_say_contact_started,
    [RF_EVENT_CONTACT_STEP] = rf_say_contact_step,
    [RF_EVENT_CONTACT_DEFERRED] = rf_say_contact_deferred,
    [RF_EVENT_CONTACT_DONE] = rf_say_contact_done,
    [RF_EVENT_CONTACT_SET_ASIDE] = rf_say_contact_set_aside,
    [RF_EVENT_CALL_TOLD] = rf_say_call_told,
    [RF_EVENT_ALERT_SENT] = rf_say_alert_sent,
    [RF_EVENT_ALERT_FAILED] = rf_say_alert_failed,
    [RF_EVENT_CHANNEL_DOWN] = rf_say_channel_down,
    [RF_EVENT_CHANNEL_UP] = rf_say_channel_up,
    [RF_EVENT_ALERT_DEAD] = rf_say_alert_dead,
    [RF_EVENT_ALERT_REFUSED] = rf_say_alert_refused,
    [RF_EVENT_ALERT_SILENCED] = rf_say_alert_silenced,
    [RF_EVENT_ALERT_UNSILENCED] = rf_say_alert_unsilenced,
    [RF_EVENT_ALERT_SILENCE_ENDED] = rf_say_alert_silence_ended,
    [RF_EVENT_ALERT_ACKNOWLEDGED] = rf_say_alert_acknowledged,
    [RF_EVENT_SINK_FAILED] = rf_say_sink_failed,
    [RF_EVENT_SINK_RECOVERED] = rf_say_sink_recovered,
    [RF_EVENT_SINK_DROPPED] = rf_say_sink_dropped,
    [RF_EVENT_JOURNAL_TRIMMED] = rf_say_journal_trimmed,
    [RF_EVENT_JOURNAL_REPLACED] = rf_say_journal_replaced,
    [RF_EVENT_SUBSCRIBER_FORGOTTEN] = rf_say_subscriber_forgotten,
};

// The catalogue's names, taken here so that this library needs nothing of the wire.
static const struct {
    const char *name;
    size_t size;
} types[RF_EVENT_COUNT] = {
#define EVENT(name, type, severity, meaning) [RF_EVENT_##name] = {(type), sizeof(type) - 1},
#include <ringfence/messages.def>
};

bool rf_sentence_needs_tree(const char *type) {
    return strcmp(type, types[RF_EVENT_WORKER_EJECTED].name) == 0;
}

#define HINTS 64
_Static_assert(RF_EVENT_COUNT <= UCHAR_MAX, "a hint is one byte");

static bool is_type(size_t i, const char *type, size_t size) {
    return types[i].size == size && memcmp(type, types[i].name, size) == 0;
}

// The event's place in the catalogue, RF_EVENT_COUNT if it has none. Where a type like it was found
// last is looked at first: any number of threads may hint, as a hint that is wrong costs a search.
static size_t event_of(const char *type) {
    static atomic_uchar hints[HINTS];
    size_t size = strlen(type), i = 0;
    unsigned first = (unsigned char)type[0], last = (unsigned char)type[size == 0 ? 0 : size - 1];
    atomic_uchar *hint = &hints[(first * 7 + last * 5 + size) % HINTS];
    size_t hinted = atomic_load_explicit(hint, memory_order_relaxed);
    if (is_type(hinted, type, size))
        return hinted;
    while (i < RF_EVENT_COUNT && !is_type(i, type, size))
        i++;
    if (i < RF_EVENT_COUNT)
        atomic_store_explicit(hint, (unsigned char)i, memory_order_relaxed);
    return i;
}

void rf_event_sentence(const struct rf_event *event, struct rf_text *text) {
    size_t i = event_of(event->type);
    if (i < RF_EVENT_COUNT && sentences[i] != NULL) {
        sentences[i](event, text);
        return;
    }
    rf_say_name(text, event->type);
    rf_text_add(text, " ");
    rf_say_name(text, event->subject);
    rf_say_field(text, event, ": ", "message", "");
}
