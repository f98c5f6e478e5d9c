// A list that the alerter, or another service, gives in pages, read up to --limit.
#ifndef RF_CLI_ALERT_PAGES_H
#define RF_CLI_ALERT_PAGES_H

#include "ask.h"

#define CLI_PAGES_LIMIT 1000 // without --limit

// The session's `arg` points to it, or to a struct that begins with it. Zero it before use.
struct cli_pages {
    struct cli_ask ask;
    const char *service;          // NULL: the alerter
    const char *operation, *rows; // the member of the reply that is the list
    json_t *params;               // of the first page
    json_t *result;               // that one's reply, with the rows of all
    int64_t limit;
    void (*told)(struct cli_session *session, json_t *result);
};

// cli_pages_limit: reads --limit. RF_ERR_INVALID.
RF_NODISCARD enum rf_err cli_pages_limit(const struct cli_options *options, int64_t *limit,
                                         struct rf_error *error);

// cli_pages_ask: asks for page after page; `params` is taken over. `told` gets the first page's
// reply with the rows of all, and "more": whether there are further ones; borrowed.
void cli_pages_ask(struct cli_pages *pages, struct cli_session *session, const char *operation,
                   const char *rows, json_t *params,
                   void (*told)(struct cli_session *session, json_t *result));

// cli_pages_more: says that there are further rows, if there are.
void cli_pages_more(const json_t *result, struct rf_text *text);

// cli_pages_end: when the session has ended.
void cli_pages_end(struct cli_pages *pages);

#endif
