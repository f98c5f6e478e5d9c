// What a row allows, in words.
#include "calendar/hours.h"
#include "config/rows.h"
#include "config/value.h"

#include <stdio.h>
#include <string.h>

// "a, b or c" from "a|b|c".
static void words_join(const char *words, char *out, size_t size) {
    size_t used = 0;
    for (const char *word = words; used + 1 < size;) {
        size_t length = strcspn(word, "|");
        const char *next = word[length] == '|' ? word + length + 1 : NULL;
        const char *link = word == words ? "" : (next != NULL ? ", " : " or ");
        used += (size_t)snprintf(out + used, size - used, "%s%.*s", link, (int)length, word);
        if (next == NULL)
            break;
        word = next;
    }
}

static void count_expected(const struct rf_config_row *row, char *out, size_t size) {
    snprintf(out, size, "a whole number from %.0f to %.0f", row->least, row->most);
}

// Those of the usual durations that the row takes, as a list; its least if it takes none.
static void examples(const struct rf_config_row *row, char *out, size_t size) {
    static const struct {
        const char *text;
        double ns;
    } usual[] = {{"250ms", 250e6}, {"5s", 5e9}, {"10m", 600e9}, {"1h", 3600e9}};
    const char *fit[sizeof usual / sizeof usual[0]];
    char least[32];
    size_t count = 0;
    for (size_t i = 0; i < sizeof usual / sizeof usual[0]; i++)
        if (usual[i].ns >= row->least && usual[i].ns <= row->most)
            fit[count++] = usual[i].text;
    rf_config_duration_text((int64_t)row->least, least, sizeof least);
    if (count == 0)
        fit[count++] = least;
    for (size_t i = 0; i < count; i++) {
        size_t used = strlen(out);
        snprintf(out + used, size - used, "%s%s",
                 i == 0           ? ""
                 : i + 1 == count ? " or "
                                  : ", ",
                 fit[i]);
    }
}

static void duration_expected(const struct rf_config_row *row, char *out, size_t size) {
    char least[32], most[32];
    rf_config_duration_text((int64_t)row->least, least, sizeof least);
    rf_config_duration_text((int64_t)row->most, most, sizeof most);
    snprintf(out, size, "a duration with a unit from %s to %s, such as ", least, most);
    examples(row, out, size);
}

static void size_expected(const struct rf_config_row *row, char *out, size_t size) {
    char least[32], most[32];
    rf_config_size_text((int64_t)row->least, least, sizeof least);
    rf_config_size_text((int64_t)row->most, most, sizeof most);
    snprintf(out, size, "a size with a unit from %s to %s, such as 512KiB, 64MiB or 1GiB", least,
             most);
}

char *rf_config_row_expected(const struct rf_config_row *row, char *out, size_t size) {
    static const char *const texts[] = {
        [RF_CONFIG_BOOL] = "yes or no",
        [RF_CONFIG_JITTER] =
            "none, full, equal, decorrelated or a share from 0% to 100%, such as 20%",
        [RF_CONFIG_TEXT] = "one line of text",
        [RF_CONFIG_LINES] = "text",
        [RF_CONFIG_PATH] = "a path; a relative one begins at the configuration file's folder",
        [RF_CONFIG_BASE_URL] =
            "a URL such as https://api.example.com, without user, query or fragment",
        [RF_CONFIG_URL] = "a URL that begins with http:// or https://",
        [RF_CONFIG_SMTP_URL] = "smtp://HOST:PORT or smtps://HOST:PORT",
        [RF_CONFIG_ENDPOINT] = "ipc://PATH, or tcp://ADDRESS:PORT with bus.curve",
        [RF_CONFIG_LISTEN] = "ADDRESS:PORT with a numeric address, such as 127.0.0.1:18080",
        [RF_CONFIG_PHONE] = "a number in E.164 form, such as +12025550100",
        [RF_CONFIG_ZONE] = "the name of a time zone, such as Europe/Berlin",
        [RF_CONFIG_HOURS] = RF_HOURS_EXPECTED,
        [RF_CONFIG_COUNTRY] = "a country by its two letters of ISO 3166, such as DE",
        [RF_CONFIG_SECRET] = "file:PATH, ${ENV} or the secret itself",
        [RF_CONFIG_STATUS] = "an HTTP status such as 429, a range such as 400-499, or 4xx",
    };
    char words[256];
    switch (row->type) {
    case RF_CONFIG_COUNT:
        count_expected(row, out, size);
        break;
    case RF_CONFIG_NUMBER:
        snprintf(out, size, "%sa number from %g to %g", row->or_zero ? "0, or " : "", row->least,
                 row->most);
        break;
    case RF_CONFIG_SHARE:
        snprintf(out, size, "a share from %g%% to %g%%, such as 20%%", row->least * 100,
                 row->most * 100);
        break;
    case RF_CONFIG_DURATION:
        duration_expected(row, out, size);
        break;
    case RF_CONFIG_SIZE:
        size_expected(row, out, size);
        break;
    case RF_CONFIG_WORD:
    case RF_CONFIG_CHOICE:
        words_join(row->words, out, size);
        break;
    case RF_CONFIG_CHAIN:
        words_join(row->words, words, sizeof words);
        snprintf(out, size, "a list such as [%.*s]; here may stand %s",
                 (int)strcspn(row->words, "|"), row->words, words);
        break;
    case RF_CONFIG_CLASSES:
        words_join(row->words, words, sizeof words);
        snprintf(out, size, "a list of classes, such as [%.*s]; here may stand %s",
                 (int)strcspn(row->words, "|"), row->words, words);
        break;
    case RF_CONFIG_LIST:
        snprintf(out, size, "%s", row->items->expected);
        break;
    default:
        snprintf(out, size, "%s", texts[row->type]);
        break;
    }
    return out;
}

const char *rf_config_row_written(const struct rf_config_row *row, char *out, size_t size) {
    bool list = row->type == RF_CONFIG_CHAIN || row->type == RF_CONFIG_CLASSES;
    if (row->fallback == NULL)
        return NULL;
    snprintf(out, size, list ? "[%s]" : "%s", row->fallback);
    return out;
}
