// When the peer's certificate ends, as libcurl tells it: the first of the chain is the peer's own.
#include <string.h>
#include <strings.h>

#include "http/date.h"
#include "http/transfer.h"

#define END "Expire date:"

struct rf_utc rf_http_certificate_until(const struct rf_http_transfer *t) {
    struct curl_certinfo *chain = NULL;
    if (!t->looking || curl_easy_getinfo(t->easy, CURLINFO_CERTINFO, &chain) != CURLE_OK ||
        chain == NULL || chain->num_of_certs < 1)
        return (struct rf_utc){0};
    for (const struct curl_slist *line = chain->certinfo[0]; line != NULL; line = line->next) {
        if (strncasecmp(line->data, END, strlen(END)) != 0)
            continue;
        struct rf_utc until;
        if (rf_http_date_parse(line->data + strlen(END), &until))
            return until;
    }
    return (struct rf_utc){0};
}
