#include "contacts/phone.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <ringfence/error.h>

#include "base/utf8.h"

// More digits than any way of writing a number needs: 0011, a calling code, a trunk prefix.
#define MAX_WRITTEN 24

const char *rf_phone_problem(const char *text) {
    size_t length = strlen(text);
    if (length == 0)
        return "is empty; write the number in E.164 form, such as +12025550123";
    if (strncmp(text, "00", 2) == 0)
        return "begins with 00; write + instead of 00, such as +12025550123";
    if (text[0] != '+') {
        if (strspn(text, "0123456789 ()-./") == length)
            return "has no country code; write + and the country code before it, such as "
                   "+12025550123";
        return "is not a telephone number; write it in E.164 form, such as +12025550123";
    }
    size_t digits = strspn(text + 1, "0123456789");
    if (digits != length - 1) {
        if (strspn(text + 1, "0123456789 ()-./") == length - 1)
            return "has spaces or punctuation; write only + and digits, such as +12025550123";
        return "is not a telephone number; write it in E.164 form, such as +12025550123";
    }
    if (text[1] == '0')
        return "has a country code that begins with 0; write the number without the leading 0, "
               "such as +442079460123";
    if (digits < RF_PHONE_MIN_DIGITS)
        return "is too short; an E.164 number has at least 7 digits after the +";
    if (digits > RF_PHONE_MAX_DIGITS)
        return "is too long; an E.164 number has at most 15 digits after the +";
    return NULL;
}

int64_t rf_phone_number(const char *e164) {
    int64_t number = 0;
    for (const char *at = e164 + 1; *at != '\0'; at++)
        number = number * 10 + (*at - '0');
    return number;
}

// ---- what is written ----

struct written {
    bool plus;
    size_t count;
    char digits[MAX_WRITTEN + 1];
    size_t marks;    // of punctuation
    char last_mark;  // the latest of them,
    size_t mark_at;  // and how many digits stood before it
    const char *bad; // what is wrong; NULL: nothing
};

// Signs that stand between digits without a meaning: spaces, hyphens and dashes, and the marks of
// direction that come along when a number is copied from a messenger.
static bool is_filler(uint32_t code) {
    return code == ' ' || code == 0xa0 || code == 0x202f || code == 0x2060 || code == 0xfeff ||
           (code >= 0x2000 && code <= 0x2015) || (code >= 0x202a && code <= 0x202e) ||
           (code >= 0x2066 && code <= 0x2069);
}

static const char *take(struct written *written, uint32_t code) {
    if (code >= '0' && code <= '9') {
        if (written->count == MAX_WRITTEN)
            return "is too long; a number has at most 15 digits";
        written->digits[written->count++] = (char)code;
        return NULL;
    }
    if (code == '+') {
        if (written->plus || written->count > 0)
            return "has a + within it; write one number alone";
        written->plus = true;
        return NULL;
    }
    if (code == '(' || code == ')' || code == '-' || code == '.' || code == '/') {
        written->marks++;
        written->last_mark = (char)code;
        written->mark_at = written->count;
        return NULL;
    }
    if ((code == 'e' || code == 'E') && written->marks == 1 && written->last_mark == '.')
        return "is in a spreadsheet's short form, its last digits are lost; format the column as "
               "text and save the list again";
    if ((code == 'x' || code == 'X' || code == '#') && written->count >= RF_PHONE_MIN_DIGITS)
        return "has an extension, which cannot be dialled; write the number alone";
    return is_filler(code) ? NULL : "is not a telephone number; write it such as +12025550123";
}

static struct written read_written(const char *text) {
    struct written written = {0};
    size_t size = strlen(text);
    // A spreadsheet's sign for text.
    for (size_t at = text[0] == '\'' ? 1 : 0, length; at < size && written.bad == NULL;
         at += length) {
        uint32_t code;
        length = rf_utf8_decode(text + at, size - at, &code);
        written.bad = length > 0 ? take(&written, code) : "is not UTF-8; save the file in UTF-8";
        length += length == 0 ? 1 : 0;
    }
    written.digits[written.count] = '\0';
    if (written.bad != NULL)
        return written;
    if (written.count == 0)
        written.bad = "is empty; write a number such as +12025550123";
    else if (written.marks == 1 && written.last_mark == '.' &&
             strcmp(written.digits + written.mark_at, "0") == 0)
        written.bad = "is a decimal number of a spreadsheet; format the column as text and save "
                      "the list again";
    return written;
}

// ---- what it means ----

// Goes through the alternatives of a trunk prefix: sets `*length` to that of the one at `*at`;
// false behind the last.
static bool next_trunk(const char **at, size_t *length) {
    if (*at == NULL)
        return false;
    *length = strcspn(*at, "|");
    return true;
}

static void skip_trunk(const char **at, size_t length) {
    *at = (*at)[length] == '|' ? *at + length + 1 : NULL;
}

// How many of the digits are the trunk prefix that has to go: 0 if there is none. Numbers do not
// begin with a prefix 0; with another one they may, so it goes only if they are too long with it.
static size_t trunk_length(const struct rf_country *country, const char *digits) {
    size_t count = strlen(digits), length;
    for (const char *at = country->trunk; next_trunk(&at, &length); skip_trunk(&at, length))
        if (length > 0 && strncmp(digits, at, length) == 0 &&
            rf_country_has_length(country, count - length) &&
            (length > 1 || at[0] == '0' || !rf_country_has_length(country, count)))
            return length;
    return 0;
}

static bool allows_no_trunk(const struct rf_country *country) {
    size_t length;
    for (const char *at = country->trunk; next_trunk(&at, &length); skip_trunk(&at, length))
        if (length == 0)
            return true;
    return false;
}

static bool problem(struct rf_phone *phone, const char *format, ...) RF_PRINTF(2, 3);

static bool problem(struct rf_phone *phone, const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(phone->problem, sizeof phone->problem, format, arguments);
    va_end(arguments);
    return false;
}

static bool make(struct rf_phone *phone, unsigned calling, const char *digits) {
    char text[MAX_WRITTEN + 8];
    snprintf(text, sizeof text, "+%u%s", calling, digits);
    // Some countries have very short numbers, for their offices alone.
    const char *bad = rf_phone_problem(text);
    if (bad != NULL)
        return problem(phone, "%s", bad);
    snprintf(phone->e164, sizeof phone->e164, "%.16s", text);
    return true;
}

// Digits that begin with a calling code.
static bool read_international(const char *digits, struct rf_phone *phone) {
    unsigned calling;
    size_t length = rf_country_calling(digits, &calling);
    if (length == 0)
        return problem(phone, "has a country code that no country has; write it such as "
                              "+12025550123");
    const char *rest = digits + length;
    bool longer = false;
    for (const struct rf_country *country = NULL;
         (country = rf_country_next(calling, country)) != NULL;) {
        const char *number = rest + trunk_length(country, rest);
        if (rf_country_has_length(country, strlen(number)))
            return make(phone, calling, number);
        longer |= (country->lengths >> strlen(number)) != 0;
    }
    if (longer)
        return problem(phone, "is too short for a number of +%u; look for a digit that is missing",
                       calling);
    return problem(phone, "is too long for a number of +%u; look for a digit that is too many",
                   calling);
}

// Digits as they are dialled within `home`.
static bool read_national(const char *digits, const struct rf_country *home,
                          struct rf_phone *phone) {
    size_t count = strlen(digits), trunk = trunk_length(home, digits);
    if (trunk > 0)
        return make(phone, home->calling, digits + trunk);
    unsigned calling;
    size_t length = rf_country_calling(digits, &calling);
    bool own_code =
        length > 0 && calling == home->calling && rf_country_has_length(home, count - length);
    if (!rf_country_has_length(home, count)) {
        // A plus that a spreadsheet took away: nothing else has this length.
        if (own_code)
            return make(phone, calling, digits + length);
        return problem(
            phone,
            "has the length of no number in %s; write it as it is dialled there, or + and the "
            "country code",
            home->code);
    }
    if (!allows_no_trunk(home))
        return problem(phone,
                       "begins neither with + nor with %s as numbers in %s do; a spreadsheet may "
                       "have taken it away",
                       home->trunk, home->code);
    if (own_code)
        return problem(phone,
                       "may begin with the country code %u, or be a number in %s that does; write "
                       "+ and the country code",
                       calling, home->code);
    return make(phone, home->calling, digits);
}

bool rf_phone_read(const char *text, const struct rf_country *home, struct rf_phone *phone) {
    struct written written = read_written(text);
    memset(phone, 0, sizeof *phone);
    if (written.bad != NULL)
        return problem(phone, "%s", written.bad);
    if (written.plus)
        return read_international(written.digits, phone);
    if (home == NULL)
        return problem(phone,
                       "has no country code; write + and the country code before it, such as "
                       "+12025550123, or name the country of the list (--country)");
    size_t abroad = strlen(home->abroad);
    if (abroad > 0 && strncmp(written.digits, home->abroad, abroad) == 0)
        return read_international(written.digits + abroad, phone);
    if (strncmp(written.digits, "00", 2) == 0)
        return problem(
            phone,
            "begins with 00, but calls from %s go abroad by another prefix; write + instead of 00",
            home->code);
    return read_national(written.digits, home, phone);
}
