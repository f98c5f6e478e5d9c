// Numbers with units, exactly: no floating point between the file and the nanosecond.
#include "config/value.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

bool rf_config_split_unit(const char *text, int64_t *whole, int64_t *billionths,
                          const char **unit) {
    const char *at = text;
    size_t digits = 0;
    *whole = 0;
    *billionths = 0;
    for (; *at >= '0' && *at <= '9'; at++, digits++)
        if (__builtin_mul_overflow(*whole, 10, whole) ||
            __builtin_add_overflow(*whole, *at - '0', whole))
            return false;
    if (digits == 0)
        return false;
    if (*at == '.') {
        int64_t place = INT64_C(100000000);
        at++;
        if (*at < '0' || *at > '9')
            return false;
        for (; *at >= '0' && *at <= '9'; at++, place /= 10)
            *billionths += place * (*at - '0');
    }
    *unit = at + strspn(at, " ");
    return true;
}

char *rf_config_duration_text(int64_t ns, char *out, size_t size) {
    static const struct {
        const char *name;
        int64_t ns;
    } units[] = {
        {"h", INT64_C(3600000000000)}, {"m", INT64_C(60000000000)}, {"s", INT64_C(1000000000)},
        {"ms", INT64_C(1000000)},      {"us", INT64_C(1000)},
    };
    if (ns == 0) {
        snprintf(out, size, "0s");
        return out;
    }
    for (size_t i = 0; i < sizeof units / sizeof units[0]; i++)
        if (ns % units[i].ns == 0) {
            snprintf(out, size, "%" PRId64 "%s", ns / units[i].ns, units[i].name);
            return out;
        }
    snprintf(out, size, "%" PRId64 "ns", ns);
    return out;
}

char *rf_config_size_text(int64_t bytes, char *out, size_t size) {
    static const char *const names[] = {"GiB", "MiB", "KiB"};
    int64_t unit = INT64_C(1) << 30;
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++, unit >>= 10)
        if (bytes > 0 && bytes % unit == 0) {
            snprintf(out, size, "%" PRId64 "%s", bytes / unit, names[i]);
            return out;
        }
    snprintf(out, size, "%" PRId64 "B", bytes);
    return out;
}
