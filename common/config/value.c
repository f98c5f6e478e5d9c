#include "config/value.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "calendar/hours.h"
#include "calendar/zone_name.h"
#include "config/address.h"
#include "config/config.h"
#include "config/secret.h"
#include "contacts/phone.h"

#define QUOTED_MAX 60 // longer values are cut in messages

// "VALUE" WRONG; expected EXPECTED.
static enum rf_err refuse(const struct rf_config_row *row, const struct rf_config_source *source,
                          const char *wrong, struct rf_error *error) {
    char expected[256];
    int shown = (int)strnlen(source->quoted, QUOTED_MAX);
    while (source->quoted[shown] != '\0' && ((unsigned char)source->quoted[shown] & 0xc0) == 0x80)
        shown--; // not in the middle of a UTF-8 character
    return rf_error_set(error, RF_ERR_CONFIG, "\"%.*s%s\" %s; expected %s", shown, source->quoted,
                        source->quoted[shown] != '\0' ? "..." : "", wrong,
                        rf_config_row_expected(row, expected, sizeof expected));
}

char *rf_config_path(const char *folder, const char *path) {
    char *joined = NULL;
    if (path[0] == '/' || folder == NULL)
        return strdup(path);
    if (asprintf(&joined, "%s/%s", folder, path) < 0)
        return NULL;
    return joined;
}

static bool in_range(const struct rf_config_row *row, int64_t value) {
    return (double)value >= row->least && (double)value <= row->most;
}

static enum rf_err set_bool(const struct rf_config_row *row, const char *text,
                            const struct rf_config_source *source, bool *target,
                            struct rf_error *error) {
    bool yes = strcmp(text, "yes") == 0 || strcmp(text, "true") == 0;
    if (!yes && strcmp(text, "no") != 0 && strcmp(text, "false") != 0)
        return refuse(row, source, "is neither yes nor no", error);
    *target = yes;
    return RF_OK;
}

static enum rf_err set_count(const struct rf_config_row *row, const char *text,
                             const struct rf_config_source *source, int64_t *target,
                             struct rf_error *error) {
    int64_t whole, billionths;
    const char *unit;
    bool negative = text[0] == '-' && text[1] >= '0' && text[1] <= '9';
    if (!rf_config_split_unit(negative ? text + 1 : text, &whole, &billionths, &unit) ||
        unit[0] != '\0' || strchr(text, '.') != NULL)
        return refuse(row, source, "is not a whole number", error);
    if (negative || !in_range(row, whole))
        return refuse(row, source, "is out of range", error);
    *target = whole;
    return RF_OK;
}

static enum rf_err set_number(const struct rf_config_row *row, const char *text,
                              const struct rf_config_source *source, double *target,
                              struct rf_error *error) {
    int64_t whole, billionths;
    const char *unit;
    bool negative = text[0] == '-' && text[1] >= '0' && text[1] <= '9';
    if (!rf_config_split_unit(negative ? text + 1 : text, &whole, &billionths, &unit) ||
        unit[0] != '\0')
        return refuse(row, source, "is not a number", error);
    double value = (double)whole + (double)billionths / 1e9;
    bool zero = row->or_zero && text[strspn(text, "0.")] == '\0'; // not what rounds to it
    if (negative || (value < row->least && !zero) || value > row->most)
        return refuse(row, source, "is out of range", error);
    *target = value;
    return RF_OK;
}

struct unit {
    const char *name;
    int64_t times;
};

// A number with one of `units`, in the smallest unit; what is below that is cut off.
static enum rf_err set_scaled(const struct rf_config_row *row, const char *text,
                              const struct rf_config_source *source, const struct unit *units,
                              int64_t *target, struct rf_error *error) {
    int64_t whole, billionths, value;
    const char *name;
    bool negative = text[0] == '-' && text[1] >= '0' && text[1] <= '9';
    if (!rf_config_split_unit(negative ? text + 1 : text, &whole, &billionths, &name))
        return refuse(row, source, "is not a number with a unit", error);
    if (name[0] == '\0')
        return refuse(row, source, "has no unit", error);
    while (units->name != NULL && strcmp(units->name, name) != 0)
        units++;
    if (units->name == NULL)
        return refuse(row, source, "has an unknown unit", error);
    if (__builtin_mul_overflow(whole, units->times, &value))
        return refuse(row, source, "is out of range", error);
    // billionths * times / 10^9 in two parts, so that nothing overflows.
    int64_t part = units->times / INT64_C(1000000000) * billionths +
                   units->times % INT64_C(1000000000) * billionths / INT64_C(1000000000);
    if (__builtin_add_overflow(value, part, &value) || negative || !in_range(row, value))
        return refuse(row, source, "is out of range", error);
    *target = value;
    return RF_OK;
}

static const struct unit duration_units[] = {
    {"ns", 1},          {"us", RF_NS_PER_US},    {"ms", RF_NS_PER_MS},
    {"s", RF_NS_PER_S}, {"m", 60 * RF_NS_PER_S}, {"h", 3600 * RF_NS_PER_S},
    {NULL, 0},
};

static const struct unit size_units[] = {
    {"B", 1},  {"KiB", INT64_C(1) << 10}, {"MiB", INT64_C(1) << 20}, {"GiB", INT64_C(1) << 30},
    {NULL, 0},
};

static enum rf_err set_jitter(const struct rf_config_row *row, const char *text,
                              const struct rf_config_source *source, struct rf_retry_policy *policy,
                              struct rf_error *error) {
    static const struct {
        const char *name;
        enum rf_jitter jitter;
    } words[] = {
        {"none", RF_JITTER_NONE},
        {"full", RF_JITTER_FULL},
        {"equal", RF_JITTER_EQUAL},
        {"decorrelated", RF_JITTER_DECORRELATED},
    };
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++)
        if (strcmp(text, words[i].name) == 0) {
            policy->jitter = words[i].jitter;
            policy->jitter_fraction = 0;
            return RF_OK;
        }
    int64_t whole, billionths;
    const char *unit;
    if (!rf_config_split_unit(text, &whole, &billionths, &unit))
        return refuse(row, source, "is not a jitter", error);
    if (unit[0] == '\0')
        return refuse(row, source, "has no unit", error);
    if (strcmp(unit, "%") != 0)
        return refuse(row, source, "has an unknown unit", error);
    double percent = (double)whole + (double)billionths / 1e9;
    if (percent > 100)
        return refuse(row, source, "is out of range", error);
    policy->jitter = RF_JITTER_FRACTION;
    policy->jitter_fraction = percent / 100;
    return RF_OK;
}

static enum rf_err set_share(const struct rf_config_row *row, const char *text,
                             const struct rf_config_source *source, double *target,
                             struct rf_error *error) {
    int64_t whole, billionths;
    const char *unit;
    if (!rf_config_split_unit(text, &whole, &billionths, &unit))
        return refuse(row, source, "is not a share", error);
    if (unit[0] == '\0')
        return refuse(row, source, "has no unit", error);
    if (strcmp(unit, "%") != 0)
        return refuse(row, source, "has an unknown unit", error);
    double value = ((double)whole + (double)billionths / 1e9) / 100;
    if (value < row->least || value > row->most)
        return refuse(row, source, "is out of range", error);
    *target = value;
    return RF_OK;
}

static enum rf_err set_word(const struct rf_config_row *row, const char *text,
                            const struct rf_config_source *source, unsigned *target,
                            struct rf_error *error) {
    unsigned number = 0;
    for (const char *word = row->words;; number++) {
        size_t length = strcspn(word, "|");
        if (strlen(text) == length && strncmp(word, text, length) == 0)
            break;
        if (word[length] == '\0')
            return refuse(row, source, "is not known", error);
        word += length + 1;
    }
    *target = number;
    return RF_OK;
}

static bool word_allowed(const char *words, const char *text, size_t length) {
    for (const char *word = words;; word += strcspn(word, "|") + 1) {
        size_t word_length = strcspn(word, "|");
        if (word_length == length && strncmp(word, text, length) == 0)
            return true;
        if (word[word_length] == '\0')
            return false;
    }
}

// What is wrong with a text of the row's type, or NULL.
static const char *text_problem(const struct rf_config_row *row, const char *text) {
    for (const char *at = text; *at != '\0'; at++) {
        bool layout = row->type == RF_CONFIG_LINES && (*at == '\n' || *at == '\t');
        if (((unsigned char)*at < ' ' || *at == 0x7f) && !layout)
            return "has a control character or a second line";
    }
    if (text[0] == '\0')
        return "is empty";
    switch (row->type) {
    case RF_CONFIG_CHOICE:
        return word_allowed(row->words, text, strlen(text)) ? NULL : "is not known";
    case RF_CONFIG_BASE_URL:
        return rf_address_url(text, "http", true) ? NULL : "is not a plain URL";
    case RF_CONFIG_URL:
        return rf_address_url(text, "http", false) ? NULL : "is not a URL";
    case RF_CONFIG_SMTP_URL:
        return rf_address_url(text, "smtp", true) ? NULL : "is not a mail server's URL";
    case RF_CONFIG_ENDPOINT:
        if (strncmp(text, "ipc://", 6) == 0 && text[6] != '\0' && text[6] != '@')
            return NULL;
        return rf_address_tcp(text) ? NULL : "is not an endpoint";
    case RF_CONFIG_LISTEN:
        return rf_address_listen(text) ? NULL : "is not an address with a port";
    case RF_CONFIG_ZONE:
        return rf_zone_name_valid(text) ? NULL : "is not the name of a time zone";
    case RF_CONFIG_PHONE:
        return rf_phone_problem(text) != NULL ? "is not a telephone number" : NULL;
    case RF_CONFIG_COUNTRY:
        return rf_country_find(text) == NULL ? "is not a country" : NULL;
    default:
        return NULL;
    }
}

static char *text_made(const struct rf_config_row *row, const char *text,
                       const struct rf_config_source *source) {
    char *made = NULL, *path;
    switch (row->type) {
    case RF_CONFIG_PATH:
        return rf_config_path(source->folder, text);
    case RF_CONFIG_ENDPOINT:
        if (strncmp(text, "ipc://", 6) != 0)
            return strdup(text);
        path = rf_config_path(source->folder, text + 6);
        if (path != NULL && asprintf(&made, "ipc://%s", path) < 0)
            made = NULL;
        free(path);
        return made;
    case RF_CONFIG_BASE_URL:
        made = strdup(text);
        for (size_t n = made != NULL ? strlen(made) : 0; n > 0 && made[n - 1] == '/'; n--)
            made[n - 1] = '\0';
        return made;
    default:
        return strdup(text);
    }
}

static enum rf_err set_text(const struct rf_config_row *row, const char *text,
                            const struct rf_config_source *source, char **target,
                            struct rf_error *error) {
    const char *problem = text_problem(row, text);
    if (problem != NULL)
        return refuse(row, source, problem, error);
    char *made = text_made(row, text, source);
    if (made == NULL)
        return rf_error_set(error, RF_ERR_NOMEM, "out of memory");
    free(*target);
    *target = made;
    return RF_OK;
}

// Adds the link `name` to the chain; what is wrong with it, or NULL.
static const char *chain_add(const struct rf_config_row *row, const char *name,
                             struct rf_config_chain *chain) {
    enum rf_provider provider = RF_PROVIDER_ELEVENLABS;
    enum rf_local local = RF_LOCAL_NONE;
    if (chain->count == RF_CONFIG_MAX_LINKS)
        return "has too many links";
    if (!rf_provider_parse(name, &provider) && !rf_local_parse(name, &local))
        return "is not a provider";
    if (!word_allowed(row->words, name, strlen(name)))
        return "is a provider of another kind";
    if (chain->local != RF_LOCAL_NONE)
        return "stands behind a link that always answers";
    if (local != RF_LOCAL_NONE) {
        chain->local = local;
        return NULL;
    }
    if (rf_config_chain_names(chain, provider))
        return "stands twice in the chain";
    chain->links[chain->count++] = provider;
    return NULL;
}

static enum rf_err set_chain(const struct rf_config_row *row, const char *text,
                             const struct rf_config_source *source, struct rf_config_chain *target,
                             struct rf_error *error) {
    struct rf_config_chain chain = {0};
    for (const char *at = text; *at != '\0';) {
        char name[32];
        size_t length = strcspn(at, ",");
        snprintf(name, sizeof name, "%.*s", (int)length, at);
        const char *problem = chain_add(row, name, &chain);
        if (problem != NULL)
            return refuse(row, source, problem, error);
        at += length + (at[length] == ',' ? 1 : 0);
    }
    if (chain.count == 0 && chain.local == RF_LOCAL_NONE)
        return refuse(row, source, "is an empty chain", error);
    *target = chain;
    return RF_OK;
}

// Names of classes, joined by commas; none: an empty set.
static enum rf_err set_classes(const struct rf_config_row *row, const char *text,
                               const struct rf_config_source *source, unsigned *target,
                               struct rf_error *error) {
    unsigned classes = 0;
    for (const char *at = text; *at != '\0';) {
        char name[32];
        enum rf_class c;
        size_t length = strcspn(at, ",");
        snprintf(name, sizeof name, "%.*s", (int)length, at);
        if (!word_allowed(row->words, name, strlen(name)) || !rf_class_parse(name, &c))
            return refuse(row, source, "is no class that counts", error);
        classes |= RF_BREAKER_IGNORE(c);
        at += length + (at[length] == ',' ? 1 : 0);
    }
    *target = classes;
    return RF_OK;
}

// "429", "400-499" or "4xx".
static enum rf_err set_status(const struct rf_config_row *row, const char *text,
                              const struct rf_config_source *source,
                              struct rf_config_status *target, struct rf_error *error) {
    int from = 0, to = 0, length = 0;
    size_t digits = strspn(text, "0123456789");
    if (digits == 1 && strcmp(text + 1, "xx") == 0) {
        from = 100 * (text[0] - '0');
        to = from + 99;
    } else if (digits == 3 && text[3] == '\0') {
        from = to = (int)strtol(text, NULL, 10);
    } else if (digits != 3 || sscanf(text, "%3d-%3d%n", &from, &to, &length) != 2 ||
               text[length] != '\0') {
        return refuse(row, source, "is no status", error);
    }
    if (from < 100 || to > 999 || from > to)
        return refuse(row, source, "is out of range", error);
    *target = (struct rf_config_status){from, to};
    return RF_OK;
}

static enum rf_err set_hours(const char *text, struct rf_hours *target, struct rf_error *error) {
    return rf_hours_parse(text, target, error) == RF_OK ? RF_OK : RF_ERR_CONFIG;
}

enum rf_err rf_config_value_set(const struct rf_config_row *row, const char *text,
                                const struct rf_config_source *source, void *target,
                                struct rf_error *error) {
    int64_t *integer = target;
    switch (row->type) {
    case RF_CONFIG_BOOL:
        return set_bool(row, text, source, target, error);
    case RF_CONFIG_COUNT:
        return set_count(row, text, source, integer, error);
    case RF_CONFIG_NUMBER:
        return set_number(row, text, source, target, error);
    case RF_CONFIG_SHARE:
        return set_share(row, text, source, target, error);
    case RF_CONFIG_WORD:
        return set_word(row, text, source, target, error);
    case RF_CONFIG_DURATION:
        integer = &((struct rf_duration *)target)->ns;
        return set_scaled(row, text, source, duration_units, integer, error);
    case RF_CONFIG_SIZE:
        return set_scaled(row, text, source, size_units, integer, error);
    case RF_CONFIG_JITTER:
        return set_jitter(row, text, source, target, error);
    case RF_CONFIG_SECRET:
        return rf_secret_set(target, text, source->folder, error);
    case RF_CONFIG_CLASSES:
        return set_classes(row, text, source, target, error);
    case RF_CONFIG_CHAIN:
        return set_chain(row, text, source, target, error);
    case RF_CONFIG_STATUS:
        return set_status(row, text, source, target, error);
    case RF_CONFIG_HOURS:
        return set_hours(text, target, error);
    default:
        return set_text(row, text, source, target, error);
    }
}

static void free_list(const struct rf_config_items *items, struct rf_config_list *list) {
    for (size_t i = 0; i < list->count; i++)
        for (size_t r = 0; r < items->row_count; r++)
            rf_config_value_free(&items->rows[r],
                                 (char *)list->items + i * items->size + items->rows[r].offset);
    free(list->items);
    *list = (struct rf_config_list){0};
}

// Recursive, as deep as lists are in lists: the table has none.
void rf_config_value_free(const struct rf_config_row *row, void *target) {
    char **text = target;
    switch (row->type) {
    case RF_CONFIG_BOOL:
    case RF_CONFIG_COUNT:
    case RF_CONFIG_NUMBER:
    case RF_CONFIG_SHARE:
    case RF_CONFIG_WORD:
    case RF_CONFIG_DURATION:
    case RF_CONFIG_SIZE:
    case RF_CONFIG_JITTER:
    case RF_CONFIG_CHAIN:
    case RF_CONFIG_CLASSES:
    case RF_CONFIG_STATUS:
    case RF_CONFIG_HOURS:
        break;
    case RF_CONFIG_LIST:
        free_list(row->items, target);
        break;
    case RF_CONFIG_SECRET:
        rf_secret_fini(target);
        break;
    default:
        free(*text);
        *text = NULL;
        break;
    }
}
