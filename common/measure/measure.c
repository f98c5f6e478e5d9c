#include "measure/measure.h"

#include <string.h>

void rf_measure_attempt(struct rf_measure *measure, enum rf_class c, struct rf_duration took) {
    if (c == RF_CLASS_LOCAL)
        return;
    measure->classes[c]++;
    rf_histogram_record(&measure->took, took);
}

int64_t rf_measure_total(const struct rf_measure *measure) {
    int64_t total = 0;
    for (int c = 0; c < RF_CLASS_COUNT; c++)
        total += measure->classes[c];
    return total;
}

int64_t rf_measure_failed(const struct rf_measure *measure) {
    int64_t failed = 0;
    for (int c = 0; c < RF_CLASS_COUNT; c++)
        if (rf_class_counts((enum rf_class)c))
            failed += measure->classes[c];
    return failed;
}

void rf_measure_merge(struct rf_measure *measure, const struct rf_measure *other) {
    for (int c = 0; c < RF_CLASS_COUNT; c++)
        measure->classes[c] += other->classes[c];
    rf_histogram_merge(&measure->took, &other->took);
}

// ---- as JSON ----

static json_t *classes_json(const struct rf_measure *measure) {
    json_t *classes = json_object();
    for (int c = 0; classes != NULL && c < RF_CLASS_COUNT; c++)
        if (measure->classes[c] > 0 &&
            json_object_set_new(classes, rf_class_name((enum rf_class)c),
                                json_integer(measure->classes[c])) != 0) {
            json_decref(classes);
            classes = NULL;
        }
    return classes;
}

static json_t *took_json(const struct rf_histogram *took) {
    json_t *pairs = json_array();
    for (int i = 0; pairs != NULL && i < RF_HISTOGRAM_BUCKETS; i++)
        if (took->counts[i] > 0 && (json_array_append_new(pairs, json_integer(i)) != 0 ||
                                    json_array_append_new(pairs, json_integer(took->counts[i])))) {
            json_decref(pairs);
            pairs = NULL;
        }
    return pairs;
}

json_t *rf_measure_json(const struct rf_measure *measure) {
    return json_pack("{s:I, s:I, s:o, s:o}", "attempts", (json_int_t)rf_measure_total(measure),
                     "failed", (json_int_t)rf_measure_failed(measure), "classes",
                     classes_json(measure), "took", took_json(&measure->took));
}

static bool read_classes(const json_t *classes, struct rf_measure *measure) {
    const char *name;
    json_t *value;
    json_object_foreach((json_t *)classes, name, value) {
        enum rf_class c;
        json_int_t count = json_integer_value(value);
        if (!json_is_integer(value) || count < 0 || count > UINT32_MAX)
            return false;
        if (rf_class_parse(name, &c) && c != RF_CLASS_LOCAL)
            measure->classes[c] = count;
    }
    return json_is_object(classes);
}

static bool read_took(const json_t *pairs, struct rf_histogram *took) {
    size_t size = json_array_size(pairs);
    for (size_t i = 0; i + 1 < size; i += 2) {
        const json_t *bucket = json_array_get(pairs, i), *count = json_array_get(pairs, i + 1);
        if (!json_is_integer(bucket) || !json_is_integer(count) ||
            !rf_histogram_add(took, json_integer_value(bucket), json_integer_value(count)))
            return false;
    }
    return json_is_array(pairs) && size % 2 == 0;
}

enum rf_err rf_measure_read(const json_t *json, struct rf_measure *measure,
                            struct rf_error *error) {
    memset(measure, 0, sizeof *measure);
    if (read_classes(json_object_get(json, "classes"), measure) &&
        read_took(json_object_get(json, "took"), &measure->took))
        return RF_OK;
    memset(measure, 0, sizeof *measure);
    return rf_error_set(error, RF_ERR_INVALID,
                        "it has no classes with their counts, or no pairs of bucket and count");
}
