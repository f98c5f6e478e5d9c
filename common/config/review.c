// What is allowed, but most likely not meant.
#include "config/review.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "calendar/holidays.h"
#include "config/rows.h"
#include "config/value.h"
#include "media/recording.h"

const struct rf_config_warning rf_config_warnings[] = {
#define X(id, code, meaning) [RF_CONFIG_WARNING_##id] = {code, meaning},
    RF_CONFIG_WARNINGS(X)
#undef X
};

const size_t rf_config_warning_count = sizeof rf_config_warnings / sizeof rf_config_warnings[0];

void rf_config_warn(const struct rf_config_review *review, enum rf_config_warning_code code,
                    const char *key, const char *format, ...) {
    char text[RF_ERROR_MESSAGE_SIZE];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    review->fn(review->arg, rf_config_warnings[code].code, key, text);
}

static void review_secret_file(const struct rf_config_review *review, const char *key,
                               const char *path) {
    struct stat status;
    if (stat(path, &status) == 0 && (status.st_mode & (S_IRGRP | S_IROTH)) != 0)
        rf_config_warn(review, RF_CONFIG_WARNING_SECRET_MODE, key,
                       "%s may be read by others (mode %04o); chmod 600 %s", path,
                       (unsigned)status.st_mode & 07777u, path);
}

// Whether the row is a value that openai-tts only has from openai, where it is told already.
static bool is_taken_over(const struct rf_config_review *review, const struct rf_config_row *row) {
    const struct rf_config_provider *speech = &review->config->providers[RF_PROVIDER_OPENAI_TTS];
    const struct rf_config_provider *openai = &review->config->providers[RF_PROVIDER_OPENAI];
    if (strncmp(row->key, "providers.openai-tts.key", 24) == 0)
        return strcmp(speech->key.fingerprint, openai->key.fingerprint) == 0;
    return strcmp(row->key, "providers.openai-tts.ca_file") == 0 && speech->ca_file != NULL &&
           openai->ca_file != NULL && strcmp(speech->ca_file, openai->ca_file) == 0;
}

// The secrets in a list.
static void review_secret_items(const struct rf_config_review *review,
                                const struct rf_config_row *row,
                                const struct rf_config_list *list) {
    for (size_t i = 0; i < list->count; i++)
        for (size_t k = 0; k < row->items->row_count; k++) {
            const struct rf_config_row *member = &row->items->rows[k];
            const char *item = (const char *)list->items + i * row->items->size;
            const struct rf_secret *secret = (const void *)(item + member->offset);
            if (member->type == RF_CONFIG_SECRET && secret->file != NULL)
                review_secret_file(review, row->key, secret->file);
        }
}

// Every secret, and every file that is to be read.
static void review_files(const struct rf_config_review *review) {
    for (size_t i = 0; i < rf_config_row_count; i++) {
        const struct rf_config_row *row = &rf_config_rows[i];
        if (row->offset == RF_CONFIG_NOWHERE || is_taken_over(review, row))
            continue;
        const void *place = (const char *)review->config + row->offset;
        if (row->type == RF_CONFIG_SECRET && ((const struct rf_secret *)place)->file != NULL)
            review_secret_file(review, row->key, ((const struct rf_secret *)place)->file);
        if (row->type == RF_CONFIG_LIST)
            review_secret_items(review, row, place);
        const char *last = strrchr(row->key, '.');
        bool input = row->type == RF_CONFIG_PATH && last != NULL &&
                     (strcmp(last, ".ca_file") == 0 || strcmp(last, ".cert_file") == 0 ||
                      strcmp(last, ".key_file") == 0 || strcmp(last, ".credentials") == 0);
        if (!input)
            continue;
        const char *path = *(char *const *)place;
        if (path != NULL && access(path, R_OK) != 0)
            rf_config_warn(review, RF_CONFIG_WARNING_FILE_MISSING, row->key, "%s cannot be read",
                           path);
        else if (path != NULL &&
                 (strcmp(last, ".key_file") == 0 || strcmp(last, ".credentials") == 0))
            review_secret_file(review, row->key, path);
    }
}

// Tokens and sessions would be read by whoever is on the way.
static void review_console(const struct rf_config_review *review) {
    const struct rf_config_console *console = &review->config->console;
    bool local = strncmp(console->listen, "127.", 4) == 0 ||
                 strncmp(console->listen, "[::1]:", 6) == 0 ||
                 strncmp(console->listen, "localhost:", 10) == 0;
    if (!local && console->cert_file == NULL)
        rf_config_warn(review, RF_CONFIG_WARNING_CONSOLE_PLAIN, "console.listen",
                       "%s is reached from other hosts, without HTTPS: set console.cert_file, or "
                       "keep it on 127.0.0.1 behind a server that has it",
                       console->listen);
}

static void review_recording(const struct rf_config_review *review) {
    const char *format;
    char *data = NULL;
    size_t size;
    struct rf_error error = {0};
    if (review->config->gateway.recording == NULL)
        return;
    if (rf_recording_read(review->config->gateway.recording, &data, &size, &format, &error) !=
        RF_OK)
        rf_config_warn(review, RF_CONFIG_WARNING_RECORDING_UNUSABLE, "gateway.recording", "%s",
                       error.message);
    free(data);
}

static void review_holidays(const struct rf_config_review *review) {
    struct rf_holidays *holidays = NULL;
    struct rf_error error = {0};
    const char *path = review->config->campaign.holidays;
    if (path != NULL && rf_holidays_read(path, &holidays, &error) != RF_OK)
        rf_config_warn(review, RF_CONFIG_WARNING_HOLIDAYS_UNUSABLE, "campaign.holidays", "%s",
                       error.message);
    rf_holidays_destroy(&holidays);
}

// The longest time that all attempts and waits of one provider can take.
static struct rf_duration longest_call(const struct rf_config_provider *provider) {
    const struct rf_retry_policy *retry = &provider->retry;
    double total = (double)provider->timeout.attempt.ns;
    double spread = retry->jitter == RF_JITTER_FRACTION ? 1 + retry->jitter_fraction : 1;
    for (int64_t i = 0; i < retry->max_retries; i++) {
        double most = (double)rf_retry_backoff(retry, i).ns * spread;
        if (most > (double)retry->max_delay.ns || retry->jitter == RF_JITTER_DECORRELATED)
            most = (double)retry->max_delay.ns;
        total += most + (double)provider->timeout.attempt.ns;
    }
    return total < 9e18 ? rf_ns((int64_t)total) : rf_ns(INT64_MAX);
}

static void review_chain(const struct rf_config_review *review, const char *name,
                         const struct rf_config_chain *chain) {
    char key[64];
    for (size_t i = 0; i < chain->count; i++) {
        const struct rf_config_provider *provider = &review->config->providers[chain->links[i]];
        if (provider->key.value != NULL)
            continue;
        snprintf(key, sizeof key, "providers.%s.key", rf_provider_name(chain->links[i]));
        rf_config_warn(review, RF_CONFIG_WARNING_KEY_MISSING, key,
                       "is not set, but gateway.chains.%s names the provider", name);
    }
}

static void review_deadline(const struct rf_config_review *review,
                            const struct rf_config_chain *chain) {
    struct rf_duration deadline = review->config->orchestrator.call_deadline;
    for (size_t i = 0; i < chain->count; i++) {
        struct rf_duration most = longest_call(&review->config->providers[chain->links[i]]);
        // A retry leaves the next link an attempt.
        bool has_next = i + 1 < chain->count;
        if (has_next)
            most = rf_ns(rf_ns_add(
                most.ns, review->config->providers[chain->links[i + 1]].timeout.attempt.ns));
        if (most.ns > deadline.ns)
            rf_config_warn(
                review, RF_CONFIG_WARNING_DEADLINE_SHORT, "orchestrator.call_deadline",
                "is %.0f s, but all attempts and waits of %s%s may take %.0f s: late retries will "
                "not be begun",
                rf_duration_s(deadline), rf_provider_name(chain->links[i]),
                has_next ? ", with an attempt of the next link," : "", rf_duration_s(most));
    }
}

// The path of the audio is signed when the call is sent, and fetched when it is answered.
static void review_audio(const struct rf_config_review *review) {
    const struct rf_config_telephony *telephony = &review->config->telephony;
    struct rf_duration answered =
        rf_ns(rf_ns_add(telephony->send_margin.ns, telephony->ring_timeout.ns));
    if (strcmp(telephony->audio, "play") == 0 && telephony->media_ttl.ns <= answered.ns)
        rf_config_warn(review, RF_CONFIG_WARNING_AUDIO_SHORT, "telephony.media_ttl",
                       "is %.0f s, but send_margin and ring_timeout together are %.0f s: who "
                       "answers late hears nothing",
                       rf_duration_s(telephony->media_ttl), rf_duration_s(answered));
}

void rf_config_review(const struct rf_config *config, rf_config_warning_fn *fn, void *arg) {
    struct rf_config_review review = {config, fn, arg};
    review_files(&review);
    review_console(&review);
    review_recording(&review);
    review_holidays(&review);
    review_chain(&review, "speech", &config->gateway.speech);
    review_chain(&review, "script", &config->gateway.script);
    review_chain(&review, "telephony", &config->gateway.telephony);
    review_deadline(&review, &config->gateway.speech);
    review_deadline(&review, &config->gateway.script);
    review_audio(&review);
    rf_config_review_bus(&review);
}
