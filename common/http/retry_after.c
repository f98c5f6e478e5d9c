// The provider's wish for the next attempt. Retry-After is seconds or a date (RFC 9110, 10.2.3);
// retry-after-ms is what OpenAI's and Anthropic's clients read first (providers.md, "What every
// adapter shares"). OpenAI's client takes fractions of a second, so we do.
#include <ctype.h>
#include <string.h>

#include "http/transfer.h"

// Ten years: beyond every policy, and far from overflowing.
#define LONGEST_SECONDS INT64_C(315360000)

static const char *skip_spaces(const char *text) {
    while (*text == ' ' || *text == '\t')
        text++;
    return text;
}

// Digits with an optional fraction, in units of `unit_ns`. False if the text is anything else.
static bool parse_number(const char *text, int64_t unit_ns, struct rf_duration *wait) {
    int64_t ns = 0, longest = LONGEST_SECONDS * RF_NS_PER_S;
    text = skip_spaces(text);
    if (!isdigit((unsigned char)*text))
        return false;
    for (; isdigit((unsigned char)*text); text++)
        if (ns < longest)
            ns = rf_ns_add(ns * 10, (*text - '0') * unit_ns);
    if (*text == '.') {
        int64_t place = unit_ns;
        for (text++; isdigit((unsigned char)*text); text++) {
            place /= 10;
            ns = rf_ns_add(ns, (*text - '0') * place);
        }
    }
    if (*skip_spaces(text) != '\0')
        return false;
    *wait = rf_ns(ns < longest ? ns : longest);
    return true;
}

static struct rf_duration until_date(const char *text, struct rf_utc now) {
    time_t date = curl_getdate(text, NULL);
    if (date < 0)
        return rf_ns(0);
    int64_t limit = now.ns / RF_NS_PER_S + LONGEST_SECONDS;
    int64_t seconds = (int64_t)date < limit ? (int64_t)date : limit;
    int64_t left = rf_ns_sub(seconds * RF_NS_PER_S, now.ns);
    return rf_ns(left > 0 ? left : 0);
}

struct rf_duration rf_http_retry_after_parse(const char *milliseconds, const char *retry_after,
                                             struct rf_utc now) {
    struct rf_duration wait;
    if (milliseconds != NULL && parse_number(milliseconds, RF_NS_PER_MS, &wait))
        return wait;
    if (retry_after == NULL)
        return rf_ns(0);
    if (parse_number(retry_after, RF_NS_PER_S, &wait))
        return wait;
    return until_date(retry_after, now);
}
