#include "http/date.h"

#include <curl/curl.h>
#include <stddef.h>

bool rf_http_date_parse(const char *text, struct rf_utc *date) {
    time_t seconds = text != NULL ? curl_getdate(text, NULL) : -1;
    return seconds >= 0 && !__builtin_mul_overflow(seconds, RF_NS_PER_S, &date->ns);
}

struct rf_duration rf_http_clock_ahead(struct rf_utc date, struct rf_utc sent,
                                       struct rf_utc received) {
    if (rf_utc_since(received, sent).ns < 0)
        return rf_ns(0);
    int64_t most = rf_utc_since(received, date).ns;
    int64_t least = rf_ns_sub(rf_utc_since(sent, date).ns, RF_NS_PER_S);
    if (least > 0)
        return rf_ns(least);
    return rf_ns(most < 0 ? most : 0);
}
