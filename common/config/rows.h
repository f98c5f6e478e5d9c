// The table of all keys: from it come the parser, the defaults, the error messages and the
// documentation.
#ifndef RF_CONFIG_ROWS_H
#define RF_CONFIG_ROWS_H

#include <stdbool.h>
#include <stddef.h>

enum rf_config_type {
    RF_CONFIG_BOOL,     // bool: yes or no
    RF_CONFIG_COUNT,    // int64_t
    RF_CONFIG_NUMBER,   // double
    RF_CONFIG_SHARE,    // double: 20% is 0.2
    RF_CONFIG_DURATION, // struct rf_duration: 250ms, 5s, 10m, 1h
    RF_CONFIG_SIZE,     // int64_t: 4096B, 64KiB, 16MiB, 1GiB
    RF_CONFIG_JITTER, // the jitter and jitter_fraction of the struct rf_retry_policy at the offset
    RF_CONFIG_TEXT,   // char *, one line
    RF_CONFIG_LINES,  // char *, several lines
    RF_CONFIG_WORD,   // an enum: the number of the word among the row's words, from 0
    RF_CONFIG_CHOICE, // char *, one of the row's words
    RF_CONFIG_PATH,   // char *, made absolute from the configuration file's folder
    RF_CONFIG_BASE_URL, // char *, http(s), without query; a trailing / is taken off
    RF_CONFIG_URL,      // char *, http(s)
    RF_CONFIG_SMTP_URL, // char *, smtp(s)://host[:port]
    RF_CONFIG_ENDPOINT, // char *, ipc://PATH or tcp://ADDRESS:PORT
    RF_CONFIG_LISTEN,   // char *, ADDRESS:PORT
    RF_CONFIG_PHONE,    // char *, E.164
    RF_CONFIG_ZONE,     // char *, a time zone's name
    RF_CONFIG_COUNTRY,  // char *, ISO 3166, two letters
    RF_CONFIG_SECRET,   // struct rf_secret
    RF_CONFIG_CHAIN,    // struct rf_config_chain of the row's words
    RF_CONFIG_CLASSES,  // unsigned: RF_BREAKER_IGNORE bits; a list of the row's words
    RF_CONFIG_STATUS,   // struct rf_config_status: 429, 400-499 or 4xx
    RF_CONFIG_HOURS,    // struct rf_hours
    RF_CONFIG_LIST,     // struct rf_config_list of the row's items
};

#define RF_WEBHOOK_SHAPES "generic|slack|discord|pagerduty"

// A row that is checked and inherited from, but has no place of its own in struct rf_config.
#define RF_CONFIG_NOWHERE ((size_t)-1)

struct rf_config_row;

// What the items of a list are: maps with these keys or, with a single row without a name, plain
// values.
struct rf_config_items {
    size_t size;                      // of an item in memory
    size_t most;                      // items at most
    const struct rf_config_row *rows; // offsets are within the item; fallbacks are taken
    size_t row_count;
    const char *expected; // what such a list looks like, for people
    // problem: what is wrong with an item whose keys are each right, and what was expected; NULL:
    // fine.
    const char *(*problem)(const void *item);
    size_t line; // where the item keeps its line, a size_t, for checks of several keys; 0: nowhere
};

struct rf_config_row {
    const char *key; // dotted, such as "bus.heartbeat"
    enum rf_config_type type;
    bool reloadable;      // takes effect by SIGHUP
    bool or_zero;         // NUMBER: 0 is allowed too
    size_t offset;        // in struct rf_config
    const char *fallback; // the default as it would be written; NULL: not set, inherited or derived
    const char *inherits; // the key whose value is taken when this one is absent; or NULL
    const char *derived;  // how an absent value comes about, for people; or NULL
    const char *words;    // WORD, CHOICE, CHAIN: what is allowed, separated by |
    const struct rf_config_items *items; // LIST
    double least, most;                  // COUNT, NUMBER, SHARE; SIZE in bytes; DURATION in ns
    const char *help;                    // one line
};

// Keys of a provider, and its rules; calling windows, and waits; columns of a list of contacts;
// channels of the alerter.
extern const struct rf_config_items rf_config_header_items;
extern const struct rf_config_items rf_config_secret_items, rf_config_rule_items;
extern const struct rf_config_items rf_config_alert_rule_items;
extern const struct rf_config_items rf_config_hours_items, rf_config_wait_items;
extern const struct rf_config_items rf_config_column_items, rf_config_channel_items;
// Who may use the console, and under which names.
extern const struct rf_config_items rf_config_visitor_items, rf_config_host_items,
    rf_config_proxy_items;

extern const struct rf_config_row rf_config_rows[];
extern const size_t rf_config_row_count;

// rf_config_row_find: the index of the row with this key, or rf_config_row_count.
size_t rf_config_row_find(const char *key);

// rf_config_section: whether some key begins with `path` and a dot.
bool rf_config_section(const char *path);

// rf_config_row_expected: what a value of this row may be, such as "a duration from 1ms to 1h, such
// as 250ms, 5s, 10m or 1h". Cut to size. Returns out.
char *rf_config_row_expected(const struct rf_config_row *row, char *out, size_t size);

// rf_config_row_written: its fallback as it stands in a file, a list in brackets; NULL if it has
// none. Cut to size.
const char *rf_config_row_written(const struct rf_config_row *row, char *out, size_t size);

// rf_config_suggest: the key that the unknown dotted `key` most likely means, into `out`; false if
// none is near.
bool rf_config_suggest(const char *key, char *out, size_t size);

// rf_config_known: the names that may stand in the section `path` ("" for the top), separated by
// commas. Cut to size. Returns out.
char *rf_config_known(const char *path, char *out, size_t size);

#endif
