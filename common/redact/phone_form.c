// Telephone numbers within texts, in the forms that cannot be taken for another number: behind a
// plus, behind 00, as North America writes them, and, where the country of the lists is known, as
// they are dialled there. A number alone may be a time or an id.
#include "redact/scan.h"

#include <stdio.h>

#include "contacts/country.h"
#include "contacts/phone.h"
#include "redact/hash.h"

#define PLAUSIBLE   8 // digits of a number behind a plus that is written in groups
#define MOST_GROUPS 8

// The digits of a text that could be a number, group by group.
struct written {
    char digits[RF_PHONE_MAX_DIGITS + 1];
    size_t count;
    size_t groups;
    struct {
        size_t digits, end; // up to this group: how many, and where the next byte stands
        bool space;         // a space stood before it
    } group[MOST_GROUPS];
};

// The length of what may stand between two groups, 0 if it may not.
static size_t filler(const struct rf_redact_view *view, size_t at) {
    char c = rf_redact_at(view, at);
    if (c == ' ' || c == '-' || c == '.' || c == '/' || c == '(' || c == ')')
        return 1;
    if (view->size - at >= 2 && memcmp(view->text + at, "\xC2\xA0", 2) == 0)
        return 2;
    // Thin and narrow spaces, hyphens and dashes: U+2000 to U+2015, U+202F.
    if (view->size - at >= 3 && memcmp(view->text + at, "\xE2\x80", 2) == 0) {
        unsigned char last = (unsigned char)view->text[at + 2];
        return (last >= 0x80 && last <= 0x95) || last == 0xAF ? 3 : 0;
    }
    return 0;
}

static size_t fillers(const struct rf_redact_view *view, size_t at) {
    size_t length = 0, next;
    for (unsigned i = 0; i < 3 && (next = filler(view, at + length)) > 0; i++)
        length += next;
    return length;
}

// Stops before a group that would make it longer than any number.
static void read_groups(const struct rf_redact_view *view, size_t at, struct written *written) {
    *written = (struct written){0};
    while (written->groups < MOST_GROUPS) {
        size_t before = written->groups == 0 && view->text[at] != '(' ? 0 : fillers(view, at);
        size_t begin = at + before, length = 0;
        if (written->groups > 0 && before == 0)
            return;
        while (rf_redact_is_digit(rf_redact_at(view, begin + length)))
            length++;
        if (length == 0 || written->count + length > RF_PHONE_MAX_DIGITS)
            return;
        memcpy(written->digits + written->count, view->text + begin, length);
        written->count += length;
        at = begin + length;
        written->group[written->groups].digits = written->count;
        written->group[written->groups].end = at;
        written->group[written->groups].space = before > 0 && view->text[begin - 1] == ' ';
        written->groups++;
    }
}

bool rf_redact_phone_is_whole(const char *digits, size_t count) {
    char text[RF_PHONE_MAX_DIGITS + 2];
    struct rf_phone phone;
    if (count > RF_PHONE_MAX_DIGITS)
        return false;
    snprintf(text, sizeof text, "+%.*s", (int)count, digits);
    return rf_phone_read(text, NULL, &phone);
}

// Whether a number can end at `at`.
static bool ends(const struct rf_redact_view *view, size_t at) {
    char c = rf_redact_at(view, at), next = rf_redact_at(view, at + 1);
    if (rf_redact_is_word(c) || c == '_')
        return false;
    return !((c == '-' || c == '.' || c == '/' || c == ':') && rf_redact_is_digit(next));
}

// The longest groups that are a number of some country; else, as a wrong number is somebody's too,
// all of them.
static bool behind_plus(const struct rf_redact_view *view, size_t from, size_t at,
                        struct rf_redact_span *span) {
    struct written written;
    if (rf_redact_at(view, at) == '(') // +(1) 202
        at++;
    if (rf_redact_at(view, at) < '1' || rf_redact_at(view, at) > '9')
        return false;
    read_groups(view, at, &written);
    for (size_t i = written.groups; i > 0; i--)
        if (rf_redact_phone_is_whole(written.digits, written.group[i - 1].digits)) {
            *span = (struct rf_redact_span){from, written.group[i - 1].end};
            return true;
        }
    size_t first = written.groups > 0 ? written.group[0].digits : 0;
    if (first >= RF_PHONE_MIN_DIGITS) {
        *span = (struct rf_redact_span){from, written.group[0].end};
        return true;
    }
    if (written.count < PLAUSIBLE)
        return false;
    *span = (struct rf_redact_span){from, written.group[written.groups - 1].end};
    return true;
}

// 00 and a number of some country.
static bool behind_zeros(const struct rf_redact_view *view, size_t at,
                         struct rf_redact_span *span) {
    struct written written;
    size_t begin = at + 2 + fillers(view, at + 2);
    if (rf_redact_at(view, begin) < '1' || rf_redact_at(view, begin) > '9')
        return false;
    read_groups(view, begin, &written);
    for (size_t i = written.groups; i > 0; i--)
        if (rf_redact_phone_is_whole(written.digits, written.group[i - 1].digits) &&
            ends(view, written.group[i - 1].end)) {
            *span = (struct rf_redact_span){at, written.group[i - 1].end};
            return true;
        }
    return false;
}

static bool has_digits(const struct rf_redact_view *view, size_t at, size_t count) {
    for (size_t i = 0; i < count; i++)
        if (!rf_redact_is_digit(rf_redact_at(view, at + i)))
            return false;
    return true;
}

// (202) 555-0123, 202-555-0123, 1 202.555.0123: three groups of 3, 3 and 4, as no date has them. An
// area and an exchange begin with 2 to 9.
static bool north_american(const struct rf_redact_view *view, size_t at,
                           struct rf_redact_span *span) {
    size_t from = at, gap;
    if (view->text[at] == '1' && (gap = fillers(view, at + 1)) > 0)
        at += 1 + gap;
    bool bracket = rf_redact_at(view, at) == '(';
    at += bracket;
    if (rf_redact_at(view, at) < '2' || !has_digits(view, at, 3))
        return false;
    at += 3;
    if (bracket && rf_redact_at(view, at) != ')')
        return false;
    gap = fillers(view, at);
    if (gap == 0 || rf_redact_at(view, at + gap) < '2' || !has_digits(view, at + gap, 3))
        return false;
    at += gap + 3;
    gap = filler(view, at);
    if (gap == 0 || !has_digits(view, at + gap, 4) || !ends(view, at + gap + 4))
        return false;
    *span = (struct rf_redact_span){from, at + gap + 4};
    return true;
}

// 0171 1234567 where the lists are of Germany.
static bool national(const struct rf_redact_view *view, size_t at, const struct rf_country *home,
                     struct rf_redact_span *span) {
    struct written written;
    struct rf_phone phone;
    char next = rf_redact_at(view, at + 1);
    if (home == NULL || next == '.')
        return false;
    read_groups(view, at, &written);
    for (size_t i = written.groups; i > 0; i--) {
        char digits[RF_PHONE_MAX_DIGITS + 1];
        size_t count = written.group[i - 1].digits;
        snprintf(digits, sizeof digits, "%.*s", (int)count, written.digits);
        if (count >= 9 && ends(view, written.group[i - 1].end) &&
            rf_phone_read(digits, home, &phone)) {
            *span = (struct rf_redact_span){at, written.group[i - 1].end};
            return true;
        }
    }
    return false;
}

// What stands within ids, times and words, so that no number begins behind it.
static bool goes_before(char c) {
    return rf_redact_is_word(c) || c == '_' || c == '-' || c == '.' || c == '/' || c == '#' ||
           c == '+' || c == ':';
}

// Whether a number without a plus can begin here.
static bool may_begin(const struct rf_redact_view *view, size_t at) {
    return at == view->floor ? at == 0 || view->text[at - 1] != '#'
                             : !goes_before(view->text[at - 1]);
}

bool rf_redact_phone_at(const struct rf_redact_view *view, size_t at, const struct rf_country *home,
                        struct rf_redact_span *span) {
    switch (view->text[at]) {
    case '+':
        return behind_plus(view, at, at + 1, span);
    case '0':
        if (!may_begin(view, at))
            return false;
        return rf_redact_at(view, at + 1) == '0' ? behind_zeros(view, at, span)
                                                 : national(view, at, home, span);
    default:
        return may_begin(view, at) && north_american(view, at, span);
    }
}

// ---- behind its name ----

static bool is_scheme(const char *name, size_t size) {
    static const char *const schemes[] = {"tel", "sip",   "sips", "callto",
                                          "sms", "smsto", "fax",  "whatsapp"};
    for (size_t i = 0; i < sizeof schemes / sizeof schemes[0]; i++)
        if (strlen(schemes[i]) == size && strncasecmp(schemes[i], name, size) == 0)
            return true;
    return false;
}

// A number in groups. One behind a plus is found by that.
static size_t written_end(const struct rf_redact_view *view, size_t begin) {
    struct written written;
    if (!rf_redact_is_digit(rf_redact_at(view, begin)) && rf_redact_at(view, begin) != '(')
        return begin;
    read_groups(view, begin, &written);
    return written.groups > 0 ? written.group[written.groups - 1].end : begin;
}

bool rf_redact_named_phone_at(const struct rf_redact_view *view, size_t at,
                              struct rf_redact_span *span) {
    struct rf_redact_span name = rf_redact_name_before(view, at);
    const char *word = view->text + name.from;
    size_t size = name.to - name.from;
    if (size < 2)
        return false;
    bool scheme = view->text[at] == ':' && is_scheme(word, size);
    enum rf_redact_kind kind =
        scheme ? RF_REDACT_PHONE : rf_redact_kind(word, size, RF_REDACT_PLAIN);
    if (kind != RF_REDACT_PHONE && kind != RF_REDACT_PARTY)
        return false;
    char quote;
    bool nested;
    size_t begin = rf_redact_value_begins(view, at + 1, &quote, &nested);
    size_t end = kind == RF_REDACT_PHONE ? written_end(view, begin)
                                         : begin + rf_redact_run(view, begin, rf_redact_is_digit);
    // Who calls may be told by anything: only what is a number of some country is one.
    bool is = kind == RF_REDACT_PHONE
                  ? rf_redact_phone_is(view->text + begin, end - begin)
                  : end - begin <= RF_PHONE_MAX_DIGITS &&
                        rf_redact_phone_is_whole(view->text + begin, end - begin);
    return end > begin && is && ends(view, end) && rf_redact_found(span, begin, end);
}

// ---- alone ----

bool rf_redact_phone_is(const char *text, size_t size) {
    size_t digits = 0, i = 0;
    struct rf_redact_view view = {text, size, 0};
    i += size > 0 && text[0] == '+';
    while (i < size) {
        size_t gap = filler(&view, i);
        if (gap == 0 && !rf_redact_is_digit(text[i]))
            return false;
        digits += gap == 0;
        i += gap == 0 ? 1 : gap;
    }
    return digits >= RF_PHONE_MIN_DIGITS - 1 && digits <= RF_PHONE_MAX_DIGITS + 2;
}

// ---- what is shown ----

// The number in E.164, as far as it can be read; else its digits, for which `plus` is false.
static void normal_form(const char *text, size_t size, const struct rf_country *home, bool *plus,
                        char digits[RF_PHONE_MAX_DIGITS + 1]) {
    char plain[RF_PHONE_MAX_DIGITS + 4];
    size_t count = 0;
    *plus = size > 0 && text[0] == '+';
    plain[0] = '+';
    for (size_t i = 0; i < size && count < RF_PHONE_MAX_DIGITS + 2; i++)
        if (rf_redact_is_digit(text[i]))
            plain[1 + count++] = text[i];
    plain[1 + count] = '\0';
    if (*plus && count + 1 == size && count <= RF_PHONE_MAX_DIGITS) {
        memcpy(digits, plain + 1, count + 1); // E.164 already, as they stand in events
        return;
    }
    const char *begin = plain + 1;
    struct rf_phone phone = {.e164 = ""};
    bool read = false;
    if (!*plus && count > 2 && begin[0] == '0' && begin[1] == '0') {
        char abroad[RF_PHONE_MAX_DIGITS + 4];
        snprintf(abroad, sizeof abroad, "+%s", begin + 2);
        read = rf_phone_read(abroad, NULL, &phone);
    }
    read = read || rf_phone_read(*plus ? plain : begin, *plus ? NULL : home, &phone);
    if (!read && !*plus && count < size) // in groups: only North America's are found so
        read = rf_phone_read(begin, rf_country_find("US"), &phone);
    *plus = *plus || read;
    snprintf(digits, RF_PHONE_MAX_DIGITS + 1, "%.*s", RF_PHONE_MAX_DIGITS,
             read ? phone.e164 + 1 : begin);
}

void rf_redact_phone_write(const struct rf_redact_rules *rules, const char *text, size_t size,
                           struct rf_text *out) {
    char digits[RF_PHONE_MAX_DIGITS + 1], shown[9];
    bool plus;
    unsigned calling = 0;
    normal_form(text, size, rules->home, &plus, digits);
    size_t count = strlen(digits);
    size_t code = plus ? rf_country_calling(digits, &calling) : 0;
    uint64_t hash = rf_siphash(rules->key, digits, count);
    const char *last = digits + (count < 2 ? 0 : count - 2);
    static const char hex[] = "0123456789abcdef";
    shown[0] = '#';
    for (unsigned i = 0; i < 8; i++)
        shown[1 + i] = hex[hash >> (60 - 4 * i) & 15];
    rf_text_add_bytes(out, "+", plus);
    rf_text_add_bytes(out, digits, code);
    rf_text_add_bytes(out, "\xE2\x80\xA6", 3);
    rf_text_add_bytes(out, last, strlen(last));
    rf_text_add_bytes(out, shown, 9);
}
