#include <ringfence/class.h>

#include <string.h>

// The table of design section 4: what each class means to the policies.
static const struct {
    const char *name;
    bool retries, counts, permanent, marks;
} classes[RF_CLASS_COUNT] = {
    [RF_CLASS_OK] = {"ok", false, false, false, false},
    [RF_CLASS_TRANSIENT] = {"transient", true, true, false, false},
    [RF_CLASS_RATE_LIMITED] = {"rate_limited", true, false, false, false},
    [RF_CLASS_PERMANENT_AUTH] = {"permanent.auth", false, false, true, true},
    [RF_CLASS_PERMANENT_QUOTA] = {"permanent.quota", false, false, true, true},
    [RF_CLASS_PERMANENT_CONFIG] = {"permanent.config", false, false, true, true},
    [RF_CLASS_PERMANENT_INVALID] = {"permanent.invalid", false, false, true, false},
    [RF_CLASS_AMBIGUOUS] = {"ambiguous", false, true, false, false},
    [RF_CLASS_LOCAL] = {"local", false, false, false, false},
};

static bool known(enum rf_class c) {
    return (unsigned)c < RF_CLASS_COUNT;
}

const char *rf_class_name(enum rf_class c) {
    return known(c) ? classes[c].name : "unknown";
}

bool rf_class_parse(const char *name, enum rf_class *c) {
    for (int i = 0; i < RF_CLASS_COUNT; i++) {
        if (strcmp(name, classes[i].name) == 0) {
            *c = (enum rf_class)i;
            return true;
        }
    }
    return false;
}

bool rf_class_retries(enum rf_class c) {
    return known(c) && classes[c].retries;
}

bool rf_class_counts(enum rf_class c) {
    return known(c) && classes[c].counts;
}

bool rf_class_permanent(enum rf_class c) {
    return known(c) && classes[c].permanent;
}

bool rf_class_marks(enum rf_class c) {
    return known(c) && classes[c].marks;
}
